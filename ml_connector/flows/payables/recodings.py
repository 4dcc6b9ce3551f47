"""What a network coded otherwise of a booking that we sent it: written to the booking, and no news to be sent again."""

import json
from collections.abc import Mapping

from ml_connector.documents.common import changed
from ml_connector.documents.payables.entered import EnteredInvoice, EnteredLine
from ml_connector.documents.payables.recodings import RecodedLine, Recoding
from ml_connector.documents.records import as_json, from_json
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: Written to the booking, or about to be.
_UNDER_WAY = frozenset({S.CODED, S.POSTING, S.UNKNOWN_OUTCOME})


def recoding_in(row: DocumentRow) -> Recoding | None:
    """The other coding that a document is about; None: it is a booking of its own."""
    if not row.work or "recodes" not in json.loads(row.work):
        return None
    return from_json(Recoding, row.work)


def under_way(tx: Tx, sent: int) -> dict[str, RecodedLine]:
    """Lines of the booking of a sent document that are being coded otherwise, by the ERP's id of them."""
    rows = [row for row in documents.children(tx, sent) if row.state in _UNDER_WAY]
    found = [one for row in rows if (one := recoding_in(row)) is not None]
    return {line.id: line for one in found for line in one.lines}


def recoded(entry: EnteredInvoice, lines: Mapping[str, RecodedLine]) -> EnteredInvoice:
    """A booking as it is once these lines are coded otherwise."""
    return changed(entry, lines=tuple(_line(line, lines.get(line.id)) for line in entry.lines))


def _line(line: EnteredLine, other: RecodedLine | None) -> EnteredLine:
    if other is None:
        return line
    return changed(
        line,
        account=other.account,
        account_id=other.account_id,
        cost_center=other.cost_center,
        cost_unit=other.cost_unit,
    )


def told(tx: Tx, row: DocumentRow, line_id: str) -> list[Move]:
    """The sent document hears of a line that was written: what we wrote to its booking ourselves is no news."""
    recoding = recoding_in(row)
    sent = documents.get(tx, row.parent_id) if recoding is not None and row.parent_id is not None else None
    if recoding is None or sent is None or not sent.work:
        return []
    lines = {line.id: line for line in recoding.lines if line.id == line_id}
    work = as_json(recoded(from_json(EnteredInvoice, sent.work), lines))
    detail = {"document": row.id, "lines": [line.number for line in lines.values()]}
    return [Move(sent.id, None, "coded otherwise at the network", detail, changes={"work": work}, release=False)]
