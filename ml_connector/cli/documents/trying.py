"""`ml-connector try`: what files would become and post, without a trace."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_facts, say, tell
from ml_connector.cli.shared.session import Session, common

if TYPE_CHECKING:
    from ml_connector.trying.results import Effect, Reason, TriedDocument, TryOrderResult, TryResult, Write

#: A file larger than this is not tried: no connection takes it either.
MOST_BYTES = 150_000_000


@click.command("try")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--order", "number", metavar="NUMBER", help="Instead of files: what would leave for this order.")
@click.option("--invoice", metavar="NUMBER", help="Instead of files: what would leave for this sales invoice.")
@click.option("--integration", help="Where the files do not tell it.")
@click.option("--partner", help="Whose the files are, where a flat file does not tell it.")
@click.option(
    "--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), help="Reference data as they were at the end of that UTC day."
)
@common
def try_(
    session: Session,
    files: tuple[Path, ...],
    number: str | None,
    invoice: str | None,
    integration: str | None,
    partner: str | None,
    day: datetime | None,
) -> int:
    """What each document in FILE... would become: its state, the reason and remedy, and what would be posted or sent.

    The steps are those of a run, over a scratch ledger with the newest reference data that were read: nothing is
    written, claimed or answered, and nobody is called. Several files are seen in their order, each as if it came by
    itself. With --order or --invoice it tells what would leave for an order or a sales invoice as it was last read, and
    what differs from what the partner has. Ends with 1 when something would be held or rejected.

    \b
    Examples:
      ml-connector try invoice.edi
      ml-connector try original.edi correction.edi --integration purchasing --json
      ml-connector try invoices.csv --partner harbour --as-of 2026-11-20
      ml-connector try --order 26000001 --integration purchasing
      ml-connector try --invoice AR001
    """
    if bool(files) + (number is not None) + (invoice is not None) != 1:
        raise click.UsageError("Name files, or an order with --order, or a sales invoice with --invoice.")
    if number is not None or invoice is not None:
        if partner is not None or day is not None:
            raise click.UsageError("--partner and --as-of are for files.")
        return _try_order(session, number, invoice, integration)
    from ml_connector.trying.trial import integration_of, read_files, try_files

    given = read_files(files, MOST_BYTES)
    with session.open() as deployment:
        name = integration_of(deployment, given, integration)
        result = try_files(
            deployment,
            given,
            integration=name,
            partner=partner,
            as_of=day.date() if day else None,
            progress=None if session.json else lambda what: tell(f"{what} ..."),
        )
    session.emit(result.model_dump(mode="json", by_alias=True), lambda: _print(result))
    return Exit.OK if result.ok else Exit.WRONG


def _try_order(session: Session, order: str | None, invoice: str | None, integration: str | None) -> int:
    from ml_connector.cli.shared.session import only_integration
    from ml_connector.trying.invoices import try_invoice
    from ml_connector.trying.orders import try_order

    with session.open() as deployment:
        name = only_integration(deployment, integration)
        if invoice is not None:
            result = try_invoice(deployment, invoice, integration=name)
        else:
            result = try_order(deployment, order or "", integration=name)
    what = "Order" if invoice is None else "Invoice"
    session.emit(result.model_dump(mode="json", by_alias=True), lambda: _print_order(result, what))
    return Exit.OK if result.ok else Exit.WRONG


def _print_order(result: "TryOrderResult", what: str) -> None:
    say(f"{what} {result.order} as read {result.read_at:%Y-%m-%d %H:%M} UTC ({result.read_in})")
    had = result.had
    say(f"{had.partner} has revision {had.revision}, {had.state}." if had else "No partner has anything of it.")
    if result.why_not:
        say(f"Nothing would leave: {result.why_not}")
    for one in result.documents:
        _print_document(one)
    for one_ in result.differences:
        say(f"  {one_.path}: {one_.had or 'nothing'} -> {one_.would_have or 'nothing'}")
    say("Nothing was written or sent.")


def _print(result: "TryResult") -> None:
    orders = next((one for one in result.reference if one.table == "purchase_orders"), None)
    if orders is not None:
        read = f"{orders.checked_at:%Y-%m-%d %H:%M} UTC"
        say(f"{result.integration}, company {result.company}; open orders as read {read}")
    for file in result.files:
        say("")
        say(f"{file.name}: {file.state}, {file.partner or 'partner not known'}")
        if file.state == "repeated":
            say("  The same bytes came before: a run sets the file aside.")
        for one in result.documents:
            if one.file == file.name:
                _print_document(one)
    for answer in result.answers:
        say("")
        say(f"answer {answer.kind} to {answer.partner}: {answer.state}")
        _print_writes(answer.writes)
    for effect in result.effects:
        _print_effect(effect)
    say("")
    for note in result.not_asked:
        say(f"Note: {note}")
    say("Nothing was written, sent or answered.")


def _print_document(one: "TriedDocument") -> None:
    amount = f", {one.amount} {one.currency}" if one.amount is not None else ""
    order = f", order {one.order_number}" if one.order_number and one.order_number != one.number else ""
    state = "held" if one.state == "quarantined" else one.state
    say(f"  {one.kind.replace('_', ' ')} {one.number}{order}{amount}: {state}")
    _print_reason(one.reason)
    for decided in one.decisions:
        if decided.value:
            place = f" of {decided.place}" if decided.place else ""
            say(f"    {decided.what.replace('_', ' ')}{place}: {decided.value} ({decided.came_from})")
    _print_writes(one.writes)


def _print_reason(reason: "Reason | None") -> None:
    if reason is None:
        return
    print_facts([("    why", f"{reason.message} ({reason.code})"), ("    To fix", reason.remedy)])


def _print_writes(writes: "list[Write]") -> None:
    for write in writes:
        say(f"    would {'send' if write.kind == 'upload' else 'post'} {write.kind} to {write.target}")
        for line in _readable(write.payload).splitlines():
            say(f"      {line}")


def _readable(payload: str) -> str:
    """JSON with a line for each value, fractions as they are written; other text as it is."""
    import json

    try:
        value = json.loads(payload, parse_float=str)
    except ValueError:
        return payload
    return json.dumps(value, indent=2, ensure_ascii=False)


def _print_effect(effect: "Effect") -> None:
    say("")
    say(f"document {effect.document} ({effect.kind} {effect.number}): {effect.before} -> {effect.after}")
    _print_reason(effect.reason)
