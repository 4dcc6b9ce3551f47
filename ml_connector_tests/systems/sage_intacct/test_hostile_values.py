"""Whatever stands in a document's texts: it is sent as XML, stands there once, and is found again by what it became."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.flows.core.ports import BILLS, GOODS_RECEIPTS, Identity, target_of
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import (
    account_line,
    bill_of,
    lines_of,
    new_key,
    new_number,
    order_of,
    plan,
    plan_receipt,
    receipt_of,
    receive,
)

VALUES = {
    "control characters": "A\x00B\x01C\x0bD\x0cE\x1fF\x7f",
    "line ends": "one\r\ntwo\tthree\u2028four",
    "bare ampersand": "Nuts & Bolts &nbsp; &#0; &bogus;",
    "markup": "<create_bill>]]></a><!-- x --><![CDATA[y]]>",
    "an entity": '<!DOCTYPE a [<!ENTITY x "y">]>&x;',
    "quotes": "O'Neil \"and\" sons\\'; DROP TABLE--",
    "halves of code points": "A\ud800B\udfffC",
    "no characters": "A\ufffeB\uffffC",
    "other scripts": "Müller 株式会社 \U0001f529 עברית",
    "our own mark": "INV [mlc-0123456789abcdef0123]",
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_bill_with_it_in_every_text_stands_once_and_is_found(bench: Bench, name: str) -> None:
    erp, value = bench.erp(), VALUES[name]
    number, key = f"{new_number()} {value}", new_key()
    line = account_line(description=value)
    bill = bill_of(line, number=number, description=value, order_number=value, told=(value,))
    ((operation, written),) = bench.post(erp, plan(erp, bill, key))
    stored = [row for row in bench.rows("APBILL") if str(row.number) == written.outside_id]
    assert [row.text("RECORDID") for row in stored] == [xml.stripped(number)]
    assert stored[0].text("DOCNUMBER") == xml.stripped(value)
    assert stored[0].text("DESCRIPTION").endswith(f"[{key}]")
    (stored_line,) = bench.state.main.lines("APBILL", stored[0])
    assert stored_line.text("ENTRYDESCRIPTION") == xml.stripped(value)
    assert erp.find_written([operation])[operation.id].outside_id == written.outside_id
    (found,) = target_of(erp, BILLS).existing([Identity(bill.vendor_id, number)])
    assert (found.our_key, found.outside_id) == (key, written.outside_id)
    assert ("warning" in written.detail) is bool(xml.forbidden_in(value))


@pytest.mark.parametrize("name", sorted(VALUES))
def test_receivers_and_vendor_invoices_with_it_stand_once_and_are_found(bench: Bench, name: str) -> None:
    erp, value = bench.erp(), VALUES[name]
    order = order_of(bench, erp, lines=1)
    receipt = changed(receipt_of(order, reference=f"{new_number()} {value}"), description=value)
    ((operation, written),) = bench.post(erp, plan_receipt(erp, receipt))
    assert erp.find_written([operation])[operation.id].outside_id == written.outside_id
    assert len(target_of(erp, GOODS_RECEIPTS).existing([Identity(receipt.vendor_id, receipt.reference)])) == 1
    bill = bill_of(*(changed(one, description=value) for one in lines_of(order)), number=f"{new_number()} {value}")
    ((operation, written),) = bench.post(erp, plan(erp, bill))
    assert erp.find_written([operation])[operation.id].outside_id == written.outside_id
    assert len(target_of(erp, BILLS).existing([Identity(bill.vendor_id, bill.number)])) == 1


@pytest.mark.parametrize("vendor", ["V-17' OR '1'='1", "V-17</value>", "%", "", " ", "v-17"])
def test_a_look_up_finds_no_others(bench: Bench, vendor: str) -> None:
    erp = bench.erp()
    number = new_number()
    bench.post(erp, plan(erp, bill_of(account_line(), number=number)))
    found = target_of(erp, BILLS).existing([Identity(vendor, number), Identity("V-17", "%"), Identity("V-17", " ")])
    assert len(found) == (1 if vendor == "v-17" else 0)


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [("3", "0.3333", "1.00"), ("7", None, "10.00"), ("0.5", "3.333", "1.67"), ("1000", "0.0005", "0.50")],
)
def test_amounts_come_to_the_invoices_own(bench: Bench, quantity: str, price: str | None, amount: str) -> None:
    erp = bench.erp(several_sources="split")
    order = order_of(bench, erp, lines=1)
    at = order.lines[0]
    values: dict[str, Any] = {"UIQTY": Decimal(quantity), "QTY_REMAINING": Decimal(quantity)}
    row = next(one for one in bench.rows("PODOCUMENTENTRY") if one.text("DOCHDRID") == order.id)
    row.values.update(values)
    receive(bench, order)
    (line,) = lines_of(order)
    line = changed(
        line,
        quantity=Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        amount=Decimal(amount),
    )
    assert at.id == line.order_line_id
    bill = bill_of(line)
    bench.post(erp, plan(erp, bill))
    (document,) = bench.rows("PODOCUMENT", VENDORDOCNO=bill.number)
    assert document.amount("TOTAL") == Decimal(amount)
