"""One transaction set, from its bytes to its document, its findings and whether it is accepted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import msgspec

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.remittances import Remittance
from ml_connector.edi.ack_997_999 import respell
from ml_connector.edi.closed.quick import Make, quick_for
from ml_connector.edi.framing.envelope import RawSet
from ml_connector.edi.framing.scanning import decoded
from ml_connector.edi.framing.segments import Segment, Split, holds_utf8, neutralize, split_set
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.framing.values import is_digits, read_date, read_decimal
from ml_connector.edi.mapping.registry import KINDS, OPENED_BY, OPENINGS, read_document
from ml_connector.edi.validation.check import shared_checker
from ml_connector.edi.validation.control_totals import control_totals
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level, shown
from ml_connector.edi.validation.overlay import Overlay
from ml_connector.edi.validation.schema import SetRule, own_dictionary, set_rule, well_formed
from ml_connector.edi.validation.shifted_items import remedy
from ml_connector.edi.validation.structure import Loop, build


class Mode(StrEnum):
    """What is fatal to a set.

    strict: any error. standard: what makes its data doubtful (a missing mandatory segment or element, a number that
    is none, counts and control numbers that do not fit). lenient: only what leaves no document, or half of one.
    """

    STRICT = "strict"
    STANDARD = "standard"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class SetContext:
    """What reading a set needs to know of its interchange and group."""

    separators: Separators
    terminator: bytes
    encoding: str
    version: str
    functional_id: str
    mode: Mode
    overlay: Overlay
    max_segment: int
    max_findings: int
    max_segments: int = 300_000
    totals: bool = True
    #: Text that is UTF-8 is read as such, whatever `encoding` says.
    detects: bool = False


class SetReading(msgspec.Struct, frozen=True):
    """What came of one set. document is None when nothing of it could be made into one, or `make` makes it."""

    set_type: str
    control_number: str
    kind: DocumentKind
    document: Record | None
    findings: tuple[X12Finding, ...]
    accepted: bool
    segment_count: int
    make: Make | None = None


#: Of a set of a kind that is not known, these ids are.
ENVELOPE_IDS = frozenset({"ST", "SE"})

#: Of a set that is too long only its beginning is looked at.
SHOWN_OF_LONG = 1 << 16


class _Findings:
    """Collects findings up to a limit: a hostile set may have millions."""

    def __init__(self, limit: int) -> None:
        self.found: list[X12Finding] = []
        self._limit = limit
        self.total = 0

    def __call__(self, finding: X12Finding) -> None:
        self.total += 1
        if len(self.found) < self._limit:
            self.found.append(finding)


def read_set(raw: RawSet, context: SetContext, repeated: bool) -> SetReading:
    """Reads and checks one set. `repeated`: its control number has come before in the group."""
    if isinstance(raw.right, SetReading):
        return raw.right
    return _read_slowly(raw, context, repeated)


def recognized(raw: RawSet, context: SetContext) -> SetReading | None:
    """A set that is right in every respect; None for any other."""
    set_type = raw.header[1] if len(raw.header) > 2 else ""
    quick = quick_for(
        set_type, context.version, context.overlay, context.separators, context.terminator, context.encoding
    )
    if quick is None or not context.totals or quick.group not in {context.functional_id, ""}:
        return None
    if context.detects and holds_utf8(raw.raw, context.terminator):
        return None  # which is told
    found = quick.segments(raw)
    if found is None or len(found[0]) > context.max_segments:
        return None
    make = partial(quick.document, found[0])
    return SetReading(set_type, raw.header[2], KINDS[set_type], None, (), True, len(found[0]), make)


def _read_slowly(raw: RawSet, context: SetContext, repeated: bool) -> SetReading:
    """Segment by segment, with everything that is wrong."""
    report = _Findings(context.max_findings)
    if raw.raw.count(context.terminator) > context.max_segments:
        raw = msgspec.structs.replace(raw, raw=raw.raw[:SHOWN_OF_LONG], oversize=True)
    set_type = raw.header[1] if len(raw.header) > 1 else _set_begun(raw, context)
    rule = set_rule(set_type, context.version, context.overlay)
    known = rule.known if rule is not None else ENVELOPE_IDS
    split = split_set(
        raw.raw,
        context.separators,
        context.terminator,
        context.encoding,
        context.max_segment,
        known,
        detects=context.detects,
    )
    control = _control(raw)
    if not raw.header and rule is not None:
        # as if its ST were there: segments are counted from it
        for segment in split.segments:
            segment.number += 1
        split.segments.insert(0, Segment(["ST", set_type, control], 1))
    _check_envelope(raw, split, context, report, repeated)
    if raw.header and rule is None:
        report(_set_finding("1", f"Set {shown(set_type)} is not supported here.", "ST", 1, 1, set_type))
    document = None
    fatal = raw.oversize or not raw.header
    if rule is not None and split.segments and not raw.oversize:
        document, doubtful = _read_body(split, rule, context, report)
        fatal = fatal or doubtful
    findings = _softened(report.found, context)
    accepted = document is not None and not fatal and not any(_is_fatal(f, context, rule) for f in findings)
    kind = KINDS.get(set_type, DocumentKind.UNSUPPORTED)
    return SetReading(set_type, control, kind, document, tuple(findings), accepted, len(split.segments))


def _set_begun(raw: RawSet, context: SetContext) -> str:
    """The set that the first segment of one without ST tells; "" where it tells none."""
    first = decoded(raw.raw[:40].strip().removeprefix(context.terminator), context.encoding).strip()
    return OPENED_BY.get(first.partition(context.separators.element)[0].upper(), "")


def _control(raw: RawSet) -> str:
    for elements in (raw.header, raw.trailer):
        if len(elements) > 2:
            return elements[2]
    return ""


def _read_body(split: Split, rule: SetRule, context: SetContext, report: _Findings) -> tuple[Record | None, bool]:
    """Document of the set, and whether something in it is doubtful in every mode."""
    for respelled in respell(rule.set_type, split.segments):
        report(respelled)
    for segment in split.segments:
        found = rule.segments.get(segment.elements[0])
        shifted = remedy(segment, found) if found is not None else None
        if shifted is not None:
            report(shifted)
    root = build(split.segments, rule, report)
    _check_elements(split.segments, rule, context, report)
    document = read_document(root) or _without_opening(root, rule)
    if document is None:
        return None, True
    if context.totals:
        for finding in control_totals(document, root, rule):
            report(finding)
    return document, _unidentified(document)


def _without_opening(root: Loop, rule: SetRule) -> Record | None:
    """What a set without its beginning segment still holds: a document without a number, for people to look at."""
    opening = OPENINGS.get(rule.set_type, "")
    if not root.loops or opening == "AK1" or root.find(opening) is not None:
        return None
    root.segments.insert(1, Segment([opening], 1))
    return read_document(root)


def _unidentified(document: Record) -> bool:
    """A document without a number is nobody's; a payment may go without one, but not without an amount."""
    if isinstance(document, Remittance):
        return document.amount is None
    return getattr(document, "number", "-") == "" or getattr(document, "functional_id", "-") == ""


