"""Where the fields of rows stand: column numbers, headings and positions, counted through levels that share a row."""

from dataclasses import replace

from ml_connector.layouts.spec.compiled_layout import ROWS, TAGGED, CompiledField, CompiledLevel, Contradiction
from ml_connector.layouts.spec.model import LayoutFile


def place_rows(document: CompiledLevel, settings: LayoutFile) -> None:
    """Column numbers and positions, counted through the levels that share a row."""
    if settings.format not in ROWS:
        return
    tagged, fixed = settings.format in TAGGED, settings.format.startswith("fixed")
    heads = [document, *(child for level in document.all() for child in level.children)]
    for head in heads:
        following: dict[str, int] = {}
        taken: dict[tuple[str, object], str] = {}
        for last, level in [(last, level) for last in (False, True) for level in head.chain()]:
            for number, one in enumerate(level.fields):
                if one.settings.same_as or one.settings.last != last:
                    continue
                record = (one.settings.record or head.tag) if tagged else ""
                if tagged and record != head.tag and (level is not head or head.inline):
                    raise Contradiction(
                        f"{one.where}.record", f"a row of {head.name} is repeated, it has no record of its own"
                    )
                first = _first(settings, tagged=tagged, fixed=fixed)
                at = following.get(record, first)
                placed = _fixed(one, record, at) if fixed else _delimited(one, record, at, settings, tagged=tagged)
                following[record] = placed.start + placed.length if fixed else placed.column + 1
                for spot in _spots(placed, fixed=fixed):
                    if (record, spot) in taken:
                        other = taken[record, spot]
                        raise Contradiction(one.where, f"stands where {other} stands; write `same_as` if that is meant")
                    taken[record, spot] = one.name
                level.fields[number] = placed
        for level in head.chain():
            for number, one in enumerate(level.fields):
                if twin := twin_of(level, one):
                    level.fields[number] = replace(
                        one, record=twin.record, column=twin.column, heading=twin.heading, start=twin.start,
                        length=twin.length, label=twin.label,
                    )  # fmt: skip


def _spots(placed: CompiledField, *, fixed: bool) -> list[object]:
    """What nobody else may take: its positions, its heading or its column."""
    if fixed:
        return list(range(placed.start, placed.start + placed.length))
    return [placed.heading.casefold() or placed.column]


def _first(settings: LayoutFile, *, tagged: bool, fixed: bool) -> int:
    """Where a record's first field stands: behind the tag, if it has one. Columns and positions count from 0."""
    if not tagged:
        return 0
    return settings.fixed.tag_start - 1 + settings.fixed.tag_length if fixed else 1


def _fixed(one: CompiledField, record: str, at: int) -> CompiledField:
    if one.settings.length is None:
        raise Contradiction(f"{one.where}.length", "a field of a fixed line needs its length")
    start = one.settings.start - 1 if one.settings.start is not None else at
    return replace(one, record=record, start=start, length=one.settings.length)


def _delimited(one: CompiledField, record: str, at: int, settings: LayoutFile, *, tagged: bool) -> CompiledField:
    given = one.settings.column
    headed = settings.format == "csv" and settings.csv.header
    if isinstance(given, int) and given < (2 if tagged else 1):
        raise Contradiction(f"{one.where}.column", "columns count from 1" + (", the first is the tag" * tagged))
    if isinstance(given, int):
        return replace(one, record=record, column=given - 1, label=f"{given} ({one.name})")
    if headed:
        heading = given or one.name
        return replace(one, record=record, column=at, heading=heading, label=heading)
    if given is not None:
        raise Contradiction(f"{one.where}.column", "without headings, columns are numbers")
    return replace(one, record=record, column=at, label=f"{at + 1} ({one.name})")


def twin_of(level: CompiledLevel, one: CompiledField) -> CompiledField | None:
    """The field that this one stands with."""
    if not one.settings.same_as:
        return None
    found = next((other for other in level.fields if other.name == one.settings.same_as), None)
    if found is None or found is one or found.settings.same_as:
        raise Contradiction(f"{one.where}.same_as", f"there is no other field {one.settings.same_as!r} at this level")
    return found
