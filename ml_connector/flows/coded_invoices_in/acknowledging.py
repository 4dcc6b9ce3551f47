"""A batch is acknowledged once all of it is posted or held (avidxchange 7), and what was taken out of it is shown.

The acknowledgement names the batch, not the reading of it: the network is asked once more just before whether the batch
was closed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.errors import ConnectorError, Reason, WeAreWrong, reason_detail
from ml_connector.flows.coded_invoices_in import spec
from ml_connector.flows.coded_invoices_in.settings import CodedInvoicesIn
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import AcknowledgesFiles
from ml_connector.flows.inbound.polling import channels_of
from ml_connector.ledger.exchange import files, related, remote_listing
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.work.states import FINISHED
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
#: Of a document that nothing more is done with by itself.
_SETTLED = FINISHED | {S.QUARANTINED}
_READ = frozenset({"parsed", "repeated"})
_BEGUN = frozenset({S.CODED, S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME})


@dataclass(frozen=True)
class _Reading:
    """One reading of a batch, and what came of it."""

    file: FileRow
    rows: Sequence[DocumentRow]

    @property
    def settled(self) -> bool:
        return self.file.state in _READ and all(row.state in _SETTLED for row in self.rows)


def acknowledge(integration: Integration, work: RunScope) -> StepReport:
    """Acknowledge the batches that are done; show what was taken out of one after it was booked."""
    report = StepReport("acknowledge batches")
    network = integration.network
    if work.replay or work.dry_run or not isinstance(network, AcknowledgesFiles):
        return report
    for channel in channels_of(integration):
        if work.stopped():
            break
        names = _unacknowledged(integration, channel.name)
        if not names:
            continue
        listed = set(network.waiting(channel.name))
        for reading in _readings(integration, channel.name, [one for one in names if one in listed]):
            _show_removed(integration, work, channel.name, reading, report)
            if reading.settled and integration.settings.flows.of(CodedInvoicesIn).acknowledge:
                _tell(integration, network, channel.name, reading, report)
    return report


def _unacknowledged(integration: Integration, channel: str) -> list[str]:
    """Files of the folder that were read lately and not acknowledged, by the network's name."""
    with integration.ledger.read() as tx:
        rows = files.in_state(tx, integration.name, "in", sorted(_READ), limit=5000)
    return [row.remote_id or "" for row in rows if row.channel == channel and "acknowledged" not in row.detail]


def _readings(integration: Integration, channel: str, names: Sequence[str]) -> list[_Reading]:
    with integration.ledger.read() as tx:
        found = files.by_remote_ids(tx, integration.network.connection, channel, names)
        return [_Reading(one, related.documents_of_file(tx, one.id)) for one in found]


def _tell(
    integration: Integration, network: AcknowledgesFiles, channel: str, reading: _Reading, report: StepReport
) -> None:
    name = reading.file.remote_id or ""
    try:
        told = network.acknowledge(channel, name, reading.file.created_at, integration.clock.now())
    except WeAreWrong:
        raise
    except ConnectorError as error:
        report.add("not_acknowledged", reading.file.partition_date, document=name, reason=error.message[:200])
        report.notes.append(str(error))
        return
    if not told:
        report.add("closed_again", reading.file.partition_date, document=name)
        return
    report.add("acknowledged", reading.file.partition_date, document=name, invoices=len(reading.rows))
    with integration.ledger.write() as tx:
        at = integration.clock.now().isoformat()
        files.set_state(tx, reading.file.id, reading.file.state, acknowledged=at)
        if network.takes_away_what_was_acknowledged:
            remote_listing.mark_taken_away(tx, integration.network.connection, channel, {name: reading.file.id})


def _show_removed(
    integration: Integration, work: RunScope, channel: str, reading: _Reading, report: StepReport
) -> None:
    """Invoices of the reading before that this one does not have: booked ones are shown, others are given up."""
    name = reading.file.remote_id or ""
    batch = name.partition("@")[0]
    with integration.ledger.read() as tx:
        earlier = [
            one
            for one in files.of_remote_beginning(tx, integration.network.connection, channel, f"{batch}@")
            if one.id < reading.file.id and one.state in _READ
        ]
        before = related.documents_of_file(tx, earlier[-1].id) if earlier else []
    now = {row.source_id for row in reading.rows}
    gone = [row for row in before if row.source_id and row.source_id not in now and row.kind is DocumentKind.PAYABLE]
    if not gone:
        return
    new = [_shown(integration, row, name) for row in gone if _stands(row)]
    moves = [
        Move(
            row.id,
            S.DISCARDED,
            "taken out of its batch at the network",
            {"batch": batch},
            changes={"reason": "withdrawn"},
        )
        for row in gone
        if row.state in {S.PARSED, S.QUARANTINED, S.MATCHED}
    ]
    with integration.ledger.write() as tx:
        added = documents.add_documents(tx, new, work)
        documents.move(tx, moves, work)
    for each in added:
        if each.repeats is None:
            report.counts["removed_after_posting"] += 1


def _stands(row: DocumentRow) -> bool:
    """Whether the invoice is booked, or about to be: by this document or by the one that stands for it."""
    return row.state in _BEGUN or row.state is S.DUPLICATE


def _shown(integration: Integration, row: DocumentRow, reading: str) -> NewDocument:
    message = f"Invoice {row.number} was taken out of its batch at the network after it was booked (document {row.id})."
    remedy = "Find out why: delete or credit its entry in the ERP if it is not to be paid, then discard this."
    return NewDocument(
        kind=DocumentKind.PAYABLE,
        direction=Direction.IN,
        flow=FLOW,
        **integration.scope,
        **integration.party(row.partner),
        number=row.number,
        business_key=f"{row.business_key or row.id}|removed|{reading}"[:400],
        business_date=row.business_date,
        currency=row.currency,
        amount=row.amount,
        state=S.QUARANTINED,
        reason=str(Reason.REMOVED_AFTER_POSTING),
        reason_detail=reason_detail(message, remedy, {"booked": row.id, "reading": reading}),
        held_step=str(S.PARSED),
        canonical="",
        parent_id=row.id,
        action="held",
    )
