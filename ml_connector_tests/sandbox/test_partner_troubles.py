"""What the partners do wrong when told to: wrong invoices, repeats, bad syntax, rubbish."""

from pathlib import Path

import pytest

from ml_connector.sandbox.partner.documents.spoiling import HTML
from ml_connector.sandbox.partner.documents.x12 import BadX12, Segment, read
from ml_connector_tests.sandbox.cleo_bench import Bench
from ml_connector_tests.sandbox.partner_bench import answers, named, only, place, told


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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
