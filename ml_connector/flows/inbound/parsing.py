"""Stored files become documents, and every received group gets its 997.

Small files are parsed many to a transaction. A large one is staged: its documents wait in `received` until the
interchange has ended and the partner's policy has spoken (edi-operations 10); a crash resumes after what is staged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, BinaryIO

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.common import changed
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    ReceivedSet,
    StrayText,
)
from ml_connector.errors import Reason, SenderMustCorrect, reason_detail
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.stored_files import opened
from ml_connector.flows.core.strangers import stopped_by_file, stopped_in_folder
from ml_connector.flows.inbound.envelope_policy import EnvelopeVerdict, judge_interchange
from ml_connector.flows.inbound.file_disposal import dispose_read
from ml_connector.flows.inbound.flat_documents import flat_document
from ml_connector.flows.inbound.format_detection import Begun
from ml_connector.flows.inbound.functional_acks import (
    answer_document,
    answer_interchange_document,
    interchange_answer_document,
)
from ml_connector.flows.inbound.readers import not_to_be_read, reader_for
from ml_connector.flows.inbound.readers.guarded import ReadingFailed, read_guarded
from ml_connector.flows.inbound.reparsing import read_again
from ml_connector.flows.inbound.x12_documents import (
    ParsedFile,
    ParsedGroup,
    ParsedInterchange,
    incomplete_file,
    set_document,
    stray_document,
    whole_rejection,
)
from ml_connector.flows.inbound.x12_documents import unreadable_document as unreadable
from ml_connector.layouts import ReadDocument
from ml_connector.ledger.exchange import envelopes, files, related
from ml_connector.ledger.exchange.files import FileRow, Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S

#: Around interchanges these are no text: line ends, blanks, NUL (as SUB) and the end-of-file mark of old systems.
BLANKS = " \t\r\n\x00\x1a\ufeff\xef\xbb\xbf"
#: Documents put into the ledger in one transaction.
CHUNK = 200


@dataclass
class _Batch:
    """Files parsed and not yet committed."""

    integration: Integration
    work: RunScope
    report: StepReport
    files: list[ParsedFile] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(len(file.pending) + len(file.flat) for file in self.files)


def parse(integration: Integration, work: RunScope) -> StepReport:
    """Parse every stored file, and those that stayed incomplete for too long."""
    report = StepReport("parse")
    read_again(integration, work, report)
    while not work.stopped():
        with integration.ledger.read() as tx:
            rows = files.in_state(tx, integration.name, "in", ("stored",), limit=100, partitions=work.partitions)
            if not rows:
                before = integration.clock.now() - timedelta(minutes=integration.folders.incomplete_minutes)
                rows = files.in_state(
                    tx,
                    integration.name,
                    "in",
                    ("incomplete",),
                    limit=100,
                    created_before=before,
                    partitions=work.partitions,
                )
        if not rows and work.more_to_come():
            continue
        if not rows:
            if work.feed is not None and not work.dry_run:
                # What was parsed is posted now; taking files away is done beside it.
                work.feed.nothing_more()
                dispose_read(integration, work, report)
            return report
        if work.dry_run:
            report.counts["would_parse"] += len(rows)
            return report
        batch = _Batch(integration, work, report)
        for row, staged, source in opened(integration, rows):
            _parse_file(batch, row, staged, source)
            if batch.size >= CHUNK:
                _commit(batch)
        _commit(batch)
    return report


def _parse_file(batch: _Batch, row: FileRow, staged: int, source: BinaryIO) -> None:
    begun = Begun(source)
    integration = batch.integration
    reader = reader_for(integration, row, begun.head)
    file = ParsedFile(row, reader, skip=staged, staged=staged > 0)
    batch.files.append(file)
    file.held = not_to_be_read(integration, row, reader, begun.head)
    if file.held is not None:
        file.ended = True
        return
    try:
        reading = read_guarded(reader, integration, row, begun)
        file.format = reading.format
        for item in reading.items:
            _take(batch, file, item)
            if batch.size >= CHUNK:
                file.staged = file.staged or not file.ended
                _commit(batch)
                batch.files.append(file)
        file.ended = True
    except ReadingFailed as failed:
        file.held, file.ended = failed.held, True
    except SenderMustCorrect as error:
        file.error = error
        file.ended = True
        stopped = stopped_in_folder(integration, row)
        if stopped is not None and not file.interchanges:
            file.held = stopped_by_file(stopped)


def _take(batch: _Batch, file: ParsedFile, item: Any) -> None:
    if isinstance(item, ReadDocument):
        file.sets += 1
        if file.sets > file.skip:
            file.flat.append(item)
    elif isinstance(item, InterchangeStart):
        verdict = judge_interchange(batch.integration, file.row, item, batch.seen)
        file.interchanges.append(ParsedInterchange(item, verdict, position=len(file.interchanges)))
    elif isinstance(item, GroupStart):
        interchange = file.interchanges[-1]
        group = ParsedGroup(item, interchange, position=len(interchange.groups))
        interchange.groups.append(group)
    elif isinstance(item, ReceivedSet):
        _take_set(file, item)
    elif isinstance(item, GroupEnd):
        file.interchanges[-1].groups[-1].end = item
    elif isinstance(item, InterchangeEnd):
        file.interchanges[-1].end = item
    elif isinstance(item, StrayText) and item.text.strip(BLANKS) and _behind_an_interchange(file):
        file.stray = file.stray or item


def _behind_an_interchange(file: ParsedFile) -> bool:
    """There it may be the rest of a document. Before the first ISA it is a mailbox's; inside, the findings tell it."""
    return bool(file.interchanges) and file.interchanges[-1].end is not None


