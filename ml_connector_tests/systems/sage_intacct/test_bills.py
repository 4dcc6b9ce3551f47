"""Bills over the stand-in: from receivers, from orders, by account, credits; in the right entity, each once."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.errors import NeedsCorrection, OutcomeUnknown, Reason, RefusedBySystem
from ml_connector.flows.core.ports import BILLS, Identity, target_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.seed import ENTITY, FREIGHT, IRONWORKS, SECOND_ENTITY
from ml_connector_tests.support.waiting import wait_until
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
    read_order,
    receipt_of,
    receive,
)


def charge(item: str = "COOLANT", amount: str = "25.00", **more: object) -> object:
    return account_line(amount, gl_account_id="", item_id=item, charge_code="D240", **more)


# ---------------------------------------------------------------- without an order


def test_a_bill_without_an_order_has_accounts_and_dimensions(bench: Bench) -> None:
    erp = bench.erp()
    lines = (
        account_line("100.10", "6100", number=1, other_dimensions={"location": "120", "department": "10"}),
        account_line("20.40", "6200", number=2, quantity=Decimal(2)),
    )
    bill = bill_of(*lines, vendor=FREIGHT, order_number="PO0213", due_date=date(2026, 12, 20))
    ((operation, written),) = bench.post(erp, plan(erp, bill, "mlc-00000000000000000b01"))
    (row,) = bench.rows("APBILL", RECORDID=bill.number)
    assert (str(row.number), row.text("STATE"), row.text("DOCNUMBER")) == (written.outside_id, "Posted", "PO0213")
    assert (row.values["WHENCREATED"], row.values["WHENDUE"]) == (date(2026, 11, 20), date(2026, 12, 20))
    assert row.text("DESCRIPTION").endswith("[mlc-00000000000000000b01]")
    assert row.amount("TRX_TOTALENTERED") == bill.total
    told = [
        (one.text("ACCOUNTNO"), one.amount("TRX_AMOUNT"), one.text("LOCATIONID"), one.text("DEPARTMENTID"))
        for one in bench.state.main.lines("APBILL", row)
    ]
    assert told == [("6100", Decimal("100.10"), "120", "10"), ("6200", Decimal("20.40"), "110", "20")]
    assert "sandbox" not in operation.payload, "no secret is stored"


def test_a_bill_is_left_as_a_draft_by_setting(bench: Bench) -> None:
    erp = bench.erp(bill_action="Draft")
    bill = bill_of(account_line())
    bench.post(erp, plan(erp, bill))
    assert [row.text("STATE") for row in bench.rows("APBILL", RECORDID=bill.number)] == ["Draft"]


def test_a_credit_becomes_an_adjustment_that_takes_from_what_is_owed(bench: Bench) -> None:
    erp = bench.erp()
    credit = bill_of(account_line("40.00"), credit=True, original_invoice="INV-1", number=new_number())
    ((_, written),) = bench.post(erp, plan(erp, credit))
    (row,) = bench.rows("APADJUSTMENT", RECORDID=credit.number)
    assert (str(row.number), row.amount("TRX_TOTALENTERED")) == (written.outside_id, Decimal("-40.00"))
    assert bench.rows("APBILL", RECORDID=credit.number) == []


def test_a_credit_of_an_order_needs_an_account(bench: Bench) -> None:
    order = order_of(bench, erp := bench.erp())
    credit = bill_of(*lines_of(order), credit=True)
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, credit)
    assert held.value.reason is Reason.UNMAPPED_ACCOUNT
    with_account = bench.erp(credit_account="5000")
    bench.post(with_account, plan(with_account, credit))
    (row,) = bench.rows("APADJUSTMENT", RECORDID=credit.number)
    assert row.amount("TRX_TOTALENTERED") == -credit.total


def test_lines_without_an_amount_are_left_out(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(account_line("10.00"), account_line("0.00", number=10))
    bench.post(erp, plan(erp, bill))
    (row,) = bench.rows("APBILL", RECORDID=bill.number)
    assert len(bench.state.main.lines("APBILL", row)) == 1


def test_control_characters_are_left_out_and_told(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(account_line(description="Freight\x0b & <more>"))
    ((_, written),) = bench.post(erp, plan(erp, bill))
    assert written.detail["warning"] == "line 9: left out U+000B, which XML cannot hold"
    (row,) = bench.rows("APBILL", RECORDID=bill.number)
    (line,) = bench.state.main.lines("APBILL", row)
    assert line.text("ENTRYDESCRIPTION") == "Freight & <more>"


def test_another_currency_is_held_in_a_company_with_one(bench: Bench) -> None:
    bill = bill_of(account_line(), currency="CAD")
    with pytest.raises(NeedsCorrection) as held:
        plan(bench.erp(), bill)
    assert held.value.reason is Reason.CURRENCY_MISMATCH
    erp = bench.erp(exchange_rate_type="Intacct Daily Rate")
    bench.post(erp, plan(erp, bill))
    assert [row.text("CURRENCY") for row in bench.rows("APBILL", RECORDID=bill.number)] == ["CAD"]


# ---------------------------------------------------------------- with an order


def test_an_invoice_of_received_goods_is_converted_from_the_receiver_and_makes_one_bill(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receiver = receive(bench, order)
    bill = bill_of(*lines_of(order), charge(), order_number=order.number)  # type: ignore[arg-type]
    ((_, written),) = bench.post(erp, plan(erp, bill))
    (document,) = bench.rows("PODOCUMENT", VENDORDOCNO=bill.number)
    assert (document.text("DOCID"), document.text("CREATEDFROM")) == (written.outside_id, receiver.text("DOCID"))
    assert document.amount("TOTAL") == bill.total
    assert receiver.text("STATE") == "Converted"
    (made,) = [row for row in bench.rows("APBILL") if row.text("DESCRIPTION2") == document.text("DOCID")]
    assert (made.amount("TRX_TOTALENTERED"), made.text("MODULEKEY")) == (bill.total, "9.PO")
    again = read_order(erp, order.id)
    assert [(line.received, line.quantity) for line in again.lines] == [(one.quantity,) * 2 for one in order.lines]


def test_the_open_orders_tell_what_was_received_and_billed(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receive(bench, order, share=Decimal("0.5"))
    bench.post(erp, plan(erp, bill_of(*lines_of(order, Decimal("0.25")))))
    (open_order,) = [one for one in erp.tables["purchase_orders"].read(None).rows if one.id == order.id]  # type: ignore[attr-defined]
    assert [(line.received, line.invoiced) for line in open_order.lines] == [  # type: ignore[attr-defined]
        (line.quantity / 2, line.quantity / 4) for line in order.lines
    ]


def test_an_invoice_of_what_was_not_received_waits(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    bill = bill_of(*lines_of(order))
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill)
    assert held.value.reason is Reason.NOT_RECEIVED
    receive(bench, order)
    assert len(plan(erp, bill)) == 1, "the receiver that came meanwhile is seen at once"


def test_an_invoice_is_converted_from_the_order_by_setting(bench: Bench) -> None:
    erp = bench.erp(billed_from="orders")
    order = order_of(bench, erp)
    bill = bill_of(*lines_of(order))
    bench.post(erp, plan(erp, bill))
    (document,) = bench.rows("PODOCUMENT", VENDORDOCNO=bill.number)
    assert document.text("CREATEDFROM") == order.id


def test_an_invoice_of_several_receivers_becomes_a_document_of_each(bench: Bench) -> None:
    """One document has one source (7.2); together they are the invoice."""
    erp = bench.erp()
    order = order_of(bench, erp)
    first, second = (receive(bench, order, share=share) for share in (Decimal("0.5"), Decimal(1)))
    bill = bill_of(*lines_of(order), charge())  # type: ignore[arg-type]
    done = bench.post(erp, plan(erp, bill))
    documents = bench.rows("PODOCUMENT", VENDORDOCNO=bill.number)
    assert [row.text("CREATEDFROM") for row in documents] == [first.text("DOCID"), second.text("DOCID")]
    assert sum(row.amount("TOTAL") for row in documents) == bill.total
    found = erp.find_written([operation for operation, _ in done])
    assert {one.id: written.outside_id for one, written in done} == {
        number: written.outside_id for number, written in found.items()
    }


def test_an_invoice_of_several_receivers_is_held_by_setting(bench: Bench) -> None:
    erp = bench.erp(several_sources="hold")
    order = order_of(bench, erp)
    for share in (Decimal("0.5"), Decimal(1)):
        receive(bench, order, share=share)
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(*lines_of(order)))
    assert held.value.reason is Reason.AMBIGUOUS_ORDER_LINE


def test_two_invoices_of_one_batch_do_not_bill_the_same_goods(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receive(bench, order)
    first, second = bill_of(*lines_of(order)), bill_of(*lines_of(order))
    assert plan(erp, first, "mlc-00000000000000000c01") == plan(erp, first, "mlc-00000000000000000c01")
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, second, "mlc-00000000000000000c02")
    assert held.value.reason is Reason.NOT_RECEIVED


def test_a_price_that_does_not_come_out_even_still_comes_to_the_amount(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp, lines=1, items=("WIDGET1",))
    receive(bench, order)
    (line,) = lines_of(order)
    odd = bill_of(type(line)(**{**{f: getattr(line, f) for f in line.__struct_fields__},
                                "amount": Decimal("100.01"), "unit_price": None}))  # fmt: skip
    bench.post(erp, plan(erp, odd))
    (document,) = bench.rows("PODOCUMENT", VENDORDOCNO=odd.number)
    assert document.amount("TOTAL") == Decimal("100.01")


def test_a_charge_without_an_item_is_held(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receive(bench, order)
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(*lines_of(order), account_line()))
    assert held.value.reason is Reason.UNMAPPED_CHARGE


# ---------------------------------------------------------------- entities


def test_a_session_of_an_entity_books_into_that_entity(bench: Bench) -> None:
    erp = bench.erp(entity=ENTITY)
    bill = bill_of(account_line())
    bench.post(erp, plan(erp, bill))
    assert [row.owner for row in bench.rows("APBILL", RECORDID=bill.number)] == [ENTITY]
    assert erp.company.endswith(f":{ENTITY}")


def test_a_location_of_another_entity_is_held(bench: Bench) -> None:
    erp = bench.erp(entity=ENTITY)
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(account_line(other_dimensions={"location": "210"})))
    assert held.value.reason is Reason.INACTIVE_COST_CENTER
    assert held.value.data == {"location": "210", "entity": SECOND_ENTITY}


def test_a_location_that_was_made_since_is_known(bench: Bench) -> None:
    """The same worker looked at the locations before."""
    erp = bench.erp(entity=ENTITY)
    bill = bill_of(account_line(other_dimensions={"location": "130"}))
    with pytest.raises(NeedsCorrection):
        plan(erp, bill)
    bench.sandbox.call(user.put, bench.state, "LOCATION", {"LOCATIONID": "130", "NAME": "Reno", "PARENTID": ENTITY})
    bench.sandbox.clock.move(10)
    assert plan(erp, bill)


def test_a_bill_of_two_entities_is_held_at_the_top_level(bench: Bench) -> None:
    lines = [account_line(number=at, other_dimensions={"location": one}) for at, one in ((1, "110"), (2, "210"))]
    with pytest.raises(NeedsCorrection) as held:
        plan(bench.erp(), bill_of(*lines))
    assert held.value.reason is Reason.INACTIVE_COST_CENTER
    assert len(plan(bench.erp(between_entities=True), bill_of(*lines))) == 1


def test_a_line_without_a_location_is_held_where_the_company_has_entities(bench: Bench) -> None:
    with pytest.raises(NeedsCorrection, match="no location"):
        plan(bench.erp(location=""), bill_of(account_line()))


def test_equal_numbers_in_two_entities_are_not_crossed(bench: Bench) -> None:
    """The same vendor and invoice number: each connection sees its own, and its keys differ."""
    number, key = new_number(), new_key()
    ours, theirs = bench.erp(entity=ENTITY), None
    bench.name += "_b"
    theirs = bench.erp(entity=SECOND_ENTITY, location="210")
    bill = bill_of(account_line(), number=number)
    ((first, _),) = bench.post(ours, plan(ours, bill, key))
    assert list(target_of(theirs, BILLS).existing([Identity(IRONWORKS, number)])) == []
    (other,) = plan(theirs, bill, key)
    assert other.target != first.target
    bench.post(theirs, [other])
    assert sorted(row.owner for row in bench.rows("APBILL", RECORDID=number)) == [ENTITY, SECOND_ENTITY]


def test_a_private_entitys_bill_is_found_from_the_top(bench: Bench) -> None:
    number = new_number()
    entity = bench.erp(entity=SECOND_ENTITY, location="210")
    bench.post(entity, plan(entity, bill_of(account_line(), number=number)))
    bench.name += "_top"
    assert len(target_of(bench.erp(), BILLS).existing([Identity(IRONWORKS, number)])) == 1
    bench.name += "_blind"
    assert list(target_of(bench.erp(show_private=False), BILLS).existing([Identity(IRONWORKS, number)])) == []


# ---------------------------------------------------------------- once


def test_an_invoice_that_somebody_keyed_is_found_as_document_and_as_bill(bench: Bench) -> None:
    erp = bench.erp()
    by_hand, on_order = new_number(), new_number()
    bench.site.bill(by_hand.lower(), IRONWORKS, fields={"LOCATIONID": "110"})
    order = order_of(bench, erp)
    receive(bench, order, reference=on_order, definition="Vendor Invoice")
    found = target_of(erp, BILLS).existing([Identity(IRONWORKS, by_hand), Identity(IRONWORKS, on_order)])
    assert [(one.identity.number, one.source, one.our_key) for one in found] == [
        (on_order, "Vendor Invoice", ""),
        (by_hand, "APBILL", ""),
    ]


@pytest.mark.parametrize("seconds", [40.0, 0.0])
def test_after_a_late_commit_it_is_sent_again_and_stands_once(bench: Bench, seconds: float) -> None:
    """The first try is told to be running, then to be recorded, and is looked up; reads lag behind besides."""
    erp = bench.erp()
    bill = bill_of(account_line())
    (planned,) = plan(erp, bill)
    operation = bench.store(erp, planned)
    erp.find_written([operation])
    bench.fault(FaultKind.LATE_COMMIT, seconds=seconds or 1, real_time=False)
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert erp.find_written([operation]) == {}, "which proves nothing"
    with pytest.raises(OutcomeUnknown, match="Concurrent request"):
        erp.write(operation)
    bench.site.clock.move(60)
    bench.sandbox.call(lambda: None)
    wait_until(lambda: bench.rows("APBILL", RECORDID=bill.number), "the bill is there")
    bench.options.lag_seconds = 3600.0
    with pytest.raises(OutcomeUnknown, match="recorded APBILL"):
        erp.write(operation)
    bench.options.lag_seconds = 0.0
    written = erp.write(operation)
    (row,) = bench.rows("APBILL", RECORDID=bill.number)
    assert written.outside_id == str(row.number)
    assert written.detail["ours"] is True


def test_a_mended_payload_is_another_call_and_the_same_payload_the_same(bench: Bench) -> None:
    erp = bench.erp()
    wrong = bill_of(account_line(account="99999"), number=new_number())
    key = new_key()
    (first,), (again,) = plan(erp, wrong, key), plan(erp, wrong, key)
    (mended,) = plan(erp, bill_of(account_line(), number=wrong.number), key)
    assert first.payload == again.payload
    assert first.payload != mended.payload
    with pytest.raises(RefusedBySystem, match="99999"):
        bench.post(erp, [first])
    bench.post(erp, [mended])
    assert len(bench.rows("APBILL", RECORDID=wrong.number)) == 1


def test_the_same_key_in_two_companies_is_two_calls(bench: Bench) -> None:
    ours = bench.erp()
    bench.name += "_second"
    second = bench.erp(company_id=bench.site.login["second_company_id"])
    bill, key = bill_of(account_line()), new_key()
    bench.post(ours, plan(ours, bill, key))
    bench.post(second, plan(second, bill, key))
    counts = [
        len([row for row in books.tables["APBILL"] if row.text("RECORDID") == bill.number])
        for books in bench.state.companies.values()
    ]
    assert counts == [1, 1]


# ---------------------------------------------------------------- receipts


def test_a_shipment_becomes_a_receiver_that_converts_its_order(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receipt = receipt_of(order)
    ((_, written),) = bench.post(erp, plan_receipt(erp, receipt))
    (row,) = bench.rows("PODOCUMENT", VENDORDOCNO=receipt.reference)
    assert (row.text("DOCID"), row.text("CREATEDFROM")) == (written.outside_id, order.id)
    assert [line.received for line in read_order(erp, order.id).lines] == [one.quantity for one in order.lines]


def test_a_shipment_of_several_orders_becomes_a_receiver_of_each(bench: Bench) -> None:
    erp = bench.erp()
    orders = [order_of(bench, erp) for _ in range(2)]
    receipts = [receipt_of(one, reference="ASN-TWO") for one in orders]
    both = type(receipts[0])(
        **{
            **{f: getattr(receipts[0], f) for f in receipts[0].__struct_fields__},
            "lines": (*receipts[0].lines, *receipts[1].lines),
        }
    )
    done = bench.post(erp, plan_receipt(erp, both))
    assert [row.text("CREATEDFROM") for row in bench.rows("PODOCUMENT", VENDORDOCNO="ASN-TWO")] == [
        one.id for one in orders
    ]
    assert len(erp.find_written([one for one, _ in done])) == 2


def test_an_order_that_was_closed_is_not_received(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    bench.sandbox.call(user.close, bench.state, order.id)
    with pytest.raises(NeedsCorrection) as held:
        plan_receipt(erp, receipt_of(order))
    assert held.value.reason is Reason.NO_SUCH_ORDER_LINE
