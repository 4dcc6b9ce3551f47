"""What the partners sent and what was answered: the numbers a test or the demo compares with the ledger."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.cleo.events import stamp


@dataclass(frozen=True)
class SentDocument:
    """One business document in a file: its number, the orders it names, and for invoices the money.

    total and vat carry their currency beside them. trouble: what is wrong with it on purpose; empty when nothing is.
    """

    kind: str
    number: str
    orders: tuple[str, ...] = ()
    total: Decimal | None = None
    vat: Decimal | None = None
    currency: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class SentFile:
    """One file a partner put into its inbox folder. kind is the set, or `rubbish`."""

    at: datetime
    partner: str
    kind: str
    name: str
    file_id: str
    size: int
    control: str
    documents: tuple[SentDocument, ...]
    trouble: str = ""

    def as_row(self) -> dict[str, Any]:
        return {**asdict(self), "at": stamp(self.at)}


@dataclass
class SentGroup:
    """A group a partner sent, and what our 997 said of it. answers: every AK901 that came, in order."""

    partner: str
    functional_id: str
    control: str
    file: str
    answers: list[str] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ReadGroup:
    """A group of ours as a partner read it and what it thinks of it."""

    at: datetime
    partner: str
    functional_id: str
    control: str
    interchange: str
    code: str
    problems: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        return {**asdict(self), "at": stamp(self.at)}
