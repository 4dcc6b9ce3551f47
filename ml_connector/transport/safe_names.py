"""Names that come from outside, made fit to be kept and shown."""

import re

MAX_NAME = 400
#: Control characters, marks that turn the direction of reading around, line separators, broken code points.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: Names that mean a folder, never a file.
DOTS = {"", ".", ".."}


def clean_name(value: object) -> str:
    """A name as one line of text that every database takes: what could mislead becomes U+FFFD."""
    return UNFIT.sub("\N{REPLACEMENT CHARACTER}", value)[:MAX_NAME] if isinstance(value, str) else ""
