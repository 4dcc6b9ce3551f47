"""Hypothesis strategies for documents that a layout carries whole, made from the layout itself."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ml_connector.documents.common import Record
from ml_connector.documents.records import from_values
from ml_connector.layouts.spec.compiled_layout import CompiledField, CompiledLevel, Layout
from ml_connector.layouts.spec.field_paths import Values, gtin_key

#: What text survives: quotes, delimiters, marks of XML and JSON, letters beyond ASCII; no blanks at the ends.
LETTERS = "aZ09 .,;:-_/\\'\"<>&|={}[]()+@#%üéßŁ€漢"
NUMBERS = st.decimals(-99_999, 99_999, places=4, allow_nan=False, allow_infinity=False)
CENTS = st.decimals(-99_999, 99_999, places=2, allow_nan=False, allow_infinity=False)
DAYS = st.dates(date(1971, 1, 1), date(2069, 12, 31))
CODES = {"purpose": ["00", "01", "04", "05", "06"]}


def texts(most: int) -> st.SearchStrategy[str]:
    return st.text(LETTERS, min_size=1, max_size=min(most, 24)).map(lambda s: s.strip()[:most].strip() or "A")


def of_field(one: CompiledField) -> st.SearchStrategy[Any]:
    """Values that a field carries; None for none."""
    most = one.length or one.settings.max_length or 40
    address = one.settings.to
    if address == "currency":
        return st.sampled_from(["EUR", "USD", "KWD"])
    if one.settings.codes:
        return st.sampled_from(sorted(one.codes_out))
    if address in CODES:
        return st.sampled_from(CODES[address])
    forms: dict[str, st.SearchStrategy[Any]] = {
        "number": NUMBERS if one.settings.number is None and not one.money else CENTS,
        "date": DAYS,
        "time": st.times().map(lambda t: t.replace(microsecond=0)),
        "integer": st.integers(0, 999_999),
        "flag": st.booleans(),
        "basis": st.sampled_from(["PE", "HP", "TP", "12", "0.5"]),
        "text": texts(most),
    }
    made = forms[one.form]
    if "GTIN" in address:
        made = st.sampled_from(["40063813", "036000291452", "4006381333931", "10036000291459"])
    if one.target and one.target.many:
        made = st.lists(st.text("0123456789", min_size=1, max_size=18), min_size=1, max_size=3).map(tuple)
    needed = one.settings.required or one.settings.default is not None
    if one.form == "text" and one.target and len(one.target.steps) == 1 and address in {"number", "line_number"}:
        needed = True
    return made if needed else st.one_of(st.none(), made)


def records(level: CompiledLevel, unique: Callable[[], int]) -> st.SearchStrategy[dict[str, Any]]:
    """Keyword values of a level's records. What they are known by is unique."""

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        values = Values()
        keys = {level.fields[index].name for index in level.key}
        for one in level.fields:
            if one.target is None or not one.writes:
                continue
            value = draw(of_field(one))
            if one.name in keys:
                value = unique() if one.form == "integer" else str(unique())
            if value is not None:
                one.target.put(values, value)
        twins = {one.settings.same_as: one for one in level.fields if one.settings.same_as}
        for one in level.fields:
            twin = twins.get(one.name)
            if twin and one.target and twin.target:
                found = one.target.of(from_values(level.model, _ready(level, values)))
                if found is not None:
                    twin.target.put(values, found)
        for target, value in level.constants:
            if target.steps[0].single or values.has(target.steps[0]):
                target.put(values, value)
        ready = _ready(level, values)
        for child in level.below:
            least = 1 if level.depth else 0
            # A level without anything of its own in a row can be there only once.
            most = 3 if child.fields else 1
            drawn = draw(st.lists(records(child, unique), min_size=least, max_size=most))
            ready[child.to] = (*ready.get(child.to, ()), *drawn)
        return ready

    return made()


def _ready(level: CompiledLevel, values: Values) -> dict[str, Any]:
    ready = values.made()
    for name in level.nullable:
        ready.setdefault(name, None)
    return ready


@st.composite
def documents(draw: st.DrawFn, layout: Layout, most: int = 3) -> list[Record]:
    """Some documents of a layout's kind."""
    count = [0]

    def unique() -> int:
        count[0] += 1
        return count[0]

    size = most if layout.holds_several else 1
    made = draw(st.lists(records(layout.document, unique), min_size=1, max_size=size))
    rule = layout.settings.currency
    if rule and rule.source in {"constant", "caller"}:
        made = [{**one, "currency": rule.constant or "EUR"} for one in made]
    return [from_values(layout.document.model, one) for one in made]


__all__ = ["Decimal", "documents", "gtin_key", "time"]