def _take_set(file: ParsedFile, received: ReceivedSet) -> None:
    file.sets += 1
    group = file.interchanges[-1].groups[-1]
    group.bad += not received.accepted
    if file.sets <= file.skip:
        return
    file.pending.append((group, received))


def _commit(batch: _Batch) -> None:
    """Put everything parsed so far into the ledger, in one transaction."""
    if not batch.files:
        return
    with batch.integration.ledger.write() as tx:
        new: list[NewDocument] = []
        known = files.states_of(tx, [file.row.id for file in batch.files])
        # Another worker may have read a file since; what it stored stands.
        batch.files = [file for file in batch.files if known[file.row.id] == file.row.state]
        early = [file for file in batch.files if _waits_for_its_end(batch, file)]
        for file in early:
            files.set_state(tx, file.row.id, "incomplete")
            batch.report.counts["incomplete"] += 1
        batch.files = [file for file in batch.files if file not in early]
        _add_envelopes(batch, tx)
        for file in batch.files:
            new += _new_documents(batch, file)
        added = documents.add_documents(tx, new, batch.work)
        documents.move(tx, _repeat_moves(batch, added), batch.work)
        _end_files(batch, tx, [file for file in batch.files if file.ended])
    batch.files = []
    batch.work.hand_over()


def _add_envelopes(batch: _Batch, tx: Tx) -> None:
    integration = batch.integration
    all_ = [(file, interchange) for file in batch.files for interchange in file.interchanges]
    new = [(file, interchange) for file, interchange in all_ if not interchange.id]
    ids = envelopes.add_interchanges(tx, [interchange.new(integration, file.row) for file, interchange in new])
    for (_, interchange), key in zip(new, ids, strict=True):
        interchange.id = key
    groups = [(one, group) for _, one in all_ for group in one.groups if not group.id]
    ids = envelopes.add_groups(tx, [group.new(integration, interchange.id) for interchange, group in groups])
    for (_, group), key in zip(groups, ids, strict=True):
        group.id = key


