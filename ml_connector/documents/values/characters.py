"""How messages name a character, for many look alike or like nothing; and texts that nobody can read."""

import re
import unicodedata


def character_name(character: str) -> str:
    """A character by its look, code point and name: "⅛" (U+215B, vulgar fraction one eighth)."""
    look = f'"{character}" ' if character.isprintable() and not character.isspace() else ""
    name = unicodedata.name(character, "").lower() or "control character"
    told = f"U+{ord(character):04X}, {name}"
    return f"{look}({told})" if look else told


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8 and not plain ASCII: hardly any text of another encoding is, by chance."""
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


#: Characters that a text of a document may hold although they print nothing.
_BLANKS = frozenset("\t\n\r")
#: Nothing that was written: what could not be read stands as this (U+FFFD).
REPLACEMENT = "\ufffd"
#: Categories of characters that nobody can read: control, surrogate, private, unassigned.
_UNREADABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
_FOREIGN = re.compile(r"[^\x00-\x7f]{2,}")


def unreadable(text: str) -> str:
    """The first piece of a text that nobody can read; empty where all can be read.

    That is a replacement or control character, or UTF-8 that was read as another encoding: several odd letters where
    one belongs.
    """
    if text.isascii() and text.isprintable():
        return ""
    for character in text:
        if character == REPLACEMENT or (unicodedata.category(character) in _UNREADABLE and character not in _BLANKS):
            return character
    return next((piece for found in _FOREIGN.findall(text) if (piece := _garbled(found))), "")


def _garbled(run: str) -> str:
    """The part of a run of foreign characters that is UTF-8 read as Windows-1252 or Latin-1; empty where none is."""
    if len(_said(run)) > 1:
        return run
    for start in range(len(run) - 1):
        for length in (2, 3):
            piece = run[start : start + length]
            if len(piece) == length and _is_garbled(piece):
                return piece
    return ""


def _is_garbled(piece: str) -> bool:
    """Whether its bytes are one character of UTF-8 that texts have: others are chance, as where a quotation ends."""
    said = _said(piece)
    code = ord(said) if len(said) == 1 else 0
    return 0xA0 <= code <= 0x17F or 0x2010 <= code <= 0x2044 or code in {0x20AC, 0x2122, 0xFEFF, 0xFFFD}


def _said(run: str) -> str:
    """What the bytes of a run say as UTF-8; empty where they are none."""
    try:
        return bytes(_byte(character) for character in run).decode("utf-8")
    except UnicodeError:
        return ""


def _byte(character: str) -> int:
    try:
        return character.encode("cp1252")[0]
    except UnicodeEncodeError:
        return character.encode("latin-1")[0]
