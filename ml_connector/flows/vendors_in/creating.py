"""Vendors are created at the ERP, exactly once: right before it, the vendors are read again and compared once more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import NeedsCorrection, Reason, WeAreWrong
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import NEW_VENDORS, PlannedOperation, Written, target_of
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.flows.vendors_in.book import Older, key_of, open_book, read_proposal
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.flows.vendors_in.deciding import decide
from ml_connector.flows.vendors_in.proposals import FLOW, linked_before, linking
from ml_connector.flows.vendors_in.settings import VendorsIn
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S

#: What may be mended once a vendor is there.
WAKES = frozenset({Reason.UNKNOWN_SUPPLIER, Reason.VENDOR_PROPOSED_TWICE, Reason.VENDOR_CANDIDATES})
#: Where it stands in `Written.detail` which code the ERP gave a vendor that it knows by another id.
CODE = "vendor"


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    new = Decided.read(row.work).new
    if new is None:
        raise WeAreWrong(f"Document {row.id} is to be created, and says no vendor.")
    return list(target_of(integration.erp, NEW_VENDORS).plan(new, operation_key(row)))


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    sync_table(integration.ledger, integration.erp, ReferenceTable.VENDORS)
    book = open_book(integration)
    linked, older = linked_before(integration, rows), Older(integration, book)
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in sorted(rows, key=lambda one: one.id):
        here = older.than(row, ())
        with integration.ledger.read() as tx:
            begun = bool(operations.outside_ids(tx, [row.id]))
        if begun:
            prepared[row.id] = Prepared(_plan(integration, row))  # once begun it is finished
            continue
        said, settings = Decided.read(row.work), integration.settings.flows.of(VendorsIn)
        if said.word != "create":
            # Whoever switched it off meanwhile is heard before the next one, not for what was decided.
            settings = settings.model_copy(update={"unknown": "create"})
        ask = partial(decide, read_proposal(row), key_of(row.id), replace(said, new=None), here, settings)
        decided = attempt(partial(ask, linked.get(row.id, "")))
        if isinstance(decided, NeedsCorrection):
            prepared[row.id] = decided
        elif decided.new is None:
            prepared[row.id] = Prepared(moves=[linking(row, decided, report, {"work": decided.text()})])
        else:
            planned = row.having(work=decided.text())
            prepared[row.id] = Prepared(_plan(integration, planned), changes={"work": planned.work})
    return prepared


def _after_write(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> Sequence[Move]:
    """Which vendor it is by now stands with the proposal, for whatever the sender says of it next."""
    del tx
    if operation.position and CODE not in written.detail:
        return ()  # what belongs to a vendor that was written before
    code = str(written.detail.get(CODE) or written.outside_id).strip()
    decided = replace(
        Decided.read(row.work), vendor=code, vendor_id=written.outside_id, created=True, why="created", new=None
    )
    return [Move(row.id, None, f"vendor {code} created", {"vendor": code}, {"work": decided.text()}, release=False)]


VENDORS = PostableKind(FLOW, _plan, _prepare, ready=S.MATCHED, done=S.APPLIED, after_write=_after_write, wakes=WAKES)


def create(integration: Integration, work: RunScope) -> StepReport:
    """Create the vendors that are to be created, exactly once; settle what an earlier run left open."""
    return post(integration, work, VENDORS)
