"""What stands in XML and JSON files that a layout does not read: told once, as columns are."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ml_connector.layouts.spec.compiled_layout import CompiledLevel, Layout
from ml_connector.layouts.spec.paths import AROUND, Path
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, Severity, finding

#: Names told at once, documents looked at, and places remembered.
MOST_NAMED, MOST_LOOKED_AT, MOST_PLACES = 20, 100, 5_000
#: Values looked at in one document, or one JSON file; characters of a place that are told.
MOST_VALUES, MOST_CHARACTERS = 100_000, 120
#: About the file, not of the document: where its schema lies, which language its texts are in.
_OF_XML = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")

Steps = tuple[str, ...]
Pick = tuple[str, str]


class Unread:
    """Remembers which places were told. fits: whether a pick takes an element or object; full: a name as the file's
    reader has it.
    """

    def __init__(self, layout: Layout, fits: Callable[[Any, Pick], bool], full: Callable[[str], str] = str) -> None:
        self._fits = fits
        self._full = full
        # Places of which only what some pick takes is read: the picks of each path that leads there.
        self._picks: dict[Steps, list[tuple[Pick, ...]]] = {}
        self._known: set[Steps] = set()
        # Where a field is read: what else stands inside is told as what is wrong with the field.
        self._values: set[Steps] = set()
        self._loose = layout.settings.xml.ignore_namespaces and layout.format == "xml"
        self._currencies = frozenset(f"@{name}" for name in layout.settings.xml.currency_attributes)
        self._bases = {self._steps(place) for place in layout.document.at.places}
        for place in layout.document.at.places:
            self._add_path(place, ())
            self._add(layout.document, self._steps(place))
        self._seen: set[Steps] = set()
        self._looked_at = 0

    def _steps(self, path: Path) -> Steps:
        return tuple(self._named(step.name) for step in path.steps)

    def _named(self, name: str) -> str:
        return f"@{self._full(name[1:]) if ':' in name else name[1:]}" if name.startswith("@") else self._full(name)

    def _add(self, level: CompiledLevel, base: Steps) -> None:
        for one in level.fields:
            for place in one.path.places if one.reads else ():
                here = self._add_path(place, base)
                if not place.steps[-1].computed:
                    self._values.add(here)
        if level.inline is not None:
            self._add(level.inline, base)
        for child in level.children:
            for place in child.at.places:
                self._add_path(place, base)
                self._add(child, (() if place.top else base) + self._steps(place))

    def _add_path(self, place: Path, base: Steps) -> Steps:
        here = () if place.top else base
        for step in place.steps:
            if step.computed:
                break
            here = here[:-1] if step.name == AROUND else (*here, self._named(step.name))
            self._picks.setdefault(here, []).append(step.picks)
            self._known |= {(*here, self._named(name)) for name, _ in step.picks}
        self._known.add(here)
        return here

    def of_xml(self, element: Any, place: LayoutPlace) -> list[LayoutFinding]:
        """What an element of a document holds that nobody reads, as far as it was not told before."""
        self._looked_at += 1
        if self._looked_at > MOST_LOOKED_AT:
            return []
        above: list[str] = []
        here = element
        while (parent := here.getparent()) is not None:
            above.insert(0, self._tag(here.tag))
            here = parent
        return self._told(self._of_element(element, tuple(above)), place)

    def of_json(self, root: Any, place: LayoutPlace) -> list[LayoutFinding]:
        """Likewise of a whole JSON file."""
        return self._told(self._of_value(root, ()), place)

    def _tag(self, tag: str) -> str:
        return tag.rpartition("}")[2] if self._loose else tag

    def _is_taken(self, there: Any, steps: Steps) -> bool:
        """Whether some path takes it, where all that lead there pick."""
        ways = self._picks.get(steps, [])
        return not ways or any(all(self._fits(there, pick) for pick in way) for way in ways)

    def _left(self, steps: Steps) -> Steps:
        """The place of what no path takes."""
        ways = dict.fromkeys("".join(f"[{name}={text}]" for name, text in way) for way in self._picks[steps])
        return (*steps[:-1], f"{steps[-1]} (not {', '.join(ways)})")

    def _of_element(self, element: Any, steps: Steps) -> Iterator[Steps]:
        if not self._is_taken(element, steps):
            yield self._left(steps)
            return
        children = [child for child in element if isinstance(child.tag, str)] if steps not in self._values else []
        if not children and (element.text or "").strip():
            yield steps
        for name, value in element.attrib.items():
            found = f"@{self._tag(str(name))}"
            if str(value).strip() and not str(name).startswith(_OF_XML) and found not in self._currencies:
                yield (*steps, found)
        for child in children:
            yield from self._of_element(child, (*steps, self._tag(child.tag)))

    def _of_value(self, value: Any, steps: Steps) -> Iterator[Steps]:
        if isinstance(value, dict) and not self._is_taken(value, steps):
            yield self._left(steps)
        elif isinstance(value, dict) and steps not in self._values:
            for name, inner in value.items():
                yield from self._of_value(inner, (*steps, name))
        elif isinstance(value, list):
            for inner in value:
                yield from self._of_value(inner, steps)
        elif value not in (None, "") and not isinstance(value, dict) and steps:
            yield steps

    def _plain(self, steps: Steps) -> str:
        """A place for people: from the document on, without namespaces and control characters."""
        base = max((base for base in self._bases if steps[: len(base)] == base), key=len, default=())
        names = [f"{'@' * step.startswith('@')}{step.lstrip('@').rpartition('}')[2]}" for step in steps[len(base) :]]
        text = "".join(c if c.isprintable() else " " for c in "/".join(names))
        return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."

    def _told(self, found: Iterator[Steps], place: LayoutPlace) -> list[LayoutFinding]:
        new: list[str] = []
        for steps in islice(found, MOST_VALUES):
            if steps in self._known or steps in self._seen or len(self._seen) >= MOST_PLACES:
                continue
            self._seen.add(steps)
            new.append(self._plain(steps))
        if not new:
            return []
        names = ", ".join(new[:MOST_NAMED])
        more = f" and {len(new) - MOST_NAMED} more" if len(new) > MOST_NAMED else ""
        return [finding("unknown_field", place, "", f"not read: {names}{more}", severity=Severity.WARNING)]
