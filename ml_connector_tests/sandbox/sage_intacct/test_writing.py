"""Reference data, payments, journal entries, attachments (sage-intacct 6.3, 7)."""

import base64
from typing import Any

import pytest

from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, day, equal, item, transaction


def texts(found: list[tuple[str, str]]) -> str:
    return " | ".join(text for _, text in found)


# reference data


def vendor(code: str, name: str = "New Works", **fields: str) -> str:
    more = "".join(f"<{tag}>{text}</{tag}>" for tag, text in fields.items())
    contact = (
        f"<DISPLAYCONTACT><PRINTAS>{name}</PRINTAS><MAILADDRESS><ADDRESS1>1 Mill St</ADDRESS1><CITY>Gary</CITY>"
        "</MAILADDRESS></DISPLAYCONTACT>"
    )
    return f"<create><VENDOR><VENDORID>{code}</VENDORID><NAME>{name}</NAME>{more}{contact}</VENDOR></create>"


def test_a_vendor_is_made_changed_and_deleted(intacct: IntacctBench) -> None:
    made = intacct.good(vendor("V-90", TAXID="11-22", STATUS="T", COLOUR="red"))
    assert made.findtext("data/vendor/VENDORID") == "V-90"
    number, where = made.findtext("data/vendor/RECORDNO"), equal("VENDORID", "V-90")
    fields = ("DISPLAYCONTACT.MAILADDRESS.CITY", "STATUS", "TAXID", "WHENMODIFIED")
    (row,) = intacct.rows("VENDOR", *fields, where=where)
    assert row == {
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Gary", "STATUS": "active", "TAXID": "11-22", "WHENMODIFIED": "",
    }  # fmt: skip
    intacct.good("<update><VENDOR><VENDORID>v-90</VENDORID><NAME>Newer Works</NAME></VENDOR></update>")
    (row,) = intacct.rows("VENDOR", "NAME", "WHENMODIFIED", where=where)
    assert row["NAME"] == "Newer Works"
    assert row["WHENMODIFIED"]
    intacct.good(f"<delete><object>VENDOR</object><keys>{number}</keys></delete>")
    assert intacct.rows("VENDOR", where=where) == []


def test_what_is_used_cannot_be_deleted(intacct: IntacctBench) -> None:
    intacct.bill("USED-1", vendor="V-18")
    assert "in use" in texts(intacct.bad("<delete><object>VENDOR</object><keys>V-18</keys></delete>"))


