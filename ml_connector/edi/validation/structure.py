"""Segments against a set's definition: which loop each belongs to, and what is missing, too much or misplaced.

The result is a tree of loops that holds every segment, also those that have no place in the definition.
"""

from collections.abc import Callable, Iterable

import msgspec

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.findings import X12Finding, X12Level
from ml_connector.edi.validation.schema import LoopRule, Node, RuleStep, SetRule

Report = Callable[[X12Finding], None]


class Loop(msgspec.Struct, eq=False, gc=False):
    """One occurrence of a loop: its own segments (first the one that opened it) and the loops inside it."""

    rule: LoopRule
    segments: list[Segment] = []
    loops: list["Loop"] = []

    @property
    def loop_id(self) -> str:
        return self.rule.loop_id

    def find(self, segment_id: str) -> Segment | None:
        """Its first own segment with that id."""
        for segment in self.segments:
            if segment.elements[0] == segment_id:
                return segment
        return None


class _Counted(Loop):
    """A loop whose uses are counted while it is built."""

    seen: set[Node] = set()
    count: dict[Node, int] = {}


def grow(segments: list[Segment], rule: LoopRule) -> Loop:
    """The tree of a set, or of one of its loops, that is known to be right: nothing is counted or reported."""
    top = Loop(rule)
    top.segments.append(segments[0])
    stack = [top]
    current = rule.nodes[0]
    for segment in segments[1:]:
        segment_id = segment.elements[0]
        step = current.steps.get(segment_id) or _step(current, segment_id)
        if step is None:
            top.segments.append(segment)
            continue
        if step.pops:
            del stack[-step.pops :]
            top = stack[-1]
        current = step.node
        if current.loop is None:
            top.segments.append(segment)
            continue
        inner = Loop(current.loop)
        inner.segments.append(segment)
        top.loops.append(inner)
        stack.append(inner)
        top = inner
        current = current.loop.nodes[0]
    return stack[0]


def length(names: Iterable[str], rule: LoopRule) -> int:
    """How many of these segments, which follow the one that opened a loop, stand in that loop."""
    current, depth, count = rule.nodes[0], 0, 0
    for name in names:
        step = _step(current, name)
        if step is not None:
            depth -= step.pops
            if depth < 0:
                break
            current = step.node
            if current.loop is not None:
                depth += 1
                current = current.loop.nodes[0]
        count += 1
    return count


def build(segments: list[Segment], rule: SetRule, report: Report) -> Loop:
    """The tree of one set. Findings carry AK304 codes 1 to 7 (x12-procurement 10)."""
    return _Builder(segments, rule, report).build()


#: A segment comes too early, rather than that another is missing, when that other follows within so many segments.
_NEAR = 3


class _Builder:
    """Builds the tree of one set: the loops that are open, inmost last, and the node that was filled last.

    While a loop that came too early is open, `left` keeps the place in the set that is come back to behind it: the
    loops open there, the node, and how many loops are open around the early one.
    """

    def __init__(self, segments: list[Segment], rule: SetRule, report: Report) -> None:
        self._segments = segments
        self._rule = rule
        self._report = report
        self._stack = [_Counted(rule.root)]
        self._current = rule.root.nodes[0]
        self._left: tuple[list[_Counted], Node, int] | None = None

    def build(self) -> Loop:
        root, segments = self._stack[0], self._segments
        _count(root, self._current, segments[0], self._report)
        root.segments.append(segments[0])
        for place in range(1, len(segments)):
            self._place(place)
        number = segments[-1].number
        if self._left is not None:
            self._come_back(number)
        self._close(len(self._stack), number)
        return root

    def _place(self, place: int) -> None:
        segment = self._segments[place]
        step = _step(self._current, segment.elements[0])
        if self._leads_out(step):
            self._come_back(segment.number)
            step = _step(self._current, segment.elements[0])
        stack = self._stack
        if step is None:
            self._report(_unplaced(segment, self._rule))
            _holder(stack).segments.append(segment)
            return
        if not step.in_sequence:
            self._misplaced(step, segment)
            if step.node.loop is not None:
                self._current = step.node.trigger
        elif self._left is None and self._too_early(step, place):
            before = list(stack), self._current
            self._misplaced(step, segment)
            if step.node.loop is not None:
                self._left, self._current = (*before, len(stack) - 1), step.node.trigger
        else:
            self._close(step.pops, segment.number)
            if step.node.index > self._current.index + 1:
                _missing(stack[-1], self._current.index, step.node.index, segment.number, self._report)
            self._current = _enter(stack, step.node, segment, self._report)

    def _close(self, count: int, number: int) -> None:
        """Closes so many of the inmost loops: what they must have and have not is missing."""
        for _ in range(count):
            closed = self._stack.pop()
            _missing(closed, self._current.index, len(closed.rule.nodes), number, self._report)
            self._current = closed.rule.own or self._current

    def _leads_out(self, step: RuleStep | None) -> bool:
        """Whether a segment with this step stands behind the loop that came too early, if one is open."""
        if self._left is None:
            return False
        return step is None or step.pops >= len(self._stack) - self._left[2]

    def _come_back(self, number: int) -> None:
        """Ends a loop that came too early."""
        assert self._left is not None
        stack, current, around = self._left
        self._close(len(self._stack) - around, number)
        self._stack, self._current, self._left = stack, current, None

    def _too_early(self, step: RuleStep, place: int) -> bool:
        """Whether a mandatory segment that this one leaves out follows right behind it."""
        if not step.pops and step.node.index <= self._current.index + 1:
            return False
        skipped = self._skipped(step)
        following = [s.elements[0] for s in self._segments[place + 1 : place + 1 + _NEAR]]
        return any(name in following for name in skipped)

    def _skipped(self, step: RuleStep) -> set[str]:
        """Ids of the mandatory segments between the last node and this step's that have no other place in the set."""
        found: set[str] = set()
        after = self._current.index
        for depth in range(step.pops + 1):
            loop = self._stack[-1 - depth]
            before = step.node.index if depth == step.pops else len(loop.rule.nodes)
            missing = [n for n in loop.rule.required if after < n.index < before and n not in loop.seen]
            found |= {n.segment_id for n in missing if n.segment_id in self._rule.single}
            after = loop.rule.own.index if loop.rule.own else after
        return found

    def _misplaced(self, step: RuleStep, segment: Segment) -> None:
        """A segment out of its sequence: it is put where it belongs; the place in the set stays, but for loops."""
        self._report(_finding("7", segment.elements[0], segment.number, "is not in its proper sequence"))
        stack = self._stack
        if step.node.loop is None:
            target = stack[-1 - step.pops]
            _count(target, step.node, segment, self._report)
            target.segments.append(segment)
            return
        del stack[len(stack) - step.pops :]
        _enter(stack, step.node, segment, self._report)