def _check_elements(segments: list[Segment], rule: SetRule, context: SetContext, report: _Findings) -> None:
    checker = shared_checker(context.version, context.overlay, context.separators)
    rules = rule.segments
    # a segment that the set does not have is told of as a whole
    foreign = {(f.segment_number, f.segment_id) for f in report.found if f.level is X12Level.SEGMENT and f.code == "6"}
    for segment in segments:
        envelope = segment.elements[0] in ENVELOPE_IDS
        for finding in checker.check(segment) if (segment.number, segment.elements[0]) not in foreign else ():
            # what is wrong with the first two elements of ST and SE is told of the set
            if not envelope or finding.element > 2:
                report(finding)
        found = rules.get(segment.elements[0])
        if found is None:
            neutralize(segment, frozenset(), 0, context.separators)
        elif found.composites or (found.open and len(segment.elements) > len(found.elements)):
            neutralize(segment, found.composites, len(found.elements), context.separators)


def _check_envelope(raw: RawSet, split: Split, context: SetContext, report: _Findings, repeated: bool) -> None:
    """ST against SE, and what is odd about the set as a whole: AK502 codes."""
    header, trailer = [*raw.header, "", "", ""], [*raw.trailer, "", "", ""]
    last = len(split.segments)
    if not raw.header:
        report(_set_finding("6", "The set has no ST.", "ST"))
    elif len(header[1]) != 3:
        report(_set_finding("6", f"ST01 {shown(header[1])} is not a set identifier.", "ST", 1, 1, header[1]))
    if raw.header and not 4 <= len(header[2]) <= 9:
        message = f"ST02 {shown(header[2])} is not a control number of 4 to 9 characters."
        report(_set_finding("7", message, "ST", 1, 2, header[2]))
    if raw.oversize:
        report(_set_finding("5", "The set is longer than allowed here and was not read."))
    elif not raw.trailer:
        report(_set_finding("2", "The set has no SE.", "SE"))
    elif raw.header:
        if header[2] != trailer[2]:
            message = f"ST02 {shown(header[2])} and SE02 {shown(trailer[2])} differ."
            report(_set_finding("3", message, "SE", last, 2, trailer[2]))
        if not is_digits(trailer[1]) or int(trailer[1][:12]) != last:
            message = f"SE01 says {shown(trailer[1])} segments, there are {last}."
            report(_set_finding("4", message, "SE", last, 1, trailer[1]))
    if repeated:
        message = f"ST02 {shown(header[2])} came before in this group."
        report(_set_finding("23", message, "ST", 1, 2, header[2]))
    _check_group(header[1], context, report)
    _check_split(split, report)


