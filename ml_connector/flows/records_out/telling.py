"""What a flow knows that tells partners of records of the ERP; reading and deciding are the same for all (`reading`,
`resolving`).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Record
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import SourceName, SourceRecord
from ml_connector.ledger.work.documents import DocumentRow, Move


@dataclass(frozen=True)
class Subject:
    """One thing that a partner is told of, as it stands in the ERP now.

    key: the ERP's id of its record. ready: the partner may be told. gone: it is not one any more. record: as it was
    read; facts: what is told is made of, as flows see it. due_at: by when the partner wants to have it. on_behalf:
    the received document that has the same deadline until this one is there.
    """

    key: str
    partner: Partner
    number: str
    order_number: str
    day: date | None
    ready: bool
    gone: bool
    record: str
    facts: Record
    currency: str = ""
    amount: Decimal | None = None
    due_at: datetime | None = None
    on_behalf: int | None = None


class Telling(ABC):
    """One kind of document that is made of records of a source.

    what: of the records, in words. told: outcomes of a reading that are counted and explained; not_ready: that of a
    record which partners may not be told of yet. gone, taken_back, as_had: why a document that has not left is given
    up, in words.
    """

    flow: str
    kind: DocumentKind
    source: SourceName[Any]
    what: str
    told: ClassVar[Mapping[str, str]]
    not_ready: ClassVar[str] = "not_ready"
    gone: ClassVar[str] = "gone in the ERP before it was sent"
    taken_back: ClassVar[str] = "taken back in the ERP before it was sent"
    as_had: ClassVar[str] = "as the partner has it"

    @property
    def position(self) -> str:
        """Under which it is kept how far its source was read."""
        return f"{self.flow}:{self.source.name}"

    @abstractmethod
    def start_date(self, integration: Integration) -> str:
        """The flow's setting: what is dated before it is left alone; empty: the day of the first read."""

    @abstractmethod
    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[Any]], start: date, report: StepReport
    ) -> list[Subject]:
        """Whom these records are told to, and what of them. What is nobody's is counted in the report."""

    @abstractmethod
    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        """Whether a document says to its partner what is so now."""

    def withdrawn(self, row: DocumentRow) -> list[Move]:
        """What else moves when a document that has not left is given up."""
        del row
        return []


class DecidedAlone(Telling):
    """Documents that are each decided by itself, by what the partner has of the same record (`resolving`)."""

    @abstractmethod
    def content(self, integration: Integration, row: DocumentRow, before: DocumentRow | None) -> tuple[Partner, Record]:
        """Who is sent what, of the facts in the document's work. before: what the partner has of the same record.

        Raises:
            NeedsCorrection: it cannot be sent as it is, or a person decides.
        """

    @abstractmethod
    def undated(self, sent: Record) -> Record:
        """What is told but for when it was made: made at another moment it is the same (`content_hash`)."""
