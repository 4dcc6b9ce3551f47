"""`ml-connector documents`: find, show, replay, discard and settle documents."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ml_connector import stopping
from ml_connector.cli.documents import views
from ml_connector.cli.documents.document_filters import (
    NOTHING,
    Picked,
    company_code,
    document_named,
    documents_of,
    filters,
    named_companies,
)
from ml_connector.cli.documents.due import due
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import tell
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.cli.shared.tables import below, print_table, wide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ml_connector.cli.shared.run_outcome import CommandOutcome
    from ml_connector.ledger.work.records import DocumentRow


@click.group()
def documents() -> None:
    """List, show, replay, discard, settle documents.

    \b
    Examples:
      ml-connector documents list --held
      ml-connector documents show 4711
      ml-connector documents replay --reason unknown_supplier --why "supplier created"
      ml-connector documents discard 17 --why "sent twice by mistake"
    """


documents.add_command(due)


@documents.command("list")
@filters
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--before", type=click.IntRange(1), help="Go on below this id (next_before of the page before).")
@wide
@common
def list_(session: Session, picked: Picked, limit: int, before: int | None) -> int:
    """Documents, newest first.

    \b
    Examples:
      ml-connector documents list --state quarantined --partner northwind
      ml-connector documents list --number INV-1001
      ml-connector documents list --date 2026-11-20 --flow invoices_in --json
    """
    from ml_connector.ledger.names.naming import companies
    from ml_connector.ledger.search.queries import count_documents, list_documents
    from ml_connector.operating.facts import summary_json

    with session.open() as deployment, deployment.ledger.read() as tx:
        picked = replace(picked, company=company_code(deployment, picked.company))
        page = list_documents(tx, picked.filter(), limit=limit, before=before)
        total = count_documents(tx, picked.filter())
        named = companies(tx)
    value = {
        "documents": [summary_json(row) for row in page.rows],
        "next_before": page.next_before,
        "total": total.number,
        "more_than_total": total.more,
    }

    def human() -> None:
        views.print_summaries(page.rows, named)
        more = f"; the next page: --before {page.next_before}" if page.next_before else ""
        below(f"{len(page.rows)} of {'more than ' * total.more}{total.number} documents{more}.")

    session.emit(value, human)
    return Exit.OK


@documents.command("show")
@click.argument("document")
@click.option("--content", is_flag=True, help="Also the canonical document and what matching and coding decided.")
@click.option("--payloads", is_flag=True, help="Also exactly what was or will be written to the other side.")
@click.option("--bytes", "as_bytes", is_flag=True, help="Only the bytes it came or left in, as they are.")
@click.option("--company", help="The one of this company: its code, or its name.")
@wide
@common
def show(session: Session, document: str, content: bool, payloads: bool, as_bytes: bool, company: str | None) -> int:
    """One document with its history: where it came from, what was made of it, every write and every event.

    DOCUMENT is its id in the ledger, or its number when that names only one.

    \b
    Examples:
      ml-connector documents show 4711
      ml-connector documents show INV-1001 --content
      ml-connector documents show 4711 --bytes > invoice.edi
    """
    from ml_connector.operating import facts

    with session.open() as deployment:
        row = document_named(deployment, document, company_code(deployment, company))
        of = named_companies(deployment)(row)
        if as_bytes:
            sys.stdout.buffer.write(facts.original_bytes(deployment.ledger, row))
            return Exit.OK
        value = facts.full_json(deployment.ledger, row, content=content, payloads=payloads)
    session.emit(value, lambda: views.print_full(value | ({"company": of} if of else {})))
    return Exit.OK


@documents.command("replay")
@click.argument("named", metavar="[DOCUMENTS]...", nargs=-1)
@filters
@click.option("--dry-run", is_flag=True, help="Only tell what would be done with each.")
@click.option("--why", default="", help="Reason, kept in the ledger.")
@wide
@common
def replay(session: Session, named: tuple[str, ...], picked: Picked, dry_run: bool, why: str) -> int:
    """Run documents again from their kept bytes, with today's reference data. Nothing is posted or sent twice.

    Finished ones are confirmed without writing, unfinished ones go on, held ones are looked at again now. An order
    that the partner refused is sent again only when it is named itself or by --state refused. A whole --date is
    what materializing that partition in Dagster does.

    DOCUMENTS are ids of the ledger, or numbers that are more than digits and name only one.

    \b
    Examples:
      ml-connector documents replay 17 18 --why "account 4406 unblocked"
      ml-connector documents replay INV-1001
      ml-connector documents replay --date 2026-11-20 --dry-run
      ml-connector documents replay --reason unknown_supplier
    """
    from ml_connector.operating import replaying

    if not named and not picked.narrows:
        raise click.UsageError("Name documents by id or number, or pick them by --date, --state, --reason ...")
    with session.open() as deployment:
        rows = documents_of(deployment, named, picked)
        again = bool(named) or "refused" in picked.states
        of = named_companies(deployment)
        plan = replaying.plan(rows, of, refused_too=again)
        if dry_run or not rows:
            session.emit({"dry_run": True, "documents": plan}, lambda: _print_plan(plan))
            return Exit.OK if rows else _nothing(session)
        days = (picked.day,) if picked.day is not None and picked.only_day and not named else ()
        replaying.prepare(deployment, rows, who=actor(), why=why, refused_too=again)
    outcome = _run(session, rows, days, picked.partner or "")
    with session.open() as deployment:
        after = replaying.after(deployment, rows, of)
    value = {"dry_run": False, "documents": after, "runs": outcome.as_json()}
    session.emit(value, lambda: _print_after(after))
    if outcome.code != Exit.OK:
        for message in outcome.messages:
            tell(message)
        return outcome.code
    return Exit.WRONG if any(one["held"] for one in after) else Exit.OK


@stopping.heeding
def _run(session: Session, rows: "Sequence[DocumentRow]", days: "Sequence[date]", partner: str) -> "CommandOutcome":
    """Run the jobs over these documents; with days, over those partitions as materializing them does."""
    from ml_connector.cli.shared.run_outcome import CommandOutcome
    from ml_connector.operating import replaying

    outcome = CommandOutcome()
    starts = replaying.starts(session.path, rows, days=days, partner=partner, who=actor(), debug=session.debug)
    outcome.run_all(starts)
    return outcome


def _nothing(session: Session) -> int:
    if not session.json:
        tell("No document fits.")
    return Exit.WRONG


def _print_plan(plan: list[dict[str, Any]]) -> None:
    _print_each(plan, {"state": "state", "action": "would be done"}, ("partner", "number"))


def _print_after(after: list[dict[str, Any]]) -> None:
    columns = {"was": "was", "state": "is", "reason": "reason", "mend": "To fix"}
    _print_each(after, columns, ("partner", "number"))


def _print_each(rows: list[dict[str, Any]], columns: dict[str, str], first: tuple[str, ...]) -> None:
    """A line a document, with its company where there are several. columns: what their heads say, by key."""
    company = ("company",) if any(row["company"] for row in rows) else ()
    keys = ("id", *company, *first, *columns)
    print_table([columns.get(key, key) for key in keys], [[row[key] for key in keys] for row in rows])


@documents.command("discard")
@click.argument("named", metavar="DOCUMENTS...", nargs=-1, required=True)
@click.option("--why", required=True, help="Reason, kept in the ledger.")
@click.option("--company", help="Only of this company: its code, or its name.")
@common
def discard(session: Session, named: tuple[str, ...], why: str, company: str | None) -> int:
    """Give documents up, with a reason. One that may be at the other side already is never discarded.

    \b
    Example:
      ml-connector documents discard 17 --why "supplier sends a corrected invoice"
    """
    return _each(session, named, company, why, "discard")


@documents.command("settle")
@click.argument("named", metavar="DOCUMENTS...", nargs=-1, required=True)
@click.option("--arrived/--not-arrived", default=None, help="Whether the other side has it. Ask there first.")
@click.option("--counts-once", is_flag=True, help="It was there twice: one is gone, or the partner dropped it.")
@click.option("--as-it-stands", is_flag=True, help="The ERP took a part and refuses the rest: the part is all it gets.")
@click.option("--why", required=True, help="How you know, kept in the ledger.")
@click.option("--company", help="Only of this company: its code, or its name.")
@common
def settle(
    session: Session,
    named: tuple[str, ...],
    arrived: bool | None,
    counts_once: bool,
    as_it_stands: bool,
    why: str,
    company: str | None,
) -> int:
    """A person's word about documents of unknown outcome: they arrived, or they did not and may be sent again.

    And about files that were found twice (docs/uncertain.md): each counts once now, nothing is told of it any more.

    Those are for what was sent into a network's folder: a write to the ERP is looked up there by itself. Of what the
    ERP took a part of (orders of some stores, receipts of some warehouses) and refuses the rest: the part is all.

    \b
    Examples:
      ml-connector documents settle 17 --arrived --why "partner confirmed by phone"
      ml-connector documents settle 17 --not-arrived --why "their EDI desk has no such interchange"
      ml-connector documents settle 17 --counts-once --why "they deleted the second file"
      ml-connector documents settle 17 --as-it-stands --why "store 0002 is closed, so says the customer"
    """
    if [counts_once, as_it_stands, arrived is not None].count(True) != 1:
        raise click.UsageError("Say one of --arrived, --not-arrived, --counts-once and --as-it-stands.")
    sent = "arrived" if arrived else "not-arrived"
    decision = "as-it-stands" if as_it_stands else "counts-once" if counts_once else sent
    return _each(session, named, company, why, decision)


def _each(session: Session, named: tuple[str, ...], company: str | None, why: str, decision: str) -> int:
    """Decide about each document by itself; what is not possible for one leaves the others done."""
    from ml_connector.operating.acting import decide

    if not why.strip():
        raise click.UsageError("--why must say something.")
    with session.open() as deployment:
        rows = documents_of(deployment, named, replace(NOTHING, company=company))
        of = named_companies(deployment)
        acted = decide(deployment, rows, decision, who=actor(), why=why)
    outcomes = [
        {"id": one.row.id, "company": of(one.row), "number": one.row.number, "done": one.done, "message": one.message}
        for one in acted
    ]
    if not rows:
        session.emit(outcomes, lambda: None)
        return _nothing(session)
    session.emit(outcomes, lambda: _print_each(outcomes, {"message": "outcome"}, ("number",)))
    return Exit.OK if all(one["done"] for one in outcomes) else Exit.WRONG
