"""Paths in XML and JSON files: `Header/PONumber`, `Party[role=ST]/Code`, `Line/@number`, `/MsgHeader/Date`.

One that begins with / leads from the top of the file.

The same path is read and written: what stands in brackets picks an element when read, and is written when it is made.
Names with marks of their own stand in quotes: `'a/b'/c`. `a/b | c/d` are places of which the first that holds something
is read, and the first is written. In XML `a/name()` is the name of an element, `a/text()` its own text without that of
elements in it, and `../a` stands in the element around; it is only read.
"""

import re
from dataclasses import dataclass, replace

_NAME = r"'[^']+'|[^/\[\]'=|]+"
_PLACE = re.compile(r"(?:'[^']*'|\[[^\]]*\]|[^|'\[])+")
_STEP = re.compile(rf"({_NAME})((?:\[(?:{_NAME})=[^\]]*\])*)")
_PICK = re.compile(rf"\[({_NAME})=([^\]]*)\]")
MOST_STEPS = 20
MOST_PLACES = 10
#: Steps that are no elements: the element's name, and its own text.
NAME_OF, TEXT_OF = "name()", "text()"
#: The element around.
AROUND = ".."
#: More than twenty steps with names and picks are long.
MOST_CHARACTERS = 1_000


@dataclass(frozen=True)
class PathStep:
    """One name on the way; picks are (name, text) pairs that the element must hold."""

    name: str
    picks: tuple[tuple[str, str], ...] = ()

    @property
    def attribute(self) -> bool:
        return self.name.startswith("@")

    @property
    def computed(self) -> bool:
        """Whether it is no element or attribute of its own."""
        return self.name in {NAME_OF, TEXT_OF}


@dataclass(frozen=True)
class Path:
    """A parsed path. top: it begins at the top of the file, not at the level's element. others: further places."""

    text: str
    steps: tuple[PathStep, ...]
    top: bool = False
    others: tuple["Path", ...] = ()

    @property
    def of_xml(self) -> bool:
        """Whether it, or another place, has steps that are of XML alone."""
        return any(step.computed or step.name == AROUND for place in self.places for step in place.steps)

    @property
    def written(self) -> bool:
        """Whether anything can be written where it leads first."""
        return all(step.name not in {AROUND, NAME_OF} for step in self.steps)

    @property
    def places(self) -> tuple["Path", ...]:
        """Itself and the others, each without others."""
        return (replace(self, others=()), *self.others)

    def under(self, prefix: "Path") -> "Path":
        """This path below another one; one from the top stays as it is."""
        first, *others = [one._below(above) for one in self.places for above in prefix.places]
        text = self.text if self.top or not prefix.text else f"{prefix.text}/{self.text}".rstrip("/")
        return replace(first, text=text, others=tuple(others))

    def _below(self, prefix: "Path") -> "Path":
        if self.top:
            return self
        text = "/".join(part for part in (prefix.text, self.text) if part)
        return Path(text, (*prefix.steps, *self.steps), prefix.top)


def parsed(text: str) -> Path:
    """The path that a text means; the empty text is the element itself. Raises ValueError, saying why."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{text[:40]!r} is not a path: more than {MOST_CHARACTERS} characters")
    places = _PLACE.findall(text) if "|" in text else [text]
    bars = _PLACE.sub("", text).count("|")
    if bars and (len(places) != bars + 1 or bars >= MOST_PLACES or not all(place.strip() for place in places)):
        raise ValueError(f"{text!r} is not a path: write a/b | c/d, at most {MOST_PLACES} places")
    first, *others = [_place(place.strip() if bars else place) for place in places]
    return replace(first, text=text, others=tuple(others))


def _place(text: str) -> Path:
    top, rest = text.startswith("/"), text.removeprefix("/")
    steps: list[PathStep] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None or (found.end() < len(rest) and rest[found.end()] != "/"):
            raise ValueError(f"{text!r} is not a path; write a/b, a/@b or a[b=C]/d")
        picks = tuple((_bare(name), value.strip("'")) for name, value in _PICK.findall(found.group(2)))
        steps.append(PathStep(_bare(found.group(1)), picks))
        at = found.end() + 1
        if at == len(rest):
            raise ValueError(f"{text!r} is not a path: it ends with /")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"{text[:40]!r} is not a path: more than {MOST_STEPS} steps")
    if any(step.attribute or step.computed for step in steps[:-1]):
        raise ValueError(f"{text!r} is not a path: an attribute holds nothing")
    if any(step.computed and step.picks for step in steps):
        raise ValueError(f"{text!r} is not a path: what is not an element is not picked")
    return Path(text, tuple(steps), top)


def _bare(name: str) -> str:
    return name.strip().strip("'") if name.strip().startswith("'") else name.strip()
