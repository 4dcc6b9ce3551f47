"""What AvidXchange takes by files: a record is a file, put under a temporary name and then renamed.

The two are operations of their own, so that after a crash the ledger knows which of them was done: once all bytes stood
under the temporary name, and it is gone, the file was renamed. Nobody else takes it. Names and the kind of the first
hold what is in the file: bytes that stand there from an earlier plan never go in place of newer ones.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ml_connector.documents.common import Record
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation
from ml_connector.systems.avidxchange.file_settings import InvoiceFiles, OutgoingFiles
from ml_connector.systems.avidxchange.files import tables
from ml_connector.systems.avidxchange.files.rows import Rows, withdrawal
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection

R = TypeVar("R", bound=Record)
#: What an operation does, in its payload.
PUT, STAGE, PUBLISH = "put", "stage", "publish"
#: Place in a payload for the name under which the bytes stand.
STAGED = "staged"


@dataclass(frozen=True)
class FileTarget(Generic[R]):
    """One kind of files. kind: of the operation that gives one its final name."""

    settings: AvidXchangeConnection
    layout: OutgoingFiles
    kind: str
    rows: Callable[[R, AvidXchangeConnection], Rows]
    kinds: frozenset[str] = field(init=False)
    #: A name is there once, and a rename that is done again ends in the same file.
    repeatable: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", frozenset({self.kind}))

    def plan(self, record: R, key: str) -> list[PlannedOperation]:
        """Its file; of one that was sent before too: the newer file counts."""
        made = self.rows(record, self.settings)
        first: list[PlannedOperation] = []
        if isinstance(record, NetworkInvoice) and isinstance(self.layout, InvoiceFiles):
            first, made = self._image(record, self.layout, key, made)
        known = bool(getattr(record, "id", ""))
        kind = f"{self.kind}_change" if known else self.kind
        return [*first, *self._file(getattr(record, "external_id", ""), made, key, kind, len(first))]

    def withdraw(self, record: R, key: str) -> list[PlannedOperation]:
        if not isinstance(record, NetworkInvoice) or not isinstance(self.layout, InvoiceFiles):
            raise NeedsCorrection(
                Reason.REFUSED_BY_SYSTEM,
                f"{self.kind.replace('_', ' ')} {getattr(record, 'id', '')} cannot be taken back by a file.",
                remedy="Take it back at AvidXchange by hand, then discard this document.",
            )
        return self._file(record.external_id, withdrawal(record), key, f"{self.kind}_withdrawal", 0)

    def _image(
        self, record: NetworkInvoice, layout: InvoiceFiles, key: str, made: Rows
    ) -> tuple[list[PlannedOperation], Rows]:
        """The PDF goes first: a row never names what is not there."""
        if not record.image_sha256 or not layout.image_folder:
            return [], made
        name = f"{key}-{record.image_sha256[:8]}.pdf"
        put = {"do": PUT, "folder": layout.image_folder, "name": name, "sha256": record.image_sha256}
        operation = PlannedOperation(
            f"{self.kind}_image", layout.image_folder, json.dumps(put, sort_keys=True), ref="image", shares=True
        )
        return [operation], [{**row, "ImageFile": name} for row in made]

    def _file(self, external_id: str, made: Rows, key: str, kind: str, position: int) -> list[PlannedOperation]:
        text = tables.written(made, self.layout, self.settings.over_files)
        if len(text) > self.settings.max_file_bytes:
            raise NeedsCorrection(
                Reason.TOO_LARGE,
                f"The file would have {len(text)} bytes, more than {self.settings.max_file_bytes}.",
                remedy="Raise max_file_bytes of the connection if the record is genuine.",
            )
        content = hashlib.sha256(key.encode() + text).hexdigest()[:8]
        name = self.layout.file_name.replace("{key}", f"{key}-{content}")
        place = {"folder": self.layout.folder, "name": name, "size": len(text)}
        stage = {"do": STAGE, **place, "content": text.decode(self.settings.over_files.encoding)}
        publish = {"do": PUBLISH, **place, STAGED: "", "external_id": external_id}
        return [
            PlannedOperation(
                f"{kind}_file_{content}", self.layout.folder, json.dumps(stage, sort_keys=True), ref="file"
            ),
            PlannedOperation(
                kind,
                self.layout.folder,
                json.dumps(publish, sort_keys=True),
                uses={STAGED: position},
            ),
        ]
