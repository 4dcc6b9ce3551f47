"""`edi render`, `edi extract`, `edi diff`, `edi anonymize`: documents out of files and into them. Nothing is sent."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.documents.common import Record
    from ml_connector.edi.writing.write import Envelope

SETS = ("850", "855", "856", "860", "865", "810", "820", "824", "997", "999")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
OUT = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")


@click.command("render")
@click.argument("document", type=FILE, metavar="DOCUMENT.json")
@click.option("--set", "set_type", type=click.Choice(SETS), help="The set to write (default: by the document's kind).")
@click.option("--partner", help="Write it as for this partner.")
@click.option("--x12-version", "version", type=click.Choice(["004010", "005010"]), help="GS08 (default 004010).")
@click.option("--sender", default="ZZ/SENDER", show_default=True, help="QUALIFIER/ID of ISA05 and ISA06.")
@click.option("--receiver", help="QUALIFIER/ID of ISA07 and ISA08 (default ZZ/RECEIVER, or the partner's).")
@click.option("--control", default=1, show_default=True, type=click.IntRange(1, 999_999_999), help="ISA13 and GS06.")
@click.option("--test/--production", default=True, help="ISA15 T or P.")
@OUT
@common
def render(
    session: Session,
    document: Path,
    set_type: str | None,
    partner: str | None,
    version: str | None,
    sender: str,
    receiver: str | None,
    control: int,
    test: bool,
    out: Path | None,
) -> int:
    """DOCUMENT.json, as `edi extract` prints it, as an X12 interchange. What had to be changed is told.

    \b
    Examples:
      ml-connector edi render order.json --set 850
      ml-connector edi render order.json --partner northwind --out order.edi
    """
    from ml_connector.edi.writing.write import ControlNumbers, write_interchange

    found = _document(document, set_type)
    envelope = _envelope(session, partner, version, sender, receiver, test=test)
    written = write_interchange(envelope, ControlNumbers(control, control), [found], datetime.now(UTC))
    if out is not None:
        out.write_bytes(written.data)
    value = {
        "out": str(out) if out else None,
        "set_controls": written.set_controls,
        "replaced": written.replaced,
        "text": written.data.decode(envelope.encoding, "replace"),
    }

    def human() -> None:
        if out is None:
            sys.stdout.buffer.write(written.data if written.data.endswith(b"\n") else written.data + b"\n")
            sys.stdout.flush()
        else:
            say(f"Wrote {out}.")
        for one in written.replaced:
            tell(f"{one['place']}: {one['before']!r} is sent as {one['after']!r} ({one['why']})")

    session.emit(value, human)
    return Exit.OK


def _document(path: Path, set_type: str | None) -> "Record":
    """The document in a JSON file. Raises ConfigError naming what is wrong in it."""
    import json
    from decimal import Decimal

    from pydantic import ValidationError

    from ml_connector.documents.json import MODELS, load
    from ml_connector.edi.mapping.registry import KINDS, set_type_of
    from ml_connector.errors import WeAreWrong

    text = path.read_text("utf-8")
    try:
        values = json.loads(text, parse_float=Decimal)
        kind = values.get("kind") or (KINDS[set_type].value if set_type else "")
        if kind not in {known.value for known in MODELS}:
            raise ConfigError(
                f"{path}: its kind {str(kind)[:40]!r} is not a document.", remedy="Name the set with --set."
            )
        found = load(kind, text)
    except (ValueError, AttributeError, WeAreWrong) as error:
        reason = error.errors()[0] if isinstance(error, ValidationError) else None
        told = f"{'.'.join(map(str, reason['loc']))}: {reason['msg']}" if reason else str(error)[:200]
        raise ConfigError(f"{path} is no such document: {told}.", remedy="`edi extract` prints documents.") from error
    carried = set_type_of(found)
    if set_type and set_type != carried:
        raise ConfigError(f"{path} is carried by set {carried}, not {set_type}.", remedy=f"Use --set {carried}.")
    return found


def _envelope(
    session: Session, partner: str | None, version: str | None, sender: str, receiver: str | None, *, test: bool
) -> "Envelope":
    from ml_connector.config.partners import X12Writing
    from ml_connector.edi.writing.write import Envelope

    style, theirs = X12Writing(suffix="\n"), ("ZZ", "RECEIVER", "")
    if partner:
        from ml_connector.cli.edi.partner import partner_of

        found = partner_of(session, partner)
        style = found.x12
        identity = (found.test_identity if test else None) or found.identity
        if identity is None and not receiver:
            raise ConfigError(f"Partner {partner} has no identity in X12.", remedy="Name one: --receiver ZZ/ACME.")
        theirs = (identity.qualifier, identity.id, identity.group) if identity is not None else theirs
    if receiver:
        theirs = (*_identity(receiver), "")
    qualifier, identifier = _identity(sender)
    return Envelope(
        sender_qualifier=qualifier,
        sender_id=identifier,
        receiver_qualifier=theirs[0],
        receiver_id=theirs[1],
        group_receiver=theirs[2],
        version=version or style.version,
        usage="T" if test else "P",
        element_separator=style.element_separator,
        component_separator=style.component_separator,
        repetition_separator=style.repetition_separator,
        terminator=style.terminator,
        suffix=style.suffix,
        character_set=style.character_set,
        encoding=style.encoding,
        ack_requested=style.want_ta1,
        replace_separators=style.replace_separators,
    )


def _identity(text: str) -> tuple[str, str]:
    qualifier, mark, identifier = text.partition("/")
    if not mark or len(qualifier) != 2 or not identifier:
        raise ConfigError(f"{text!r} is not a QUALIFIER/ID.", remedy="Write it like ZZ/ACME.")
    return qualifier, identifier


@click.command("extract")
@click.argument("file", type=FILE)
@click.option("--encoding", default="latin-1", show_default=True, help="What the bytes are.")
@common
def extract(session: Session, file: Path, encoding: str) -> int:  # noqa: ARG001 - it prints JSON anyway
    """The documents of FILE as canonical JSON, one a line: what `edi render` takes.

    \b
    Examples:
      ml-connector edi extract order.edi > order.json
    """
    from ml_connector.documents.json import dump
    from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges

    ok = True
    with file.open("rb") as stream:
        for item in read_interchanges(stream, ReadOptions(encoding=encoding)):
            if isinstance(item, ReceivedSet):
                ok = ok and item.accepted
                if item.document is not None:
                    click.echo(dump(item.document))
    return Exit.OK if ok else Exit.WRONG


@click.command("diff")
@click.argument("first", type=FILE, metavar="A")
@click.argument("second", type=FILE, metavar="B")
@click.option("--encoding", default="latin-1", show_default=True, help="What the bytes are.")
@common
def diff(session: Session, first: Path, second: Path, encoding: str) -> int:
    """What differs between two files in business terms, whatever their separators, order and envelopes.

    Ends with 0 when nothing does, 1 when something does.

    \b
    Examples:
      ml-connector edi diff order.edi order-again.edi
    """
    from ml_connector.edi.interchange import ReadOptions, read_interchanges
    from ml_connector.edi.tools.diff import differences, documents_of

    documents = []
    for path in (first, second):
        with path.open("rb") as stream:
            documents.append(documents_of(read_interchanges(stream, ReadOptions(encoding=encoding))))
    found = list(differences(documents[0], documents[1]))

    def human() -> None:
        for one in found:
            place = f": {one.path}" if one.path else ""
            say(f"{one.document}{place}: {one.first or 'nothing'} -> {one.second or 'nothing'}")
        if not found:
            say("The same documents.")

    session.emit({"same": not found, "differences": [one.as_dict() for one in found]}, human)
    return Exit.WRONG if found else Exit.OK


@click.command("anonymize")
@click.argument("file", type=FILE)
@click.option("--encoding", default="latin-1", show_default=True, help="What the bytes are.")
@OUT
@common
def anonymize(session: Session, file: Path, encoding: str, out: Path | None) -> int:
    """FILE with the same structure and nothing real in it: no names, numbers, amounts or dates of yours.

    Codes, counts and separators stay; equal values stay equal; totals that added up still do. Look at it before you
    show it to others.

    \b
    Examples:
      ml-connector edi anonymize order.edi --out shown.edi
    """
    from ml_connector.edi.interchange import ReadOptions
    from ml_connector.edi.tools.anonymize import anonymize as made_anonymous

    data = made_anonymous(file.read_bytes(), ReadOptions(encoding=encoding))
    if out is not None:
        out.write_bytes(data)

    def human() -> None:
        if out is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        else:
            say(f"Wrote {out}.")

    session.emit({"out": str(out) if out else None, "text": data.decode("latin-1")}, human)
    return Exit.OK
