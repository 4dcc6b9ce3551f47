"""Units of the ERP to X12's (element 355, x12-procurement 4): by the settings, else by what a language means by them.

Nothing leaves by looking like an X12 code: "st" is a piece in Dutch and German, ST is a set; "tn" is a ton of 1000 kg
to whoever writes it, TN is one of 2000 lb. What is in neither list is not sent.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

Language = Literal["", "nl", "de", "fr", "es", "en"]


def _by_word(words: Mapping[str, str]) -> dict[str, str]:
    """X12 unit by word, of lists of words by X12 unit."""
    return {word: code for code, several in words.items() for word in several.split()}


#: What is written alike in all of these languages. Pieces are EA, which every partner reads.
COMMON = _by_word({
    "EA": "ea each pc pcs pce", "BX": "box", "ST": "set", "KT": "kit", "PL": "pallet", "MM": "mm", "CM": "cm",
    "MR": "m mtr", "SM": "m2 m²", "CR": "m3 m³", "ME": "mg", "GR": "g gr", "KG": "kg", "ML": "ml", "LT": "l ltr",
    "LB": "lb lbs", "OZ": "oz", "FT": "ft", "YD": "yd", "GA": "gal",
})  # fmt: skip

#: What the words and abbreviations of one language mean.
OF_LANGUAGE: Mapping[str, Mapping[str, str]] = {
    "nl": _by_word({
        "EA": "st stk stuk stuks", "BX": "ds doos", "PK": "pk pak", "CT": "krt karton", "BG": "zak", "RL": "rol",
        "SH": "vel", "PR": "pr paar", "DZ": "dz dozijn", "PL": "pal", "BO": "fles", "CN": "blik", "HR": "u uur",
        "DA": "dag", "WK": "wk week", "MO": "mnd maand", "YR": "jr jaar", "MR": "meter", "KG": "kilo", "LT": "liter",
    }),
    "de": _by_word({
        "EA": "st stk stck stück stueck", "BX": "schachtel", "PK": "pk pkg paket pack", "CT": "kt ktn karton",
        "BG": "btl beutel", "RL": "rl rolle", "SH": "blatt", "PR": "pr paar", "DZ": "dtz dutzend", "ST": "satz",
        "PL": "pal palette", "BO": "fl flasche", "CN": "dose", "HR": "std h stunde", "DA": "tag", "WK": "wo woche",
        "MO": "mon monat", "YR": "jahr", "MR": "meter", "LT": "liter",
    }),
    "fr": _by_word({
        "EA": "u un unité unite pièce piece", "BX": "boîte boite bte", "PK": "paquet paq", "CT": "carton crt",
        "BG": "sac", "RL": "rouleau", "SH": "feuille", "PR": "paire", "DZ": "douzaine dz", "ST": "jeu",
        "PL": "pal palette", "BO": "bouteille", "HR": "h heure", "DA": "j jour", "WK": "sem semaine", "MO": "mois",
        "YR": "an", "MR": "mètre metre", "LT": "litre",
    }),
    "es": _by_word({
        "EA": "u ud uds un und unidad pza pieza", "BX": "caja cj", "PK": "paquete paq", "CT": "cartón",
        "BG": "bolsa", "RL": "rollo", "SH": "hoja", "PR": "par", "DZ": "docena", "ST": "juego", "PL": "palé",
        "BO": "botella", "CN": "lata", "HR": "h hora", "DA": "día dia", "WK": "semana", "MO": "mes", "YR": "año",
        "MR": "metro", "LT": "litro", "KG": "kilo",
    }),
    "en": _by_word({
        "EA": "piece pieces unit", "CA": "case", "CT": "carton ctn", "PK": "pk pack", "BG": "bag", "RL": "roll",
        "SH": "sheet", "PR": "pr pair", "DZ": "dz doz dozen", "BO": "bottle", "CN": "can", "HR": "hr hour",
        "DA": "day", "WK": "wk week", "MO": "mo month", "YR": "yr year", "MR": "metre meter", "LT": "litre liter",
        "IN": "in inch", "FT": "foot", "YD": "yard", "GA": "gallon", "LB": "pound",
    }),
}  # fmt: skip


class UnitCodes(Mapping[str, str]):
    """X12 unit by the ERP's unit, whose case and blanks around it say nothing; but a setting may tell cases apart."""

    def __init__(self, settings: Mapping[str, str], language: str = "") -> None:
        self._exact = dict(settings)
        shipped = {**COMMON, **OF_LANGUAGE.get(language, {})}
        self._folded = {**shipped, **{_folded(unit): code for unit, code in settings.items()}}

    def __getitem__(self, unit: str) -> str:
        return self._exact[unit] if unit in self._exact else self._folded[_folded(unit)]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._folded, **self._exact})

    def __len__(self) -> int:
        return len({**self._folded, **self._exact})


@lru_cache(maxsize=64)
def unit_codes(settings: tuple[tuple[str, str], ...], language: str) -> UnitCodes:
    """The codes of these settings, made once."""
    return UnitCodes(dict(settings), language)


def meanings(unit: str) -> dict[str, str]:
    """What a unit means in each language that has it; for advice."""
    return {language: units[_folded(unit)] for language, units in OF_LANGUAGE.items() if _folded(unit) in units}


def _folded(unit: str) -> str:
    return unit.strip().casefold()
