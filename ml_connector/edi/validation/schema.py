"""Set definitions as the checker and the writer use them, loaded from edi/definitions and compiled once.

The YAML files are for people who know X12; their notation is explained at the top of each.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.validation.overlay import NO_OVERLAY, Overlay

UNLIMITED = 1 << 30

#: The number of the element that says what an item's identifier is.
PRODUCT_QUALIFIER = "235"

#: The two versions with a dictionary of their own. Others are read with the nearer one, leniently.
VERSIONS = ("004010", "005010")

SUPPORTED_SETS = ("850", "855", "856", "860", "865", "810", "820", "824", "997", "999")


@dataclass(frozen=True, slots=True)
class ElementType:
    """A data element: its number in the dictionary, type, lengths, codes. components only for composites."""

    number: str
    kind: str
    least: int
    most: int
    text: bool = False
    codes: frozenset[str] | None = None
    closed: bool = False
    components: tuple[tuple["ElementType", str], ...] = ()

    @property
    def numeric(self) -> bool:
        return self.kind in {"N0", "N2", "R"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One syntax condition: kind P, R, C, L or E over element positions. `codes` restricts it to values of 01."""

    kind: str
    positions: tuple[int, ...]
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """What a segment may hold. open: elements beyond those listed are not checked.

    identified is the position of the first qualifier of an identifier, 0 where there is none.
    """

    segment_id: str
    elements: tuple[tuple[ElementType, str], ...]
    conditions: tuple[Condition, ...] = ()
    open: bool = False
    composites: frozenset[int] = frozenset()
    identified: int = 0


@dataclass(slots=True, eq=False)
class Node:
    """A place in a set: a segment, or a loop (`loop` set) that its first segment opens.

    tolerated: not in the standard, but seen so often that it is read where it stands, and reported.
    """

    segment_id: str
    required: bool
    most: int
    index: int
    parent: "LoopRule"
    loop: "LoopRule | None" = None
    tolerated: bool = False
    steps: dict[str, "RuleStep | None"] = field(default_factory=dict)

    @property
    def trigger(self) -> "Node":
        """The node of the segment itself: a loop's first segment, or this."""
        return self.loop.nodes[0] if self.loop else self


@dataclass(slots=True, eq=False)
class LoopRule:
    """A loop: its nodes in order, and the node it is in its parent (None for the set itself)."""

    loop_id: str
    nodes: list[Node] = field(default_factory=list)
    own: Node | None = None
    first: dict[str, Node] = field(default_factory=dict)
    places: dict[str, float] = field(default_factory=dict)
    required: list[Node] = field(default_factory=list)

    def order(self, segment_id: str) -> float:
        """Where a segment of that id stands among this loop's; unknown ones right behind the opening segment."""
        return self.places.get(segment_id, 0.5)


@dataclass(frozen=True, slots=True)
class RuleStep:
    """How to get from one segment to the next: close `pops` loops, then `node` (whose loop is entered, if any)."""

    node: Node
    pops: int
    in_sequence: bool


@dataclass(frozen=True, slots=True)
class SetRule:
    """A compiled set definition for one version and overlay.

    members are the ids of its segments, single those that have one place only in it, known all that can be named.
    """

    set_type: str
    name: str
    group: str
    kind: str
    counted: str
    quantity: tuple[str, int] | None
    root: LoopRule
    members: frozenset[str]
    single: frozenset[str]
    segments: dict[str, SegmentRule]
    known: frozenset[str]


def full_version(version: str) -> str:
    """GS08 with six digits in front: some senders write 4010 or 00401. Anything else stays as it is."""
    digits = version[: len(version) - len(version.lstrip("0123456789"))]
    if len(digits) == 4 and digits >= "2000":
        return "00" + version
    return f"{digits}0{version[5:]}" if len(digits) == 5 and digits.startswith("00") else version


