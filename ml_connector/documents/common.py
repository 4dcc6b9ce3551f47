"""Parts shared by all business documents.

Names are business language; X12 qualifiers stay beside the values they qualify, so that a value whose
qualifier has no name of its own is kept and can be written back.
"""

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict

# Given on: whoever has documents has their kinds.
from ml_connector.documents.kinds import Direction as Direction  # noqa: PLC0414
from ml_connector.documents.kinds import DocumentKind as DocumentKind  # noqa: PLC0414

RecordT = TypeVar("RecordT", bound="Record")

_DEFAULTS: dict[type[BaseModel], dict[str, Any]] = {}
_FIELDS: dict[type[BaseModel], set[str]] = {}

#: The slots of a pydantic model, set past its own `__setattr__`, which is for people.
_set_values = BaseModel.__dict__["__dict__"].__set__
_set_fields = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private = BaseModel.__dict__["__pydantic_private__"].__set__


class Record(BaseModel):
    """A frozen value. Unknown keys are refused, so that a misspelt field cannot vanish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def made(cls, values: dict[str, Any]) -> Self:
        """A record of values known to be right, without a look at them; missing fields get their default.

        For readers that have just made the values themselves: several times as fast as validation. A field that
        has no default must be among the values.
        """
        return cls.of({**cls.defaults(), **values})

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The fields that need not be given, with what they hold then. Not to be changed."""
        defaults = _DEFAULTS.get(cls)
        if defaults is None:
            defaults = {n: f.get_default() for n, f in cls.model_fields.items() if not f.is_required()}
            _DEFAULTS[cls] = defaults
            _FIELDS[cls] = set(cls.model_fields)
        return defaults

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """A record of the values of all its fields, known to be right; the dictionary becomes the record's."""
        record = cls.__new__(cls)
        _set_values(record, values)
        # shared, and never changed: a copy has its own
        _set_fields(record, _FIELDS.get(cls) or _fields(cls))
        _set_extra(record, None)
        _set_private(record, None)
        return record


def changed(record: RecordT, **values: Any) -> RecordT:
    """The record with other values that are known to be right: they are not looked at."""
    return record.of({**record.__dict__, **values})


def fill(record: Record, model: type[Record], values: dict[str, Any]) -> None:
    """Makes a record of the class and with the values given, which are those of all fields of that model.

    The class comes last: another thread that asks meanwhile finds the record with its values or without them.
    """
    _set_fields(record, _FIELDS.get(model) or _fields(model))
    _set_extra(record, None)
    _set_private(record, None)
    _set_values(record, values)
    object.__setattr__(record, "__class__", model)


def _fields(cls: type[Record]) -> set[str]:
    cls.defaults()
    return _FIELDS[cls]


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


class KeptElement(Record):
    """An element that has no field of its own, or a value that its field cannot hold, kept as read.

    position counts from 1. Components stand between "\x1f", repetitions between "\x1e", whatever the file used.
    """

    segment_id: str
    position: int
    value: str


class KeptSegment(Record):
    """A segment that has no field of its own, kept as read so that it can be written back at its place.

    `inside` holds the segments of the loop that it opens. Components and repetitions as in KeptElement.
    """

    segment_id: str
    elements: tuple[str, ...] = ()
    inside: tuple["KeptSegment", ...] = ()


class Segmented(Record):
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


class ItemId(Record):
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


class AllowanceCharge(Segmented):
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


class Tax(Segmented):
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


class PaymentTerms(Segmented):
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
