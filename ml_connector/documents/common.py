"""Parts shared by all business documents.

Names are business language; X12 qualifiers stay beside the values they qualify, so that a value whose
qualifier has no name of its own is kept and can be written back.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Protocol, Self, TypeVar, dataclass_transform

import msgspec

# Given on: whoever has documents has their kinds.
from ml_connector.documents.kinds import Direction as Direction  # noqa: PLC0414
from ml_connector.documents.kinds import DocumentKind as DocumentKind  # noqa: PLC0414
from ml_connector.documents.values.decimals import is_normal, normal

RecordT = TypeVar("RecordT", bound="Record")


class _RecordType(msgspec.StructMeta):
    """Makes classes whose fields are given by name: msgspec would have each of them say so."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        return super().__new__(cls, name, bases, namespace, kw_only=True, **config)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, metaclass=_RecordType):
    """A frozen value. Unknown keys are refused when one is read, so that a misspelt field cannot vanish.

    Making one looks at no types, type checkers do; reading one from JSON does (`documents.records`). No record holds
    itself, so that the garbage collector need not look for it.
    """

    #: Fields that a later release added: left out where they say nothing, so that what was stored hashes as it did.
    added: ClassVar[frozenset[str]] = frozenset()
    #: Fields that say how it was read, and are no part of what it is.
    unkept: ClassVar[frozenset[str]] = frozenset()


class DocumentPart(Record, omit_defaults=True):
    """A record of a document as partners have it: fields that hold their default are left out of its JSON."""


class Amounts(DocumentPart):
    """Mixin of what has decimals: equal ones are made the same, 12.50 and 12.5, so that they have the same text.

    Raises ValueError for what is no number or too large for one.
    """

    def __post_init__(self) -> None:
        names, values = decimals_of(type(self))
        for value in values(self):
            if value is not None and not ((text := str(value)).isdigit() or is_normal(text)):
                break
        else:
            # nearly always
            return
        for name, value in zip(names, values(self), strict=True):
            if value is not None:
                msgspec.structs.force_setattr(self, name, normal(value))


@cache
def decimals_of(model: type[Record]) -> tuple[tuple[str, ...], Callable[[Record], tuple[Decimal | None, ...]]]:
    """The fields of a model that hold decimals, and what gives their values."""
    names = tuple(one.name for one in msgspec.structs.fields(model) if one.type in (Decimal, Decimal | None))
    if len(names) == 1:
        (name,) = names
        return names, lambda record: (getattr(record, name),)
    return names, attrgetter(*names)


def changed(record: RecordT, **values: Any) -> RecordT:
    """The record with other values; their types are not looked at."""
    return msgspec.structs.replace(record, **values)


