"""A reading of a closed batch, as it lies in the mailbox -> its invoices, each by itself."""

from collections.abc import Iterator
from typing import Any

from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import NeedsCorrection, Reason, SenderMustCorrect
from ml_connector.flows.core.ports.own_format import Bytes, ReadDocument, document_read, not_readable
from ml_connector.systems.avidxchange.reading.invoices import invoice
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.transport.response_body import UnreadableReplyError, parse_json

KIND = DocumentKind.PAYABLE
_AGAIN = "Have the batch closed again at AvidXchange; it is read anew then."


class BatchFiles:
    """`flows.core.ports.OwnFormat`: what `batches.Batches.content` makes of a batch."""

    name = "avidxchange_batch"

    def __init__(self, settings: AvidXchangeConnection) -> None:
        self._settings = settings

    def fits(self, head: bytes) -> bool:
        return head.startswith(b'{"Batch":')

    def read(self, source: Bytes) -> Iterator[ReadDocument]:
        try:
            whole = parse_json(source.read())
        except UnreadableReplyError as error:
            raise SenderMustCorrect(f"The batch cannot be read: {error}.", data={"unfinished": True}) from error
        batch, closed, invoices = self._head(whole)
        for position, raw in enumerate(invoices, 1):
            yield self._read(position, raw, batch, closed)

    def _head(self, whole: Any) -> tuple[str, str, list[Any]]:
        """The batch, when it was closed, and its invoices."""
        head = whole.get("Batch") if isinstance(whole, dict) else None
        invoices = whole.get("Invoices") if isinstance(whole, dict) else None
        if not isinstance(head, dict) or not isinstance(invoices, list):
            raise SenderMustCorrect("The batch is not an object with a head and a list of invoices.", remedy=_AGAIN)
        row = Row(head, self._names, "batch")
        try:
            return row.text("BatchGUID", "BatchId", "Id"), row.moment("DateClosed"), invoices
        except NeedsCorrection as why:
            raise SenderMustCorrect(f"The batch cannot be read: {why.message}", remedy=why.remedy) from why

    def _read(self, position: int, raw: Any, batch: str, closed: str) -> ReadDocument:
        path = f"/Invoices[{position}]"
        if not isinstance(raw, dict):
            return not_readable(position, KIND, path, Row({}, place="invoice").wrong("invoice", raw, "an object"))
        row = Row(raw, self._names, f"invoice {position}")
        other = self._settings.other_company(row.value("CompanyId"))
        if other:
            return not_readable(position, KIND, path, of_other_company(row, other, self._settings.company_id))
        try:
            found = invoice(row, self._settings, batch=batch, closed=closed)
        except NeedsCorrection as why:
            return not_readable(position, KIND, path, why)
        # One invoice may come in several readings of its batch, and two vendors may give one number.
        return document_read(position, found, KIND, path, revision=f"{found.id}@{closed}")

    @property
    def _names(self) -> dict[str, str]:
        fields = self._settings.resources.invoices.fields | self._settings.resources.batches.fields
        return {ours.casefold(): theirs.casefold() for ours, theirs in fields.items()}


def of_other_company(row: Row, other: str, ours: str) -> NeedsCorrection:
    """Why an invoice of another company's books is not read."""
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"{row.place}: CompanyId is {other[:60]!r}; this batch is read for company {ours!r}.",
        remedy="Have the invoice taken out of the batch at AvidXchange, into one of its own company.",
        data={"place": f"{row.place}.CompanyId", "value": other[:60]},
    )
