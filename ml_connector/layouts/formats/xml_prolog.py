"""What stands before the root of an XML file: declaration and document type. Nothing that they name is ever fetched."""

import re

from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.values.findings import shown

_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_NAME = r"[^\s<>\[\]'\"/]{1,200}"
_LITERAL = r"(?:\"[^\"<]{0,2000}\"|'[^'<]{0,2000}')"
#: A document type that names an external subset, or nothing at all; what is in brackets would be an internal one.
_DOCUMENT_TYPE = re.compile(
    rf"<!DOCTYPE\s+{_NAME}(?:\s+(?:SYSTEM\s+{_LITERAL}|PUBLIC\s+{_LITERAL}\s+{_LITERAL}))?\s*(?P<end>>|\[|)"
)


def declared_encoding(data: bytes) -> str:
    """The encoding that an XML declaration names; empty when it names none that can be seen as ASCII."""
    found = _DECLARED.match(data[:200].lstrip().removeprefix(b"\xef\xbb\xbf"))
    return found.group(1).decode("ascii") if found else ""


def without_prolog(text: str) -> str:
    """The text without its declaration and its document type; blank lines stand for theirs, so that lines keep their
    numbers. Entities that an external subset declares are unknown then, and whoever uses one is refused.

    Raises:
        SenderMustCorrect: the document type declares something itself (an internal subset), or is none.
    """
    found = _DECLARATION.match(text)
    body = _blank(text, found.start(), found.end()) if found else text.lstrip()
    if not found:
        # Lines count from the first of the text.
        body = "\n" * text[: len(text) - len(body)].count("\n") + body
    at = _document_type(body)
    if at < 0:
        return body
    kind = _DOCUMENT_TYPE.match(body, at)
    if kind is None or kind.group("end") != ">":
        raise _refused(body, at, internal=kind is not None and kind.group("end") == "[")
    body = _blank(body, at, kind.end())
    if (second := _document_type(body)) >= 0:
        raise _refused(body, second, internal=False)
    return body


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


def _document_type(text: str) -> int:
    """Where the prolog has a document type; below 0 where it has none."""
    at = 0
    while True:
        at = text.find("<", at)
        if at < 0 or text.startswith("<!DOCTYPE", at):
            return at
        closing = "-->" if text.startswith("<!--", at) else "?>" if text.startswith("<?", at) else ""
        if not closing:
            return -1
        at = text.find(closing, at)
        if at < 0:
            return -1


def _refused(text: str, at: int, *, internal: bool) -> SenderMustCorrect:
    line = text.count("\n", 0, at) + 1
    if internal:
        problem = "the document type (DOCTYPE) declares something of its own in brackets, which is never read"
        remedy = "Ask the sender for XML whose DOCTYPE, if it has one, names an external DTD only."
    else:
        problem = f"{shown(text[at : at + 60])} is not a document type (DOCTYPE) that is read"
        remedy = "Ask the sender for XML without one."
    return SenderMustCorrect(f"Line {line}: {problem}.", remedy=remedy, data={"row": line})
