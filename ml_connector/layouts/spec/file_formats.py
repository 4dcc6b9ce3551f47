"""The part of a layout file that says how its format is written: text, rows, fixed lines, XML, JSON."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Block(BaseModel):
    """A frozen block of a layout. Unlike in other settings, blanks at the ends count: a tab may be a delimiter."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def several(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """One text or several, as several."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


class TextSettings(Block):
    """Bytes and characters of a file."""

    encoding: str = Field(default="utf-8", description="What the bytes are; a byte order mark in a file counts more")
    bom: bool = Field(default=False, description="Write a byte order mark")
    detect_utf8: bool = Field(
        default=True, description="Text that is UTF-8 is read as such and told, whatever `encoding` says; false: never"
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        from ml_connector.layouts.values.encodings import ENCODINGS, encoding_name

        if encoding_name(value) not in ENCODINGS:
            raise ValueError(f"is none of the encodings of text read here: {', '.join(sorted(ENCODINGS))}")
        return value


class CsvSettings(Block):
    """Also of parent_child."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1, description="Empty: nothing is quoted")
    quoting: Literal["needed", "all"] = "needed"
    terminator: str = Field(default="\r\n", min_length=1, max_length=2, description="Line ends are all read")
    header: bool = Field(default=True, description="The first row holds the headings (parent_child: never)")
    headings: Literal["exact", "any_case"] = "any_case"
    unknown_columns: Literal["ignore", "refuse"] = "ignore"
    missing_columns: Literal["refuse", "ignore"] = Field(
        default="refuse", description="Columns of the layout that a file has not; those of required fields never are"
    )
    skip_rows: int | Literal["to_headings"] = Field(
        default=0,
        description="Rows above the headings (or above the first row) that are not read; to_headings: however many. "
        "Empty ones and a line `sep=;` need not be counted",
    )
    skip_blanks: bool = Field(
        default=False, description='Read: blanks behind a delimiter are not text: 1, "a" is 1 and a'
    )
    ignored_rows: tuple[str, ...] = Field(
        default=(),
        description="Rows whose first text is one of these are not read: Total, or Total* for what begins so",
    )
    rows_without_key: Literal["refuse", "ignore"] = Field(
        default="refuse", description="Rows in which all columns that documents are known by are empty"
    )
    repeated_headings: Literal["ignore", "refuse"] = Field(
        default="ignore", description="Headings that come again, as where files were joined"
    )
    formulas: Literal["keep", "refuse"] = Field(
        default="keep",
        description="Texts that a spreadsheet would compute (=, +, -, @): written as they are, or refused",
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.terminator not in ("\r\n", "\n", "\r") and len(self.terminator) != 1:
            raise ValueError("terminator is a line end or one character")
        marks = [self.delimiter, *self.terminator, *([self.quote] if self.quote else [])]
        if len(set(marks)) != len(marks) or self.delimiter in "\r\n" or (self.quote and self.quote in "\r\n"):
            raise ValueError("delimiter, quote and terminator must differ, and only the terminator is a line end")
        if isinstance(self.skip_rows, int) and not 0 <= self.skip_rows <= 1000:
            raise ValueError("skip_rows is a number up to 1000, or to_headings")
        if self.skip_rows == "to_headings" and not self.header:
            raise ValueError("without headings, skip_rows is a number")
        if any(not text.strip(" *") for text in self.ignored_rows):
            raise ValueError("ignored_rows are texts, perhaps with * behind")
        if any(c.isalnum() or c in "\0" for c in marks):
            raise ValueError("delimiter, quote and terminator are not letters, digits or NUL")
        return self


class FixedSettings(Block):
    """Files of lines with fixed columns."""

    terminator: str = Field(default="\r\n", min_length=1, max_length=2)
    tag_start: int = Field(default=1, ge=1, le=1000, description="fixed_parent_child: where the record's tag stands")
    tag_length: int = Field(default=1, ge=1, le=20)
    short_lines: Literal["refuse", "fill"] = Field(
        default="fill", description="A line shorter than its fields: blanks were cut off (fill), or it is damaged"
    )

    long_lines: Literal["refuse", "ignore"] = Field(
        default="refuse", description="Text behind the last field: fields may stand elsewhere (refuse), or is not read"
    )
    positions: Literal["characters", "bytes"] = Field(
        default="characters", description="What positions and lengths count; bytes: a letter like ü in UTF-8 takes two"
    )
    skip_lines: int = Field(default=0, ge=0, le=1000, description="Lines above the first record that are not read")

    @model_validator(mode="after")
    def _line_end(self) -> Self:
        if self.terminator not in ("\r\n", "\n", "\r"):
            raise ValueError("the terminator of fixed lines is a line end")
        return self


class XmlSettings(Block):
    """Files in XML."""

    root: str | tuple[str, ...] = Field(
        default="Documents",
        description="Name of the root element, with prefix where it has one. Several: all are read, the first is "
        "written",
    )
    namespaces: dict[str, str] = Field(
        default_factory=dict, description="Prefix -> namespace; the empty prefix is that of names without one"
    )
    ignore_namespaces: bool = Field(default=False, description="Read elements by their name alone")
    currency_attributes: tuple[str, ...] = Field(
        default=("currencyID", "currency"),
        description="Attributes of an amount that name its currency: one in another currency than the document is not "
        "an amount of it. Empty: they are not looked at",
    )
    indent: bool = True

    @field_validator("root")
    @classmethod
    def _some(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not all(isinstance(value, str) or one.strip() for one in value) or not value:
            raise ValueError("name the root element")
        return value

    @property
    def roots(self) -> tuple[str, ...]:
        return several(self.root)


class JsonSettings(Block):
    """Files in JSON."""

    documents: Literal["one", "list"] = Field(
        default="list",
        description="Written as one object or as an array of objects; both are read, also one behind the other",
    )
    indent: bool = True
