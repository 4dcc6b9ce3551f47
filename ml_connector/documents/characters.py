"""How messages name a character: as it looks, and by what it is, for many look alike or like nothing."""

import unicodedata


def character_name(character: str) -> str:
    """A character by its look, code point and name: "⅛" (U+215B, vulgar fraction one eighth)."""
    look = f'"{character}" ' if character.isprintable() and not character.isspace() else ""
    name = unicodedata.name(character, "").lower() or "control character"
    told = f"U+{ord(character):04X}, {name}"
    return f"{look}({told})" if look else told
