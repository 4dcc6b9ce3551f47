"""`ml-connector sandbox`: the stand-ins of the outside systems, on chosen ports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.session import Session, common
from ml_connector.sandbox.registry import STAND_INS, StandIn

F = TypeVar("F", bound=Callable[..., Any])


def _ports(command: F) -> F:
    """One option --NAME-port for every stand-in."""
    for one in reversed(STAND_INS):
        text = f"Port of {one.title} ({one.protocol}). 0 takes a free one."
        kind = click.IntRange(0, 65535)
        flag = f"--{one.name.replace('_', '-')}-port"
        command = click.option(flag, default=0, show_default=True, type=kind, help=text)(command)
    return command


class _StandIn(click.ParamType[StandIn]):
    """NAME=module:function of a stand-in of another package."""

    name = "NAME=module:function"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StandIn:
        name, _, place = str(value).partition("=")
        module, _, function = place.partition(":")
        if not (name and module and function):
            self.fail(f"{value!r} is not NAME=module:function", param, ctx)
        if any(one.name == name for one in STAND_INS):
            self.fail(f"{name} comes with the sandbox already", param, ctx)
        found = StandIn(name, name, place)
        try:
            found.maker()
        except (ImportError, AttributeError, ValueError) as error:
            self.fail(f"{place} cannot be loaded ({error}); install its package", param, ctx)
        return found


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@_ports
@click.option("--control-port", default=0, show_default=True, type=click.IntRange(0, 65535), help="Docs: sandbox.md.")
@click.option("--clock-file", type=click.Path(path_type=Path, dir_okay=False), help="File of the movable clock.")
@click.option("--seed", default=1, show_default=True, help="Decides made-up data.")
@click.option("--no-limits", is_flag=True, help="No minutely and daily limits.")
@click.option(
    "--stand-in",
    "others",
    type=_StandIn(),
    multiple=True,
    help="Of another package, on a free port; repeatable.",
)
@click.option("--no-partner", is_flag=True, help="Nobody answers what is put into the folders.")
@common
def sandbox(
    session: Session,  # noqa: ARG001 - its output is JSON either way
    host: str,
    clock_file: Path | None,
    seed: int,
    no_limits: bool,
    no_partner: bool,
    others: tuple[StandIn, ...],
    **ports: int,
) -> int:
    """Start the stand-ins of all outside systems and the trading partners behind them, until Ctrl-C.

    Prints their addresses as one JSON object on one line when all of them answer; beside an address over SFTP stands
    its host key's fingerprint. What stands at the control address:
    docs/sandbox.md; `GET /logins` there tells what to log in with.

    \b
    Examples:
      ml-connector sandbox
      ml-connector sandbox --control-port 8703 --seed 7
      ml-connector sandbox --stand-in toy=toy.standin:make
    """
    from ml_connector.sandbox.options import SandboxOptions, with_everybody
    from ml_connector.sandbox.server import run_forever

    options = SandboxOptions(
        host=host,
        ports={name.removesuffix("_port"): port for name, port in ports.items()},
        clock_file=clock_file,
        seed=seed,
        partner=not no_partner,
    )
    options = with_everybody(options, limited=not no_limits)
    run_forever(options, stand_ins=(*STAND_INS, *others))
    return Exit.OK
