"""What was changed or voided after it left is held, or goes as a corrected one where the file says so."""

import pytest
from msgspec.structs import replace

from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.sales_invoices_out.invoice_words import changed, held, own
from ml_connector_tests.flows.selling import SalesOffice, invoice


def test_an_invoice_that_was_changed_after_it_left_is_held(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(changed())
    office.run()
    reason, message = held(office)
    assert reason == "changed_after_sending"
    assert "total: 141.54 -> 142.54" in message
    assert len(office.mailbox.sent) == 1
    office.books.save(invoice())
    office.run()
    assert [row.state for row in office.rows()] == [S.SENT, S.DISCARDED], "changed back"
    office.books.save(changed())
    office.run()
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="test")
        operator_actions.discard(office.integration, work, office.row(), "settled by hand")
    office.books.save(changed())
    office.run()
    assert office.row().state is S.DISCARDED, "a person's word holds for as long as it says the same"


@pytest.mark.parametrize("customer", [own(changed="corrected")], indirect=True)
def test_a_changed_invoice_goes_as_a_corrected_one_where_the_file_says_so(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(changed())
    office.run()
    assert [(one.number, one.purpose, one.total) for one in office.sets()] == [
        ("AR001", "00", D("141.54")),
        ("AR001", "05", D("142.54")),
    ]
    first, second = office.rows()
    assert (second.revision, second.parent_id) == (1, first.id)
    office.books.save(replace(changed(), customer_code="C999"))
    office.run()
    assert held(office)[0] in {"unknown_partner", "changed_after_sending"}
    assert len(office.mailbox.sent) == 2


@pytest.mark.parametrize("customer", [own(changed="corrected")], indirect=True)
def test_a_voided_invoice_is_held_whatever_the_file_says(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(voided=True))
    office.run()
    assert "was voided in the ERP without a credit memo" in held(office)[1]
