"""API calls to Exact stay few (bar 4; whole in benchmarks/economy.py): a read for every document would show."""

from pathlib import Path

from benchmarks.economy import (
    INVOICE_BAR,
    ORDER_BAR,
    WEBHOOK_BAR,
    measure_invoices,
    measure_orders,
    measure_webhook,
)
from ml_connector_tests.flows.scenes import scene
from ml_connector_tests.support.deployment import INTEGRATION

BATCH = 80


def test_a_batch_of_invoices_costs_one_write_each_and_a_handful_of_reads(tmp_path: Path) -> None:
    with scene(tmp_path / "home") as stage:
        cost = measure_invoices(stage, BATCH)
    writes = cost.calls["POST /*/purchase/PurchaseInvoices"]
    assert writes == BATCH
    assert cost.each <= INVOICE_BAR, cost.calls


def test_orders_are_read_in_pages_and_a_webhook_reads_one(tmp_path: Path) -> None:
    with scene(tmp_path / "home") as stage:
        single = measure_webhook(stage)
        batch = measure_orders(stage, BATCH)
    assert batch.each <= ORDER_BAR, batch.calls
    assert single.total <= WEBHOOK_BAR, single.calls


def test_the_bar_notices_look_ups_made_for_every_document(tmp_path: Path) -> None:
    one_at_a_time = {"integrations": {INTEGRATION: {"batch_size": 1}}}
    with scene(tmp_path / "home", changes=one_at_a_time) as stage:
        cost = measure_invoices(stage, 10)
    assert cost.each > INVOICE_BAR, cost.calls
    assert cost.calls["GET /*/purchase/PurchaseInvoices"] == 10
