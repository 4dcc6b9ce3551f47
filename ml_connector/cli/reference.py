"""`ml-connector reference`: reference data as it was last read, or as it was on a day."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, actor, common, only_integration
from ml_connector.cli.shared.tables import below, print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

#: Columns that come first, where a table has them.
_FIRST = ("code", "name", "number", "description")


@click.group()
def reference() -> None:
    """Reference data as last read: vendors, accounts, cost centers, items, VAT codes, open orders.

    \b
    Examples:
      ml-connector reference list
      ml-connector reference show vendors --find northwind
      ml-connector reference resend buyright vendors
    """


@reference.command("list")
@click.option("--connection", help="ERP connection (default: the only one).")
@wide
@common
def list_(session: Session, connection: str | None) -> int:
    """The tables with their newest version, and when they were read.

    \b
    Example:
      ml-connector reference list
    """
    from ml_connector.ledger.exchange import snapshots

    with session.open() as deployment:
        name = _erp_name(deployment, connection)
        company = _company(deployment, name)
        with deployment.ledger.read() as tx:
            names = dict.fromkeys((*_tables(deployment, name), *snapshots.tables(tx, name, company)))
            found = [(table, snapshots.info(tx, name, company, table)) for table in names]
    rows = [
        {
            "table": table,
            "version": info.version if info else None,
            "rows": info.row_count if info else None,
            "changed_at": info.taken_at if info else None,
            "read_at": info.checked_at if info else None,
        }
        for table, info in found
    ]
    session.emit(
        rows,
        lambda: print_table(
            ("table", "version", "rows", "changed at (UTC)", "read at (UTC)"), [tuple(row.values()) for row in rows]
        ),
    )
    return Exit.OK if all(row["version"] for row in rows) else Exit.WRONG


@reference.command("show")
@click.argument("table")
@click.option("--connection", help="ERP connection (default: the only one).")
@click.option("--version", type=click.IntRange(1), help="A version (default: the newest).")
@click.option("--date", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="As it was at the end of that day (UTC).")
@click.option("--find", "text", default="", help="Only rows that hold this text.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Rows to show.")
@wide
@common
def show(
    session: Session,
    table: str,
    connection: str | None,
    version: int | None,
    as_of: datetime | None,
    text: str,
    limit: int,
) -> int:
    """Rows of TABLE, one of those that `reference list` names.

    \b
    Examples:
      ml-connector reference show gl_accounts --find freight
      ml-connector reference show vendors --date 2026-11-20 --json
    """
    from ml_connector.ledger.exchange import snapshots

    with session.open() as deployment:
        name = _erp_name(deployment, connection)
        company = _company(deployment, name)
        with deployment.ledger.read() as tx:
            known = dict.fromkeys((*_tables(deployment, name), *snapshots.tables(tx, name, company)))
            if table not in known:
                raise ConfigError(f"There is no table {table!r} of {name}.", remedy=f"Known are: {', '.join(known)}.")
            snapshot = snapshots.load(tx, name, company, table, version=version, as_of=as_of.date() if as_of else None)
    if snapshot is None:
        tell(f"{name} has no {table} of that version or day. Run `ml-connector sync` first.")
        return Exit.WRONG
    wanted = text.casefold()
    matching = [r for r in snapshot.rows if not wanted or any(wanted in str(v).casefold() for v in r.values())]
    shown = matching[:limit]
    value = {
        "connection": name,
        "company": company,
        "table": table,
        "version": snapshot.version,
        "taken_at": snapshot.taken_at,
        "checked_at": snapshot.checked_at,
        "row_count": snapshot.row_count,
        "matching": len(matching),
        "changes": snapshot.changes,
        "rows": shown,
    }

    def human() -> None:
        _print_rows(shown)
        more = f", {len(shown)} shown" if len(shown) < len(matching) else ""
        below(
            f"{table} of {name} (company {company}), version {snapshot.version} of "
            f"{snapshot.taken_at:%Y-%m-%d %H:%M} UTC: {len(matching)} of {snapshot.row_count} rows{more}."
        )

    session.emit(value, human)
    return Exit.OK


@reference.command("resend")
@click.argument("partner")
@click.argument("table")
@click.option("--integration", help="Integration of the partner (default: the only one).")
@common
def resend(session: Session, partner: str, table: str, integration: str | None) -> int:
    """Have TABLE go to PARTNER whole once more, after it missed a file: with the next run of the integration.

    The partner's file names the table under `reference_data`. Changes go on from there.

    \b
    Examples:
      ml-connector reference resend buyright vendors
      ml-connector reference resend buyright gl_accounts --integration purchasing
    """
    from ml_connector.flows.core.integration import RunScope
    from ml_connector.flows.reference_out.telling import give_whole

    with session.open() as deployment:
        name = only_integration(deployment, integration)
        added = give_whole(deployment.integration(name), RunScope(holder="", actor=actor()), partner, table)
    said = "goes whole with the next run" if added else "is about to go whole already"
    session.emit({"partner": partner, "table": table, "added": added}, lambda: say(f"{table} {said}: {partner}."))
    return Exit.OK


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Columns that hold anything but nested data, the telling ones first."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    flat = [n for n in names if any(row.get(n) not in (None, "") for row in rows)]
    flat = [n for n in flat if not any(isinstance(row.get(n), list | dict) for row in rows) and n != "id"]
    columns = [n for n in _FIRST if n in flat] + [n for n in flat if n not in _FIRST]
    print_table(columns, [tuple(row.get(n) for n in columns) for row in rows])


def _erp_name(deployment: "Deployment", given: str | None) -> str:
    if given is not None:
        deployment.loaded.connection(given)
        return given
    names = sorted({integration.erp for integration in deployment.loaded.settings.integrations.values()})
    if len(names) == 1:
        return names[0]
    raise ConfigError(
        f"{deployment.loaded.path}: there are {len(names)} ERP connections.",
        remedy=f"Name one with --connection: {', '.join(names) or 'none is configured'}.",
    )


def _tables(deployment: "Deployment", name: str) -> list[str]:
    """Those that the ERP has, read or not."""
    return deployment.system(name).listed_tables


def _company(deployment: "Deployment", name: str) -> str:
    """The company that the connection's snapshots are of; empty before anything was read."""
    return deployment.known_company(name)
