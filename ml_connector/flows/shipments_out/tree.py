"""The tree of a ship notice while it is built: HL loops with their segments (x12-procurement 7)."""

from dataclasses import dataclass, field

from ml_connector.documents.common import KeptSegment


def segment(segment_id: str, *elements: str, inside: tuple[KeptSegment, ...] = ()) -> KeptSegment:
    """A segment without empty elements at its end."""
    filled = list(elements)
    while filled and not filled[-1]:
        filled.pop()
    return KeptSegment(segment_id=segment_id, elements=tuple(filled), inside=inside)


@dataclass
class _Level:
    code: str
    parent: str
    segments: tuple[KeptSegment, ...]
    has_children: bool = False


@dataclass
class Tree:
    """Levels in the order that they are sent, each with the id of its parent."""

    _levels: list[_Level] = field(default_factory=list)

    def add(self, code: str, parent: str, *segments: KeptSegment | None) -> str:
        """One more level; its id, which is its place."""
        if parent:
            self._levels[int(parent) - 1].has_children = True
        self._levels.append(_Level(code, parent, tuple(one for one in segments if one is not None)))
        return str(len(self._levels))

    def built(self) -> tuple[KeptSegment, ...]:
        """All of it as a document keeps it."""
        return tuple(
            segment("HL", str(at), one.parent, one.code, "1" if one.has_children else "0", inside=one.segments)
            for at, one in enumerate(self._levels, 1)
        )
