"""The XML rows of the field index, each by its name: read by the layout that lies beside it, tried with `try --json`,
then run, against what the index says. Skipped where the inputs do not lie beside the project.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.flows.posting.postings import operation_key
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.layouts import load_layout, read_documents
from ml_connector.ledger.tables.documents import operation
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.trying.results import NO_KEY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.systems.truecommerce.stage import INTEGRATION, Stage, open_stage

FIELD = ROOT.parent / "shared" / "field" / "flat"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason="the inputs do not lie beside the project")

LUMEN, ORDER = "20022", "26000008"
#: By file: its layout, and what the document says, written by hand from the file.
ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "cxml-doctype.xml": (
        "cxml.yaml",
        {"number": "CX-1", "day": "2026-11-28", "total": "17.85", "taxes": ["3.1"], "charges": [], "basis": ""},
    ),
    "ubl-two-allowances.xml": (
        "ubl.yaml",
        {
            "number": "U-1",
            "day": "2026-11-28",
            "total": "12.1",
            "taxes": ["2.1"],
            "charges": [("A", "4.75"), ("A", "1")],
            "basis": "HP",
        },
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_it_is_read_as_it_comes(row: str) -> None:
    layout, right = ROWS[row]
    (read,) = read_documents((FIELD / row).read_bytes(), load_layout(FIELD / layout))
    assert [one.message for one in read.findings if one.is_error] == []
    assert read.accepted
    assert isinstance(read.document, Invoice)
    assert (read.partner, read.document.order_number) == ("31205551234", ORDER)
    assert said(read.document) == right
    (line,) = read.document.lines
    assert (line.quantity, line.unit, line.vendors_item) == (1, "EA", "LU-VW-1002")
    assert line.amount == Decimal("14.75")


def said(invoice: Invoice) -> dict[str, Any]:
    return {
        "number": invoice.number,
        "day": str(invoice.invoice_date),
        "total": str(invoice.total),
        "taxes": [str(one.amount) for one in invoice.taxes],
        "charges": [(str(one.kind), str(one.amount)) for one in invoice.allowances],
        "basis": invoice.lines[0].price_basis,
    }


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The supplier's order as the index has it, received; its partner takes files of both layouts."""
    files = [str(FIELD / layout) for layout, _ in ROWS.values()]
    home = tmp_path_factory.mktemp("xml") / "home"
    with open_stage(home, partners={"lumen": {"layouts": {"receive": files}}}) as made:
        made.orders(7)
        made.sandbox.call(receive, made)
        refresh_orders(made.integration)
        yield made


def receive(stage: Stage) -> None:
    exact = stage.sandbox.exact
    (order,) = user.create_orders(exact, 1, suppliers=(LUMEN,))
    assert str(user.order_facts(exact, order)["number"]) == ORDER
    for line in user.lines_of(exact, order):
        add_quantity(exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
    order_changed(exact.main, order)


@pytest.fixture(scope="module")
def outcome(stage: Stage) -> Callable[[str], tuple[Any, Any, list[tuple[str, str]]]]:
    """What a try said of a row, the document after a run, and its writes; each row once."""
    known: dict[str, tuple[Any, Any, list[tuple[str, str]]]] = {}

    def of(row: str) -> tuple[Any, Any, list[tuple[str, str]]]:
        if row not in known:
            path = FIELD / row
            (tried,) = say("try", path, "--json", "--integration", INTEGRATION).json["documents"]
            stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, path.name, path.read_bytes())
            stage.inbound()
            (ran,) = [one for one in stage.documents("invoices_in") if one.number == tried["number"]]
            with stage.deployment.ledger.read() as tx:
                found = tx.execute(operation.select().where(operation.c.document_id == ran.id)).mappings().all()
            writes = [(one["target"], one["payload"].replace(operation_key(ran), NO_KEY)) for one in found]
            known[row] = (tried, ran, writes)
        return known[row]

    return of


@pytest.mark.parametrize("row", ROWS)
def test_a_run_does_what_a_try_said(row: str, outcome: Callable[[str], Any]) -> None:
    tried, ran, writes = outcome(row)
    assert tried["state"] == str(ran.state), ran.reason_detail
    assert (tried["reason"] or {}).get("code") == ran.reason
    assert [(one["target"], one["payload"]) for one in tried["writes"]] == writes


def posted(ran: Any, writes: list[tuple[str, str]]) -> Decimal:
    """What the goods of a posted invoice come to."""
    assert str(ran.state) == "posted", (ran.reason, ran.reason_detail)
    (written,) = writes
    payload = json.loads(written[1])
    lines = payload.get("PurchaseInvoiceLines") or payload["PurchaseEntryLines"]
    return sum((Decimal(str(line.get("Amount", line.get("AmountFC")))) for line in lines), Decimal(0))


def test_cxml_is_posted_with_its_own_total(outcome: Callable[[str], Any]) -> None:
    _, ran, writes = outcome("cxml-doctype.xml")
    assert posted(ran, writes) + Decimal("3.10") == Decimal("17.85")


def test_two_allowances_count_both(outcome: Callable[[str], Any]) -> None:
    """The file takes off 5.75 and says 12.10 where 11.10 is left: read, and held for just that."""
    _, ran, _ = outcome("ubl-two-allowances.xml")
    assert (str(ran.state), ran.reason) == ("quarantined", "total_difference")
    assert (ran.reason_detail or {})["message"] == "The lines come to 11.10, the invoice says 12.1."


def test_two_allowances_that_add_up_are_posted(stage: Stage) -> None:
    data = (FIELD / "ubl-two-allowances.xml").read_bytes()
    mended = data.replace(b"12.10", b"10.89").replace(b"2.10", b"1.89").replace(b"10.00", b"9.00")
    mended = mended.replace(b"U-1", b"U-2")
    stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, "mended.xml", mended)
    stage.inbound()
    (ran,) = [one for one in stage.documents("invoices_in") if one.number == "U-2"]
    with stage.deployment.ledger.read() as tx:
        found = tx.execute(operation.select().where(operation.c.document_id == ran.id)).mappings().all()
    assert posted(ran, [(one["target"], one["payload"]) for one in found]) == Decimal("9.00")


def test_every_row_of_xml_is_here() -> None:
    assert {path.name for path in FIELD.glob("*.xml")} == set(ROWS)
