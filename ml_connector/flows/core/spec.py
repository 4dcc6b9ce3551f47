"""What a flow is to everything else: plain data that stands once, in the flow's own package (`flows.registry`).

Configuration, jobs, assets, checks, sensors and commands read it. It is loaded with the code location and by commands:
nothing heavy is imported, and what a step does is named as `module:function` and imported when it runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import ConfigError
from ml_connector.ledger.work.states import DocumentState

if TYPE_CHECKING:
    from ml_connector.clock import Clock
    from ml_connector.ledger.database.store import Tx

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
SALES_OWNER = "team:sales"

#: Kinds of an asset: X12, and the system that an integration has on a side (`At`).
X12 = "x12"
#: As a dependency: every asset of parsed documents that a 997 answers.
ANSWERED = "*answered"

#: As a table: every reference table that the ERP has.
EVERY_TABLE = "*every"

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
            f"{place} cannot be loaded ({error}).", remedy="Install its package, and name it as module:NAME."
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


def render_step(name: str, after: str, text: str = "Write the interchange with its control numbers") -> StepSpec:
    """The step of a flow's documents that writes them for their partners."""
    return StepSpec(name, "ml_connector.flows.outbound.rendering:render", text, after=(after,), of_flow=True)


def send_step(name: str, after: str, text: str = "Upload; settle what an earlier run left open") -> StepSpec:
    """The step of a flow's documents that uploads what is written of them."""
    run = "ml_connector.flows.outbound.sending:send"
    return StepSpec(name, run, text, after=(after,), at="network", of_flow=True)


def send_records_step(name: str, run: str, after: str) -> StepSpec:
    """The step of a flow's documents that brings them to a network as its records."""
    text = "Send each once; look up by our id what an earlier run left open"
    return StepSpec(name, run, text, after=(after,), at="network")


@dataclass(frozen=True)
class LedgerFinding:
    """What a check found in the ledger."""

    count: int
    rows: Sequence[dict[str, Any]] = ()
    facts: dict[str, Any] = field(default_factory=dict)


Look = Callable[["Tx", "Clock", str], LedgerFinding]


@dataclass(frozen=True)
class CheckSpec:
    """A standing question to the ledger: it passes when no document stands in these states for these reasons.

    flows: whose documents; its own flow's where none is named. error: more than a warning. look: instead of all that
    another question, `module:function` (`Look`).
    """

    name: str
    text: str
    states: tuple[DocumentState, ...] = ()
    flows: tuple[str, ...] = ()
    kinds: tuple[DocumentKind, ...] = ()
    reasons: tuple[str, ...] = ()
    since_days: int | None = None
    error: bool = False
    look: str = ""


def none_held(text: str) -> CheckSpec:
    """No document waits for a person or for reference data. text: that, of this flow's documents."""
    return CheckSpec("quarantined", text, (DocumentState.QUARANTINED,))


def outcomes_known(text: str) -> CheckSpec:
    """Of every write it is known whether it arrived. text: that, of this flow's documents."""
    return CheckSpec("unknown_outcome", text, (DocumentState.UNKNOWN_OUTCOME,), error=True)


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
    tables: reference tables of the ERP, or `EVERY_TABLE`. reads, feeds: outside systems' ends of the graph. kinds:
    `x12`, or a side for its system. documents: kinds of documents that are shown, of a step that makes several assets.
    finishes: it sends what was begun, also between the cut-offs of a calendar. shows: more tables, `module:function` of
    ledger transaction, integration and days.
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
    to_sender: of what leaves, that it goes to the partner that sent what it is about, whoever else has its account.
    begins_without_erp: its documents go on without the ERP as far as nothing is written to it. news:
    `module:function` that tells what is new outside the ledger, in words; called with the integration, `look` (whether
    to ask outside) and `erp_usable`. Of what comes it is called at every look into the folders, and costs no call.
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
    to_sender: bool = False
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
