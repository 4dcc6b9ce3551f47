"""The web app over real sockets: signed notices, hostile ones, the OAuth callback, and nothing secret anywhere."""

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.ledger.exchange import inbox
from ml_connector.logs import JsonLines
from ml_connector.sandbox.exact.options import CLIENT_ID
from ml_connector.web.serve import listen
from ml_connector_tests.support.examples import some
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.web.stage import DIVISION, SECRET, Deployed, callback_of


@pytest.fixture
def hook(address: str) -> str:
    return f"{address}/webhooks/exact/exact_nl"


def notice(secret: str = SECRET, **changes: object) -> bytes:
    """A signed notice as Exact sends it: compact, HashCode last."""
    content = {
        "Topic": "PurchaseOrders",
        "ClientId": CLIENT_ID,
        "Division": DIVISION,
        "Action": "Update",
        "Key": str(uuid.uuid4()),
        "ExactOnlineEndpoint": "https://start.exactonline.nl/api/v1/124132/purchaseorder/PurchaseOrders(guid'x')",
        "EventCreatedOn": "2026-06-25T16:17:09.433",
        **changes,
    }
    return signed(json.dumps(content, separators=(",", ":")).encode(), secret)


def signed(content: bytes, secret: str = SECRET) -> bytes:
    code = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper().encode()
    return b'{"Content":' + content + b',"HashCode":"' + code + b'"}'


def rows(deployed: Deployed) -> list[inbox.Notice]:
    with deployed.exact.room.ledger.read() as tx:
        return inbox.waiting(tx, "exact_nl", str(DIVISION), "PurchaseOrders", limit=10_000)


def post(hook: str, body: bytes) -> int:
    return httpx.post(hook, content=body, headers={"Content-Type": "application/json"}).status_code


# ---------------------------------------------------------------- webhooks


def test_the_stand_in_subscribes_validates_and_delivers(deployed: Deployed, hook: str) -> None:
    """From a subscription to a row in the inbox, with the sender's own signature."""
    exact = deployed.exact
    headers = {"Authorization": f"Bearer {exact.authorized().token()}", "Accept": "application/json"}
    base = f"{exact.url}/api/v1/{DIVISION}"
    made = httpx.post(
        f"{base}/webhooks/WebhookSubscriptions", json={"CallbackURL": hook, "Topic": "Accounts"}, headers=headers
    )
    assert made.status_code == 201
    created = httpx.post(f"{base}/crm/Accounts", json={"Name": "New supplier"}, headers=headers).json()["d"]

    def arrived() -> list[inbox.Notice]:
        with exact.room.ledger.read() as tx:
            return inbox.waiting(tx, "exact_nl", str(DIVISION), "Accounts")

    wait_until(lambda: arrived() != [], "no notice arrived")
    assert (arrived()[0].action, arrived()[0].key) == ("Create", created["ID"])


def test_a_notice_is_stored_as_it_came_and_repeats_are_tolerated(deployed: Deployed, hook: str) -> None:
    before = len(rows(deployed))
    body = notice()
    assert [post(hook, body) for _ in range(3)] == [200, 200, 200]
    stored = rows(deployed)[before:]
    assert [row.body for row in stored] == [body.decode()] * 3


def test_the_empty_call_that_validates_a_subscription_is_answered(deployed: Deployed, hook: str) -> None:
    before = len(rows(deployed))
    assert post(hook, b"") == 200
    assert len(rows(deployed)) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (notice(secret="another secret"), 401),
        (notice(secret=""), 401),
        (notice()[:-3] + b'X"}', 401),
        (notice().replace(b"Update", b"Delete"), 401),
        (notice().replace(b'":"', b'": "', 1), 401),
        (notice() + b" ", 401),
        (json.dumps({"Content": {}, "HashCode": "A" * 64}).encode(), 401),
        (b"<html></html>", 401),
        (b"null", 401),
        (b"\xff\xfe\x00", 401),
        (notice(Division=999999), 403),
        (notice(ClientId="11111111-0000-0000-0000-000000000000"), 403),
        (notice(Division="124132"), 400),
        (notice(Topic=None), 400),
        (notice(Topic="x" * 100), 400),
        (notice(Key="../../x"), 400),
        (notice(Action="a\u0000b"), 400),
        (signed(b"{}"), 400),
        (signed(b'{"Content":' * 10 + b"1" + b"}" * 10), 400),
        (signed(b'{"a":' * 5000 + b"1" + b"}" * 5000), 400),
        (notice(EventCreatedOn="x" * 70_000), 413),
    ],
)
def test_what_is_not_ours_is_refused_and_not_stored(deployed: Deployed, hook: str, body: bytes, status: int) -> None:
    before = len(rows(deployed))
    assert post(hook, body) == status
    assert len(rows(deployed)) == before


def test_only_known_connections_and_only_post(address: str, hook: str) -> None:
    assert post(f"{address}/webhooks/exact/cleo", notice()) == 404
    assert post(f"{address}/webhooks/exact/..%2f..%2fexact_nl", notice()) == 404
    assert httpx.get(hook).status_code == 405


