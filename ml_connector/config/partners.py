"""A partner: a supplier behind a network, with its identity, folders and deviations. One file each."""

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.dimensions import DimensionName, one_of
from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT

#: What becomes of quantities and dates that a supplier changes in an 855.
OrderChanges = Literal["propose", "write_back"]


class X12Identity(Settings):
    """Who somebody is in ISA and GS."""

    qualifier: str = Field(min_length=2, max_length=2, description="ISA05 or ISA07, e.g. ZZ, 01, 14")
    id: str = Field(min_length=1, max_length=15, description="ISA06 or ISA08, without the padding")
    group_id: str = Field(default="", max_length=15, description="GS02 or GS03 where it differs")

    @property
    def group(self) -> str:
        return self.group_id or self.id

    @property
    def key(self) -> str:
        return f"{self.qualifier}/{self.id}"


class Tolerance(Settings):
    """How far an invoice may differ from the order: within either bound is accepted; nothing given means exact."""

    percent: Decimal = Field(default=Decimal(0), ge=0, le=100)
    absolute: Decimal = Field(default=Decimal(0), ge=0, description="In the invoice's currency or the line's unit")

    def allows(self, expected: Decimal, found: Decimal) -> bool:
        """True when found is not further above expected than one of the bounds; less is always allowed."""
        over = found - expected
        return over <= max(self.absolute, abs(expected) * self.percent / 100)


class MatchTolerances(Settings):
    price: Tolerance = Tolerance()
    quantity: Tolerance = Tolerance()
    total: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="Accepted between lines and total beyond half a cent for every amount that was rounded; what is "
        "posted is the document's own total",
    )
    vat: Decimal = Field(default=Decimal("0.05"), ge=0, description="Rounding allowed on the VAT amount")


class X12Writing(Settings):
    """How documents for this partner are written."""

    version: Literal["004010", "005010"] = "004010"
    element_separator: str = Field(default="*", min_length=1, max_length=1)
    component_separator: str = Field(default=">", min_length=1, max_length=1)
    repetition_separator: str = Field(default="^", min_length=1, max_length=1)
    terminator: str = Field(default="~", min_length=1, max_length=1)
    suffix: Literal["", "\n", "\r\n", "\r"] = ""
    character_set: Literal["basic", "extended", "utf-8"] = "extended"
    encoding: str = Field(default="latin-1", description="Also for reading")
    detect_utf8: bool = Field(
        default=True,
        description="Reading: text that is UTF-8 is read as such and told, whatever `encoding` says; false: never",
    )
    want_ta1: bool = False
    replace_separators: str | None = Field(
        default=" ", description="What a separator inside data becomes; null holds the document instead"
    )

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        marks = (self.element_separator, self.component_separator, self.repetition_separator, self.terminator)
        if len(set(marks)) != len(marks):
            raise ValueError("the separators and the terminator must be four different characters")
        if any(mark.isalnum() or mark in " \x00" for mark in marks):
            raise ValueError("a separator cannot be a letter, a digit, a blank or NUL")
        return self

    @field_validator("encoding")
    @classmethod
    def _plain(cls, value: str) -> str:
        try:
            same = "ISA*~".encode(value) == b"ISA*~"
        except LookupError as error:
            raise ValueError("is no encoding of text; write latin-1 or utf-8") from error
        if not same:
            raise ValueError("does not write ASCII as it is; X12 needs one that does, like latin-1 or utf-8")
        return value


#: What may stand in braces in a file name.
FILE_NAME_PARTS = ("partner", "set", "number", "timestamp", "control", "ext")


