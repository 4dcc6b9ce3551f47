"""A layout file as validated settings: which text stands for which value of which document, and how it is written."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from ml_connector.layouts.spec.ambiguity import two_days
from ml_connector.layouts.spec.file_formats import (
    Block,
    CsvSettings,
    FixedSettings,
    JsonSettings,
    TextSettings,
    XmlSettings,
    several,
)
from ml_connector.layouts.values.values import check_date_pattern, check_time_pattern

Kind = Literal[
    "order",
    "order_change",
    "order_acknowledgment",
    "change_acknowledgment",
    "invoice",
    "ship_notice",
    "remittance",
    "reference_data",
    "vendor_proposal",
]
Format = Literal["csv", "fixed", "parent_child", "fixed_parent_child", "json", "xml"]
LONGEST_NAME = 80


class NumberSettings(Block):
    """How numbers are written. What is not given is as in the layout's `values`."""

    decimal: str | None = Field(default=None, max_length=1, min_length=1, description="Decimal mark, e.g. . or ,")
    thousands: str | None = Field(default=None, max_length=1, description="Mark between thousands; empty: none")
    implied_decimals: int | None = Field(
        default=None, ge=0, le=12, description="The last so many digits are decimals: 1250 is 12.50 with 2"
    )
    decimals: int | None = Field(default=None, ge=0, le=12, description="Written with so many decimals, always")
    round_to: int | None = Field(
        default=None, ge=0, le=12, description="Read: what has more decimals is rounded to so many (half up), and told"
    )
    sign: Literal["leading", "trailing", "parentheses"] | None = None
    lone_group: Literal["read", "refuse"] | None = Field(
        default=None,
        description="Ship notices: a quantity like 1.500 with the point between thousands, where nothing in the file "
        "shows which mark is which; default: refuse",
    )


