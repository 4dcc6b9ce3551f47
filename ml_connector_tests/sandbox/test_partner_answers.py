"""How the partners answer orders: 997, 855, 856, 810, and everything they can be told to do instead."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.sandbox.partner.behaviour import NAMED
from ml_connector.sandbox.partner.orders import money
from ml_connector.sandbox.partner.profiles import NORTHWIND
from ml_connector.sandbox.partner.spoiling import HTML
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.partner.x12 import BadX12, Interchange, Segment, read
from ml_connector_tests.sandbox.cleo_bench import Bench, order_set


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def told(bench: Bench, partner: str = "NORTHWIND", **settings: Any) -> Bench:
    bench.world.behave(partner, settings)
    return bench


def answers(bench: Bench, kind: str, partner: str = "NORTHWIND") -> list[tuple[Interchange, list[Segment]]]:
    """Sets of a kind in the partner's inbox, with their interchange."""
    return [
        (interchange, each.segments)
        for _, data in bench.inbox(partner)
        for interchange in read(data)
        for group in interchange.groups
        for each in group.sets
        if each.kind == kind
    ]


def only(bench: Bench, kind: str, partner: str = "NORTHWIND") -> list[Segment]:
    found = answers(bench, kind, partner)
    assert len(found) == 1, [name for name, _ in bench.inbox(partner)]
    return found[0][1]


def named(segments: list[Segment], name: str) -> list[Segment]:
    return [segment for segment in segments if segment[0] == name]


def place(bench: Bench, number: str = "4711", partner: str = "NORTHWIND", **more: Any) -> None:
    bench.send(bench.order(number, partner, **more), partner, f"{number}.edi")
    bench.world.flush()
    assert bench.world.errors == []


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
    assert (invoice[1][4], invoice[1][7]) == ("", "FD")
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


def test_invoices_for_wrong_orders_senders_and_currencies(bench: Bench) -> None:
    place(told(bench, order_number="99999999"), "1")
    assert only(bench, "810")[1][4] == "99999999"
    place(told(bench, order_number="-"), "2")
    assert answers(bench, "810")[1][1][1][4] == ""
    place(told(bench, order_number="", supplier="NOBODYKNOWS"), "3")
    assert answers(bench, "810")[2][0].sender == ("ZZ", "NOBODYKNOWS")
    place(told(bench, supplier="", currency="USD"), "4")
    assert named(answers(bench, "810")[3][1], "CUR")[0][2] == "USD"
    place(told(bench, currency="", test=True), "5")
    assert [answers(bench, "810")[at][0].usage for at in (3, 4)] == ["P", "T"]


def test_an_invoice_number_can_be_used_twice(bench: Bench) -> None:
    place(bench, "1")
    place(told(bench, like="duplicate_invoice_number"), "2")
    numbers = [segments[1][2] for _, segments in answers(bench, "810")]
    assert numbers[0] == numbers[1]


def test_the_same_file_comes_again_under_another_name(bench: Bench) -> None:
    place(told(bench, like="repeat_file"))
    files = [(name, data) for name, data in bench.inbox() if b"ST*810" in data]
    assert len(files) == 2
    assert files[0][0] != files[1][0]
    assert files[0][1] == files[1][1]


def test_the_same_control_number_comes_with_other_bytes(bench: Bench) -> None:
    place(told(bench, like="repeat_control"))
    (first, one), (second, two) = answers(bench, "810")
    assert first.control == second.control
    assert one[1][2] != two[1][2]


def test_the_same_invoice_comes_in_another_interchange(bench: Bench) -> None:
    place(told(bench, like="repeat_document"))
    (first, one), (second, two) = answers(bench, "810")
    assert first.control != second.control
    assert one == two


@pytest.mark.parametrize("repeat", ["file", "notice"])
def test_a_notice_comes_again(bench: Bench, repeat: str) -> None:
    place(told(bench, notice_repeat=repeat))
    (first, one), (second, two) = answers(bench, "856")
    assert one == two
    assert (first.control == second.control) is (repeat == "file")


