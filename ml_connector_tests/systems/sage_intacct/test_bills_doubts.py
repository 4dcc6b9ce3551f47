"""Bills that Sage Intacct could not hold as they are: held with what to do, never posted for another amount."""

from decimal import Decimal

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.values.currencies import smallest
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.values import body_of
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import (
    account_line,
    bill_of,
    lines_of,
    order_of,
    plan,
    receive,
)


@pytest.mark.parametrize("billed_from", ["receipts", "orders"])
@pytest.mark.parametrize("quantity", ["-1", "0"])
def test_a_line_that_takes_something_back_is_held(bench: Bench, quantity: str, billed_from: str) -> None:
    """Left out of the document, more would be owed than the supplier asks for."""
    erp = bench.erp(billed_from=billed_from)
    order = order_of(bench, erp, lines=2)
    if billed_from == "receipts":
        receive(bench, order)
    first, second = lines_of(order)
    back = changed(second, quantity=Decimal(quantity), amount=Decimal("-2.50"))
    with pytest.raises(
        NeedsCorrection, match=rf"Line 2 .* has {quantity} of .* for -2.5: .*takes nothing back"
    ) as held:
        plan(erp, bill_of(first, back))
    assert held.value.reason is Reason.UNSUPPORTED_DOCUMENT
    assert "credit note" in held.value.remedy


def test_an_amount_of_three_places_is_held(bench: Bench) -> None:
    erp = bench.erp(exchange_rate_type="Intacct Daily Rate")
    with pytest.raises(NeedsCorrection, match=r"15\.005 has more than two decimals") as held:
        plan(erp, bill_of(account_line("15.005"), currency="KWD"))
    assert "by hand" in held.value.remedy


@pytest.mark.parametrize(("currency", "amount"), [("CAD", "10.01"), ("JPY", "1000")])
def test_an_amount_is_shared_out_over_receivers_in_its_currencys_places(
    bench: Bench, currency: str, amount: str
) -> None:
    erp = bench.erp(exchange_rate_type="Intacct Daily Rate")
    order = order_of(bench, erp, lines=1)
    for share in ("0.3", "1"):
        receive(bench, order, share=Decimal(share))
    line = changed(lines_of(order)[0], amount=Decimal(amount), unit_price=None)
    parts = []
    for operation in plan(erp, bill_of(line, currency=currency)):
        (item,) = xml.fragment(body_of(operation.payload)["call"]).iter("potransitem")
        cost = Decimal(xml.words(item, "quantity")) * Decimal(xml.words(item, "price"))
        parts.append(cost.quantize(Decimal("0.01")))
    assert len(parts) == 2
    assert sum(parts) == Decimal(amount)
    assert all(one % smallest(currency) == 0 for one in parts)
