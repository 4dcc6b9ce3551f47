"""What makes documents of a file: X12, a layout, a format of a system's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.inbound.format_detection import Begun, FileFormat
from ml_connector.ledger.exchange.files import FileRow


@dataclass(frozen=True)
class Reading:
    """What a file holds, as it is read: `layouts.ReadDocument`s, or the parts of X12's interchanges.

    format: of the documents; None where each tells by itself what it is (X12).
    """

    items: Iterable[Any]
    format: FileFormat | None = None


class Reader(Protocol):
    """Reads the files of one format."""

    @property
    def unreadable(self) -> Reason:
        """Why a file is held that this reader cannot read."""
        ...

    def fits(self, integration: Integration, row: FileRow, head: bytes) -> bool:
        """Whether a file that begins so is for this reader."""
        ...

    def stopped(self, integration: Integration, row: FileRow, head: bytes) -> PartnerProblem | None:
        """The wrong partner file without which it cannot be read; None where it can."""
        ...

    def read(self, integration: Integration, row: FileRow, source: Begun) -> Reading:
        """What the file holds.

        Raises:
            SenderMustCorrect: nothing of it can be read; also while the items are taken. `unfinished` in its data: the
                rest may still come.
        """
        ...
