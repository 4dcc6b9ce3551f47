"""What files tell of AvidXchange, as flows name it. Nothing can be asked for: what is not sent to us is not known."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ml_connector.clock import Clock
from ml_connector.documents.common import changed
from ml_connector.documents.payables.invoices import InvoiceStanding, NetworkInvoice
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Changed, Deleted, Ended, Notices, SourceRecord, Unreadable
from ml_connector.systems.avidxchange.files.inbox import Inbox, ReadFile
from ml_connector.systems.avidxchange.files.reading import Raw, Records, raw_payment
from ml_connector.systems.avidxchange.files.tables import TableRow
from ml_connector.systems.avidxchange.reading.invoices import invoice
from ml_connector.systems.avidxchange.reading.payments import payment
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.systems.sftp.mailbox import SftpMailbox
from ml_connector.systems.sftp.paths import usable
from ml_connector.transport.response_body import clean


@dataclass(frozen=True)
class PaymentSource:
    """Payments of the files that were not read before."""

    box: SftpMailbox
    settings: AvidXchangeConnection
    clock: Clock

    notices: Notices | None = None
    deletions: Callable[[str | None], Deleted] | None = None

    def begin(self, day: date) -> str:
        """Every file that is there, whatever its day."""
        del day
        return "{}"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[NetworkPayment]:
        del limit
        look = self._inbox.look(cursor)
        records: list[SourceRecord[NetworkPayment]] = []
        unreadable = [Unreadable(clean(one.name, 80), one.shown, one.why) for one in look.wrong]
        for file in look.files:
            for rows in Records(file.rows, "PaymentId").found.values():
                self._record(rows, file, records, unreadable)
        ended = [Ended(clean(one.name, 80), one.shown) for one in look.ended]
        return Changed(records, look.cursor, more=look.more, unreadable=unreadable, ended=ended)

    def mark_read(self, cursor: str) -> None:
        self._inbox.mark(cursor)

    @property
    def _inbox(self) -> Inbox:
        layout = self.settings.over_files.payments
        return Inbox(self.box, self.settings, self.clock, layout, layout.NEEDED, layout.files_at_once)

    def _record(
        self,
        rows: Sequence[TableRow],
        file: ReadFile,
        records: list[SourceRecord[NetworkPayment]],
        unreadable: list[Unreadable],
    ) -> None:
        """Each by itself: one that cannot be read never stops the others. Those of other companies are not ours."""
        try:
            raw = raw_payment(rows, self.settings.over_files.payments)
            if self.settings.other_company(raw.get("CompanyId")):
                return
            # With its file: a row that a later file repeats is news, and an old file that comes again is none.
            text = json.dumps({**raw, "File": file.digest}, sort_keys=True)
            found = payment(_row(raw, f"row {rows[0].number}"), self.settings)
            # A row that does not tell when it moved did so when its file was laid there.
            records.append(SourceRecord(text, changed(found, modified=found.modified or file.laid)))
        except NeedsCorrection as why:
            kept = json.dumps([dict(one.cells) for one in rows], sort_keys=True)
            unreadable.append(Unreadable(clean(rows[0].cells.get("PaymentId", ""), 80), kept, why))

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceRecord[NetworkPayment]]:
        del keys
        return ()

    def by_external_id(self, ids: Sequence[str]) -> Sequence[SourceRecord[NetworkPayment]]:
        del ids
        return ()

    def from_record(self, record: str) -> NetworkPayment:
        """Also of rows that could not be read, with today's settings.

        Raises:
            NeedsCorrection: they still cannot be, or it was a whole file that could not.
        """
        try:
            kept = json.loads(record)
        except ValueError:
            kept = None
        if isinstance(kept, list) and kept and all(isinstance(one, dict) for one in kept):
            rows = [TableRow(at, one) for at, one in enumerate(kept, start=1)]
            kept = raw_payment(rows, self.settings.over_files.payments)
        if not isinstance(kept, dict):
            raise NeedsCorrection(
                Reason.NO_LAYOUT_FITS,
                "This stands for a file that could not be read, and of which nothing else is kept.",
                remedy="Have it sent again; discard this once it was read.",
            )
        return payment(_row(kept), self.settings)

    def entered(self, record: str) -> datetime | None:
        del record
        return None


@dataclass(frozen=True)
class SentInvoices:
    """Invoices that we sent: that is all that is known of them, but not where they stand."""

    box: SftpMailbox
    settings: AvidXchangeConnection

    notices: Notices | None = None
    deletions: Callable[[str | None], Deleted] | None = None

    def begin(self, day: date) -> str:
        del day
        return "{}"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[NetworkInvoice]:
        del limit
        return Changed((), cursor)

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceRecord[NetworkInvoice]]:
        return self.by_external_id(keys)

    def by_external_id(self, ids: Sequence[str]) -> Sequence[SourceRecord[NetworkInvoice]]:
        """Each as one of which no file says whether it is approved: changed there only where the settings say so."""
        standing: InvoiceStanding = "" if self.settings.over_files.invoices.changes else "approved"
        return [
            SourceRecord(
                json.dumps({"Id": one}),
                NetworkInvoice(
                    number="", total=Decimal(0), id=one, external_id=one, status="not told by files", standing=standing
                ),
            )
            for one in dict.fromkeys(ids)
        ]

    def from_record(self, record: str) -> NetworkInvoice:
        return invoice(_row(json.loads(record)), self.settings)

    def entered(self, record: str) -> datetime | None:
        del record
        return None

    def image(self, found: NetworkInvoice, most: int) -> bytes | None:
        """The file that its row names; an address of the web is kept, and not followed.

        Raises:
            NeedsCorrection: it is larger than `most` bytes.
        """
        folder, name = self.settings.over_files.approved_invoices.image_folder, found.image_url
        if not folder or not name or not usable(name):
            return None
        file = self.box.lying(folder, name, "read")
        if file is None:
            return None
        if file.size > most:
            raise _too_large(found.number, file.size, most)
        try:
            return b"".join(self.box.fetch(folder, file))
        except FileNotFoundError:
            return None


def _too_large(number: str, size: int, most: int) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.TOO_LARGE,
        f"The image of invoice {number[:60]} has {size} bytes, more than {most}.",
        remedy="Raise largest_original of the flow if it is genuine.",
        data={"size": size, "limit": most},
    )


def _row(raw: Raw, place: str = "payment") -> Row:
    return Row(raw, place=place)
