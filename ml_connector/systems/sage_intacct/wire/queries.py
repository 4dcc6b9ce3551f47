"""Queries: what is read, as an element (intacct 6.1). Children may come in any order; conditions nest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.xml import Element

#: Values that one `in` takes; fewer keep a request small.
MOST_VALUES = 500


@dataclass(frozen=True)
class Where:
    """A condition, or several of them. operator: of the sheet."""

    operator: str
    field: str = ""
    values: tuple[str, ...] = ()
    parts: tuple["Where", ...] = ()

    def element(self) -> Element:
        """As it stands in a filter."""
        if self.parts:
            return xml.built(self.operator, [("", part.element()) for part in self.parts])
        return xml.built(self.operator, [("field", self.field), *(("value", value) for value in self.values)])


def equals(field: str, value: str) -> Where:
    """The field has this value."""
    return Where("equalto", field, (value,))


def differs(field: str, value: str) -> Where:
    """The field has another value."""
    return Where("notequalto", field, (value,))


def above(field: str, value: str) -> Where:
    """The field is greater."""
    return Where("greaterthan", field, (value,))


def at_least(field: str, value: str) -> Where:
    """The field is greater or equal."""
    return Where("greaterthanorequalto", field, (value,))


def below(field: str, value: str) -> Where:
    """The field is less."""
    return Where("lessthan", field, (value,))


def is_null(field: str) -> Where:
    """The field is empty."""
    return Where("isnull", field)


def one_of(field: str, values: Iterable[str]) -> Where:
    """One of these values, at most 1000 (intacct 6.1)."""
    found = tuple(dict.fromkeys(values))
    return equals(field, found[0]) if len(found) == 1 else Where("in", field, found)


def all_of(parts: Iterable[Where | None]) -> Where | None:
    """Everything; None where nothing is asked."""
    return _joined("and", parts)


def any_of(parts: Iterable[Where | None]) -> Where | None:
    """Any; None where nothing is asked."""
    return _joined("or", parts)


def _joined(operator: str, parts: Iterable[Where | None]) -> Where | None:
    """An `and` or `or` has at least two children (intacct 6.1)."""
    found = [part for part in parts if part is not None]
    if len(found) < 2:
        return found[0] if found else None
    flat = [inner for part in found for inner in (part.parts if part.operator == operator else (part,))]
    return Where(operator, parts=tuple(flat))


def chunks(values: Iterable[str], most: int = MOST_VALUES) -> Iterator[list[str]]:
    """Values in groups that one condition takes, each once, empty ones left out."""
    found = [value for value in dict.fromkeys(values) if value]
    for start in range(0, len(found), most):
        yield found[start : start + most]


@dataclass(frozen=True)
class Query:
    """A query of one object. descending: by this field, else by the fields of `order`, upwards.

    private: records of private entities are seen from the top level. loose: text is compared without regard to case.
    """

    object: str
    select: Sequence[str]
    where: Where | None = None
    order: Sequence[str] = ("RECORDNO",)
    descending: bool = False
    page_size: int = 1000
    private: bool = False
    loose: bool = False
    definition: str = ""

    def also(self, where: Where | None) -> "Query":
        """With a further condition."""
        return replace(self, where=all_of([self.where, where]))

    def element(self) -> Element:
        """As a function's call."""
        direction = "descending" if self.descending else "ascending"
        orders = [("order", [("field", name), (direction, "")]) for name in self.order]
        options = [("caseinsensitive", "true")] * self.loose + [("showprivate", "true")] * self.private
        return xml.built(
            "query",
            [
                ("object", self.object),
                ("select", [("field", name) for name in dict.fromkeys(self.select)]),
                ("filter", None if self.where is None else [("", self.where.element())]),
                ("orderby", orders or None),
                ("options", options or None),
                ("docparid", self.definition or None),
                ("pagesize", str(self.page_size)),
                ("offset", "0"),
            ],
        )
