"""Invoices that were deleted in the ERP, also where no webhook tells it.

An ERP may tell only that something that goes with invoices was deleted: its ids are looked for in the records as they
were read, and the ERP is asked by id which of those invoices is gone. What names none of them makes us ask for all
that were sent lately, once a day: what goes with an invoice may have had other ids since it was read.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ml_connector.clock import age
from ml_connector.documents.common import changed
from ml_connector.documents.payables.entered import EnteredInvoice
from ml_connector.documents.records import from_json
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import SourceRecord, entered_invoices
from ml_connector.flows.invoices_out.telling import FLOW
from ml_connector.flows.records_out.history import HAS, histories
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.work import earlier

#: How often the ERP is asked what was deleted, and how often at most all that was sent lately is asked for.
EVERY, ALL_EVERY = timedelta(minutes=15), timedelta(days=1)
#: What was sent before is paid, or a webhook has told.
LATELY = timedelta(days=60)
#: So many others that were sent are asked for beside those that may be gone; and from how many on it cannot be that
#: all of them are: rather may they not be read.
OTHERS, TOO_MANY = 20, 3
_IDS = re.compile(r"[0-9A-Za-z-]{8,}")


class Traces:
    """What the ERP tells of deletions, from where it was read last. Nothing is kept before `read` is called."""

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        erp = integration.erp
        self._name = f"{integration.name}:{erp.connection}:{erp.company}:deleted:{FLOW}"
        with integration.ledger.read() as tx:
            kept = {part: cursors.get(tx, f"{self._name}{part}") for part in ("", ":looked", ":all")}
        #: Lately sent ones that nothing was told of; filled by `suspected`.
        self.others: list[str] = []
        self._cursor, self._looked, self._all = kept[""], kept[":looked"], kept[":all"]
        self._now = integration.clock.now()

    @property
    def due(self) -> bool:
        told = entered_invoices(self._integration.erp).traces is not None
        return told and (self._looked is None or age(datetime.fromisoformat(self._looked), self._now) >= EVERY)

    def suspected(self) -> list[str]:
        """The ERP's ids of invoices that were sent and may be gone. What was told is not told again."""
        traces = entered_invoices(self._integration.erp).traces
        told = traces(self._cursor) if traces is not None else None
        found: list[str] = []
        kept = {":looked": self._now.isoformat()}
        if told is not None:
            kept[""] = told.cursor
            sent = self._sent() if told.ids else {}
            wanted = {one.lower() for one in told.ids}
            named = {key: wanted & set(_IDS.findall(source.lower())) for key, source in sent.items()}
            found = [key for key, ids in named.items() if ids]
            unknown = wanted - {one for ids in named.values() for one in ids}
            if unknown and (self._all is None or age(datetime.fromisoformat(self._all), self._now) >= ALL_EVERY):
                found, kept[":all"] = list(sent), self._now.isoformat()
            self.others = [key for key in reversed(sent) if key not in found][:OTHERS]
        self._kept = kept
        return found

    def missing(self, suspected: Sequence[str]) -> list[str] | None:
        """Those that the ERP does not have any more. None: it shows none of many, so that it tells nothing."""
        asked = [*suspected, *self.others] if suspected else []
        source = entered_invoices(self._integration.erp)
        there = {one.document.id for one in source.by_id(asked)} if asked else set()
        if not there and len(asked) >= TOO_MANY:
            return None
        return [key for key in suspected if key not in there]

    def keep(self) -> None:
        """What `suspected` was told is done."""
        with self._integration.ledger.write() as tx:
            for part, value in self._kept.items():
                cursors.put(tx, f"{self._name}{part}", value)

    def _sent(self) -> dict[str, str]:
        """Invoices that the network has, by the ERP's id, and their records as they were read last."""
        with self._integration.ledger.read() as tx:
            rows = earlier.sent_since(tx, self._integration.books, FLOW, self._now - LATELY)
        return {row.source_id: row.source or "" for row in rows if row.source_id and row.state in HAS}


def gone(integration: Integration, keys: Sequence[str]) -> list[SourceRecord[EnteredInvoice]]:
    """Invoices that were deleted, as they were read last."""
    with integration.ledger.read() as tx:
        known = histories(integration, tx, FLOW, list(dict.fromkeys(keys)))
    rows = [newest for one in known.values() if (newest := one.newest) is not None and newest.work]
    return [
        SourceRecord(row.source or "", changed(from_json(EnteredInvoice, row.work or ""), gone=True)) for row in rows
    ]
