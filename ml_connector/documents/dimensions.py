"""Dimensions: what an ERP books a line to beside its account, by name: cost center, department, location, project ...

A name is the ERP's own in small letters with _ for blanks. Codes are unpadded.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.documents.common import Record

COST_CENTER = "cost_center"
COST_UNIT = "cost_unit"
#: What a dimension may be called.
NAME = "^[a-z][a-z0-9_]{0,39}$"


class Dimensioned(Record):
    """A record with a code for each dimension. The two that every release knew have fields of their own, so that what
    older releases stored is read and hashed as it was.
    """

    added = frozenset({"other_dimensions"})

    cost_center: str = ""
    cost_unit: str = ""
    #: Codes of further dimensions, by name.
    other_dimensions: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def dimensions(self) -> dict[str, str]:
        """All its codes by dimension; those without one are left out."""
        codes = {COST_CENTER: self.cost_center, COST_UNIT: self.cost_unit, **self.other_dimensions}
        return {name: code for name, code in codes.items() if code}


def as_fields(codes: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a `Dimensioned` record for these codes."""
    others = {name: code for name, code in codes.items() if code and name not in {COST_CENTER, COST_UNIT}}
    return {
        "cost_center": codes.get(COST_CENTER, ""),
        "cost_unit": codes.get(COST_UNIT, ""),
        "other_dimensions": others,
    }


def table_of(dimension: str) -> str:
    """Name of the reference table of a dimension: cost_centers, classes, territories."""
    if dimension.endswith(("s", "x", "ch")):
        return f"{dimension}es"
    if dimension.endswith("y") and dimension[-2:-1] not in tuple("aeiou"):
        return f"{dimension[:-1]}ies"
    return f"{dimension}s"


def in_words(dimension: str) -> str:
    """A dimension's name as people read it: cost center."""
    return dimension.replace("_", " ")