def _new_documents(batch: _Batch, file: ParsedFile) -> list[NewDocument]:
    staged = file.staged or not file.ended
    new = [
        set_document(
            batch.integration,
            file.row,
            group,
            received,
            staged=staged,
            whole=_whole_is_bad(group),
            ended=file.ended,
        )
        for group, received in file.pending
    ]
    file.pending = []
    if file.format is not None:
        new += [flat_document(batch.integration, file.row, file.format, read, staged=staged) for read in file.flat]
        file.flat = []
    file.senders |= {document.partner for document in new if document.partner}
    for document in new:
        batch.report.add(
            _outcome(document),
            document.partition_date,
            document=document.number,
            partner=document.partner,
            file_id=file.row.id,
        )
    if file.held is not None:
        batch.report.add("held", None, document=file.row.name[:80], file_id=file.row.id, reason=str(file.held.reason))
        new.append(unreadable(batch.integration, file.row, file.held, reason=file.held.reason))
    elif file.error is not None and not file.interchanges:
        reason = file.reader.unreadable
        batch.report.add("held", None, document=file.row.name[:80], file_id=file.row.id, reason=str(reason))
        new.append(unreadable(batch.integration, file.row, file.error, reason=reason))
    if file.stray is not None and file.ended:
        batch.report.add("held", None, document=file.row.name[:80], file_id=file.row.id, reason=str(Reason.NOT_X12))
        new.append(stray_document(batch.integration, file.row, file.stray))
    if file.ended:
        new += [
            interchange_answer_document(batch.integration, file.row, interchange, answer)
            for interchange in file.interchanges
            if interchange.end is not None
            for answer in interchange.end.received
        ]
    return new


def _outcome(document: NewDocument) -> str:
    if document.state in {S.PARSED, S.RECEIVED}:
        return "parsed"
    return "held" if document.state is S.QUARANTINED else str(document.state)


def _whole_is_bad(group: ParsedGroup) -> bool:
    """Policy `whole`: any bad set rejects its interchange."""
    partner = group.interchange.verdict.partner
    if partner is None or partner.bad_part != "whole":
        return False
    return any(other.bad for other in group.interchange.groups)


def _repeat_moves(batch: _Batch, added: Sequence[documents.Added]) -> list[Move]:
    """A document whose business key is taken: the same content is a duplicate, other content waits for a person."""
    moves: list[Move] = []
    for one in added:
        if one.repeats is None:
            continue
        batch.report.counts["parsed"] -= 1
        if one.same_content:
            batch.report.counts["duplicate"] += 1
            moves.append(Move(one.id, S.DUPLICATE, "the same came before", {"of": one.repeats}))
            continue
        batch.report.counts["held"] += 1
        detail = reason_detail(
            f"Number {one.number} came before with other content.",
            "Ask the supplier which one counts; discard the other. A credit note needs a number of its own.",
            {"number": one.number, "earlier_document": one.repeats},
        )
        changes = {
            "reason": str(Reason.DUPLICATE_INVOICE_NUMBER),
            "reason_detail": detail,
            "held_step": str(S.PARSED),
        }
        moves.append(Move(one.id, S.QUARANTINED, "held", detail, changes=changes))
    return moves


def _waits_for_its_end(batch: _Batch, file: ParsedFile) -> bool:
    """A file whose IEA has not come is incomplete, not wrong, until it has stayed so for a while (edi-operations 1).

    So is one of which nothing has come yet, or hardly the beginning.
    """
    if not file.ended or file.held is not None or file.row.state != "stored":
        return False
    data = file.error.data if file.error is not None else {}
    begun = file.row.size == 0 or str(data.get("begins", "")).startswith("ISA") or data.get("unfinished", False)
    if not begun and all(one.complete for one in file.interchanges):
        return False
    until = file.row.created_at + timedelta(minutes=batch.integration.folders.incomplete_minutes)
    return batch.integration.clock.now() < until


