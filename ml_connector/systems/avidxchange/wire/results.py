"""What becomes of a write: HTTP 200 with a list of results, each taken or not (avidxchange 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.transport.response_body import clean


@dataclass(frozen=True)
class Result:
    """taken: whether that was said, or nothing was said against it."""

    taken: bool
    errors: tuple[str, ...]
    item: Row


def results_of(data: Any, *, success_field: str, success_words: Sequence[str]) -> list[Result]:
    """The results of an answer. An answer that is no list of results is the record itself."""
    if not isinstance(data, dict):
        return []
    whole = Row(data)
    if whole.value("Results") is None:
        return [Result(taken=True, errors=(), item=whole)] if data else []
    return [_result(one, success_field, success_words) for one in whole.rows("Results")]


def _result(one: Row, success_field: str, words: Sequence[str]) -> Result:
    errors = tuple(text for text in (clean(_message(error)) for error in _listed(one.value("Errors"))) if text)
    said = one.value(success_field)
    taken = not errors if said is None else str(said).strip().casefold() in {word.casefold() for word in words}
    item = one.value("Item")
    return Result(taken, errors, Row(item if isinstance(item, dict) else {}))


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _message(error: Any) -> str:
    if isinstance(error, dict):
        found = Row(error).value("Message", "Detail", "Description")
        return found if isinstance(found, str) else ""
    return error if isinstance(error, str) else ""
