"""A file of approved invoices -> its invoices, each by itself (avidxchange 6: one row a distribution)."""

import hashlib
from collections.abc import Iterator

from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import NeedsCorrection, SenderMustCorrect
from ml_connector.flows.core.ports.own_format import Bytes, ReadDocument, document_read, not_readable
from ml_connector.systems.avidxchange.files import tables
from ml_connector.systems.avidxchange.files.reading import Records, raw_invoice
from ml_connector.systems.avidxchange.reading.batch_files import of_other_company
from ml_connector.systems.avidxchange.reading.invoices import invoice
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.rows import Row

KIND = DocumentKind.PAYABLE


class ApprovedInvoices:
    """`flows.core.ports.OwnFormat`."""

    name = "avidxchange_invoices"

    def __init__(self, settings: AvidXchangeConnection) -> None:
        self._settings = settings
        self._files = settings.over_files
        self._layout = self._files.approved_invoices

    def fits(self, head: bytes) -> bool:
        return tables.fits(head, self._layout, self._layout.NEEDED, self._files)

    def read(self, source: Bytes) -> Iterator[ReadDocument]:
        data = source.read()
        rows = tables.read(data, self._layout, self._layout.NEEDED, self._files)
        if not rows:
            raise SenderMustCorrect(
                "There is no invoice in the file, only its row of headers.",
                remedy="Ask AvidXchange; it may have been cut off. Where it sends such a file because there is nothing"
                " to tell, discard this.",
                data={"unfinished": True},
            )
        # The same invoice in another file is another reading of it, compared with the one before.
        reading = hashlib.sha256(data).hexdigest()[:16]
        for position, of_one in enumerate(Records(rows, "InvoiceId").found.values(), 1):
            path = f"row {of_one[0].number}"
            try:
                raw = raw_invoice(of_one, self._layout, self._files)
                if other := self._settings.other_company(raw.get("CompanyId")):
                    raise of_other_company(Row(raw, place=path), other, self._settings.company_id)
                found = invoice(Row(raw, place=path), self._settings, batch=of_one[0].cells.get("BatchId", ""))
            except NeedsCorrection as why:
                yield not_readable(position, KIND, path, why)
            else:
                yield document_read(position, found, KIND, path, revision=f"{found.id}@{reading}")
