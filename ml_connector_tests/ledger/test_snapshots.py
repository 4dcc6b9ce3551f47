"""Snapshots: versions of reference tables, changes between them, increments."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.records import from_values
from ml_connector.documents.reference import ReferenceTable, Vendor
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.exchange.snapshots import Snapshot, Stored
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.support.examples import some

WHERE = ("exact_nl", "123", ReferenceTable.VENDORS)


def vendor(key: str, **values: Any) -> Vendor:
    return Vendor(id=key, code=f"C{key}", **values)


def _store(ledger: Ledger, rows: list[Any], **options: Any) -> Stored:
    with ledger.write() as tx:
        return snapshots.store(tx, *WHERE, rows, **options)


def _load(ledger: Ledger, **options: Any) -> Snapshot:
    with ledger.read() as tx:
        found = snapshots.load(tx, *WHERE, **options)
    assert found is not None
    return found


def test_rows_come_back_as_they_were_read(ledger: Ledger) -> None:
    rows = [vendor("2", name="Zwei\nZeilen"), vendor("1", name="Eins", blocked=True)]
    stored = _store(ledger, rows, cursor="c1")
    assert (stored.version, stored.row_count, stored.changed) == (1, 2, True)
    found = _load(ledger)
    assert from_values(list[Vendor], list(found.rows)) == sorted(rows, key=lambda row: row.id)
    assert (found.version, found.cursor) == (1, "c1")


def test_unchanged_content_only_moves_checked_at_and_cursor(ledger: Ledger, clock: StillClock) -> None:
    first = _store(ledger, [vendor("1"), vendor("2")], cursor="c1")
    clock.move(60)
    again = _store(ledger, [vendor("2"), vendor("1")], cursor="c2")
    assert (again.version, again.changed, again.taken_at) == (1, False, first.taken_at)
    assert again.changes == {"added": 0, "changed": 0, "removed": 0, "samples": []}
    found = _load(ledger)
    assert (found.taken_at, found.checked_at, found.cursor) == (first.taken_at, clock.now(), "c2")
    with ledger.read() as tx:
        assert snapshots.cursor(tx, *WHERE) == "c2"
        assert snapshots.latest_version(tx, *WHERE) == 1


def test_changes_are_counted_and_told(ledger: Ledger) -> None:
    _store(ledger, [vendor("1", name="A"), vendor("2"), vendor("3", name="gone")])
    stored = _store(ledger, [vendor("1", name="B", blocked=True), vendor("2"), vendor("4", name="new")])
    counts = {name: stored.changes[name] for name in ("added", "changed", "removed")}
    assert counts == {"added": 1, "changed": 1, "removed": 1}
    assert stored.changes["samples"] == [
        {
            "id": "1",
            "change": "changed",
            "code": "C1",
            "name": "B",
            "fields": {"blocked": [False, True], "name": ["A", "B"]},
        },
        {"id": "3", "change": "removed", "code": "C3", "name": "gone"},
        {"id": "4", "change": "added", "code": "C4", "name": "new"},
    ]
    assert _load(ledger).changes == stored.changes


def test_at_most_twenty_samples(ledger: Ledger) -> None:
    _store(ledger, [vendor(str(n)) for n in range(30)])
    stored = _store(ledger, [vendor(str(n), name="x") for n in range(15)] + [vendor("x")])
    assert (stored.changes["changed"], stored.changes["removed"], stored.changes["added"]) == (15, 15, 1)
    assert len(stored.changes["samples"]) == 20


def test_increments_go_upon_the_newest_version(ledger: Ledger) -> None:
    _store(ledger, [vendor("1"), vendor("2"), vendor("3")], cursor="c1")
    stored = _store(ledger, [vendor("2", name="two"), vendor("4")], complete=False, removed=["3", "77"], cursor="c2")
    assert (stored.version, stored.row_count) == (2, 3)
    assert [(row["id"], row["name"]) for row in _load(ledger).rows] == [("1", ""), ("2", "two"), ("4", "")]
    empty = _store(ledger, [], complete=False, cursor="c3")
    assert (empty.version, empty.changed) == (2, False)
    with ledger.read() as tx:
        assert snapshots.cursor(tx, *WHERE) == "c3"


def test_a_row_that_is_removed_and_changed_in_one_read_stays(ledger: Ledger) -> None:
    """Deleted and created again under its id: the row as read is the newer truth."""
    _store(ledger, [vendor("1")])
    _store(ledger, [vendor("1", name="again")], complete=False, removed=["1"])
    assert [row["name"] for row in _load(ledger).rows] == ["again"]


def test_versions_by_number_and_by_day(ledger: Ledger, clock: StillClock) -> None:
    _store(ledger, [vendor("1", name="friday")])
    clock.move(86_400)
    _store(ledger, [vendor("1", name="saturday")])
    assert _load(ledger).version == 2
    assert _load(ledger, version=1).rows[0]["name"] == "friday"
    assert _load(ledger, as_of=date(2026, 11, 20)).rows[0]["name"] == "friday"
    assert _load(ledger, as_of=date(2026, 11, 21)).rows[0]["name"] == "saturday"
    assert _load(ledger, as_of=date(2027, 1, 1)).version == 2
    with ledger.read() as tx:
        assert snapshots.load(tx, *WHERE, as_of=date(2026, 11, 19)) is None
        assert snapshots.load(tx, *WHERE, version=3) is None
        assert [one.version for one in snapshots.versions(tx, *WHERE)] == [2, 1]


def test_tables_and_companies_do_not_mix(ledger: Ledger) -> None:
    _store(ledger, [vendor("1")])
    with ledger.write() as tx:
        snapshots.store(tx, "exact_nl", "456", ReferenceTable.VENDORS, [vendor("9")])
        snapshots.store(tx, "exact_nl", "123", ReferenceTable.ITEMS, [{"id": "i"}])
    assert [row["id"] for row in _load(ledger).rows] == ["1"]
    with ledger.read() as tx:
        assert snapshots.latest_version(tx, "exact_nl", "456", "gl_accounts") == 0
        assert snapshots.info(tx, "exact_nl", "789", "vendors") is None


def test_an_empty_table_is_a_version_too(ledger: Ledger) -> None:
    assert _store(ledger, []).changed
    assert _load(ledger).rows == []
    assert _store(ledger, []).changed is False
    assert _store(ledger, [vendor("1")]).changes["added"] == 1
    assert _store(ledger, []).changes["removed"] == 1


def test_rows_need_an_id_each(ledger: Ledger) -> None:
    for rows in ([{"code": "x"}], [{"id": ""}], [{"id": 7}], [vendor("1"), vendor("1")]):
        with pytest.raises(WeAreWrong):
            _store(ledger, rows)


def test_the_same_content_again_later_shares_its_bytes(ledger: Ledger) -> None:
    _store(ledger, [vendor("1")])
    _store(ledger, [vendor("2")])
    third = _store(ledger, [vendor("1")])
    assert (third.version, third.changed) == (3, True)
    with ledger.read() as tx:
        newest, _, oldest = snapshots.versions(tx, *WHERE)
    assert newest.sha256 == oldest.sha256


ROWS = st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=3))


@settings(max_examples=some(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, after=ROWS)
def test_an_increment_and_a_whole_read_come_to_the_same(
    sqlite_ledger: Ledger, before: dict[str, str], after: dict[str, str]
) -> None:
    def rows(of: dict[str, str]) -> list[dict[str, str]]:
        return [{"id": key, "name": name} for key, name in of.items()]

    _store(sqlite_ledger, rows(before))
    changed = {key: name for key, name in after.items() if before.get(key) != name}
    _store(sqlite_ledger, rows(changed), complete=False, removed=[key for key in before if key not in after])
    assert {row["id"]: row["name"] for row in _load(sqlite_ledger).rows} == after
    assert _store(sqlite_ledger, rows(after)).changed is False
