"""`ml-connector layout`: what layouts there are, what they say, and what they make of a file. Needs no deployment."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_facts, print_json, safe, say
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.documents.records import json_values

if TYPE_CHECKING:
    from ml_connector.documents.common import Record
    from ml_connector.layouts import Layout, LayoutFinding, ReadDocument
    from ml_connector.layouts.spec.compiled_layout import CompiledLevel

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
#: Lines shown of a document; with --json all are there.
MOST_LINES = 50
MOST_FINDINGS = 200


@click.group()
def layout() -> None:
    """Layouts of CSV, XML, JSON and text files: what they say, and what they make of a file.

    LAYOUT is the name of a shipped layout or a .yaml file of your own.

    \b
    Examples:
      ml-connector layout list
      ml-connector layout show supplier_810_csv
      ml-connector layout try supplier_810_csv invoices.csv
    """


@layout.command("list")
@wide
@common
def list_(session: Session) -> int:
    """The layouts that come with the package.

    \b
    Examples:
      ml-connector layout list
      ml-connector layout list --json
    """
    from ml_connector.layouts import load_layout, shipped_names

    found = [load_layout(name) for name in shipped_names()]
    rows = [(one.name, one.kind.value.replace("_", " "), one.format, one.settings.title) for one in found]
    session.emit(
        [
            {"name": n, "kind": one.kind.value, "format": f, "title": t}
            for one, (n, _, f, t) in zip(found, rows, strict=True)
        ],
        lambda: print_table(("name", "document", "format", "what it is"), rows),
    )
    return Exit.OK


@layout.command("show")
@click.argument("name", metavar="LAYOUT")
@wide
@common
def show(session: Session, name: str) -> int:
    """What LAYOUT says: its fields, where they stand, and which value of the document each is.

    With --json all its settings, those it takes over from others included.

    \b
    Examples:
      ml-connector layout show supplier_856_csv
      ml-connector layout show mine.yaml --json
    """
    from ml_connector.layouts import load_layout

    loaded = load_layout(name)
    if session.json:
        print_json(loaded.settings.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        return Exit.OK
    settings = loaded.settings
    currency = settings.currency
    print_facts(
        [
            ("layout", loaded.name),
            ("title", settings.title),
            ("file", loaded.source),
            ("extends", settings.extends),
            ("document", loaded.kind.value.replace("_", " ")),
            ("format", f"{loaded.format}, {settings.text.encoding}"),
            ("dates", settings.values.date),
            ("currency", (currency.constant or currency.source) if currency else "none needed"),
            ("grouped by", ", ".join(settings.document.key)),
        ]
    )
    print_table(("level", "field", "stands at", "is", "rules"), list(_field_rows(loaded)))
    return Exit.OK


def _field_rows(loaded: "Layout") -> Iterator[tuple[str, ...]]:
    for level in loaded.document.all():
        for one in level.fields:
            rules = [
                "required" if one.settings.required else "",
                f"always {one.settings.constant}" if one.settings.constant is not None else "",
                f"else {one.settings.default}" if one.settings.default is not None else "",
                f"{len(one.settings.codes)} codes" if one.settings.codes else "",
                {"read": "only read", "write": "only written"}.get(one.settings.only or "", ""),
            ]
            yield level.name, one.name, _stand(one), one.settings.to, ", ".join(filter(None, rules))
        for target, value in level.constants:
            yield level.name, "", "", target.address, f"always {value}"


def _stand(one: Any) -> str:
    """Where a field stands, in a few words."""
    record = f"{one.record}: " if one.record else ""
    if one.length:
        return f"{record}{one.start + 1}-{one.start + one.length}"
    if one.path.steps:
        return str(one.path.text)
    return record + (one.heading or f"column {one.column + 1}")


@layout.command("try")
@click.argument("name", metavar="LAYOUT")
@click.argument("file", type=FILE)
@click.option("--currency", default="", help="For layouts that take the currency from the caller.")
@click.option("--content/--no-content", default=True, help="With the documents' values (default), or only a line each.")
@wide
@common
def try_(session: Session, name: str, file: Path, currency: str, content: bool) -> int:
    """What LAYOUT makes of FILE: its documents, and everything that is wrong with its row and column.

    Nothing is stored or sent. Ends with 1 when a document is not accepted. `-` reads standard input.

    \b
    Examples:
      ml-connector layout try supplier_810_csv invoices.csv
      ml-connector layout try mine.yaml order.xml --json
    """
    from ml_connector.layouts import load_layout, read_documents

    loaded = load_layout(name)
    limit = loaded.settings.limits.bytes + 1
    if str(file) == "-":
        data = sys.stdin.buffer.read(limit)
    else:
        with file.open("rb") as stream:
            data = stream.read(limit)
    read = read_documents(data, loaded, currency=currency)
    if session.json:
        found = [_as_json(one, content=content) for one in read]
        ok = all(one["accepted"] for one in found)
        print_json({"file": str(file), "layout": loaded.name, "ok": ok, "documents": found})
        return Exit.OK if ok else Exit.WRONG
    total = rejected = 0
    for one in read:
        total += 1
        rejected += not one.accepted
        _print_document(one, loaded.document, content=content)
    say(f"{total} documents, {rejected} not accepted.")
    return Exit.WRONG if rejected else Exit.OK


def _as_json(one: "ReadDocument", *, content: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": one.position,
        "kind": one.kind.value,
        "number": getattr(one.document, "number", ""),
        "accepted": one.accepted,
        "row": one.place.row or None,
        "last_row": one.place.last_row or None,
        "path": one.place.path or None,
        "partner": one.partner,
        "revision": one.revision,
        "findings": [finding.as_dict() for finding in one.findings],
    }
    if content:
        told["document"] = json_values(one.document) if one.document else None
    return told


def _print_document(one: "ReadDocument", level: "CompiledLevel", *, content: bool) -> None:
    verdict = click.style("accepted", fg="green") if one.accepted else click.style("NOT ACCEPTED", fg="red")
    number = getattr(one.document, "number", "") or f"number {one.position + 1}"
    several = one.place.last_row > one.place.row
    rows = f"rows {one.place.row} to {one.place.last_row}" if several else one.place.told()
    words = [f"{one.kind.value.replace('_', ' ')} {number}", rows, f"partner {one.partner}" if one.partner else ""]
    click.echo(f"{safe(', '.join(filter(None, words)))}: {verdict}")
    _print_findings(one.findings)
    if content and one.document is not None:
        _print_content(one.document, level)


def _print_content(document: "Record", level: "CompiledLevel") -> None:
    from ml_connector.layouts.convert.field_values import flat

    below = {child.name for child in level.below}
    values = [(address, text) for address, text in flat(document) if address.partition("[")[0] not in below]
    print_facts([(f"  {address}", text) for address, text in values])
    for child in level.below:
        _print_records(child, getattr(document, child.name))


def _print_records(level: "CompiledLevel", records: "Sequence[Record]") -> None:
    """Lines as a table; what stands below a line is shown in it."""
    from ml_connector.layouts.convert.field_values import flat

    shown = [dict(flat(record)) for record in records[:MOST_LINES]]
    columns = list(dict.fromkeys(address for row in shown for address in row))
    if columns:
        print_table(columns, [[row.get(column, "") for column in columns] for row in shown])
    if len(records) > MOST_LINES:
        say(f"  and {len(records) - MOST_LINES} more {level.name}")


def _print_findings(findings: "Sequence[LayoutFinding]") -> None:
    for finding in findings[:MOST_FINDINGS]:
        mark = click.style("error", fg="red") if finding.is_error else click.style("note", fg="yellow")
        click.echo(f"  {mark} {safe(finding.message)} [{finding.code}]")
