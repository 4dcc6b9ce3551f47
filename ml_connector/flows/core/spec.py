"""What a flow is to everything else: plain data that stands once, in the flow's own package (`flows.registry`).

Configuration, jobs, assets, checks, sensors and commands read it. It is loaded with the code location and by commands:
nothing heavy is imported, and what a step does is named as `module:function` and imported when it runs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.clock import Clock
    from ml_connector.ledger.database.store import Tx
    from ml_connector.ledger.work.states import DocumentState

Direction = Literal["inbound", "outbound"]
INBOUND: Direction = "inbound"
OUTBOUND: Direction = "outbound"
DIRECTIONS: tuple[Direction, ...] = (INBOUND, OUTBOUND)
#: The side whose calls a step makes.
At = Literal["erp", "network"]

#: The flow of documents that no flow can take: they wait for a person.
UNREADABLE_FLOW = "unreadable"
#: The flow of our own 997s.
ANSWERS_FLOW = "acknowledgments_out"

#: Who is called when an asset fails.
DATA_OWNER = "team:data-integration"
PAYABLES_OWNER = "team:accounts-payable"
PURCHASING_OWNER = "team:purchasing"
RECEIVABLES_OWNER = "team:accounts-receivable"

#: Kinds of an asset: X12, and the system that an integration has on a side (`At`).
X12 = "x12"
#: As a dependency: every asset of parsed documents that a 997 answers.
ANSWERED = "*answered"

#: Called with integration and work, as `flows.concurrent.Step` has it; their types stand above this room.
Step = Callable[..., Any]


def load(place: str) -> Any:
    """What stands at `module:NAME`.

    Raises:
        ConfigError: nothing does.
    """
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{place} cannot be loaded ({error}).", mend="Install its package, and name it as module:NAME."
        ) from error


@dataclass(frozen=True)
class StepSpec:
    """One step. run: `module:function`, called with integration and work.

    after: names of the steps of its direction that feed it. streams: it takes what comes while they run; otherwise it
    begins when they have ended. at: the side whose calls it makes. reads_tables: it decides by reference data.
    of_flow: one function serves several flows, and is told the flow's name.
    """

    name: str
    run: str
    text: str
    after: tuple[str, ...] = ()
    streams: bool = False
    at: At | None = None
    reads_tables: bool = False
    of_flow: bool = False

    def step(self, flow: str) -> Step:
        """What it does, imported now."""
        run = load(self.run)
        if not self.of_flow:
            step: Step = run
            return step
        return lambda integration, work: run(integration, work, flow)


@dataclass(frozen=True)
class Finding:
    """What a check found in the ledger."""

    count: int
    rows: Sequence[dict[str, Any]] = ()
    facts: dict[str, Any] = field(default_factory=dict)


Look = Callable[["Tx", "Clock", str], Finding]


@dataclass(frozen=True)
class CheckSpec:
    """A standing question to the ledger: it passes when no document stands in these states for these reasons.

    flows: whose documents; its own flow's where none is named. error: more than a warning. look: instead of all that
    another question, `module:function` (`Look`).
    """

    name: str
    text: str
    states: tuple["DocumentState", ...] = ()
    flows: tuple[str, ...] = ()
    kinds: tuple[DocumentKind, ...] = ()
    reasons: tuple[str, ...] = ()
    since_days: int | None = None
    error: bool = False
    look: str = ""


@dataclass(frozen=True)
class OutsideSpec:
    """Something that an outside system keeps, as an asset at an end of the graph."""

    name: str
    at: At
    text: str


#: Ends of the graph that several assets share.
MASTER_DATA = OutsideSpec(
    "master_data", "erp", "Suppliers, accounts, cost centers, items and VAT codes as people keep them in the ERP."
)
PURCHASE_ORDERS = OutsideSpec("purchase_orders", "erp", "Purchase orders in the ERP, made and changed by buyers.")
SALES_INVOICES = OutsideSpec("sales_invoices", "erp", "Sales invoices and credit memos in the ERP, released by people.")
FILES_FROM_PARTNERS = OutsideSpec(
    "files_from_partners", "network", "Files that partners left in the network's folders for us."
)
FILES_TO_PARTNERS = OutsideSpec(
    "files_to_partners", "network", "Files in the network's folders that partners take away."
)


@dataclass(frozen=True)
class AssetSpec:
    """An asset of an integration; its key is the integration's name and `name`, and never changes.

    steps: whose end is the asset's, in order. deps: names of other assets; those of a flow that is off are left out.
    tables: reference tables of the ERP. reads, feeds: outside systems' ends of the graph. kinds: `x12`, or a side for
    its system. documents: kinds of documents that are shown, of a step that makes several assets. finishes: it sends
    what was begun, also between the cut-offs of a calendar. shows: more tables, `module:function` of ledger
    transaction, integration and days.
    """

    name: str
    text: str
    steps: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    reads: tuple[OutsideSpec, ...] = ()
    feeds: tuple[OutsideSpec, ...] = ()
    owner: str = PURCHASING_OWNER
    kinds: tuple[str, ...] = (X12,)
    checks: tuple[CheckSpec, ...] = ()
    documents: tuple[DocumentKind, ...] = ()
    finishes: bool = False
    shows: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether a 997 tells the sender of its documents: never of another acknowledgment (edi-operations 7)."""
        never = {DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT}
        return not never & set(self.documents)


