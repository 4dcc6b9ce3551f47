"""What nobody sees is no part of a key: every character of Unicode that shows nothing or only room, by its category."""

import unicodedata
from collections.abc import Iterator

from ml_connector.documents.values.unseen import as_digits, as_key, hidden_in, unseen_in

#: Format characters that are seen: signs that enclose numbers, and those that join hieroglyphs.
SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
#: Letters and marks that show nothing (Default_Ignorable_Code_Point of Unicode, but for format characters).
FILLERS = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0}
FILLERS |= {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def of(*categories: str) -> Iterator[str]:
    return (chr(code) for code in range(0x80, 0x110000) if unicodedata.category(chr(code)) in categories)


def test_format_characters_and_fillers_are_no_part_of_a_key() -> None:
    for char in [*of("Cf"), *map(chr, sorted(FILLERS))]:
        if ord(char) not in SEEN:
            assert (as_key(f"A{char}1"), unseen_in(f"A{char}1"), hidden_in(f"A{char}1")) == ("A1", char, char), hex(
                ord(char)
            )


def test_blanks_and_line_ends_of_every_kind_are_blanks() -> None:
    for char in [*of("Zs", "Zl", "Zp"), "\x85"]:
        assert (as_key(f"A{char}1"), as_key(f"{char}A1{char}"), unseen_in(f"A{char}1")) == ("A 1", "A1", char), hex(
            ord(char)
        )


def test_what_is_seen_stays() -> None:
    for text in ("A\u06001", "A\u20131", "\u0410", "\uff11", "A\u03361", "A\ufffc1", "A\u3000 "):
        assert as_key(text) == text.replace("\u3000", "").rstrip()


def test_a_number_is_read_without_what_is_hidden_in_it_and_not_joined_over_blanks() -> None:
    assert as_digits("1\U0001d1736") == "16"
    assert as_digits("1\u20286") == "1\u20286"
