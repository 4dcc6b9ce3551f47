"""`ml-connector ledger move`: names that were changed and not recognised, and companies that are meant to be others."""

from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_connector.composition import Deployment
    from ml_connector.flows.names.moving import Moved
    from ml_connector.ledger.database.books import Books
    from ml_connector.ledger.database.store import Tx


@click.command("move")
@click.option("--connection", nargs=2, metavar="OLD NEW", help="A connection has another name now.")
@click.option("--integration", nargs=2, metavar="OLD NEW", help="An integration has another name now.")
@click.option(
    "--partner",
    nargs=3,
    metavar="INTEGRATION OLD NEW",
    help="A partner that has another name, identity and account at once is the same one.",
)
@click.option(
    "--company",
    nargs=2,
    metavar="CONNECTION COMPANY",
    help="A connection is meant to have another company than it had.",
)
@click.option(
    "--code",
    nargs=3,
    metavar="CONNECTION OLD NEW",
    help="The ERP calls the connection's company by another code now; it is the same one.",
)
@click.option("--books", metavar="INTEGRATION", help="An integration is meant to work for another company than it did.")
@click.option("--yes", is_flag=True, help="Do it. Without it the plan is shown and nothing changed.")
@wide
@common
def move(
    session: Session,
    connection: tuple[str, str] | None,
    integration: tuple[str, str] | None,
    partner: tuple[str, str, str] | None,
    company: tuple[str, str] | None,
    code: tuple[str, str, str] | None,
    books: str | None,
    yes: bool,
) -> int:
    """Tell the ledger what a changed configuration means, where it cannot know. Shows the plan first; --yes does it.

    Most renames are recognised by themselves (docs/rename-or-move.md). A document never changes its company: with
    --company and --books, what waits of the old one is held.

    \b
    Examples:
      ml-connector ledger move --integration purchasing buying
      ml-connector ledger move --company books 124133 --yes
      ml-connector ledger move --code books 124132 990132
    """
    asked = [one for one in (connection, integration, partner, company, code, books) if one]
    if len(asked) != 1:
        raise click.UsageError("Name one move: --connection, --integration, --partner, --company, --code or --books.")
    from ml_connector.flows.names import moving

    with session.open() as deployment:
        change: Callable[[Tx], Moved]
        if connection:
            change = moving.connection(deployment.names, *connection, actor())
        elif integration:
            change = moving.integration(deployment.names, *integration, actor())
        elif partner:
            name, old, new = partner
            deployment.loaded.integration(name)
            deployment.integration(name)
            change = moving.partner(deployment.names, deployment.integration(name).books, name, old, new, actor())
        elif company:
            there, title = _company(deployment, *company)
            change = moving.company(deployment.names, there, company[0], actor(), title)
        elif code:
            change = _recoded(deployment, *code)
        else:
            settings = deployment.loaded.integration(books or "")
            there, _ = _company(deployment, settings.erp)
            change = moving.integration_books(deployment.names, there, books or "", actor())
        moved = moving.carry_out(deployment.ledger, change, keep=yes)

    def human() -> None:
        say(moved.told)
        if moved.rows:
            print_table(("", "rows"), sorted(moved.rows.items()))
        if not yes:
            say("Nothing is changed yet: the same with --yes does it.")

    session.emit(moving.told_json(moved, done=yes), human)
    return Exit.OK


def _recoded(deployment: "Deployment", connection: str, old: str, new: str) -> "Callable[[Tx], Moved]":
    """What another code of the same company changes.

    Raises:
        ConfigError: the connection has another company than was said, or it knows none of the orders of the old one.
    """
    from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
    from ml_connector.flows.names import moving
    from ml_connector.ledger.database.books import Books

    there, title = _company(deployment, connection, new)
    before = Books(there.system, old)
    with deployment.ledger.read() as tx:
        known = moving.orders_of(tx, before)
    if known and not source_of(deployment.erp(connection), PURCHASE_ORDERS).by_id(known):
        raise ConfigError(
            f"Company {title or new} has none of the last {len(known)} orders of {old}: it is another one.",
            remedy="If the connection is meant to have another company, see --company.",
        )
    return moving.company_code(deployment.names, connection, before, new, actor())


def _company(deployment: "Deployment", connection: str, expected: str = "") -> "tuple[Books, str]":
    """The company that a connection has now, and its name.

    Raises:
        ConfigError: it is not the one that is expected.
    """
    from ml_connector.ledger.database.books import Books

    erp = deployment.erp(connection)
    if expected and erp.company != expected:
        raise ConfigError(
            f"Connection {connection} has company {erp.company}, not {expected}.",
            remedy="Write the company into connections.yaml first.",
        )
    return Books(erp.system, erp.company), erp.company_name
