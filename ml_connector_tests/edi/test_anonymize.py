"""An anonymized file has the structure of the original, the same findings, and nothing of its content."""

import re

import pytest

from ml_connector.edi.interchange import Item
from ml_connector.edi.tools.anonymize import anonymize
from ml_connector.edi.validation.findings import X12Finding
from ml_connector_tests.edi.building import INVOICE, ORDER, group, interchange, invoice, order, transaction
from ml_connector_tests.edi.samples import NAMES, ends, group_ends, needs_samples, read, sample, sets, starts
from ml_connector_tests.edi.test_mutations import MADE

KEY = b"any key, but always the same"


def _codes(findings: tuple[X12Finding, ...]) -> list[tuple[str, str, str, int, int]]:
    return [(f.level.value, f.code, f.segment_id, f.segment_number, f.element) for f in findings]


def shape(items: list[Item]) -> object:
    """Everything of a file but its content."""
    return (
        [(s.separators, s.version, s.usage, len(s.sender_id), len(s.control_number)) for s in starts(items)],
        [(s.set_type, s.control_number, s.accepted, s.segment_count, _codes(s.findings)) for s in sets(items)],
        [(e.announced, e.received, e.accepted, _codes(e.findings)) for e in group_ends(items)],
        [(e.complete, _codes(e.findings)) for e in ends(items)],
    )


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_samples_keep_their_shape_and_findings(name: str) -> None:
    data = sample(name)
    made = anonymize(data, key=KEY)
    assert shape(read(made)) == shape(read(data))
    assert made != data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(order().replace(b"~", b"~\x00"), id="zeros between"),
        pytest.param(order()[:106] + order()[106:].replace(b"*", b" * "), id="blanks around elements"),
        pytest.param(order().replace(b"~", b"~<br>\n"), id="from a web page"),
        pytest.param(order(ORDER.replace("*.33**VP", "*.33*VP")), id="one element early"),
        pytest.param(invoice(INVOICE.replace("TDS*127600", "TDS*1276.00")), id="a point in an implied amount"),
        pytest.param(order().replace(b"~", b" \r\n"), id="padded lines"),
    ],
)
def test_files_in_bad_condition_keep_their_shape(data: bytes) -> None:
    made = anonymize(data, key=KEY)
    assert shape(read(made)) == shape(read(data))
    assert not {b"ACME", b"WIDGET", b"SELLER"} & set(re.findall(rb"[A-Z]+", made))


def test_everything_that_could_name_somebody_is_gone() -> None:
    made = anonymize(b"From: Jane Roe <jane@acme.example>\r\n\r\n" + MADE, key=KEY).decode("latin-1")
    # every word of four letters or more that is no segment or code
    original = MADE.decode("latin-1")
    words = {w for w in re.findall(r"[A-Za-z0-9-]{6,}", original) if not re.fullmatch(r"0+[0-9]?|00[45]010", w)}
    assert not [word for word in words if word in made]
    assert "Jane" not in made
    assert "acme" not in made


def test_equal_values_stay_equal_and_others_stay_apart() -> None:
    data = interchange(
        group("PO", transaction("850", ORDER), control="77"), group("IN", transaction("810", INVOICE), control="78")
    )
    first, second = sets(read(anonymize(data, key=KEY)))
    ordered = {i.qualifier: i.value for i in first.document.lines[0].items}  # type: ignore[union-attr]
    invoiced = {i.qualifier: i.value for i in second.document.lines[0].items}  # type: ignore[union-attr]
    assert ordered["VP"] == invoiced["VP"] != "WIDGET-001"


def test_another_run_gives_other_values() -> None:
    assert anonymize(order()) != anonymize(order())


REMARKS = interchange(group("PO", transaction("850", ORDER))).replace(b"~", b"~\n")
SHAPES = {
    "remarks behind segments": REMARKS.replace(b"A-100~", b"A-100~  // order 100 units of WIDGET"),
    "segments that lost their terminator": REMARKS.replace(b"OH*43215*US~", b"OH*43215*US"),
    "an ISA with an element too few": REMARKS.replace(b"*U*00401", b"*00401"),
    "an ISA with an element too many": REMARKS.replace(b"*0*P*>", b"**0*P*>"),
}


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_the_lines_of_odd_files_stay(data: bytes) -> None:
    masked = anonymize(data, key=b"k")
    before, after = sets(read(data))[0], sets(read(masked))[0]
    assert (after.accepted, after.segment_count) == (before.accepted, before.segment_count)
    assert len(after.document.lines) == len(before.document.lines) == 2  # type: ignore[union-attr]
    assert not any(word in masked for word in (b"WIDGET", b"SELLER", b"COLUMBUS", b"000000077"))