@settings(max_examples=some(60), deadline=None)
@given(content=st.binary(max_size=200))
def test_no_unsigned_bytes_are_ever_taken(address: str, content: bytes) -> None:
    body = b'{"Content":' + content + b',"HashCode":"' + b"0" * 64 + b'"}'
    assert post(f"{address}/webhooks/exact/exact_nl", body) in (401, 413)


def test_an_endless_body_is_cut_off(address: str, hook: str) -> None:
    """Neither a Content-Length that lies nor chunks without end fill the memory."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 65_536
            yield b"x" * 65_536

    try:
        status = httpx.post(hook, content=endless()).status_code
    except httpx.TransportError:
        status = 413  # the server closed the connection while we were still sending
    assert status == 413
    assert sent < 50_000_000
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as raw:
        raw.sendall(b"POST /webhooks/exact/exact_nl HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")
        assert b" 413 " in raw.recv(200)


def test_a_ledger_that_is_away_makes_exact_send_it_again(deployed: Deployed, address: str, hook: str) -> None:
    deployed.away = True
    try:
        assert post(hook, notice()) == 503
        assert httpx.get(f"{address}/healthz").status_code == 503
    finally:
        deployed.away = False
    assert post(hook, notice()) == 200
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}


def test_many_notices_at_once_are_all_stored(deployed: Deployed, hook: str) -> None:
    before = len(rows(deployed))
    with httpx.Client() as client:
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(client.post(hook, content=notice()).status_code))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 40
    assert len(rows(deployed)) == before + 40


# ---------------------------------------------------------------- the callback


@pytest.mark.parametrize("path", ["/oauth/callback", "/elsewhere"])
def test_the_callback_finishes_the_authorization_once(deployed: Deployed, address: str, path: str) -> None:
    url = callback_of(deployed, address, path)
    page = httpx.get(url)
    assert page.status_code == 200
    assert "exact_nl is authorized" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert deployed.exact.works(deployed.exact.tokens().token())
    again = httpx.get(url)
    assert again.status_code == 400
    assert "ml-connector credentials authorize exact_nl" in again.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=abc",
        "code=abc&state=unknown~x",
        "code=abc&state=exact_nl~forged",
        "state=exact_nl~x",
        "error=access_denied&state=exact_nl~x",
        "error=%3Cscript%3Ealert(1)%3C/script%3E&state=exact_nl~x",
        "code=abc&state=%3Cscript%3E~x",
        "code=" + "x" * 5000 + "&state=exact_nl~x",
    ],
)
def test_an_answer_that_belongs_to_no_link_is_refused(address: str, query: str) -> None:
    page = httpx.get(f"{address}/oauth/callback?{query}")
    assert page.status_code == 400
    assert "<script>" not in page.text


def test_a_link_without_our_state_leads_to_the_command_that_finishes(deployed: Deployed, address: str) -> None:
    """The link in an error message holds no secret, so its answer is taken at the terminal, not here."""
    tokens = deployed.exact.tokens()
    back = deployed.exact.consent(str(tokens.needed("never authorized").data["link"]))
    page = httpx.get(f"{address}/oauth/callback?{urlsplit(back).query}")
    assert page.status_code == 200
    assert "run `ml-connector credentials authorize exact_nl` and paste the address" in page.text
    tokens.exchange_pasted(back)
    assert deployed.exact.works(deployed.exact.tokens().token())


def test_no_log_line_holds_a_code_a_state_or_a_secret(
    deployed: Deployed, address: str, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "ml_connector")  # has a level of its own once anything set up this process's lines
    url = callback_of(deployed, address)
    httpx.get(url + "&extra=1")
    httpx.get(url.replace("state=exact_nl", "state=nobody"))
    post(hook, notice(secret="wrong"))
    line_of = JsonLines("receiver").format

    def lines() -> str:
        return "\n".join(line_of(one) for one in list(caplog.records) if one.name.startswith("ml_connector.web"))

    wait_until(lambda: '"path": "/webhooks/exact/exact_nl", "status": 401' in lines(), "no log line")
    ours = lines()
    uvicorns = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("uvicorn"))
    assert '"path": "/oauth/callback"' in ours
    for secret in (*urlsplit(url).query.split("&"), SECRET, "extra=1"):
        assert secret not in ours + uvicorns


def test_a_slow_sender_does_not_hold_the_others_up(address: str, hook: str) -> None:
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as slow:
        slow.sendall(b"POST /webhooks/exact/exact_nl HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        time.sleep(0.05)
        assert post(hook, notice()) == 200


def test_the_command_serves_on_a_free_port(tmp_path: Path) -> None:
    """listen() takes a free port and an IPv6 address too."""
    with listen("127.0.0.1", 0) as bound:
        assert bound.getsockname()[1] > 0
    with listen("::1", 0) as bound:
        assert bound.family == socket.AF_INET6
