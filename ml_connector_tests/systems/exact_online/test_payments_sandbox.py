"""Payments that others made, booked in Exact: what matches, what stays open, and what is due (exact-online 10.6)."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.payables.settlements import OpenItem, Payment, PaymentLine
from ml_connector.errors import NeedsCorrection, RefusedBySystem
from ml_connector.flows.core.ports import Identity, payments_of
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.systems.exact_online.conftest import Bench, make_erp

_numbers = itertools.count(1)
OPEN, MATCHED = 20, 50


@pytest.fixture(scope="module")
def _module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    clock = tmp_path_factory.mktemp("payments") / "clock"
    with Sandbox(SandboxOptions(partner=False, clock_file=clock), stand_ins=registry.of("exact")) as sandbox:
        sandbox.call(sandbox.exact.limits.configure)
        yield sandbox


@pytest.fixture
def books(_module: Sandbox) -> Iterator[Bench]:
    """One stand-in for the module: each test has invoices of its own."""
    erp, notes, blobs = make_erp(_module)
    yield Bench(_module, erp, notes, blobs)
    _module.exact.options.closed_periods = ExactOptions().closed_periods


def entry(books: Bench, amount: str = "100", **more: Any) -> dict[str, Any]:
    """An invoice of 121 with VAT, keyed in."""
    values = {"supplier": "20011", "your_ref": f"INV-{next(_numbers)}", "amount": Decimal(amount), **more}
    return dict(books.sandbox.call(user.key_entry, books.sandbox.exact, **values))


def item_of(books: Bench, made: dict[str, Any]) -> OpenItem:
    (item,) = payments_of(books.erp).items_of([made["EntryID"]])
    return item


def status(books: Bench, made: dict[str, Any]) -> int:
    (row,) = books.company.table("cashflow/Payments").where("TransactionEntryID", made["EntryID"])
    return int(row["Status"])


def line(item: OpenItem, amount: str | Decimal, discount: str = "0") -> PaymentLine:
    return PaymentLine(
        item_id=item.id, number=item.number, amount=Decimal(amount), discount=Decimal(discount), entry=item.entry,
        account=item.account,
    )  # fmt: skip


def payment(item: OpenItem, *lines: PaymentLine, **more: Any) -> Payment:
    values: dict[str, Any] = {
        "party_id": item.party_id, "reference": f"PAY-{next(_numbers)}", "payment_date": date(2026, 11, 28),
        "currency": item.currency, "amount": sum((one.amount for one in lines), Decimal(0)), "account": "51",
        "lines": lines,
    }  # fmt: skip
    return Payment(**{**values, **more})


def book(books: Bench, made: Payment) -> str:
    key = f"mlc-{next(_numbers):020x}"
    ((_, written),) = books.post(list(payments_of(books.erp).plan(made, key)))
    return written.outside_id


def lines_of(books: Bench, entry_id: str) -> list[dict[str, Any]]:
    return [row for row in books.table("financialtransaction/BankEntryLines") if row["EntryID"] == entry_id]


def test_one_payment_of_many_invoices_is_one_entry_and_matches_each(books: Bench) -> None:
    made = [entry(books), entry(books, "50")]
    items = [item_of(books, one) for one in made]
    booked = book(books, payment(items[0], *(line(item, item.due) for item in items)))
    lines = lines_of(books, booked)
    assert [(row["AmountFC"], row["OurRef"]) for row in lines] == [
        (Decimal("-121.00"), made[0]["EntryNumber"]),
        (Decimal("-60.50"), made[1]["EntryNumber"]),
    ]
    assert len({row["Description"] for row in lines}) == 1, "our key is on every line"
    assert [status(books, one) for one in made] == [MATCHED, MATCHED]
    assert [item_of(books, one).due for one in made] == [0, 0]


def test_parts_leave_the_item_open_until_they_make_the_whole(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    book(books, payment(item, line(item, "21")))
    assert (status(books, made), item_of(books, made).due) == (OPEN, 100)
    book(books, payment(item, line(item, "50")))
    book(books, payment(item, line(item, "50")))
    assert (status(books, made), item_of(books, made).due) == (MATCHED, 0)


def test_another_amount_stays_beside_the_item(books: Bench) -> None:
    """Somebody pays without naming the invoice, or more than is due: Exact matches neither by itself."""
    made = entry(books)
    books.sandbox.call(user.pay_entry, books.sandbox.exact, made, named=False)
    assert (status(books, made), item_of(books, made).due) == (OPEN, 121)
    other = entry(books)
    books.sandbox.call(user.pay_entry, books.sandbox.exact, other, Decimal(130))
    assert (status(books, other), item_of(books, other).due) == (OPEN, 0)


def test_what_exact_pays_itself_is_not_ours(books: Bench) -> None:
    made = entry(books)
    books.sandbox.call(user.select_for_payment, books.sandbox.exact, made)
    item = item_of(books, made)
    assert (item.ready, item.state) == (False, "selected for payment in Exact")
    books.sandbox.call(user.pay_entry, books.sandbox.exact, made)
    item = item_of(books, made)
    assert (item.ready, item.due, status(books, made)) == (True, 0, MATCHED)


def test_a_payment_that_is_taken_back_opens_the_item_and_a_new_one_matches_again(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    book(books, payment(item, line(item, "121")))
    assert status(books, made) == MATCHED
    book(books, payment(item, line(item, "-121")))
    assert (status(books, made), item_of(books, made).due) == (OPEN, 121)
    book(books, payment(item, line(item, "121")))
    assert status(books, made) == MATCHED


def test_a_discount_has_a_line_of_its_own_and_the_invoice_matches(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    asked = payment(item, line(item, "118.58", "2.42"))
    with pytest.raises(NeedsCorrection, match="discount_account"):
        payments_of(books.erp).plan(asked, "mlc-0")
    with_account, _, _ = make_erp(books.sandbox, discount_account="4430")
    books.erp = with_account
    booked = book(books, asked)
    amounts = [row["AmountFC"] for row in lines_of(books, booked)]
    assert (amounts, sum(amounts)) == ([Decimal("-121.00"), Decimal("2.42")], Decimal("-118.58"))
    assert status(books, made) == MATCHED


def test_another_currency_is_booked_at_its_rate_and_exact_books_the_difference(books: Bench) -> None:
    made = entry(books, supplier="20016", journal="61", vat_code="0", amount="1000")
    item = item_of(books, made)
    assert (item.currency, item.due) == ("USD", 1000)
    book(books, payment(item, line(item, "1000"), exchange_rate=Decimal("0.95")))
    assert status(books, made) == MATCHED
    differences = [
        row["AmountDC"]
        for row in books.table("generaljournalentry/GeneralJournalEntryLines")
        if row["OurRef"] == made["EntryNumber"]
    ]
    assert sorted(differences) == [Decimal("-30.00"), Decimal("30.00")]
    assert item_of(books, made).due == 0, "a difference of exchange pays nothing"


def test_in_a_general_journal_it_goes_against_the_clearing_account(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    books.erp, _, _ = make_erp(books.sandbox, payments_as="journal_entry", clearing_account="1110")
    booked = book(books, payment(item, line(item, "121"), account="90"))
    rows = [row for row in books.table("generaljournalentry/GeneralJournalEntryLines") if row["EntryID"] == booked]
    assert [(row["GLAccountCode"], row["AmountFC"]) for row in rows] == [
        ("1600", Decimal("121.00")),
        ("1110", Decimal("-121.00")),
    ]
    assert status(books, made) == MATCHED


def test_a_closed_period_refuses_it_in_exacts_own_words(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    books.sandbox.exact.options.closed_periods = {(2026, 10)}
    with pytest.raises(RefusedBySystem, match="Period is closed"):
        book(books, payment(item, line(item, "121"), payment_date=date(2026, 10, 30)))
    assert status(books, made) == OPEN


def test_items_are_found_by_supplier_and_number(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    asked = [Identity(item.party_id, f"{item.number} "), Identity(item.party_id, "NONE"), Identity("nobody", "1")]
    (found,) = payments_of(books.erp).open_items(asked)
    assert (found.id, found.bill, found.number) == (item.id, made["EntryID"], f"{item.number} ")
    assert payments_of(books.erp).items_of(["no guid", "00000000-0000-0000-0000-00000000dead"]) == []


def test_it_is_found_by_its_number_whoever_booked_it(books: Bench) -> None:
    made = entry(books)
    item = item_of(books, made)
    asked = payment(item, line(item, "121"))
    booked = book(books, asked)
    (found,) = payments_of(books.erp).existing([Identity(item.party_id, asked.reference)])
    assert (found.outside_id, Decimal(found.amount)) == (booked, Decimal(121))
    assert found.our_key
    assert payments_of(books.erp).existing([replace(found.identity, number="PAY-0")]) == []
