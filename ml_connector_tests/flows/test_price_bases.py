"""A price basis that is on no list is asked about, in invoices and acknowledgments; a partner's file may say it."""

from decimal import Decimal
from itertools import product
from pathlib import Path
from string import ascii_uppercase

import pytest

from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning import price_bases
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import Rules, compare
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.builders import invoice, invoice_line
from ml_connector_tests.flows.scenes import scene, with_partners
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_invoice_doubts import reason_of
from ml_connector_tests.hostile.interchanges import Invoice, line_of

# x12-procurement 4, PO105, written again by hand.
KNOWN = {"PE", "CA", "CT", "NT", "UM", "HP", "TP", "WE", "QT", "TE"}


def test_every_code_but_those_of_the_sheet_holds_an_invoice() -> None:
    for code in ("".join(pair) for pair in product(ascii_uppercase, repeat=2)):
        for spelled in (code, code.lower()):
            held = reason_of(invoice(invoice_line(1), invoice_line(2, price_basis=spelled)))
            assert held is (None if code in KNOWN else Reason.UNSUPPORTED_DOCUMENT), spelled


@pytest.mark.parametrize(("price", "held"), [("0", False), ("-1", True), ("0.01", True)])
def test_goods_for_free_are_free_for_any_number_of_units(price: str, held: bool) -> None:
    assert (reason_of(invoice(invoice_line(1, price_basis="NC", price=Decimal(price)))) is not None) is held


def test_numbers_of_units_are_plain_but_for_none() -> None:
    assert reason_of(invoice(invoice_line(1, price_basis="12"))) is None
    assert reason_of(invoice(invoice_line(1, price_basis="0"))) is Reason.UNSUPPORTED_DOCUMENT


def test_what_the_partner_means_takes_the_place_of_its_code() -> None:
    first, second = price_bases.meant([invoice_line(1, price_basis="lb"), invoice_line(2)], {"LB": "HP"})
    assert (first.price_basis, first.amount, second.price_basis) == ("HP", Decimal("12.50"), "")


def answer(basis: str, price: str) -> OrderAcknowledgment:
    line = AcknowledgedLine(
        number="1", quantity=Decimal(3), unit="EA", price=Decimal(price), price_basis=basis,
        answers=(LineAnswer(status="IA", quantity=Decimal(3)),),
    )  # fmt: skip
    return OrderAcknowledgment(number="4711", type="AC", lines=(line,))


ORDERED = Expected([OrderLine(number="1", quantity=Decimal(3), unit="EA", price=Decimal(2))], "4711")


def test_an_acknowledgment_is_not_taken_for_a_price_that_nobody_knows() -> None:
    """Two per unit were ordered; two for whatever LB is may be as little as two for a hundred."""
    with pytest.raises(NeedsCorrection, match="price basis LB on line 1") as caught:
        compare(answer("LB", "2"), ORDERED)
    assert caught.value.reason is Reason.ANSWER_NOT_DECIDED
    assert "price_bases" in caught.value.remedy
    for basis, price, verdict in (("PE", "2", "accepted"), ("HP", "200", "accepted"), ("HP", "2", "changed")):
        assert compare(answer(basis, price), ORDERED).lines[0].verdict == verdict
    meant = Rules(price_bases={"LB": "HP"})
    assert compare(answer("LB", "200"), ORDERED, meant).lines[0].verdict == "accepted"


def test_an_invoice_is_looked_at_again_once_the_partner_file_says_it(tmp_path: Path) -> None:
    with scene(tmp_path / "home") as stage:
        (order,) = stage.orders(1)
        lines = tuple(
            line_of(line, price=Decimal(line["price"]) * 1000).replace("**VP", "*LM*VP") for line in order["lines"]
        )
        deliver(stage, Invoice("B-1", order, lines=lines).bytes())
        stage.inbound()
        (row,) = stage.documents("invoices_in")
        assert (row.state, row.reason) == (S.QUARANTINED, "unsupported_document"), row.reason_detail
        assert (row.reason_detail or {})["data"]["code"] == "LM"
        partners = dict(stage.integration.partners)
        partners["northwind"] = partners["northwind"].model_copy(update={"price_bases": {"LM": "TP"}})
        stage.integration = with_partners(stage.integration, partners)
        stage.inbound(replay=True, documents=(row.id,))
        (row,) = stage.documents("invoices_in")
        assert (row.state, row.reason) == (S.POSTED, None), row.reason_detail