def dictionary_version(version: str) -> str:
    """004010 or 005010, whichever is nearer to the version (its first six digits)."""
    return "005010" if version[:3] >= "005" and is_digits(version[:6]) else "004010"


def well_formed(version: str) -> bool:
    """Six digits from 003010 to 008999, perhaps with an industry suffix (004010VICS)."""
    return len(version) >= 6 and is_digits(version[:6]) and "002000" <= version[:6] <= "008999"


def own_dictionary(version: str) -> bool:
    """Whether findings in this version are certain: its own dictionary is held here."""
    return version[:6] in VERSIONS


@lru_cache(maxsize=256)
def set_rule(set_type: str, version: str, overlay: Overlay = NO_OVERLAY) -> SetRule | None:
    """The definition of a set in a version (GS08); None for a set that is not supported."""
    if set_type not in SUPPORTED_SETS:
        return None
    return _compile(set_type, dictionary_version(version), overlay)


@lru_cache(maxsize=256)
def _compile(set_type: str, version: str, overlay: Overlay) -> SetRule:
    source = _source(f"{set_type}.yaml")
    segments = _segment_rules(version, overlay)
    root = LoopRule(set_type)
    _fill(root, source["segments"], overlay)
    places = Counter(_places(root))
    members = frozenset(places)
    quantity = source.get("quantity")
    return SetRule(
        set_type=set_type,
        name=source["name"],
        group=source["group"],
        kind=source["kind"],
        counted=source.get("counted", ""),
        quantity=(quantity[0], quantity[1]) if quantity else None,
        root=root,
        members=members,
        single=frozenset(name for name, count in places.items() if count == 1),
        segments=segments,
        known=frozenset(segments) | frozenset(_source("segments.yaml")["unchecked"].split()) | members,
    )


def _fill(loop: LoopRule, lines: list[Any], overlay: Overlay) -> None:
    """Nodes of a loop from the lines of a definition: "REF O >1", or {"loop N1 O 200": [...]}."""
    for line in lines:
        heading, inside = next(iter(line.items())) if isinstance(line, dict) else (line, None)
        words = heading.removeprefix("loop ").split()
        node = Node(
            segment_id=words[0],
            required=words[1] == "M" and words[0] not in overlay.optional,
            most=UNLIMITED if words[2] == ">1" else int(words[2]),
            index=len(loop.nodes),
            parent=loop,
            tolerated=words[1] == "T",
        )
        if inside is not None:
            node.loop = LoopRule(words[0], own=node)
            _fill(node.loop, inside, overlay)
        loop.nodes.append(node)
        loop.first.setdefault(node.segment_id, node)
        loop.places.setdefault(node.segment_id, node.index)
        if node.required:
            loop.required.append(node)


def _places(loop: LoopRule) -> Iterator[str]:
    """The segment id of every place in a loop and the loops inside it; a loop's opening segment once."""
    for node in loop.nodes:
        if node.loop is None:
            yield node.segment_id
        else:
            yield from _places(node.loop)


@lru_cache(maxsize=64)
def _segment_rules(version: str, overlay: Overlay) -> dict[str, SegmentRule]:
    types = _element_types(version, overlay)
    rules = {}
    for segment_id, source in _source("segments.yaml")["segments"].items():
        rules[segment_id] = _segment_rule(segment_id, source, version, types, overlay)
    return rules


def segment_rules(version: str, overlay: Overlay = NO_OVERLAY) -> dict[str, SegmentRule]:
    """All segments of a version's dictionary by id."""
    return _segment_rules(dictionary_version(version), overlay)


