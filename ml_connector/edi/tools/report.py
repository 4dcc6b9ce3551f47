"""What was read from a file as plain values: the object that `edi inspect --json` prints."""

from collections.abc import Iterable
from typing import Any

from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReceivedSet,
)
from ml_connector.edi.tools.summary import summary
from ml_connector.edi.tools.summary_answers import interchange_acknowledgment
from ml_connector.edi.validation.findings import X12Finding

Plain = dict[str, Any]


def report(name: str, items: Iterable[Item], *, content: bool = True) -> Plain:
    """{"file", "interchanges": [... "groups": [... "transaction_sets": [...]]], "findings"} of one file.

    Without `content` the sets come without their documents.
    """
    told: Plain = {"file": name, "interchanges": [], "findings": []}
    interchanges: list[Plain] = told["interchanges"]
    for item in items:
        if isinstance(item, InterchangeStart):
            interchanges.append(_interchange(item))
        elif isinstance(item, GroupStart):
            interchanges[-1]["groups"].append(_group(item))
        elif isinstance(item, ReceivedSet):
            interchanges[-1]["groups"][-1]["transaction_sets"].append(_set(item, content=content))
        elif isinstance(item, GroupEnd):
            interchanges[-1]["groups"][-1]["findings"] = _findings(item.findings)
        elif isinstance(item, InterchangeEnd):
            _end(interchanges[-1], item)
        elif item.outside:
            told["findings"].append(item.finding.as_dict())
    return told


def unreadable(name: str, finding: X12Finding) -> Plain:
    """The report of a file that has no interchange in it."""
    return {"file": name, "interchanges": [], "findings": [finding.as_dict()]}


def all_findings(told: Plain) -> Iterable[Plain]:
    """Every finding of a report, whatever it is about."""
    yield from told["findings"]
    for interchange in told["interchanges"]:
        yield from interchange["findings"]
        for group in interchange["groups"]:
            yield from group["findings"]
            for one in group["transaction_sets"]:
                yield from one["findings"]


def has_errors(told: Plain) -> bool:
    """Whether a report holds a finding of severity error, or a set that was not accepted."""
    if any(finding["severity"] == "error" for finding in all_findings(told)):
        return True
    groups = [group for interchange in told["interchanges"] for group in interchange["groups"]]
    return any(not one["accepted"] for group in groups for one in group["transaction_sets"])


def _findings(findings: Iterable[X12Finding]) -> list[Plain]:
    return [finding.as_dict() for finding in findings]


def _interchange(item: InterchangeStart) -> Plain:
    return {
        "control_number": item.control_number,
        "sender": {"qualifier": item.sender_qualifier, "id": item.sender_id},
        "receiver": {"qualifier": item.receiver_qualifier, "id": item.receiver_id},
        "date": item.date.isoformat() if item.date else None,
        "time": item.time.isoformat() if item.time else None,
        "version": item.version or None,
        "usage": item.usage or None,
        "acknowledgment_requested": item.ack_requested,
        "separators": {
            "element": item.separators.element,
            "component": item.separators.component or None,
            "repetition": item.separators.repetition or None,
            "segment": item.separators.segment,
        },
        "complete": False,
        "acknowledgments": [],
        "findings": _findings(item.findings),
        "groups": [],
    }


def _end(told: Plain, item: InterchangeEnd) -> None:
    """The end knows all findings of the interchange, those of its start too."""
    told["complete"] = item.complete
    told["acknowledgments"] = [interchange_acknowledgment(one) for one in item.received]
    told["findings"] = _findings(item.findings)


def _group(item: GroupStart) -> Plain:
    return {
        "functional_id": item.functional_id or None,
        "control_number": item.control_number or None,
        "version": item.version or None,
        "sender": item.sender or None,
        "receiver": item.receiver or None,
        "date": item.date.isoformat() if item.date else None,
        "time": item.time.isoformat() if item.time else None,
        "findings": [],
        "transaction_sets": [],
    }


def _set(item: ReceivedSet, *, content: bool) -> Plain:
    told: Plain = {
        "set": item.set_type or None,
        "control_number": item.control_number or None,
        "accepted": item.accepted,
        "segments": item.segment_count,
        "findings": _findings(item.findings),
    }
    if content:
        told["document"] = summary(item.document) if item.document is not None else None
    return told
