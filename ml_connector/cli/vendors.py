"""`ml-connector vendors`: what a person says of vendors that others tell us of."""

from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.flows.core.integration import Integration
    from ml_connector.ledger.work.records import DocumentRow


@click.group()
def vendors() -> None:
    """Vendors that are held, on their way in or out: say which one they are, or that they are new.

    What is held, and why: `ml-connector documents list --flow vendors_in --held`, and `--flow vendors_out`.

    \b
    Examples:
      ml-connector vendors link 4711 V-17
      ml-connector vendors create 4712
    """


@vendors.command("link")
@click.argument("document", type=int)
@click.argument("vendor")
@common
def link(session: Session, document: int, vendor: str) -> int:
    """DOCUMENT is our VENDOR, by its code in the ERP: it is linked with the next run.

    Of a vendor of ours that leaves, VENDOR is the network's id.

    \b
    Example:
      ml-connector vendors link 4711 V-17
    """
    from ml_connector.flows.core.integration import RunScope
    from ml_connector.flows.vendors_in import saying

    with session.open() as deployment:
        integration, row = _held(deployment, document)
        name = saying.link(integration, RunScope(holder="", actor=actor()), row, vendor)
    value = {"document": document, "vendor": vendor, "name": name}
    session.emit(value, lambda: say(f"{row.number} is {vendor} {name}: linked with the next run."))
    return Exit.OK


@vendors.command("create")
@click.argument("document", type=int)
@common
def create(session: Session, document: int) -> int:
    """DOCUMENT is none of ours: its vendor is created in the ERP with the next run.

    \b
    Example:
      ml-connector vendors create 4712
    """
    from ml_connector.flows.core.integration import RunScope
    from ml_connector.flows.vendors_in import saying

    with session.open() as deployment:
        integration, row = _held(deployment, document)
        saying.create(integration, RunScope(holder="", actor=actor()), row)
    session.emit({"document": document}, lambda: say(f"{row.number} is created with the next run."))
    return Exit.OK


@vendors.command("end")
@click.argument("document", type=int)
@common
def end(session: Session, document: int) -> int:
    """DOCUMENT is a vendor that the ERP does not have any more, and that was not merged: made inactive at the network.

    \b
    Example:
      ml-connector vendors end 4713
    """
    from ml_connector.flows.core.integration import RunScope
    from ml_connector.flows.vendors_in import saying

    with session.open() as deployment:
        integration, row = _held(deployment, document)
        saying.end(integration, RunScope(holder="", actor=actor()), row)
    session.emit({"document": document}, lambda: say(f"{row.number} is made inactive with the next run."))
    return Exit.OK


def _held(deployment: "Deployment", document: int) -> "tuple[Integration, DocumentRow]":
    from ml_connector.ledger.work import documents

    with deployment.ledger.read() as tx:
        rows = documents.get_many(tx, [document])
    if not rows:
        raise ConfigError(f"There is no document {document}.", remedy="`ml-connector documents list` shows their ids.")
    return deployment.integration(rows[0].integration), rows[0]