class Values(Block):
    """How values are written throughout the file; fields may say otherwise."""

    date: str | tuple[str, ...] = Field(
        default="yyyy-MM-dd",
        description="yyyy or yy, MM or M, dd or d, perhaps with THH:mm:ss and a zone (Z) behind: the day as written is "
        "read. Several: all are read, the first is written",
    )
    time: str | tuple[str, ...] = Field(default="HH:mm:ss", description="HH, mm, ss. Several: the first is written")
    number: NumberSettings = NumberSettings()
    empty: tuple[str, ...] = Field(default=(), description="Texts that mean nothing is there, e.g. NULL, 00000000")
    strip: bool = Field(default=True, description="Take blanks off the ends of what is read")

    @field_validator("date")
    @classmethod
    def _dates(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return _one_day(_checked(value, check_date_pattern))

    @field_validator("time")
    @classmethod
    def _times(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return _checked(value, check_time_pattern)


def _checked(value: str | tuple[str, ...], check: Callable[[str], str]) -> str | tuple[str, ...]:
    if not several(value):
        raise ValueError("name at least one pattern")
    for pattern in several(value):
        check(pattern)
    return value


def _one_day(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if wrong := two_days(several(value)):
        raise ValueError(f"one text can be two days: {wrong}; name the one pattern that the sender writes")
    return value


class FieldSettings(Block):
    """One field: where it stands in the file and which value of the document it is."""

    to: str = Field(
        default="",
        description="Address in the document, e.g. number, references[IA], parties[ST].city, items[VP]; or one of "
        "@partner, @revision, @amount, @net_amount, @lines_total, @net_total, @quantity_total, @line_count, @position, "
        "@date, @time, @number",
    )
    column: str | int | None = Field(
        default=None, description="CSV heading, or column number from 1; default: the name"
    )
    path: str | None = Field(
        default=None,
        description="XML or JSON: from the level's element, a/b/@c or party[role=ST]/code; /: from the top; a/b | c: "
        "the first of these places that holds something. XML: a/name(), a/text(), ../a",
    )
    start: int | None = Field(default=None, ge=1, le=100_000, description="Fixed: first position, from 1")
    length: int | None = Field(default=None, ge=1, le=10_000, description="Fixed: positions")
    last: bool = Field(
        default=False, description="CSV and fixed: stands behind all others of its row, wherever it is named here"
    )
    record: str | None = Field(default=None, description="Tag of the record it stands in; default: the level's")
    same_as: str = Field(default="", description="Stands where that field stands; only read")
    only: Literal["read", "write"] | None = Field(default=None, description="Only read, or only written")
    required: bool = False
    constant: str | None = Field(default=None, description="Always this; another text in the file is an error")
    default: str | None = Field(default=None, description="Taken where the file holds nothing")
    codes: dict[str, str] = Field(default_factory=dict, description="Text in the file -> text in the document")
    unknown_codes: Literal["refuse", "keep"] = "refuse"
    date: str | tuple[str, ...] | None = None
    time: str | tuple[str, ...] | None = None
    number: NumberSettings | None = None
    join: str | None = Field(default=None, min_length=1, max_length=5, description="Between several texts, e.g. packs")
    max_length: int | None = Field(default=None, ge=1, le=100_000)
    too_long: Literal["refuse", "cut"] = Field(default="refuse", description="What is done to a text when written")
    align: Literal["left", "right"] | None = Field(default=None, description="Fixed: default right for numbers")
    pad: str = Field(default=" ", min_length=1, max_length=1, description="Fixed: what fills it up, e.g. 0")
    as_text: bool = Field(default=False, description="JSON: a number is written as text")
    tolerance: Decimal = Field(
        default=Decimal("0.01"), ge=0, description="How far a computed value may differ from what the file says"
    )
    description: str = ""

    @field_validator("date")
    @classmethod
    def _dates(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        return value if value is None else _one_day(_checked(value, check_date_pattern))

    @field_validator("time")
    @classmethod
    def _times(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        return value if value is None else _checked(value, check_time_pattern)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.to and self.constant is None:
            raise ValueError("needs `to`, the address of its value, or a `constant`")
        if self.constant is not None and (self.default is not None or self.codes):
            raise ValueError("a constant has neither default nor codes")
        return self


def _may_be_null(name: str, *, text: bool = False) -> Callable[[dict[str, Any]], None]:
    """For the schema: entries of a mapping may be null (taken away from what is extended), or be short forms."""

    def change(schema: dict[str, Any]) -> None:
        shorts = [{"type": "string"}] if text else []
        entry = schema["properties"][name]["additionalProperties"]
        schema["properties"][name]["additionalProperties"] = {"anyOf": [entry, *shorts, {"type": "null"}]}

    return change


def _level_schema(schema: dict[str, Any]) -> None:
    _may_be_null("fields", text=True)(schema)
    _may_be_null("repeats")(schema)
    _may_be_null("constants")(schema)


def _layout_schema(schema: dict[str, Any]) -> None:
    """A layout that extends another one says only what differs."""
    schema["required"] = ["name"]
    schema["anyOf"] = [{"required": ["extends"]}, {"required": ["kind", "format", "document"]}]


class LayoutLevel(Block):
    """What repeats: the documents of a file, the lines of a document, the answers to a line."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_level_schema)

    at: str | None = Field(default=None, description="XML or JSON: path of the repeated element from its parent's")
    tag: str | None = Field(default=None, description="Parent-child: tag of the record that opens one")
    fields_in: str = Field(default="", description="XML or JSON: path of the element that the fields stand in")
    key: tuple[str, ...] = Field(
        default=(), description="Rows with the same texts in these fields are one: a document, an order of a shipment"
    )
    inline: bool = Field(default=False, description="Stands in its parent's row or element, which is repeated for it")
    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    constants: dict[str, str] = Field(
        default_factory=dict, description="Address -> text, for what the file does not say"
    )
    repeats: dict[str, "LayoutLevel"] = Field(
        default_factory=dict, description="By the name of the document's list: lines, orders, items, answers, ..."
    )
    to: str = Field(
        default="",
        description="The document's list, where the level has another name: charges beside allowances. Levels of one "
        "list are told apart by their constants when written",
    )

    @field_validator("fields")
    @classmethod
    def _names(cls, value: dict[str, FieldSettings]) -> dict[str, FieldSettings]:
        for name in value:
            if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
                raise ValueError(f"{name[:40]!r} is not a name of a field")
        return value


class Currency(Block):
    """Where the currency of a file's amounts comes from: a field, a constant, the caller, or the order it answers."""

    source: Literal["field", "constant", "caller", "order"] = Field(alias="from", default="field")
    constant: str = Field(default="", pattern="^([A-Z]{3})?$")

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, value: Any) -> Any:
        if isinstance(value, dict) and "constant" in value and "from" not in value:
            return {**value, "from": "constant"}
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.source == "constant") != bool(self.constant):
            raise ValueError("write {constant: EUR}, or {from: field}, {from: caller}, {from: order}")
        return self


class Limits(Block):
    """What a file of this layout may hold; beyond it, it is refused."""

    bytes: int = Field(default=64_000_000, ge=1, le=1_000_000_000)
    rows: int = Field(default=1_000_000, ge=1, description="Rows, or elements of an XML or JSON file")
    row_length: int = Field(default=1_000_000, ge=1, description="Characters of a row")
    columns: int = Field(default=2_000, ge=1)
    text_length: int = Field(default=10_000, ge=1, description="Characters of one value")
    depth: int = Field(default=50, ge=1, le=200, description="Nesting of XML and JSON")
    findings: int = Field(default=200, ge=1, description="Findings told of one document")


class LayoutFile(Block):
    """A layout file."""

    name: str = Field(min_length=1, max_length=80, pattern=r"^[a-z0-9][a-z0-9_]*$")
    title: str = ""
    extends: str = Field(default="", description="Name of a shipped layout, or a file beside this one, that it changes")
    kind: Kind
    format: Format
    text: TextSettings = TextSettings()
    csv: CsvSettings = CsvSettings()
    fixed: FixedSettings = FixedSettings()
    xml: XmlSettings = XmlSettings()
    json_: JsonSettings = Field(default=JsonSettings(), alias="json")
    values: Values = Values()
    currency: Currency | None = Field(
        default=None, description="Where the currency of the amounts comes from; needed for all but ship notices"
    )
    ignored_tags: tuple[str, ...] = Field(default=(), description="Parent-child: records that are not read")
    leaves_out: tuple[str, ...] = Field(
        default=(), description="What may be lost when written although it matters, e.g. references, allowances"
    )
    limits: Limits = Limits()
    document: LayoutLevel

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=False,
        validate_by_alias=True,
        json_schema_extra=_layout_schema,
    )
