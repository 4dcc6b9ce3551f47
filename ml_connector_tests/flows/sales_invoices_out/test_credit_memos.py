"""Credit memos name the invoices that they take back, and follow them."""

from collections.abc import Mapping
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.sales_invoices_out.invoice_words import held, own
from ml_connector_tests.flows.selling import SalesOffice, credit, invoice, line


def test_a_credit_memo_may_have_an_invoices_number(office: SalesOffice) -> None:
    office.books.save(invoice(), credit(number="AR001", original_invoice=""))
    office.run()
    assert sorted(one.type for one in office.sets()) == ["CR", "DI"]


@pytest.mark.parametrize("customer", [own(), own(credit_signs="negative"), {"original_in_big10": True}], indirect=True)
def test_a_credit_memo_names_the_invoice_that_it_takes_back(office: SalesOffice, customer: Mapping[str, Any]) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(credit())
    office.run()
    _, back = office.sets()
    assert (back.number, back.type, back.reference("OI"), back.terms) == ("CM001", "CR", "AR001", ())
    negative = bool(customer.get("sales_invoices"))
    assert back.total == D("-141.54" if negative else "141.54")
    assert back.lines[0].quantity == D(-10 if negative else 10)
    assert back.original_invoice == ("AR001" if customer.get("original_in_big10") else "")
    assert back.is_credit


@pytest.mark.parametrize("customer", [own(reversals="hold")], indirect=True)
def test_a_credit_memo_is_held_where_the_file_says_so(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(credit())
    office.run()
    assert held(office, "CM001") == (
        "reversed_after_sending",
        "Credit memo CM001 takes back invoice AR001, which big_retail has.",
    )


def test_a_credit_memo_waits_for_its_invoice(office: SalesOffice) -> None:
    office.books.save(invoice(line(unit="TRAY")), credit())
    office.run()
    office.run()
    assert held(office, "CM001")[0] == "credit_of_unsent"
    assert office.mailbox.sent == []
    office.books.save(invoice())
    office.run()
    office.run(replay=True)
    office.run()
    assert [one.number for one in office.sets()] == ["AR001", "CM001"]


def test_a_credit_memo_follows_each_invoice_that_its_lines_name(office: SalesOffice) -> None:
    office.books.save(invoice(), invoice(line(unit="TRAY"), id="INV/2", number="AR002"))
    back = credit(original_invoice="")
    lines = (line(1, original_invoice="AR001"), line(2, original_invoice="AR002", amount=D(0), price=D(0)))
    office.books.save(changed(back, lines=lines))
    office.run()
    office.run()
    assert "takes back invoice AR002" in held(office, "CM001")[1]
    office.books.save(invoice(id="INV/2", number="AR002"))
    office.run()
    office.run(replay=True)
    office.run()
    assert [one.number for one in office.sets()] == ["AR001", "AR002", "CM001"]
    assert [one.references[0].value for one in office.sets()[-1].lines] == ["AR001", "AR002"]
