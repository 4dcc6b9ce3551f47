"""The ERP contract: what flows rely on of every ERP (`flows.core.ports`), whatever its wire looks like.

A test class that inherits `ErpContract` and has a fixture `harness` runs it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from ml_connector.documents.dimensions import table_of
from ml_connector.documents.records import stored_values
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.flows.core.ports import (
    DocumentSource,
    DocumentTarget,
    Identity,
    PlannedOperation,
    SourceName,
    StoredOperation,
    TargetName,
    Written,
    source_of,
    target_of,
)
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems import registry
from ml_connector.systems.system import System
from ml_connector_tests.contracts.erp_calls import LONG_AGO, LOST, break_the_write, ids, key, poll, stored
from ml_connector_tests.contracts.erp_harness import ErpHarness

#: What a case may be made for, each of a system's own.
CAPABILITIES = ("source", "target", "table")


def parametrize(metafunc: pytest.Metafunc, erps: Sequence[System[Any, Any]]) -> None:
    """For `pytest_generate_tests` of a suite: each case for each system, and for each source, target or table that the
    system says it has. The fixture `harness` gets the system's name.
    """
    if "harness" not in metafunc.fixturenames:
        return
    asked = next((name for name in CAPABILITIES if name in metafunc.fixturenames), None)
    if asked is None:
        metafunc.parametrize("harness", [one.name for one in erps], indirect=True, scope="module")
        return
    metafunc.parametrize(
        ("harness", asked),
        [case for system in erps for case in _cases(system, asked)],
        indirect=["harness"],
        scope="module",
    )


def _cases(system: System[Any, Any], asked: str) -> Iterator[Any]:
    for one in sorted(getattr(system, f"{asked}s")):
        yield pytest.param(system.name, str(one), id=f"{system.name}-{one}")


class ErpContract:
    """Cases by capability; `parametrize` chooses those of a system."""

    @pytest.fixture(autouse=True)
    def _no_fault_is_left(self, harness: ErpHarness) -> Iterator[None]:
        yield
        harness.clear_faults()

    @pytest.fixture
    def read_from(self, harness: ErpHarness, source: str) -> DocumentSource[Any]:
        return source_of(harness.erp, SourceName[Any](source))

    @pytest.fixture
    def written_to(self, harness: ErpHarness, target: str) -> DocumentTarget[Any]:
        return target_of(harness.erp, TargetName[Any](target))

    # ------------------------------------------------------------------ what there is

    def test_it_has_what_its_system_declares(self, harness: ErpHarness) -> None:
        system = registry.find(harness.erp.system)
        assert set(harness.erp.sources) == set(system.sources)
        assert set(harness.erp.targets) == set(system.targets)
        assert set(harness.erp.tables) == set(system.tables)
        assert harness.erp.company

    def test_what_lines_are_coded_by_can_be_looked_up(self, harness: ErpHarness) -> None:
        coding = harness.erp.traits.coding
        wanted = {table_of(dimension) for dimension in coding.dimensions}
        wanted |= {ReferenceTable.VAT_CODES} if coding.taxes == "vat_codes" else set()
        assert wanted <= set(harness.erp.tables)

    # ------------------------------------------------------------------ tables

    def test_a_table_is_read_whole_and_then_by_what_changed(self, harness: ErpHarness, table: str) -> None:
        whole = harness.erp.tables[table].read(None)
        assert whole.complete
        keys = [stored_values(row)["id"] for row in whole.rows]
        assert len(set(keys)) == len(keys)
        again = harness.erp.tables[table].read(whole.cursor)
        assert not set(again.removed) & set(keys)
        if again.complete:
            assert [stored_values(row)["id"] for row in again.rows] == keys

    # ------------------------------------------------------------------ sources

    @pytest.mark.parametrize("limit", [1, 600])
    def test_a_poll_brings_everything_whole(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any], limit: int
    ) -> None:
        """A stored record renders the same document; a long poll goes on where it stopped."""
        made = harness.add(source, 3)
        found, cursor = poll(read_from, read_from.begin(LONG_AGO), limit)
        assert set(made) <= set(ids(found))
        for one in found:
            assert read_from.from_record(one.record) == one.document
        later = harness.add(source, 1)
        assert set(later) <= set(ids(poll(read_from, cursor, limit)[0]))

    def test_one_that_becomes_visible_late_is_not_passed_by(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]
    ) -> None:
        harness.add(source, 1)
        _, cursor = poll(read_from, read_from.begin(LONG_AGO))
        late = harness.add_late(source)
        assert late in ids(poll(read_from, cursor)[0])

    def test_one_that_moves_while_pages_are_read_is_read_as_it_is(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]
    ) -> None:
        made = harness.add(source, 3)
        first = read_from.changed(read_from.begin(LONG_AGO), limit=1)
        harness.pass_time(5)
        harness.change(source, made[0])
        found = list(first.records)
        cursor = first.cursor
        if first.more:
            rest, cursor = poll(read_from, cursor, 1)
            found += rest
        found += poll(read_from, cursor)[0]
        newest = {one.document.id: one.document for one in found}
        assert set(made) <= set(newest)
        assert newest[made[0]] == read_from.by_id([made[0]])[0].document

    def test_by_id_leaves_out_what_is_gone_and_what_is_no_id(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]
    ) -> None:
        made = harness.add(source, 2)
        gone = "00000000-0000-0000-0000-00000000dead"
        assert ids(read_from.by_id([made[1], gone, "", "no id'); --", made[0]])) == [made[1], made[0]]
        assert list(read_from.by_id([])) == []

    def test_when_it_was_entered_is_told_of_a_record(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]
    ) -> None:
        (made,) = harness.add(source)
        entered = read_from.entered(read_from.by_id([made])[0].record)
        assert entered is not None
        assert entered.tzinfo is not None

    def test_a_deletion_is_told_once(self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]) -> None:
        if read_from.deletions is None:
            pytest.skip(f"{harness.erp.system} does not tell of deleted {source}")
        kept, gone = harness.add(source, 2)
        before = read_from.deletions(None)
        harness.delete(source, gone)
        told = read_from.deletions(before.cursor)
        assert list(told.ids) == [gone]
        assert list(read_from.deletions(told.cursor).ids) == []
        assert ids(read_from.by_id([kept, gone])) == [kept]

    def test_a_poll_that_broke_off_loses_nothing(
        self, harness: ErpHarness, source: str, read_from: DocumentSource[Any]
    ) -> None:
        made = harness.add(source, 2)
        harness.fault(FaultKind.RESET_BEFORE, writing=False, count=50)
        with pytest.raises(TryAgain):
            poll(read_from, read_from.begin(LONG_AGO))
        harness.clear_faults()
        assert set(made) <= set(ids(poll(read_from, read_from.begin(LONG_AGO))[0]))

    # ------------------------------------------------------------------ planning

    def test_a_plan_is_the_same_each_time_and_says_what_it_is(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        """What is written again after a crash is what was written first; kinds tell the document from its company."""
        document, ours = harness.document(target), key()
        planned = list(written_to.plan(document, ours))
        assert planned == list(written_to.plan(document, ours))
        assert {one.kind for one in planned} & written_to.kinds
        assert all(position < at for at, one in enumerate(planned) for position in one.uses.values())
        assert all(one.ref for one in planned if one.shares), "what shares an outside id is told apart by its ref"
        assert all(len(one.target) <= 600 and len(one.kind) <= 60 for one in planned)

    def test_writes_in_steps_take_the_ids_of_those_before(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        """What is stored before a call is what is sent; all of it is found again."""
        document = harness.in_steps(target)
        if document is None:
            pytest.skip(f"{target} of {harness.erp.system}: no write uses an earlier one's id")
        planned = list(written_to.plan(document, key()))
        users = [at for at, one in enumerate(planned) if one.uses]
        assert users
        with pytest.raises(WeAreWrong):
            stored(harness, planned[users[0]], users[0], {})
        done = self._post(harness, planned)
        for at in users:
            operation, _ = done[at]
            assert all(done[position][1].outside_id in operation.payload for position in planned[at].uses.values())
        found = harness.erp.find_written([operation for operation, _ in done])
        assert {number: one.outside_id for number, one in found.items()} == {op.id: one.outside_id for op, one in done}

    # ------------------------------------------------------------------ writing

    def _post(self, harness: ErpHarness, planned: Sequence[PlannedOperation]) -> list[tuple[StoredOperation, Written]]:
        done: list[tuple[StoredOperation, Written]] = []
        known: dict[int, str] = {}
        for at, one in enumerate(planned):
            operation = stored(harness, one, at, known)
            written = harness.erp.write(operation)
            known[at] = written.outside_id
            done.append((operation, written))
        return done

    def test_it_is_written_once_and_found_by_our_key(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        document, before = harness.document(target), harness.records(target)
        done = self._post(harness, written_to.plan(document, key()))
        unsent = [stored(harness, one, 0, {}) for one in written_to.plan(harness.document(target), key())[:1]]
        assert harness.records(target) - before == (0 if written_to.repeatable else 1)
        found = harness.erp.find_written([*(operation for operation, _ in done), *unsent])
        assert {number: one.outside_id for number, one in found.items()} == {op.id: one.outside_id for op, one in done}
        copies = harness.erp.find_copies([operation for operation, _ in done])
        for operation, written in done:
            seen = {one.outside_id for one in copies.get(operation.id, ())}
            assert seen == (set() if written_to.repeatable else {written.outside_id})

    def test_a_write_that_may_be_repeated_leaves_one_record(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        if not written_to.repeatable:
            pytest.skip(f"{target} of {harness.erp.system} are not repeatable")
        (planned,) = written_to.plan(harness.document(target), key())
        operation = stored(harness, planned, 0, {})
        first, again = harness.erp.write(operation), harness.erp.write(replace(operation, attempts=2))
        assert first.outside_id == again.outside_id

    @pytest.mark.parametrize("kind", [*LOST, FaultKind.RESET_BEFORE])
    def test_after_a_lost_answer_the_look_up_tells_the_truth(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any], kind: FaultKind
    ) -> None:
        before = harness.records(target)
        planned = written_to.plan(harness.document(target), key())
        operation = stored(harness, planned[0], 0, {})
        break_the_write(harness, operation, kind)
        # Where an answer has no body, there is no half of one.
        with suppress(OutcomeUnknown) if kind is FaultKind.HALF_WRITTEN else pytest.raises(OutcomeUnknown):
            harness.erp.write(operation)
        found = harness.erp.find_written([operation])
        assert set(found) == ({operation.id} if kind in LOST else set())
        if planned[0].kind in written_to.kinds and not written_to.repeatable:
            assert harness.records(target) - before == len(found)

    def test_what_is_there_is_recognised_with_our_key(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        document, ours = harness.document(target), key()
        identity = harness.identity(target, document)
        if identity is None:
            pytest.skip(f"{target} of {harness.erp.system} recognise nothing that is there")
        unknown = Identity(identity.party_id, f"{identity.number}-0")
        assert list(written_to.existing([identity, unknown])) == []
        self._post(harness, written_to.plan(document, ours))
        (found,) = written_to.existing([identity, unknown])
        assert (found.identity, found.our_key) == (identity, ours)
        assert found.kind in written_to.kinds
        assert list(written_to.existing([])) == []

    # ------------------------------------------------------------------ refusals

    def test_a_refusal_is_typed_and_leaves_nothing(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        before = harness.records(target)
        planned = written_to.plan(harness.refused(target), key())
        with pytest.raises(RefusedBySystem) as refused:
            self._post(harness, planned)
        assert refused.value.message.strip()
        assert harness.records(target) == before

    @pytest.mark.parametrize("retry_after", ["1", None], ids=["told", "untold"])
    def test_too_many_calls_is_no_outcome(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any], retry_after: str | None
    ) -> None:
        """It is waited for, or told when to come again; and written once in the end."""
        before = harness.records(target)
        planned = written_to.plan(harness.document(target), key())[0]
        operation = stored(harness, planned, 0, {})
        break_the_write(harness, operation, FaultKind.STATUS, status=429, retry_after=retry_after)
        wait: float | None = 0.0
        try:
            harness.erp.write(operation)
        except TryAgain as error:
            wait = error.after_seconds
        assert wait is not None
        if wait:
            harness.pass_time(wait + 1)
            harness.erp.write(replace(operation, attempts=2))
        new = planned.kind in written_to.kinds and not written_to.repeatable
        assert harness.records(target) - before == int(new)

    def test_a_write_for_another_company_never_leaves(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any]
    ) -> None:
        before = harness.records(target)
        planned = stored(harness, written_to.plan(harness.document(target), key())[0], 0, {})
        with pytest.raises(WeAreWrong):
            harness.erp.write(harness.elsewhere(planned))
        assert harness.records(target) == before

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            (FaultKind.RESET_BEFORE, {}),
            (FaultKind.HTML, {}),
            *((FaultKind.STATUS, {"status": status}) for status in (400, 403, 500, 503)),
        ],
        ids=["reset", "html", "400", "403", "500", "503"],
    )
    def test_no_error_gives_away_a_secret_or_the_payload(
        self, harness: ErpHarness, target: str, written_to: DocumentTarget[Any], kind: FaultKind, more: dict[str, Any]
    ) -> None:
        """Also where the server quotes everything that it was sent."""
        planned = written_to.plan(harness.document(target), key())[0]
        operation = stored(harness, planned, 0, {})
        quoted = json.dumps({"message": " ".join(harness.secrets)})
        harness.fault(kind, writing=True, **({"body": quoted, **more} if more else {}))
        with pytest.raises(ConnectorError) as raised:
            harness.erp.write(operation)
        shown = f"{raised.value} {json.dumps(raised.value.data, default=str)}"
        assert not [secret for secret in harness.secrets if secret in shown]
        assert operation.payload not in shown
