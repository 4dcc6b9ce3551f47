"""Finds what was written twice all the same, and says so: event, alert and `ledger verify` name both records.

A worker that is stopped between its last proof and the socket writes when it goes on, whoever has taken up its work
meanwhile. Nothing on our side can rule that out; the other side shows it, and every write is looked up there once more.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ml_connector.errors import ConnectorError, NotPossibleError
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Writer, Written
from ml_connector.flows.core.ports.network import HasRecords
from ml_connector.flows.core.repeating import may_be_repeated
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work import attempts, copies, documents, operations
from ml_connector.ledger.work.copies import Copies
from ml_connector.ledger.work.documents import Actor, DocumentRow
from ml_connector.ledger.work.operation_rows import StoredOperation

#: Writes looked up together.
BATCH = 200
#: A run that posts looks up what is due when so many are, or when one has been due for so long: calls are counted.
ENOUGH, LATE = 50, timedelta(minutes=10)
#: What stands twice is looked at again so often: the alert closes when a person has taken one away.
AGAIN = timedelta(hours=1)


def confirm(integration: Integration, work: RunScope, *, all_due: bool = True) -> StepReport:
    """Look up once more what was written some time ago, in batches, and tell what stands twice.

    all_due: also a few. Otherwise only when it is worth a call.
    """
    report = StepReport("confirm")
    if work.dry_run:
        return report
    _confirm_posts(integration, work, report, integration.erp, all_due=all_due)
    if isinstance(integration.network, HasRecords):
        _confirm_posts(integration, work, report, integration.network.records, all_due=all_due)
    _confirm_uploads(integration, work, report, all_due=all_due)
    return report


def confirm_some(integration: Integration, work: RunScope, report: StepReport) -> None:
    """As `confirm`, beside other work: what goes wrong is told and tried again by the next run."""
    try:
        report.merge(confirm(integration, work, all_due=False))
    except ConnectorError as error:
        report.notes.append(f"What was written is looked up once more later: {error.message}")


def _confirm_posts(
    integration: Integration, work: RunScope, report: StepReport, writer: Writer, *, all_due: bool
) -> None:
    connection, company = writer.connection, integration.erp.company
    while not work.stopped():
        with integration.ledger.read() as tx:
            due = copies.due(tx, connection, company, copies.IS_NO_UPLOAD, limit=BATCH)
            worth = all_due or _worth_it(tx, due, integration)
        if not due or not worth:
            return
        seen = writer.find_copies(due)
        found = {op.id: [_shown(one) for one in seen.get(op.id, ())] for op in due}
        _record(integration, work, report, due, found, forget=True)


def _confirm_uploads(integration: Integration, work: RunScope, report: StepReport, *, all_due: bool) -> None:
    """Folders hold what was not taken yet: one listing a folder tells what lies there twice."""
    connection, company = integration.network.connection, integration.erp.company
    while not work.stopped():
        with integration.ledger.read() as tx:
            due = copies.due(tx, connection, company, copies.IS_UPLOAD, limit=BATCH)
            worth = all_due or _worth_it(tx, due, integration)
            harmless = may_lie_twice(integration, tx, due)
        if not due or not worth:
            return
        by_channel: dict[str, dict[str, int]] = defaultdict(dict)
        for op in due:
            if op.id in harmless:
                continue
            plan = json.loads(op.payload)
            by_channel[plan["channel"]][plan["name"]] = op.id
        found: dict[int, list[dict[str, Any]]] = {}
        for channel, names in by_channel.items():
            for name, files in integration.network.copies(channel, list(names)).items():
                found[names[name]] = [{"id": one.remote_id, "name": one.name} for one in files]
        _record(integration, work, report, due, found, forget=False)


def may_lie_twice(integration: Integration, tx: Tx, uploads: Sequence[StoredOperation]) -> set[int]:
    """Those of these uploads that are repeated where their outcome is unknown: twice is no harm, and no news."""
    rows = {row.id: row for row in documents.get_many(tx, [op.document_id for op in uploads])}
    return {op.id for op in uploads if op.document_id in rows and may_be_repeated(integration, rows[op.document_id])}


def _worth_it(tx: Tx, due: Sequence[StoredOperation], integration: Integration) -> bool:
    if len(due) >= ENOUGH:
        return True
    oldest = copies.oldest_due(tx, [op.id for op in due]) if due else None
    return oldest is not None and integration.clock.now() - oldest >= LATE


def _shown(written: Written) -> dict[str, Any]:
    facts = {name: written.detail[name] for name in ("entry_number", "receipt_number") if name in written.detail}
    return {"id": written.outside_id, **facts}


def _record(
    integration: Integration,
    work: RunScope,
    report: StepReport,
    due: Sequence[StoredOperation],
    found: Mapping[int, Copies],
    *,
    forget: bool,
) -> None:
    """Keep what was seen. forget: seen once means that the second is gone; folders are emptied anyway."""
    again = integration.clock.now() + AGAIN
    with integration.ledger.write() as tx:
        known = copies.of(tx, [op.id for op in due])
        copies.confirm(tx, [op.id for op in due])
        for op in due:
            seen = found.get(op.id, ())
            if len({one["id"] for one in seen}) > 1:
                mark(tx, op, [*known.get(op.id, ()), *seen] if not forget else seen, known.get(op.id), work, again)
                report.counts["written_twice"] += 1
            elif op.id in known and forget:
                copies.note(tx, op.id, None, look_again=None)
                detail = {"write": op.kind, "left": [one["id"] for one in seen]}
                documents.note(tx, op.document_id, "stands once again", detail, _by(work))
    report.counts["confirmed"] += len(due)


def mark(tx: Tx, op: StoredOperation, seen: Copies, known: Copies | None, work: RunScope, again: datetime) -> None:
    """Keep that a write stands more than once, with an event where that is news."""
    unique = list({str(one["id"]): one for one in seen}.values())
    copies.note(tx, op.id, unique, look_again=again)
    if {one["id"] for one in unique} != {one["id"] for one in known or ()}:
        detail = {"write": op.kind, "key": op.key, "records": unique}
        documents.note(tx, op.document_id, "written twice", detail, _by(work))


def note_late(
    tx: Tx, late: Sequence[tuple[StoredOperation, Written]], work: RunScope, *, harmless: Collection[int] = ()
) -> None:
    """Answers to calls of ours that another worker has taken up meanwhile: noted, and compared with what it did.

    harmless: writes that may be there twice.
    """
    if not late:
        return
    present = attempts.present(tx, [op.id for op, _ in late])
    known = copies.of(tx, [op.id for op, _ in late])
    for op, written in late:
        detail = {"write": op.kind, "id": written.outside_id}
        documents.note(tx, op.document_id, "answered after the lease was lost", detail, _by(work))
        row = present.get(op.id)
        if (
            op.id not in harmless
            and row is not None
            and row.state == "done"
            and row.outside_id not in (None, "", written.outside_id)
        ):
            both = [*known.get(op.id, ()), {"id": row.outside_id}, _shown(written)]
            mark(tx, op, both, known.get(op.id), work, now(tx) + AGAIN)


def one_left(integration: Integration, work: RunScope, row: DocumentRow, why: str) -> None:
    """A person's word: of a file of ours that its partner had twice, one is gone or does not count.

    Raises:
        NotPossibleError: nothing of the document stands twice, or the ERP itself tells when one is gone.
    """
    with integration.ledger.write() as tx:
        together = related.documents_of_file(tx, row.file_id) if row.file_id is not None else [row]
        writes = {op.id: op for op in operations.of_documents(tx, [one.id for one in (row, *together)])}
        known = copies.of(tx, list(writes))
        if not known:
            raise NotPossibleError(
                f"Nothing of document {row.id} ({row.number}) stands twice.", remedy="Nothing to settle."
            )
        if any(writes[number].kind != "upload" for number in known):
            raise NotPossibleError(
                f"Document {row.id} ({row.number}) is looked up in the ERP; nobody has to settle it.",
                remedy="Void one of the two there: it is seen within the hour.",
            )
        for number, records in known.items():
            copies.note(tx, number, None, look_again=None)
            detail = {"write": "upload", "records": [one["id"] for one in records], "why": why}
            documents.note(tx, writes[number].document_id, "settled by a person: it counts once", detail, _by(work))


def _by(work: RunScope) -> Actor:
    """Without a holder: the document may be in other hands, whose work this does not touch."""
    return Actor(work.actor, work.run_id, work.asset)
