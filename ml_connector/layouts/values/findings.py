"""What is wrong with a file that a layout reads, said once: with its row or path, its column, and what was expected."""

from dataclasses import dataclass
from typing import Any

from ml_connector.edi.validation.findings import Severity, shown

__all__ = ["LayoutFinding", "LayoutPlace", "Severity", "shown"]


@dataclass(frozen=True, slots=True)
class LayoutPlace:
    """Where something stands in a file.

    row counts rows or lines from 1, the header row included; 0 where there are none. path is the element of an XML or
    JSON file. last_row is the last one of what stands there.
    """

    row: int = 0
    path: str = ""
    last_row: int = 0

    def told(self, column: str = "") -> str:
        """For people: row 3, column Quantity; /Order/Line[2]/Quantity (line 14)."""
        if self.path:
            path = f"{self.path.rstrip('/')}/{column}" if column else self.path
            return f"{path} (line {self.row})" if self.row else path
        row = f"row {self.row}" if self.row else ""
        name = f"column {column}" if column else ""
        return ", ".join(part for part in (row, name) if part)


@dataclass(frozen=True, slots=True)
class LayoutFinding:
    """One thing wrong. code is a word of ours (docs/layouts.md); value is what stands there, cut to 60 characters."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    place: LayoutPlace = LayoutPlace()
    column: str = ""
    value: str = ""
    expected: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def as_dict(self) -> dict[str, Any]:
        """For JSON: level, code, severity, kind, row, column, path, value, expected, message."""
        return {
            "level": "file",
            "code": self.code,
            "severity": self.severity.value,
            "kind": "layout",
            "row": self.place.row or None,
            "column": self.column or None,
            "path": self.place.path or None,
            "value": self.value or None,
            "expected": self.expected or None,
            "message": self.message,
        }


def finding(
    code: str,
    place: LayoutPlace,
    column: str,
    problem: str,
    *,
    value: str | None = None,
    expected: str = "",
    severity: Severity = Severity.ERROR,
) -> LayoutFinding:
    """A finding whose message is: place, problem, what stands there, what was expected."""
    parts = [f"{place.told(column)}: {problem}" if place.told(column) else problem]
    if value is not None:
        parts.append(f"found {shown(value)}")
    if expected:
        parts.append(f"expected {expected}")
    message = f"{', '.join(parts)}."
    return LayoutFinding(code, message, severity, place, column, (value or "")[:60], expected)
