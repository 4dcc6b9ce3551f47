"""Query parameters of a call (acumatica 3). Clients send `$` as `%24` and blanks as `+`: both are decoded."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.contract import Shape
from ml_connector.sandbox.acumatica.wire.errors import NO_FIELD, ODATA, exception
from ml_connector.sandbox.acumatica.wire.filters import Filter

#: A tree of names: {"Details": {"Allocations": {}}}.
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """What of which records is asked for. `select` None: all top-level fields."""

    filter: Filter | None = None
    select: Tree | None = None
    expand: Tree = field(default_factory=dict)
    top: int | None = None
    skip: int = 0
    custom: tuple[str, ...] = ()


def parse_query(raw: str, shape: Shape, options: AcumaticaOptions, version: str) -> Query:
    """The query string of a call on records of that shape. Raises ApiError."""
    given = {name.casefold(): value for name, value in parse_qsl(raw, keep_blank_values=True)}
    if "$orderby" in given and options.orderby == "refused":
        raise exception("The query parameter '$orderby' is not supported.", ODATA)
    text = given.get("$filter", "").strip()
    select = _tree(given["$select"]) if given.get("$select") else None
    if select is not None:
        _known(select, shape)
    return Query(
        filter=Filter(text, shape, ZoneInfo(options.time_zone), dates=version >= "25") if text else None,
        select=select,
        expand=_tree(given.get("$expand", "")),
        top=_number(given, "$top"),
        skip=_number(given, "$skip") or 0,
        custom=tuple(part.strip() for part in given.get("$custom", "").split(",") if part.strip()),
    )


def _tree(text: str) -> Tree:
    tree: Tree = {}
    for path in text.split(","):
        here = tree
        for part in path.strip().split("/"):
            if part:
                here = here.setdefault(part, {})
    return tree


def _known(select: Tree, shape: Shape) -> None:
    """An unknown field in $select is 500 (observed)."""
    for name, inner in select.items():
        if name in {"id", "rowNumber", "note", "files", "custom"} or name in shape.fields:
            continue
        below = shape.linked.get(name) or shape.details.get(name)
        if below is None:
            raise exception("The given key was not present in the dictionary.", NO_FIELD)
        _known(inner, below)


def _number(given: dict[str, str], name: str) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not text.isdecimal():
        raise exception(f"Invalid value '{text[:20]}' for {name} query option found.", ODATA)
    return int(text)
