"""Sales invoices leave whole and once, when they are released, and nothing else does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.errors import TryAgain
from ml_connector.flows.records_out import reading as records_reading
from ml_connector.flows.sales_invoices_out import reading as sales_reading
from ml_connector.flows.sales_invoices_out.spec import FLOW
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.sales_invoices_out.invoice_words import held
from ml_connector_tests.flows.selling import OUTBOX, SalesOffice, invoice, line


def test_an_invoice_leaves_whole_and_once(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    (sent,) = office.sets()
    assert (sent.number, sent.total, sent.currency, sent.type) == ("AR001", D("141.54"), "USD", "DI")
    assert (sent.order_number, sent.order_date) == ("PO-9", date(2026, 11, 2))
    (one,) = sent.lines
    assert (one.quantity, one.unit, one.price, one.description) == (D(10), "CA", D("12.5"), "Canned tomatoes")
    assert {(item.qualifier, item.value) for item in one.items} == {
        ("VP", "FOOD-1"), ("BP", "BR-1"), ("UP", "012345678905")
    }  # fmt: skip
    assert [(a.kind, a.code, a.amount) for a in sent.allowances] == [("A", "C310", D(5)), ("C", "D240", D(10))]
    assert [(t.kind, t.jurisdiction, t.amount, t.percent) for t in sent.taxes] == [
        ("ST", "NY", D("5.2"), D(4)), ("CS", "NYC", D("6.34"), D("4.875"))
    ]  # fmt: skip
    assert (sent.reference("IA"), sent.reference("VN"), sent.reference("SI")) == ("V-77", "SO100", "SH200")
    (terms,) = sent.terms
    assert (terms.discount_percent, terms.discount_days, terms.net_due) == (D(2), 10, date(2026, 12, 20))
    ship_to, remit_to = sent.party("ST"), sent.party("RE")
    assert ship_to is not None
    assert remit_to is not None
    assert (ship_to.id_scheme, ship_to.id, remit_to.name) == ("92", "0042", "Voltwerk Lockbox")
    row = office.row()
    assert (row.state, row.order_number, row.amount) == (S.SENT, "PO-9", D("141.54"))
    assert row.due_at is not None, "its 997 is waited for"
    office.books.save(invoice())
    office.run()
    office.run(replay=True)
    assert len(office.mailbox.sent) == 1
    assert len(office.rows()) == 1
    (channel, name, _) = office.mailbox.sent[0]
    assert channel == OUTBOX
    assert "_810_" in name


def test_a_record_that_moved_without_a_difference_for_the_customer_is_no_news(office: SalesOffice) -> None:
    """A payment, or what has no place in an 810."""
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(unsent=("Project",), customer_id="77"))
    office.run()
    assert [row.state for row in office.rows()] == [S.SENT]


@pytest.mark.parametrize("flow", [{}, {"released_only": False}], indirect=True)
def test_only_what_is_released_leaves(office: SalesOffice, flow: Mapping[str, Any]) -> None:
    office.books.save(invoice(released=False))
    reports = office.run()
    assert len(office.mailbox.sent) == (0 if not flow else 1)
    if not flow:
        assert reports["read sales invoices"].counts["not_released"] == 1
        office.books.save(invoice())
        office.run()
        assert len(office.mailbox.sent) == 1


def test_what_is_no_longer_released_before_it_left_does_not_leave(office: SalesOffice) -> None:
    office.books.save(invoice(line(unit="TRAY")))
    office.run()
    assert held(office)[0] == "unit_mismatch"
    office.books.save(invoice(released=False))
    office.run()
    assert office.row().state is S.DISCARDED
    office.books.save(invoice())
    office.run()
    assert [row.state for row in office.rows()] == [S.DISCARDED, S.SENT]


def test_what_the_customer_has_is_compared_though_it_is_not_released_any_more(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(line(price=D("12.60"), amount=D("126.00")), total=D("142.54"), released=False))
    office.run()
    assert held(office)[0] == "changed_after_sending"
    assert len(office.mailbox.sent) == 1


def test_an_invoice_that_is_voided_before_it_left_does_not_leave(office: SalesOffice) -> None:
    office.books.save(invoice(voided=True))
    office.run()
    assert office.rows() == []


def test_customers_that_are_no_partners_and_old_invoices_are_left_and_counted_once(office: SalesOffice) -> None:
    old = invoice(id="INV/OLD", number="OLD", invoice_date=date(2026, 10, 31))
    office.books.save(invoice(customer_code="C999"), old)
    report = office.run()["read sales invoices"]
    assert (report.counts["not_a_partner"], report.counts["dated_before_start"]) == (1, 1)
    assert any("not partners here" in note for note in report.notes)
    again = office.run()["read sales invoices"]
    assert (again.counts["not_a_partner"], again.notes) == (0, [])
    assert office.rows() == []


def test_of_an_invoice_that_comes_twice_in_one_reading_the_last_counts(
    office: SalesOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moved while pages were read: it is for somebody else by now, who is not a partner."""
    office.books.save(invoice())
    (before,) = office.books.changed(None).records
    office.books.save(invoice(customer_code="C999"))
    now = office.books.changed(None)
    both = replace(now, records=[before, *now.records, *now.records])
    monkeypatch.setattr(office.books, "changed", lambda cursor: both)
    report = office.run()["read sales invoices"]
    assert office.rows() == []
    assert report.counts["not_a_partner"] == 1


def test_one_invoice_in_two_lists_of_the_erp_leaves_once(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(id="ARInvoice/AR001"))
    office.run()
    reason, message = held(office)
    assert reason == "duplicate_invoice_number"
    assert "AR001 is a document here already" in message
    assert len(office.mailbox.sent) == 1


def test_what_is_new_is_told_to_sensors_without_a_run(office: SalesOffice) -> None:
    from ml_connector.flows.sales_invoices_out.reading import news

    def told(look: bool = True) -> list[str]:
        return list(news(office.integration, look=look, erp_usable=True))

    assert told() == ["sales invoices were never read"]
    office.run()
    assert told() == []
    office.books.save(invoice())
    assert told(look=False) == []
    assert told() == ["sales invoices changed in the ERP"]
    office.run()
    assert told() == []


def test_a_dry_run_writes_nothing(office: SalesOffice) -> None:
    office.books.save(invoice())
    report = office.run(dry_run=True)["read sales invoices"]
    assert report.counts["read"] == 1
    assert office.rows() == []
    assert office.mailbox.sent == []


def test_the_flow_is_declared_for_customers(office: SalesOffice) -> None:
    assert FLOW.name in office.integration.flows
    assert office.integration.flows.partners_of(FLOW.name) == {"customer"}
    assert office.integration.flows.source_of(FLOW.name) == "sales_invoices"


def test_a_worker_that_meets_the_revisions_of_another_one_again_and_again_comes_back_later(
    office: SalesOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(line(quantity=D(7))))
    with monkeypatch.context() as patch:
        for module in (records_reading, sales_reading):
            patch.setattr(module, "histories", lambda *_: {})  # as it was before the other one read
        with pytest.raises(TryAgain, match="Another worker keeps adding documents of the same sales invoices"):
            office.run()
    assert [row.revision for row in office.rows()] == [0]
