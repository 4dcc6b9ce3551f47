"""Bytes to text and back, with errors that say what the bytes may be instead."""

import codecs
from dataclasses import dataclass

from ml_connector.documents.values.characters import REPLACEMENT, character_name, is_utf8
from ml_connector.errors import NeedsCorrection, Reason, SenderMustCorrect
from ml_connector.layouts.values.findings import shown

#: Encodings that layouts may name, by Python's names: all of them write line ends as themselves.
ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1", "iso8859-2", "iso8859-15", "cp1250"}
    | {"cp1252", "cp437", "cp850", "mac-roman"}
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Stands for NUL inside a text until the value that holds it is refused: some readers end a text at NUL.
NUL_MARK = "\x01"
_PROBED = 4096


def encoding_name(name: str) -> str:
    """Python's own name of an encoding; empty when there is none of that name."""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


@dataclass(frozen=True)
class Text:
    """A file's text. note: how it was read otherwise than was said; empty where it was not."""

    text: str
    note: str = ""


def decoded(data: bytes, encoding: str, *, most: int) -> str:
    """The text of a file. A byte order mark counts more than `encoding` and is taken off.

    Raises:
        SenderMustCorrect: larger than `most` bytes, empty, or not text in this encoding.
    """
    if len(data) > most:
        raise SenderMustCorrect(
            f"The file has {len(data)} bytes; the layout takes at most {most}.",
            remedy="Ask for smaller files, or raise limits.bytes in the layout.",
            data={"size": len(data)},
        )
    mark, named = _mark_of(data, encoding)
    if named == "utf-32":
        raise SenderMustCorrect("The file is UTF-32, which is not read.", remedy="Ask for UTF-8.")
    if named == "utf-16":
        named = "utf-16-le"
    body = data[len(mark) :]
    if not body.strip(b" \t\r\n\x00\x1a"):
        raise SenderMustCorrect(
            "There is nothing in the file.", remedy="Ask the sender for it; it may have been cut off."
        )
    _check_width(body, named)
    try:
        text = body.decode(named)
    except UnicodeDecodeError as error:
        at = error.start
        row = body.count(b"\n", 0, at) + 1
        hint = " It may be Latin-1 or Windows-1252." if named in {"utf-8", "ascii"} else ""
        raise SenderMustCorrect(
            f"Row {row}: byte 0x{body[at]:02X} at offset {at + len(mark)} is not {named}.{hint}",
            remedy="Set text.encoding in the layout, or ask the sender for the encoding agreed.",
            data={"row": row, "offset": at + len(mark)},
        ) from error
    return text.replace("\x00", NUL_MARK)


def _mark_of(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The byte order mark and the encoding that it names, else the one that was said."""
    return next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", encoding_name(encoding)))


def detected(data: bytes, encoding: str, *, most: int) -> Text:
    """The text of a file whose encoding may be said wrongly: lines that are UTF-8 and not plain ASCII are read as such,
    for hardly any text of another encoding is UTF-8 by chance.

    Raises:
        SenderMustCorrect: as `decoded` does.
    """
    mark, named = _mark_of(data, encoding)
    if mark or named in {"utf-8", "ascii"} or named.startswith("utf-16") or len(data) > most or data.isascii():
        return Text(decoded(data, encoding, most=most))
    lines = data.split(b"\n")
    told = [is_utf8(line) for line in lines]
    if not any(told):
        return Text(decoded(data, encoding, most=most))
    note = f"the text is UTF-8, not {encoding} as was said: it was read as UTF-8"
    if all(wide or line.isascii() for wide, line in zip(told, lines, strict=True)):
        return Text(decoded(data, "utf-8", most=most), note)
    # Lines of both: each is made UTF-8, and one that is neither is told with its row.
    for number, line in enumerate(lines):
        if not told[number] and not line.isascii():
            try:
                lines[number] = line.decode(named).encode()
            except UnicodeDecodeError:
                return Text(decoded(data, encoding, most=most))
    return Text(decoded(b"\n".join(lines), "utf-8", most=3 * most), f"some of {note}")


def _check_width(body: bytes, named: str) -> None:
    """UTF-16 read as something narrower, and the reverse: told by where the NULs stand."""
    probe = body[:_PROBED]
    wide = named.startswith("utf-16")
    zeros = probe.count(0)
    if not wide and len(probe) > 3 and zeros * 3 > len(probe):
        raise SenderMustCorrect(
            f"The file looks like UTF-16 without a byte order mark; the layout says {named}.",
            remedy="Set text.encoding to utf-16-le or utf-16-be, or ask for UTF-8.",
        )
    if wide and not zeros and len(probe) > 8 and all(byte < 0x80 for byte in probe):
        raise SenderMustCorrect(
            f"The file is not UTF-16: it begins with {shown(probe[:40].decode('ascii'))}.",
            remedy="Set text.encoding in the layout to what the sender writes, often utf-8.",
        )


def _near(text: str, at: int) -> str:
    """What stands around a character in its line."""
    before = text[max(at - 20, 0) : at].splitlines()[-1:]
    return "".join([*before, text[at], *text[at + 1 : at + 21].splitlines()[:1]]).strip()


def encoded(text: str, encoding: str, *, bom: bool) -> bytes:
    """The bytes of a text.

    Raises:
        NeedsCorrection: a character has no place in the encoding, or stands for one that could not be read.
    """
    if REPLACEMENT in text:
        raise NeedsCorrection(
            Reason.CHARACTER_NOT_SENDABLE,
            f"{character_name(REPLACEMENT)} in {shown(_near(text, text.index(REPLACEMENT)))} says that something could "
            "not be read.",
            remedy="Write in the document what belongs there.",
            data={"character": REPLACEMENT},
        )
    named = encoding_name(encoding)
    narrow = "utf-16-le" if named == "utf-16" else named
    try:
        data = text.encode(narrow)
    except UnicodeEncodeError as error:
        character = text[error.start]
        near = _near(text, error.start)
        raise NeedsCorrection(
            Reason.CHARACTER_NOT_SENDABLE,
            f"{character_name(character)} in {shown(near)} cannot be written as {named}.",
            remedy="Take it out of the document, or set text.encoding to utf-8 if the partner reads that.",
            data={"character": character, "value": near},
        ) from error
    mark = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    wants = bom or named == "utf-16"
    return (mark.get(narrow, b"") if wants else b"") + data
