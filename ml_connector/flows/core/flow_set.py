"""The flows of a deployment together: how their steps follow each other, and whether their declarations hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import ConfigError
from ml_connector.flows.core.spec import ANSWERED, DIRECTIONS, AssetSpec, Direction, FlowSpec, SplitSpec, StepSpec


@dataclass(frozen=True)
class FlowSet:
    """The flows of one integration, in the order of the business. off: those that are switched off."""

    present: tuple[FlowSpec, ...] = ()
    off: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return any(flow.name == name for flow in self.present)

    def of(self, direction: Direction) -> list[FlowSpec]:
        """Flows of a direction, also those that are off."""
        return [flow for flow in self.present if flow.direction == direction]

    def running(self, direction: Direction) -> list[FlowSpec]:
        """Flows of a direction that are switched on."""
        return [flow for flow in self.of(direction) if flow.name not in self.off]

    @property
    def on(self) -> list[FlowSpec]:
        return [flow for direction in DIRECTIONS for flow in self.running(direction)]

    @cached_property
    def flow_of_kind(self) -> Mapping[DocumentKind, str]:
        """Which flow a document that came belongs to, also while that is off: it waits then. Of several the first."""
        return {kind: flows[0].name for kind, flows in self._of_kind.items()}

    @cached_property
    def _of_kind(self) -> Mapping[DocumentKind, list[FlowSpec]]:
        found: dict[DocumentKind, list[FlowSpec]] = {}
        for flow in self.present:
            for kind in dict.fromkeys(kind for asset in flow.parsed for kind in asset.documents):
                found.setdefault(kind, []).append(flow)
        return found

    def flow_for(self, kind: DocumentKind, role: str) -> str | None:
        """The flow of a document of this kind from a partner of this role; several flows may share a kind by roles."""
        flows = self._of_kind.get(kind, [])
        named = next((flow.name for flow in flows if len(flows) > 1 and role in flow.partners), None)
        return named or self.flow_of_kind.get(kind)

    def partners_of(self, name: str) -> frozenset[str]:
        """Roles of partners that a flow is for; empty where it serves all."""
        return next((flow.partners for flow in self.present if flow.name == name), frozenset())

    def source_of(self, name: str) -> str:
        """The ERP's source whose records the documents of a flow keep; empty where they keep none."""
        return next((flow.source for flow in self.present if flow.name == name), "")

    @cached_property
    def parsed(self) -> tuple[AssetSpec, ...]:
        """Assets of parsed documents: files are read whatever flow is on."""
        return tuple(asset for flow in self.present for asset in flow.parsed)

    def shown(self, flow: FlowSpec) -> list[AssetSpec]:
        """A flow's assets one by one."""
        splits = any(isinstance(asset, SplitSpec) and not asset.assets for asset in flow.assets)
        return [*flow.shown, *(self.parsed if splits else ())]

    def assets(self, direction: Direction) -> list[AssetSpec]:
        """What a direction's job makes, in the order of the business."""
        return [asset for flow in self.running(direction) for asset in self.shown(flow)]

    def assets_of(self, name: str) -> list[str]:
        """Assets that a flow's work passes through. What is parsed is answered, whatever the flow."""
        flow = next(one for one in self.present if one.name == name)
        own = self.shown(flow)
        if flow.parsed:
            shared = [one for one in self.running(flow.direction) if not one.settings]
            own = [asset for one in (shared[0], flow, *shared[1:]) for asset in self.shown(one)]
        return [asset.name for asset in own]

    def between_cut_offs(self, direction: Direction, waiting: Collection[str]) -> list[str]:
        """What a direction's job makes meanwhile: of flows that wait for a cut-off, what sends that which was begun."""
        return [
            asset.name
            for flow in self.running(direction)
            for asset in self.shown(flow)
            if flow.name not in waiting or asset.finishes
        ]

    def dependencies(self, asset: AssetSpec) -> Iterator[str]:
        """Names of the assets that this one depends on, of those that there are."""
        there = {one.name for flow in self.on for one in self.shown(flow)}
        for dep in asset.deps:
            if dep == ANSWERED:
                yield from (one.name for one in self.parsed if one.is_answered)
            elif dep in there:
                yield dep

    def steps(self, direction: Direction) -> list[tuple[FlowSpec, StepSpec]]:
        """All steps of a direction, each behind those that feed it; also of flows that are off: nothing waits there."""
        return _in_order([(flow, step) for flow in self.of(direction) for step in flow.steps])