def _check_group(set_type: str, context: SetContext, report: _Findings) -> None:
    rule = set_rule(set_type, context.version, context.overlay)
    if rule is not None and context.functional_id and rule.group != context.functional_id:
        message = f"Set {set_type} belongs into a group {rule.group}, not {shown(context.functional_id)}."
        report(X12Finding(X12Level.SET, "functional_group", message, Severity.WARNING))


def _check_split(split: Split, report: _Findings) -> None:
    if split.trailing_components:
        message = f"{split.trailing_components} segments end in an empty component."
        report(X12Finding(X12Level.SET, "trailing_components", message, Severity.WARNING))
    if split.trailing_elements:
        message = f"{split.trailing_elements} segments end in empty elements."
        report(X12Finding(X12Level.SET, "trailing_elements", message, Severity.WARNING))
    if split.padded:
        report(X12Finding(X12Level.SET, "blanks", "Blanks stand around its elements.", Severity.WARNING))
    if split.unterminated:
        message = f"{split.unterminated} segments have lost their terminator: they end where their line ends."
        report(X12Finding(X12Level.SET, "missing_terminator", message, Severity.WARNING))
    if split.doubled:
        message = f"{split.doubled} segments end in a ~ before the line end that ends them all."
        report(X12Finding(X12Level.SET, "doubled_terminator", message, Severity.WARNING))
    for text in split.strays[:10]:
        report(X12Finding(X12Level.SET, "stray_text", f"Text between segments: {shown(text)}.", value=text[:200]))
    if split.overlong:
        report(_set_finding("5", f"{split.overlong} segments are longer than allowed here and were cut."))
    if split.utf8:
        message = "Its text is UTF-8, which is not the encoding that was said: it was read as UTF-8."
        report(X12Finding(X12Level.SET, "encoding", message, Severity.WARNING))
    if split.misencoded:
        message = "The set is not all of the expected encoding; those segments were read as Latin-1."
        report(X12Finding(X12Level.SET, "encoding", message, Severity.WARNING))


def _set_finding(
    code: str, message: str, segment_id: str = "", number: int = 0, element: int = 0, value: str = ""
) -> X12Finding:
    return X12Finding(
        X12Level.SET, code, message, segment_id=segment_id, segment_number=number, element=element, value=value[:200]
    )


def _softened(findings: Iterable[X12Finding], context: SetContext) -> list[X12Finding]:
    """In versions without a dictionary here syntax findings are warnings: the nearer dictionary may be wrong."""
    kept = [f for f in findings if not _is_ignored(f, context.overlay)]
    if own_dictionary(context.version) or not well_formed(context.version):
        return kept
    return [
        replace(f, severity=Severity.WARNING) if f.kind == "syntax" and f.code not in {"1", "3"} else f for f in kept
    ]


def _is_ignored(finding: X12Finding, overlay: Overlay) -> bool:
    """What the partner's guide lets pass; of elements the checker has asked already."""
    if finding.level is X12Level.SEGMENT:
        return overlay.ignores(finding.segment_id, 0, finding.code)
    return finding.level is X12Level.BUSINESS and overlay.ignores(finding.segment_id, finding.element, finding.code)


#: In standard mode: missing trailer, control numbers, count, identifiers.
_FATAL_SET = frozenset({"1", "2", "3", "4", "5", "6", "7"})


def _is_fatal(finding: X12Finding, context: SetContext, rule: SetRule | None) -> bool:
    if not finding.is_error or finding.level is X12Level.BUSINESS:
        return False
    if context.mode is Mode.STRICT:
        return True
    if context.mode is Mode.LENIENT:
        return finding.level is X12Level.SET and finding.code in {"1", "2", "6"}
    if finding.level is X12Level.SET:
        # a control number of fewer digits still tells the set apart
        short = finding.code == "7" and 1 <= len(finding.value) < 4
        return finding.code in _FATAL_SET and not short
    if finding.level is X12Level.SEGMENT:
        return finding.code == "3"
    return finding.code == "1" or (finding.code in {"6", "8"} and _matters(finding, rule))


def _matters(finding: X12Finding, rule: SetRule | None) -> bool:
    """Whether a value that cannot be read leaves the data doubtful: any number, and any mandatory element.

    One that is only spelled otherwise (+5, 1E3, 2026-11-21) can be read; an amount with a point where the point is
    implied cannot be trusted.
    """
    if read_date(finding.value) is not None if finding.code == "8" else read_decimal(finding.value) is not None:
        return _implied(finding, rule)
    segment = rule.segments.get(finding.segment_id) if rule is not None else None
    if segment is None or finding.element > len(segment.elements):
        return False
    element, requirement = segment.elements[finding.element - 1]
    return element.numeric or requirement == "M"


def _implied(finding: X12Finding, rule: SetRule | None) -> bool:
    """Whether the element is an amount with implied decimals, or a count."""
    segment = rule.segments.get(finding.segment_id) if rule is not None else None
    if segment is None or finding.element > len(segment.elements):
        return False
    return segment.elements[finding.element - 1][0].kind in {"N0", "N2"} and bool({".", ","} & set(finding.value))