def _enter(stack: list[_Counted], node: Node, segment: Segment, report: Report) -> Node:
    """Puts a segment at its node, opening the node's loop. The node that the next segment goes on from."""
    _count(stack[-1], node, segment, report)
    if node.tolerated:
        report(_finding("2", segment.elements[0], segment.number, "is unexpected here"))
    if node.loop is None:
        stack[-1].segments.append(segment)
        return node
    loop = _Counted(node.loop)
    stack[-1].loops.append(loop)
    stack.append(loop)
    loop.segments.append(segment)
    trigger = node.loop.nodes[0]
    if trigger.required:
        loop.seen.add(trigger)
    return trigger


#: A loop of up to so many kinds of segment only qualifies the segment that opens it (PID, SAC, CTP, QTY, ACK).
_SMALL = 3


def _holder(stack: list[_Counted]) -> Loop:
    """The loop that a segment without a place is put in: the innermost that is more than a qualified segment."""
    return next((loop for loop in reversed(stack) if len(loop.rule.nodes) > _SMALL), stack[0])


def _count(loop: _Counted, node: Node, segment: Segment, report: Report) -> None:
    """Counts a use of a node against its maximum: AK304 5 for a segment, 4 for a loop."""
    if node.required:
        loop.seen.add(node)
    if node.most > 200000:
        return
    times = loop.count.get(node, 0) + 1
    loop.count[node] = times
    if times == node.most + 1:
        if node.loop is not None:
            report(_finding("4", segment.elements[0], segment.number, f"loop occurs over {node.most} times"))
        else:
            report(_finding("5", segment.elements[0], segment.number, f"occurs more than {node.most} times"))


def _missing(loop: _Counted, after: int, before: int, number: int, report: Report) -> None:
    for node in loop.rule.required:
        # a missing SE is a matter of the set, not of a segment (AK502 2)
        if after < node.index < before and node not in loop.seen and node.segment_id != "SE":
            loop.seen.add(node)
            report(_finding("3", node.segment_id, number, "is mandatory and missing before this place"))


def _step(current: Node, segment_id: str) -> RuleStep | None:
    """The way from a node to the next segment with that id; remembered per node."""
    try:
        return current.steps[segment_id]
    except KeyError:
        step = _search(current, segment_id)
        if len(current.steps) < 500:
            current.steps[segment_id] = step
        return step


def _search(current: Node, segment_id: str) -> RuleStep | None:
    """Forward in its own loop, then forward in the loops around it; else backward, inmost first."""
    for in_sequence in (True, False):
        node, pops = current, 0
        while True:
            nodes = node.parent.nodes
            found = nodes[node.index :] if in_sequence else nodes[: node.index]
            # the opening segment of a loop comes again only as a new loop, which the loop around it knows
            target = next((n for n in found if n.segment_id == segment_id and _may_come(n, node)), None)
            if target is not None:
                return RuleStep(target, pops, in_sequence)
            if node.parent.own is None:
                break
            node, pops = node.parent.own, pops + 1
    return None


def _may_come(node: Node, current: Node) -> bool:
    return not (node.index == 0 and node.parent.own is not None and current.parent is node.parent)


def _unplaced(segment: Segment, rule: SetRule) -> X12Finding:
    segment_id = segment.elements[0]
    if segment_id in rule.members:
        return _finding("2", segment_id, segment.number, "is unexpected here")
    if segment_id in rule.known:
        return _finding("6", segment_id, segment.number, f"is not part of set {rule.set_type}")
    return _finding("1", segment_id, segment.number, "is not a known segment")


def _finding(code: str, segment_id: str, number: int, what: str) -> X12Finding:
    name = segment_id if segment_id.isprintable() and len(segment_id) <= 10 else "segment"
    return X12Finding(
        X12Level.SEGMENT, code, f"Segment {number}: {name} {what}.", segment_id=segment_id[:10], segment_number=number
    )