@dataclass(frozen=True)
class SplitSpec:
    """One step whose documents are shown as several assets. name: under which its events stand in the ledger.

    assets: empty for the parsed documents of all flows. moves: it moves documents; otherwise it makes them.
    """

    name: str
    step: str
    assets: tuple[AssetSpec, ...] = ()
    moves: bool = False


@dataclass(frozen=True)
class Needs:
    """What a flow asks of an integration's ERP, by the names of `flows.core.ports`, and of its network.

    coded_by: tables of codes that lines bear where the ERP has such codes (`CodingTraits`); one without them is asked
    for none.
    """

    sources: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    coded_by: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FlowSpec:
    """One kind of document in one direction.

    direction: the job and the channel that its steps run in. kinds: of its documents; their states are those of
    `ledger.work.states`. settings: `module:Model`, a `FlowSettings`; without one it has none and is always on.
    source: of what leaves, the source of `needs` whose records its documents keep.
    parsed: assets of the documents that files hold for it. partners: roles of those whose documents it is for; none is
    named where it serves all. by_default: on where an integration does not name it.
    begins_without_erp: its documents go on without the ERP as far as nothing is written to it. news: of what leaves,
    `module:function` that tells what is new outside the ledger, in words; called with the integration, `look` (whether
    to ask outside) and `erp_usable`.
    """

    name: str
    direction: Direction
    text: str
    kinds: tuple[DocumentKind, ...] = ()
    settings: str = ""
    steps: tuple[StepSpec, ...] = ()
    parsed: tuple[AssetSpec, ...] = ()
    assets: tuple[AssetSpec | SplitSpec, ...] = ()
    needs: Needs = Needs()
    source: str = ""
    partners: frozenset[str] = frozenset()
    by_default: bool = False
    begins_without_erp: bool = False
    news: str = ""

    @property
    def settings_model(self) -> Any:
        return load(self.settings)

    @property
    def shown(self) -> list[AssetSpec]:
        """Its assets one by one, but for parsed documents."""
        return [one for asset in self.assets for one in (asset.assets if isinstance(asset, SplitSpec) else (asset,))]

    def step(self, name: str) -> StepSpec:
        """Its step of this name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def waits_for_erp(self) -> bool:
        """Whether none of its documents goes on without the ERP."""
        return self.is_at("erp") and not self.begins_without_erp

    def assets_at(self, side: At) -> list[str]:
        """Its assets with a step of their own that makes calls to this side."""
        made = (asset for asset in self.assets if isinstance(asset, AssetSpec))
        return [asset.name for asset in made if any(self.step(name).at == side for name in asset.steps)]

    def is_at(self, side: At) -> bool:
        """Whether one of its steps makes calls to this side."""
        return any(step.at == side for step in self.steps)


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
        """Which flow a document that came belongs to, also while that is off: it waits then."""
        return {kind: flow.name for flow in self.present for asset in flow.parsed for kind in asset.documents}

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
                f"Steps wait for each other: {', '.join(sorted(waiting))}.", mend="Correct `after` of one of them."
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
        (
            "kind of document",
            [str(kind) for flow in flows.present for asset in flow.parsed for kind in asset.documents],
        ),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(
                f"Flows {', '.join(flow.name for flow in flows.present)}: two declare {what} {twice}.",
                mend="Take one of the flows out, or give it another name there.",
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
                mend="Declare what is read and what is fed as two ends, each with a name of its own.",
            )
    for direction in DIRECTIONS:
        flows.steps(direction)


def _declared(sentence: str, names: Sequence[str], what: str, known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{sentence} {name}, which no flow declares.",
                mend=f"Correct its declaration; a {what} is one of: {', '.join(sorted(known - {ANSWERED}))}.",
            )
