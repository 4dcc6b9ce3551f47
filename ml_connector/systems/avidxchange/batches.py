"""Closed batches of approved invoices (avidxchange 4, 5): listed, read whole, and acknowledged.

A batch may be reopened, changed and closed again, with another moment of closing: batch and moment together name one
reading of it. The acknowledgement names the batch alone, so that the moment is read once more just before.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ml_connector.clock import Clock
from ml_connector.errors import NeedsCorrection, Reason, TryAgain
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.systems.avidxchange.reach import Reach
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.client import AvidClient, filled
from ml_connector.systems.avidxchange.wire.rows import Row

#: Stands for the moment of a batch that does not tell it.
UNREADABLE = "unreadable"
#: Between a batch and the moment at which it was closed.
AT = "@"


@dataclass(frozen=True)
class ClosedBatch:
    """One reading of a batch."""

    id: str
    closed: str

    @property
    def moment(self) -> datetime | None:
        """When it was closed, UTC without a zone; None where that cannot be read."""
        if self.closed == UNREADABLE:
            return None
        told = datetime.fromisoformat(self.closed)
        return told.astimezone(UTC).replace(tzinfo=None) if told.tzinfo is not None else told

    @property
    def file(self) -> RemoteFile:
        """As a file of the folder. Its size is not told: a reading never grows."""
        return RemoteFile(f"{self.id}{AT}{self.closed}", f"{self.id}{AT}{self.closed}.json", 0, self.closed)


def _id_of(row: Row) -> str:
    found = row.text("BatchGUID", "BatchId", "Id")
    if not found:
        raise row.wrong("BatchGUID", None, "an id")
    return found


def _moment_of(row: Row) -> str:
    """Raises NeedsCorrection: it is none."""
    found = row.moment("DateClosed")
    if not found:
        raise row.wrong("DateClosed", None, "a moment like 2026-01-31T12:00:00")
    return found


class Batches:
    """The batches of one accounting system."""

    def __init__(self, client: AvidClient, settings: AvidXchangeConnection, clock: Clock, reach: Reach) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._reach = reach

    def closed(self) -> list[ClosedBatch]:
        """Those that are not acknowledged, in the order of their closing: of the last window, and all since the last
        listing, window by window.
        """
        now = self._clock.now().astimezone(UTC).replace(tzinfo=None)
        window = timedelta(days=self._settings.window_days)
        end = now + timedelta(days=1)
        begin = lately = end - window
        since = self._reach.since()
        if since is not None:
            begin = min(begin, since - timedelta(days=self._settings.batch_overlap_days))
        found: dict[ClosedBatch, datetime] = {}
        while begin < end:
            until = min(end, begin + window)
            found |= {one: one.moment or begin for one in self._closed(begin, until)}
            begin = until
        self._reach.listed(now, {one.file.remote_id: at for one, at in found.items() if at < lately})
        return sorted(found, key=lambda one: (one.closed, one.id))

    def _closed(self, begin: datetime, until: datetime) -> list[ClosedBatch]:
        r = self._settings.resources.batches
        path = filled(r.closed, accounting_system=self._settings.accounting_system)
        asked = {r.closed_from: self._said(begin), r.closed_to: self._said(until)}
        return [self._batch(raw) for raw in self._client.rows(path, asked)]

    def _batch(self, raw: Any) -> ClosedBatch:
        row = self._row(raw)
        try:
            return ClosedBatch(_id_of(row), _moment_of(row))
        except NeedsCorrection:
            # It is listed all the same, and held when it is fetched: one that is wrong never stops the others.
            return ClosedBatch(str(row.value("BatchGUID", "BatchId", "Id"))[:60], UNREADABLE)

    def content(self, remote_id: str, most: int) -> Iterator[bytes]:
        """A reading of a batch, as one JSON text: its head and all its invoices.

        Raises:
            FileNotFoundError: it was closed again meanwhile, or is gone: the listing names the newer reading.
        """
        batch, _, closed = remote_id.partition(AT)
        head = self._client.one(filled(self._settings.resources.batches.single, id=batch))
        if head is None or (_moment_of(self._row(head)) != closed and closed != UNREADABLE):
            raise FileNotFoundError(remote_id)
        link = next(
            (
                one.text("Href")
                for one in self._row(head).rows("Links")
                if one.text("Rel").casefold() == self._settings.resources.batches.details_rel.casefold()
            ),
            "",
        )
        if not link:
            raise TryAgain(
                f"{self._client.api.name}: batch {batch[:60]} has no link to its invoices "
                f"({self._settings.resources.batches.details_rel}).",
                after_seconds=600,
                remedy="Ask AvidXchange how the link is called, and set resources.batches.details_rel.",
            )
        invoices = list(self._client.linked_rows(link))
        text = json.dumps({"Batch": head, "Invoices": invoices}, sort_keys=True, default=str).encode()
        if len(text) > most:
            raise NeedsCorrection(
                Reason.TOO_LARGE,
                f"{self._client.api.name}: batch {batch[:60]} has {len(text)} bytes, more than {most}.",
                remedy="Raise max_file_bytes of the connection if the batch is genuine.",
            )
        yield text

    def closed_at(self, batch: str) -> str:
        """When a batch was closed last; empty where it is gone."""
        head = self._client.one(filled(self._settings.resources.batches.single, id=batch))
        return "" if head is None else self._row(head).moment("DateClosed")

    def exported(self, batch: str, began: datetime, ended: datetime) -> None:
        """Tell that the ERP has it. A repeat does no harm (avidxchange 12)."""
        r = self._settings.resources.batches
        body = {
            "BatchId": batch,
            "FileId": "",
            "ExportedByUserId": r.exported_by,
            "StartDate": self._said(began.astimezone(UTC)),
            "EndDate": self._said(ended.astimezone(UTC)),
            "ExportHistoryStatusId": r.success,
        }
        self._client.write("POST", r.exported, body)

    def _row(self, raw: Any) -> Row:
        names = self._settings.resources.batches.fields
        return Row(raw, {ours.casefold(): theirs.casefold() for ours, theirs in names.items()}, "batch")

    def _said(self, moment: datetime) -> str:
        return moment.replace(tzinfo=None).isoformat(timespec="seconds").replace("T", self._settings.date_separator)
