"""`ml-connector dev`: the sandbox and Dagster's UI, to work in."""

import time
from pathlib import Path

import click

from ml_connector.cli.demo import refuse_foreign_folder
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_json, say, tell
from ml_connector.cli.shared.session import Session, common


@click.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/dev"),
    show_default=True,
    help="Folder to work in; it is emptied.",
)
@click.option("--no-partner", is_flag=True, help="Nobody answers what is put into the folders.")
@common
def dev(session: Session, home: Path, no_partner: bool) -> int:
    """Sandbox, webhook receiver, pages and Dagster on free ports, authorized and ready, until Ctrl-C.

    Nothing happens by itself: make orders at the sandbox's control address, put files into its folders, materialize
    in the UI. The printed line lets other commands in another terminal work on the same deployment.

    \b
    Examples:
      ml-connector dev
      curl -X POST $CONTROL/exact/orders -d '{"count": 5}'
    """
    from ml_connector.demo.stage import open_stage, start_dagster, stop_dagster

    refuse_foreign_folder(home)
    tell(f"Setting up in {home.absolute()} ...")
    with open_stage(home.absolute(), partners=not no_partner) as stage:
        start_dagster(stage)
        try:
            value = {
                "pages": stage.web_url,
                "ui": stage.ui_url,
                "webhooks": stage.webhook_url,
                "sandbox": stage.sandbox.addresses(),
                "environment": dict(stage.environment),
            }
            if session.json:
                print_json(value)
            else:
                say(f"Pages:            {stage.web_url}")
                say(f"Dagster UI:       {stage.ui_url}")
                say(f"Webhook receiver: {stage.webhook_url}")
                for name, address in stage.sandbox.addresses().items():
                    say(f"Sandbox {name}: {address}")
                say("Other commands work on it from another terminal after:")
                say(f"  {stage.pointing}")
            _until_interrupted()
        finally:
            stop_dagster(stage)
    return Exit.OK


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        tell("Stopping ...")
