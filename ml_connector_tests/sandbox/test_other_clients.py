"""Other people's clients work against the sandbox unmodified: read, page, write, refresh tokens (exact-online 13)."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

exactonline_http = pytest.importorskip("exactonline.http")

from exactonline.api import ExactApi  # type: ignore[import-untyped]  # noqa: E402
from exactonline.resource import DELETE, GET, POST, PUT  # type: ignore[import-untyped]  # noqa: E402
from exactonline.storage.ini import IniStorage  # type: ignore[import-untyped]  # noqa: E402

from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION  # noqa: E402
from ml_connector_tests.sandbox.exact_bench import ExactBench, exact_bench, options  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ossobv(exact: ExactBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The PyPI package `exactonline` (ossobv), consented and pointed at the sandbox by its own settings."""
    return _ossobv(exact, tmp_path, monkeypatch)


def _ossobv(exact: ExactBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(exactonline_http.opt_secure, "protocols", ("http", "https"))
    ini = tmp_path / "exact.ini"
    ini.write_text(
        f"[server]\nauth_url = {exact.base}/api/oauth2/auth\nrest_url = {exact.base}/api\n"
        f"token_url = {exact.base}/api/oauth2/token\n"
        f"[application]\nbase_url = https://app.example\nclient_id = {{{exact.options.client_id}}}\n"
        f"client_secret = {exact.options.client_secret}\n",
        encoding="utf-8",
    )
    api = ExactApi(storage=IniStorage(str(ini)))
    back = httpx.get(api.create_auth_request_url(), trust_env=False)
    api.request_token(httpx.URL(back.headers["location"]).params["code"])
    divisions, current = api.get_divisions()
    assert current == DIVISION
    assert set(divisions) == {DIVISION, SECOND_DIVISION}
    api.set_division(DIVISION)
    return api


def test_ossobv_reads_and_pages(exact: ExactBench, ossobv: Any) -> None:
    everyone = ossobv.relations.all()
    assert len({row["ID"] for row in everyone}) == 66
    assert len(ossobv.relations.filter(top=5)) == 5  # a bare list
    assert len(ossobv.relations.filter(top=64, orderby="Name desc")) == 64
    (supplier,) = ossobv.relations.filter(relation_code="20011")
    assert supplier["Name"] == "Northwind Components"
    accounts = ossobv.ledgeraccounts.filter(code__in=["4000", "4406", "nope"])
    assert {row["Code"] for row in accounts} == {"4000", "4406"}
    assert ossobv.vatcodes.get_percentage(vat_code="2") == 0.21
    assert ossobv.restv1(GET("crm/Accounts?$filter=Name+eq+'Acme+Fasteners'&$select=ID,Name"))
    (order,) = exact.orders()
    found = ossobv.restv1(GET("purchaseorder/PurchaseOrders?$expand=PurchaseOrderLines&$top=1"))
    assert len(found[0]["PurchaseOrderLines"]["results"]) == len(order["lines"])


def test_ossobv_writes(exact: ExactBench, ossobv: Any) -> None:
    made = ossobv.relations.create({"Name": "Bolt BV", "Code": "77".rjust(18)})
    assert ossobv.relations.update(made["ID"], {"City": "Delft"}) is None
    (stored,) = ossobv.relations.filter(relation_code="77", select="City")
    assert stored["City"] == "Delft"
    assert ossobv.relations.delete(made["ID"]) is None
    assert ossobv.relations.filter(relation_code="77") == []
    entry = ossobv.restv1(POST("purchaseentry/PurchaseEntries", exact.entry()))
    assert (entry["EntryNumber"], entry["AmountFC"]) == (26600001, -907.5)
    address = f"purchaseentry/PurchaseEntries(guid'{entry['EntryID']}')"
    ossobv.restv1(PUT(address, {"Description": "changed"}))
    found = ossobv.restv1(
        GET("purchaseentry/PurchaseEntries?$select=Description&$filter=YourRef eq 'INV-1'".replace(" ", "+"))
    )
    assert [row["Description"] for row in found] == ["changed"]
    ossobv.restv1(DELETE(address))
    (order,) = exact.orders()
    invoice = ossobv.restv1(POST("purchase/PurchaseInvoices", exact.invoice(order, "INV-2")))
    assert invoice["Status"] == 20
    with pytest.raises(exactonline_http.HTTPError) as refused:
        ossobv.restv1(POST("crm/Accounts", {}))
    assert refused.value.code == 500
    assert b"Mandatory: Name" in refused.value.response


def test_ossobv_refreshes_in_the_last_thirty_seconds(exact: ExactBench, ossobv: Any) -> None:
    before = ossobv.storage.get_refresh_token()
    exact.clock.move(575)
    ossobv.storage.set_access_expiry(int(time.time()) + 25)  # what its own clock would show by now
    assert ossobv.relations.filter(top=1)
    assert ossobv.storage.get_refresh_token() != before
    assert exact.state.oauth.counts.refreshed == 1
    assert exact.state.oauth.counts.too_early == 0


def test_ossobv_refreshes_after_a_401(exact: ExactBench, ossobv: Any) -> None:
    exact.clock.move(601)
    assert ossobv.relations.filter(top=1)
    assert exact.state.oauth.counts.refreshed == 1


def test_ossobv_is_refused_a_refresh_that_comes_too_early(exact: ExactBench, ossobv: Any) -> None:
    with pytest.raises(exactonline_http.HTTPError) as refused:
        ossobv.refresh_token()
    assert refused.value.code == 400
    assert ossobv.relations.filter(top=1)  # the pair it has is still good


def test_ossobv_waits_for_the_reset_that_a_429_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with exact_bench(tmp_path, options(minute_limit=6, day_limit=5000)) as exact:
        api = _ossobv(exact, tmp_path, monkeypatch)
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            exact.clock.move(seconds + 1)

        monkeypatch.setattr(api.limiter, "wait", wait)
        for _ in range(8):
            assert api.relations.filter(top=1)
        assert waits
        assert all(0 < seconds <= 61 for seconds in waits)


@pytest.fixture
def django(exact: ExactBench) -> dict[str, Any]:
    """What django-exact saw, run as a program of its own."""
    pytest.importorskip("exact")
    addresses = exact.sandbox.addresses()
    program = [sys.executable, "-m", "ml_connector_tests.sandbox.clients.django_client"]
    arguments = [addresses["exact"], addresses["control"], exact.options.client_id, exact.options.client_secret]
    done = subprocess.run(
        [*program, *arguments],
        cwd=ROOT,
        env={**os.environ, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_django_exact_reads_pages_writes_and_refreshes(exact: ExactBench, django: dict[str, Any]) -> None:
    assert django["supplier"] == ["             20011", "Northwind Components"]
    assert django["cost_center"] == "Operations"
    assert django["cost_unit"] == "Project one"
    assert django["account"] == "Consumables"
    assert django["accounts"] == 66
    assert django["limited"] == 62
    assert django["missing"]
    assert django["many"]
    assert django["created"] == ["Bolt BV", "NL "]
    assert django["updated"] == "Delft"
    assert django["suppliers"] == 6  # the one it made was deleted again
    assert django["entry"] == [26600001, -907.5, 30]
    assert django["entry_by_number"] == "INV-2026-88"
    assert django["refused"] == "Invalid reference: Cost center"
    assert "Colour" in django["unknown"]
    assert django["after_expiry"] == "LAB"
    assert django["rotated"]
    assert django["too_early"] == "Rate limit exceeded: access_token not expired"
    assert django["still_good"] == "WHS"
    assert exact.state.oauth.counts.old_refresh_token == 0
    assert exact.control.get("/state/exact/summary").json()["purchase_entries"] == 1
