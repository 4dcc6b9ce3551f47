"""JSON payloads that take the outside ids of earlier operations of the same document."""

import json
from collections.abc import Mapping

from ml_connector.errors import WeAreWrong


def fill_json(payload: str, uses: Mapping[str, int], earlier: Mapping[int, str], *, of: str) -> str:
    """The exact payload: `uses` names top-level keys that take the outside id of the operation at a position.

    Numbers are left as they were written: the payload is edited as text of its own dump, never through floats.

    of: the operation's key, for the error. Raises: WeAreWrong: an operation that it uses has no outside id.
    """
    if not uses:
        return payload
    body = json.loads(payload, parse_float=_Number, parse_int=_Number)
    for key, position in uses.items():
        if position not in earlier:
            raise WeAreWrong(f"Operation {of} needs operation {position}, which is not done.")
        body[key] = earlier[position]
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
