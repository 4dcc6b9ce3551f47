"""The object that `edi inspect --json` prints holds what people read from the samples by eye."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.edi.interchange import ReadOptions, read_interchanges
from ml_connector.edi.tools.report import all_findings, has_errors, report
from ml_connector_tests.edi.building import order
from ml_connector_tests.edi.odd import BODIES, Style, spell
from ml_connector_tests.edi.samples import NAMES, expected, needs_samples, sample

HEADER = ("number", "date", "purpose", "type", "release", "currency", "po_number", "po_date")


def told(data: bytes) -> dict[str, Any]:
    """As it comes out of JSON."""
    made = report("file", read_interchanges(data, ReadOptions()))
    again: dict[str, Any] = json.loads(json.dumps(made))
    return again


def transaction_sets(value: dict[str, Any]) -> list[dict[str, Any]]:
    groups = [group for interchange in value["interchanges"] for group in interchange["groups"]]
    return [one for group in groups for one in group["transaction_sets"]]


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str) -> None:
    value, wanted = told(sample(name)), expected()[name]
    first = value["interchanges"][0]
    assert (first["sender"]["id"], first["receiver"]["id"]) == (wanted["sender"], wanted["receiver"])
    assert first["control_number"] == wanted["isa13"]
    assert first["separators"]["element"] == wanted["element_separator"]
    assert first["separators"]["segment"] == wanted["terminator"]
    assert [one["set"] for one in transaction_sets(value)] == wanted["sets"]
    for one, values in zip(transaction_sets(value), wanted.get("documents", []), strict=False):
        assert one["control_number"] == values["control"]
        _compare(one["document"], values)
    for ack, values in zip(first["acknowledgments"], wanted.get("ta1", []), strict=True):
        assert [ack["control_number"], ack["code"], ack["note"]] == [values[0], *values[3:]]
        assert ack["date"] == f"20{values[1][:2]}-{values[1][2:4]}-{values[1][4:]}"
    assert has_errors(value) or not [f for f in wanted.get("must_report", []) if "component" not in f]


def _compare(document: dict[str, Any], values: dict[str, Any]) -> None:
    for key in HEADER:
        if key in values and not (key == "date" and len(values[key]) == 6):
            assert document[key] == values[key], key
    for key, name in (
        ("quantity_total", "quantity_total"),
        ("line_amount_total", "line_amount_total"),
        ("invoice_total", "total"),
        ("amount", "amount"),
    ):
        if key in values:
            assert Decimal(document[name]) == Decimal(values[key])
    if "lines" in values:
        assert document["line_count"] == len(document["lines"]) == values["lines"]
        _line(document["lines"][0], values["first_line"])
        _line(document["lines"][-1], values.get("last_line", values["first_line"]))
    parties = {party["role"]: party for party in document["parties"]}
    for role, party in values.get("parties", {}).items():
        found = parties.get(role) or {p["role"]: p for line in document["lines"] for p in line["parties"]}[role]
        assert (found["name"], found["qualifier"], found["id"]) == (party["name"], party.get("qual"), party.get("id"))
    if "ack_codes" in values:
        assert [a["status"] for line in document["lines"] for a in line["answers"]] == values["ack_codes"]
    if "po_numbers" in values:
        assert document["po_numbers"] == values["po_numbers"]
    if "remittances" in values:
        assert [[r["qualifier"], r["number"], r["amount"]] for r in document["remittances"]] == [
            row[:3] for row in values["remittances"]
        ]
    if "ak9" in values:
        counts = ("sets_announced", "sets_received", "sets_accepted")
        assert [document["code"], *(str(document[key]) for key in counts)] == values["ak9"]
        assert [[s["set"], s["control_number"], s["code"]] for s in document["sets"]] == values.get("ak2", [])


def _line(line: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert line["line_number"] == wanted.get("line")
    assert Decimal(line["quantity"]) == Decimal(wanted["qty"])
    assert line["unit"] == wanted["uom"]
    assert line["unit_price"] == wanted.get("price")
    if "ids" in wanted:
        assert line["identifiers"] == wanted["ids"]


@pytest.mark.parametrize("set_type", sorted(BODIES))
def test_every_document_has_the_same_head(set_type: str) -> None:
    """Absent values are null, never left out."""
    [one] = transaction_sets(told(spell(Style(), (set_type,))))
    keys = {"kind", *HEADER, "total", "line_count", "quantity_total", "line_amount_total", "parties", "lines"}
    assert keys <= set(one["document"])
    assert "" not in one["document"].values()


def test_findings_stand_once_and_where_they_belong() -> None:
    data = b"mail\n" + order().replace(b"*EA*12.5", b"*EACH*12.5").replace(b"GE*1*77", b"GE*2*77").replace(
        b"IEA*1*000000077", b"IEA*1*000000078"
    )
    value = told(data)
    assert [f["code"] for f in value["findings"]] == ["stray_text"]
    [interchange] = value["interchanges"]
    assert [f["code"] for f in interchange["findings"]] == ["001"]
    [group] = interchange["groups"]
    assert [f["code"] for f in group["findings"]] == ["5"]
    [one] = group["transaction_sets"]
    [finding] = one["findings"]
    assert [finding[k] for k in ("level", "code", "severity", "segment", "position", "element", "value")] == [
        "element", "5", "error", "PO1", 7, 3, "EACH"
    ]  # fmt: skip
    assert len(list(all_findings(value))) == 4
