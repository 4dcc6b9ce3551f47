"""A partner moved to another company's integration: what was read for the first company is no news to the second."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.errors import Reason
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.exact.seed import SECOND_DIVISION
from ml_connector_tests.flows.renamed import Edited, Settings, two_companies
from ml_connector_tests.flows.scenes import UNITS


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Edited]:
    with two_companies(tmp_path / "home") as one:

        def leave(settings: Settings) -> None:
            settings["connections"]["cleo_prod"]["after_read"] = "leave"
            settings["connections"]["cleo_two"] = dict(settings["connections"]["cleo_prod"])
            settings["integrations"]["two"]["network"] = "cleo_two"

        one.edit(leave)
        yield one


def _bill(stage: Edited) -> None:
    """An order of company 1, received, and Northwind's invoice in its folder."""
    state, world = stage.bench.sandbox.exact, stage.bench.sandbox.partner
    assert world is not None
    world.behave("NORTHWIND", {"ship": "never", "invoice": "never"})
    stage.order()

    def bill() -> None:
        order = next(iter(state.main.table("purchaseorder/PurchaseOrders")))
        for line in user.lines_of(state, order):
            add_quantity(state.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(state.main, order)
        facts: dict[str, Any] = user.order_facts(state, order)
        lines = [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]
        world.invoice_files([{**facts, "lines": lines}], ordered=True)

    stage.bench.sandbox.call(bill)


def _invoices(stage: Edited) -> dict[str, list[DocumentRow]]:
    found: dict[str, list[DocumentRow]] = {}
    for row in stage.rows(flows=("invoices_in",)):
        found.setdefault(row.company, []).append(row)
    return found


@pytest.mark.parametrize("numbers", ["checked", "ignored"])
def test_files_left_in_the_folder_are_known_whatever_integration_reads_them(stage: Edited, numbers: str) -> None:
    stage.edit_partner(stage.partner_file("northwind", "partners_1"), control_numbers=numbers)
    _bill(stage)
    stage.run("one")
    file = stage.partner_file("northwind", "partners_1")
    file.rename(stage.partner_file("northwind", "partners_2"))
    for _ in range(2):
        stage.run("two")
    of_second = _invoices(stage)[str(SECOND_DIVISION)]
    assert {row.reason for row in of_second} == {Reason.REPEATED_CONTROL_NUMBER}
    for row in of_second:
        assert "the same content, and integration one read it" in (row.reason_detail or {})["message"]
    second = stage.bench.sandbox.exact.companies[SECOND_DIVISION]
    assert list(second.table("purchase/PurchaseInvoices")) == []
    assert list(second.table("purchaseentry/PurchaseEntries")) == []
    assert len(list(stage.bench.sandbox.exact.main.table("purchase/PurchaseInvoices"))) == 1