@pytest.mark.parametrize(
    ("call", "number", "text"),
    [
        (vendor("V-17"), "BL34000061", "Another Vendor with the given value(s) V-17  already exists"),
        (vendor("v-17"), "BL34000061", "Another Vendor with the given value(s) v-17  already exists"),
        (vendor("", "Nameless"), "BL03000018", "Missing VENDORID"),
        (vendor("V-91").replace("<PRINTAS>New Works</PRINTAS>", ""), "BL03000018", "Missing DISPLAYCONTACT.PRINTAS"),
        (vendor("V-91", TERMNAME="Net 7"), "BL01001973", "Invalid Term 'Net 7' specified."),
        (vendor("V-91", STATUS="asleep"), "BL01001973", "Invalid STATUS 'asleep' specified."),
        (
            "<create><GLACCOUNT><ACCOUNTNO>6100</ACCOUNTNO><TITLE>x</TITLE><NORMALBALANCE>debit</NORMALBALANCE>"
            "<CLOSINGTYPE>non-closing account</CLOSINGTYPE></GLACCOUNT></create>",
            "BL01001973", "The account number '6100' already exists",
        ),
        ("<create><LOCATIONENTITY/></create>", "PL04000005", "You do not have permission"),
        ("<create><NOSUCH/></create>", "Query Failed", "Object definition NOSUCH not found"),
        ("<update><VENDOR><VENDORID>NONE</VENDORID></VENDOR></update>", "BL01001973", "does not exist"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_reference_data(intacct: IntacctBench, call: str, number: str, text: str) -> None:
    found = intacct.bad(call)
    assert found[0][0] == number
    assert text in found[0][1]


def test_a_company_can_number_its_vendors_and_refuse_unknown_fields(intacct: IntacctBench) -> None:
    intacct.switch(vendor_numbers=True, unknown_fields="refused")
    made = intacct.good(vendor("", "Numbered"))
    assert made.findtext("data/vendor/VENDORID").startswith("V-00")
    assert "Unknown fields: COLOUR" in texts(intacct.bad(vendor("V-92", COLOUR="red")))


# payments


def posted(intacct: IntacctBench, number: str, amount: str = "100.00") -> str:
    key: str = intacct.good(bill(number, amount=amount)).findtext("data/apbill/RECORDNO")
    return key


def payment(*details: str, number: str = "820-1", method: str = "EFT", more: str = "") -> str:
    inner = "".join(f"<APPYMTDETAIL>{detail}</APPYMTDETAIL>" for detail in details)
    way = f"<FINANCIALENTITY>CHK-MAIN</FINANCIALENTITY><PAYMENTMETHOD>{method}</PAYMENTMETHOD>" if method else ""
    return (
        f"<create><APPYMT>{way}<VENDORID>V-17</VENDORID><DOCNUMBER>{number}</DOCNUMBER>"
        f"<PAYMENTDATE>03/20/2025</PAYMENTDATE><CURRENCY>USD</CURRENCY>{more}"
        f"<APPYMTDETAILS>{inner}</APPYMTDETAILS></APPYMT></create>"
    )


def paid(key: str, amount: str, more: str = "") -> str:
    return f"<RECORDKEY>{key}</RECORDKEY><TRX_PAYMENTAMOUNT>{amount}</TRX_PAYMENTAMOUNT>{more}"


def due(intacct: IntacctBench, key: str, name: str = "APBILL") -> tuple[str, str]:
    (row,) = intacct.rows(name, "STATE", "TRX_TOTALDUE", where=equal("RECORDNO", key))
    return row["STATE"], row["TRX_TOTALDUE"]


def test_one_payment_pays_many_bills_and_never_above_what_is_due(intacct: IntacctBench) -> None:
    first, second = posted(intacct, "PAY-1"), posted(intacct, "PAY-2")
    made = intacct.good(payment(paid(first, "100.00"), paid(second, "40.00")))
    assert (due(intacct, first), due(intacct, second)) == (("Paid", "0.00"), ("Posted", "60.00"))
    number = made.findtext("data/appymt/RECORDNO")
    fields = ("STATE", "TRX_TOTALENTERED", "WHENCREATED", "DOCNUMBER")
    (row,) = intacct.rows("APPYMT", *fields, where=equal("RECORDNO", number))
    assert row == {
        "STATE": "Posted", "TRX_TOTALENTERED": "140.00", "WHENCREATED": "03/20/2025", "DOCNUMBER": "820-1",
    }  # fmt: skip
    assert "exceeds the amount due 60.00" in texts(intacct.bad(payment(paid(second, "60.01"))))
    assert "exceeds" in texts(intacct.bad(payment(paid(second, "50.00"), paid(second, "50.00"))))
    assert due(intacct, second) == ("Posted", "60.00"), "a refused payment takes nothing"
    intacct.good(f'<reverse_appayment key="{number}">{day("datereversed", "2025-03-21")}</reverse_appayment>')
    assert (due(intacct, first), due(intacct, second)) == (("Posted", "100.00"), ("Posted", "100.00"))


def test_a_credit_and_a_discount_go_into_a_payment(intacct: IntacctBench) -> None:
    key = posted(intacct, "PAY-3")
    memo = bill("CM-PAY", amount="-30.00").replace("APBILL", "APADJUSTMENT")
    credit = intacct.good(memo).findtext("data/apadjustment/RECORDNO")
    use = f"<ADJUSTMENTKEY>{credit}</ADJUSTMENTKEY><TRX_ADJUSTMENTAMOUNT>30.00</TRX_ADJUSTMENTAMOUNT>"
    number = intacct.good(payment(paid(key, "70.00", use))).findtext("data/appymt/RECORDNO")
    assert due(intacct, key) == ("Paid", "0.00")
    assert due(intacct, credit, "APADJUSTMENT")[1] == "0.00"
    intacct.good(f'<reverse_appayment key="{number}">{day("datereversed", "2025-03-21")}</reverse_appayment>')
    assert due(intacct, credit, "APADJUSTMENT")[1] == "-30.00"
    discounted = posted(intacct, "PAY-4")
    intacct.good(payment(paid(discounted, "98.00", "<DISCOUNTDATE>03/20/2025</DISCOUNTDATE>")))
    assert due(intacct, discounted) == ("Paid", "0.00")


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (("<FINANCIALENTITY>CHK-MAIN</FINANCIALENTITY>", ""), "Missing FINANCIALENTITY"),
        (("CHK-MAIN", "NOBANK"), "Invalid Financial Entity 'NOBANK'"),
        (("EFT", "Barter"), "Invalid Payment Method 'Barter'"),
        (("<CURRENCY>USD</CURRENCY>", ""), "Missing CURRENCY"),
        (("<VENDORID>V-17", "<VENDORID>V-18"), "is not of vendor 'V-18'"),
        (("<RECORDKEY>", "<RECORDKEY>9"), "Invalid Record Key"),
        (("<TRX_PAYMENTAMOUNT>100.00</TRX_PAYMENTAMOUNT>", ""), "Missing TRX_PAYMENTAMOUNT"),
    ],
)
def test_what_is_wrong_with_a_payment(intacct: IntacctBench, spoil: tuple[str, str], text: str) -> None:
    key = posted(intacct, "PAY-5")
    call = payment(paid(key, "100.00"))
    assert spoil[0] in call
    assert text in texts(intacct.bad(call.replace(*spoil)))
    assert due(intacct, key) == ("Posted", "100.00")


def test_a_draft_payment_takes_nothing_until_it_is_submitted_and_its_details_are_replaced(
    intacct: IntacctBench,
) -> None:
    key = posted(intacct, "PAY-6")
    made = intacct.good(payment(paid(key, "100.00"), more="<ACTION>Draft</ACTION>"))
    number = made.findtext("data/appymt/RECORDNO")
    assert due(intacct, key) == ("Posted", "100.00")
    intacct.good(
        f"<update><APPYMT><RECORDNO>{number}</RECORDNO><ACTION>Submit</ACTION><APPYMTDETAILS><APPYMTDETAIL>"
        f"{paid(key, '25.00')}</APPYMTDETAIL></APPYMTDETAILS></APPYMT></update>"
    )
    assert due(intacct, key) == ("Posted", "75.00")
    assert "Only a draft payment" in texts(
        intacct.bad(f"<delete><object>APPYMT</object><keys>{number}</keys></delete>")
    )


def test_a_bill_that_was_paid_is_not_changed_any_more(intacct: IntacctBench) -> None:
    key = posted(intacct, "PAY-7")
    intacct.good(payment(paid(key, "10.00")))
    call = f"<update><APBILL><RECORDNO>{key}</RECORDNO><WHENDUE>05/05/2025</WHENDUE></APBILL></update>"
    assert "has been paid" in texts(intacct.bad(call))
    assert "has been paid" in texts(intacct.bad(f"<delete><object>APBILL</object><keys>{key}</keys></delete>"))


# journal entries


def entry(*lines: tuple[str, str, str], journal: str = "EDIJ") -> str:
    inner = "".join(
        f"<GLENTRY><ACCOUNTNO>{account}</ACCOUNTNO><TR_TYPE>{side}</TR_TYPE><TRX_AMOUNT>{amount}</TRX_AMOUNT>"
        "<LOCATION>110</LOCATION></GLENTRY>"
        for account, side, amount in lines
    )
    return (
        f"<create><GLBATCH><JOURNAL>{journal}</JOURNAL><BATCH_DATE>03/20/2025</BATCH_DATE>"
        f"<BATCH_TITLE>Difference of 820-1</BATCH_TITLE><REFERENCENO>820-1</REFERENCENO><ENTRIES>{inner}</ENTRIES>"
        "</GLBATCH></create>"
    )


def test_a_journal_entry_balances(intacct: IntacctBench) -> None:
    number = intacct.good(entry(("6800", "1", "2.50"), ("2000", "-1", "2.50"))).findtext("data/glbatch/RECORDNO")
    found = intacct.rows("GLENTRY", "ACCOUNTNO", "TR_TYPE", "LOCATION", where=equal("BATCHNO", number))
    assert sorted(row["TR_TYPE"] for row in found) == ["-1", "1"]
    assert {row["LOCATION"] for row in found} == {"110"}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (entry(("6800", "1", "2.50"), ("2000", "-1", "2.49")), "do not balance"),
        (entry(("6800", "1", "2.50")), "do not balance"),
        (entry(("6800", "2", "2.50"), ("2000", "-1", "2.50")), "Invalid Transaction Type '2'"),
        (entry(("6800", "1", "2.50"), ("2000", "-1", "2.50"), journal="XX"), "Invalid Journal 'XX'"),
        (entry(("6100", "1", "2.50"), ("2000", "-1", "2.50")), "Department is required for account 6100"),
        (entry(("6800", "1", "-2.50"), ("2000", "-1", "-2.50")), "Illegal format for TRX_AMOUNT"),
    ],
)
def test_what_is_wrong_with_a_journal_entry(intacct: IntacctBench, call: str, text: str) -> None:
    before = len(intacct.state.main.tables["GLENTRY"])
    assert text in texts(intacct.bad(call))
    assert len(intacct.state.main.tables["GLENTRY"]) == before


