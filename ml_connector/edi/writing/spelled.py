"""What stands for characters that cannot be sent: other characters that mean the same where they stand, or nothing.

"1⅜" is "1 3/8", never "138"; "10⁶" is "10^6", never "106"; "≠" is never "=". What nothing says holds the document.
Every answer is plain ASCII; it may hold characters that cannot be sent either, which are spelled in their turn.
"""

import re
import unicodedata
from dataclasses import dataclass

#: Letters and signs that decomposition does not bring to ASCII, or not to what they mean; wherever they stand.
_ALWAYS = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "đ": "d", "Đ": "D", "ł": "l",
    "Ł": "L", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "ı": "i", "ħ": "h", "Ħ": "H", "ŋ": "ng", "Ŋ": "NG",
    "‘": "'", "’": "'", "‚": ",", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‹": "'",
    "›": "'", "′": "'", "″": '"', "´": "'", "`": "'", "ʹ": "'", "ʺ": '"', "ʼ": "'",
    "–": "-", "—": "-", "―": "-", "−": "-", "‐": "-", "‑": "-", "‒": "-", "⁃": "-", "…": "...", "⁄": "/", "∕": "/",
    "×": "x", "✕": "x", "⨯": "x", "±": "+/-",
    "©": "(C)", "®": "(R)", "™": "(TM)", "℠": "(SM)", "¿": "?", "¡": "!", "µ": "u", "μ": "u", "№": "No. ",
}  # fmt: skip
#: Words for signs; a blank parts them from letters and digits beside them.
_WORDS = {
    "°": "deg", "Ω": "Ohm", "§": "sect.", "€": "EUR", "£": "GBP", "¥": "YEN", "¢": "CENT", "$": "DOLLAR", "⌀": "dia.",
    "≠": "not =", "≤": "at most", "≥": "at least", "≈": "approx.", "‰": "per mille",
}  # fmt: skip
#: Units of money stand close to their number.
_CLOSE = frozenset("€£¥¢")
#: Characters of ASCII that not every partner can read; not where they stand between digits.
_ASCII = {
    "@": "(AT)", "%": "PCT", "#": "NO.", "_": "-", "[": "(", "]": ")", "{": "(", "}": ")", "|": "/", "\\": "/",
    "•": " ", "‣": " ", "·": ".", "¨": '"', "¦": "/",
}  # fmt: skip
#: Signs that say where text runs backwards: what is shown is not what stands there.
_TURNED = frozenset("\u202d\u202e")
#: The same digits and letters in another shape.
_SHAPES = frozenset({"<wide>", "<narrow>", "<font>"})
#: Blanks, line breaks and control characters: blanks between words.
_BLANKS = frozenset({"Cc", "Zl", "Zp", "Zs"})
#: Raised digits with their signs, or lowered ones; those that follow each other are one power or index.
RUN = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207f]+|[\u2080-\u208e]+")
_SUPERSCRIPTS, _LOWERED = "\u2070\u00b9\u00b2\u00b3\u2074-\u2079", "[\u2080-\u2089]+"
#: A fraction that is put together of digits: raised or plain ones over lowered ones, or raised ones with a fraction's
#: own stroke that stand behind no number (behind one they are its power).
#: Each run of digits is looked at from its beginning alone.
FRACTION = re.compile(
    f"(?:(?<![{_SUPERSCRIPTS}])[{_SUPERSCRIPTS}]+|(?<![0-9])[0-9]+)[/\u2044]{_LOWERED}"
    f"|(?<![0-9A-Za-z){_SUPERSCRIPTS}])[{_SUPERSCRIPTS}]+\u2044[0-9]+"
)


@dataclass(frozen=True)
class SpelledPlace:
    """Where a character stands: what was written before it, and what comes after it."""

    before: str
    after: str

    @property
    def last(self) -> str:
        return self.before[-1:]

    @property
    def next(self) -> str:
        return self.after[:1]

    @property
    def behind_number(self) -> bool:
        """Whether a digit stands before it, blanks aside."""
        return is_numeric(self.before.rstrip()[-1:])

    @property
    def before_number(self) -> bool:
        return is_numeric(self.after.lstrip()[:1])

    @property
    def inside_number(self) -> bool:
        """Whether it stands directly between two digits."""
        return is_numeric(self.last) and is_numeric(self.next)


def is_numeric(character: str) -> bool:
    """Whether it is a digit or another sign of a number, such as a fraction."""
    return character != "" and unicodedata.category(character)[0] == "N"


def spelled(character: str, place: SpelledPlace) -> str | None:
    """ASCII that says the same at this place; None when nothing does."""
    sign = _sign(character, place)
    if sign is None:
        sign = _ALWAYS.get(character)
    if sign is not None:
        return sign
    if character in _WORDS:
        close = character in _CLOSE
        return _parted(_WORDS[character], place, letters=not close, digits=not close)
    if character in _ASCII:
        return None if place.inside_number else _ASCII[character]
    return _by_category(character, place)


def _by_category(character: str, place: SpelledPlace) -> str | None:
    category = unicodedata.category(character)
    if category == "Cf":
        return None if character in _TURNED else ""
    if category in _BLANKS:
        return " "
    return str(unicodedata.digit(character)) if category == "Nd" else _decomposed(character, place)


