"""What characters may be sent, and what takes the place of those that may not (x12-procurement 3, edi-operations 6)."""

import codecs
import unicodedata
from functools import lru_cache

#: The basic character set: A-Z, 0-9 and these.
BASIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()*+,-./:;?=")

#: Characters that decomposition does not bring to letters.
_REPLACED = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
    "ł": "l", "Ł": "L", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "ı": "i", "€": "EUR", "£": "GBP", "¥": "JPY",
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-",
    "−": "-", "‐": "-", "‑": "-", "…": "...", "•": "-", "·": ".", "×": "x", "°": " ", "º": "o", "ª": "a",
    "©": "(C)", "®": "(R)", "™": "(TM)", "§": "S", "¿": "?", "¡": "!", "´": "'", "`": "'", "¨": '"', "µ": "u",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\ufeff": "", "\u00ad": "",
    "@": "(AT)", "%": "PCT", "#": "NO.", "$": "USD", "_": "-", "[": "(", "]": ")", "{": "(", "}": ")",
    "|": "/", "\\": "/", "<": "(", ">": ")", "~": "-", "^": " ",
}  # fmt: skip

#: Encodings in which a byte below 128 is always that character of ASCII.
_BYTEWISE = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15", "utf-8"})


@lru_cache(maxsize=4096)
def substitute(character: str) -> str | None:
    """Plain ASCII that stands for a character; None when nothing does."""
    if character in _REPLACED:
        return _REPLACED[character]
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if c.isascii())
    if plain and plain != character:
        return plain
    # line breaks, tabs and other control characters are blanks between words
    return " " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Zs"} else None


class Alphabet:
    """Which characters can be sent to a partner, and texts made of them.

    name: "basic" (upper case), "extended" (all that `encoding` can hold). separators can never be sent as data.
    """

    def __init__(self, name: str, encoding: str, separators: str) -> None:
        self._basic = name == "basic"
        self._encoding = encoding
        self._separators = frozenset(separators)
        # bytes that say the same character wherever they stand
        self._form = encoding if codecs.lookup(encoding).name in _BYTEWISE else "ascii"
        known = [bytes([code]).decode(self._form, "ignore") for code in range(256)]
        self._plain = bytes(code for code, character in enumerate(known) if character and self._can(character))

    def holds_all(self, text: str, between: str) -> bool:
        """Whether a text can be sent as it is, but for the character that stands between its parts.

        For many texts at once: those of a set, put together by its element separator.
        """
        try:
            left = text.encode(self._form).translate(None, self._plain)
        except UnicodeEncodeError:
            return False
        return not left or self.sendable(left.decode(self._form).replace(between, ""))

    def sendable(self, text: str) -> bool:
        """Whether the text can be sent as it is."""
        if self._basic:
            return BASIC.issuperset(text) and self._separators.isdisjoint(text)
        if text.isascii() and text.isprintable():
            return self._separators.isdisjoint(text)
        return all(self._can(c) for c in text)

    def _can(self, character: str) -> bool:
        if character in self._separators:
            return False
        if self._basic:
            return character in BASIC
        if not character.isprintable():
            return False
        try:
            character.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def fitted(self, text: str) -> str | None:
        """The text with characters replaced where they must be; None when one of them has no substitute."""
        if self._basic:
            text = text.upper()
        parts = []
        for character in text:
            if self._can(character):
                parts.append(character)
                continue
            plain = substitute(character)
            if plain is None and character in self._separators:
                plain = " "
            if plain is not None and self._basic:
                plain = plain.upper()
            if plain is not None:
                # a substitute that is a separator itself becomes a blank
                plain = "".join(c if self._can(c) else " " for c in plain)
            if plain is None:
                return None
            parts.append(plain)
        return "".join(parts)

    def separator_in(self, text: str) -> str:
        """The first separator in the text; empty when none."""
        return next((c for c in text if c in self._separators), "")


@lru_cache(maxsize=64)
def alphabet_for(name: str, encoding: str, separators: str) -> Alphabet:
    """The alphabet of a partner: which characters it has is found out once."""
    return Alphabet(name, encoding, separators)
