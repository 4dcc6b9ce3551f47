"""Bills, adjustments, purchasing documents and their conversion (sage-intacct 7.1, 7.2, 8)."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, day, equal, item, transaction


def document(intacct: IntacctBench, docid: str, *fields: str, **how: Any) -> dict[str, str]:
    (row,) = intacct.rows("PODOCUMENT", *fields, where=equal("DOCID", docid), **how)
    return row


def state(intacct: IntacctBench, docid: str) -> str:
    return document(intacct, docid, "STATE")["STATE"]


def lines(intacct: IntacctBench, docid: str, *fields: str) -> list[dict[str, str]]:
    order = "<orderby><order><field>LINE_NO</field><ascending/></order></orderby>"
    return intacct.rows("PODOCUMENTENTRY", *fields, where=equal("DOCHDRID", docid), more=order)


def one_order(intacct: IntacctBench, quantity: str = "10", **more: Any) -> tuple[str, int]:
    """A pending order of one line of that quantity; its DOCID and the line's key."""
    (order,) = intacct.order(items=["WIDGET1"], lines=1, **more)
    key = order["lines"][0]["key"]
    edit = {"object": "PODOCUMENTENTRY", "number": key, "values": {"UIQTY": quantity, "QTY_REMAINING": quantity}}
    intacct.control.post("/sage_intacct/edit", json=edit).raise_for_status()
    return order["docid"], key


def texts(found: list[tuple[str, str]]) -> str:
    return " | ".join(text for _, text in found)


def test_a_bill_is_stored_posted_and_read_back(intacct: IntacctBench) -> None:
    made = intacct.bill("INV-9003")
    assert made.findtext("status") == "success"
    data = made.find("data")
    assert dict(data.attrib) == {"listtype": "objects", "count": "1"}
    number = data.findtext("apbill/RECORDNO")
    fields = ("RECORDID", "STATE", "RAWSTATE", "MODULEKEY", "TRX_TOTALDUE", "WHENCREATED", "VENDORNAME", "RECORDTYPE")
    (row,) = intacct.rows("APBILL", *fields, where=equal("RECORDNO", number))
    assert row == {
        "RECORDID": "INV-9003", "STATE": "Posted", "RAWSTATE": "A", "MODULEKEY": "3.AP", "TRX_TOTALDUE": "120.50",
        "WHENCREATED": "03/05/2025", "VENDORNAME": "Lakeside Ironworks, Inc.", "RECORDTYPE": "pi",
    }  # fmt: skip
    (line,) = intacct.rows("APBILLITEM", "LINE_NO", "ACCOUNTNO", "TRX_AMOUNT", where=equal("RECORDKEY", number))
    assert line == {"LINE_NO": "1", "ACCOUNTNO": "6100", "TRX_AMOUNT": "120.50"}