class OrdersToPartner(Settings):
    send: bool = Field(
        default=True, description="false: another partner file of the same supplier gets its orders, or nobody does"
    )
    sent_before: Literal["ask", "known", "again"] = Field(
        default="ask",
        description="Changed orders that were sent to another partner or identity before. ask: held with a question; "
        "known: this partner has them and gets what changed; again: it gets them whole",
    )
    changes: Literal["860", "850"] = Field(default="860", description="850 sends the whole order with BEG01 05")
    header_changes: Literal["header", "lines", "850", "hold"] = Field(
        default="header",
        description="A change of the header alone (delivery date, address, remarks). header: an 860 with the changed"
        " header segments and no POC; lines: with a POC for every line, as flat files always have; 850: the whole order"
        " with BEG01 05; hold: a person tells the partner",
    )
    withdrawn: Literal["cancel", "hold"] = Field(
        default="cancel",
        description="An order that it has was deleted in the ERP or given to another supplier. cancel: it is sent a"
        " cancellation; hold: a person tells it",
    )
    partly_received: Literal["hold", "whole"] = Field(
        default="hold",
        description="Orders of which goods came before they were ever sent from here. hold: asked about; whole: sent as"
        " they are, for the supplier counts what it has delivered",
    )
    deduplicates: bool = Field(
        default=False,
        description="The partner drops a repeat of the same ISA13: an upload of unknown outcome is repeated",
    )
    account_reference: str = Field(
        default="", description="REF qualifier that carries the GL account, e.g. 11; empty: none"
    )
    cost_center_reference: str = Field(default="", description="REF qualifier that carries the cost center, e.g. DP")
    buyers_item_qualifier: str = Field(default="BP", min_length=2, max_length=2)
    vendors_item_qualifier: str = Field(default="VP", min_length=2, max_length=2)
    file_name: str = Field(
        default="{partner}_{set}_{timestamp}_{control}.{ext}",
        description="Placeholders: partner, set, number, timestamp, control (must be there), ext (edi, csv, xml ...)",
    )
    ship_to: dict[str, str] = Field(
        default_factory=dict,
        description="Code of a warehouse, or of a relation that is delivered to -> the partner's code for it",
    )
    drop_shipments: Literal["send", "hold"] = Field(
        default="send",
        description="Orders that go to our customer: sent as such (BEG02 DS) with name and address, or held",
    )
    other_addresses: Literal["send", "hold"] = Field(
        default="send", description="Orders with a delivery address of their own: sent with name and address, or held"
    )
    your_reference: str = Field(
        default="CR", max_length=3, description="REF qualifier of the reference that the buyer entered; empty: none"
    )

    @field_validator("file_name")
    @classmethod
    def _unique(cls, value: str) -> str:
        if "{control}" not in value:
            raise ValueError("must hold {control}, or two files could get one name")
        for _, name, form, conversion in Formatter().parse(value):
            if (name is not None and name not in FILE_NAME_PARTS) or form or conversion:
                raise ValueError(f"placeholders are {', '.join(f'{{{part}}}' for part in FILE_NAME_PARTS)}, plain")
        if "/" in value or "\\" in value or not value.isprintable():
            raise ValueError("is the name of a file, without folders")
        return value


class AcknowledgmentRules(Settings):
    send: bool = Field(default=True, description="Answer every received group with a 997")
    form: Literal["997", "999"] = Field(default="997", description="999 only where the partner asks for it")
    interchanges: Literal["asked", "always", "never"] = Field(
        default="asked", description="TA1 for received interchanges: where ISA14 asks for it, for all, for none"
    )
    list_accepted_sets: bool = True
    expect: bool = Field(default=True, description="A 997 is expected for what we send")
    warn_after_hours: float = Field(
        default=24, gt=0, description="An alert says that the 997 is late; the document stays sent"
    )
    overdue_after_hours: float = Field(default=48, gt=0, description="The document turns overdue")


#: Elements of answers whose codes a partner may use its own way.
ANSWER_ELEMENTS = ("BAK01", "BAK02", "ACK01", "OTI01")


