"""Documents by what is no number of theirs: their id here, their interchange's number, their file's name."""

import sqlalchemy as sa

from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.document_summary import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.tables.documents import document, envelope_group, file, interchange

_d = document.c
#: Digits of ISA13, and of the largest id.
_CONTROL, _ID = 9, 18


def found_otherwise(tx: Tx, text: str, *, limit: int = 50) -> list[DocumentSummary]:
    """The newest documents of this id, or in an interchange of this number, or in a file of this name."""
    wanted = text.strip()
    ids = _by_file(tx, wanted, limit)
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _ID:
        ids.add(int(wanted))
        if len(wanted) <= _CONTROL:
            ids |= _by_control_number(tx, wanted, limit)
    if not ids:
        return []
    query = sa.select(*SUMMARY_COLUMNS).where(_d.id.in_(ids)).order_by(_d.id.desc()).limit(limit)
    return [summary(row) for row in tx.execute(query)]


def _by_file(tx: Tx, name: str, limit: int) -> set[int]:
    called = sa.select(file.c.id).where(file.c.name == name).order_by(file.c.id.desc()).limit(limit)
    files = list(tx.execute(called).scalars())
    within = sa.select(_d.id).where(_d.file_id.in_(files)).order_by(_d.id.desc()).limit(limit)
    return set(tx.execute(within).scalars()) if files else set()


def _by_control_number(tx: Tx, wanted: str, limit: int) -> set[int]:
    envelopes = (
        sa.select(envelope_group.c.id)
        .join(interchange, interchange.c.id == envelope_group.c.interchange_id)
        .where(interchange.c.control_number.in_([wanted, wanted.zfill(_CONTROL)]))
        .order_by(envelope_group.c.id.desc())
        .limit(limit)
    )
    groups = list(tx.execute(envelopes).scalars())
    within = sa.select(_d.id).where(_d.group_id.in_(groups)).order_by(_d.id.desc()).limit(limit)
    return set(tx.execute(within).scalars()) if groups else set()
