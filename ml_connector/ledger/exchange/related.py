"""Rows that belong together: the documents of a file, group or interchange, their uploads, and a file's own course."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import Reason
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange import files
from ml_connector.ledger.tables.documents import document, file, interchange, operation
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.operations import OPEN, of_documents
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.ledger.work.states import DocumentState
from ml_connector.ledger.work.transitions import chunks

_d = document.c
_f = file.c


def _documents(tx: Tx, which: sa.ColumnElement[bool]) -> list[DocumentRow]:
    query = sa.select(*DOCUMENT_COLUMNS).where(which).order_by(_d.id)
    return [document_row(row) for row in tx.execute(query)]


def documents_of_file(tx: Tx, file_id: int) -> list[DocumentRow]:
    """All documents that came or leave in a file."""
    return _documents(tx, _d.file_id == file_id)


def documents_of_group(tx: Tx, group_id: int) -> list[DocumentRow]:
    """The documents of a functional group, in their order."""
    return _documents(tx, _d.group_id == group_id)


def documents_of_interchange(tx: Tx, interchange_id: int) -> list[DocumentRow]:
    """The documents of an interchange, in their order."""
    its_file = sa.select(interchange.c.file_id).where(interchange.c.id == interchange_id).scalar_subquery()
    return _documents(tx, sa.and_(_d.file_id == its_file, _d.interchange_id == interchange_id))


def documents_of_upload(tx: Tx, upload: StoredOperation) -> list[DocumentRow]:
    """The documents that leave in the same file as the one that carries the upload."""
    carried = sa.select(_d.file_id).where(_d.id == upload.document_id).scalar_subquery()
    return _documents(tx, _d.file_id == carried)


def answers_in(tx: Tx, order_ids: Sequence[int], states: Sequence[DocumentState]) -> dict[int, int]:
    """Suppliers' answers to these orders that are in one of these states: order by answer."""
    found: dict[int, int] = {}
    wanted = [state.value for state in states]
    for part in chunks(sorted(set(order_ids))):
        query = sa.select(_d.id, _d.parent_id).where(
            _d.parent_id.in_(part), _d.direction == Direction.IN.value, unindexed(_d.state).in_(wanted)
        )
        found.update((answer, order) for answer, order in tx.execute(query))
    return found


def answers_to(tx: Tx, order_ids: Sequence[int], flow: str) -> list[DocumentRow]:
    """What came of a flow and was recorded against these orders, by rising id."""
    found: list[DocumentRow] = []
    for part in chunks(sorted(set(order_ids))):
        found += _documents(
            tx,
            sa.and_(_d.parent_id.in_(part), _d.direction == Direction.IN.value, unindexed(_d.flow) == flow),
        )
    return sorted(found, key=lambda row: row.id)


def with_written_answers(tx: Tx, order_ids: Sequence[int]) -> set[int]:
    """Those of these orders to which something of an answer was written in the ERP."""
    found: set[int] = set()
    for part in chunks(sorted(set(order_ids))):
        query = (
            sa.select(_d.parent_id)
            .join(operation, operation.c.document_id == _d.id)
            .where(_d.parent_id.in_(part), _d.direction == Direction.IN.value, operation.c.state == "done")
        )
        found.update(tx.execute(query).scalars())
    return found


def of_rejected_files(tx: Tx, integration: str, flow: str, reasons: Sequence[str]) -> list[DocumentRow]:
    """Held documents that stand for files of which nothing could be read."""
    query = (
        sa.select(*DOCUMENT_COLUMNS)
        .join(file, _f.id == _d.file_id)
        .where(
            _d.state == DocumentState.QUARANTINED.value,
            _d.integration == integration,
            _d.flow == flow,
            _d.reason.in_(list(reasons)),
            unindexed(_f.state) == "rejected",
            _f.pruned_at.is_(None),
        )
        .order_by(_d.id)
        .limit(1000)
    )
    return [document_row(row) for row in tx.execute(query)]


def held_of_files(
    tx: Tx, connection: str, channel: str, remote_ids: Sequence[str], reasons: Sequence[str]
) -> list[DocumentRow]:
    """Documents held for these reasons of files that came under these names of the network's."""
    found: list[DocumentRow] = []
    for part in chunks(list(remote_ids)):
        query = (
            sa.select(*DOCUMENT_COLUMNS)
            .join(file, _f.id == _d.file_id)
            .where(
                _f.connection == connection,
                _f.channel == channel,
                _f.direction == "in",
                _f.remote_id.in_(part),
                unindexed(_d.state) == DocumentState.QUARANTINED.value,
                unindexed(_d.reason).in_(list(reasons)),
            )
        )
        found += [document_row(row) for row in tx.execute(query.order_by(_d.id))]
    return found