# attachments

FOLDER = "<create_supdocfolder><supdocfoldername>EDI</supdocfoldername></create_supdocfolder>"
DATA = base64.b64encode(b"ISA*00*").decode()


def supdoc(key: str, *names: str, call: str = "create_supdoc") -> str:
    files = "".join(
        f"<attachment><attachmentname>{name}</attachmentname><attachmenttype>edi</attachmenttype>"
        f"<attachmentdata>{DATA}</attachmentdata></attachment>"
        for name in names
    )
    return (
        f"<{call}><supdocid>{key}</supdocid><supdocname>{key}</supdocname><supdocfoldername>EDI</supdocfoldername>"
        f"<attachments>{files}</attachments></{call}>"
    )


def test_an_attachment_and_the_bill_that_names_it_are_made_in_one_operation(fresh: IntacctBench) -> None:
    fresh.good(FOLDER)
    root = fresh.ask(supdoc("A-1", "invoice"), bill("ATT-1", SUPDOCID="A-1"), transaction=True)
    assert [one.findtext("status") for one in root.iter("result")] == ["success", "success"]
    fresh.good(supdoc("A-1", "notice", call="update_supdoc"))
    assert "used twice" in texts(fresh.bad(supdoc("A-1", "notice", call="update_supdoc")))
    wanted = (
        '<get_list object="supdoc" maxitems="10"><filter><expression><field>supdocid</field><operator>=</operator>'
        "<value>A-1</value></expression></filter></get_list>"
    )
    result = fresh.good(wanted)
    assert dict(result.find("listtype").attrib) == {"start": "0", "end": "0", "total": "1"}
    assert [one.text for one in result.iter("attachmentname")] == ["invoice", "notice"]
    fresh.good(supdoc("A-0", "older"))
    listed = '<get_list object="supdoc">{}<sorts><sortfield order="desc">supdocid</sortfield></sorts>{}</get_list>'
    only = "<fields><field>supdocid</field></fields>"
    result = fresh.good(listed.format("", only))
    assert [one.text for one in result.iter("supdocid")] == ["A-1", "A-0"]
    assert result.find(".//attachmentdata") is None
    where = "<filter><expression><field>{}</field><operator>{}</operator><value>{}</value></expression></filter>"
    tried = (("supdocid", "like", "a-%", 2), ("recordno", "&gt;", "1", 1), ("name", "is null", "", 2))
    for field, operator, value, found in tried:
        result = fresh.good(listed.format(where.format(field, operator, value), only))
        assert len(result.find("data")) == found
    assert fresh.bad(listed.format(where.format("colour", "=", "red"), only))[0][0] == "DL02000001"
    assert fresh.bad(listed.format(where.format("supdocid", "~", "red"), only))[0][0] == "DL02000001"
    assert fresh.good('<get object="supdoc" key="A-1"/>').findtext("data/supdoc/folder") == "EDI"
    root = fresh.ask(supdoc("A-2", "x"), bill("ATT-2", vendor="NOBODY"), transaction=True)
    assert "success" not in [one.findtext("status") for one in root.iter("result")]
    assert fresh.good(supdoc("A-2", "x")) is not None, "the roll-back took it back"
    fresh.good('<delete_supdoc key="A-2"/>')
    assert "Invalid Attachment 'A-2'" in texts(fresh.bad(transaction_with("A-2")))


