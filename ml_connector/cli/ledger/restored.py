"""`ml-connector ledger restored`: what a restore lost, and a person's word about what had left."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.documents.document_filters import company_code
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_connector.composition import Deployment
    from ml_connector.ledger.audit.restores import Lost, Restore
    from ml_connector.ledger.database.store import Tx

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"])


@click.command("restored")
@click.option("--since", type=_MOMENT, help="Tell that the database was restored to this moment (UTC).")
@click.option("--until", type=_MOMENT, help="With --since: nothing left from this moment (UTC) on.")
@click.option("--arrived/--not-arrived", default=None, help="What is named has arrived; or has not, and leaves now.")
@click.option("--all", "everything", is_flag=True, help="Everything that is open.")
@click.option("--document", "ids", type=int, multiple=True, help="Only this document, by its id; may be repeated.")
@click.option("--company", help="Only what is open of this company: its code, or its name.")
@click.option("--why", default="", help="Your reason; it stays in the ledger.")
@wide
@common
def restored(
    session: Session,
    since: datetime | None,
    until: datetime | None,
    arrived: bool | None,
    everything: bool,
    ids: tuple[int, ...],
    company: str | None,
    why: str,
) -> int:
    """Tell what a restore of the ledger's database lost, and settle what may have left before it.

    The ledger notices by itself that it is older than what was written down outside the database; where nothing was,
    tell it with --since before anything runs. What may have left is held until an answer of the partner or your word.
    Ends with 1 while something is open.

    \b
    Examples:
      ml-connector ledger restored
      ml-connector ledger restored --since 2026-11-20T09:00
      ml-connector ledger restored --arrived --all --why "the EDI desk of each supplier has them"
      ml-connector ledger restored --not-arrived --document 4711 --why "nothing came, said Ms Jansen"
    """
    _check(since, until, arrived, ids, why, everything=everything)
    with session.open() as deployment:
        restore = _told(deployment, since, until) if since is not None else deployment.restore
        code = company_code(deployment, company)
        done = _settle(deployment, ids, why, code, arrived=arrived) if arrived is not None else None
        return _show(session, deployment, restore, done, code)


def _check(
    since: datetime | None,
    until: datetime | None,
    arrived: bool | None,
    ids: tuple[int, ...],
    why: str,
    *,
    everything: bool,
) -> None:
    if until is not None and since is None:
        raise click.UsageError("--until belongs to --since.")
    if arrived is None:
        if everything or ids:
            raise click.UsageError("Say --arrived or --not-arrived.")
        return
    if everything == bool(ids):
        raise click.UsageError("Name documents with --document, or --all of them.")
    if not why:
        raise click.UsageError("Say --why: your reason stays in the ledger.")


def _told(deployment: "Deployment", since: datetime, until: datetime | None) -> "Restore | None":
    from ml_connector.ledger.audit.restore_notice import notice
    from ml_connector.ledger.work.events import Actor

    moments = [None if moment is None else moment.replace(tzinfo=UTC) for moment in (since, until)]
    if moments[0] is not None and moments[0] > deployment.clock.now():
        raise ConfigError(f"--since {since} has not come yet.", remedy="Moments are UTC.")
    return notice(deployment.ledger, deployment.outside, Actor(actor()), since=moments[0], until=_end_of(moments[1]))


def _end_of(moment: datetime | None) -> datetime | None:
    """The end of the minute or second that was named: what left in it had left."""
    if moment is None:
        return None
    return moment + (timedelta(minutes=1) if moment.second == 0 else timedelta(seconds=1))


def _settle(
    deployment: "Deployment", ids: tuple[int, ...], why: str, company: str | None, *, arrived: bool
) -> dict[str, int]:
    from ml_connector.flows.core.integration import RunScope
    from ml_connector.flows.restore_settling import by_integration, settle
    from ml_connector.ledger.audit import restores
    from ml_connector.ledger.coordination.leases import worker

    with deployment.ledger.read() as tx:
        lost = [one for one in restores.open_of(tx, ids) if company in (None, one.company)]
        _of_one_company(lost, _companies(tx))
        groups = by_integration(tx, lost, deployment.integration_names)
    unknown = set(ids) - {one.document_id for one in lost}
    if unknown:
        shown = ", ".join(str(key) for key in sorted(unknown))
        raise ConfigError(
            f"Nothing is open of document {shown}.", remedy="`ml-connector ledger restored` lists what is."
        )
    counts = {"documents": 0, "without_document": sum(1 for one in lost if one.document_id is None)}
    with worker(deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor=actor())
        for name, mine in groups.items():
            counts["documents"] += settle(deployment.integration(name), work, mine, arrived=arrived, why=why)
    with deployment.ledger.write() as tx:
        counts["settled"] = restores.settle(tx, actor(), why)
    return counts


def _companies(tx: "Tx") -> dict[str, str]:
    """What to call companies, by code, where the ledger has several."""
    from ml_connector.ledger.names.naming import companies

    return {books.company: told for books, told in companies(tx).items()}


def _of_one_company(lost: "Sequence[Lost]", told: dict[str, str]) -> None:
    """A word is about one company: who knows of one company's orders seldom knows of another's."""
    counts = Counter(one.company for one in lost)
    if len(counts) > 1:
        each = "; ".join(f"{told.get(code, code)}: {count}" for code, count in sorted(counts.items()))
        raise ConfigError(f"That is about {len(counts)} companies: {each}.", remedy="Say which one: --company.")


def _show(
    session: Session,
    deployment: "Deployment",
    restore: "Restore | None",
    done: dict[str, int] | None,
    company: str | None,
) -> int:
    from ml_connector.ledger.audit import restores
    from ml_connector.ledger.coordination import sequences

    with deployment.ledger.read() as tx:
        restore = restores.newest(tx) if restore is not None else None
        lost = restores.open_of(tx)
        named = _companies(tx)
        stopped = sequences.stopped(tx)
    is_open = restore is not None and restore.settled_at is None
    value: dict[str, Any] = {"restore": restore, "open": lost, "stopped_sequences": stopped, "done": done}
    shown = [one for one in lost if company in (None, one.company)]
    value["open"] = shown
    session.emit(value, lambda: _print(restore, shown, stopped, done, named))
    return Exit.WRONG if is_open or lost or stopped else Exit.OK


def _print(
    restore: "Restore | None",
    lost: "list[Lost]",
    stopped: list[str],
    done: dict[str, int] | None,
    named: dict[str, str],
) -> None:
    if restore is None:
        say("This ledger is as new as what was written down outside it: nothing tells of a restore.")
        return
    facts = restore.evidence
    at = f"{restore.last_event_at:%Y-%m-%d %H:%M:%S} UTC" if restore.last_event_at is not None else "its beginning"
    say(f"Restored to {at}; noticed {restore.noticed_at:%Y-%m-%d %H:%M:%S} UTC by {restore.noticed_by}.")
    if restore.complete:
        say(f"{facts['files_left']} files left in the lost time; control numbers go on above theirs.")
    else:
        say("Nothing outside the database tells all that left in the lost time: whatever may have left is held.")
    if done is not None:
        say(f"{done['documents']} documents settled.")
    if lost:
        several = ("company",) if named else ()
        rows = [
            (
                one.document_id or "",
                *((named.get(one.company, one.company),) if named else ()),
                one.partner,
                one.number,
                one.target,
                one.left_at,
            )
            for one in lost
        ]
        print_table(("document", *several, "partner", "number", "left in", "at"), rows)
        say("Say of these: --arrived or --not-arrived, --all or --document ID.")
    for name in stopped:
        say(f'No number is given until you say one: ml-connector ledger numbers "{name}" --next N')
    if restore.settled_at is not None:
        say(f"Settled {restore.settled_at:%Y-%m-%d %H:%M:%S} UTC by {restore.settled_by}: {restore.why}")
