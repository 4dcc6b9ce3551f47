"""Paths in XML and JSON files: `Header/PONumber`, `Party[role=ST]/Code`, `Line/@number`, `/MsgHeader/Date`.

One that begins with / leads from the top of the file.

The same path is read and written: what stands in brackets picks an element when read, and is written when it is made.
Names with marks of their own stand in quotes: `'a/b'/c`.
"""

import re
from dataclasses import dataclass

_NAME = r"'[^']+'|[^/\[\]'=]+"
_STEP = re.compile(rf"({_NAME})((?:\[(?:{_NAME})=[^\]]*\])*)")
_PICK = re.compile(rf"\[({_NAME})=([^\]]*)\]")
MOST_STEPS = 20
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


@dataclass(frozen=True)
class Path:
    """A parsed path. top: it begins at the top of the file, not at the level's element."""

    text: str
    steps: tuple[PathStep, ...]
    top: bool = False

    def under(self, prefix: "Path") -> "Path":
        """This path below another one; one from the top stays as it is."""
        if self.top:
            return self
        text = "/".join(part for part in (prefix.text, self.text) if part)
        return Path(text, (*prefix.steps, *self.steps), prefix.top)


def parsed(text: str) -> Path:
    """The path that a text means; the empty text is the element itself. Raises ValueError, saying why."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{text[:40]!r} is no path: more than {MOST_CHARACTERS} characters")
    top, rest = text.startswith("/"), text.removeprefix("/")
    steps: list[PathStep] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None or (found.end() < len(rest) and rest[found.end()] != "/"):
            raise ValueError(f"{text!r} is no path; write a/b, a/@b or a[b=C]/d")
        picks = tuple((_bare(name), value.strip("'")) for name, value in _PICK.findall(found.group(2)))
        steps.append(PathStep(_bare(found.group(1)), picks))
        at = found.end() + 1
        if at == len(rest):
            raise ValueError(f"{text!r} is no path: it ends with /")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"{text[:40]!r} is no path: more than {MOST_STEPS} steps")
    if any(step.attribute for step in steps[:-1]):
        raise ValueError(f"{text!r} is no path: an attribute holds nothing")
    return Path(text, tuple(steps), top)


def _bare(name: str) -> str:
    return name.strip().strip("'") if name.strip().startswith("'") else name.strip()
