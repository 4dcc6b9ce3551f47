"""API calls to Acumatica stay few (whole in benchmarks/economy_acumatica.py): a read for every document would show."""

from pathlib import Path

import pytest

from benchmarks.economy_acumatica import (
    measure_bills,
    measure_invoices,
    measure_orders,
    quiet_stage,
)

BATCH = 16
#: What a batch costs however many are in it: polls, tables, the branch, the look before and the look once more.
A_BATCH = 12
#: Each list that flows out look at, once.
LISTS = 5


@pytest.mark.parametrize(
    ("after_bill", "writes"),
    [
        ("balanced", {"PUT": BATCH}),
        ("released", {"PUT": BATCH, "POST": BATCH, "status": BATCH}),
    ],
)
def test_a_bill_costs_its_write_and_a_released_one_its_action_and_a_poll(
    tmp_path: Path, after_bill: str, writes: dict[str, int]
) -> None:
    with quiet_stage(tmp_path, after_bill=after_bill) as stage:
        cost = measure_bills(stage, BATCH)
    root = "/entity/Default/*.*.*/Bill"
    names = {"PUT": f"PUT {root}", "POST": f"POST {root}/ReleaseBill", "status": f"GET {root}/ReleaseBill/status/*"}
    assert {kind: cost.calls.get(name, 0) for kind, name in names.items()} == {**dict.fromkeys(names, 0), **writes}
    assert cost.total - sum(writes.values()) <= A_BATCH, cost.calls


def test_sales_orders_and_invoices_cost_no_read_each(tmp_path: Path) -> None:
    with quiet_stage(tmp_path) as stage:
        orders = measure_orders(stage, BATCH)
        invoices = measure_invoices(stage, BATCH)
    assert orders.calls["PUT /entity/Default/*.*.*/SalesOrder"] == BATCH
    assert orders.total - BATCH <= A_BATCH, orders.calls
    assert invoices.total <= LISTS, invoices.calls


def test_reads_made_for_every_document_would_show(tmp_path: Path) -> None:
    with quiet_stage(tmp_path, integration={"batch_size": 1}) as stage:
        cost = measure_orders(stage, BATCH)
    assert cost.total - BATCH > A_BATCH, cost.calls
