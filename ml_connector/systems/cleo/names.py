"""Untrusted names and identities from a server, and how they stand in paths and filters."""

from typing import Any
from urllib.parse import quote

from ml_connector.errors import ConfigError
from ml_connector.transport.safe_names import DOTS, MAX_NAME, UNFIT


def usable_id(value: object) -> str | None:
    """An identity that can stand in a path, or None. Ids are opaque text (cleo 5); a number is taken as text."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text in DOTS or len(text) > MAX_NAME or UNFIT.search(text):
        return None
    return text


def filled(template: str, **values: str) -> str:
    """A path template with identities put in, encoded, so that none can leave its place in the path."""
    path = template
    for name, value in values.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return path


def folder_in_path(path: str) -> str:
    """A folder's path as part of an address, segment by segment, without the outer slashes."""
    return "/".join(quote(part, safe="") for part in segments(path))


def segments(path: str) -> list[str]:
    """The names in a folder path.

    Raises:
        ConfigError: it is empty or holds `.` or `..`.
    """
    parts = [part for part in path.split("/") if part]
    if not parts or any(part in DOTS for part in parts):
        raise ConfigError(f"{path!r} is not a folder path.", remedy="Write it like /PARTNER/inbox.")
    return parts


def equals(attribute: str, value: str) -> str:
    """`attribute eq "value"` of the filter language (cleo 4)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{attribute} eq "{escaped}"'


def whole_number(value: Any) -> int | None:
    """A count that may arrive as text (cleo 4); None when it is neither, or more than any count."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
