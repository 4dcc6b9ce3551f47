"""What the codes of a customer's order say that it is; what is on no list holds it with a question (DESIGN 3, 9)."""

from collections.abc import Mapping

from ml_connector.config.partners import OrderTypeMeaning
from ml_connector.documents.common import Purpose
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrderKind
from ml_connector.errors import NeedsCorrection, Reason

#: BEG01 of an order that is about no other one (x12-procurement 5). Empty: a flat file.
FIRST = frozenset({"", Purpose.ORIGINAL.value})
#: BEG02 (x12-procurement 5). Orders for delivery: stand-alone, new order, purchase order, rush, reorder. A blanket
#: order asks for nothing yet; a dropship or consigned order needs an agreement: held unless a setting decides.
TYPES: Mapping[str, OrderTypeMeaning] = {
    "": "order",
    "SA": "order",
    "NE": "order",
    "KN": "order",
    "RO": "order",
    "RE": "order",
    "RL": "release",
}
_NAMES = {
    "BK": "blanket order, firm quantity",
    "BE": "blanket order, estimated quantity",
    "DS": "dropship",
    "CN": "consigned order",
    "CF": "confirmation",
    "CP": "change of an order",
}


def purpose_of(order: PurchaseOrder) -> str:
    """BEG01 as the lists have it."""
    return str(order.purpose or "").strip().upper()


def is_first(order: PurchaseOrder) -> bool:
    """Whether an order is about no other one."""
    return purpose_of(order) in FIRST


def kind_of(order: PurchaseOrder, own: Mapping[str, OrderTypeMeaning]) -> SalesOrderKind:
    """What an order is by its type. own: what settings say of types.

    Raises:
        NeedsCorrection: its type is on no list, or is held by one; a release names no order that it is of.
    """
    code = order.order_type.strip().upper()
    meaning = own.get(code) or TYPES.get(code, "held")
    if meaning == "held":
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Order {order.number} is of type {code} (BEG02): {_NAMES.get(code, 'a type that is not known here')}.",
            remedy="Ask the customer what it wants and enter it in the ERP by hand, then discard this; or say under "
            f"`order_types` what {code} means (order, blanket or release), of the flow or of the partner, and replay.",
            data={"order": order.number, "type": code},
        )
    if meaning == "release" and not order.release and not order.contract:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Order {order.number} is a release (BEG02 {code}) and names no release and no contract (BEG04, BEG06).",
            remedy="Ask the customer which blanket order it is of and for a corrected order; or say under "
            "`order_types` "
            f"that {code} means a plain order, and replay.",
            data={"order": order.number, "segment": "BEG", "element": 4},
        )
    return SalesOrderKind(meaning)
