"""Sales invoices out, end to end in one process: each leaves once, whole, and never another one in its place."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml_connector.cli.shared.status_text import whose_move
from ml_connector.documents.sales.invoices import Address, SalesTax, SalesTerms
from ml_connector.documents.sales.reference import CrossReference, Customer, CustomerLocation, ItemFacts
from ml_connector.flows import monitoring, operator_actions
from ml_connector.flows.core.integration import Work
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.flows.sales_invoices_out.spec import FLOW
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.american import Table
from ml_connector_tests.flows.builders import VENDOR, D
from ml_connector_tests.flows.selling import OUTBOX, SalesOffice, credit, invoice, line, sales_office


@pytest.fixture
def flow(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """More settings of the flow."""
    return getattr(request, "param", {})


@pytest.fixture
def customer(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """More of the customer's file."""
    return getattr(request, "param", {})


@pytest.fixture
def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flow: Mapping[str, Any], customer: Mapping[str, Any]
) -> Iterator[SalesOffice]:
    with sales_office(tmp_path / "home", monkeypatch, flow=flow, customer=customer) as made:
        yield made


def own(**settings: Any) -> dict[str, Any]:
    """What the customer's file says of its invoices."""
    return {"sales_invoices": settings}


def held(office: SalesOffice, number: str = "AR001") -> tuple[str, str]:
    """Why a document is held: reason and message."""
    row = office.row(number)
    assert row.state is S.QUARANTINED, (row.state, row.reason_detail)
    detail = row.reason_detail or {}
    assert detail["mend"]
    return str(row.reason), detail["message"]


# -------------------------------------------------------------------------------------------------- whole, and once


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
        assert reports["read invoices"].counts["not_released"] == 1
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


def test_customers_that_are_no_partners_and_old_invoices_are_left_and_counted_once(office: SalesOffice) -> None:
    old = invoice(id="INV/OLD", number="OLD", invoice_date=date(2026, 10, 31))
    office.books.save(invoice(customer_code="C999"), old)
    report = office.run()["read invoices"]
    assert (report.counts["not_a_partner"], report.counts["dated_before_start"]) == (1, 1)
    assert any("no partners here" in note for note in report.notes)
    again = office.run()["read invoices"]
    assert (again.counts["not_a_partner"], again.notes) == (0, [])
    assert office.rows() == []


