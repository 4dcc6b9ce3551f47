"""What is wrong with a file, said once: with its place, its X12 code and a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stands in the acknowledgment; whether it is fatal is the mode's to say. A warning never is."""

    ERROR = "error"
    WARNING = "warning"


class X12Level(StrEnum):
    """Which code table `Finding.code` is from.

    file: words of ours. interchange: TA105. group: AK905 (716). set: AK502 (718). segment: AK304 (720).
    element: AK403 (723). business: words of ours. A warning that X12 has no code for carries words at any level.
    """

    FILE = "file"
    INTERCHANGE = "interchange"
    GROUP = "group"
    SET = "set"
    SEGMENT = "segment"
    ELEMENT = "element"
    BUSINESS = "business"


_KINDS = {
    X12Level.SEGMENT: "syntax",
    X12Level.ELEMENT: "syntax",
    X12Level.BUSINESS: "control_total",
}


@dataclass(frozen=True, slots=True)
class X12Finding:
    """One thing wrong. segment_number counts from ST = 1; element and component count from 1, 0 means none."""

    level: X12Level
    code: str
    message: str
    severity: Severity = Severity.ERROR
    segment_id: str = ""
    segment_number: int = 0
    element: int = 0
    component: int = 0
    reference: str = ""
    value: str = ""

    @property
    def kind(self) -> str:
        """envelope, syntax or control_total."""
        return _KINDS.get(self.level, "envelope")

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def as_dict(self) -> dict[str, str | int | None]:
        """For JSON: level, code, severity, kind, segment, position, element, component, value, message."""
        return {
            "level": self.level.value,
            "code": self.code,
            "severity": self.severity.value,
            "kind": self.kind,
            "segment": self.segment_id or None,
            "position": self.segment_number or None,
            "element": self.element or None,
            "component": self.component or None,
            "value": self.value or None,
            "message": self.message,
        }

    @property
    def place(self) -> str:
        """PO103 in segment 12: for people."""
        name = self.segment_id + (f"{self.element:02d}" if self.element else "")
        if self.component:
            name += f"-{self.component}"
        return f"{name} in segment {self.segment_number}" if self.segment_number else name


#: Values from a file are shown cut to this length.
SHOWN = 60


def shown(value: str) -> str:
    """A value for a message: quoted, bounded, control characters escaped."""
    cut = value if len(value) <= SHOWN else value[:SHOWN] + "..."
    if not cut.isprintable():
        cut = "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)
    return f'"{cut}"'


def errors(findings: Iterable[X12Finding]) -> tuple[X12Finding, ...]:
    """Those of severity error."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
