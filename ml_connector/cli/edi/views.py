"""What was read from an X12 file, as a page for people: envelope, documents in business terms, findings in place."""

from collections.abc import Iterable
from typing import Any, BinaryIO

import click

from ml_connector.cli.shared.output import safe, say
from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.common import Record
from ml_connector.documents.records import indented
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReceivedSet,
    StrayText,
)
from ml_connector.edi.tools.caret import Pointer
from ml_connector.edi.tools.summary import summary
from ml_connector.edi.validation.findings import X12Finding

#: Lines of a document that are shown, and findings of one set; the rest is counted.
LINES = 50
FINDINGS = 50

_NUMBERS = ("number", "order_number", "shipment_number", "group_control")


def is_fine(item: Item) -> bool:
    """Whether this item is as it should be."""
    if isinstance(item, ReceivedSet):
        return item.accepted and not any(f.is_error for f in item.findings)
    if isinstance(item, InterchangeEnd):
        return item.complete and not any(f.is_error for f in item.findings)
    if isinstance(item, StrayText):
        return not item.finding.is_error
    return not any(f.is_error for f in getattr(item, "findings", ()))


class Page:
    """Prints items as they are read, in constant memory. `source` is the file, to show the places of findings."""

    def __init__(self, source: BinaryIO, *, content: bool) -> None:
        self._source = source
        self._content = content
        self._start: InterchangeStart | None = None

    def print(self, items: Iterable[Item]) -> bool:
        """Whether all was fine."""
        ok = True
        sets = rejected = 0
        for item in items:
            ok = ok and is_fine(item)
            if isinstance(item, ReceivedSet):
                sets += 1
                rejected += not item.accepted
            self._item(item)
        say(f"{sets} sets, {rejected} rejected.")
        return ok

    def _item(self, item: Item) -> None:
        if isinstance(item, InterchangeStart):
            self._start = item
            _print_interchange(item)
        elif isinstance(item, GroupStart):
            say(
                f"  Group {item.control_number} {item.functional_id} {item.version} "
                f"from {item.sender} to {item.receiver}"
            )
        elif isinstance(item, ReceivedSet):
            self._set(item)
        elif isinstance(item, GroupEnd):
            told = f", answered {item.acknowledgment.code}" if item.acknowledgment else ", not answered"
            say(f"  End of group: {item.accepted} of {item.received} sets accepted{told}")
            _print_findings(item.findings, 2)
        elif isinstance(item, InterchangeEnd):
            if not item.complete:
                say("Not complete: the IEA is missing.")
            for one in item.received:
                say(f"  TA1 for interchange {one.control_number}: {one.code} {one.note}")
            _print_findings(item.findings, 1)
        else:
            say(f"Stray text at byte {item.offset} ({item.length} bytes): {item.text[:60]!r}")

    def _set(self, item: ReceivedSet) -> None:
        verdict = click.style("accepted", fg="green") if item.accepted else click.style("REJECTED", fg="red")
        named = f" {number_of(item.document)}" if item.document is not None else ""
        click.echo(
            f"    {safe(item.set_type)} {safe(item.control_number)}: {item.kind.value.replace('_', ' ')}"
            f"{safe(named)}, {item.segment_count} segments, {verdict}"
        )
        if item.document is not None:
            for line in _document(summary(item.document)):
                say(f"      {line}")
            if self._content:
                click.echo(safe(indented(item.document)))
        self._set_findings(item)

    def _set_findings(self, item: ReceivedSet) -> None:
        if not item.findings:
            return
        pointer = self._pointer(item)
        for finding in item.findings[:FINDINGS]:
            _print_findings([finding], 3)
            pointed = pointer.point(finding) if pointer is not None else None
            if pointed is not None:
                click.echo(f"          {safe(pointed.text)}")
                click.echo(f"          {pointed.carets}")
        if len(item.findings) > FINDINGS:
            say(f"      ... and {len(item.findings) - FINDINGS} more")

    def _pointer(self, item: ReceivedSet) -> Pointer | None:
        """Reads the set again; the reader goes on where it was."""
        if self._start is None or not self._source.seekable():
            return None
        place = self._source.tell()
        self._source.seek(item.offset_start)
        raw = self._source.read(min(item.offset_end - item.offset_start, 1 << 22))
        self._source.seek(place)
        # offsets are those of the text: in a file of another encoding, or copied from a listing, they point elsewhere
        return Pointer(raw, self._start) if raw.lstrip()[:2].upper() == b"ST" else None