def test_one_invoice_in_two_lists_of_the_erp_leaves_once(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.books.save(invoice(id="ARInvoice/AR001"))
    office.run()
    reason, message = held(office)
    assert reason == "duplicate_invoice_number"
    assert "AR001 is a document here already" in message
    assert len(office.mailbox.sent) == 1


def test_a_credit_memo_may_have_an_invoices_number(office: SalesOffice) -> None:
    office.books.save(invoice(), credit(number="AR001", original_invoice=""))
    office.run()
    assert sorted(one.type for one in office.sets()) == ["CR", "DI"]


# ---------------------------------------------------------------------------------------------------- to the cent


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (invoice(total=D("141.55")), "comes to 141.54 USD (lines 125.00, discounts -5.00, charges 10.00, taxes 11.54),"
         " and the ERP says 141.55: a difference of 0.01"),
        (invoice(line(amount=D("125.01")), total=D("141.55")), "10 x 12.50 is 125.00 USD, and the ERP has 125.01"),
        (invoice(total=D("-141.54")), "has a total of -141.54 USD"),
        (invoice(line(amount=D("125.001")), total=D("141.541")), "more than 2 decimals"),
        (invoice(line(quantity=D(0))), "has an amount of 125.00 and no quantity"),
        (invoice(line(unit="TRAY")), "Unit TRAY of line 1, invoice AR001, is mapped to no X12 unit"),
        (invoice(charges=(invoice().charges[0].model_copy(update={"code": "ice"}),)), "Charge ice"),
        (invoice(taxes=tuple(t.model_copy(update={"code": "NJ"}) for t in invoice().taxes)), "Tax NJ"),
        (invoice(line(item_code="", customers_item="", gtin="", description="")), "neither an item nor"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_or_has_no_code_is_held_and_never_sent_otherwise(
    office: SalesOffice, wrong: Any, words: str
) -> None:
    office.books.save(wrong)
    office.run()
    reason, message = held(office)
    assert words in message, (reason, message)
    assert office.mailbox.sent == []
    office.books.save(invoice())
    office.run()
    assert [one.total for one in office.sets()] == [D("141.54")], "mended in the ERP, it leaves by itself"


def test_amounts_stand_in_the_places_of_their_currency(office: SalesOffice) -> None:
    plain = {"discounts": (), "charges": (), "taxes": ()}
    yen = line(price=D("12.5"), amount=D(125))
    office.books.save(
        invoice(yen, currency="JPY", total=D(125), **plain),
        invoice(
            line(amount=D("125.5"), price=D("12.55")), id="2", number="AR002", currency="JPY", total=D("125.5"), **plain
        ),
        invoice(line(amount=D("125.005")), id="3", number="AR003", currency="KWD", total=D("125.005"), **plain),
    )
    office.run()
    assert [(one.number, one.currency, one.total) for one in office.sets()] == [("AR001", "JPY", D(125))]
    assert "more than 0 decimals" in held(office, "AR002")[1]
    assert "more than 2 decimals" in held(office, "AR003")[1]


def test_taxes_that_prices_hold_are_told_and_not_added(office: SalesOffice) -> None:
    office.books.save(invoice(taxes_included=True, total=D("130.00")))
    office.run()
    (sent,) = office.sets()
    assert (sent.total, [tax.relationship for tax in sent.taxes]) == (D("130"), ["O", "O"])


def test_more_taxes_than_an_810_has_room_for_are_held(office: SalesOffice) -> None:
    """TXI of the summary comes ten times at most (x12-procurement 8)."""
    many = tuple(SalesTax(code="NYSTATE", amount=D("1.00")) for _ in range(11))
    office.books.save(invoice(taxes=many, total=D("141.00")))
    office.run()
    assert held(office)[0] == "bad_value"
    assert office.mailbox.sent == []


@pytest.mark.parametrize("customer", [{"x12": {"character_set": "basic"}}], indirect=True)
def test_characters_are_spelled_where_they_say_the_same_and_held_where_not(office: SalesOffice) -> None:
    office.books.save(
        invoice(line(description="Crème 1½ kg")), invoice(id="2", number="AR-Ω2"), invoice(id="3", number="AR003")
    )
    office.run()
    assert [(one.number, one.lines[0].description) for one in office.sets()] == [
        ("AR001", "CREME 1 1/2 KG"),
        ("AR003", "CANNED TOMATOES"),
    ]
    assert held(office, "AR-Ω2")[0] == "character_not_sendable"


def test_what_is_neither_plainly_an_invoice_nor_a_credit_memo_is_held(office: SalesOffice) -> None:
    office.books.save(invoice(other_type="Debit Memo"))
    office.run()
    assert held(office) == (
        "unsupported_document", "AR001 is of type Debit Memo: neither plainly an invoice nor a credit memo."
    )  # fmt: skip


@pytest.mark.parametrize(
    "flow", [{"terms": {"2%10N30": {"discount_percent": 2, "discount_days": 10, "net_days": 30}}}], indirect=True
)
def test_what_a_code_of_terms_means_stands_in_settings(office: SalesOffice) -> None:
    office.books.save(invoice(terms=SalesTerms(code="2%10N30", discount_amount=D("2.50"))))
    office.books.save(invoice(id="2", number="AR002", terms=SalesTerms(code="COD")))
    office.run()
    first, second = office.sets()
    (terms,) = first.terms
    assert (terms.discount_percent, terms.discount_days, terms.net_days, terms.discount_amount) == (
        D(2), 10, 30, D("2.5")
    )  # fmt: skip
    assert (terms.description, first.terms_discount) == ("2%10N30", D("2.5"))
    (terms,) = second.terms
    assert (terms.discount_percent, terms.net_due, terms.description) == (None, date(2026, 12, 20), "COD")


def test_a_credit_memo_follows_each_invoice_that_its_lines_name(office: SalesOffice) -> None:
    office.books.save(invoice(), invoice(line(unit="TRAY"), id="INV/2", number="AR002"))
    back = credit(original_invoice="")
    lines = (line(1, original_invoice="AR001"), line(2, original_invoice="AR002", amount=D(0), price=D(0)))
    office.books.save(back.model_copy(update={"lines": lines}))
    office.run()
    office.run()
    assert "takes back invoice AR002" in held(office, "CM001")[1]
    office.books.save(invoice(id="INV/2", number="AR002"))
    office.run()
    office.run(replay=True)
    office.run()
    assert [one.number for one in office.sets()] == ["AR001", "AR002", "CM001"]
    assert [one.references[0].value for one in office.sets()[-1].lines] == ["AR001", "AR002"]


def test_master_data_complete_what_the_invoice_does_not_repeat(office: SalesOffice) -> None:
    number = CrossReference
    facts = ItemFacts(
        id="i1",
        code="FOOD-1",
        numbers=(
            number(number="BR-EACH", kind="customer", party="C100", unit="EACH"),
            number(number="BR-CASE", kind="customer", party="C100", unit="CASE"),
            number(number="X-9", kind="customer", party="C200"),
            number(number="00012345678905", kind="gtin", unit="CASE"),
            number(number="012345678905", kind="barcode", unit="EACH"),
        ),
    )
    place = CustomerLocation(
        id="p1", code="MAIN", customer="c1", their_code="0042", street=("1 Main St",), city="Troy", postal_code="12180"
    )
    office.books.tables = {
        "vendors": Table(VENDOR),
        "item_facts": Table(facts),
        "customers": Table(Customer(id="c1", code="C100")),
        "customer_locations": Table(place, place.model_copy(update={"id": "p2", "street": ("2 Main St",)})),
    }
    for table in office.books.tables:
        sync_table(office.deployment.ledger, office.integration.erp, table)
    went = Address(name="Store 42", street=("1 MAIN ST",), city="Troy", postal_code="12180")
    office.books.save(invoice(line(customers_item="", gtin=""), ship_to=went))
    office.run()
    (sent,) = office.sets()
    assert {(item.qualifier, item.value) for item in sent.lines[0].items} == {
        ("VP", "FOOD-1"), ("BP", "BR-CASE"), ("UK", "00012345678905")
    }  # fmt: skip
    ship_to = sent.party("ST")
    assert ship_to is not None
    assert (ship_to.id_scheme, ship_to.id) == ("92", "0042")
    assert {"item_facts", "customers", "customer_locations"} <= set(office.row().snapshots or {})
    renamed = facts.model_copy(update={"numbers": ()})
    office.books.tables = {**office.books.tables, "item_facts": Table(renamed)}
    sync_table(office.deployment.ledger, office.integration.erp, "item_facts")
    office.books.save(invoice(line(customers_item="", gtin=""), ship_to=went, unsent=("Project",)))
    office.run()
    assert len(office.rows()) == 1, "master data that changed make no news of what was sent"


def test_lines_that_only_say_something_become_notes(office: SalesOffice) -> None:
    text = line(2, quantity=D(0), price=D(0), amount=D(0), description="Thank you for your order")
    office.books.save(invoice(line(), text, description="Week 47"))
    office.run()
    (sent,) = office.sets()
    assert (len(sent.lines), sent.notes) == (1, ("Week 47", "Thank you for your order"))


@pytest.mark.parametrize("customer", [own(line_prices="from_amount")], indirect=True)
def test_a_price_that_comes_to_the_amount_is_sent_where_the_file_says_so(office: SalesOffice) -> None:
    office.books.save(invoice(line(quantity=D(3000), price=D("3.3333"), amount=D("10000.00")), discounts=(), charges=(),
                              taxes=(), total=D("10000.00")))  # fmt: skip
    office.run()
    (sent,) = office.sets()
    price = sent.lines[0].price or D(0)
    assert round(price * 3000, 2) == D("10000.00")


# ------------------------------------------------------------------------------------------- changed and reversed


def changed() -> Any:
    return invoice(line(price=D("12.60"), amount=D("126.00")), total=D("142.54"))


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
        work = Work(holder=lease.name, actor="test")
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
    office.books.save(changed().model_copy(update={"customer_code": "C999"}))
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


def test_an_invoice_that_is_voided_before_it_left_does_not_leave(office: SalesOffice) -> None:
    office.books.save(invoice(voided=True))
    office.run()
    assert office.rows() == []


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


# -------------------------------------------------------------------------------------- what comes back, in doubt


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
        work = Work(holder=lease.name, actor="test")
        operator_actions.prepare_replay(office.integration, work, office.rows()[:1])
    office.run()
    assert len(office.mailbox.sent) == 2, "a newer one has left: the refused one stays refused"


def test_a_refused_invoice_that_is_replayed_leaves_as_the_erp_has_it(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.comes(f"AK1*IN*{office.group_control()}", "AK9*R*1*1*0")
    with worker(office.deployment.ledger) as lease:
        work = Work(holder=lease.name, actor="test")
        operator_actions.prepare_replay(office.integration, work, office.rows())
    office.run()
    assert [row.state for row in office.rows()] == [S.SENT]
    assert len(office.mailbox.sent) == 2


def test_an_answer_that_does_not_come_is_told(office: SalesOffice) -> None:
    office.books.save(invoice())
    office.run()
    office.clock.move(49 * 3600)
    with worker(office.deployment.ledger) as lease:
        monitoring.mark_overdue(office.integration, Work(holder=lease.name, actor="test"))
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
    report = office.run(dry_run=True)["read invoices"]
    assert report.counts["read"] == 1
    assert office.rows() == []
    assert office.mailbox.sent == []


def test_the_flow_is_declared_for_customers(office: SalesOffice) -> None:
    assert FLOW.name in office.integration.flows
    assert office.integration.flows.partners_of(FLOW.name) == {"customer"}
    assert office.integration.flows.source_of(FLOW.name) == "sales_invoices"
