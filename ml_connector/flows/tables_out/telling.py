"""What a flow knows that keeps records of a network as rows of the ERP's tables are; the rest is the same for all."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.json import dump
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import TargetName
from ml_connector.ledger.work.documents import DocumentRow

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Said(Generic[R]):
    """One row as it is to be there. key: our id of the record. number: as people call it. record: without its `id`."""

    key: str
    number: str
    record: R

    @property
    def content_hash(self) -> str:
        """Equal for what says the same."""
        return hashlib.sha256(dump(self.record).encode()).hexdigest()


class TableTelling(ABC, Generic[R]):
    """One kind of record that is made of tables. what: of the records, in words. tables: whose rows they are."""

    flow: str
    kind: DocumentKind
    target: TargetName[R]
    model: type[R]
    what: str

    @abstractmethod
    def tables(self, integration: Integration) -> Sequence[str]:
        """The tables whose rows are told."""

    @abstractmethod
    def said(self, integration: Integration) -> Sequence[Said[R]]:
        """Every record as it is to be there, of the tables as read last."""

    @abstractmethod
    def ended(self, record: R) -> R:
        """What is told of a record whose row is not there any more, if nobody says otherwise."""

    def allowed(self, integration: Integration, row: DocumentRow, record: R) -> R | NeedsCorrection:
        """The record that is told where its row is gone, or the question for a person."""
        del integration, row
        return record

    @abstractmethod
    def there(
        self, integration: Integration, rows: Sequence[tuple[DocumentRow, R]]
    ) -> Mapping[int, str | NeedsCorrection]:
        """The network's ids of these records, by document; empty: it does not have them yet. Asked for those of which
        this ledger does not know it.
        """

    def settings_text(self, integration: Integration) -> str:
        """What else decides what is told: another text has everything looked at again."""
        return integration.settings.flows.named(self.flow).model_dump_json()
