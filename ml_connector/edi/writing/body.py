"""The segments of a set between ST and SE, as a document says them in one version."""

from decimal import Decimal

from ml_connector.documents.common import Record
from ml_connector.edi.framing.values import read_decimal, write_decimal
from ml_connector.edi.mapping.registry import write_document
from ml_connector.edi.mapping.scopes import Unit, arranged, flat
from ml_connector.edi.validation.schema import SetRule


def body_of(document: Record, rule: SetRule) -> list[list[str]]:
    """All segments between ST and SE: the opening one, and what follows it in the definition's order."""
    segments: list[list[str]] = []
    flat([_ordered(document, rule)], segments)
    return segments


def _ordered(document: Record, rule: SetRule) -> Unit:
    """The set's opening segment, with what follows it in the definition's order."""
    opening = write_document(document)
    opening.inside = arranged(opening.inside, rule.root)
    return opening


def versioned(elements: list[str], set_type: str, version: str, in_notes: bool) -> list[str]:
    """A segment as the version has it (x12-procurement 13)."""
    if elements[0] == "AK1" and version < "005010":
        return elements[:3]
    if elements[0] == "MSG" and in_notes and set_type == "850" and version >= "005010":
        return ["MTX", "", elements[1]]
    return elements


def totalled(elements: list[str], lines: int, quantities: list[str] | None) -> list[str]:
    """CTT with its count of lines, and the sum of their quantities where those are given."""
    filled = [*elements, *[""] * (3 - len(elements))]
    filled[1] = str(lines)
    if quantities is not None:
        filled[2] = write_decimal(sum((read_decimal(v) or Decimal(0) for v in quantities), Decimal(0)))
    return cut(filled)


def cut(elements: list[str]) -> list[str]:
    """The elements without empty ones at their end, in place; the id stays."""
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return elements
