"""The bytes of a document as people read them: X12 segment by segment with findings at their place, others by row."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_connector.composition import Deployment
from ml_connector.documents.kinds import Direction
from ml_connector.edi.framing.segments import split_set
from ml_connector.edi.interchange import InterchangeStart, ReceivedSet, read_interchanges
from ml_connector.edi.tools.names import element_name, segment_name, value_meaning
from ml_connector.edi.validation.findings import X12Finding
from ml_connector.errors import ConnectorError
from ml_connector.flows.inbound.format_detection import looks_like_x12
from ml_connector.flows.inbound.readers.x12 import options_for
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.records import DocumentRow

#: Files larger than this are not read whole to find out what is wrong in one set of them.
LARGEST = 5_000_000
#: Segments, rows and characters that are shown; the bytes themselves can be had whole.
SEGMENTS, ROWS, COLUMNS, CHARACTERS = 2_000, 1_000, 200, 200_000
_LONGEST_SEGMENT = 1 << 16


@dataclass(frozen=True)
class Element:
    """A value of a segment, with what it is and, for a code, what it means."""

    place: str
    value: str
    name: str
    meaning: str
    wrong: bool


@dataclass(frozen=True)
class Segment:
    """A segment with its name and what was found about it."""

    number: int
    segment_id: str
    name: str
    elements: Sequence[Element]
    findings: Sequence[X12Finding]


@dataclass(frozen=True)
class Reading:
    """The bytes as segments, rows and columns, or lines. findings: those about no segment that is there."""

    segments: Sequence[Segment] = ()
    findings: Sequence[X12Finding] = ()
    rows: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    left_out: int = 0
    notes: Sequence[str] = field(default=())


def reading_of(deployment: Deployment, row: DocumentRow, file: FileRow, data: bytes) -> Reading:
    """The bytes of a document. data: those of its transaction set, or of its file where it has no place in it."""
    if file.size > LARGEST:
        notes = [f"The file has {file.size} bytes: what was found in it is not looked up here."]
        return Reading(**vars(_text(data)) | {"notes": notes})
    with deployment.ledger.read() as tx:
        whole = blobs.read_blob(tx, file.sha256)
    if not looks_like_x12(whole):
        return _text(data)
    partners = deployment.loaded.partners.get(row.integration, {})
    # What we wrote is read as anybody reads it.
    options = options_for(partners.get(row.partner) if row.direction is Direction.IN else None)
    start: InterchangeStart | None = None
    try:
        for item in read_interchanges(io.BytesIO(whole), options):
            if isinstance(item, InterchangeStart):
                start = item
            elif isinstance(item, ReceivedSet) and start is not None and _is_of(item, row):
                return _segments(whole[item.offset_start : item.offset_end], start, item.findings)
    except ConnectorError:
        return _text(data)
    return _text(data)


def _is_of(item: ReceivedSet, row: DocumentRow) -> bool:
    """Whether a set is this document: by its place where that is known, else by its number."""
    if row.byte_start is not None:
        return item.offset_start == row.byte_start
    return item.control_number.strip() == (row.set_control or "").strip()


def _segments(data: bytes, start: InterchangeStart, findings: Sequence[X12Finding]) -> Reading:
    split = split_set(data, start.separators, start.terminator, start.encoding, _LONGEST_SEGMENT)
    by_segment: dict[int, list[X12Finding]] = {}
    for finding in findings:
        by_segment.setdefault(finding.segment_number, []).append(finding)
    shown = split.segments[:SEGMENTS]
    numbers = {one.number for one in shown}
    return Reading(
        segments=[
            Segment(
                one.number,
                one.segment_id,
                segment_name(one.segment_id),
                [
                    _element(one.segment_id, position, value, by_segment.get(one.number, ()))
                    for position, value in enumerate(one.elements[1:], 1)
                ],
                by_segment.get(one.number, ()),
            )
            for one in shown
        ],
        findings=[one for one in findings if one.segment_number not in numbers],
        left_out=len(split.segments) - len(shown),
    )


def _element(segment_id: str, position: int, value: str, findings: Sequence[X12Finding]) -> Element:
    return Element(
        f"{segment_id}{position:02d}",
        value,
        element_name(segment_id, position),
        value_meaning(segment_id, position, value),
        any(one.element == position for one in findings),
    )


def _text(data: bytes) -> Reading:
    try:
        text = data[:CHARACTERS].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data[:CHARACTERS].decode("latin-1")
    lines = text.splitlines()
    left_out = max(0, len(lines) - ROWS) or int(len(data) > CHARACTERS)
    table = _table(lines[:ROWS])
    return Reading(table=table, left_out=left_out) if table else Reading(rows=lines[:ROWS], left_out=left_out)


def _table(lines: Sequence[str]) -> list[list[str]]:
    """The cells of a file of separated values; nothing for one whose lines have no separator in common."""
    filled = [line for line in lines if line.strip()]
    for separator in (";", "\t", "|", ","):
        if len(filled) > 1 and all(separator in line for line in filled):
            try:
                return [row[:COLUMNS] for row in csv.reader(lines, delimiter=separator)]
            except csv.Error:
                return []
    return []
