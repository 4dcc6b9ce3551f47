"""The records contract: what flows rely on of every network with records (`flows.core.ports.network.Records`): records
by change, by its id and by ours; writes that are planned, sent once, looked up, refused in words.

A test class that inherits `RecordsContract` and has fixtures `harness`, `source` and `target` runs it.
"""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.clock import SystemClock
from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, RecordSource, RecordTarget, SourceRecord, StoredOperation
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems import registry
from ml_connector_tests.contracts.records_harness import RecordsHarness

_numbers = itertools.count(1)
NOT_THERE = "not-there"


def ours() -> str:
    """An id of ours that no other case uses."""
    return f"ours-{next(_numbers)}"


def stored(planned: PlannedOperation, *, attempts: int = 1) -> StoredOperation:
    """An operation as the ledger hands it out for its call."""
    number = next(_numbers)
    return StoredOperation(
        number,
        number,
        0,
        planned.kind,
        f"key-{number}/0",
        planned.target,
        planned.payload,
        attempts,
        None,
        None,
        0,
        "in_flight",
        uses=planned.uses,
        ref=planned.ref,
    )


def poll(source: RecordSource[Any], cursor: str | None) -> tuple[list[SourceRecord[Any]], str | None]:
    """All that changed since a cursor, and where to go on."""
    found: list[SourceRecord[Any]] = []
    more = True
    while more:
        page = source.changed(cursor)
        found += page.records
        cursor, more = page.cursor, page.more
    return found, cursor


def ids(found: list[SourceRecord[Any]]) -> set[str]:
    return {str(one.document.id) for one in found}


