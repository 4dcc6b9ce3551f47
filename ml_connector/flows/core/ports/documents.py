"""Documents of one kind that are read from an outside system."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from ml_connector.flows.core.ports.records import Changed, Deleted, Notices, SourceRecord

D_co = TypeVar("D_co", covariant=True)


class DocumentSource(Protocol[D_co]):
    """Documents of one kind that are read from an ERP, or from a network of records."""

    @property
    def notices(self) -> Notices | None:
        """How webhooks tell of them; None where none do."""
        ...

    @property
    def deletions(self) -> Callable[[str | None], Deleted] | None:
        """Reads what was deleted since a cursor, or as far back as that is kept; None where the ERP does not tell."""
        ...

    def begin(self, day: date) -> str:
        """The cursor of a first look: every document whose record moved on that day (UTC) or later is read from it."""
        ...

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[D_co]:
        """Documents whose record moved since the cursor, whole, with their lines."""
        ...

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceRecord[D_co]]:
        """Documents by the ERP's own id, whole. Ids that are gone are left out."""
        ...

    def from_record(self, record: str) -> D_co:
        """The document in a stored record: a replay renders what was read."""
        ...

    def entered(self, record: str) -> datetime | None:
        """When the document in a stored record was entered in the ERP; None where the record does not tell."""
        ...