def upper_codes(value: dict[str, dict[str, str]], elements: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Codes of a partner by element, as the lists have them; ValueError for an element that has none."""
    for element in value:
        if element not in elements:
            raise ValueError(f"{element!r} is none of {', '.join(elements)}")
    return {element: {code.upper(): meant.upper() for code, meant in codes.items()} for element, codes in value.items()}


class OrderAnswers(Settings):
    """How the partner answers orders (855, 865, 824)."""

    silence_is_consent: bool = Field(
        default=False, description="Lines that an acknowledgment with detail leaves out are accepted as ordered"
    )
    codes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Element -> the partner's code -> the code it stands for, e.g. {ACK01: {ZA: IA}}; BAK01 and BAK02"
        " hold for BCA01 and BCA02 too",
    )

    @field_validator("codes")
    @classmethod
    def _elements(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return upper_codes(value, ANSWER_ELEMENTS)


#: Elements of ship notices whose codes a partner may use its own way.
NOTICE_ELEMENTS = ("BSN06", "BSN07", "SN108")


class ShipNotices(Settings):
    """How the partner tells of shipments (856)."""

    codes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Element -> the partner's code -> the code it stands for, or nothing, e.g. {BSN07: {NOR: ''}}",
    )

    @field_validator("codes")
    @classmethod
    def _elements(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return upper_codes(value, NOTICE_ELEMENTS)


class X12Guide(Settings):
    """What the partner's guide changes in the standard's definitions, for reading."""

    codes: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Element number -> codes that are right too, e.g. '355': [CS]"
    )
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Element number -> the only codes that are right"
    )
    optional: tuple[str, ...] = Field(
        default=(), description="Mandatory elements or segments that may be missing, e.g. BEG05, TDS"
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="Findings that are not reported: place and AK304 or AK403 code, e.g. REF02:5, ZQ:1, *:7"
    )

    @field_validator("codes", "only")
    @classmethod
    def _numbers(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for number in value:
            if not re.fullmatch(r"[1-9][0-9]{0,3}", number):
                raise ValueError(f"{number!r} is no element number, like '355'")
        return value

    @field_validator("optional")
    @classmethod
    def _places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}([0-9]{2})?", place):
                raise ValueError(f"{place!r} is neither a segment (TDS) nor an element (BEG05)")
        return value

    @field_validator("ignore")
    @classmethod
    def _findings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"(\*|[A-Z0-9]{2,10}):[A-Za-z0-9_]+", one):
                raise ValueError(f"{one!r} is no place with a code, like REF02:5")
        return value


class SentLayouts(Settings):
    """Layouts that documents leave in, by kind; X12 where none is named."""

    order: str = Field(default="", description="Layout of orders (850): a shipped name or a file")
    order_change: str = Field(default="", description="Layout of order changes (860)")


class PartnerLayouts(Settings):
    """Files beside X12: a layout is the name of a shipped one, or a file relative to the partner's file."""

    receive: tuple[str, ...] = Field(default=(), description="Layouts of files that come; the first that fits reads it")
    send: SentLayouts = SentLayouts()

    @property
    def names(self) -> tuple[str, ...]:
        """All that are named."""
        sent = (name for name in (self.send.order, self.send.order_change) if name)
        return tuple(dict.fromkeys((*self.receive, *sent)))


class Channels(Settings):
    receive: tuple[str, ...] = Field(default=(), description="Folders we read; we need the right to download")
    send: str = Field(default="", description="Folder we write to; we need the right to upload")
    names: tuple[str, ...] = Field(
        default=(),
        description="Names of files that are this partner's in a folder that several share, with * and ?; for flat"
        " files that do not say whose they are",
    )

    def claims(self, name: str) -> bool:
        """Whether a file of that name is this partner's, by its name alone; upper and lower case are the same."""
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in self.names)