def _print_interchange(item: InterchangeStart) -> None:
    usage = {"P": "production", "T": "test"}.get(item.usage, item.usage)
    marks = item.separators
    shown = " ".join(repr(mark) for mark in (marks.element, marks.component, marks.repetition, marks.segment) if mark)
    say(
        f"Interchange {item.control_number} from {item.sender_qualifier}/{item.sender_id} to "
        f"{item.receiver_qualifier}/{item.receiver_id}, {usage}, version {item.version}, "
        f"{item.date or item.raw_date} {item.time or item.raw_time}, separators {shown}"
    )


def _print_findings(findings: Iterable[X12Finding], depth: int) -> None:
    for finding in findings:
        mark = click.style("error", fg="red") if finding.is_error else click.style("note", fg="yellow")
        said = safe(_place(finding) + finding.message)
        click.echo(f"{'  ' * depth}{mark} {said} [{finding.level.value} {finding.code}]")


def _place(finding: X12Finding) -> str:
    """Where it is, as far as its sentence does not begin with that."""
    if not finding.place or finding.message.startswith("Segment "):
        return ""
    if finding.segment_id and finding.message.startswith(finding.segment_id):
        return f"segment {finding.segment_number}: " if finding.segment_number else ""
    return f"{finding.place}: "


def number_of(document: Record) -> str:
    """What a document is called: its number."""
    if isinstance(document, FunctionalAcknowledgment):
        return document.group_control
    found = (getattr(document, name, "") for name in _NUMBERS)
    return next((str(value) for value in found if value), "")


def _document(told: dict[str, Any]) -> Iterable[str]:
    """A document in a few lines of business terms."""
    if told["kind"] == "functional_acknowledgment":
        yield (
            f"answers group {told['group_control']} {told['functional_id']}: {told['code']}, "
            f"{told['sets_accepted']} of {told['sets_received']} sets accepted"
        )
        for one in told["sets"]:
            yield f"  {one['set']} {one['control_number']}: {one['code']} {' '.join(one['reasons'])}".rstrip()
        return
    facts = [("dated", "date"), ("purpose", "purpose"), ("type", "type"), ("for order", "po_number"), ("of", "po_date")]
    said = [f"{name} {told[key]}" for name, key in facts if told.get(key) and told[key] != told.get("number")]
    yield ", ".join(said) or "without a date"
    for party in told["parties"]:
        yield _party(party)
    for line in told["lines"][:LINES]:
        yield _line(line)
    for paid in told.get("remittances", [])[:LINES]:
        yield f"{paid['qualifier'] or '':2} {paid['number'] or ''}: {paid['amount'] or '?'}"
    more = max(len(told["lines"]), len(told.get("remittances", []))) - LINES
    if more > 0:
        yield f"... and {more} more lines"
    sums = [("lines", "line_count"), ("quantity", "quantity_total"), ("amount", "line_amount_total")]
    totals = [f"{name} {told[key]}" for name, key in sums if told.get(key) is not None]
    if told.get("total") is not None:
        totals.append(f"total {told['total']} {told.get('currency') or ''}".rstrip())
    if totals:
        yield ", ".join(totals)


def _party(party: dict[str, Any]) -> str:
    named = f"{party['role']} {party['name'] or ''}".rstrip()
    known = f" ({party['qualifier'] or '?'}/{party['id']})" if party["id"] else ""
    place = ", ".join(filter(None, [*party["street"], party["city"], party["region"], party["country"]]))
    return named + known + (f", {place}" if place else "")


def _line(line: dict[str, Any]) -> str:
    if "code" in line:
        return f"{line['qualifier'] or ''} {line['number'] or ''}: {line['code']}, {len(line['errors'])} errors"
    price = f" x {line['unit_price']}" if line.get("unit_price") is not None else ""
    ids = " ".join(f"{qualifier} {value}" for qualifier, value in line["identifiers"].items())
    answers = " ".join(f"[{a['status']} {a['quantity'] or ''}]" for a in line.get("answers", []))
    parts = [f"{line['line_number'] or '-':>4}", f"{line['quantity'] or '?'} {line['unit'] or ''}{price}", ids]
    return "  ".join(filter(None, [*parts, line.get("description"), answers]))
