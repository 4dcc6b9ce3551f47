"""What is left of a name, a tax number, a bank account and an address once it is no longer a matter of writing.

Pure functions; two texts that people would call the same come out the same, and an empty text says nothing.
"""

import re
import unicodedata
from collections.abc import Sequence

#: Letters that have no mark to take off, as they are written without them.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ð": "d", "ı": "i"})
#: Letters with a dot behind each: B.V., G.m.b.H., S.p.A.
_DOTTED = re.compile(r"\b(?:\w{1,2}\.\s?){2,}")
_WORDS = re.compile(r"[^\W_]+")
#: What companies are by law, as the last words of a name. In the form that `words` gives.
LEGAL_FORMS = frozenset(
    """inc incorporated corp corporation co company llc llp lp ltd limited plc pllc pc dba
    gmbh mbh ag kg kgaa ohg ug gbr ev eg bv nv vof cv sa sas sasu sarl sprl bvba srl spa snc scs sl slu
    ab as asa aps oy oyj kft zrt bt nyrt sro doo dooel dd ood eood se pty pte sdn bhd pvt kk
    """.split()  # noqa: SIM905 - read more easily than a column of eighty
)
#: Words that stand between others, or before a name, and tell nothing.
_FILLERS = frozenset({"and", "und", "en", "et", "y", "e", "i", "the"})
#: Legal forms that are written as several words.
_SEVERAL = (
    ("sp", "z", "o", "o"),
    ("sp", "z", "oo"),
    ("sp", "zoo"),
    ("besloten", "vennootschap"),
    ("naamloze", "vennootschap"),
)
#: Prefixes of VAT numbers that are countries (ISO 3166), Greece and Northern Ireland by their own.
_VAT_PREFIX = re.compile(r"([A-Z]{2})(?=[0-9A-Z]*[0-9])([0-9A-Z]{5,13})")
_COUNTRIES = frozenset(
    "AT BE BG CH CY CZ DE DK EE EL ES FI FR GB GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK XI".split()  # noqa: SIM905
)
#: What people type where they have no number.
_NO_NUMBER = frozenset({"NA", "NONE", "UNKNOWN", "APPLIEDFOR", "PENDING", "TBD", "NULL", "123456789", "12345678"})
#: A number shorter than this is nobody's own.
SHORTEST_NUMBER = 5
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{10,30}")
#: Words of streets that are written short (as `words` gives them), and what of a street tells nothing.
_STREETS = {
    **dict.fromkeys(("st", "str", "strasse", "straat", "street"), "st"),
    **dict.fromkeys(("rd", "road"), "rd"),
    **dict.fromkeys(("ave", "av", "avenue"), "ave"),
    **dict.fromkeys(("blvd", "boulevard"), "blvd"),
    **dict.fromkeys(("dr", "drive"), "dr"),
    **dict.fromkeys(("ln", "lane"), "ln"),
    **dict.fromkeys(("ste", "suite"), "ste"),
    **dict.fromkeys(("n", "north"), "n"),
    **dict.fromkeys(("s", "south"), "s"),
    **dict.fromkeys(("e", "east"), "e"),
    **dict.fromkeys(("w", "west"), "w"),
}
#: German and Dutch streets end in their kind: Hauptstrasse, Hauptstr., Hoofdstraat.
_STREET_ENDS = re.compile(r"(?<=\w{3})(strasse|straat|str)$")


def plain(text: str) -> str:
    """Small letters without marks."""
    small = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    return "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))


def words(text: str) -> tuple[str, ...]:
    """The words of a text; letters with dots between them are one."""
    joined = _DOTTED.sub(lambda found: re.sub(r"[.\s]", "", found[0]) + " ", plain(text))
    return tuple(_WORDS.findall(joined.replace("'", "").replace("\u2019", "")))


def name_words(text: str) -> tuple[str, ...]:
    """What names a company: without its legal form and the words that tell nothing; all of it where nothing is left."""
    found = list(words(text))
    kept = [word for word in found if word not in _FILLERS] or found
    rest = _without_form(kept)
    return tuple(rest or kept)


def _without_form(found: list[str]) -> list[str]:
    rest = list(found)
    while rest:
        several = next((form for form in _SEVERAL if tuple(rest[-len(form) :]) == form), None)
        if several is not None:
            rest = rest[: -len(several)]
        elif rest[-1] in LEGAL_FORMS:
            rest = rest[:-1]
        else:
            break
    return rest


def name_key(text: str) -> str:
    """Equal for names that differ in legal form, case, marks, blanks and punctuation alone."""
    return "".join(name_words(text))


def number_key(text: str) -> str:
    """Letters and digits of a number, in capitals; empty for what stands there instead of one."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isascii() and c.isalnum())
    digits = {c for c in kept if c.isdigit()}
    if len(kept) < SHORTEST_NUMBER or kept in _NO_NUMBER or not digits or len(set(kept)) == 1:
        return ""
    return kept


def tax_key(text: str, country: str) -> tuple[str, str]:
    """Country and number of a tax number; the country is empty where neither the number nor its record tells it."""
    number = number_key(text)
    found = _VAT_PREFIX.fullmatch(number)
    if found is not None and found[1] in _COUNTRIES:
        bare = number_key(found[2])
        return ("GR" if found[1] == "EL" else found[1], bare) if bare else ("", "")
    code = country.strip().upper()
    # What is no code of two letters says a country in some other way: AUT is Austria, and AU is not.
    return (code if re.fullmatch("[A-Z]{2}", code) else "", number) if number else ("", "")


def bank_key(text: str) -> str:
    """A bank account: an IBAN, or the number of the bank, a slash and that of the account; empty for none."""
    compact = "".join(
        c for c in unicodedata.normalize("NFKC", text).upper() if c.isascii() and (c.isalnum() or c == "/")
    )
    if _IBAN.fullmatch(compact):
        return compact
    parts = [number_key(part) for part in compact.split("/")]
    return "/".join(parts) if all(parts) else ""


def address_key(street: Sequence[str], postal_code: str, city: str) -> str:
    """Street with its number, and the postal code or else the city; empty where one of the two is missing."""
    lines = [_street(line) for line in street if line.strip()]
    place = "".join(words(postal_code)) or "".join(words(city))
    # A ZIP code may have four more digits.
    place = place[:5] if re.fullmatch(r"[0-9]{9}", place) else place
    return f"{'|'.join(lines)}|{place}" if lines and place else ""


def _street(line: str) -> str:
    found = [_STREETS.get(word, _STREET_ENDS.sub("st", word)) for word in words(line)]
    # Numbers stand before or behind.
    return "".join(sorted(found, key=lambda word: (not word[0].isdigit(), 0)))