def _in_order(steps: Sequence[tuple[FlowSpec, StepSpec]]) -> list[tuple[FlowSpec, StepSpec]]:
    """Each step behind those that it names, else as declared.

    Raises:
        ConfigError: steps wait for each other.
    """
    left, done = list(steps), []
    while left:
        waiting = {step.name for _, step in left}
        ready = next((one for one in left if not waiting & set(one[1].after)), None)
        if ready is None:
            raise ConfigError(
                f"Steps wait for each other: {', '.join(sorted(waiting))}.", remedy="Correct `after` of one of them."
            )
        left.remove(ready)
        done.append(ready)
    return done


def check(flows: FlowSet, known: Sequence[FlowSpec]) -> None:
    """Whether the flows of an integration fit together. known: all flows, whoever has them.

    Raises:
        ConfigError: a name stands twice, or names nothing.
    """
    for what, names in (
        ("asset", [asset.name for flow in flows.present for asset in (*flow.shown, *flow.parsed)]),
        ("step", [f"{flow.direction} {step.name}" for flow in flows.present for step in flow.steps]),
        ("kind of document", list(_kinds(flows.present))),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(
                f"Flows {', '.join(flow.name for flow in flows.present)}: two declare {what} {twice}.",
                remedy="Take one of the flows out, or give it another name there.",
            )
    assets = {asset.name for flow in known for asset in (*flow.shown, *flow.parsed)} | {ANSWERED}
    for flow in flows.present:
        steps = {step.name for one in known if one.direction == flow.direction for step in one.steps}
        own = {step.name for step in flow.steps}
        for step in flow.steps:
            _declared(f"flow {flow.name}: step {step.name} comes after", step.after, "step", steps)
        for asset in (*flow.shown, *flow.parsed):
            _declared(f"flow {flow.name}: asset {asset.name} depends on", asset.deps, "asset", assets)
        for made in flow.assets:
            wanted = (made.step,) if isinstance(made, SplitSpec) else made.steps
            _declared(f"flow {flow.name}: asset {made.name} is made by", wanted, "step", own)
    shown = [asset for flow in flows.present for asset in flow.shown]
    for end in {(end.at, end.name) for asset in shown for end in asset.reads}:
        feeding = [asset.name for asset in shown for fed in asset.feeds if (fed.at, fed.name) == end]
        if feeding:
            raise ConfigError(
                f"{end[1]} at the {end[0]} is read, and {', '.join(feeding)} feeds it: the graph would begin where it"
                " ends.",
                remedy="Declare what is read and what is fed as two ends, each with a name of its own.",
            )
    for direction in DIRECTIONS:
        flows.steps(direction)


def _kinds(present: Sequence[FlowSpec]) -> Iterator[str]:
    """Kinds of documents, with the role of partners where flows share one by roles."""
    for flow in present:
        for kind in dict.fromkeys(kind for asset in flow.parsed for kind in asset.documents):
            takers = [one for one in present if any(kind in asset.documents for asset in one.parsed)]
            if len(takers) == 1 or not all(one.partners for one in takers):
                yield str(kind)
            else:
                yield from (f"{kind} of a {role}" for role in sorted(flow.partners))


def _declared(sentence: str, names: Sequence[str], what: str, known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{sentence} {name}, which no flow declares.",
                remedy=f"Correct its declaration; a {what} is one of: {', '.join(sorted(known - {ANSWERED}))}.",
            )