def test_a_credit_note_names_its_invoice_and_turns_it_round(bench: Bench) -> None:
    place(told(bench, like="credit_note"))
    invoice, note = (segments for _, segments in answers(bench, "810"))
    assert (note[1][7], note[1][10]) == ("CR", invoice[1][2])
    assert named(note, "TDS") == named(invoice, "TDS")
    assert [document.kind for file in bench.world.sent("810") for document in file.documents] == [
        "invoice",
        "credit",
    ]


def test_a_credit_note_may_be_negative_and_for_one_line(bench: Bench) -> None:
    place(told(bench, credit="line", negative_credit=True))
    note = answers(bench, "810")[1][1]
    assert [line[2] for line in named(note, "IT1")] == ["-10"]
    assert named(note, "TDS")[0][1] == "-3025"
    assert named(note, "TXI")[0][2] == "-5.25"


@pytest.mark.parametrize(
    ("kind", "told_by"),
    [
        ("segment_count", "set"),
        ("set_control", "set"),
        ("set_count", "group"),
        ("group_control", "group"),
        ("interchange_control", "interchange"),
        ("group_count", "interchange"),
        ("missing_mandatory", "content"),
        ("bad_date", "content"),
        ("bad_amount", "content"),
        ("unknown_segment", "content"),
    ],
)
def test_bad_syntax_is_bad_in_that_one_place(bench: Bench, kind: str, told_by: str) -> None:
    place(bench, "1")
    place(told(bench, bad_syntax=kind), "2")
    (_, good), (interchange, bad) = answers(bench, "810")
    group = interchange.groups[0]
    found = {
        "set": bool(group.sets[0].findings),
        "group": bool(group.findings),
        "interchange": bool(interchange.findings),
        "content": _shape(bad) != _shape(good),
    }
    assert [name for name, is_so in found.items() if is_so] == [told_by]


def _shape(segments: list[Segment]) -> list[str]:
    """Segments by name, with what must be a number, a date and not empty in an 810."""
    big, total = segments[1], named(segments, "TDS")[0]
    facts = [str(bool(big[2])), str(big[1][4:6] <= "12"), str(total[1].isdigit())]
    return [segment[0] for segment in segments] + facts


@pytest.mark.parametrize("partner", ["NORTHWIND", "BRIGHTLINE"])
def test_rubbish_of_every_kind(bench: Bench, partner: str) -> None:
    kinds = ["html", "truncated", "binary", "empty", "growing", "temporary", "text", "xml", "no_iea"]
    place(told(bench, partner, rubbish=kinds, ship="never", invoice="never"), partner=partner)
    files = {name.split("_")[1] if name[0].islower() else "": data for name, data in bench.inbox(partner)}
    assert files["html"] == HTML
    assert files["empty"] == b""
    for kind in ("truncated", "binary", "growing", "text", "xml", "html", "empty"):
        with pytest.raises(BadX12):
            read(files[kind])
    assert any(name.endswith(".tmp") for name, _ in bench.inbox(partner))
    assert {file.trouble for file in bench.world.sent("rubbish")} == set(kinds)


def test_a_growing_file_becomes_a_whole_one(bench: Bench) -> None:
    bench.world.partners["NORTHWIND"].drop("growing")
    file = next(iter(bench.state.inbox("NORTHWIND").files))
    sizes = []
    for _ in range(5):
        sizes.append(file.size(bench.clock.now()))
        file.listed(bench.clock.now())
    assert sizes == sorted(set(sizes)) + sizes[-1:]
    assert read(file.data(bench.clock.now()))[0].groups[0].sets[0].kind == "810"


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


amounts = st.decimals(min_value=0, max_value=99_999, places=4, allow_nan=False, allow_infinity=False)
order_lines = st.lists(
    st.tuples(st.integers(1, 9999), amounts, st.sampled_from(["10", "33", "100", "120"])), min_size=1, max_size=6
)


@given(lines=order_lines, vat=st.sampled_from([0, 9, 21]), freight=st.integers(0, 9999), allowance=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
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
