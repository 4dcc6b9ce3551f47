"""A partner in X12: who it is there, how it is written to, and what its guide changes."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings


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
            raise ValueError("is not an encoding of text; write latin-1 or utf-8") from error
        if not same:
            raise ValueError("does not write ASCII as it is; X12 needs one that does, like latin-1 or utf-8")
        return value


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
                raise ValueError(f"{number!r} is not an element number, like '355'")
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
                raise ValueError(f"{one!r} is not a place with a code, like REF02:5")
        return value
