"""Log lines of one form in all processes: the receiver, commands, and those of Dagster (docs/logs.md).

A line says when, how grave, in which process, what happened, and of what: document, run, connection. It never holds a
payload, a query or a secret: of an exception stands its kind and place, not its text, which may quote data.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

FORM_VARIABLE = "ML_CONNECTOR_LOG"
LEVEL_VARIABLE = "ML_CONNECTOR_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

#: Longer values are cut: they are names and short sentences.
MOST_CHARACTERS = 500

_FIELDS = "ml_connector_fields"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+,()[]*#")


def fields(**values: object) -> dict[str, Any]:
    """What a line is about, for a logger's `extra`; empty values are left out."""
    return {_FIELDS: {name: value for name, value in values.items() if value not in (None, "")}}


class _StandardError(logging.Handler):
    """Writes to what standard error is when a line comes."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            # nobody reads it any more: no reason to end the work
            return


def configure(process: str, *, level: int = logging.WARNING) -> None:
    """Have this process write its lines to standard error.

    process: what the lines call it. level: unless ML_CONNECTOR_LOG_LEVEL says otherwise.
    """
    handler = _StandardError()
    handler.setFormatter(JsonLines(process) if os.environ.get(FORM_VARIABLE) == "json" else TextLines(process))
    wanted = os.environ.get(LEVEL_VARIABLE, "").upper()
    for name in ("ml_connector", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [one for one in logger.handlers if not isinstance(one, _StandardError)] + [handler]
    logging.getLogger("ml_connector").setLevel(wanted if wanted in LEVELS else level)
    # its own news (started, stopped, invalid requests of strangers) are not ours
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class _Lines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def _values(self, record: logging.LogRecord) -> dict[str, Any]:
        at = datetime.fromtimestamp(record.created, UTC)
        values: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "message": _short(record.getMessage()),
        }
        given: Mapping[str, Any] = getattr(record, _FIELDS, {})
        values |= {name: _value(value) for name, value in given.items() if name not in values}
        if record.exc_info and record.exc_info[0] is not None:
            values["exception"] = record.exc_info[0].__name__
            values["at"] = _place(record.exc_info[2])
        return values


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self._values(record), ensure_ascii=True)


class TextLines(_Lines):
    """For people: time, level, process, message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        values = self._values(record)
        head = [values.pop("time"), values.pop("level").upper(), f"{values.pop('process')}:"]
        head.append(_one_line(values.pop("message")))
        return " ".join([*head, *(f"{name}={_quoted(value)}" for name, value in values.items())])


def _value(value: object) -> Any:
    return value if isinstance(value, bool | int | float) else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "..."


def _one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _quoted(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)


def _place(trace: Any) -> str:
    """File and line where an exception was raised."""
    frames = traceback.extract_tb(trace)
    return f"{'/'.join(PurePath(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else ""
