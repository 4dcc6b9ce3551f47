"""What the cases of the ERP contract do with an ERP: operations as the ledger has them, polls to their end."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ml_connector.flows.core.ports import (
    DocumentSource,
    PlannedOperation,
    SourceRecord,
    StoredOperation,
)
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.contracts.erp_harness import ErpHarness

_numbers = itertools.count(1)
#: Nothing stands in the books from before.
LONG_AGO = date(2020, 1, 1)
#: The write was done, and its answer did not come whole.
LOST = (FaultKind.RESET_AFTER, FaultKind.HALF_WRITTEN)
#: Seconds after which a client asks anew for what it keeps in mind.
FORGOTTEN = 3600.0


def key() -> str:
    """One as documents have it."""
    return f"mlc-{next(_numbers):020x}"


def stored(erp_harness: ErpHarness, planned: PlannedOperation, position: int, ids: dict[int, str]) -> StoredOperation:
    """An operation as the ledger hands it out for its call, filled."""
    number = next(_numbers)
    operation = StoredOperation(
        id=number,
        document_id=number,
        position=position,
        kind=planned.kind,
        key=f"key-{number}/{position}",
        target=planned.target,
        payload=planned.payload,
        attempts=1,
        first_attempt_at=None,
        last_attempt_at=None,
        looked=0,
        state="in_flight",
        uses=planned.uses,
        ref=planned.ref,
    )
    return replace(operation, payload=erp_harness.erp.fill(operation, ids))


def break_the_write(erp_harness: ErpHarness, operation: StoredOperation, kind: FaultKind, **more: Any) -> None:
    """This write meets a fault: no log-in does, nor what has to be asked before it, by whatever method."""
    erp_harness.pass_time(FORGOTTEN)
    assert erp_harness.erp.find_written([operation]) == {}  # a token that has run out would be refused in its place
    erp_harness.fault(kind, writing=True, **more)


def poll(source: DocumentSource[Any], cursor: str | None, limit: int = 600) -> tuple[list[SourceRecord[Any]], str]:
    """All that a poll brings, and where the next one begins."""
    found: list[SourceRecord[Any]] = []
    more = True
    while more:
        batch = source.changed(cursor, limit=limit)
        found += batch.records
        cursor, more = batch.cursor, batch.more
    assert cursor is not None
    return found, cursor


def ids(records: Sequence[SourceRecord[Any]]) -> list[str]:
    return [one.document.id for one in records]
