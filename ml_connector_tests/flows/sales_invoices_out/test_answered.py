"""Answers reach the sales invoice that they are about; what does not come, or is in doubt, is told and not repeated."""

import pytest

from ml_connector.flows import monitoring, operator_actions
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating.whose_move import whose_move
from ml_connector_tests.flows.sales_invoices_out.invoice_words import changed
from ml_connector_tests.flows.selling import SalesOffice, invoice


@pytest.mark.parametrize(
    ("answer", "state"),
    [(("AK2*810*0001", "AK5*A", "AK9*A*1*1*1"), S.ACKNOWLEDGED), (("AK9*R*1*1*0",), S.REFUSED)],
)
def test_a_997_reaches_the_invoice(office: SalesOffice, answer: tuple[str, ...], state: S) -> None:
    office.books.save(invoice())
    office.run()
    office.comes(f"AK1*IN*{office.group_control()}", *answer)
    assert office.row().state is state


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (("OTI*TR*IV*AR001***{group}*0001*810", "TED*024*Item BR-1 is unknown"), S.REFUSED),
        (("OTI*TR*IV*AR001",), S.REFUSED),
        (("OTI*TA*PO*PO-9***{group}*0001*810",), S.ACKNOWLEDGED),
        (("OTI*TE*IV*AR001", "TED*024*Price differs"), S.ACKNOWLEDGED),
    ],
)
def test_an_824_reaches_the_invoice(office: SalesOffice, item: tuple[str, ...], state: S) -> None:
    office.books.save(invoice())
    office.run()
    segments = [one.format(group=office.group_control()) for one in item]
    if segments[0].count("*") > 4:
        head = segments[0].split("*")  # OTI08 group control, OTI09 set control, OTI10 set
        segments[0] = "*".join([*head[:4], "", "", "", "", *head[-3:]])
    office.comes("BGN*00*ADV-1*20261129", *segments, functional_id="AG", set_type="824")
    assert office.row().state is state, office.row().reason_detail
    if item[0].startswith("OTI*TE"):
        with office.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=("acknowledgments_in",)), limit=9)
        (advice,) = page.rows
        assert (advice.reason, whose_move(advice)) == (
            "invoice_advised",
            "accounts receivable: the customer's answer differs from the invoice",
        )


def test_a_refused_invoice_is_mended_in_the_erp_and_goes_again_as_the_first(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.comes("BGN*00*ADV-1*20261129", "OTI*TR*IV*AR001", functional_id="AG", set_type="824")
    office.books.save(invoice(customer_order="PO-10"))
    office.run()
    assert [(one.order_number, one.purpose) for one in office.sets()] == [("PO-9", "00"), ("PO-10", "00")]
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="test")
        operator_actions.prepare_replay(office.integration, work, office.rows()[:1])
    office.run()
    assert len(office.mailbox.sent) == 2, "a newer one has left: the refused one stays refused"


def test_a_refused_invoice_that_is_replayed_leaves_as_the_erp_has_it(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.comes(f"AK1*IN*{office.group_control()}", "AK9*R*1*1*0")
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="test")
        operator_actions.prepare_replay(office.integration, work, office.rows())
    office.run()
    assert [row.state for row in office.rows()] == [S.SENT]
    assert len(office.mailbox.sent) == 2


def test_an_answer_that_does_not_come_is_told(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.clock.move(49 * 3600)
    with worker(office.deployment.ledger) as lease:
        monitoring.mark_overdue(office.integration, RunScope(holder=lease.name, actor="test"))
    assert office.row().state is S.OVERDUE
    assert whose_move(office.row()) == "accounts receivable: ask the partner"
    assert any(one.cause.endswith("sales_invoices_out/overdue/overdue") for one in
               monitoring.standing_causes(office.integration))  # fmt: skip


def test_an_upload_of_unknown_outcome_is_not_repeated_and_its_997_settles_it(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.mailbox.lost = 1
    office.run()
    office.run()
    assert office.row().state is S.UNKNOWN_OUTCOME
    office.books.save(changed())
    office.run()
    assert len(office.mailbox.sent) == 1
    office.comes(f"AK1*IN*{office.group_control()}", "AK9*A*1*1*1")
    assert office.rows()[0].state is S.ACKNOWLEDGED
