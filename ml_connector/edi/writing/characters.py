"""What characters may be sent, and what takes the place of those that may not (x12-procurement 3, edi-operations 6)."""

import codecs
import re
import unicodedata
from functools import lru_cache

from ml_connector.documents.values.characters import REPLACEMENT
from ml_connector.edi.writing.spelled import (
    FRACTION,
    RUN,
    SpelledPlace,
    fraction_spelled,
    is_numeric,
    power,
    run_spelled,
    spelled,
    told,
)

#: The basic character set: A-Z, 0-9 and these.
BASIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()*+,-./:;?=")

#: Encodings in which a byte below 128 is always that character of ASCII.
_BYTEWISE = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15", "utf-8"})

#: Signs that a number beside them takes another meaning from.
_SIGNS = frozenset("*^<>~+-%$")
_DIVIDED = re.compile("\\s{0,9}[/\u2044\u2215\u00f7]\\s{0,9}[0-9]").match
#: Texts that stand for characters hold characters to be spelled themselves; no deeper than this.
_DEEPEST = 4


class Unspellable(Exception):
    """Nothing stands for a character where it stands."""

    def __init__(self, character: str) -> None:
        super().__init__(character)
        self.character = character


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
        if character in self._separators or character == REPLACEMENT:
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

    def fitted(self, text: str, replacement: str | None = " ") -> str:
        """The text with others in place of characters that cannot be sent, the meaning kept.

        replacement: what a separator becomes where it says nothing; None refuses it.

        Raises:
            Unspellable: of a character, at its place, no other text says the same.
        """
        composed = unicodedata.normalize("NFC", text)
        try:
            return self._spelled(self._without_runs(composed), "", "", replacement)
        except Unspellable as error:
            if error.character in composed or not RUN.search(composed):
                raise
            raise Unspellable(RUN.findall(composed)[0][0]) from error

    def _without_runs(self, text: str) -> str:
        """The text with fractions, powers and indexes of several digits spelled where a part of them cannot be sent."""

        def of_parts(found: re.Match[str]) -> str:
            if all(map(self._can, found.group())):
                return found.group()
            return fraction_spelled(found.group(), SpelledPlace(text[: found.start()], text[found.end() :]))

        def spell(found: re.Match[str]) -> str:
            if all(map(self._can, found.group())):
                return found.group()
            here = SpelledPlace(text[: found.start()], text[found.end() :])
            words = "" if self._can("^") else power(here)
            if words and _DIVIDED(here.after):
                raise Unspellable(found.group()[0])  # in words nobody can tell which of both is divided
            plain = run_spelled(found.group(), here)
            return plain.replace("^", words) if words else plain

        text = FRACTION.sub(of_parts, text)
        return RUN.sub(spell, text)

    def _spelled(self, text: str, before: str, after: str, replacement: str | None, depth: int = 0) -> str:
        parts = ""
        shown = "".join(c.upper() if c.isascii() else c for c in text) if self._basic else text
        for at, character in enumerate(shown):
            if self._can(character):
                parts += character
                continue
            if depth > _DEEPEST:
                raise Unspellable(character)
            place = SpelledPlace(before + parts, text[at + 1 :] + after)
            plain = power(place) if depth and character == "^" else self._separator(character, place, replacement)
            if plain is None:
                plain = spelled(character, place)
            if plain is None or plain == character:
                raise Unspellable(character)
            try:
                parts += self._spelled(plain, place.before, place.after, replacement, depth + 1)
            except Unspellable as error:
                raise Unspellable(character) from error
        return parts

    def _separator(self, character: str, place: SpelledPlace, replacement: str | None) -> str | None:
        """What a separator in a text becomes: what it says, else the replacement. None: it is no separator."""
        if character not in self._separators or character.isspace():
            return None
        if replacement is None:
            raise Unspellable(character)
        says = told(character, place)
        if says is not None:
            return says
        compares = character in "<>" and place.behind_number and place.before_number
        if (
            place.inside_number
            or compares
            or (character in _SIGNS and (is_numeric(place.last) or is_numeric(place.next)))
        ):
            raise Unspellable(character)
        return replacement

    def seen_alike(self, text: str) -> str | None:
        """An identifier as it can be sent: upper case where the partner reads no other, without what nobody sees.

        None where that is another identifier: a part number with another letter in it is another part number.
        """
        shown = "".join(
            " " if unicodedata.category(c) == "Zs" else c
            for c in unicodedata.normalize("NFC", text)
            if unicodedata.category(c) != "Cf"
        ).strip()
        shown = shown.upper() if self._basic and shown.isascii() else shown
        return shown if shown and self.sendable(shown) else None

    def separator_in(self, text: str) -> str:
        """The first separator in the text; empty when none."""
        return next((c for c in text if c in self._separators), "")


@lru_cache(maxsize=64)
def alphabet_for(name: str, encoding: str, separators: str) -> Alphabet:
    """The alphabet of a partner: which characters it has is found out once."""
    return Alphabet(name, encoding, separators)
