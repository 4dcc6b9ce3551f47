"""`ml-connector edi`: what is in an X12 file, and the 997 it is answered with. Needs no deployment."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ml_connector.cli.edi import documents
from ml_connector.cli.edi.partner import partner_of
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_json, safe, say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import SenderMustCorrect

if TYPE_CHECKING:
    from ml_connector.edi.interchange import ReadOptions

#: A file that cannot be opened is told like one that is no X12: one object for each file, whatever it is.
FILE = click.Path(path_type=Path, allow_dash=True)
MODES = click.Choice(["strict", "standard", "lenient"])


@click.group()
def edi() -> None:
    """Read, check, write, compare and anonymize X12 files; print their 997.

    \b
    Examples:
      ml-connector edi inspect invoice.edi
      ml-connector edi ack invoice.edi
      ml-connector edi diff order.edi order-again.edi
    """


edi.add_command(documents.render)
edi.add_command(documents.extract)
edi.add_command(documents.diff)
edi.add_command(documents.anonymize)


@edi.command("inspect")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--mode", type=MODES, help="How much is forgiven (default: the partner's, or standard).")
@click.option("--encoding", help="What the bytes are (default: the partner's, or latin-1).")
@click.option("--partner", help="Read them as this partner's files are read.")
@click.option("--content/--no-content", default=None, help="With the documents whole (default: with --json only).")
@common
def inspect(
    session: Session,
    files: Sequence[Path],
    mode: str | None,
    encoding: str | None,
    partner: str | None,
    content: bool | None,
) -> int:
    """What is in each FILE: interchanges, groups, sets, documents, and everything that is wrong, each with its place.

    With --json one object for each file, each on a line of its own. Ends with 0 when all is clean, 1 when there are
    findings of severity error, 2 when a file cannot be read. `-` reads standard input.

    \b
    Examples:
      ml-connector edi inspect invoice.edi
      ml-connector edi inspect inbox/*.edi --mode strict --json
    """
    options = _options(session, mode, encoding, partner)
    return max(_inspect_one(session, file, options, content) for file in files)


@edi.command("validate")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--partner", help="Check them by this partner's mode and guide.")
@click.option("--mode", type=MODES, help="How much is forgiven (default: the partner's, or strict).")
@click.option("--encoding", help="What the bytes are (default: the partner's, or latin-1).")
@common
def validate(
    session: Session, files: Sequence[Path], partner: str | None, mode: str | None, encoding: str | None
) -> int:
    """Whether each FILE would be accepted, with everything that is wrong. Exit codes and JSON as of `edi inspect`.

    \b
    Examples:
      ml-connector edi validate order.edi
      ml-connector edi validate invoice.edi --partner northwind
    """
    options = _options(session, mode or (None if partner else "strict"), encoding, partner)
    return max(_inspect_one(session, file, options, False) for file in files)


def _inspect_one(session: Session, file: Path, options: "ReadOptions", content: bool | None) -> Exit:
    """One file: its object or its page. Unreadable is what cannot be opened and what holds no interchange."""
    from ml_connector.cli.edi.views import Page
    from ml_connector.edi.interchange import read_interchanges
    from ml_connector.edi.tools.report import has_errors, report, unreadable
    from ml_connector.edi.validation.findings import X12Finding, X12Level

    try:
        with _opened(file) as stream:
            items = read_interchanges(stream, options)
            if session.json:
                told = report(str(file), items, content=content is not False)
                _print_line(told)
                return Exit.WRONG if has_errors(told) else Exit.OK
            click.echo(f"{safe(file)}:")
            return Exit.OK if Page(stream, content=bool(content)).print(items) else Exit.WRONG
    except SenderMustCorrect as error:
        finding = X12Finding(X12Level.FILE, "not_x12", error.message, value=str(error.data.get("begins", "")))
    except BrokenPipeError:
        raise
    except OSError as error:
        finding = X12Finding(X12Level.FILE, "unreadable", f"{file} cannot be read: {error.strerror}.")
    if session.json:
        _print_line(unreadable(str(file), finding))
    else:
        tell(safe(finding.message))
    return Exit.USAGE


def _print_line(told: dict[str, Any]) -> None:
    """Exactly one object a line."""
    print_json(told, indent=None)


@edi.command("ack")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
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

    Groups of acknowledgments are never answered. An interchange that asks for it (ISA14) gets its TA1 too. Ends with
    1 when a group is answered with anything but A.

    \b
    Examples:
      ml-connector edi ack invoice.edi
      ml-connector edi ack invoice.edi --partner northwind --out answer.edi
    """
    from ml_connector.cli.edi.answers import answers

    options = _options(session, mode, encoding, partner)
    style = partner_of(session, partner) if partner else None
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
    from ml_connector.edi.interchange import ReadOptions
    from ml_connector.flows.inbound.readers.x12 import options_for

    options = options_for(partner_of(session, partner)) if partner else ReadOptions()
    if mode:
        options = replace(options, mode=mode)
    return replace(options, encoding=encoding) if encoding else options


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """The file; standard input is read whole where it cannot be gone back in."""
    if str(file) == "-":
        stream = sys.stdin.buffer
        yield stream if stream.seekable() else io.BytesIO(stream.read())
        return
    with file.open("rb") as stream:
        yield stream
