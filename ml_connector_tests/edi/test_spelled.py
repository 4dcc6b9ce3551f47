"""Text is never turned into text of another meaning: spelled out, or the document is held."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.values.characters import character_name
from ml_connector.edi.writing.characters import Alphabet, Unspellable

PLAIN = Alphabet("extended", "ascii", "*>~")
LATIN = Alphabet("extended", "latin-1", "*>~")
BASIC = Alphabet("basic", "latin-1", "*>~")
POWERS = Alphabet("extended", "latin-1", "*>~^")


@pytest.mark.parametrize(
    ("alphabet", "text", "sent"),
    [
        (LATIN, "⅛ inch", "1/8 inch"),
        (LATIN, "1⅜", "1 3/8"),
        (LATIN, "⅛5", "1/8 5"),
        (PLAIN, "2½ x ¾", "2 1/2 x 3/4"),
        (LATIN, "10⁶", "10^6"),
        (LATIN, "10⁻² m", "10^-2 m"),
        (PLAIN, "m² 5²3", "m^2 5^2 3"),
        (LATIN, "m²", "m²"),
        (POWERS, "10⁶", "10 to the power of 6"),
        (POWERS, "10^6", "10 to the power of 6"),
        (POWERS, "xⁿ a^b", "x to the power of n a b"),
        (LATIN, "C₁₂5", "C12 5"),
        (LATIN, "H₂O, 10₂", "H2O, 10_2"),
        (LATIN, "5① A①", "5(1) A(1)"),
        (LATIN, "5⒈", "5 1."),
        (LATIN, "ﬁ １２", "fi 12"),
        (LATIN, "５㎡", "5m^2"),
        (LATIN, "−5 – 6", "-5 - 6"),
        (LATIN, "a\u00a0b c\u200bd", "a b cd"),
        (PLAIN, "1\u00a0000", "1 000"),
        (PLAIN, "90° elbow, 20°C", "90 deg elbow, 20 deg C"),
        (PLAIN, "10×20 µm", "10x20 um"),
        (LATIN, "5€", "5EUR"),
        (LATIN, "5Ω Ω", "5 Ohm Ohm"),
        (LATIN, "≠ 5 ≥ 6", "not = 5 at least 6"),
        (LATIN, "e\u0301 a\u0323", "é a"),
        (LATIN, "Acme™", "Acme(TM)"),
        (LATIN, "10*20, 10 * 20", "10x20, 10 x 20"),
        (LATIN, ">5 mm", "more than 5 mm"),
        (LATIN, "~5, 5~10", "approx. 5, 5-10"),
        (LATIN, "red*blue", "red blue"),
        (BASIC, "<5 mm", "LESS THAN 5 MM"),
        (BASIC, "5 µm", "5 UM"),
        (PLAIN, "1º nº", "1(o) no"),
        (PLAIN, "Ø12 Ørsted", "dia. 12 Orsted"),
        (LATIN, "٣ pcs", "3 pcs"),
        (LATIN, "⁵⁄₈ 5⁄₈ 1 ¹/₂ ²⁄3", "5/8 5/8 1 1/2 2/3"),
        (BASIC, "1¹⁄₂ IN, ¹⁰⁄₃₂", "1 1/2 IN, 10/32"),
        (LATIN, "10²⁄3", "10²/3"),
        (BASIC, "ø12, ø ½, kø2", "DIA. 12, DIA. 1/2, KO2"),
        (PLAIN, "DNØ50 Ø 12", "DN dia. 50 dia. 12"),
        (LATIN, "2 * bolts, 4*bolt, 5* 3", "2 x bolts, 4xbolt, 5x 3"),
    ],
)
def test_it_is_spelled_so_that_it_says_the_same(alphabet: Alphabet, text: str, sent: str) -> None:
    assert alphabet.fitted(text) == sent


@pytest.mark.parametrize(
    ("alphabet", "text", "culprit"),
    [
        (LATIN, "½ 中", "中"),
        (LATIN, "⅛ → 5", "→"),
        (LATIN, "=\u0338 \u226e", "\u226e"),
        (PLAIN, "5·10", "·"),
        (BASIC, "5|10", "|"),
        (LATIN, "*5", "*"),
        (LATIN, "10* bolts", "*"),
        (LATIN, "5 > 3", ">"),
        (LATIN, "5>10", ">"),
        (POWERS, "10⁶/5", "⁶"),
        (LATIN, "a\u202ebc", "\u202e"),
        (Alphabet("extended", "latin-1", "*:~"), "at 12:30", ":"),
        (Alphabet("extended", "latin-1", "*+~"), "+5", "+"),
    ],
)
def test_what_nothing_says_there_is_named(alphabet: Alphabet, text: str, culprit: str) -> None:
    with pytest.raises(Unspellable) as held:
        alphabet.fitted(text)
    assert held.value.character == culprit


#: All characters that Unicode makes of others: fractions, powers, shapes, units, accents.
COMPOSED = [chr(code) for code in range(0x20000) if unicodedata.decomposition(chr(code)) and code < 0xD800]


def test_no_character_adds_digits_to_a_number_or_takes_its_sign() -> None:
    """Every one between digits: the numbers beside it stay numbers of their own."""
    for character in COMPOSED:
        if unicodedata.category(character) == "Nd":
            continue  # digits of another script are digits
        try:
            sent = PLAIN.fitted(f"7{character}7")
        except Unspellable:
            continue
        inner = sent.removeprefix("7").removesuffix("7")
        assert inner, character
        if "".join(c for c in unicodedata.normalize("NFKC", character) if c.isdigit()):
            assert not inner[0].isdigit(), (character, sent)
            assert not inner[-1].isdigit(), (character, sent)


@given(st.text(st.sampled_from([*"abM 0127.,-/+*~>^", *"⅛½²⁶⁻①ﬁ１－×°µ€Ω≠\u0301\u0338\u00a0\u200b→ßé中"]), max_size=12))
def test_what_is_sent_can_be_sent_and_says_the_same_numbers(text: str) -> None:
    for alphabet in (PLAIN, LATIN, BASIC, POWERS):
        try:
            sent = alphabet.fitted(text)
        except Unspellable as held:
            culprit = held.character
            blamed = {*text, *unicodedata.normalize("NFC", text), *text.upper()}
            assert culprit in blamed
            continue
        assert alphabet.sendable(sent)
        # what a reader would take for the digits of the text, in their order, with those of fractions and powers
        digits = [c for c in unicodedata.normalize("NFKC", text) if c.isascii() and c.isdigit()]
        assert [c for c in unicodedata.normalize("NFKC", sent) if c.isascii() and c.isdigit()] == digits


def test_characters_are_named_by_look_code_and_name() -> None:
    assert character_name("⅛") == '"⅛" (U+215B, vulgar fraction one eighth)'
    assert character_name("\u200b") == "U+200B, zero width space"
    assert character_name("\x07") == "U+0007, control character"