class RecordsContract:
    """Each case has records of its own."""

    @pytest.fixture(autouse=True)
    def _no_fault_is_left(self, harness: RecordsHarness) -> Iterator[None]:
        yield
        harness.clear_faults()

    @pytest.fixture
    def read_from(self, harness: RecordsHarness, source: str) -> RecordSource[Any]:
        return harness.records.sources[source]

    @pytest.fixture
    def written_to(self, harness: RecordsHarness, target: str) -> RecordTarget[Any]:
        return harness.records.targets[target]

    def written(self, harness: RecordsHarness, written_to: RecordTarget[Any], record: Any) -> StoredOperation:
        """The one write that brings a record there, as it is stored before it is sent."""
        (planned,) = written_to.plan(record, "mlc-key")
        return stored(planned)

    # ------------------------------------------------------------------ what there is

    def test_it_has_what_its_system_declares(self, harness: RecordsHarness) -> None:
        system = registry.find(harness.records.system)
        assert set(harness.records.sources) >= set(system.sources)
        assert set(harness.records.targets) >= set(system.targets)

    # ------------------------------------------------------------------ sources

    def test_a_poll_brings_what_is_there_and_then_what_moved(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        """A stored record renders the same document."""
        first = harness.add(source, ours())
        begin = read_from.begin((SystemClock().now() - timedelta(days=400)).date())
        found, cursor = poll(read_from, begin)
        assert first in ids(found)
        for one in found:
            assert read_from.from_record(one.record) == one.document
        harness.pass_time(60)
        second = harness.add(source, ours())
        harness.touch(source, first)
        assert {first, second} <= ids(poll(read_from, cursor)[0])

    def test_after_a_long_time_a_poll_goes_on_where_it_stopped(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        harness.add(source, ours())
        _, cursor = poll(read_from, read_from.begin((SystemClock().now() - timedelta(days=5)).date()))
        made = []
        for _ in range(3):
            harness.pass_time(40 * 86400)
            made.append(harness.add(source, ours()))
        assert set(made) <= ids(poll(read_from, cursor)[0])

    def test_it_is_found_by_its_id_and_by_ours(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        named = ours()
        key = harness.add(source, named)
        assert [str(one.document.id) for one in read_from.by_id([key, NOT_THERE])] == [key]
        assert ids(list(read_from.by_external_id([named, NOT_THERE]))) == {key}
        assert list(read_from.by_external_id([])) == []

    def test_two_under_one_id_of_ours_are_both_told(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        named = ours()
        made = {harness.add(source, named) for _ in range(2)}
        assert ids(list(read_from.by_external_id([named]))) == made

    def test_one_that_cannot_be_read_is_told_alone(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        good, bad = harness.add(source, ours()), harness.add(source, ours())
        harness.spoil(source, bad)
        cursor: str | None = read_from.begin((SystemClock().now() - timedelta(days=2)).date())
        found, wrong, more = [], [], True
        while more:
            page = read_from.changed(cursor)
            found += page.records
            wrong += page.unreadable
            cursor, more = page.cursor, page.more
        assert good in ids(found)
        told = {one.id: one.why for one in wrong}
        assert bad in told
        assert told[bad].message
        assert told[bad].remedy
        harness.touch(source, good)

    def test_a_poll_that_broke_off_loses_nothing(
        self, harness: RecordsHarness, source: str, read_from: RecordSource[Any]
    ) -> None:
        key = harness.add(source, ours())
        begin = read_from.begin((SystemClock().now() - timedelta(days=2)).date())
        harness.fault(FaultKind.RESET_BEFORE, writing=False, count=50)
        with pytest.raises(TryAgain):
            poll(read_from, begin)
        harness.clear_faults()
        assert key in ids(poll(read_from, begin)[0])

    # ------------------------------------------------------------------ targets

    def test_a_write_leaves_one_record_and_is_found_by_our_id(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any]
    ) -> None:
        named = ours()
        operation = self.written(harness, written_to, harness.record(target, named))
        assert operation.kind in written_to.kinds
        assert harness.records.find_written([operation]) == {}
        done = harness.records.write(operation)
        assert done.outside_id
        assert harness.standing(target, named) == 1
        assert harness.records.find_written([operation])[operation.id].outside_id == done.outside_id
        assert [one.outside_id for one in harness.records.find_copies([operation])[operation.id]] == [done.outside_id]

    @pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.HALF_WRITTEN])
    def test_a_write_whose_answer_is_lost_is_unknown_and_then_found(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any], kind: FaultKind
    ) -> None:
        named = ours()
        operation = self.written(harness, written_to, harness.record(target, named))
        harness.records.find_written([operation])  # logged in
        harness.fault(kind, writing=True)
        with pytest.raises(OutcomeUnknown):
            harness.records.write(operation)
        harness.clear_faults()
        assert operation.id in harness.records.find_written([operation])
        assert harness.standing(target, named) == 1

    def test_a_write_that_never_left_is_tried_again(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any]
    ) -> None:
        named = ours()
        operation = self.written(harness, written_to, harness.record(target, named))
        harness.records.find_written([operation])
        harness.fault(FaultKind.STATUS, writing=True, status=429)
        with pytest.raises(TryAgain):
            harness.records.write(operation)
        harness.clear_faults()
        assert harness.standing(target, named) == 0

    def test_what_was_taken_twice_is_found_twice(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any]
    ) -> None:
        if written_to.repeatable:
            pytest.skip(f"{target} of {harness.records.system} done twice is one record")
        named = ours()
        operation = self.written(harness, written_to, harness.record(target, named))
        for _ in range(2):
            harness.records.write(operation)
        assert len(harness.records.find_copies([operation])[operation.id]) == harness.standing(target, named) == 2

    def test_a_refusal_is_typed_and_leaves_nothing(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any]
    ) -> None:
        record = harness.refused(target)
        if record is None:
            pytest.skip(f"{harness.records.system} refuses no {target}")
        operation = self.written(harness, written_to, record)
        with pytest.raises(RefusedBySystem) as raised:
            harness.records.write(operation)
        assert raised.value.remedy
        assert harness.records.find_written([operation]) == {}

    @pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.HTML, FaultKind.STATUS])
    def test_no_error_gives_away_a_secret_or_the_payload(
        self, harness: RecordsHarness, target: str, written_to: RecordTarget[Any], kind: FaultKind
    ) -> None:
        operation = self.written(harness, written_to, harness.record(target, ours()))
        harness.records.find_written([operation])
        harness.fault(kind, writing=True, status=500)
        with pytest.raises(ConnectorError) as raised:
            harness.records.write(operation)
        shown = f"{raised.value} {raised.value.data}"
        assert raised.value.message
        assert operation.payload not in shown
        assert not [one for one in harness.secrets if one in shown]
