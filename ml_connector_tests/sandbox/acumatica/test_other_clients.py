"""Other people's clients work against the stand-in unchanged: easy-acumatica by cookie, grp-mcp by token
(acumatica 11)."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.sandbox.acumatica.options import SECRET
from ml_connector.sandbox.acumatica.seed import BY_ORDER, SERVICES
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, acumatica_bench, options, value

BILL = {
    "Type": {"value": "Bill"},
    "Vendor": {"value": SERVICES},
    "VendorRef": {"value": "EASY-1"},
    "Hold": {"value": False},
    "Details": [{"Account": {"value": "61000"}, "Qty": {"value": 1}, "UnitCost": {"value": 15.0}}],
}

# easy-acumatica


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcumaticaBench]:
    """At the root of its host: the client joins the file link, which is site-absolute, to its base URL."""
    with acumatica_bench(tmp_path_factory.mktemp("easy"), options(directory="")) as bench:
        yield bench


def easy_client(bench: AcumaticaBench, folder: Path, **more: Any) -> Any:
    easy = pytest.importorskip("easy_acumatica")
    return easy.AcumaticaClient(
        base_url=bench.base,
        username=bench.login["username"],
        password=more.pop("password", bench.login["password"]),
        tenant=bench.login["tenant"],
        endpoint_version="24.200.001",
        auto_load_env=False,
        rate_limit_calls_per_second=1000,
        cache_dir=folder,
        **more,
    )


@pytest.fixture(scope="module")
def easy(rooted: AcumaticaBench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    client = easy_client(rooted, tmp_path_factory.mktemp("cache"))
    yield client
    client.logout()


def options_of(**more: Any) -> Any:
    return pytest.importorskip("easy_acumatica.odata").QueryOptions(**more)


def test_easy_acumatica_builds_its_services_from_the_schema(easy: Any) -> None:
    assert {"Bill", "PurchaseOrder", "SalesOrder", "CustomerLocation"} <= set(easy.list_services())
    assert easy.endpoint_version == "24.200.001"
    assert "VendorRef" in easy.get_model_info("Bill")["fields"]


def test_easy_acumatica_puts_reads_filters_and_attaches(easy: Any, rooted: AcumaticaBench) -> None:
    made = easy.bill.put_entity(BILL, options=options_of(select=["ReferenceNbr", "Status"], expand=["Details"]))
    number = made["ReferenceNbr"]["value"]
    assert made["Status"] == {"value": "Balanced"}
    assert easy.bill.get_by_id(f"Bill/{number}")["id"] == made["id"]
    assert easy.bill.get_by_keys(Type="Bill", ReferenceNbr=number)["id"] == made["id"]
    found = easy.bill.get_list(options=options_of(filter="VendorRef eq 'EASY-1'", select=["ReferenceNbr"], top=5))
    assert [row["ReferenceNbr"]["value"] for row in found] == [number]
    easy.bill.put_file(f"Bill/{number}", "invoice.edi", b"ISA", comment="as received")
    (file,) = easy.bill.get_files(f"Bill/{number}")
    assert (file["filename"], file["comment"]) == ("invoice.edi", "as received")
    assert easy.bill.get_ad_hoc_schema()["Details"]
    assert rooted.call("GET", rooted.origin + file["href"]).content == b"ISA"


def test_easy_acumatica_starts_an_action_and_does_not_wait(easy: Any, rooted: AcumaticaBench) -> None:
    bill = easy.models.Bill(
        Type="Bill",
        Vendor=SERVICES,
        Hold=False,
        Details=[easy.models.BillDetail(Account="61000", Qty=2.0, UnitCost=7.25)],
    )
    made = easy.bill.put_entity(bill, options=options_of(select=["ReferenceNbr", "Amount"]))
    assert made["Amount"] == {"value": 14.5}
    number = made["ReferenceNbr"]["value"]
    key = easy.models.Bill(Type="Bill", ReferenceNbr=number)
    easy.bill.invoke_action_release_bill(easy.models.ReleaseBill(entity=key))
    rooted.clock.move(1)
    assert easy.bill.get_by_id(f"Bill/{number}")["Status"] == {"value": "Open"}


def test_easy_acumatica_is_told_what_is_wrong(easy: Any, rooted: AcumaticaBench, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No entity satisfies the condition"):
        easy.bill.get_by_id("Bill/NONE")
    with pytest.raises(Exception, match="AP Document"):
        easy.bill.put_entity({**BILL, "Vendor": {"value": "NOBODY"}})
    with pytest.raises(Exception, match="Login failed"):
        easy_client(rooted, tmp_path, password="wrong")


def test_easy_acumatica_logs_in_again_after_the_idle_time_and_gives_its_seat_back(
    rooted: AcumaticaBench, tmp_path: Path
) -> None:
    client = easy_client(rooted, tmp_path)
    opened = rooted.state.sessions.counts["opened"]
    rooted.clock.move(21 * 60)
    assert client.warehouse.get_list()
    assert rooted.state.sessions.counts["opened"] == opened + 1
    living = len(rooted.state.sessions.living())
    assert client.logout() == 204
    assert len(rooted.state.sessions.living()) == living - 1


def test_easy_acumatica_works_below_a_virtual_directory(acumatica: AcumaticaBench, tmp_path: Path) -> None:
    client = easy_client(acumatica, tmp_path)
    assert len(client.vendor.get_list(options=options_of(select=["VendorID"]))) >= 5
    client.logout()


# grp-mcp


def with_grp(bench: AcumaticaBench, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    """Run something with the client, which logs out at the end."""
    client_module = pytest.importorskip("grp_mcp.acumatica")
    config = pytest.importorskip("grp_mcp.config")
    instance = config.Instance(
        base_url=bench.base,
        client_id=bench.login["client_id"],
        client_secret=SECRET,
        username=bench.login["username"],
        password=bench.login["password"],
        endpoint_version="24.200.001",
        tenant=bench.login["tenant"],
        allow_write=True,
    )

    async def run() -> Any:
        client = client_module.AcumaticaClient(instance)
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_grp_reads_writes_and_acts_with_one_seat_that_it_gives_back(acumatica: AcumaticaBench) -> None:
    living, opened = len(acumatica.state.sessions.living()), acumatica.state.sessions.counts["opened"]

    async def work(client: Any) -> Any:
        assert (await client.list_endpoints())["endpoints"]
        assert "Bill" in await client.list_entities()
        assert await client.list_actions("Bill") == ["ReleaseBill", "ReleaseRetainage", "ReverseBill"]
        assert "Details" in await client.detail_fields("Bill")
        assert len(await client.get_all("Account", page_size=5)) == 12
        await client.put_entity("Bill", {**BILL, "VendorRef": {"value": "GRP-1"}})
        query = {"$filter": "VendorRef eq 'GRP-1'", "$select": "ReferenceNbr"}
        (row,) = await client.get_entity("Bill", params=query)
        key = {"Type": {"value": "Bill"}, "ReferenceNbr": row["ReferenceNbr"]}
        started = await client.invoke_action("Bill", "ReleaseBill", {"entity": key, "parameters": {}})
        assert started["status"] in {202, 204}
        acumatica.clock.move(1)
        return await client.get_entity("Bill", f"Bill/{row['ReferenceNbr']['value']}")

    assert value(with_grp(acumatica, work), "Status") == "Open"
    assert acumatica.state.sessions.counts["opened"] == opened + 1
    assert len(acumatica.state.sessions.living()) == living


def test_grp_attaches_below_a_virtual_directory(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_ORDER, {"InventoryID": "WIDGET1", "OrderQty": 1})

    async def work(client: Any) -> Any:
        key = f"Normal/{value(order, 'OrderNbr')}"
        return await client.put_file(await client.record_files_put_url("PurchaseOrder", key, "order.edi"), b"ISA")

    assert with_grp(acumatica, work)["status"] == 204
    found = acumatica.record(f"PurchaseOrder/{order['id']}", expand="files")
    assert [file["filename"] for file in found["files"]] == ["order.edi"]


def test_grp_refreshes_once_after_a_401_and_takes_a_429_as_throttling(acumatica: AcumaticaBench) -> None:
    async def work(client: Any) -> Any:
        await client.get_entity("Warehouse")
        acumatica.clock.move(3700)
        first = await client.get_entity("Warehouse")
        fault = {"kind": "status", "system": "acumatica", "status": 429, "retry_after": "0"}
        acumatica.control.post("/faults", json=fault).raise_for_status()
        return first, await client.get_entity("Warehouse")

    refreshed = acumatica.state.oauth.counts["refreshed"]
    first, second = with_grp(acumatica, work)
    assert len(first) == len(second) == 2
    assert acumatica.state.oauth.counts["refreshed"] == refreshed + 1


def test_grp_is_told_that_there_is_no_seat_and_that_there_is_no_record(acumatica: AcumaticaBench) -> None:
    async def read(client: Any) -> Any:
        return await client.get_entity("Vendor", "NOBODY")

    with pytest.raises(Exception, match="No entity satisfies the condition"):
        with_grp(acumatica, read)
    acumatica.switch(seats=1)
    with pytest.raises(Exception, match="seat limit"):
        with_grp(acumatica, read)
