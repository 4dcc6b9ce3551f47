"""Transaction Manager: what it takes, what it leaves, what it forgets after seven days."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ml_connector.sandbox.partner.documents.x12 import Party, Writer
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.sandbox.truecommerce.flat_files import Format
from ml_connector.sandbox.truecommerce.manager import ManagerOptions
from ml_connector.sandbox.truecommerce.profiles import HARBOUR, LUMEN
from ml_connector.sandbox.truecommerce.service import TrueCommerceOptions
from ml_connector_tests.systems.truecommerce.bench import Bench, open_bench

US = Party("ZZ", "VOLTWERK", "VOLTWERK")


@pytest.fixture
def tc(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, TrueCommerceOptions(manager=ManagerOptions(stable_seconds=10))) as bench:
        yield bench


def order(tc: Bench, number: str, to: Party = HARBOUR.party) -> bytes:
    segments = [
        ["BEG", "00", "NE", number, "", "20261120"],
        ["PO1", "1", "5", "EA", "2.5", "", "BP", "VW-1001", "VP", "HA-1"],
        ["CTT", "1"],
    ]
    writer = Writer(US, to, tc.clock, "004010")
    return writer.write("PO", [[["850"], *segments]], control=int(number[1:]))


def put(tc: Bench, name: str, data: bytes) -> None:
    tc.tree.put(f"{tc.service.state.import_path}/{name}", data, owner="connector")


def test_a_file_is_taken_when_it_has_come_to_rest(tc: Bench) -> None:
    manager = tc.service.manager
    put(tc, "a.edi", order(tc, "P1"))
    manager.work()
    assert manager.imported == []
    tc.clock.move(11)
    manager.work()
    assert [(one.name, one.error) for one in manager.imported] == [("a.edi", "")]
    assert manager.orders() == {"P1": 1}
    assert tc.imported() == {}


def test_a_file_that_is_still_written_is_left_unless_told_otherwise(tc: Bench) -> None:
    manager = tc.service.manager
    put(tc, "a.edi", order(tc, "P1"))
    tc.tree.file(f"{tc.service.state.import_path}/a.edi").writers = 1
    tc.clock.move(60)
    manager.work()
    assert manager.imported == []
    manager.options.takes_half_written = True
    manager.work()
    assert len(manager.imported) == 1


def test_temporary_names_are_left_unless_told_otherwise(tc: Bench) -> None:
    manager = tc.service.manager
    for name in ("a.edi.tmp", ".b.edi", "c.EDI.TMP"):
        put(tc, name, order(tc, "P1"))
    tc.clock.move(60)
    manager.work()
    assert manager.imported == []
    manager.options.takes_temporary = True
    manager.work()
    assert len(manager.imported) == 3


@pytest.mark.parametrize(
    ("data", "error"), [(b"Dear Sirs", "bad layout"), (b"", "bad layout"), (None, "unknown trading partner")]
)
def test_what_cannot_be_imported_shows_inside_only(tc: Bench, data: bytes | None, error: str) -> None:
    put(tc, "a.edi", order(tc, "P1", Party("ZZ", "NOBODY", "NOBODY")) if data is None else data)
    tc.clock.move(60)
    tc.service.manager.work()
    (refused,) = tc.service.manager.errors
    assert refused.error.startswith(error)
    assert tc.imported() == tc.exported() == {}
    assert tc.service.manager.orders() == {}


@pytest.mark.parametrize("profile", [HARBOUR, LUMEN])
def test_partners_answer_through_the_one_export_folder(tc: Bench, profile: object) -> None:
    party = profile.party  # type: ignore[attr-defined]
    put(tc, "a.edi", order(tc, "P7", party))
    tc.service.manager.flush()
    names = list(tc.exported())
    assert {kind for kind in ("997", "855", "856", "810") if any(kind in name for name in names)} == {
        "997",
        "855",
        "856",
        "810",
    }
    assert tc.service.partners.errors == []


def test_files_are_purged_after_seven_days_read_or_not(tc: Bench) -> None:
    tc.put("old.edi", b"x")
    tc.clock.move(6.9 * 86_400)
    tc.put("young.edi", b"y")
    tc.service.manager.work()
    assert set(tc.exported()) == {"old.edi", "young.edi"}
    tc.clock.move(0.2 * 86_400)
    tc.service.manager.work()
    assert set(tc.exported()) == {"young.edi"}
    assert tc.service.manager.purged == ["old.edi"]


def test_a_person_exports_a_document_again_under_another_name(tc: Bench) -> None:
    manager = tc.service.manager
    manager.options.upper_case = True
    name = manager.export("810_1.xml", b"<x/>")
    again = manager.export_again(name)
    assert (name, again) == ("810_1.XML", "810_1_2.XML")
    assert tc.exported() == {name: b"<x/>", again: b"<x/>"}


def test_exports_grow_where_told(tc: Bench) -> None:
    tc.service.manager.options.growth = 20.0
    tc.service.manager.export("a.edi", b"x" * 100)
    assert len(tc.exported()["a.edi"]) < 100
    tc.clock.move(21)
    assert len(tc.exported()["a.edi"]) == 100


def test_the_control_port_tells_and_is_told(tmp_path: Path) -> None:
    with (
        Sandbox(SandboxOptions(clock_file=tmp_path / "clock", partner=False)) as sandbox,
        httpx.Client(timeout=20) as http,
    ):
        http.base_url = httpx.URL(sandbox.addresses()["control"])
        assert http.post("/truecommerce/files", json={"name": "a.edi", "text": "abc"}).status_code == 201
        assert http.post("/truecommerce/fill", json={"count": 3}).status_code == 201
        assert http.post("/truecommerce/links", json={"name": "l", "target": "/"}).status_code == 201
        state = http.get("/state/truecommerce").json()
        assert state["export"] == 4
        assert state["fingerprint"] == sandbox.addresses()["truecommerce_host_key"]
        listed = http.get("/truecommerce/files").json()
        assert {"name": "a.edi", "size": 3} in listed
        assert http.post("/truecommerce/options", json={"rename": False}).json()["rename"] is False
        assert http.post("/truecommerce/options", json={"nonsense": 1}).status_code == 400
        assert http.post("/truecommerce/manager", json={"paused": True}).json()["paused"] is True
        changed = http.post("/truecommerce/host-key").json()["fingerprint"]
        assert changed == http.get("/addresses").json()["truecommerce_host_key"] != state["fingerprint"]
        assert http.post("/truecommerce/suppliers").json() == {"added": ["20021", "20022"]}
        assert http.post("/truecommerce/suppliers").json() == {"added": []}
        assert http.post("/truecommerce/cut").json() == {"cut": 0}
        assert http.get("/truecommerce/partner/state").json()["errors"] == []
        assert http.post("/truecommerce/folders", json={"path": "/x/y", "endless": True}).status_code == 200
        assert http.post("/truecommerce/reset").status_code == 200
        assert http.get("/state/truecommerce").json()["export"] == 0


def flat_order(form: str, number: str, partner: str = "HARBOURTOOLS") -> bytes:
    header = {"TradingPartner": partner, "PONumber": number, "PODate": "2026-11-20", "Currency": "EUR"}
    line = {
        "LineNumber": "1",
        "BuyerItem": "VW-1001",
        "VendorItem": "HA-1",
        "Quantity": "5",
        "UOM": "EA",
        "UnitPrice": "2.5",
    }
    if form == "json":
        return json.dumps({"header": header, "lines": [line]}).encode()
    if form == "xml":
        inside = {
            name: "".join(f"<{k}>{v}</{k}>" for k, v in row.items()) for name, row in (("h", header), ("l", line))
        }
        text = f"<PurchaseOrder><Header>{inside['h']}</Header><Lines><Line>{inside['l']}</Line></Lines></PurchaseOrder>"
        return f"<PurchaseOrders>{text}</PurchaseOrders>".encode()
    if form == "parent_child":
        return f"H|{partner}|{number}|2026-11-20|||EUR\r\nL|1|VW-1001|HA-1|||5|EA|2.5\r\n".encode()
    row = {**header, **line}
    return (",".join(row) + "\r\n" + ",".join(row.values()) + "\r\n").encode()


@pytest.mark.parametrize("form", ["csv", "json", "xml", "parent_child"])
def test_flat_orders_reach_their_partner_and_answers_come_flat_without_997s(tc: Bench, form: Format) -> None:
    manager = tc.service.manager
    manager.options.formats = {"HARBOUR": form}
    put(tc, "order.dat", flat_order(form, "P77"))
    manager.flush()
    assert manager.errors == []
    assert manager.orders() == {"P77": 1}
    files = tc.exported()
    assert sorted(name[:3] for name in files) == ["810", "855", "856"]
    for name, data in files.items():
        assert b"P77" in data, name
        assert b"HARBOURTOOLS" in data
        assert b"ISA" not in data


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (flat_order("csv", "P1", "NOBODY"), "unknown trading partner"),
        (flat_order("csv", ""), "bad layout: PONumber is missing"),
        (flat_order("json", "P1").replace(b"2026-11-20", b"tomorrow"), "bad layout: PODate is not a date"),
        (b'{"header": 1}', "bad layout"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><PurchaseOrders/>", "bad layout"),
        (flat_order("xml", "P1").replace(b"<Quantity>5", b"<Quantity>five"), "bad layout"),
    ],
)
def test_flat_orders_that_cannot_be_imported_show_inside_only(tc: Bench, data: bytes, error: str) -> None:
    put(tc, "order.dat", data)
    tc.service.manager.flush()
    (refused,) = tc.service.manager.errors
    assert refused.error.startswith(error)