def documents_due(
    tx: Tx, integration: str, state: DocumentState, at: datetime, *, partner: str | None = None, limit: int = 500
) -> list[DocumentRow]:
    """Documents of a state (to a partner) whose answer is due at that moment, the longest due first."""
    query = sa.select(*DOCUMENT_COLUMNS).where(
        _d.due_at <= at, unindexed(_d.state) == state.value, unindexed(_d.integration) == integration
    )
    if partner is not None:
        query = query.where(unindexed(_d.partner) == partner)
    return [document_row(row) for row in tx.execute(query.order_by(_d.due_at).limit(limit))]


def orders_in_doubt(tx: Tx, books: Books) -> list[DocumentRow]:
    """Orders of a company of which nobody knows whether they arrived."""
    return _documents(
        tx,
        sa.and_(
            _d.state.in_([DocumentState.QUARANTINED.value, DocumentState.UNKNOWN_OUTCOME.value]),
            _d.reason.in_([str(one) for one in (Reason.MAY_HAVE_LEFT, Reason.OUTCOME_UNKNOWN, Reason.ANSWER_AWAITED)]),
            _d.direction == Direction.OUT.value,
            _d.system == books.system,
            _d.company == books.company,
        ),
    )


def naming_orders(tx: Tx, books: Books, numbers: Sequence[str]) -> list[DocumentRow]:
    """Invoices and ship notices for orders of a company that were not rejected, the oldest first."""
    found: list[DocumentRow] = []
    for part in chunks(sorted(set(numbers))):
        found += _documents(
            tx,
            sa.and_(
                _d.order_number.in_(part),
                _d.kind.in_([DocumentKind.INVOICE.value, DocumentKind.SHIP_NOTICE.value]),
                unindexed(_d.direction) == Direction.IN.value,
                unindexed(_d.state) != DocumentState.REJECTED.value,
                _d.system == books.system,
                _d.company == books.company,
            ),
        )
    return found


def open_uploads(tx: Tx, file_ids: Sequence[int]) -> list[StoredOperation]:
    """Uploads of these files that are planned, in flight or of unknown outcome, by rising id."""
    carriers: list[int] = []
    for part in chunks(sorted(set(file_ids))):
        query = (
            sa.select(operation.c.document_id)
            .join(document, _d.id == operation.c.document_id)
            .where(_d.file_id.in_(part), operation.c.kind == "upload", operation.c.state.in_(("planned", *OPEN)))
        )
        carriers += tx.execute(query).scalars()
    found = of_documents(tx, sorted(set(carriers)))
    return [one for one in found if one.kind == "upload" and one.state in ("planned", *OPEN)]


def done_uploads(tx: Tx, file_ids: Sequence[int]) -> dict[int, StoredOperation]:
    """The uploads of these files that are done, by file.

    A document that goes again, for its partner refused it, has another upload: that of before says nothing of this one.
    """
    file_of: dict[int, int] = {}
    for part in chunks(sorted(set(file_ids))):
        query = (
            sa.select(_d.id, _d.file_id)
            .join(operation, operation.c.document_id == _d.id)
            .where(_d.file_id.in_(part), operation.c.kind == "upload", operation.c.state == "done")
        )
        file_of.update({row.id: row.file_id for row in tx.execute(query)})
    newest = {one.document_id: one for one in of_documents(tx, sorted(file_of)) if one.kind == "upload"}
    return {file_of[key]: one for key, one in newest.items() if one.state == "done"}


def confirm_uploads(tx: Tx, file_id: int | None, because: str) -> int:
    """An answer of the partner proves that an upload arrived, also one that was about to go again; how many did."""
    if file_id is None:
        return 0
    carriers = sa.select(_d.id).where(_d.file_id == file_id)
    statement = (
        sa.update(operation)
        .where(
            operation.c.document_id.in_(carriers),
            operation.c.kind == "upload",
            sa.or_(operation.c.state.in_(OPEN), sa.and_(operation.c.state == "planned", operation.c.attempts > 0)),
        )
        .values(state="done", outcome={"confirmed": because}, finished_at=now(tx), not_before=None)
        .returning(operation.c.id)
    )
    confirmed = list(tx.execute(statement).scalars())
    if confirmed:
        sent = sa.select(_f.id).where(_f.id == file_id, _f.direction == "out")
        files.set_states(tx, dict.fromkeys(tx.execute(sent).scalars(), "sent"))
        seals.note(tx, "operation", confirmed)
    return len(confirmed)


