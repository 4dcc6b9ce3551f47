"""Every column of every table: an edit by SQL is found, or `docs/ledger.md` says why it is not evidence.

The page's table is what is tested: a column that it does not decide fails here by name.
"""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import ml_connector
from ml_connector.ledger.database.seals import SEALED
from ml_connector.ledger.tables.documents import (
    metadata,
)
from ml_connector.ledger.work.evidence import ROW, TEXTS
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.tampering.everything import (
    DECIDED,
    EVIDENCE,
    NAMED_ONE_BY_ONE,
    NOT_EVIDENCE,
    REST,
    TABLES,
    Decided,
    edit,
    other_value,
    problems_of,
)


def test_the_page_decides_every_column_of_every_table() -> None:
    there = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert sorted(there - set(DECIDED)) == [], "docs/ledger.md does not say which check finds an edit of these"
    assert sorted(set(DECIDED) - there) == [], "docs/ledger.md names columns that there are not"


def test_the_page_says_what_the_code_hashes() -> None:
    evidence = {("document", name) for name in (*ROW, *TEXTS)}
    said = {key for key, one in DECIDED.items() if one.found_by == "evidence"}
    assert said == evidence | {("document", "updated_at")}
    sealed = {(one.table.name, name) for one in SEALED.values() for name in (one.key, *one.columns)}
    sealed.discard(("document", "id"))
    assert {key for key, one in DECIDED.items() if one.found_by == "seal" and key[0] != "seal"} == sealed


def test_what_is_not_evidence_is_said_with_its_reason() -> None:
    assert [one for one in REST if len(one.found_by.removeprefix(NOT_EVIDENCE)) < 20] == []


def test_who_writes_a_sealed_table_leaves_seals() -> None:
    """Source text: a function that changes such a table without noting it would make `verify` cry wolf."""
    writing = re.compile(rf"(?:insert|update|delete)\((?:tx, )?(?:{'|'.join(set(SEALED) - {'document'})})\)")
    found: list[str] = []
    for path in Path(ml_connector.__file__).parent.rglob("*.py"):
        text = path.read_text()
        if "migrations" in path.parts or not writing.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            source = ast.get_source_segment(text, node) or "" if isinstance(node, ast.FunctionDef) else ""
            if writing.search(source):
                found.append(f"{path.name}: {node.name}" + ("" if "note(" in source else " leaves no seal"))
    assert len(found) > len(SEALED)
    assert [one for one in found if one.endswith("leaves no seal")] == []


def test_the_untouched_ledger_is_clean_and_has_everything(copied: Path) -> None:
    assert problems_of(copied) == []
    with closing(sqlite3.connect(copied / "ledger.db")) as database:
        for name in {one.table for one in EVIDENCE}:
            count = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            assert count != (0,), name
        states = {state for (state,) in database.execute("SELECT state FROM document")}
        writes = {state for (state,) in database.execute("SELECT state FROM operation")}
    assert states == {str(state) for state in S}
    assert writes == {"planned", "in_flight", "done", "unknown", "refused", "void"}


@pytest.mark.parametrize(
    "one",
    [one for one in DECIDED.values() if not one.found_by.startswith(NOT_EVIDENCE)],
    ids=lambda one: f"{one.table}-{one.column}",
)
def test_an_edit_is_found(copied: Path, one: Decided) -> None:
    column = metadata.tables[one.table].c[one.column]
    assert edit(copied, f'UPDATE "{one.table}" SET "{one.column}" = {other_value(column)}') > 0
    found = problems_of(copied)
    assert one.found_by in {problem.check for problem in found}
    if one.found_by not in NAMED_ONE_BY_ONE or one.table == "seal":
        return
    with closing(sqlite3.connect(copied / "ledger.db")) as database:
        key = next(iter(metadata.tables[one.table].primary_key)).name
        rows = {f"{one.table} {row}" for (row,) in database.execute(f'SELECT "{key}" FROM "{one.table}"')}
    assert rows <= {problem.where for problem in found if problem.check == one.found_by}, "every row is named"


@pytest.mark.parametrize(
    "one",
    [one for one in DECIDED.values() if one.found_by.startswith(NOT_EVIDENCE)],
    ids=lambda one: f"{one.table}-{one.column}",
)
def test_what_is_not_evidence_may_change(copied: Path, one: Decided) -> None:
    """The page does not say less than is found."""
    column = metadata.tables[one.table].c[one.column]
    if (one.table, one.column) not in {("remote_file", "remote_id"), ("remote_file", "file_id")}:
        edit(copied, f'UPDATE "{one.table}" SET "{one.column}" = {other_value(column)}')
    assert problems_of(copied) == []


@pytest.mark.parametrize("nonsense", ["x'ff00'", "CAST(x'ff00' AS TEXT)", "1e300", "'no such thing'"])
def test_values_that_are_none_of_their_column_are_found(copied: Path, nonsense: str) -> None:
    """SQLite keeps what it is given: `verify` names the rows, and does not fail over them."""
    for name in TABLES:
        table = metadata.tables[name]
        for column in table.columns:
            if not column.primary_key:
                last = f'rowid = (SELECT max(rowid) FROM "{name}")'
                assert edit(copied, f'UPDATE "{name}" SET "{column.name}" = {nonsense} WHERE {last}') == 1
    found = {problem.where.split()[0] for problem in problems_of(copied) if problem.check == "value"}
    # Tables of text and bytes alone hold whatever they are given; that it is something else is what seals tell.
    assert set(TABLES) - found <= {"position", "tally", "blob", "seal"}


@pytest.mark.parametrize(
    "column", ["due_at", "amount", "business_date", "reason_detail", "state", "number", "attempts"]
)
def test_one_value_that_cannot_be_read_is_found(copied: Path, column: str) -> None:
    edit(copied, f"UPDATE document SET {column} = CAST(x'ff' AS TEXT) WHERE id = 2")
    assert problems_of(copied)
