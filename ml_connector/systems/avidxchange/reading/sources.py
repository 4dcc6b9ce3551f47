"""What AvidXchange can be read for, as flows name it: changes by windows, records by its ids and by ours."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar

from ml_connector.clock import CLOCK_DOUBT, Clock
from ml_connector.documents.common import Record
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.errors import NeedsCorrection, RefusedBySystem
from ml_connector.flows.core.ports import Changed, Deleted, Notices, SourceRecord, Unreadable
from ml_connector.systems.avidxchange.reading.records import external_id
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection, Resource
from ml_connector.systems.avidxchange.wire.client import AvidClient, filled, joined
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.transport.response_body import clean

R = TypeVar("R", bound=Record)
#: The record of an answer -> as flows see it.
Reader = Callable[[Row], R]


@dataclass(frozen=True)
class Source(Generic[R]):
    """Records of one resource. by_day: its windows are days, so that one is read again from the day before."""

    client: AvidClient
    resource: Resource
    reader: Reader[R]
    what: str
    clock: Clock
    overlap: timedelta
    by_day: bool = False

    notices: Notices | None = None
    deletions: Callable[[str | None], Deleted] | None = None

    def begin(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[R]:
        """The window behind the cursor, whole; `limit` cannot be kept, for a window has no end but its own."""
        del limit
        now = self.clock.now().astimezone(UTC).replace(tzinfo=None)
        since = datetime.fromisoformat(cursor) if cursor else now - timedelta(days=self._settings.window_days)
        if not self.resource.modified_from:
            return self._of(self.client.rows(self.resource.path, {}), now, more=False)
        window = timedelta(days=self._settings.window_days)
        # Where a clock that ran ahead really stood, nobody can tell: the longest window is read again.
        begin = since - self.overlap if since <= now + CLOCK_DOUBT else now - window
        until = min(now, begin + window)
        asked = {self.resource.modified_from: self._said(begin), self.resource.modified_to: self._said(until)}
        return self._of(self.client.rows(self.resource.path, asked), until, more=until < now)

    def _of(self, rows: Iterator[Mapping[str, Any]], until: datetime, *, more: bool) -> Changed[R]:
        records, unreadable = self._read(rows)
        return Changed(records, until.isoformat(timespec="seconds"), more=more, unreadable=unreadable)

    def _said(self, moment: datetime) -> str:
        if self.by_day:
            return moment.date().isoformat()
        return moment.isoformat(timespec="seconds").replace("T", self._settings.date_separator)

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[R]]:
        if self.resource.by_id:
            return self._filtered(self.resource.by_id, keys)
        found = (self.client.one(filled(self.resource.single, id=key)) for key in dict.fromkeys(keys))
        return self._read(one for one in found if one is not None)[0]

    def by_external_id(self, ids: Sequence[str]) -> list[SourceRecord[R]]:
        return self._filtered(self.resource.by_external_id, ids)

    def identities(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Our id and theirs of the records that carry one of ours, whatever else of them cannot be read.

        That one is not as it should be is no reason to send it a second time.
        """
        found: list[tuple[str, str]] = []
        for raw in self._asked(self.resource.by_external_id, ids):
            row = self._row(raw)
            with suppress(NeedsCorrection):
                ours = external_id(row) or row.text("ExternalVendorCode")
                if not self._settings.other_company(row.value("CompanyId")):
                    found.append((ours, row.text("Id", "VendorId", "InvoiceId") or ours))
        return found

    def _filtered(self, name: str, ids: Sequence[str]) -> list[SourceRecord[R]]:
        return self._read(self._asked(name, ids))[0]

    def _asked(self, name: str, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        wanted, most = list(dict.fromkeys(ids)), self._settings.ids_in_one_call
        return (
            row
            for at in range(0, len(wanted), most)
            for row in self.client.rows(self.resource.path, {name: joined(wanted[at : at + most])})
        )

    def from_record(self, record: str) -> R:
        return self.reader(self._row(json.loads(record, parse_float=_exact)))

    def entered(self, record: str) -> datetime | None:
        del record
        return None

    def _read(self, rows: Iterator[Mapping[str, Any]]) -> tuple[list[SourceRecord[R]], list[Unreadable]]:
        """Each by itself: one that cannot be read never stops the others. Those of other companies are not ours."""
        good: list[SourceRecord[R]] = []
        bad: list[Unreadable] = []
        for raw in rows:
            if self._settings.other_company(self._row(raw).value("CompanyId")):
                continue
            text = json.dumps(raw, sort_keys=True, default=str)
            try:
                good.append(SourceRecord(text, self.reader(self._row(raw))))
            except NeedsCorrection as why:
                row = self._row(raw)
                bad.append(Unreadable(clean(str(row.value("Id", "PaymentId") or ""), 80), text, why))
        return good, bad

    def _row(self, raw: Mapping[str, Any]) -> Row:
        names = {ours.casefold(): theirs.casefold() for ours, theirs in self.resource.fields.items()}
        return Row(raw, names, self.what)

    @property
    def _settings(self) -> AvidXchangeConnection:
        return self.client.settings


def _exact(text: str) -> str:
    """A number of a stored record as it was written: the reader makes a decimal of it."""
    return text


@dataclass(frozen=True)
class InvoiceSource(Source[NetworkInvoice]):
    """Invoices, with their images."""

    def image(self, invoice: NetworkInvoice, most: int) -> bytes | None:
        """By its own call; an address in the record may be short-lived, and of a host that no token goes to."""
        path = self._settings.resources.invoices.image
        if not path or not invoice.id:
            return None
        address = f"{self._settings.base_path}{filled(path, id=invoice.id)}"
        try:
            return b"".join(self.client.bytes_of(address, template=path, max_bytes=most)) or None
        except RefusedBySystem as refused:
            if refused.data.get("status") in {404, 410}:
                return None
            raise
