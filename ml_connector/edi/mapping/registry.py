"""Which mapping reads and writes which set."""

from functools import cache

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.common import DocumentKind, Purpose, Record, changed
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.acknowledgment import read_acknowledgment, write_acknowledgment
from ml_connector.edi.mapping.advice import ADVICE
from ml_connector.edi.mapping.invoice import INVOICE
from ml_connector.edi.mapping.order import ORDER
from ml_connector.edi.mapping.order_acknowledgment import CHANGE_ACKNOWLEDGMENT, ORDER_ACKNOWLEDGMENT
from ml_connector.edi.mapping.order_change import ORDER_CHANGE
from ml_connector.edi.mapping.remittance import REMITTANCE
from ml_connector.edi.mapping.scopes import Scope, Unit
from ml_connector.edi.mapping.ship_notice import read_ship_notice, write_ship_notice
from ml_connector.edi.validation.structure import Loop
from ml_connector.errors import WeAreWrong

#: Sets whose document is one scope, with the segment that opens it.
SCOPES: dict[str, tuple[str, Scope]] = {
    "850": ("BEG", ORDER),
    "860": ("BCH", ORDER_CHANGE),
    "855": ("BAK", ORDER_ACKNOWLEDGMENT),
    "865": ("BCA", CHANGE_ACKNOWLEDGMENT),
    "810": ("BIG", INVOICE),
    "820": ("BPR", REMITTANCE),
    "824": ("BGN", ADVICE),
}

_CARRIERS: dict[type[Record], tuple[str, str, str]] = {
    PurchaseOrder: ("850", "", ""),
    OrderChange: ("860", "", ""),
    OrderAcknowledgment: ("855", "865", "answers_change"),
    ShipNotice: ("856", "", ""),
    Invoice: ("810", "", ""),
    Remittance: ("820", "", ""),
    ApplicationAdvice: ("824", "", ""),
    FunctionalAcknowledgment: ("997", "999", "implementation"),
}

#: The segment without which a set has no document.
OPENINGS = {
    "856": "BSN",
    "997": "AK1",
    "999": "AK1",
    **{set_type: opening for set_type, (opening, _) in SCOPES.items()},
}

#: The set that a beginning segment tells, where its ST was lost.
OPENED_BY = {opening: set_type for set_type, opening in reversed(OPENINGS.items())}

KINDS: dict[str, DocumentKind] = {
    "850": DocumentKind.ORDER,
    "855": DocumentKind.ORDER_ACKNOWLEDGMENT,
    "856": DocumentKind.SHIP_NOTICE,
    "860": DocumentKind.ORDER_CHANGE,
    "865": DocumentKind.CHANGE_ACKNOWLEDGMENT,
    "810": DocumentKind.INVOICE,
    "820": DocumentKind.REMITTANCE,
    "824": DocumentKind.APPLICATION_ADVICE,
    "997": DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT,
    "999": DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT,
}


def read_document(root: Loop) -> Record | None:
    """The document of a set's tree; None when the segment that every such set begins with is missing."""
    set_type = root.loop_id
    if set_type == "856":
        notice, bsn = read_ship_notice(root), root.find("BSN")
        return _as_sent(notice, bsn) if notice is not None and bsn is not None else notice
    if set_type in {"997", "999"}:
        return read_acknowledgment(root)
    opening_id, scope = SCOPES[set_type]
    opening = root.find(opening_id)
    if opening is None:
        return None
    body = Loop(root.rule)
    body.segments = [s for s in root.segments if s is opening or s.elements[0] not in {"ST", "SE"}]
    body.loops = root.loops
    document: Record = scope.read(body, opening)
    return _as_sent(document, opening)


#: What a sender says with the first elements of a beginning segment, and writers of documents need not say.
_SAID = {1: ("purpose",), 2: ("order_type", "type")}


def _as_sent(document: Record, opening: Segment) -> Record:
    """Without the purpose and type that a new document has by itself, where the sender gave none."""
    if not isinstance(document, PurchaseOrder | OrderChange | OrderAcknowledgment | ShipNotice):
        return document
    elements = [*opening.elements, "", ""]
    unsaid = [name for place, names in _SAID.items() if not elements[place] for name in names]
    values = {name: Purpose("") if name == "purpose" else "" for name in unsaid if getattr(document, name, "")}
    return changed(document, **values) if values else document


def set_type_of(document: Record) -> str:
    """The set that carries a document. Raises WeAreWrong for a record that no set carries."""
    usual, other, told_by = _carried_by(type(document))
    return other if told_by and getattr(document, told_by) else usual


@cache
def _carried_by(kind: type[Record]) -> tuple[str, str, str]:
    """The sets that carry a model: the usual one, and the one for those that have the field named last."""
    for model, sets in _CARRIERS.items():
        if issubclass(kind, model):
            return sets
    raise WeAreWrong(f"{kind.__name__} is not carried by any set")


def write_document(document: Record) -> Unit:
    """The set's opening segment with all that follows it inside, not yet in order."""
    if isinstance(document, ShipNotice):
        return write_ship_notice(document)
    if isinstance(document, FunctionalAcknowledgment):
        return write_acknowledgment(document)
    return SCOPES[set_type_of(document)][1].write(document)
