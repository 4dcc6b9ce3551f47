"""`ml-connector demo`: the whole work on one machine, against the sandbox."""

from pathlib import Path

import click

from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import ConfigError

#: What an earlier stage leaves in its home folder.
_OURS = ("clock", "key", "ledger.db")


@click.command()
@click.option("--once", is_flag=True, help="End by itself: 0 only when every number adds up.")
@click.option(
    "--inbound",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Feed a folder of X12 files of your own through the same path.",
)
@click.option(
    "--orders",
    type=click.IntRange(min=20),
    default=80,
    show_default=True,
    help="How many orders are made; a quarter of them go out over the second network.",
)
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Folder to work in; it is emptied.")
@common
def demo(session: Session, once: bool, inbound: Path | None, orders: int, home: Path | None) -> int:
    """Orders out, invoices, shipments and acknowledgments back in, with troubles, and the numbers added up.

    Starts the sandbox and Dagster on free ports. Without --once the UI stays up until Ctrl-C.

    \b
    Examples:
      ml-connector demo
      ml-connector demo --once --json
      ml-connector demo --inbound my-x12-files
    """
    from ml_connector.demo.run import run_demo

    if home is not None:
        refuse_foreign_folder(home)
    return run_demo(once=once, as_json_output=session.json, inbound=inbound, orders=orders, home=home)


def refuse_foreign_folder(home: Path) -> None:
    """The home folder is emptied: only a new one, or one of an earlier demo, may be named.

    Raises:
        ConfigError: it holds something else.
    """
    if home.is_dir() and any(home.iterdir()) and not all((home / name).exists() for name in _OURS):
        raise ConfigError(f"{home} holds files that are not a demo's.", remedy="Name a new folder: it is emptied.")
