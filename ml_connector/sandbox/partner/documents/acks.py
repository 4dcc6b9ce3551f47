"""997: the partner's answers to what it read, and its reading of ours (x12-procurement 10, edi-operations 7)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_connector.sandbox.partner.documents.validation import Finding, check
from ml_connector.sandbox.partner.documents.x12 import Group, Segment, TransactionSet, get


@dataclass
class SetResult:
    """What a partner thinks of one set it read. code is AK501."""

    kind: str
    control: str
    code: str
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def judge(group: Group) -> list[SetResult]:
    """Read every set strictly: A, or R with what is wrong."""
    return [judge_set(each, group.version) for each in group.sets]


def judge_set(transaction: TransactionSet, version: str) -> SetResult:
    findings = check(transaction, version)
    notes = [*dict.fromkeys(transaction.findings), *(["5"] if findings else [])]
    return SetResult(transaction.kind, transaction.control, "R" if notes else "A", notes[:5], findings[:20])


def functional_acknowledgment(
    group: Group, results: Sequence[SetResult], *, list_sets: bool = True, wrong_count: bool = False
) -> list[Segment]:
    """A 997 for a group. wrong_count: the accepted count equals the announced one, as one engine writes it."""
    # AK103 came with 005010 (x12-procurement 13).
    version = [group.version] if group.version >= "005010" else []
    segments: list[Segment] = [["997"], ["AK1", group.functional_id, group.control, *version]]
    for result in results:
        if list_sets or result.code != "A":
            segments.extend(_set_segments(result))
    accepted = sum(1 for result in results if result.code in {"A", "E"})
    announced = group.declared_sets
    counted = announced if wrong_count else accepted
    code = group_code(results) if not group.findings else "R"
    notes = list(dict.fromkeys(group.findings))
    segments.append(["AK9", code, str(max(0, announced)), str(len(group.sets)), str(counted), *notes])
    return segments


def group_code(results: Sequence[SetResult]) -> str:
    """AK901: A all, R none, P some, E all but with notes."""
    codes = [result.code for result in results]
    if all(code == "R" for code in codes):
        return "R"
    if "R" in codes:
        return "P"
    return "E" if "E" in codes else "A"


def _set_segments(result: SetResult) -> list[Segment]:
    segments: list[Segment] = [["AK2", result.kind, result.control]]
    for finding in result.findings:
        segments.append(["AK3", finding.segment, str(finding.position), "", finding.code])
        if finding.code == "8":
            copy = "" if finding.element_code == "6" else finding.value
            segments.append(["AK4", str(finding.element), "", finding.element_code, copy])
    segments.append(["AK5", result.code, *result.notes])
    return segments


@dataclass(frozen=True)
class ReadAcknowledgment:
    """A 997 as a partner reads it. sets: (set kind, set control) -> AK501."""

    functional_id: str
    group_control: str
    code: str
    sets: dict[tuple[str, str], str]


def read_acknowledgment(transaction: TransactionSet) -> ReadAcknowledgment:
    """The group answered and the result; matched by AK1 and AK2, never by the 997's own numbers."""
    functional_id, control, code = "", "", ""
    sets: dict[tuple[str, str], str] = {}
    current = ("", "")
    for segment in transaction.segments:
        match segment[0]:
            case "AK1":
                functional_id, control = get(segment, 1), get(segment, 2)
            case "AK2":
                current = (get(segment, 1), get(segment, 2))
            case "AK5":
                sets[current] = get(segment, 1)
            case "AK9":
                code = get(segment, 1)
    return ReadAcknowledgment(functional_id, control, code, sets)
