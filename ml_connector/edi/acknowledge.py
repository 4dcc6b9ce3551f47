"""Answers to what was received: 997 for a group, TA1 for an interchange; and what an answer that came says.

x12-procurement 10 and 11, edi-operations 7 and 8.
"""

from collections.abc import Iterable, Sequence

from ml_connector.documents.acknowledgments import (
    ElementError,
    FunctionalAcknowledgment,
    InterchangeAcknowledgment,
    SegmentError,
    SetAnswer,
)
from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.validation.findings import X12Finding, X12Level

#: AK5 and AK9 hold five reasons, AK3 is followed by at most 99 AK4.
_MOST_REASONS = 5
_MOST_ELEMENTS = 99

#: One set's answer lists at most so many segments: an answer need not be longer than what it answers.
MOST_SEGMENTS = 200

#: AK502 codes that a 997 may carry.
_SET_CODES = frozenset({"1", "2", "3", "4", "5", "6", "7", "23"})

#: AK905 codes.
_GROUP_CODES = frozenset({"1", "2", "3", "4", "5", "6"})

#: TA105 codes that an otherwise usable interchange is answered E with; the rest are R (x12-procurement 11).
_NOTED = frozenset({"001", "002", "006", "008", "009", "019", "020", "021"})


def answer_set(set_type: str, control_number: str, accepted: bool, findings: Sequence[X12Finding]) -> SetAnswer:
    """AK2 to AK5 of one set: A without errors, E accepted with errors, R rejected."""
    if accepted and not findings:
        return SetAnswer(set_type=set_type, control_number=control_number, code="A")
    errors = [f for f in findings if f.is_error and f.level is not X12Level.BUSINESS]
    segments = _segments(errors)
    reasons = [f.code for f in errors if f.level is X12Level.SET and f.code in _SET_CODES]
    if segments:
        reasons.append("5")
    if accepted:
        code = "E" if errors else "A"
    else:
        code = "R"
        reasons = reasons or ["5"]
    unique = tuple(dict.fromkeys(reasons))[:_MOST_REASONS]
    return SetAnswer(set_type=set_type, control_number=control_number, code=code, reasons=unique, segments=segments)


def answerable_set(set_type: str, control_number: str) -> str:
    """The control number as AK202 can carry it (4 to 9 letters and digits); empty when the set cannot be listed."""
    plain = control_number.isascii() and control_number.isalnum() and len(control_number) <= 9
    if not plain or not (len(set_type) == 3 and set_type.isascii() and set_type.isalnum()):
        return ""
    return control_number.zfill(4)


def answerable_group(functional_id: str, group_control: str) -> bool:
    """Whether AK101 and AK102 can name the group: one that they cannot is not answered at all."""
    named = len(functional_id) == 2 and functional_id.isascii() and functional_id.isalnum()
    return named and is_digits(group_control) and len(group_control) <= 9


def _segments(errors: Sequence[X12Finding]) -> tuple[SegmentError, ...]:
    """AK3 with its AK4, in order of segments. Element errors of a segment stand under one AK3 with code 8."""
    found: dict[tuple[int, str, str], list[ElementError]] = {}
    for finding in errors:
        if finding.level is X12Level.SEGMENT:
            found.setdefault((finding.segment_number, finding.segment_id, finding.code), [])
        elif finding.level is X12Level.ELEMENT:
            elements = found.setdefault((finding.segment_number, finding.segment_id, "8"), [])
            if len(elements) < _MOST_ELEMENTS:
                elements.append(_element(finding))
    ordered = sorted(found.items(), key=lambda item: item[0][0])
    return tuple(
        SegmentError(segment_id=_segment_id(segment_id), position=number, code=code, elements=tuple(elements))
        for (number, segment_id, code), elements in ordered[:MOST_SEGMENTS]
    )


def _segment_id(found: str) -> str:
    """AK301 holds two or three letters or digits: a segment id as damaged as that is shown as far as it goes."""
    plain = "".join(c for c in found.upper() if c.isascii() and c.isalnum())[:3]
    return plain if len(plain) >= 2 else "ZZZ"


def _element(finding: X12Finding) -> ElementError:
    return ElementError(
        position=min(finding.element, 99),
        component=finding.component or None,
        reference=finding.reference,
        code=finding.code,
        value=_copy(finding),
    )


def _copy(finding: X12Finding) -> str:
    """AK404: a copy of the bad value, but not when it holds invalid characters."""
    value = finding.value[:99]
    return value if value.isascii() and value.isprintable() and finding.code != "6" else ""


def answer_group(
    functional_id: str,
    group_control: str,
    version: str,
    announced: str,
    sets: Sequence[SetAnswer],
    received: int,
    accepted: int,
    findings: Iterable[X12Finding],
    *,
    noted: bool = False,
) -> FunctionalAcknowledgment:
    """AK1 to AK9 of a group. announced is GE01 as sent; received and accepted count the sets that came.

    sets are those to be listed; noted tells that one of all was accepted with errors.

    AK9 is A when all were accepted without notes, E when all were accepted, R when none was, P in between.
    """
    reasons = tuple(
        dict.fromkeys(f.code for f in findings if f.is_error and f.level is X12Level.GROUP and f.code in _GROUP_CODES)
    )
    if received and accepted == 0:
        code = "R"
    elif accepted < received:
        code = "P"
    elif reasons or noted:
        code = "E"
    else:
        code = "A"
    if not received:
        code = "R" if reasons else "A"
    return FunctionalAcknowledgment(
        functional_id=functional_id,
        group_control=group_control,
        version=_version(version),
        code=code,
        sets_announced=int(announced) if is_digits(announced) and len(announced) < 7 else 0,
        sets_received=received,
        sets_accepted=accepted,
        reasons=reasons[:_MOST_REASONS],
        sets=tuple(sets),
    )


def _version(version: str) -> str:
    """AK103, which came with 005010 (x12-procurement 13), where GS08 is one that can be repeated."""
    plain = version.isascii() and version.isalnum() and 6 <= len(version) <= 12
    return version if plain and version[:6] >= "005010" else ""


def answer_interchange(
    control_number: str, day: str, moment: str, findings: Iterable[X12Finding]
) -> InterchangeAcknowledgment:
    """TA1: looks at ISA and IEA only. The first error decides the note."""
    codes = [f.code for f in findings if f.is_error and f.level is X12Level.INTERCHANGE and f.code.isdigit()]
    if not codes:
        return InterchangeAcknowledgment(control_number=control_number, date=day, time=moment, code="A", note="000")
    worst = next((c for c in codes if c not in _NOTED), codes[0])
    code = "E" if worst in _NOTED else "R"
    return InterchangeAcknowledgment(control_number=control_number, date=day, time=moment, code=code, note=worst)


def verdicts(acknowledgment: FunctionalAcknowledgment, sent: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The code for each set that was sent in the group, (set type, ST02) each, as the acknowledgment decides it.

    AK501 decides where the set is listed, never AK904 (edi-operations 7). A set that is not listed shares the
    group's verdict when that is A or E, or R; under P it was accepted, for a group with errors lists the bad ones.
    """
    listed = {(answer.set_type, answer.control_number): answer.code for answer in acknowledgment.sets}
    by_number = {_plain(number): code for (_, number), code in listed.items()}
    whole = acknowledgment.code if acknowledgment.code in {"A", "E", "R", "M", "W", "X"} else "A"
    return {key: listed.get(key) or by_number.get(_plain(key[1])) or whole for key in sent}


def _plain(number: str) -> str:
    """Control numbers come back with or without their leading zeros."""
    return number.lstrip("0") or "0"
