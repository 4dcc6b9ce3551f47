"""Reading what a server answered: bounded in size and depth, exact numbers, and never a whole body in an error."""

import json
import re
from decimal import Decimal
from typing import Any

MAX_DEPTH = 40
MAX_MESSAGE = 500
#: Longer or larger numbers than any amount, quantity or timestamp.
MAX_NUMBER_LENGTH = 60
MAX_EXPONENT = 40

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
#: Tokens and keys in a server's text; identifiers of 36 characters and dotted names stay readable.
_OPAQUE = re.compile(r"Bearer\s+\S+|[A-Za-z0-9+/_=!-]{44,}", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTAINERS = frozenset({dict, list})
_MARKUP = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<")


class UnreadableReplyError(Exception):
    """The body is not the JSON it should be; the text says what is wrong, without quoting it."""


def is_json(content_type: str) -> bool:
    """Whether a content type says JSON."""
    return bool(_JSON_TYPE.match(content_type.strip()))


def describe_body(content_type: str, body: bytes) -> str:
    """What kind of thing came, in a few words: for errors."""
    if not body:
        return "an empty body"
    if "html" in content_type.lower() or re.match(rb"\s*<(?:!doctype html|html)", body, re.IGNORECASE):
        return "an HTML page"
    if "xml" in content_type.lower() or _MARKUP.match(body):
        return "XML"
    shown = clean(content_type.split(";", maxsplit=1)[0], 60)
    return shown or "a body of unknown type"


def parse_json(body: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON body, numbers with a fraction as Decimal.

    Raises:
        UnreadableReplyError: not JSON in UTF-8, nested too deeply, or a number beyond all reason.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_float=_decimal, parse_int=_integer, parse_constant=_constant)
    except RecursionError as error:
        raise UnreadableReplyError(f"JSON nested deeper than {max_depth} levels") from error
    except UnreadableReplyError:
        raise
    except ValueError as error:
        raise UnreadableReplyError("not readable as JSON") from error
    if _deeper_than(value, max_depth):
        raise UnreadableReplyError(f"JSON nested deeper than {max_depth} levels")
    # Only an escape can bring NUL or half a code point into a text, and most bodies have none.
    return _storable(value) if _ESCAPED.search(body) else value


def _storable(value: Any) -> Any:
    """The value with U+FFFD for what no database takes as text: NUL and halves of code points."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_LENGTH:
        raise UnreadableReplyError("a number of too many digits")
    value = Decimal(text)
    if value and abs(value.adjusted()) > MAX_EXPONENT:
        raise UnreadableReplyError("a number beyond all reason")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise UnreadableReplyError("a number of too many digits")
    return int(text)


def _constant(text: str) -> Any:
    raise UnreadableReplyError(f"{text} is not JSON")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        if not level:
            return False
        values = [one.values() if type(one) is dict else one for one in level]
        level = [value for one in values for value in one if type(value) in _CONTAINERS]
    return bool(level)


def message_lines(body: bytes, content_type: str) -> list[str]:
    """The lines of a server's error message; empty when the body is not a JSON error we know the shape of.

    Knows {"error": {"message": {"value": text}}}, {"error": {"message": text}}, {"error": text,
    "error_description": text}, {"message": text} and {"exception": {"reason": text, "detail": text}}.
    """
    if not is_json(content_type):
        return []
    try:
        value = parse_json(body)
    except UnreadableReplyError:
        return []
    text = _message_of(value)
    return [clean(line) for line in re.split(r"\r\n|\r|\n", text) if line.strip()][:20]


def _message_of(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    error = value.get("error")
    if isinstance(error, dict):
        message = error.get("message")
        if isinstance(message, dict):
            message = message.get("value")
        return message if isinstance(message, str) else ""
    for key in ("error_description", "message", "error"):
        found = value.get(key)
        if isinstance(found, str):
            return found
    thrown = value.get("exception")
    if isinstance(thrown, dict):
        told = (thrown.get(key) for key in ("reason", "detail"))
        return ": ".join(text for text in told if isinstance(text, str) and text)
    return ""


def clean(text: str, limit: int = MAX_MESSAGE) -> str:
    """One line of printable text, cut to `limit` characters, without anything that looks like a token."""
    cut = text[: 4 * limit]
    plain = _OPAQUE.sub("(…)", _CONTROL.sub(" ", cut).replace("\n", " ").replace("\t", " ").strip())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
