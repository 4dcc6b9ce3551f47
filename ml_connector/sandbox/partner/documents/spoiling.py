"""Wrong syntax and plain rubbish, made from a file that was right."""

import re
from collections.abc import Callable

from ml_connector.sandbox.partner.documents.behaviour import BadSyntax, Rubbish
from ml_connector.sandbox.partner.documents.x12 import Separators

HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Try again later.</body></html>"
XML = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Invoice>&c;</Invoice>'
)
TEXT = b"Dear customer,\r\nplease find our invoice in the attachment of yesterday's mail.\r\n"
BINARY = bytes(range(256)) * 8

#: A change to the segments of one interchange, each a list of elements.
Change = Callable[[list[list[str]]], None]


def spoil(data: bytes, kind: BadSyntax, separators: Separators) -> bytes:
    """The same file with that one thing wrong."""
    text = data.decode("latin-1")
    isa, rest = text[:106], text[106:]
    mark = separators.terminator
    segments = [raw.lstrip("\r\n").split(separators.element) for raw in rest.split(mark)[:-1]]
    _CHANGES[kind](segments)
    body = "".join(separators.element.join(segment) + mark + separators.suffix for segment in segments)
    return (isa + separators.suffix + body).encode("latin-1")


def _set(name: str, element: int, change: Callable[[str], str]) -> Change:
    def apply(segments: list[list[str]]) -> None:
        for segment in segments:
            if segment[0] == name:
                segment[element] = change(segment[element])
                return

    return apply


def _more(value: str) -> str:
    """The next number, in the same width."""
    return str(int(value) + 1).zfill(len(value))


def _insert_unknown(segments: list[list[str]]) -> None:
    at = next(index for index, segment in enumerate(segments) if segment[0] == "TDS")
    segments.insert(at, ["ZQX", "1"])
    end = next(segment for segment in segments if segment[0] == "SE")
    end[1] = _more(end[1])


_CHANGES: dict[BadSyntax, Change] = {
    "missing_mandatory": _set("BIG", 2, lambda _: ""),
    "segment_count": _set("SE", 1, _more),
    "set_control": _set("SE", 2, _more),
    "set_count": _set("GE", 1, _more),
    "group_control": _set("GE", 2, _more),
    "interchange_control": _set("IEA", 2, _more),
    "group_count": _set("IEA", 1, _more),
    "bad_date": _set("BIG", 1, lambda _: "20261341"),
    "bad_amount": _set("TDS", 1, lambda _: "12A45"),
    "unknown_segment": _insert_unknown,
}


def rubbish(kind: Rubbish, whole: bytes) -> bytes:
    """Bytes of that kind; `whole` is a file that is right."""
    if kind == "truncated":
        return whole[: max(120, len(whole) * 2 // 3)]
    if kind == "no_iea":
        return re.sub(rb"IEA.*\Z", b"", whole, flags=re.DOTALL)
    return _CANNED.get(kind, whole)


_CANNED: dict[str, bytes] = {"html": HTML, "xml": XML, "text": TEXT, "binary": BINARY, "empty": b""}