def _segment_rule(
    segment_id: str, source: dict[str, Any], version: str, types: dict[str, ElementType], overlay: Overlay
) -> SegmentRule:
    for since, changed in (source.get("changed") or {}).items():
        if version >= since:
            source = {**source, **changed}
    words = _words(source["elements"]) + _pairs(source) + _words(source.get("rest", ""))
    for since, more in (source.get("from") or {}).items():
        if version >= since:
            words += _words(more)
    is_open = "..." in words
    elements = []
    for position, word in enumerate((w for w in words if w != "..."), start=1):
        number, requirement = word.split()
        if f"{segment_id}{position:02d}" in overlay.optional:
            requirement = "O"
        elements.append((types[number], requirement))
    conditions = [_condition(text) for text in (source.get("conditions") or "").split()]
    conditions += _pair_conditions(source)
    if "when" in source:
        conditions.append(_when(source["when"]))
    composites = frozenset(at for at, (element, _) in enumerate(elements, start=1) if element.kind == "comp")
    numbers = [element.number for element, _ in elements]
    identified = numbers.index(PRODUCT_QUALIFIER) + 1 if PRODUCT_QUALIFIER in numbers else 0
    return SegmentRule(segment_id, tuple(elements), tuple(conditions), is_open, composites, identified)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _pairs(source: dict[str, Any]) -> list[str]:
    """Make "pairs: 235 234" of what stands after the elements listed, up to position "to"."""
    if "pairs" not in source:
        return []
    numbers = str(source["pairs"]).split()
    count = source["to"] - len(_words(source["elements"]))
    return [f"{numbers[i % 2]} X" for i in range(count)]


def _pair_conditions(source: dict[str, Any]) -> list[Condition]:
    if "pairs" not in source:
        return []
    first = len(_words(source["elements"])) + 1
    return [Condition("P", (at, at + 1)) for at in range(first, source["to"], 2)]


def _condition(text: str) -> Condition:
    digits = text[1:]
    return Condition(text[0], tuple(int(digits[i : i + 2]) for i in range(0, len(digits), 2)))


def _when(text: str) -> Condition:
    """Read "01 in A C: 05 07 08": if element 01 is one of the codes, one of the others must be there."""
    head, positions = text.split(":")
    position, _, codes = head.partition(" in ")
    return Condition("L", (int(position), *map(int, positions.split())), frozenset(codes.split()))


@lru_cache(maxsize=64)
def _element_types(version: str, overlay: Overlay) -> dict[str, ElementType]:
    source = _source("elements.yaml")
    described = dict(source["elements"])
    for since, changed in source["changes"].items():
        if version >= since:
            described.update(changed)
    lists = _code_lists(overlay)
    types: dict[str, ElementType] = {}
    for number, text in described.items():
        if not text.startswith("comp"):
            types[number] = _element_type(number, text, lists)
    for number, text in described.items():
        if text.startswith("comp"):
            parts = [word.split(":") for word in text.split()[1:]]
            inside = tuple((types[part], requirement) for part, requirement in parts)
            types[number] = ElementType(number, "comp", 0, 0, components=inside)
    return types


def _element_type(number: str, text: str, lists: dict[str, tuple[frozenset[str], bool]]) -> ElementType:
    words = text.split()
    least, most = words[1].split("/")
    codes, closed = lists.get(number, (None, False))
    return ElementType(number, words[0], int(least), int(most), "text" in words[2:], codes, closed)


def _code_lists(overlay: Overlay) -> dict[str, tuple[frozenset[str], bool]]:
    source = _source("codes.yaml")
    lists: dict[str, tuple[frozenset[str], bool]] = {}
    for closed in (True, False):
        for number, codes in source["closed" if closed else "open"].items():
            lists[number] = (frozenset(str(codes).split()), closed)
    for number, added in overlay.codes:
        codes, closed = lists.get(number, (frozenset(), False))
        lists[number] = (codes | frozenset(added), closed)
    for number, wanted in overlay.only:
        lists[number] = (frozenset(wanted), True)
    return lists


@cache
def _source(name: str) -> dict[str, Any]:
    import yaml  # only where a definition is first needed

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = resources.files("ml_connector.edi").joinpath("definitions", name).read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - the safe loader, in C where built
    return loaded
