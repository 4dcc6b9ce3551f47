"""Characters that nobody sees: they are no part of a number or of what a document, an order or an item is known by."""

import re
import unicodedata

#: Format characters, fillers, joiners and selectors that show nothing of themselves. Marks that Unicode counts as
#: format characters and that are seen (U+0600 and its like) are not among them.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: Of those, what changes how digits are shown or stands for something between them: a number with one has two readings.
_TELLING = re.compile("[\u202d\u202e\u2061-\u2064\ufff9-\ufffb]")
#: Blanks of other widths, and ends of lines that only some programs show as such.
_BLANKS = re.compile("[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
#: Hyphens that look like the one of the keyboard, which word processors put in its place.
_HYPHENS = re.compile("[\u2010\u2011]")


def unseen_in(text: str) -> str:
    """The first character of a text that nobody sees or can tell from another one; empty where there is none."""
    if text.isascii():
        return ""
    found = _UNSEEN.search(text) or _BLANKS.search(text) or _HYPHENS.search(text)
    return found.group() if found else ""


def hidden_in(text: str) -> str:
    """The first character of a text that takes no room where it is shown; empty where there is none."""
    found = None if text.isascii() else _UNSEEN.search(text)
    return found.group() if found else ""


def as_key(text: str) -> str:
    """A number or name that something is known by, as it is seen: two that look the same are the same.

    Without what nobody sees, with plain blanks and hyphens, its letters composed (Unicode NFC). Letters and digits of
    other scripts stay: they are seen.
    """
    if text.isascii():
        return text
    plain = _HYPHENS.sub("-", _BLANKS.sub(" ", _UNSEEN.sub("", text)))
    return unicodedata.normalize("NFC", plain).strip(" ")


def as_digits(text: str) -> str:
    """The text of a number or date without what nobody sees.

    What changes how digits are shown stays, so that the number is refused; so does a soft hyphen where a sign would
    stand: some programs show it as one.
    """
    if text.isascii() or _TELLING.search(text) or text[0] == "\u00ad" or text[-1] == "\u00ad":
        return text
    return _UNSEEN.sub("", text).strip()
