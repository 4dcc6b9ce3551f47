"""Our key in a record of an ERP that has no field for it: at the end of a text that the record keeps."""

import re

_KEY = re.compile(r"\[([A-Za-z0-9_-]{6,80})\]\s*\Z")
#: As flows make keys; a mark of somebody else's ([URGENT]) is no key.
_OURS = re.compile(r"\[mlc-[A-Za-z0-9_-]{1,80}\]\Z")


def with_key(text: str, key: str, length: int) -> str:
    """Text with our key at its end, the text shortened so that the key stays whole."""
    mark = f"[{key}]"
    shortened = " ".join(text.split())[: max(0, length - len(mark) - 1)].strip()
    return f"{shortened} {mark}".strip()


def key_in(text: str) -> str:
    """Our key, where the text ends with one; else empty."""
    match = _KEY.search(text)
    return match.group(1) if match else ""


def without_key(text: str) -> str:
    """A text for others to read: our key at its end tells them nothing."""
    found = _OURS.search(text.rstrip())
    return text[: found.start()].rstrip() if found is not None else text