def _sign(character: str, place: SpelledPlace) -> str | None:
    """Signs whose meaning depends on what stands beside them; None: look on."""
    if character in "ºª":
        return f"({'o' if character == 'º' else 'a'})" if is_numeric(place.last) else "oa"[character == "ª"]
    if character in "Øø" and place.before_number and not (character == "ø" and place.last.isalpha()):
        return " " * place.last.isalnum() + "dia." + " " * (not place.next.isspace())
    if character == "Ø":
        return "O"
    return compared(character, place)


def power(place: SpelledPlace) -> str | None:
    """What "^" says."""
    if place.last.isalnum() or place.last == ")":
        return " to the power of "
    return None


def compared(character: str, place: SpelledPlace) -> str | None:
    """What "<", ">" and "~" say before a number; elsewhere they say nothing that can be told."""
    if character not in "<>~":
        return None
    if character == "~":
        if place.before_number:
            return "-" if place.behind_number else _parted("approx.", place, letters=True, digits=True)
        return " "
    if place.behind_number and place.before_number:
        return None  # of two numbers one that is more than the other, or what leads from one to the other
    arrow = place.before.rstrip()[-1:] in {"-", "=", "<", ">"} or place.next in {"-", "<", ">"}
    if arrow:
        return None
    words = "less than" if character == "<" else "more than"
    return _parted(words, place, letters=True, digits=True)


def told(character: str, place: SpelledPlace) -> str | None:
    """What a character of ASCII says beside a number, in words; None where it says nothing, or nothing certain."""
    if character == "*":
        return "x" if place.behind_number and _multiplies(place) else None
    if character in "<>~":
        return compared(character, place) if place.before_number else None
    if character == "^":
        return power(place) if is_numeric(place.last) or is_numeric(place.next) else None
    if character == "%" and place.behind_number:
        return "PCT"
    return None


def _multiplies(place: SpelledPlace) -> bool:
    """Whether "*" behind a number counts what comes: another number, or a word with as many blanks on both sides.

    One that leans on its number alone marks a note.
    """
    counted = place.after.lstrip()[:1]
    return is_numeric(counted) or (counted.isalpha() and place.last.isspace() == place.next.isspace())


def fraction_spelled(fraction: str, place: SpelledPlace) -> str:
    """A fraction that is put together of digits, parted from a number before it."""
    raised = unicodedata.decomposition(fraction[0]).startswith("<super>")
    text = unicodedata.normalize("NFKD", fraction).replace("\u2044", "/")
    return " " * (raised and place.last.isalnum()) + text + " " * is_numeric(place.next)


def _parted(word: str, place: SpelledPlace, *, letters: bool, digits: bool) -> str:
    """A word with blanks where it would run into what stands beside it."""

    def runs_into(beside: str) -> bool:
        return (letters and beside.isalpha()) or (digits and is_numeric(beside))

    return " " * runs_into(place.last) + word + " " * runs_into(place.next)


def _decomposed(character: str, place: SpelledPlace) -> str | None:
    """By what Unicode says that a character is made of."""
    parts = unicodedata.decomposition(character).split()
    if not parts:
        return None
    tag = parts.pop(0) if parts[0].startswith("<") else ""
    inner = "".join(chr(int(part, 16)) for part in parts)
    if not tag:
        return _without_marks(inner, place)
    text = _plain(inner, place)
    return None if text is None else _framed(text, tag, place, alone=len(inner) == 1)


def _framed(text: str, tag: str, place: SpelledPlace, *, alone: bool) -> str:
    """What a character is made of, parted from what stands beside it where both would make another number."""
    if tag == "<fraction>":
        return " " * place.last.isalnum() + text + " " * is_numeric(place.next)
    if tag in {"<super>", "<sub>"}:
        return _placed(text, place, raised=tag == "<super>")
    if tag == "<circle>" or (tag == "<square>" and alone):
        return f"({text})"
    joined = tag not in _SHAPES and is_numeric(place.last) and text[:1].isdigit()
    return f" {text}" if joined else text


def _without_marks(inner: str, place: SpelledPlace) -> str | None:
    """A letter without its accent. A sign with a stroke through it says something else than the sign."""
    base, marks = inner[0], inner[1:]
    if not marks:
        return _plain(base, place)
    if not all(unicodedata.combining(mark) for mark in marks) or not unicodedata.category(base).startswith("L"):
        return None
    return _plain(base, place)


def run_spelled(run: str, place: SpelledPlace) -> str:
    """A power or an index of several digits."""
    text = unicodedata.normalize("NFKD", run).replace("−", "-")
    return _placed(text, place, raised=unicodedata.decomposition(run[0]).startswith("<super>"))


def _placed(text: str, place: SpelledPlace, *, raised: bool) -> str:
    """What is raised is a power. What is lowered is read so behind a letter, H2O; elsewhere it is marked."""
    if raised:
        return f"^{text}" + " " * place.next.isalnum()
    return ("" if place.last.isalpha() else "_") + text + " " * is_numeric(place.next)


def _plain(inner: str, place: SpelledPlace) -> str | None:
    """The parts of a character, each spelled."""
    text = ""
    for at, one in enumerate(inner):
        if one.isascii():
            text += one
            continue
        after = inner[at + 1 :] or place.after
        found = spelled(one, SpelledPlace(place.before + text, after))
        if found is None:
            return None
        text += found
    return text
