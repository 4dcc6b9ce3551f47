"""Several runs together: which assets a flow means, and what the command ends with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml_connector import errors, stopping
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.errors import AuthorizationNeeded, ConfigError, Stopped, TryAgain

if TYPE_CHECKING:
    from ml_connector.orchestration.runtime.local_runner import RunOutcome

INBOUND, OUTBOUND = "inbound", "outbound"
_PARSED = (
    "received_files",
    "invoices_810",
    "ship_notices_856",
    "order_acknowledgments_855",
    "functional_acknowledgments_997",
)
#: The assets that a flow's work passes through, by direction. What is parsed is answered, whatever the flow.
ASSETS_OF_FLOW: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "invoices_in": (INBOUND, (*_PARSED, "purchase_invoices", "acknowledgments_sent")),
    "shipments_in": (INBOUND, (*_PARSED, "goods_receipts", "acknowledgments_sent")),
    "acknowledgments_in": (INBOUND, (*_PARSED, "order_confirmations", "acknowledged_orders", "acknowledgments_sent")),
    "acknowledgments_out": (INBOUND, ("acknowledgments_sent",)),
    "orders_out": (OUTBOUND, ("orders_read", "orders_850", "sent_orders")),
}
#: The first that one of the problems is decides.
_EXITS = ((AuthorizationNeeded, Exit.AUTHORIZE), (ConfigError, Exit.USAGE))


def _is(kind: str, error: type[Exception]) -> bool:
    """Whether a problem that a run told by its error's name is one of these."""
    known = getattr(errors, kind, None)
    return isinstance(known, type) and issubclass(known, error)


@dataclass
class Outcome:
    """Several runs together. stopped: as asked, so that runs that were to follow were not begun."""

    runs: "list[RunOutcome]" = field(default_factory=list)
    stopped: bool = False

    def run_all(self, starts: "Sequence[Callable[[], RunOutcome]]") -> None:
        """Run one after the other, until the process is asked to end."""
        for start in starts:
            if stopping.asked():
                break
            self.runs.append(start())
        self.stopped = stopping.asked()

    @property
    def code(self) -> Exit:
        """Whether the work itself went well: documents that are held count elsewhere."""
        kinds = [kind for run in self.runs for kind, _ in run.problems]
        if self.stopped:
            return Exit.INTERRUPTED
        for error, code in _EXITS:
            if any(_is(kind, error) for kind in kinds):
                return code
        if not all(_is(kind, TryAgain) for kind in kinds):
            return Exit.WRONG
        idle = any(run.success and not run.assets and run.has_channel for run in self.runs)
        waits = any(run.count("postponed") or run.count("unknown_outcome") for run in self.runs)
        if kinds or idle or waits:
            return Exit.TRY_AGAIN
        return Exit.OK

    @property
    def messages(self) -> list[str]:
        told = [message for run in self.runs for kind, message in run.problems if kind != Stopped.__name__]
        told += [str(Stopped())] if self.stopped else []
        told += [
            f"{run.job}: another run works on this channel; it takes what waits."
            for run in self.runs
            if run.success and not run.assets and run.has_channel
        ]
        return told

    def as_json(self) -> list[dict[str, Any]]:
        return [run.as_json() for run in self.runs]


def flows_by_direction(flows: Sequence[str]) -> dict[str, list[str]]:
    """The assets to run, by direction; no flows means all of both directions."""
    if not flows:
        return {INBOUND: [], OUTBOUND: []}
    chosen: dict[str, list[str]] = {}
    for flow in flows:
        direction, assets = ASSETS_OF_FLOW[flow]
        chosen.setdefault(direction, []).extend(assets)
    return chosen
