"""Filling a planned payload with the outside ids of earlier operations of the same document."""

import json
from collections.abc import Mapping

from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import StoredOperation


def fill(operation: StoredOperation, outside_ids: Mapping[int, str]) -> str:
    """The exact payload: `uses` names top-level keys that take an earlier operation's outside id.

    Numbers are left as they were written: the payload is edited as text of its own dump, never through floats.
    """
    if not operation.uses:
        return operation.payload
    body = json.loads(operation.payload, parse_float=_Number, parse_int=_Number)
    for key, position in operation.uses.items():
        if position not in outside_ids:
            raise WeAreWrong(f"Operation {operation.key} needs operation {position}, which is not done.")
        body[key] = outside_ids[position]
    return _dump(body)


class _Number(str):
    """A number exactly as it was written."""

    __slots__ = ()


def _dump(value: object) -> str:
    if isinstance(value, _Number):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