@pytest.mark.parametrize(
    ("call", "number", "text"),
    [
        (bill("", vendor="V-17"), "BL03002128", "Enter a Bill number, and try again."),
        (bill("X", amount=""), "BL03002101", "Remove the extra line item in the request, then reclassify the bill."),
        (bill("X", vendor="V-21"), "BL01001973", "Invalid Vendor 'V-21' specified."),
        (bill("X", vendor="V-30"), "BL01001973", "Invalid Vendor 'V-30' specified."),
        (bill("X", ACCOUNTNO="9999"), "BL01001973", "Invalid GL Account '9999' specified."),
        (bill("X", ACCOUNTNO="6900"), "BL01001973", "Invalid GL Account '6900' specified."),
        (bill("X", DEPARTMENTID="99"), "BL01001973", "Invalid Department '99' specified."),
        (bill("X", DEPARTMENTID=""), "BL03000018", "Department is required for account 6100"),
        (bill("X", LOCATIONID=""), "BL03000018",
         "Use of empty Location is invalid. A valid Multi-Entity Location must be specified."),
        (bill("X", WHENDUE=""), "BL03000018", "Missing WHENDUE"),
        (bill("X", WHENCREATED="2025-03-05"), "BL03000018", "Illegal format for WHENCREATED: '2025-03-05'"),
        (bill("X", amount="1,200.00"), "BL03000018", "Illegal format for TRX_AMOUNT: '1,200.00'"),
        (bill("X", TERMNAME="Net 999"), "BL01001973", "Invalid Term 'Net 999' specified."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_bill_is_told_first(intacct: IntacctBench, call: str, number: str, text: str) -> None:
    intacct.switch(support_ids=False)
    before = len(intacct.state.main.tables["APBILL"])
    result = intacct.call(call)
    assert (result.findtext("errormessage/error/errorno"), result.findtext("errormessage/error/description2")) == (
        number, text,
    )  # fmt: skip
    assert result.find("data").get("count") == "0"
    assert len(intacct.state.main.tables["APBILL"]) == before


def test_a_bill_number_twice_is_the_companys_choice(intacct: IntacctBench) -> None:
    for _ in range(2):
        assert intacct.bill("TWICE-1").findtext("status") == "success"
    summary = intacct.control.get("/state/sage_intacct/summary").json()["companies"]["AcmeMfg"]
    assert summary["repeated"]["APBILL"]["V-17 twice-1"] == 2
    intacct.switch(unique_bills=True)
    assert intacct.bad(bill("twice-1"))[0][0] == "BL34000061"


def test_a_vat_company_wants_tax_details(intacct: IntacctBench) -> None:
    intacct.switch(tax_details=True)
    assert intacct.bad(bill("VAT-1"))[0][1].startswith("Tax details are either missing")
    entries = "<TAXENTRIES><TAXENTRY><DETAILID>G10</DETAILID></TAXENTRY></TAXENTRIES></APBILLITEM>"
    assert intacct.good(bill("VAT-1").replace("</APBILLITEM>", entries)) is not None


def test_a_bill_of_an_entity_is_its_own_and_takes_its_locations_alone(intacct: IntacctBench) -> None:
    wrong = intacct.bad(bill("ENT-1"), entity="200")
    assert "Invalid Location '110' specified." in texts(wrong)
    assert intacct.good(bill("ENT-1", vendor="V-30", LOCATIONID="210"), entity="200") is not None
    assert intacct.rows("APBILL", where=equal("RECORDID", "ENT-1")) == []
    private = "<options><showprivate>true</showprivate></options>"
    (row,) = intacct.rows("APBILL", "MEGAENTITYID", where=equal("RECORDID", "ENT-1"), more=private)
    assert row == {"MEGAENTITYID": "200"}


def test_a_draft_and_an_approval_wait_for_a_person(intacct: IntacctBench) -> None:
    draft = bill("DRAFT-1", WHENDUE="", ACTION="Draft")
    number = intacct.good(draft).findtext("data/apbill/RECORDNO")
    where = equal("RECORDNO", number)
    assert intacct.rows("APBILL", "STATE", "RAWSTATE", where=where) == [{"STATE": "Draft", "RAWSTATE": "D"}]
    intacct.switch(bill_approval=True)
    intacct.good(f"<update><APBILL><RECORDNO>{number}</RECORDNO><ACTION>Submit</ACTION></APBILL></update>")
    assert intacct.rows("APBILL", "STATE", where=where) == [{"STATE": "Submitted"}]
    intacct.good(f"<recallApBill><recordno>{number}</recordno></recallApBill>")
    assert intacct.rows("APBILL", "STATE", where=where) == [{"STATE": "Draft"}]


def adjustment(number: str, *amounts: str) -> str:
    items = "".join(
        f"<lineitem><glaccountno>6100</glaccountno><amount>{amount}</amount><locationid>110</locationid>"
        "<departmentid>20</departmentid></lineitem>"
        for amount in amounts
    )
    return (
        f"<create_apadjustment><vendorid>V-17</vendorid>{day('datecreated', '2025-03-05')}"
        f"<adjustmentno>{number}</adjustmentno><billno>INV-1</billno>"
        f"<apadjustmentitems>{items}</apadjustmentitems></create_apadjustment>"
    )


def test_a_credit_is_an_adjustment_of_one_sign(intacct: IntacctBench) -> None:
    key = intacct.good(adjustment("CM-1", "-10.00", "-5.25")).findtext("key")
    fields = ("RECORDID", "DOCNUMBER", "TRX_TOTALDUE", "RECORDTYPE")
    (row,) = intacct.rows("APADJUSTMENT", *fields, where=equal("RECORDNO", key))
    assert row == {"RECORDID": "CM-1", "DOCNUMBER": "INV-1", "TRX_TOTALDUE": "-15.25", "RECORDTYPE": "pa"}
    assert "all positive or all negative" in texts(intacct.bad(adjustment("CM-2", "-10.00", "5.25")))
    upper = bill("CM-3", amount="-7.00").replace("APBILL", "APADJUSTMENT")
    assert intacct.good(upper).find("data/apadjustment") is not None


def test_an_older_bill_has_its_number_as_key_and_can_be_reversed_and_deleted(intacct: IntacctBench) -> None:
    call = (
        f"<create_bill><vendorid>V-17</vendorid>{day('datecreated', '2025-03-05')}{day('datedue', '2025-04-05')}"
        "<billno>LEG-1</billno><ponumber>PO-1</ponumber><billitems><lineitem><glaccountno>6100</glaccountno>"
        "<amount>10.005</amount><locationid>110</locationid><departmentid>20</departmentid></lineitem></billitems>"
        "</create_bill>"
    )
    key = intacct.good(call).findtext("key")
    (row,) = intacct.rows("APBILL", "TRX_TOTALENTERED", "DOCNUMBER", where=equal("RECORDNO", key))
    assert row == {"TRX_TOTALENTERED": "10.01", "DOCNUMBER": "PO-1"}, "rounded to two decimals"
    intacct.good(f'<reverse_bill key="{key}">{day("datereversed", "2025-03-06")}</reverse_bill>')
    assert intacct.rows("APBILL", "STATE", "TRX_TOTALDUE", where=equal("RECORDNO", key)) == [
        {"STATE": "Reversed", "TRX_TOTALDUE": "0.00"}
    ]
    other = intacct.good(call.replace("LEG-1", "LEG-2")).findtext("key")
    intacct.good(f'<delete_bill key="{other}"/>')
    assert intacct.rows("APBILL", where=equal("RECORDNO", other)) == []


def test_a_receiver_and_an_invoice_are_converted_from_an_order_line_by_line(intacct: IntacctBench) -> None:
    order, key = one_order(intacct)
    made = intacct.good(transaction("PO Receiver", item(quantity="4", key=key), source=order, number="ASN-1"))
    receiver = made.findtext("key")
    assert receiver.startswith("PO Receiver-RC")
    assert state(intacct, order) == "Partially Converted"
    (line,) = lines(intacct, order, "UIQTY", "QTY_CONVERTED", "LINE_NO")
    assert line == {"UIQTY": "10", "QTY_CONVERTED": "4", "LINE_NO": "0"}
    (received,) = lines(intacct, receiver, "RECORDNO", "SOURCE_DOCID", "SOURCE_DOCLINEKEY")
    assert (received["SOURCE_DOCID"], received["SOURCE_DOCLINEKEY"]) == (order, str(key))
    call = transaction("Vendor Invoice", item(quantity="4", key=received["RECORDNO"]), source=receiver, number="INV-1")
    invoice = intacct.good(call).findtext("key")
    assert state(intacct, receiver) == "Converted"
    header = document(intacct, invoice, "PRRECORDKEY", "STATE", "CREATEDFROM", "VENDORDOCNO", "DOCNO", "CUSTVENDID")
    assert (header["CREATEDFROM"], header["VENDORDOCNO"], header["CUSTVENDID"]) == (receiver, "INV-1", "V-17")
    (posted,) = intacct.rows(
        "APBILL", "MODULEKEY", "RECORDID", "TRX_TOTALENTERED", "DESCRIPTION2",
        where=equal("RECORDNO", header["PRRECORDKEY"]),
    )  # fmt: skip
    assert posted == {
        "MODULEKEY": "9.PO", "RECORDID": header["DOCNO"], "TRX_TOTALENTERED": "48.20", "DESCRIPTION2": invoice,
    }  # fmt: skip
    intacct.good(transaction("PO Receiver", item(quantity="6", key=key), source=order, number="ASN-2"))
    assert state(intacct, order) == "Converted"
    assert "is Converted and cannot be converted" in texts(
        intacct.bad(transaction("PO Receiver", item(quantity="1", key=key), source=order))
    )


def test_the_number_of_the_bill_of_an_invoice_is_a_switch(intacct: IntacctBench) -> None:
    intacct.switch(bill_number_of_invoice="vendor")
    invoice = intacct.good(transaction("Vendor Invoice", item(), number="INV-77")).findtext("key")
    where = equal("RECORDNO", document(intacct, invoice, "PRRECORDKEY")["PRRECORDKEY"])
    assert intacct.rows("APBILL", "RECORDID", where=where) == [{"RECORDID": "INV-77"}]


def test_more_than_is_open_converts_only_where_it_is_allowed(intacct: IntacctBench) -> None:
    order, key = one_order(intacct)
    call = transaction("PO Receiver", item(quantity="12", key=key), source=order)
    assert "exceeds the quantity 10" in texts(intacct.bad(call))
    intacct.switch(over_conversion="allowed")
    intacct.good(call)
    assert state(intacct, order) == "Converted"


def test_a_partial_conversion_may_close_its_source(intacct: IntacctBench) -> None:
    intacct.switch(partial_conversion="close")
    order, key = one_order(intacct)
    intacct.good(transaction("PO Receiver", item(quantity="4", key=key), source=order))
    assert state(intacct, order) == "Converted"
    assert lines(intacct, order, "QTY_CONVERTED") == [{"QTY_CONVERTED": "4"}]


def test_a_line_without_a_source_line_converts_nothing(intacct: IntacctBench) -> None:
    order, _ = one_order(intacct)
    intacct.good(transaction("PO Receiver", item(quantity="4"), source=order))
    assert state(intacct, order) == "Pending"
    assert lines(intacct, order, "QTY_CONVERTED") == [{"QTY_CONVERTED": "0"}]


def test_a_draft_holds_its_source_until_it_is_posted_or_deleted(intacct: IntacctBench) -> None:
    order, key = one_order(intacct)
    call = transaction("PO Receiver", item(quantity="10", key=key), source=order, state="Draft")
    draft = intacct.good(call).findtext("key")
    assert (state(intacct, draft), state(intacct, order)) == ("Draft", "In Progress")
    intacct.good(f'<delete_potransaction key="{draft}"/>')
    assert state(intacct, order) == "Pending"
    draft = intacct.good(call).findtext("key")
    intacct.good(f'<update_potransaction key="{draft}"><state>Pending</state></update_potransaction>')
    assert state(intacct, order) == "Converted"
    assert lines(intacct, order, "QTY_CONVERTED") == [{"QTY_CONVERTED": "10"}]
    intacct.good(f'<delete_potransaction key="{draft}"/>')
    assert (state(intacct, order), lines(intacct, order, "QTY_CONVERTED")) == ("Pending", [{"QTY_CONVERTED": "0"}])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (transaction("Purchase Voucher", item()), "Invalid Transaction Definition 'Purchase Voucher' specified."),
        (transaction("PO Receiver", item(), source="Purchase Order-NONE"), "Invalid Created From"),
        (transaction("PO Receiver", item(unit="each")), "Missing unit"),
        (transaction("PO Receiver", item("NOSUCH")), "Invalid Item 'NOSUCH' specified."),
        (transaction("PO Receiver", item(quantity="-1")), "Illegal format for Quantity"),
        (transaction("PO Receiver", item(), vendor="NOBODY"), "Invalid Vendor 'NOBODY' specified."),
        (transaction("PO Receiver", item(), state="Approved"), "Invalid State 'Approved' specified."),
        (transaction("Purchase Requisition", item()), "Document Number is missing"),
        (transaction("PO Receiver", item(), created="2025-02-30"), "Illegal format for datecreated"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_first(intacct: IntacctBench, call: str, text: str) -> None:
    before = len(intacct.state.main.tables["PODOCUMENT"])
    assert text in intacct.bad(call)[0][1]
    assert len(intacct.state.main.tables["PODOCUMENT"]) == before


def test_an_order_of_another_vendor_or_item_does_not_convert(intacct: IntacctBench) -> None:
    order, key = one_order(intacct)
    other = transaction("PO Receiver", item(key=key), source=order, vendor="V-18")
    assert "The vendor of" in texts(intacct.bad(other))
    assert "The item of source line" in texts(
        intacct.bad(transaction("PO Receiver", item("BRACKET7", key=key), source=order))
    )
    assert "Invalid Source Line Key" in texts(intacct.bad(transaction("PO Receiver", item(key=1), source=order)))


def acknowledged(docid: str, line: str, at: int = 1) -> str:
    return (
        f'<update_potransaction key="{docid}"><vendordocno>SO-5512</vendordocno><updatepotransitems>'
        f'<updatepotransitem line_num="{at}">{line}</updatepotransitem></updatepotransitems></update_potransaction>'
    )


def test_an_order_takes_dates_quantity_and_price_while_its_state_allows_it(intacct: IntacctBench) -> None:
    order, key = one_order(intacct)
    dates = day("promiseddate", "2025-03-12") + day("dateconfirmed", "2025-03-06")
    made = intacct.good(acknowledged(order, f"<quantity>8</quantity><price>12.10</price>{dates}"))
    assert made.findtext("key") == order
    (line,) = lines(intacct, order, "UIQTY", "UIPRICE", "PROMISEDDATE", "DATECONFIRMED", "TOTAL")
    assert line == {
        "UIQTY": "8", "UIPRICE": "12.10", "PROMISEDDATE": "03/12/2025", "DATECONFIRMED": "03/06/2025", "TOTAL": "96.80",
    }  # fmt: skip
    assert document(intacct, order, "VENDORDOCNO", "TOTAL") == {"VENDORDOCNO": "SO-5512", "TOTAL": "96.80"}
    assert "Invalid Line Number '2'" in texts(intacct.bad(acknowledged(order, "<quantity>1</quantity>", 2)))
    intacct.good(transaction("PO Receiver", item(quantity="2", key=key), source=order))
    assert "is Partially Converted and cannot be edited" in texts(intacct.bad(acknowledged(order, dates)))


@pytest.mark.parametrize(
    "display", ["Submitted", "In Progress", "Converted", "Partially Converted", "Pending", "Closed"]
)
def test_four_states_lock_an_order(intacct: IntacctBench, display: str) -> None:
    order, _ = one_order(intacct)
    intacct.control.post("/sage_intacct/close", json={"order": order, "display": display}).raise_for_status()
    result = intacct.call(acknowledged(order, "<quantity>9</quantity>"))
    locked = display in {"Submitted", "In Progress", "Converted", "Partially Converted"}
    assert (result.findtext("status") == "failure") is locked


def test_an_update_of_an_invoice_makes_its_bill_anew(intacct: IntacctBench) -> None:
    invoice = intacct.good(transaction("Vendor Invoice", item(quantity="2"), number="INV-5")).findtext("key")
    first = document(intacct, invoice, "PRRECORDKEY")["PRRECORDKEY"]
    intacct.good(acknowledged(invoice, "<quantity>3</quantity>"))
    second = document(intacct, invoice, "PRRECORDKEY")["PRRECORDKEY"]
    assert second != first
    assert intacct.rows("APBILL", where=equal("RECORDNO", first)) == []
    (row,) = intacct.rows("APBILL", "TRX_TOTALENTERED", where=equal("RECORDNO", second))
    assert Decimal(row["TRX_TOTALENTERED"]) == Decimal("36.15")
    assert "Purchasing made" in texts(intacct.bad(f"<delete><object>APBILL</object><keys>{second}</keys></delete>"))


def test_a_document_that_waits_for_approval_has_no_bill_yet(intacct: IntacctBench) -> None:
    intacct.switch(purchase_approval=["Vendor Invoice"])
    invoice = intacct.good(transaction("Vendor Invoice", item(), number="INV-6")).findtext("key")
    assert document(intacct, invoice, "STATE", "PRRECORDKEY") == {"STATE": "Submitted", "PRRECORDKEY": ""}
    waiting = intacct.good("<getTransactionsToApprove/>").find("data")
    assert invoice in [one.findtext("DOCID") for one in waiting]
    intacct.good(f"<approve><PODOCUMENT><DOCID>{invoice}</DOCID></PODOCUMENT></approve>")
    assert document(intacct, invoice, "PRRECORDKEY")["PRRECORDKEY"]
    history = f"<getApprovalHistory><PODOCUMENT><DOCID>{invoice}</DOCID></PODOCUMENT></getApprovalHistory>"
    assert [one.findtext("STATE") for one in intacct.good(history).find("data")] == ["Approved"]


def test_several_sources_of_a_line_need_a_subscription(intacct: IntacctBench) -> None:
    line = item().replace("</potransitem>", "<sourcedocid>Purchase Order-PO0201</sourcedocid></potransitem>")
    assert "Construction subscription" in texts(intacct.bad(transaction("PO Receiver", line)))


def test_a_return_posts_an_adjustment(intacct: IntacctBench) -> None:
    made = intacct.good(transaction("Vendor Return", item(quantity="2"), number="CM-9")).findtext("key")
    where = equal("RECORDNO", document(intacct, made, "PRRECORDKEY")["PRRECORDKEY"])
    assert intacct.rows("APADJUSTMENT", "TRX_TOTALDUE", where=where) == [{"TRX_TOTALDUE": "-24.10"}]


def test_an_order_of_an_entity_converts_there_alone(intacct: IntacctBench) -> None:
    (order,) = intacct.order(entity="200", location="210", items=["WIDGET1"], lines=1)
    line = item(key=order["lines"][0]["key"]).replace("110", "210")
    call = transaction("PO Receiver", line, source=order["docid"])
    assert "Invalid Created From" in texts(intacct.bad(call))
    assert intacct.good(call, entity="200") is not None


def test_a_sales_order_is_made_and_read(intacct: IntacctBench) -> None:
    call = (
        f"<create_sotransaction><transactiontype>Sales Order</transactiontype>{day('datecreated', '2025-03-05')}"
        f"<customerid>C-42</customerid><referenceno>PO-7781</referenceno>{day('datedue', '2025-04-05')}"
        "<sotransitems><sotransitem><itemid>WIDGET1</itemid><quantity>3</quantity><unit>Each</unit>"
        "<price>19.90</price><locationid>110</locationid></sotransitem></sotransitems></create_sotransaction>"
    )
    key = intacct.good(call).findtext("key")
    assert key.startswith("Sales Order-SO")
    fields = ("STATE", "PONUMBER", "CUSTVENDID", "TOTAL")
    (row,) = intacct.rows("SODOCUMENT", *fields, where=equal("DOCID", key))
    assert row == {"STATE": "Pending", "PONUMBER": "PO-7781", "CUSTVENDID": "C-42", "TOTAL": "59.70"}
    intacct.good(f'<delete_sotransaction key="{key}"/>')
    assert intacct.rows("SODOCUMENT", where=equal("DOCID", key)) == []


def test_a_closed_period_takes_nothing(intacct: IntacctBench) -> None:
    intacct.switch(closed_through="2025-03-31")
    assert "is closed" in texts(intacct.bad(bill("CLOSED-1")))
    assert "is closed" in texts(intacct.bad(transaction("PO Receiver", item())))


def test_documents_are_not_made_by_create(intacct: IntacctBench) -> None:
    assert intacct.bad("<create><PODOCUMENT><DOCNO>1</DOCNO></PODOCUMENT></create>")[0][0] == "PL04000005"
