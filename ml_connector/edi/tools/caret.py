"""Where in a segment a finding is: the segment as it stands in the file, and a caret under the place."""

from dataclasses import dataclass

from ml_connector.edi.framing.segments import split_set
from ml_connector.edi.interchange import InterchangeStart
from ml_connector.edi.validation.findings import X12Finding

#: So much of a segment is shown around the place.
WIDTH = 100

#: Segments longer than this are cut before a place in them is looked for.
LONGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Pointed:
    """A piece of a segment, and a line of blanks and carets that belongs under it."""

    text: str
    carets: str


class Pointer:
    """Points at places in one transaction set. raw are its bytes, start the interchange it came in."""

    def __init__(self, raw: bytes, start: InterchangeStart) -> None:
        self._separators = start.separators
        split = split_set(raw, start.separators, start.terminator, start.encoding, LONGEST)
        self._segments = [segment.elements for segment in split.segments]

    def point(self, finding: X12Finding) -> Pointed | None:
        """None for a finding about no segment, or about one that is not there (a missing one, the whole set)."""
        number = finding.segment_number
        if not 1 <= number <= len(self._segments):
            return None
        elements = self._segments[number - 1]
        if finding.segment_id and finding.segment_id != elements[0][: len(finding.segment_id)]:
            # a missing segment: it is expected before this one
            return self._window(self._joined(elements), 0, 1)
        padded = [*elements, *[""] * (finding.element + 1 - len(elements))]
        before = self._separators.element.join(padded[: finding.element])
        first = len(before) + 1 if finding.element else 0
        value = padded[finding.element]
        if finding.component and self._separators.component:
            parts = value.split(self._separators.component)
            parts += [""] * (finding.component - len(parts))
            first += sum(len(part) + 1 for part in parts[: finding.component - 1])
            value = parts[finding.component - 1]
        return self._window(self._joined(padded), first, max(1, len(value)))

    def _joined(self, elements: list[str]) -> str:
        text = self._separators.element.join(elements)
        return "".join(c if c.isprintable() else "." for c in text)

    def _window(self, text: str, first: int, width: int) -> Pointed:
        left = max(0, first - WIDTH // 2)
        shown = text[left : left + WIDTH]
        head = "..." if left else ""
        tail = "..." if len(text) > left + WIDTH else ""
        carets = " " * (len(head) + first - left) + "^" * min(width, WIDTH - (first - left))
        return Pointed(head + shown + tail, carets)
