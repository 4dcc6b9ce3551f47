"""UBL and cXML by the shipped layouts, as files come: what a code means decides what becomes of an invoice."""

from collections.abc import Iterator

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.layouts.made_xml import charge, cxml, tax, ubl
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage

#: By number: the file, and what becomes of it.
POSTED, HELD = (str(S.POSTED), None), str(S.QUARANTINED)
PREPAID = "<b:PrepaidAmount currencyID='EUR'>21.00</b:PrepaidAmount>"
TOTAL = "<b:PayableAmount currencyID='EUR'>{}</b:PayableAmount>"
CASES: dict[str, tuple[str, tuple[str, str | None]]] = {
    "U-1": (ubl(), POSTED),
    "U-2": (ubl("<b:InvoiceTypeCode>384</b:InvoiceTypeCode>"), (HELD, "not_a_first_invoice")),
    "U-3": (ubl("<b:InvoiceTypeCode>386</b:InvoiceTypeCode>"), (HELD, "unsupported_document")),
    "U-4": (ubl("<b:InvoiceTypeCode>999</b:InvoiceTypeCode>"), (HELD, "bad_value")),
    "U-5": (ubl("", root="CreditNote"), POSTED),
    "U-6": (ubl(totals=PREPAID + TOTAL.format("100.00")), (HELD, "bad_value")),
    "U-7": (
        ubl(charges=charge("true", "10.00", "D240"), tax=tax(("23.10", "EUR")), totals=TOTAL.format("133.10")),
        POSTED,
    ),
    "U-8": (ubl(totals=TOTAL.format("122.00")), (HELD, "total_difference")),
    "U-9": (ubl().replace("<b:PriceAmount currencyID='EUR'>", "<b:PriceAmount currencyID='USD'>"), (HELD, "bad_value")),
    "U-10": (ubl(price="120", base="<b:BaseQuantity>12</b:BaseQuantity>"), POSTED),
    "C-1": (cxml(), POSTED),
    "C-2": (cxml('purpose="standard" operation="delete"'), (HELD, "bad_value")),
    "C-3": (cxml('isInformationOnly="yes"'), (HELD, "bad_value")),
    "C-4": (cxml('purpose="debitMemo"'), (HELD, "unsupported_document")),
    "C-5": (cxml(mode="test"), (HELD, "bad_value")),
}
#: No order is named, so that each stands for itself; the buyer's own number of the supplier is.
OURS = "31205551234"


def file_of(number: str) -> bytes:
    text, _ = CASES[number]
    text = text.replace("<b:ID>U-1</b:ID>", f"<b:ID>{number}</b:ID>").replace('"C-1"', f'"{number}"')
    text = text.replace("<a:OrderReference><b:ID>4711</b:ID></a:OrderReference>", "").replace('orderID="4711"', "")
    return text.replace("ACME", OURS).encode()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str | None]]]:
    """All files in one run."""
    settings = {"layouts": {"receive": ["ubl_invoice", "cxml_invoice"]}, "cost_center": "OPS", "gl_account": "4400"}
    with open_stage(tmp_path_factory.mktemp("xml") / "home", partners={"lumen": settings}) as stage:
        for number in CASES:
            deliver(stage, number)
        stage.inbound()
        rows = [*stage.documents("invoices_in"), *stage.documents("unreadable")]
        yield {one.number: (str(one.state), one.reason) for one in rows}


def deliver(stage: Stage, number: str) -> None:
    stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, f"{number}.xml", file_of(number))


@pytest.mark.parametrize("number", CASES)
def test_an_invoice_becomes_what_its_codes_say(number: str, outcomes: dict[str, tuple[str, str | None]]) -> None:
    assert outcomes.get(number) == CASES[number][1]