class Partner(Settings):
    """One partner file."""

    name: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[a-z0-9][a-z0-9_]*$",
        description="Short name in paths and pages",
    )
    title: str = ""
    vendor: str = Field(description="Code of the supplier at the ERP, without padding")
    identity: X12Identity
    test_identity: X12Identity | None = None
    channels: Channels
    syntax: Literal["strict", "standard", "lenient"] = "standard"
    bad_part: Literal["split", "whole"] = Field(
        default="split",
        description="split: good sets flow, bad ones are rejected; whole: any error rejects the interchange",
    )
    control_numbers: Literal["checked", "ignored"] = Field(
        default="checked", description="ignored: for partners that repeat or restart ISA13"
    )
    control_number_days: int = Field(
        default=365, ge=1, le=3650, description="An ISA13 that came longer ago may come again: numbers restart"
    )
    layouts: PartnerLayouts = PartnerLayouts()
    line_numbers: Literal["ours", "theirs"] = Field(
        default="ours",
        description="Whose line numbers its documents carry. ours: a number that leads to another line than the item"
        " holds the document; theirs: the item alone decides",
    )
    currency: str = Field(
        default="", pattern="^([A-Z]{3})?$", description="Of flat files whose layout says `currency: {from: caller}`"
    )
    x12: X12Writing = X12Writing()
    guide: X12Guide = X12Guide()
    orders: OrdersToPartner = OrdersToPartner()
    acknowledgments: AcknowledgmentRules = AcknowledgmentRules()
    order_answers: OrderAnswers = OrderAnswers()
    ship_notices: ShipNotices = ShipNotices()
    tolerances: MatchTolerances | None = Field(default=None, description="Overrides the integration's")
    invoice_mode: Literal["matched", "coded", "auto"] | None = Field(
        default=None, description="Overrides the integration's"
    )
    invoice_types: dict[Annotated[str, Field(pattern="^[A-Z0-9]{2}$")], Literal["invoice", "credit", "held"]] = Field(
        default_factory=dict, description="What it means by a type of invoice (BIG07), where it differs; see docs"
    )
    original_in_big10: bool = Field(
        default=False, description="BIG10 names the invoice that is credited or replaced, not a consolidated one"
    )
    similar_numbers: Literal["held", "ignored"] = Field(
        default="held",
        description="Invoices of one amount and day whose numbers differ in leading zeros or punctuation only",
    )
    supplier_numbers: tuple[str, ...] = Field(
        default=(), description="Further numbers by which its documents name it (REF VR, IA, ZA, N104 with 92)"
    )
    order_changes: OrderChanges | None = Field(
        default=None, description="Overrides acknowledgments_in.order_changes of the integration"
    )
    units: dict[str, str] = Field(default_factory=dict, description="The partner's unit code -> X12 unit code")
    price_bases: dict[
        Annotated[str, Field(pattern="^[A-Z0-9]{2}$")], Annotated[str, Field(pattern="^(PE|HP|TP|[1-9][0-9]{0,5})$")]
    ] = Field(
        default_factory=dict,
        description="What it means by a price basis (PO105, IT105) that is not known: PE per unit, HP per hundred, TP "
        "per thousand, or the number of units",
    )
    charges: dict[str, str] = Field(default_factory=dict, description="SAC code -> charge item or GL account; see docs")
    gl_account: str = Field(default="", description="Account for lines without an order")
    cost_center: str = ""
    cost_unit: str = ""
    dimensions: dict[DimensionName, str] = Field(
        default_factory=dict, description="Dimension (department, location ...) -> code of lines that have no other"
    )
    silent_after_hours: float | None = Field(default=None, gt=0, description="Alert when nothing came for so long")
    contact: str = Field(default="", description="Whom to call")

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        for name in (COST_CENTER, COST_UNIT):
            self.dimension(name)
        return self

    def dimension(self, name: str) -> str:
        """The code of a dimension; of cost center and cost unit by their older keys too."""
        older = {COST_CENTER: self.cost_center, COST_UNIT: self.cost_unit}.get(name, "")
        return one_of(older, self.dimensions.get(name, ""), name, f"dimensions.{name}")

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Dimensions that this file gives a code of."""
        return tuple(name for name in dict.fromkeys((COST_CENTER, COST_UNIT, *self.dimensions)) if self.dimension(name))

    @model_validator(mode="after")
    def _form_has_a_version(self) -> Self:
        if self.acknowledgments.form == "999" and self.x12.version < "005010":
            raise ValueError("acknowledgments.form 999 exists from x12.version 005010 on")
        return self

    @model_validator(mode="after")
    def _changes_have_a_layout(self) -> Self:
        sent = self.layouts.send
        if sent.order_change and not sent.order:
            raise ValueError("layouts.send.order_change without layouts.send.order: orders and changes go one way")
        if sent.order and not sent.order_change and self.orders.changes == "860":
            raise ValueError('layouts.send.order needs layouts.send.order_change, or orders.changes: "850"')
        return self
