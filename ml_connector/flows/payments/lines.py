"""What is settled, as lines of a payment."""

from collections.abc import Mapping

from ml_connector.documents.payables.settlements import PaymentLine
from ml_connector.flows.payments.allocation import Allocation, folded


def lines_of(allocated: Allocation, shown: Mapping[str, str] | None = None) -> tuple[PaymentLine, ...]:
    """One line an item. shown: the number that people know, where the payment names an item otherwise; folded."""
    names = shown or {}
    return tuple(
        PaymentLine(
            item_id=one.item.id,
            number=names.get(folded(one.item.number), one.item.number),
            kind=one.item.kind,
            amount=one.amount,
            discount=one.discount,
            entry=one.item.entry,
            account=one.item.account,
            bill=one.item.bill,
        )
        for one in allocated.settled
    )