def _end_files(batch: _Batch, tx: Tx, ended: Sequence[ParsedFile]) -> None:
    """The files' last transaction: staged documents go on, groups are answered, each file has its state."""
    answers: list[NewDocument] = []
    interchanges: list[envelopes.InterchangeEnd] = []
    groups: list[envelopes.GroupEnd] = []
    for file in ended:
        if file.staged:
            _unstage(batch, tx, file)
        for interchange in file.interchanges:
            interchanges.append(envelopes.InterchangeEnd(interchange.id, interchange.state, interchange.findings))
            for group in interchange.groups:
                groups.append(
                    envelopes.GroupEnd(group.id, group.announced, group.received, group.accepted, group.findings)
                )
                answer = _answer(group)
                if answer is not None:
                    answers.append(answer_document(batch.integration, file.row, group, answer))
            wanted = _interchange_answer(interchange)
            if wanted is not None:
                answers.append(answer_interchange_document(batch.integration, file.row, interchange, wanted))
    envelopes.end_interchanges(tx, interchanges)
    envelopes.end_groups(tx, groups)
    documents.add_documents(tx, answers, batch.work)
    rejected = {file.row.id for file in ended if (file.error or file.held) is not None and not file.interchanges}
    files.set_partner(
        tx, {one.row.id: min(one.senders) for one in ended if one.row.partner is None and len(one.senders) == 1}
    )
    files.set_states(tx, {file.row.id: "rejected" if file.row.id in rejected else "parsed" for file in ended})
    for file in ended:
        if file.says_nothing:
            files.set_state(tx, file.row.id, "parsed", documents=0)
    # One that never got its end stays in the folder: should its writer go on, it is read again.
    if batch.integration.folders.after_read != "leave":
        related.mark_removable(tx, [file.row.id for file in ended if file.row.state != "incomplete"])
    batch.report.counts["files"] += len(ended)


def _unstage(batch: _Batch, tx: Tx, file: ParsedFile) -> None:
    """What becomes of the staged documents, interchange by interchange, now that all of the file is known."""
    by_id = {interchange.id: interchange for interchange in file.interchanges}
    for rows in documents.of_file_in_state(tx, file.row.id, S.RECEIVED, size=CHUNK):
        documents.move(tx, [_unstaged(row, by_id.get(row.interchange_id or 0)) for row in rows], batch.work)


def _unstaged(row: documents.DocumentRow, interchange: ParsedInterchange | None) -> Move:
    if interchange is None:
        return Move(row.id, S.PARSED, "file complete")
    if any(_whole_is_bad(group) for group in interchange.groups):
        rejected = whole_rejection()
        rejection = {"reason": str(rejected.reason), "reason_detail": rejected.detail}
        return Move(row.id, S.REJECTED, "rejected", changes=rejection)
    if interchange.complete:
        return Move(row.id, S.PARSED, "interchange complete")
    held = incomplete_file()
    # Without its key: should the file come whole, its documents are the ones that count.
    changes: dict[str, Any] = {"reason": str(held.reason), "reason_detail": held.detail}
    changes |= {"held_step": str(S.PARSED), "business_key": None}
    return Move(row.id, S.QUARANTINED, "held", held.detail, changes=changes)


def _answer(group: ParsedGroup) -> FunctionalAcknowledgment | None:
    """The 997 of a group: none for acknowledgments, strangers, repeats, or where the partner wants none."""
    verdict: EnvelopeVerdict = group.interchange.verdict
    if group.end is None or verdict.partner is None or verdict.repeated:
        return None
    if not verdict.partner.acknowledgments.send:
        return None
    answer = group.end.acknowledgment
    if answer is None or not _whole_is_bad(group):
        return answer
    sets = tuple(changed(s, code="R") for s in answer.sets)
    return changed(answer, code="R", sets=sets, sets_accepted=0)


def _interchange_answer(interchange: ParsedInterchange) -> InterchangeAcknowledgment | None:
    """The TA1 that ISA14 asked for; a repeated control number is refused by note 025 (edi-operations 5 and 8)."""
    if interchange.verdict.partner is None or interchange.end is None or not interchange.complete:
        return None
    answer = interchange.end.acknowledgment
    if answer is not None and interchange.verdict.repeated:
        return changed(answer, code="R", note="025")
    return answer
