"""The records of AvidXchange over files: `flows.core.ports.Records`, as `records.AvidRecords` is over the API."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector.clock import Clock
from ml_connector.errors import Reason, RefusedBySystem, WeAreWrong
from ml_connector.flows.core.ports import (
    NETWORK_INVOICES,
    NETWORK_PAYMENTS,
    TO_NETWORK_CODES,
    TO_NETWORK_INVOICES,
    TO_NETWORK_ORDERS,
    TO_NETWORK_RECEIPTS,
    TO_NETWORK_VENDORS,
    ErpTraits,
    LaterAnswer,
    LaterAnswers,
    RecordSource,
    RecordTarget,
    StoredOperation,
    Written,
)
from ml_connector.systems.avidxchange.files import rows
from ml_connector.systems.avidxchange.files.inbox import Inbox
from ml_connector.systems.avidxchange.files.sources import PaymentSource, SentInvoices
from ml_connector.systems.avidxchange.files.tables import TableRow
from ml_connector.systems.avidxchange.files.targets import PUBLISH, PUT, STAGE, STAGED, FileTarget
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.sftp.mailbox import SftpMailbox
from ml_connector.transport.response_body import clean

SYSTEM = "avidxchange"
#: What a document is planned with, in the name of its file.
_KEY = re.compile("mlc-[0-9a-f]{20}")
#: Files of results that are read before what they say is kept.
_RESULTS = 200


class FileRecords:
    """Safe to use from several threads. read_blob: stored bytes by their SHA-256, for images."""

    system = SYSTEM
    #: What was taken from a folder is seen no more.
    shows_records = False

    def __init__(
        self,
        connection: str,
        box: SftpMailbox,
        settings: AvidXchangeConnection,
        clock: Clock,
        read_blob: Callable[[str], bytes],
    ) -> None:
        self.connection = connection
        self.traits = ErpTraits.of(settings)
        self._box = box
        self._clock = clock
        self._settings = settings
        self._read_blob = read_blob
        files = settings.over_files
        sources: dict[str, tuple[bool, RecordSource[Any]]] = {
            NETWORK_INVOICES.name: (
                files.invoices.enabled or files.approved_invoices.enabled,
                SentInvoices(box, settings),
            ),
            NETWORK_PAYMENTS.name: (files.payments.enabled, PaymentSource(box, settings, clock)),
        }
        self.sources: Mapping[str, RecordSource[Any]] = {name: one for name, (on, one) in sources.items() if on}
        targets: dict[str, FileTarget[Any]] = {
            TO_NETWORK_VENDORS.name: FileTarget(settings, files.vendors, "network_vendor", rows.vendor),
            TO_NETWORK_CODES.name: FileTarget(settings, files.codes, "network_code", rows.code),
            TO_NETWORK_INVOICES.name: FileTarget(settings, files.invoices, "network_invoice", rows.invoice),
            TO_NETWORK_ORDERS.name: FileTarget(settings, files.purchase_orders, "network_order", rows.order),
            TO_NETWORK_RECEIPTS.name: FileTarget(settings, files.receipts, "network_receipt", rows.receipt),
        }
        self.targets: Mapping[str, RecordTarget[Any]] = {
            name: target for name, target in targets.items() if target.layout.enabled
        }

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The name under which the bytes stand is known once they do."""
        plan = json.loads(operation.payload)
        for place, position in operation.uses.items():
            if place != STAGED or position not in earlier:
                raise WeAreWrong(f"operation {operation.id} uses {place} of {position}, which is not there")
            plan[place] = earlier[position]
        return json.dumps(plan, sort_keys=True)

    def write(self, operation: StoredOperation) -> Written:
        """Do one of the steps of a file.

        Raises:
            RefusedBySystem, TryAgain, OutcomeUnknown, AuthorizationNeeded.
        """
        plan = json.loads(operation.payload)
        folder, name = plan["folder"], plan["name"]
        if plan["do"] == PUT:
            return self._put(folder, name, self._image(plan["sha256"]), attempt=max(1, operation.attempts))
        if plan["do"] == STAGE:
            staged = self._box.stage(folder, name, self._bytes(plan), attempt=max(1, operation.attempts))
            return Written(staged or "", {"name": name})
        return self._published(plan, self._box.publish(folder, plan[STAGED], name))

    def _put(self, folder: str, name: str, data: bytes, *, attempt: int) -> Written:
        """An image. One that is there already is the same: its name is that of the document."""
        if self._box.find(folder, name, len(data)) is None:
            self._box.upload(folder, name, data, attempt=attempt)
        return Written(name, {"name": name, "size": len(data)})

    def _image(self, sha256: str) -> bytes:
        data = self._read_blob(sha256)
        if len(data) > self._settings.largest_image:
            raise RefusedBySystem(
                f"The PDF of {len(data)} bytes is larger than the {self._settings.largest_image} bytes that are taken.",
                remedy="Attach a smaller one in the ERP, then replay the document.",
                reason=Reason.TOO_LARGE,
            )
        return data

    def _bytes(self, plan: Mapping[str, Any]) -> bytes:
        return str(plan["content"]).encode(self._settings.over_files.encoding)

    @staticmethod
    def _published(plan: Mapping[str, Any], written: Written) -> Written:
        """By the name of its file: no id of theirs is told."""
        return Written(plan["name"], {**written.detail, "external_id": plan["external_id"]})

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Which steps were done. Bytes that stood under a temporary name and are gone from it were renamed."""
        found: dict[int, Written] = {}
        for one in operations:
            plan = json.loads(one.payload)
            folder, name = plan["folder"], plan["name"]
            if plan["do"] == PUBLISH:
                if plan[STAGED] and self._box.lying(folder, plan[STAGED]) is None:
                    found[one.id] = self._published(plan, Written("", {"name": name, "found_published": True}))
            elif plan["do"] == STAGE:
                staged = self._box.staged_name(name, max(1, one.attempts))
                if self._box.find(folder, staged, plan["size"]) is not None:
                    found[one.id] = Written(staged, {"name": name, "found": True})
            elif self._box.find(folder, name, len(self._read_blob(plan["sha256"]))) is not None:
                found[one.id] = Written(name, {"name": name, "found": True})
        return found

    def later_answers(self, cursor: str | None) -> LaterAnswers:
        """What files of results say of files of ours, by the key that stands in their names."""
        layout = self._settings.over_files.results
        if not layout.enabled:
            return LaterAnswers((), cursor or "")
        inbox = Inbox(self._box, self._settings, self._clock, layout, layout.NEEDED, _RESULTS)
        inbox.mark(cursor)
        look = inbox.look(cursor)
        rows = [row for file in look.files for row in file.rows]
        answers = [self._answer(row) for row in rows]
        wrong = [f"{clean(one.name, 80)}: {one.why.message}" for one in look.wrong]
        wrong += [
            f"row {row.number} names no file of ours: {row.cells.get('FileName', '')[:80]!r}"
            for row, one in zip(rows, answers, strict=True)
            if one is None
        ]
        return LaterAnswers([one for one in answers if one is not None], look.cursor, look.more, wrong)

    def _answer(self, row: TableRow) -> LaterAnswer | None:
        key = _KEY.search(row.cells.get("FileName", ""))
        if key is None:
            return None
        words = {word.casefold() for word in self._settings.over_files.results.taken_words}
        taken = row.cells.get("Result", "").casefold() in words
        return LaterAnswer(key[0], taken, clean(row.cells.get("Message", ""), 400))

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """None: a name is there once."""
        del operations
        return {}