class Code(StrEnum):
    """A code list with names for the codes that matter; a code without a name here stays itself."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = f"CODE_{value}"
        member._value_ = value
        return member


class Purpose(Code):
    """BEG01, BCH01, BAK01, BSN01, BIG08 (X12 element 353)."""

    ORIGINAL = "00"
    CANCEL = "01"
    CHANGE = "04"
    REPLACE = "05"
    CONFIRM = "06"
    DUPLICATE = "07"
    ADVANCE = "14"
    INFORMATION = "22"


class KeptElement(DocumentPart):
    """An element that has no field of its own, or a value that its field cannot hold, kept as read.

    position counts from 1. Components stand between "\x1f", repetitions between "\x1e", whatever the file used.
    """

    segment_id: str
    position: int
    value: str


class KeptSegment(DocumentPart):
    """A segment that has no field of its own, kept as read so that it can be written back at its place.

    `inside` holds the segments of the loop that it opens. Components and repetitions as in KeptElement.
    """

    segment_id: str
    elements: tuple[str, ...] = ()
    inside: tuple["KeptSegment", ...] = ()


class Segmented(DocumentPart):
    """Mixin of what stands in segments: `kept` are their elements without a field."""

    kept: tuple[KeptElement, ...] = ()


class Reference(Segmented):
    """REF or N9: a qualifier (element 128) and its value."""

    qualifier: str
    value: str = ""
    description: str = ""


class DateReference(Segmented):
    """DTM: a qualifier (element 374) and its date, perhaps with time and zone."""

    qualifier: str
    day: date | None = None
    at: time | None = None
    zone: str = ""


class ItemId(DocumentPart):
    """One product identifier with its X12 qualifier (element 235)."""

    qualifier: str
    value: str


class Contact(Segmented):
    """PER: a person with numbers keyed by X12 type (TE, EM, FX ...)."""

    function: str = ""
    name: str = ""
    numbers: tuple[Reference, ...] = ()


class Party(Segmented):
    """N1 loop: who, in which role (element 98: BY, ST, BT, SE, VN, SU, RE ...)."""

    role: str
    name: str = ""
    id_scheme: str = ""
    id: str = ""
    more_names: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    references: tuple[Reference, ...] = ()
    contacts: tuple[Contact, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class AllowanceKind(Code):
    """SAC01."""

    ALLOWANCE = "A"
    CHARGE = "C"
    NEITHER = "N"
    PROMOTION = "P"
    CHARGE_REQUEST = "Q"
    ALLOWANCE_REQUEST = "R"
    SERVICE = "S"


class AllowanceCharge(Segmented, Amounts):
    """SAC: an allowance (deducted) or a charge (added). Amounts are unsigned, in the document's currency."""

    kind: AllowanceKind
    code: str = ""
    agency: str = ""
    agency_code: str = ""
    amount: Decimal | None = None
    percent: Decimal | None = None
    percent_basis: str = ""
    rate: Decimal | None = None
    rate_unit: str = ""
    rate_quantity: Decimal | None = None
    handling: str = ""
    reference: str = ""
    description: str = ""
    taxes: tuple["Tax", ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    @property
    def signed_amount(self) -> Decimal:
        """What it adds to the total: charges positive, allowances negative, the rest nothing."""
        amount = self.amount or Decimal(0)
        if self.kind is AllowanceKind.CHARGE:
            return amount
        return -amount if self.kind is AllowanceKind.ALLOWANCE else Decimal(0)


class Tax(Segmented, Amounts):
    """TXI: a tax with amount in the document's currency; percent as 21 for 21 %."""

    kind: str
    amount: Decimal | None = None
    percent: Decimal | None = None
    jurisdiction_source: str = ""
    jurisdiction: str = ""
    exempt: str = ""
    relationship: str = ""
    basis: Decimal | None = None
    tax_id: str = ""


class PaymentTerms(Segmented, Amounts):
    """ITD."""

    kind: str = ""
    basis: str = ""
    discount_percent: Decimal | None = None
    discount_due: date | None = None
    discount_days: int | None = None
    net_due: date | None = None
    net_days: int | None = None
    discount_amount: Decimal | None = None
    description: str = ""


def item_id(items: Iterable[ItemId], *qualifiers: str) -> str:
    """The first identifier whose qualifier is among those given, in the order given; empty when none."""
    by_qualifier = {item.qualifier: item.value for item in reversed(list(items))}
    return next((by_qualifier[q] for q in qualifiers if q in by_qualifier), "")


#: Element 235 qualifiers by meaning (x12-procurement 4).
BUYERS_ITEM = ("BP", "IN", "PI", "CB", "SK")
VENDORS_ITEM = ("VP", "VN", "VC", "VA", "SN")
GTIN = ("UK", "EN", "UP", "UA", "UI")


class Itemized(Segmented):
    """Mixin of everything that names a product."""

    items: tuple[ItemId, ...] = ()

    @property
    def buyers_item(self) -> str:
        return item_id(self.items, *BUYERS_ITEM)

    @property
    def vendors_item(self) -> str:
        return item_id(self.items, *VENDORS_ITEM)

    @property
    def gtin(self) -> str:
        return item_id(self.items, *GTIN)


class Document(Segmented):
    """What every business document has. `extras` keeps header segments without a field of their own."""

    currency: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    parties: tuple[Party, ...] = ()
    contacts: tuple[Contact, ...] = ()
    notes: tuple[str, ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    def reference(self, *qualifiers: str) -> str:
        """The first reference value with one of these qualifiers; empty when none."""
        return next((r.value for q in qualifiers for r in self.references if r.qualifier == q and r.value), "")

    def date_of(self, *qualifiers: str) -> date | None:
        return next((d.day for q in qualifiers for d in self.dates if d.qualifier == q and d.day), None)

    def party(self, *roles: str) -> Party | None:
        return next((p for role in roles for p in self.parties if p.role == role), None)


class Charged(Protocol):
    """A document or a line: what charges and parties it has, and segments without a field."""

    @property
    def allowances(self) -> tuple[AllowanceCharge, ...]: ...
    @property
    def parties(self) -> tuple[Party, ...]: ...
    @property
    def extras(self) -> tuple[KeptSegment, ...]: ...


def named_currencies(document: Document, charged: Iterable[Charged]) -> list[str]:
    """Every currency that a document names, wherever it does (CUR02, CUR05), each once and as capitals.

    charged: itself and its lines.
    """
    found = [document.currency, *(k.value for k in document.kept if (k.segment_id, k.position) == ("CUR", 5))]
    for one in charged:
        inside = [one.extras, *(charge.extras for charge in one.allowances), *(party.extras for party in one.parties)]
        found += [code for segments in inside for code in _currencies_in(segments)]
    return sorted({code.strip().upper() for code in found if code.strip()})


def _currencies_in(segments: Iterable[KeptSegment]) -> Iterator[str]:
    for segment in segments:
        if segment.segment_id == "CUR":
            yield from (segment.elements[at] for at in (1, 4) if at < len(segment.elements))
        yield from _currencies_in(segment.inside)
