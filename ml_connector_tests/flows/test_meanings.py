"""Every code that says what an invoice or a ship notice is: posted, booked, or held with a question."""

import re
from datetime import date
from decimal import Decimal
from itertools import product
from string import ascii_uppercase, digits

import pytest

from ml_connector.documents.common import Purpose
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.shipments import ShipNotice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.document_codes import is_credit
from ml_connector.flows.shipments_in.earlier_notices import about_of

# x12-procurement 8, the table under BIG, written again by hand.
POSTED = "DI PR FB EB EF EI ER IB IF IR IU MF MI MR MS RF UF PB PA BA BH CT DO SM SS MM CI CD"
INVOICES, CREDITS = set(POSTED.split()), {"CN", "CR", "CE", "CG", "MC", "CC"}
CODES = ["".join(pair) for pair in product(ascii_uppercase, repeat=2)]


def invoice(type: str = "", purpose: str | None = None, total: str = "10.00", original: str = "") -> Invoice:
    return Invoice(
        number="RE-1",
        invoice_date=date(2026, 11, 20),
        type=type,
        purpose=None if purpose is None else Purpose(purpose),
        original_invoice=original,
        total=Decimal(total),
    )


def notice(purpose: str) -> ShipNotice:
    return ShipNotice(number="LS-1", notice_date=date(2026, 11, 20), purpose=Purpose(purpose))


def held(one: Invoice) -> NeedsCorrection | None:
    try:
        is_credit(one, {})
    except NeedsCorrection as error:
        return error
    return None


def test_every_type_is_decided_and_lower_case_means_the_same() -> None:
    for code in CODES:
        for spelled in (code, code.lower()):
            why = held(invoice(spelled))
            if code in INVOICES | CREDITS:
                assert why is None
                assert is_credit(invoice(spelled), {}) is (code in CREDITS)
                assert invoice(spelled).is_credit is (code in CREDITS)
            else:
                assert why is not None
                assert spelled in why.message
                assert (why.reason, bool(why.remedy)) == (Reason.UNSUPPORTED_DOCUMENT, True)
    assert is_credit(invoice(""), {}) is False


def test_a_negative_total_is_a_credit_where_the_type_does_not_say_otherwise() -> None:
    assert all(is_credit(invoice(code, total="-10.00"), {}) for code in ("", "CR"))
    contradicting = held(invoice("DI", total="-10.00"))
    assert contradicting is not None
    assert contradicting.reason is Reason.SIGN_CONTRADICTION


def test_a_partner_file_says_what_a_type_means() -> None:
    assert is_credit(invoice("dr"), {"DR": "credit"}) is True
    assert is_credit(invoice("ME"), {"ME": "invoice"}) is False
    assert is_credit(invoice("CR"), {"CR": "invoice"}) is False
    with pytest.raises(NeedsCorrection, match="of type DI"):
        is_credit(invoice("DI"), {"DI": "held"})


@pytest.mark.parametrize("code", ["".join(pair) for pair in product(digits, repeat=2)])
def test_only_a_first_one_is_posted_or_received(code: str) -> None:
    assert (held(invoice(purpose=code)) is None) is (code == "00")
    why = held(invoice(purpose=code))
    assert why is None or re.search(rf"\(BIG08 {code}\)", why.message)
    about = about_of(notice(code))
    assert (about is None) is (code in {"00", "14"})
    assert about is None or about.code == f"BSN01 {code}"


def test_the_original_is_named_where_the_invoice_names_it() -> None:
    why = held(invoice("", "05", original="RE-0"))
    assert why is not None
    assert why.message == "Invoice RE-1 replaces RE-0 (BIG08 05)."
    assert why.data["original"] == "RE-0"