def wake_held(tx: Tx, connection: str, company: str, reasons: Sequence[str]) -> int:
    """Documents held for these reasons are due now; how many. Those that only a person can mend are left alone."""
    statement = (
        sa.update(document)
        .where(
            _d.connection == connection,
            _d.company == company,
            _d.state == DocumentState.QUARANTINED.value,
            _d.reason.in_(list(reasons)),
            _d.next_attempt_at > now(tx),
        )
        .values(next_attempt_at=now(tx))
    )
    return int(tx.execute(statement).rowcount)


def wake_all(tx: Tx, integration: str, *, without: Sequence[str]) -> int:
    """Held documents of an integration are due now, but for those held for these reasons; how many."""
    statement = (
        sa.update(document)
        .where(
            _d.integration == integration,
            _d.state == DocumentState.QUARANTINED.value,
            _d.reason.not_in(list(without)),
            sa.or_(_d.next_attempt_at.is_(None), _d.next_attempt_at > now(tx)),
        )
        .values(next_attempt_at=now(tx))
    )
    return int(tx.execute(statement).rowcount)


def wake_reason(tx: Tx, reason: str) -> int:
    """Documents held for this reason are due now, wherever they are; how many."""
    held = sa.and_(_d.state == DocumentState.QUARANTINED.value, _d.reason == str(reason))
    return int(tx.execute(sa.update(document).where(held).values(next_attempt_at=now(tx))).rowcount)


def mark_removable(tx: Tx, file_ids: Sequence[int]) -> None:
    """The network may take these files away now, and repeats of them: they are kept here and were whole."""
    for part in chunks(list(file_ids)):
        statement = sa.update(file).where(_f.direction == "in", _f.removal == "left").values(removal="pending")
        statement = statement.returning(_f.id)
        seals.note(tx, "file", tx.execute(statement.where(_f.id.in_(part))).scalars())
        repeats = _repeats_of(tx, part)
        if repeats:
            seals.note(tx, "file", tx.execute(statement.where(_f.id.in_(repeats))).scalars())


def _repeats_of(tx: Tx, file_ids: Sequence[int]) -> list[int]:
    """Files of the same folders that had the same bytes as one of these."""
    place = (_f.connection, _f.channel, _f.sha256)
    read = {tuple(row) for row in tx.execute(sa.select(*place).where(_f.id.in_(file_ids)))}
    hashes = sorted({sha256 for _, _, sha256 in read})
    query = sa.select(_f.id, *place).where(_f.sha256.in_(hashes), unindexed(_f.state) == "repeated")
    return [key for key, *where in tx.execute(query) if tuple(where) in read]


def incomplete_of(tx: Tx, connection: str, channel: str, remote_ids: Sequence[str]) -> set[str]:
    """Those of these remote files of which only a part was read so far."""
    found: set[str] = set()
    for part in chunks(list(remote_ids)):
        query = sa.select(_f.remote_id).where(
            _f.connection == connection,
            _f.channel == channel,
            _f.direction == "in",
            _f.remote_id.in_(part),
            _f.state == "incomplete",
        )
        found.update(name for name in tx.execute(query).scalars() if name is not None)
    return found


def supersede_incomplete(tx: Tx, connection: str, channel: str, remote_id: str, sha256: str) -> list[int]:
    """A file that was fetched before its end came is fetched again, grown: the earlier part counts no longer.

    Returns the files that are superseded. The same bytes again supersede nothing.
    """
    query = sa.select(_f.id).where(
        _f.connection == connection,
        _f.channel == channel,
        _f.direction == "in",
        _f.remote_id == remote_id,
        _f.state == "incomplete",
        _f.sha256 != sha256,
    )
    superseded = list(tx.execute(query).scalars())
    files.set_states(tx, dict.fromkeys(superseded, "superseded"))
    for part in chunks(superseded):
        ended = sa.update(interchange).where(interchange.c.file_id.in_(part)).values(state="incomplete")
        seals.note(tx, "interchange", tx.execute(ended.returning(interchange.c.id)).scalars())
    return superseded


def last_received(tx: Tx, integration: str, partner: str) -> datetime | None:
    """When the newest file of a partner came."""
    query = sa.select(_f.created_at).where(_f.integration == integration, _f.partner == partner, _f.direction == "in")
    found: datetime | None = tx.execute(query.order_by(_f.id.desc()).limit(1)).scalar_one_or_none()
    return found
