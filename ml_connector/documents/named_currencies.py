"""Every currency that a document names, wherever it does: CUR02 and CUR05 of head, lines, charges and parties."""

from collections.abc import Iterable, Iterator

from ml_connector.documents.common import KeptElement, KeptSegment
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder


def named_currencies(document: Invoice | PurchaseOrder | OrderAcknowledgment) -> list[str]:
    """Each once, as capitals, in alphabetical order."""
    return sorted({code.strip().upper() for code in _named(document) if code.strip()})


def _named(document: Invoice | PurchaseOrder | OrderAcknowledgment) -> Iterator[str]:
    yield document.currency
    yield from _kept(document.kept)
    yield from _in_segments(document.extras)
    for one in (document, *document.lines):
        for charge in one.allowances:
            yield from _in_segments(charge.extras)
        for party in one.parties:
            yield from _in_segments(party.extras)
    for line in document.lines:
        yield from _in_segments(line.extras)


def _kept(elements: Iterable[KeptElement]) -> Iterator[str]:
    yield from (one.value for one in elements if one.segment_id == "CUR" and one.position == 5)


def _in_segments(segments: Iterable[KeptSegment]) -> Iterator[str]:
    for segment in segments:
        if segment.segment_id == "CUR":
            yield from (segment.elements[at] for at in (1, 4) if at < len(segment.elements))
        yield from _in_segments(segment.inside)
