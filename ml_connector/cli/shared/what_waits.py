"""What still waits when a command has done its work: by reason and partner, and when it is looked at again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session
from ml_connector.errors import ConnectorError
from ml_connector.ledger.work.states import DocumentState as S

if TYPE_CHECKING:
    from ml_connector.ledger.search.waiting import Waiting, WaitingGroup

#: Groups that are told; the others are counted.
SHOWN = 8


class Found:
    """The groups, the largest first, and the moment they were read at."""

    def __init__(self, waiting: "Waiting", now: datetime) -> None:
        self.groups = waiting.groups
        self.more = waiting.more
        self.now = now

    @property
    def count(self) -> int:
        """Documents in all groups."""
        return sum(group.count for group in self.groups)


def after_runs(session: Session, integrations: Sequence[str]) -> Found | None:
    """What waits in these integrations now; None where the ledger cannot be read, which the runs have told."""
    from ml_connector.composition import Deployment
    from ml_connector.ledger.search.waiting import waiting

    try:
        # Not by the session: it would tell once more which partners are stopped.
        with Deployment.open(session.path) as deployment, deployment.ledger.read() as tx:
            return Found(waiting(tx, integrations), deployment.clock.now())
    except ConnectorError:
        return None


def as_json(found: Found) -> list[dict[str, Any]]:
    """Each group, for `--json`. looked_at_again: when, where that needs nobody."""
    return [
        {
            "integration": group.integration,
            "flow": group.flow,
            "state": group.state,
            "reason": group.reason,
            "partner": group.partner,
            "count": group.count,
            "oldest": group.oldest,
            "looked_at_again": group.again if group.state is S.QUARANTINED else None,
            "next": what_comes(group, found.now),
        }
        for group in found.groups
    ]


def print_short(found: Found, integrations: Sequence[str]) -> None:
    """A line for each group, and the command that shows more. integrations: those that were asked for by name."""
    if not found.groups:
        return
    several = len({group.integration for group in found.groups}) > 1
    say(f"{found.count}{' and more' if found.more else ''} wait:")
    for group in found.groups[:SHOWN]:
        whose = f"{group.integration}, " if several else ""
        why = group.reason.replace("_", " ")
        why = f"held, {why}" if group.state is S.QUARANTINED else why
        say(f"  {group.count} {why} ({whose}{group.partner or 'partner not known'}): {what_comes(group, found.now)}")
    left = found.groups[SHOWN:]
    if left:
        say(f"  {sum(group.count for group in left)} for {len(left)} more reasons or partners")
    command = ["ml-connector documents list --held", *(f"--integration {name}" for name in integrations)]
    say(f"See `{' '.join(command)}`.")


def what_comes(group: "WaitingGroup", now: datetime) -> str:
    """When a group is looked at again, or whose move it is."""
    from ml_connector.operating.whose_move import whose_move

    if group.state is not S.QUARANTINED or group.again is None:
        return whose_move(group) or "nobody's move"
    if group.again <= now:
        return "looked at again by the next run"
    same = group.again.date() == now.date()
    when = f"{group.again:%H:%M}" if same else f"{group.again:%Y-%m-%d %H:%M}"
    return f"looked at again from {when} UTC, or when their data change"
