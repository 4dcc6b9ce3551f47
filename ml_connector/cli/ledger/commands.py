"""`ml-connector ledger`: verify, upgrade, export chain heads, count."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.ledger.moving import move
from ml_connector.cli.ledger.restored import restored
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.ledger.search.totals import ControlTotals


@click.group()
def ledger() -> None:
    """Verify, upgrade, export and count the ledger.

    \b
    Examples:
      ml-connector ledger verify
      ml-connector ledger totals --date 2026-11-20
      ml-connector ledger export-heads
    """


@ledger.command("verify")
@click.option(
    "--heads", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Export file to compare with."
)
@click.option("--no-heads", is_flag=True, help="Compare with no export file.")
@click.option("--sample", type=click.IntRange(1), help="Check the bytes of only so many files, the newest.")
@wide
@common
def verify(session: Session, heads: Path | None, no_heads: bool, sample: int | None) -> int:
    """Check the whole ledger: event chains, kept bytes, writes against states, business keys, control totals.

    The chains are compared with the exported heads too (default: ledger.heads_file), so that a past that somebody
    rewrote in the database shows. Reads only. Ends with 1 when anything is wrong. What is merely open (a write in
    flight, an outcome nobody knows yet) is told and is not wrong.

    \b
    Examples:
      ml-connector ledger verify
      ml-connector ledger verify --heads /mnt/audit/chain-heads.jsonl --json
    """
    from ml_connector.credentials.keys import key_in
    from ml_connector.ledger.audit.verify import verify as verify_ledger

    with session.open() as deployment:
        file = None if no_heads else heads or deployment.heads_file
        signing = tombstone_key_file(deployment.loaded.home)
        report = verify_ledger(
            deployment.ledger,
            heads_file=file,
            key=key_in(signing) if signing.exists() else None,
            sample_blobs=sample,
            progress=None if session.json else lambda what: tell(f"{what} ..."),
        )
    value = {
        "clean": report.clean,
        "problems": report.problems,
        "waiting": report.waiting,
        "restores": report.restores,
        "facts": report.facts,
        "checked": report.checked,
    }

    def human() -> None:
        rows = [("PROBLEM", p.check, p.where, p.message) for p in report.problems]
        rows += [("open", p.check, p.where, p.message) for p in report.waiting]
        rows += [("restored", p.check, p.where, p.message) for p in report.restores]
        if rows:
            print_table(("", "check", "where", "what"), rows)
        for fact in report.facts:
            say(f"Note: {fact}.")
        checked = ", ".join(f"{count} {what}" for what, count in report.checked.items())
        say(f"{'Clean' if report.clean else f'{len(report.problems)} problems'}. Checked: {checked}.")

    session.emit(value, human)
    return Exit.OK if report.clean else Exit.WRONG


@ledger.command("upgrade")
@common
def upgrade(session: Session) -> int:
    """Create the ledger's tables, or bring older ones up to date. Opening it does the same.

    \b
    Example:
      ml-connector ledger upgrade
    """
    from ml_connector.ledger.database import schema

    with session.open() as deployment:
        schema.upgrade(deployment.ledger.engine)
        with deployment.ledger.engine.connect() as connection:
            version = schema.current_version(connection)
        where = deployment.ledger.url.render_as_string(hide_password=True)
    session.emit({"url": where, "version": version}, lambda: say(f"{where} is at version {version}."))
    return Exit.OK


@ledger.command("recount")
@common
def recount(session: Session) -> int:
    """Count all documents and files again, where `ledger verify` says that the tallies are not theirs.

    \b
    Example:
      ml-connector ledger recount
    """
    from ml_connector.ledger.work import tallies

    with session.open() as deployment, deployment.ledger.write() as tx:
        wrong = tallies.recount(tx)
    session.emit({"mended": wrong}, lambda: say(f"{wrong} counts were wrong and are mended."))
    return Exit.OK


@ledger.command("numbers")
@click.argument("name", required=False)
@click.option("--next", "value", type=int, help="Go on from this number; never a lower one.")
@wide
@common
def numbers(session: Session, name: str | None, value: int | None) -> int:
    """Show the control numbers that come next, or go on from a higher one.

    After a restore the numbers used since the backup would be used again: name one above the last the partner saw.

    \b
    Examples:
      ml-connector ledger numbers
      ml-connector ledger numbers "ISA13:ZZ/ACME>ZZ/NORTHWIND" --next 5000
    """
    from ml_connector.errors import Reason
    from ml_connector.ledger.coordination import sequences
    from ml_connector.ledger.exchange import related

    if (name is None) != (value is None):
        raise ConfigError("A name and --next belong together.", remedy="`ml-connector ledger numbers` lists the names.")
    with session.open() as deployment:
        if name is not None and value is not None:
            with deployment.ledger.write() as tx:
                sequences.raise_to(tx, name, value)
                related.wake_reason(tx, Reason.NUMBERS_UNKNOWN)
        with deployment.ledger.read() as tx:
            rows = sequences.all_next(tx)
    told = [{"name": name, "next": number} for name, number in rows]
    session.emit({"numbers": told}, lambda: print_table(("sequence", "next"), rows))
    return Exit.OK


@ledger.command("export-heads")
@common
def export_heads(session: Session) -> int:
    """Append the chain heads since the last export to ledger.heads_file, outside the database.

    Keep that file where whoever administers the database cannot write. Each line follows from the one before it, so
    there is one file. Dagster's `standing` job does the same.

    \b
    Example:
      ml-connector ledger export-heads
    """
    from ml_connector.ledger.audit import chain_heads as heads

    with session.open() as deployment:
        path = deployment.heads_file
        _ = deployment.restore
        head = heads.export_heads(deployment.ledger, path)
    value: dict[str, Any] = {"file": str(path), "export": head}
    message = f"{head.events} events to {path}." if head else f"Nothing new; {path} is unchanged."
    session.emit(value, lambda: say(message))
    return Exit.OK


@ledger.command("prune")
@click.option("--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Day (UTC), YYYY-MM-DD.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def prune(session: Session, before: datetime, yes: bool) -> int:
    """Take away the content of documents finished before a day: bytes, payloads, canonical forms. Never undone.

    Webhook notices that were handled go too. Events, hashes and totals stay, with a tombstone signed by a key of its
    own (<home>/tombstone-key, mode 600; keep it with the other key). The chain heads are exported first. What is held,
    waits or is not answered yet is left alone.

    \b
    Example:
      ml-connector ledger prune --before 2025-01-01
    """
    from ml_connector.credentials.keys import generate_key_file, key_in
    from ml_connector.ledger.audit import chain_heads as heads
    from ml_connector.ledger.audit import retention
    from ml_connector.ledger.work.events import Actor

    moment = before.replace(tzinfo=UTC)
    if not yes and not (
        sys.stdin.isatty() and click.confirm(f"Take away all content before {before.date()}?", err=True)
    ):
        raise click.UsageError("Nothing was done; use --yes where nobody can be asked.")
    with session.open() as deployment:
        if moment >= deployment.clock.now():
            raise click.UsageError("--before must be a day in the past.")
        path = tombstone_key_file(deployment.loaded.home)
        if not path.exists():
            generate_key_file(path)
        _ = deployment.restore
        heads.export_heads(deployment.ledger, deployment.heads_file)
        done = retention.prune(deployment.ledger, moment, key=key_in(path), by=Actor(actor()))
    value = {"documents": done.documents, "files": done.files, "notices": done.notices}
    session.emit(value, lambda: say(f"Took away the content of {done.documents} documents and {done.files} files."))
    return Exit.OK


def tombstone_key_file(home: Path) -> Path:
    """Where the key stands that signs tombstones."""
    return home / "tombstone-key"


@ledger.command("totals")
@click.option("--integration", help="Only this one.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only documents of this day (UTC).")
@wide
@common
def totals(session: Session, integration: str | None, day: datetime | None) -> int:
    """Control totals: files in every state, documents in every bucket, and whether they add up.

    Files received = parsed + rejected + repeated + incomplete + waiting; sets received = posted + held + rejected +
    duplicate + in progress. Ends with 1 when something does not add up.

    \b
    Example:
      ml-connector ledger totals --date 2026-11-20
    """
    from ml_connector.ledger.search.queries import control_totals, counts

    found: list[ControlTotals] = []
    with session.open() as deployment, deployment.ledger.read() as tx:
        names = [integration] if integration else deployment.integration_names
        for name in names:
            deployment.loaded.integration(name)
            found.append(control_totals(tx, name, day.date() if day else None))
        on = day.date() if day else None
        states = {
            name: counts(tx, ["flow", "state", "reason"], integration=name, partition_from=on, partition_to=on)
            for name in names
        }
    value = [
        {
            "integration": one.integration,
            "date": one.partition_date,
            "files_received": one.files,
            "files_sent": one.sent_files,
            "documents": one.documents,
            "by_state": states[one.integration],
            "adds_up": one.adds_up,
            "problems": one.problems,
        }
        for one in found
    ]

    def human() -> None:
        for one in found:
            _print(one, states[one.integration])

    session.emit(value, human)
    return Exit.OK if all(one.adds_up for one in found) else Exit.WRONG


def _print(one: "ControlTotals", states: list[dict[str, Any]]) -> None:
    say(f"{one.integration}{f' on {one.partition_date}' if one.partition_date else ''}")
    rows: list[tuple[str, str, int]] = [("files received", state, count) for state, count in one.files.items()]
    rows += [("files sent", state, count) for state, count in one.sent_files.items()]
    for direction, buckets in one.documents.items():
        rows += [(f"documents {direction}", bucket, count) for bucket, count in buckets.items()]
    print_table(("", "state", "count"), rows)
    print_table(
        ("flow", "state", "reason", "count"),
        [(row["flow"], row["state"], row["reason"], row["count"]) for row in states],
    )
    for problem in one.problems:
        say(f"Does not add up: {problem}")
    if one.adds_up:
        say("Everything adds up.")


ledger.add_command(move)
ledger.add_command(restored)
