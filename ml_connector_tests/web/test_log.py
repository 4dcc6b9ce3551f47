"""The receiver tells every request and the reason of every refusal; never what was in them."""

import logging
from urllib.parse import urlsplit

import httpx
import pytest

from ml_connector.logs import JsonLines
from ml_connector_tests.hostile.test_web import GOOD
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.web.stage import Deployed, callback_of


@pytest.fixture(autouse=True)
def _at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ml_connector")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [JsonLines("receiver").format(record) for record in caplog.records if record.name.startswith("ml_connector")]


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/webhooks/exact/exact_nl", GOOD[:-3] + b'0"}', 401, "The signature is wrong."),
        ("/webhooks/exact/nobody", GOOD, 404, "No webhooks for this connection."),
        ("/webhooks/exact/exact_nl", b"x" * 70_000, 413, "At most 65536 bytes."),
    ],
)
def test_a_refused_notice_has_its_reason(
    address: str, caplog: pytest.LogCaptureFixture, path: str, body: bytes, status: int, why: str
) -> None:
    assert httpx.post(address + path, content=body).status_code == status
    # The line of the request is written when its answer has gone.
    told_of = f'"path": "{path}", "status": {status}, "client": "127.0.0.1"'
    wait_until(lambda: any(told_of in line for line in told(caplog)), "the request is told of")
    lines = told(caplog)
    [refused] = [line for line in lines if "webhook refused" in line]
    assert f'"status": {status}, "why": "{why}"' in refused
    assert not any("HashCode" in line or "xxxx" in line for line in lines)


def test_a_notice_that_was_taken_is_told_without_its_content(address: str, caplog: pytest.LogCaptureFixture) -> None:
    assert httpx.post(f"{address}/webhooks/exact/exact_nl", content=GOOD).status_code == 200
    [stored] = [line for line in told(caplog) if "webhook stored" in line]
    assert '"connection": "exact_nl", "topic": "PurchaseOrders", "action": "Update"' in stored


def test_codes_of_the_callback_stand_in_no_line(
    deployed: Deployed, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = httpx.get(f"{address}/oauth/callback?code=secret-code&state=nonsense")
    right = callback_of(deployed, address)
    assert (wrong.status_code, httpx.get(right).status_code) == (400, 200)
    lines = told(caplog)
    assert any("authorization refused" in line and "no connection of ours" in line for line in lines)
    assert any('"authorized", "connection": "exact_nl"' in line for line in lines)
    assert not any("secret-code" in line or urlsplit(right).query in line for line in lines)
