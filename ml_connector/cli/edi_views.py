"""What was read from an X12 file, as text and as JSON."""

from collections.abc import Iterable
from typing import Any

import click

from ml_connector.cli.output import safe, say
from ml_connector.documents.common import Record
from ml_connector.edi.findings import Finding
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReceivedSet,
    StrayText,
)

#: Fields that name a document, the first that it has.
_NUMBERS = ("number", "order_number", "shipment_number", "group_control")


def as_json(items: Iterable[Item], *, content: bool) -> dict[str, Any]:
    """Interchanges with their groups and sets; `ok` when nothing is rejected, missing or stray."""
    interchanges: list[dict[str, Any]] = []
    stray: list[dict[str, Any]] = []
    ok = True
    for item in items:
        ok = ok and is_fine(item)
        if isinstance(item, InterchangeStart):
            interchanges.append({**_interchange(item), "groups": []})
        elif isinstance(item, GroupStart):
            interchanges[-1]["groups"].append({**_group(item), "sets": []})
        elif isinstance(item, ReceivedSet):
            interchanges[-1]["groups"][-1]["sets"].append(_set(item, content=content))
        elif isinstance(item, GroupEnd):
            interchanges[-1]["groups"][-1].update(_group_end(item))
        elif isinstance(item, InterchangeEnd):
            interchanges[-1].update(
                complete=item.complete,
                acknowledgments_received=[one.model_dump(mode="json") for one in item.received],
                acknowledgment=item.acknowledgment.model_dump(mode="json") if item.acknowledgment else None,
            )
            interchanges[-1]["findings"] += [finding_json(f) for f in item.findings]
        else:
            stray.append({"offset": item.offset, "length": item.length, "text": item.text})
    return {"ok": ok and bool(interchanges), "interchanges": interchanges, "stray": stray}


def is_fine(item: Item) -> bool:
    """Whether this item is as it should be."""
    if isinstance(item, ReceivedSet):
        return item.accepted and not any(f.is_error for f in item.findings)
    if isinstance(item, InterchangeEnd):
        return item.complete and not any(f.is_error for f in item.findings)
    if isinstance(item, StrayText):
        return not item.finding.is_error
    return not any(f.is_error for f in getattr(item, "findings", ()))


def print_items(items: Iterable[Item], *, content: bool) -> bool:
    """Print as they are read, in constant memory; whether all was fine."""
    ok = True
    sets = rejected = 0
    for item in items:
        ok = ok and is_fine(item)
        if isinstance(item, ReceivedSet):
            sets += 1
            rejected += not item.accepted
        _print_item(item, content=content)
    say(f"{sets} sets, {rejected} rejected.")
    return ok


def _print_item(item: Item, *, content: bool) -> None:
    if isinstance(item, InterchangeStart):
        usage = {"P": "production", "T": "test"}.get(item.usage, item.usage)
        say(
            f"Interchange {item.control_number} from {item.sender_qualifier}/{item.sender_id} to "
            f"{item.receiver_qualifier}/{item.receiver_id}, {usage}, version {item.version}, "
            f"{item.date or item.raw_date} {item.time or item.raw_time}"
        )
        _print_findings(item.findings, 1)
    elif isinstance(item, GroupStart):
        say(f"  Group {item.control_number} {item.functional_id} {item.version} from {item.sender} to {item.receiver}")
    elif isinstance(item, ReceivedSet):
        verdict = click.style("accepted", fg="green") if item.accepted else click.style("REJECTED", fg="red")
        named = f" {number_of(item.document)}" if item.document is not None else ""
        click.echo(
            f"    {safe(item.set_type)} {safe(item.control_number)}: {item.kind.value.replace('_', ' ')}"
            f"{safe(named)}, {item.segment_count} segments, {verdict}"
        )
        _print_findings(item.findings, 3)
        if content and item.document is not None:
            click.echo(safe(item.document.model_dump_json(indent=2, exclude_defaults=True)))
    elif isinstance(item, GroupEnd):
        told = f", answered {item.acknowledgment.code}" if item.acknowledgment else ", not answered"
        say(f"  End of group: {item.accepted} of {item.received} sets accepted{told}")
        _print_findings(item.findings, 2)
    elif isinstance(item, InterchangeEnd):
        if not item.complete:
            say("Not complete: the IEA is missing.")
        _print_findings(item.findings, 1)
    else:
        say(f"Stray text at byte {item.offset} ({item.length} bytes): {item.text[:60]!r}")


def _print_findings(findings: Iterable[Finding], depth: int) -> None:
    for finding in findings:
        mark = click.style("error", fg="red") if finding.is_error else click.style("note", fg="yellow")
        place = f"{finding.place}: " if finding.place else ""
        click.echo(f"{'  ' * depth}{mark} {safe(place)}{safe(finding.message)} [{finding.level.value} {finding.code}]")


def number_of(document: Record) -> str:
    """What a document is called: its number."""
    found = (getattr(document, name, "") for name in _NUMBERS)
    return next((str(value) for value in found if value), "")


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding with everything that is known of its place."""
    return {
        "level": finding.level.value,
        "severity": finding.severity.value,
        "code": finding.code,
        "place": finding.place,
        "message": finding.message,
        "segment": finding.segment_id,
        "segment_number": finding.segment_number,
        "element": finding.element,
        "component": finding.component,
        "value": finding.value,
    }


def _interchange(item: InterchangeStart) -> dict[str, Any]:
    return {
        "sender": f"{item.sender_qualifier}/{item.sender_id}",
        "receiver": f"{item.receiver_qualifier}/{item.receiver_id}",
        "control_number": item.control_number,
        "version": item.version,
        "usage": item.usage,
        "date": item.date or item.raw_date,
        "time": item.time.isoformat() if item.time else item.raw_time,
        "offset": item.offset,
        "separators": {
            "element": item.separators.element,
            "component": item.separators.component,
            "segment": item.separators.segment,
            "repetition": item.separators.repetition,
        },
        "findings": [finding_json(f) for f in item.findings],
    }


def _group(item: GroupStart) -> dict[str, Any]:
    return {
        "functional_id": item.functional_id,
        "sender": item.sender,
        "receiver": item.receiver,
        "control_number": item.control_number,
        "version": item.version,
        "date": item.date,
    }


def _set(item: ReceivedSet, *, content: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "set": item.set_type,
        "control_number": item.control_number,
        "kind": item.kind.value,
        "number": number_of(item.document) if item.document is not None else "",
        "accepted": item.accepted,
        "segments": item.segment_count,
        "bytes": [item.offset_start, item.offset_end],
        "findings": [finding_json(f) for f in item.findings],
    }
    if content:
        document = item.document
        told["document"] = document.model_dump(mode="json", exclude_defaults=True) if document else None
    return told


def _group_end(item: GroupEnd) -> dict[str, Any]:
    return {
        "announced": item.announced,
        "received": item.received,
        "accepted_sets": item.accepted,
        "answer": item.acknowledgment.code if item.acknowledgment else None,
        "findings": [finding_json(f) for f in item.findings],
    }
