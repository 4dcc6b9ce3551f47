"""997s both ways, order changes and cancellations, and who is told what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.sandbox.partner.documents.behaviour import NAMED
from ml_connector.sandbox.partner.documents.x12 import Segment, read
from ml_connector.sandbox.partner.profiles import NORTHWIND
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector_tests.sandbox.cleo_bench import Bench, order_set
from ml_connector_tests.sandbox.partner_bench import answers, named, only, place, told


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_wrong_order_is_refused_by_the_997_and_not_worked_on(bench: Bench) -> None:
    wrong = order_set("4711")
    wrong[1][5] = "20261399"
    bench.send(bench.interchange("PO", [wrong]))
    bench.world.flush()
    ack = only(bench, "997")
    assert ack[-2][1:] == ["R", "1", "1", "0"]
    assert ["AK3", "BEG", "2", "", "8"] in ack
    assert [file.kind for file in bench.world.sent()] == ["997"]
    assert bench.world.read_groups[0].code == "R"
    assert bench.world.read_groups[0].problems


def test_of_several_orders_only_the_bad_one_is_refused(bench: Bench) -> None:
    wrong = order_set("2")
    wrong[1][1] = "0"
    bench.send(bench.interchange("PO", [order_set("1"), wrong, order_set("3")]))
    bench.world.flush()
    assert only(bench, "997")[-2][1:] == ["P", "3", "3", "2"]
    assert sorted(bench.world.partners["NORTHWIND"].books.orders) == ["1", "3"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"acknowledge": "never"}, []),
        ({"acknowledge": "reject"}, ["R"]),
        ({"acknowledge": "accept_with_errors"}, ["E"]),
        ({"acknowledge_twice": True}, ["A", "A"]),
        ({"acknowledge_lists_sets": False}, ["A"]),
    ],
)
def test_acknowledgments_as_told(bench: Bench, settings: dict[str, Any], expected: list[str]) -> None:
    place(told(bench, **settings))
    assert [named(segments, "AK9")[0][1] for _, segments in answers(bench, "997")] == expected
    worked = [file.kind for file in bench.world.sent() if file.kind != "997"]
    assert (worked == []) is (settings.get("acknowledge") == "reject")


def test_an_order_that_cannot_be_read_is_not_worked_on_even_if_acknowledged(bench: Bench) -> None:
    told(bench, acknowledge="accept")
    wrong = order_set("4711")
    wrong[6][2] = "ten"
    bench.send(bench.interchange("PO", [wrong]))
    bench.world.flush()
    assert named(only(bench, "997"), "AK9")[0][1] == "A"
    assert [file.kind for file in bench.world.sent()] == ["997"]
    assert bench.world.read_groups[0].code == "A"
    assert bench.world.read_groups[0].problems, "its own judgement is kept beside"
    assert bench.world.errors == []


def test_a_defect_of_the_stand_in_is_recorded_and_fails_no_upload(bench: Bench) -> None:
    """An inbox that is not there breaks the answers; the upload itself went through."""
    bench.state.folders.folder("/NORTHWIND/inbox").path = "/elsewhere"
    bench.state.folders._paths.pop("/NORTHWIND/inbox")
    bench.send(bench.order("1"))
    bench.world.flush()
    assert len(bench.world.errors) == 4
    assert bench.world.consumer.orders() == {"1": 1}


def test_an_acknowledgment_for_a_group_nobody_sent(bench: Bench) -> None:
    place(told(bench, acknowledge_unknown_group=True))
    assert only(bench, "997")[1] == ["AK1", "PO", "987654321"]


def test_our_997s_are_matched_to_what_the_partner_sent(bench: Bench) -> None:
    place(bench)
    controls = {file.kind: file.control for file in bench.world.sent()}
    for functional_id, kind, code in (("IN", "810", "A"), ("SH", "856", "R")):
        contents = [
            ["997"],
            ["AK1", functional_id, str(int(controls[kind]))],
            ["AK2", kind, "0001"],
            ["AK5", code],
            ["AK9", code, "1", "1", "1"],
        ]
        bench.send(bench.interchange("FA", [contents]))
    bench.send(bench.interchange("FA", [[["997"], ["AK1", "IN", "999"], ["AK9", "A", "1", "1", "1"]]]))
    bench.world.flush()
    books = bench.world.partners["NORTHWIND"].books
    answered = {group.functional_id: (group.answers, group.sets) for group in books.groups.values()}
    assert answered == {
        "PR": ([], {}),
        "SH": (["R"], {"0001": "R"}),
        "IN": (["A"], {"0001": "A"}),
    }
    assert books.unknown_acknowledgments == ["IN 999"]
    assert len(answers(bench, "997")) == 1, "an acknowledgment is never acknowledged"


def change_set(number: str, lines: list[Segment], purpose: str = "04") -> list[Segment]:
    return [["860"], ["BCH", purpose, "SA", number, "", "1", "20261121"], *lines, ["CTT", str(len(lines))]]


def test_an_860_changes_the_order_before_it_is_shipped(bench: Bench) -> None:
    bench.send(bench.order("4711"))
    lines = [
        ["POC", "1", "QD", "6", "", "EA", "2.5", "", "VP", "NW-1"],
        ["POC", "2", "DI", "0"],
        ["POC", "3", "AI", "5", "", "EA", "1", "", "VP", "NW-9"],
    ]
    bench.send(bench.interchange("PC", [change_set("4711", lines)]))
    bench.world.flush()
    assert bench.world.errors == []
    first, second = (segments for _, segments in answers(bench, "855"))
    assert (first[1][1], second[1][1]) == ("00", "04")
    assert [(line[1], line[2]) for line in named(only(bench, "810"), "IT1")] == [("1", "6"), ("3", "5")]
    assert [named(segments, "AK9")[0][1] for _, segments in answers(bench, "997")] == ["A", "A"]


def test_a_full_850_with_purpose_05_replaces_the_order(bench: Bench) -> None:
    bench.send(bench.order("4711", "ACME"), "ACME")
    lines = (("1", "3", "2.50", "NW-1", "A-1"),)
    bench.send(bench.order("4711", "ACME", purpose="05", lines=lines), "ACME")
    bench.world.flush()
    assert [(line[1], line[2]) for line in named(only(bench, "810", "ACME"), "IT1")] == [("1", "3")]
    assert [segments[1][1] for _, segments in answers(bench, "855", "ACME")] == ["00", "04"]


@pytest.mark.parametrize("way", ["860", "850"])
def test_a_cancelled_order_is_confirmed_as_such_and_not_shipped(bench: Bench, way: str) -> None:
    bench.send(bench.order("4711"))
    if way == "860":
        cancel = [["860"], ["BCH", "01", "SA", "4711", "", "1", "20261121"]]
        bench.send(bench.interchange("PC", [cancel]))
    else:
        bench.send(bench.order("4711", purpose="01"))
    bench.world.flush()
    assert [file.kind for file in bench.world.sent() if file.kind in {"856", "810"}] == []
    assert answers(bench, "855")[-1][1][1][1] == "01"
    assert bench.world.errors == []


def test_the_same_order_twice_is_worked_on_once(bench: Bench) -> None:
    for _ in range(2):
        bench.send(bench.order("4711"))
    bench.world.flush()
    assert bench.world.partners["NORTHWIND"].books.duplicates == ["4711"]
    assert len(answers(bench, "810")) == 1


def test_behaviour_can_be_told_for_one_order_or_for_the_next_ones(bench: Bench) -> None:
    bench.world.behave("NORTHWIND", {"freight": "7"}, order="2")
    bench.world.behave("NORTHWIND", {"like": "missing_vat"}, times=1)
    for number in ("1", "2", "3"):
        place(bench, number)
    invoices = [segments for _, segments in answers(bench, "810")]
    assert [len(named(invoice, "SAC")) for invoice in invoices] == [0, 1, 0]
    assert [len(named(invoice, "TXI")) for invoice in invoices] == [0, 1, 1]


def test_wrong_settings_are_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="frieght"):
        bench.world.behave("NORTHWIND", {"frieght": "7"})
    with pytest.raises(KeyError):
        bench.world.behave("NOBODY", {})
    with pytest.raises(KeyError):
        bench.world.behave("NORTHWIND", {"like": "nothing known"})


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_named_behaviour_runs_through(bench: Bench, name: str) -> None:
    told(bench, like=name)
    for number in ("1", "2", "3"):
        place(bench, number)
    assert bench.world.summary()["errors"] == []
    assert bench.world.pending() == 0


def test_an_order_for_somebody_else_is_misdirected(bench: Bench) -> None:
    data = bench.order("4711").replace(b"NORTHWIND ", b"SOUTHWIND ")
    bench.send(data)
    bench.world.flush()
    assert bench.world.misdirected == ["order.edi"]
    assert bench.inbox() == []


def test_a_partner_may_always_send_the_same_control_number(tmp_path: Path) -> None:
    fixed = WorldOptions(profiles=(replace(NORTHWIND, fixed_control=True),))
    bench = Bench(tmp_path, world=fixed)
    place(bench)
    assert {interchange.control for _, data in bench.inbox() for interchange in read(data)} == {"000000001"}


def test_many_invoices_for_rows_of_the_erp(bench: Bench) -> None:
    rows = [
        {
            "OrderNumber": 26_000_000 + number,
            "SupplierCode": "             20011" if number % 2 else "20012",
            "OrderDate": "2026-11-21T00:00:00",
            "Currency": "EUR",
            "PurchaseOrderLines": {
                "results": [
                    {
                        "LineNumber": 1,
                        "QuantityInPurchaseUnits": 10.0,
                        "NetPrice": "12.5",
                        "SupplierItemCode": "NW-1",
                        "ItemCode": "A-1",
                    }
                ]
            },
        }
        for number in range(40)
    ]
    files = bench.world.invoice_files(rows, per_file=5)
    assert len(files) == 8
    assert len(bench.inbox("NORTHWIND")) == len(bench.inbox("ACME")) == 4
    sets = answers(bench, "810") + answers(bench, "810", "ACME")
    assert sorted(int(segments[1][4]) for _, segments in sets) == list(range(26_000_000, 26_000_040))
    assert {named(segments, "TDS")[0][1] for _, segments in sets} == {"15125"}
    assert len({segments[1][2] for _, segments in sets}) == 40
    with pytest.raises(KeyError):
        bench.world.invoice_files([{"OrderNumber": 1, "SupplierCode": "20099"}])