def transaction_with(key: str) -> str:
    """A purchasing document that names an attachment."""
    return transaction("PO Receiver", item()).replace("<returnto>", "<returnto>", 1).replace(
        "</payto>", f"</payto><supdocid>{key}</supdocid>"
    )  # fmt: skip


# the control address


def test_a_person_acts_at_the_control_address(fresh: IntacctBench) -> None:
    def act(name: str, **body: Any) -> Any:
        answer = fresh.control.post(f"/sage_intacct/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    (order,) = act("orders", count=1, vendors=["V-18"], items=["BOLT-M8"], lines=1)
    half = act("receive", order=order["docid"], reference="ASN-1", share="0.5")
    assert half["docid"].startswith("PO Receiver-")
    assert act("close", order=order["docid"])["state"] == "Closed"
    act("put", object="VENDOR", values={"VENDORID": "V-95", "NAME": "Put Works"})
    act("put", object="VENDOR", values={"VENDORID": "V-95", "NAME": "Put Works Inc."})
    act("remove", object="VENDOR", key="V-95")
    act("orders", company="AcmeTest")
    rows = fresh.control.get("/state/sage_intacct/AcmeMfg/PODOCUMENT").json()
    assert {row["DOCID"] for row in rows} == {order["docid"], half["docid"]}
    assert rows[0]["lines"]
    written = [write.kind for write in fresh.sandbox.journal.written("sage_intacct")]
    assert written.count("PODOCUMENT create") == 3
    assert {"VENDOR create", "VENDOR update", "VENDOR delete"} <= set(written)
    for wrong in ({"nosuch": 1}, {"gmt_offset": 5}):
        assert fresh.control.post("/sage_intacct/options", json=wrong).status_code == 400
    assert fresh.control.get("/state/sage_intacct/AcmeMfg/NOSUCH").status_code == 404
    limits = fresh.control.post("/limits", json={"sage_intacct": {"concurrent": 2}}).json()["sage_intacct"]
    assert limits["concurrent"] == 2
    assert fresh.control.post("/limits", json={"sage_intacct": {"minute": 2}}).status_code == 400


def test_two_companies_and_two_entities_with_equal_numbers_are_not_crossed(fresh: IntacctBench) -> None:
    fresh.good(bill("SAME-1"))
    fresh.good(bill("SAME-1", amount="1.00"), company="AcmeTest")
    fresh.good(bill("SAME-1", amount="2.00"), entity="100")
    where = equal("RECORDID", "SAME-1")
    amounts = [
        [row["TRX_TOTALDUE"] for row in fresh.rows("APBILL", "TRX_TOTALDUE", where=where, **how)]
        for how in ({}, {"company": "AcmeTest"}, {"entity": "200"})
    ]
    assert amounts == [["120.50"], ["1.00"], ["120.50"]]
    summary = fresh.control.get("/state/sage_intacct/summary").json()["companies"]["AcmeMfg"]
    assert summary["repeated"]["APBILL"] == {}
