"""How the partners answer an order: 855, 856 and 810, as asked for and as told otherwise."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.sandbox.partner.documents.orders import money
from ml_connector.sandbox.partner.documents.x12 import read
from ml_connector_tests.sandbox.cleo_bench import Bench
from ml_connector_tests.sandbox.partner_bench import answers, named, only, place, told
from ml_connector_tests.support.examples import some


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("partner", ["NORTHWIND", "ACME", "BRIGHTLINE"])
def test_an_order_is_answered_by_997_855_856_and_810(bench: Bench, partner: str) -> None:
    place(bench, partner=partner)
    assert [file.kind for file in bench.world.sent()] == ["997", "855", "856", "810"]
    for _, data in bench.inbox(partner):
        interchange = read(data)[0]
        profile = bench.world.partners[partner].profile
        assert interchange.sender == (profile.party.qualifier, profile.party.id)
        assert interchange.receiver == ("ZZ", "VOLTWERK")
        assert interchange.findings == []
        assert interchange.groups[0].findings == []
        assert interchange.groups[0].sender == profile.party.group
        assert [each.findings for each in interchange.groups[0].sets] == [[]]
    version = ["005010"] if partner == "ACME" else []
    assert only(bench, "997", partner)[1] == ["AK1", "PO", "1", *version]
    assert only(bench, "810", partner)[1][4] == "4711"


def test_answers_come_after_their_delays_on_the_sandbox_clock(bench: Bench) -> None:
    told(bench, acknowledge_delay=10, confirm_delay=60, ship_delay=600, invoice_delay=6000)
    bench.send(bench.order())
    kinds = []
    for seconds in (1, 10, 50, 600, 6000):
        bench.clock.move(seconds)
        bench.world.work()
        kinds.append([file.kind for file in bench.world.sent()][-1:])
    assert kinds == [[], ["997"], ["855"], ["856"], ["810"]]


def test_each_partner_writes_in_its_own_way(bench: Bench) -> None:
    for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
        place(bench, "1", partner)
    acme = dict(bench.inbox("ACME"))
    assert all(name.startswith("ACME-") and data[:106].endswith(b":~") for name, data in acme.items())
    assert all(b"*00501*" in data[:106] and b"*005010~" in data for data in acme.values())
    assert all(data.startswith(b"ISA") and b"~\n" in data for _, data in bench.inbox("BRIGHTLINE"))
    ids = named(only(bench, "810", "BRIGHTLINE"), "IT1")[0][6:]
    assert ids == ["VP", "NW-1"]
    assert named(only(bench, "810", "NORTHWIND"), "IT1")[0][6:] == ["VP", "NW-1", "BP", "A-1"]
    rates = [named(only(bench, "810", partner), "TXI")[0][3] for partner in ("NORTHWIND", "ACME")]
    assert rates == ["21", "0.21"]
    assert named(only(bench, "856", "ACME"), "HL")[-1][3] == "I"
    assert named(only(bench, "856", "ACME"), "MAN") == []


def test_an_honest_invoice_is_the_order_with_vat(bench: Bench) -> None:
    place(bench)
    invoice = only(bench, "810")
    lines = [(line[1], line[2], line[3], line[4]) for line in named(invoice, "IT1")]
    assert lines == [("1", "10", "EA", "2.5"), ("2", "4", "EA", "19.99")]
    assert named(invoice, "TXI")[0][2] == "22.04"  # 21 % of 104.96
    assert named(invoice, "TDS")[0][1] == "12700"
    assert named(invoice, "CUR")[0][2] == "EUR"
    assert named(invoice, "CTT")[0][1:] == ["2", "14"]
    record = bench.world.sent("810")[0].documents[0]
    assert (record.total, record.vat, record.currency, record.trouble) == (
        Decimal("127.00"),
        Decimal("22.04"),
        "EUR",
        "",
    )


def test_the_confirmation_accepts_every_line(bench: Bench) -> None:
    place(bench)
    confirmation = only(bench, "855")
    assert confirmation[1][1:5] == ["00", "AD", "4711", "20261121"]
    assert [line[1:3] for line in named(confirmation, "ACK")] == [["IA", "10"], ["IA", "4"]]


@pytest.mark.parametrize(
    ("settings", "kind", "acks"),
    [
        ({"confirm": "refuse"}, "RD", [["IR", "10"], ["IR", "4"]]),
        ({"confirm": "reject_lines"}, "AC", [["IA", "10"], ["IR", "4"]]),
        ({"confirm": "backorder"}, "AC", [["IA", "6"], ["IB", "4"], ["IA", "2"], ["IB", "2"]]),
        ({"confirm": "change", "quantity_percent": "80"}, "AC", [["IQ", "8"], ["IQ", "3"]]),
        ({"confirm": "change", "price_percent": "110"}, "AC", [["IP", "10"], ["IP", "4"]]),
        ({"confirm": "change", "late_days": 7}, "AC", [["DR", "10"], ["DR", "4"]]),
        ({"confirm": "change", "late_days": 7, "price_percent": "90"}, "AC", [["IC", "10"], ["IC", "4"]]),
        ({"confirm": "header"}, "AT", []),
    ],
)
def test_a_partner_can_confirm_otherwise(
    bench: Bench, settings: dict[str, Any], kind: str, acks: list[list[str]]
) -> None:
    place(told(bench, **settings))
    confirmation = only(bench, "855")
    assert confirmation[1][2] == kind
    assert [line[1:3] for line in named(confirmation, "ACK")] == acks


def test_who_refuses_neither_ships_nor_bills(bench: Bench) -> None:
    place(told(bench, like="refuse"))
    assert [file.kind for file in bench.world.sent()] == ["997", "855"]


def test_a_refused_line_is_neither_shipped_nor_billed(bench: Bench) -> None:
    place(told(bench, like="reject_lines"))
    assert [line[1] for line in named(only(bench, "856"), "LIN")] == ["1"]
    assert [line[1] for line in named(only(bench, "810"), "IT1")] == ["1"]


@pytest.mark.parametrize(
    ("settings", "shipped"),
    [
        ({"like": "short_ship"}, [("1", "6"), ("2", "2")]),
        ({"like": "over_ship"}, [("1", "12"), ("2", "4")]),
        ({"short_lines": 1}, [("1", "10")]),
        ({"confirm": "change", "quantity_percent": "50"}, [("1", "5"), ("2", "2")]),
    ],
)
def test_notice_and_invoice_agree_on_what_was_shipped(
    bench: Bench, settings: dict[str, Any], shipped: list[tuple[str, str]]
) -> None:
    place(told(bench, **settings))
    notice = only(bench, "856")
    lines = [line[1] for line in named(notice, "LIN")]
    assert list(zip(lines, [line[2] for line in named(notice, "SN1")], strict=True)) == shipped
    assert [(line[1], line[2]) for line in named(only(bench, "810"), "IT1")] == shipped


def test_a_notice_with_packs_is_a_tree_of_four_levels(bench: Bench) -> None:
    place(bench)
    notice = only(bench, "856")
    levels = [(level[1], level[2], level[3]) for level in named(notice, "HL")]
    assert levels == [
        ("1", "", "S"),
        ("2", "1", "O"),
        ("3", "2", "P"),
        ("4", "3", "I"),
        ("5", "2", "P"),
        ("6", "5", "I"),
    ]
    assert named(notice, "CTT")[0][1:] == ["6", "14"]
    assert named(notice, "PRF")[0][1] == "4711"
    assert len({mark[2] for mark in named(notice, "MAN")}) == 2
    assert named(notice, "BSN")[0][5] == "0001"


def test_several_orders_go_into_one_notice_and_one_invoice(bench: Bench) -> None:
    told(bench, orders_per_notice=3, orders_per_invoice=3)
    for number in ("1", "2", "3"):
        bench.send(bench.order(number))
    bench.clock.move(3.5)
    bench.world.work()
    assert [order[1] for order in named(only(bench, "856"), "PRF")] == ["1", "2", "3"]
    invoice = only(bench, "810")
    assert (invoice[1][4], invoice[1][7]) == ("", "CI")
    assert [ref[2] for ref in named(invoice, "REF")] == ["1", "1", "2", "2", "3", "3"]
    assert bench.world.sent("810")[0].documents[0].orders == ("1", "2", "3")


def test_an_incomplete_batch_leaves_after_its_waiting_time(bench: Bench) -> None:
    told(bench, orders_per_notice=3, invoice="never", batch_wait=30)
    bench.send(bench.order("1"))
    bench.clock.move(3)
    bench.world.work()
    assert answers(bench, "856") == []
    bench.clock.move(31)
    bench.world.work()
    assert len(answers(bench, "856")) == 1


@pytest.mark.parametrize(
    ("settings", "cents"),
    [
        ({"overcharge_percent": "10"}, 13971),  # 27.50 + 87.96 = 115.46, VAT 24.25
        ({"freight": "15.00"}, 14515),  # 119.96, VAT 25.19
        ({"allowance": "4.96"}, 12100),  # 100.00, VAT 21.00
        ({"unknown_charge": "17.50"}, 14818),  # 122.46, VAT 25.72
        ({"vat": "missing"}, 10496),
        ({"vat": "wrong"}, 12800),
        ({"vat": "reduced"}, 11441),  # VAT 9.45
        ({"vat_percent": "0"}, 10496),
        ({"total_off": "10"}, 13700),
        ({"over_invoice_percent": "50"}, 19050),  # 37.50 + 119.94 = 157.44, VAT 33.06
    ],
)
def test_totals_are_exact(bench: Bench, settings: dict[str, Any], cents: int) -> None:
    place(told(bench, **settings))
    assert int(named(only(bench, "810"), "TDS")[0][1]) == cents


def test_charges_and_allowances_stand_after_the_total(bench: Bench) -> None:
    place(told(bench, freight="15.00", allowance="4.96", unknown_charge="1"))
    invoice = only(bench, "810")
    names = [segment[0] for segment in invoice]
    assert names.index("TDS") < names.index("TXI") < names.index("SAC")
    found = [(sac[1], sac[2], sac[5]) for sac in named(invoice, "SAC")]
    assert found == [("A", "C310", "496"), ("C", "D240", "1500"), ("C", "ZZZZ", "100")]


amounts = st.decimals(min_value=0, max_value=99_999, places=4, allow_nan=False, allow_infinity=False)
order_lines = st.lists(
    st.tuples(st.integers(1, 9999), amounts, st.sampled_from(["10", "33", "100", "120"])), min_size=1, max_size=6
)


@given(lines=order_lines, vat=st.sampled_from([0, 9, 21]), freight=st.integers(0, 9999), allowance=st.integers(0, 99))
@settings(max_examples=some(60), deadline=None)
def test_every_invoice_adds_up_in_its_own_figures(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[int, Decimal, str]],
    vat: int,
    freight: int,
    allowance: int,
) -> None:
    """TDS = rounded lines + charges - allowances + VAT, computed again from the text of the file."""
    bench = Bench(tmp_path_factory.mktemp("sum"))
    charges: dict[str, Any] = {"freight": Decimal(freight) / 100, "allowance": Decimal(allowance) / 100}
    told(bench, vat_percent=vat, ship_percent=lines[0][2], **charges)
    written = tuple((str(at), str(row[0]), f"{row[1]:f}", "V", "B") for at, row in enumerate(lines, start=1))
    place(bench, lines=written)
    if not answers(bench, "810"):
        assert all(row[0] * int(lines[0][2]) < 100 for row in lines)
        return
    invoice = only(bench, "810")
    total = sum((money(Decimal(line[2]) * Decimal(line[4])) for line in named(invoice, "IT1")), Decimal(0))
    for sac in named(invoice, "SAC"):
        total += Decimal(sac[5]) / 100 * (1 if sac[1] == "C" else -1)
    tax = Decimal(named(invoice, "TXI")[0][2])
    assert tax == money(total * vat / 100)
    assert Decimal(named(invoice, "TDS")[0][1]) / 100 == total + tax
