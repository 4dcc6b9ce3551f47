"""A document as its partner reads it: what it says once it was written."""

from typing import TypeVar

from ml_connector.documents.common import Record
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.registry import read_document, set_type_of
from ml_connector.edi.validation.schema import set_rule
from ml_connector.edi.validation.structure import grow
from ml_connector.edi.writing.body import body_of
from ml_connector.errors import WeAreWrong

D = TypeVar("D", bound=Record)
_VERSION = "004010"


def as_read(document: D) -> D:
    """The document that our own reader makes of it, so that what is kept of it is what was sent.

    Raises:
        NeedsCorrection: a value that X12 has no form for.
    """
    set_type = set_type_of(document)
    rule = set_rule(set_type, _VERSION)
    if rule is None:
        raise WeAreWrong(f"set {set_type} has no definition")
    body = body_of(document, rule)
    segments = [Segment(elements, number) for number, elements in enumerate([["ST", set_type], *body], 1)]
    read = read_document(grow(segments, rule.root))
    if not isinstance(read, type(document)):
        raise WeAreWrong(f"a written {set_type} is read as {type(read).__name__}")
    return read
