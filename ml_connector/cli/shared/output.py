"""What commands print: one JSON value with `--json`, else plain text and tables that fit the terminal."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from io import TextIOWrapper
from typing import Any

import click

#: Control characters of foreign text (file names, partner's words) must not reach the terminal.
_CONTROL = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (9, 10)}


_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Decimal, lambda value: format(value, "f")),
    (datetime, lambda value: value.astimezone(UTC).isoformat()),
    (date, lambda value: value.isoformat()),
    (Enum, lambda value: value.value),
    (Mapping, dict),
    (set, sorted),
    (frozenset, sorted),
)


def plain(value: Any) -> Any:
    """A value that JSON has no form for: decimals as text, dates and moments as ISO 8601."""
    for kind, made in _PLAIN:
        if isinstance(value, kind):
            return made(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def print_json(value: Any, indent: int | None = 2) -> None:
    """One JSON value on standard output, on one line without an indent; in ASCII where the output is not UTF-8."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").replace("-", "").lower()
    click.echo(json.dumps(value, default=plain, ensure_ascii=encoding != "utf8", indent=indent))


def spell_what_cannot_be_shown() -> None:
    """Characters that the terminal's encoding does not have are written as escapes instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def safe(text: object) -> str:
    """Text without control characters, so that nothing foreign steers the terminal."""
    return str(text).translate(_CONTROL)


def shown(value: Any) -> str:
    """A value as a table cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Enum):
        return str(value.value)
    return safe(value)


def print_facts(facts: Sequence[tuple[str, Any]]) -> None:
    """Names and values below each other; empty values are left out."""
    kept = [(name, shown(value)) for name, value in facts if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        lines = value.splitlines() or [""]
        click.echo(f"{name.ljust(width)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * (width + 2) + line)


def say(text: str) -> None:
    """A line of plain text on standard output."""
    click.echo(safe(text))


def tell(text: str) -> None:
    """A line about the work itself, on standard error: it never mixes with what `--json` prints."""
    click.echo(safe(text), err=True)
