"""What an order comes to."""

from decimal import Decimal

from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.values.currencies import rounded
from ml_connector.documents.values.price_basis import is_decided, pieces


def amount_of(order: PurchaseOrder) -> Decimal | None:
    """In the order's currency: the total that it says, else what its lines come to.

    None where it names no currency, or the quantity or price of a line is not plain: nothing is assumed.
    """
    if not order.currency or not order.lines:
        return None
    if order.total is not None:
        return order.total
    amounts = [_amount(line) for line in order.lines]
    known = [amount for amount in amounts if amount is not None]
    return rounded(sum(known, Decimal(0)), order.currency) if len(known) == len(amounts) else None


def _amount(line: OrderLine) -> Decimal | None:
    if line.quantity is None or line.price is None or not is_decided(line.price_basis):
        return None
    return line.quantity * line.price / pieces(line.price_basis)
