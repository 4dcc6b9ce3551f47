"""Several runs together: which assets a flow means, and what the command ends with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml_connector import errors, stopping
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.errors import AuthorizationNeeded, ConfigError, Stopped, TryAgain
from ml_connector.flows import registry
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.spec import DIRECTIONS, Direction

if TYPE_CHECKING:
    from ml_connector.orchestration.runtime.local_runner import RunOutcome

#: The first that one of the problems is decides.
_EXITS = ((AuthorizationNeeded, Exit.AUTHORIZE), (ConfigError, Exit.USAGE))


def _is(kind: str, error: type[Exception]) -> bool:
    """Whether a problem that a run told by its error's name is one of these."""
    known = getattr(errors, kind, None)
    return isinstance(known, type) and issubclass(known, error)


@dataclass
class CommandOutcome:
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
        """What went wrong, each once: what stops a connection stops every step that calls it, with the same words."""
        told = [message for run in self.runs for kind, message in run.problems if kind != Stopped.__name__]
        told += [str(Stopped())] if self.stopped else []
        told += [
            f"{run.job}: another run works on this channel; it takes what waits."
            for run in self.runs
            if run.success and not run.assets and run.has_channel
        ]
        return list(dict.fromkeys(told))

    def as_json(self) -> list[dict[str, Any]]:
        return [run.as_json() for run in self.runs]


def flows_by_direction(flows: Sequence[str], having: FlowSet) -> dict[Direction, list[str]]:
    """The assets to run of what an integration has, by direction; no flows means all of both directions."""
    if not flows:
        return {direction: [] for direction in DIRECTIONS}
    chosen: dict[Direction, list[str]] = {}
    for flow in flows:
        if flow in having:
            chosen.setdefault(registry.find(flow).direction, []).extend(having.assets_of(flow))
    return chosen
