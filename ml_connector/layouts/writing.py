"""The way out: documents to a file, read back before anybody gets it, so that what is lost is known."""

from collections.abc import Iterator, Sequence

from ml_connector.documents.common import Record
from ml_connector.documents.json import kind_of
from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import ConnectorError, NeedsCorrection, Reason, WeAreWrong
from ml_connector.layouts.convert.field_values import flat
from ml_connector.layouts.convert.from_documents import MOST_TOLD, Taker, WriteContext, named
from ml_connector.layouts.formats import json_files, xml_writing
from ml_connector.layouts.formats.row_writing import write_rows
from ml_connector.layouts.reading import read_documents
from ml_connector.layouts.spec.compiled_layout import ROWS, Layout
from ml_connector.layouts.values.encodings import encoded
from ml_connector.layouts.values.findings import shown

#: Without these, the other side would understand something else; all of them stand for values in documents.
MATTERS = frozenset(
    {"number", "currency", "purpose", "change", "status", "quantity", "unit", "price", "price_basis", "order_number"}
    | {"references", "items", "allowances", "taxes", "schedules", "answers", "lines", "orders", "values"}
)
#: And of some kinds these.
MATTERS_TO = {
    "Invoice": frozenset({"type", "total", "invoice_date"}),
    "Remittance": frozenset({"amount", "total"}),
    "OrderAcknowledgment": frozenset({"type"}),
    "ReferenceData": frozenset({"scope", "code"}),
}
#: References that tell the buyer where an order comes from, and its partner nothing (x12-procurement 4: REF01 CR).
TELLS_ONLY = frozenset({"references[CR]"})
#: Values that mean nothing more than that nothing is said.
SAYS_NOTHING = frozenset({("price_basis", "PE"), ("price_basis", "UM"), ("references", "")})


def write_documents(documents: Sequence[Record], layout: Layout, context: WriteContext | None = None) -> bytes:
    """The file of these documents, which are of the layout's kind.

    What was written is read again and compared: a document of which something that matters has no place in the
    layout is not written (`leaves_out` in the layout allows it). What else has none is told by `left_out`.

    Raises:
        NeedsCorrection: a document cannot be written, or not without losing what matters; or more documents than a file
            of this layout can hold. Names every value.
    """
    data, problems = _written(documents, layout, context or WriteContext())
    if problems:
        told = "; ".join(problems[:MOST_TOLD]) + (
            f"; and {len(problems) - MOST_TOLD} more" * (len(problems) > MOST_TOLD)
        )
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Layout {layout.name} would lose what matters: {told}.",
            remedy="Give it a field in the layout, or name it under `leaves_out` if the partner does not need it.",
            data={"problems": problems[:MOST_TOLD], "layout": layout.name},
        )
    return data


def left_out(document: Record, layout: Layout, context: WriteContext | None = None) -> tuple[str, ...]:
    """Addresses of the values of a document that the layout has no place for.

    Raises:
        NeedsCorrection: the document cannot be written at all.
    """
    used = context or WriteContext()
    data = _bytes([document], layout, used)
    [back] = read_documents(data, layout, currency=used.currency)
    return tuple(dict.fromkeys(address for address, _ in _lost(document, back.document)))


def _written(documents: Sequence[Record], layout: Layout, context: WriteContext) -> tuple[bytes, list[str]]:
    data = _bytes(documents, layout, context)
    allowed = frozenset(layout.settings.leaves_out)
    problems: list[str] = []
    try:
        back = list(read_documents(data, layout, currency=context.currency))
    except ConnectorError as error:
        raise _unreadable(layout, error.message) from error
    if len(back) != len(documents):
        raise _unreadable(layout, f"{len(documents)} documents were written and {len(back)} are read")
    for document, read in zip(documents, back, strict=True):
        if wrong := [f.message for f in read.findings if f.is_error]:
            raise _unreadable(layout, f"{named(document)}: {wrong[0]}")
        for address, value in _lost(document, read.document):
            if _matters(document, address, value, allowed):
                problems.append(f"{named(document)}: {address} {shown(value)}")
    return data, problems


def _unreadable(layout: Layout, why: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"What {layout.name} writes could not be read again: {why}",
        remedy="Mend the document where it comes from, or the layout.",
        data={"layout": layout.name},
    )


def _bytes(documents: Sequence[Record], layout: Layout, context: WriteContext) -> bytes:
    if not documents:
        raise WeAreWrong("a file of no documents")
    if len(documents) > 1 and not layout.holds_several:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"{len(documents)} documents, but a file of layout {layout.name} holds one.",
            remedy="Write one file for each.",
        )
    if strange := next((one for one in documents if kind_of(one) is not layout.kind), None):
        raise WeAreWrong(f"{named(strange)} is not what layout {layout.name} writes: {layout.kind.value}")
    taker = Taker(layout, context)
    nodes = [taker.take(document) for document in documents]
    settings = layout.settings
    encoding, bom = settings.text.encoding, settings.text.bom
    if layout.format in ROWS:
        return encoded(write_rows(nodes, layout), encoding, bom=bom)
    if layout.format == "json":
        return encoded(json_files.write(nodes, layout), encoding, bom=bom)
    declared = "utf-16" if encoding.lower().startswith("utf-16") else encoding
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n'
    return encoded(declaration + xml_writing.write(nodes, layout), encoding, bom=bom)


def _matters(document: Record, address: str, value: str, allowed: frozenset[str]) -> bool:
    names = [part.partition("[")[0] for part in address.split(".")]
    of_kind = MATTERS_TO.get(type(document).__name__, frozenset())
    told = next((name for name in names if name in MATTERS and name not in {"lines", "orders", "items"}), "")
    told = told or next((name for name in names[-1:] if name in MATTERS or name in of_kind), "")
    destination = address.startswith("parties[ST]") and names[-1] == "id"
    if address in TELLS_ONLY:
        return False
    if (names[-1], value) in SAYS_NOTHING or (not told and not destination):
        return False
    return not allowed & {address, *names}


def _lost(document: Record, back: Record | None) -> Iterator[tuple[str, str]]:
    """Address and text of every value that did not come back as it was."""
    found = dict(flat(back, "")) if back is not None else {}
    for address, value in flat(document, ""):
        if as_key(found.get(address, "")) != as_key(value):
            yield address, value
