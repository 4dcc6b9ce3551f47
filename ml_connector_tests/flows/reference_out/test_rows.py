"""Reference tables as told: who follows the changes has the whole, and nothing leaves that is not named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.master.tables import Change, TableRow
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.reference_out import rows
from ml_connector_tests.support.examples import some

FIELDS = ("name", "status", "country")
ROW = st.fixed_dictionaries(
    {"id": st.sampled_from("abcdefgh"), "code": st.sampled_from(["10", "20", "30", "40"])},
    optional={
        "name": st.sampled_from(["", "Forge", "Mill"]),
        "country": st.sampled_from(["", "US", "NL"]),
        "blocked": st.booleans(),
        "vat_number": st.sampled_from(["NL1", "NL2"]),
        "bank_accounts": st.lists(st.sampled_from(["IBAN1", "IBAN2"])),
    },
)
TABLE = st.lists(ROW, max_size=8, unique_by=lambda row: row["id"])


def applied(before: rows.ByCode, told: tuple[TableRow, ...]) -> dict[str, tuple[Any, ...]]:
    """What a consumer has that does as it is told."""
    has = dict(before)
    for code in {row.code for row in told}:
        kept = tuple(row.values for row in told if row.code == code and row.change != Change.REMOVED)
        has[code] = kept
    return {code: values for code, values in has.items() if values}


@settings(max_examples=some(200), deadline=None)
@given(TABLE, TABLE)
def test_who_follows_the_changes_has_the_whole(before: list[Any], after: list[Any]) -> None:
    old, new = (rows.by_code("vendors", FIELDS, table) for table in (before, after))
    told = rows.changes(old, new)
    assert applied(old, told) == dict(new)
    assert {row.change for row in told} <= {"added", "changed", "removed"}
    assert {row.code for row in told if row.change == "added"} == new.keys() - old.keys()
    assert {row.code for row in told if row.change == "removed"} == old.keys() - new.keys()
    assert rows.changes(new, new) == ()


@settings(max_examples=some(100), deadline=None)
@given(TABLE)
def test_what_is_not_named_never_leaves(table: list[Any]) -> None:
    fields = rows.chosen("vendors", (), table, ("vat_number", "bank_accounts", "name"))
    said = repr(rows.whole(rows.by_code("vendors", fields, table)))
    assert "NL1" not in said
    assert "NL2" not in said
    assert "IBAN" not in said


@settings(max_examples=some(100), deadline=None)
@given(TABLE, st.permutations(range(8)))
def test_the_order_in_which_rows_were_read_is_no_change(table: list[Any], order: list[int]) -> None:
    mixed = [table[at] for at in order if at < len(table)]
    assert rows.changes(rows.by_code("v", FIELDS, table), rows.by_code("v", FIELDS, mixed)) == ()


def test_what_is_named_leaves_with_all_its_values() -> None:
    row = {"id": "1", "code": "V-1", "bank_accounts": ["A", "B"], "vat_number": "NL1"}
    fields = rows.chosen("vendors", ("bank_accounts", "vat_number"), [row], ())
    (told,) = rows.whole(rows.by_code("vendors", fields, [row]))
    assert [(one.name, one.value) for one in told.values] == [("bank_accounts", "A; B"), ("vat_number", "NL1")]


@pytest.mark.parametrize(
    ("row", "status", "end"),
    [
        ({"blocked": True}, "inactive", ""),
        ({"blocked": False}, "active", ""),
        ({"active": False}, "inactive", ""),
        ({"end_date": "1970-01-01"}, "inactive", ""),
        ({"end_date": "2026-12-31"}, "active", "2026-12-31"),
        ({"status": "Credit hold", "blocked": True}, "Credit hold", ""),
    ],
)
def test_a_state_is_told_whatever_the_table_calls_it(row: dict[str, Any], status: str, end: str) -> None:
    (told,) = rows.whole(rows.by_code("t", ("status", "end_date"), [{"id": "1", "code": "1", **row}]))
    values = {one.name: one.value for one in told.values}
    assert (values["status"], values.get("end_date", "")) == (status, end)


def test_a_field_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(NeedsCorrection) as held:
        rows.chosen("vendors", ("iban",), [{"id": "1", "code": "1", "bank_accounts": []}], ())
    assert "vendors have no iban" in held.value.message
    assert "bank_accounts" in held.value.remedy


def test_what_has_parts_of_its_own_does_not_leave_as_text() -> None:
    with pytest.raises(NeedsCorrection, match="not one value"):
        rows.by_code("vendors", ("dimensions",), [{"id": "1", "code": "1", "dimensions": {"location": "110"}}])
