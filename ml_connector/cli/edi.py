"""`ml-connector edi`: what is in an X12 file, and the 997 it is answered with. Needs no deployment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ml_connector.cli import edi_views
from ml_connector.cli.exits import Exit
from ml_connector.cli.output import print_json, say, tell
from ml_connector.cli.session import Session, common
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.config.partners import Partner
    from ml_connector.edi.interchange import ReadOptions

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
MODES = click.Choice(["strict", "standard", "lenient"])


@click.group()
def edi() -> None:
    """Read X12 files and print their 997.

    \b
    Examples:
      ml-connector edi inspect invoice.edi
      ml-connector edi ack invoice.edi
    """


@edi.command("inspect")
@click.argument("file", type=FILE)
@click.option("--mode", type=MODES, help="How much is forgiven (default: the partner's, or standard).")
@click.option("--encoding", help="What the bytes are (default: the partner's, or latin-1).")
@click.option("--partner", help="Read it as this partner's files are read.")
@click.option("--content/--no-content", default=None, help="With the documents (default: with --json only).")
@common
def inspect(
    session: Session, file: Path, mode: str | None, encoding: str | None, partner: str | None, content: bool | None
) -> int:
    """What is in FILE: interchanges, groups, sets, documents, and everything that is wrong, each with its place.

    Ends with 1 when anything is rejected, missing, or no X12. `-` reads standard input.

    \b
    Examples:
      ml-connector edi inspect invoice.edi
      ml-connector edi inspect invoice.edi --mode strict --json
    """
    from ml_connector.edi.interchange import read_interchanges

    options = _options(session, mode, encoding, partner)
    with _opened(file) as stream:
        items = read_interchanges(stream, options)
        if session.json:
            value = edi_views.as_json(items, content=content is not False)
            print_json({"file": str(file), **value})
            return Exit.OK if value["ok"] else Exit.WRONG
        ok = edi_views.print_items(items, content=bool(content))
    return Exit.OK if ok else Exit.WRONG


@edi.command("ack")
@click.argument("file", type=FILE)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of the terminal."
)
@click.option("--mode", type=MODES, help="How much is forgiven (default: the partner's, or standard).")
@click.option("--encoding", help="What the bytes are (default: the partner's, or latin-1).")
@click.option("--partner", help="Read and answer as for this partner.")
@click.option(
    "--control", default=1, show_default=True, type=click.IntRange(1, 999_999_999), help="First ISA13 and GS06."
)
@common
def ack(
    session: Session,
    file: Path,
    out: Path | None,
    mode: str | None,
    encoding: str | None,
    partner: str | None,
    control: int,
) -> int:
    """The 997 that FILE would be answered with: one interchange for each one received. Nothing is sent.

    Groups of acknowledgments are never answered. Ends with 1 when a group is answered with anything but A.

    \b
    Examples:
      ml-connector edi ack invoice.edi
      ml-connector edi ack invoice.edi --partner northwind --out answer.edi
    """
    from ml_connector.cli.edi_answers import answers

    options = _options(session, mode, encoding, partner)
    style = _partner(session, partner).x12 if partner else None
    with _opened(file) as stream:
        made = list(answers(stream, options, style, control))
    data = b"".join(one.data for one in made)
    if out is not None:
        out.write_bytes(data)
    codes = [group["code"] for one in made for group in one.groups]
    value: dict[str, Any] = {
        "out": str(out) if out else None,
        "interchanges": [
            {"to": one.receiver, "groups": one.groups, "text": one.data.decode("latin-1")} for one in made
        ],
    }

    def human() -> None:
        if out is None:
            sys.stdout.buffer.write(data if data.endswith(b"\n") or not data else data + b"\n")
            sys.stdout.flush()
        for one in made:
            for group in one.groups:
                tell(
                    f"{one.receiver}: group {group['group']} ({group['functional_id']}): {group['code']}, "
                    f"{group['accepted']} of {group['received']} sets accepted"
                )
        if not made:
            tell("There is nothing to answer: the file holds only acknowledgments or no group.")
        elif out is not None:
            say(f"Wrote {out}.")

    session.emit(value, human)
    return Exit.OK if set(codes) <= {"A"} else Exit.WRONG


def _options(session: Session, mode: str | None, encoding: str | None, partner: str | None) -> "ReadOptions":
    from dataclasses import replace

    from ml_connector.edi.interchange import ReadOptions
    from ml_connector.flows.parsing import options_for

    options = options_for(_partner(session, partner)) if partner else ReadOptions()
    if mode:
        options = replace(options, mode=mode)
    return replace(options, encoding=encoding) if encoding else options


def _partner(session: Session, name: str) -> "Partner":
    from ml_connector.config.loading import load_deployment

    loaded = load_deployment(session.path)
    for partners in loaded.partners.values():
        if name in partners:
            return partners[name]
    known = ", ".join(sorted({name for partners in loaded.partners.values() for name in partners}))
    raise ConfigError(f"There is no partner {name!r}.", mend=f"Known are: {known}.")


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as stream:
        yield stream
