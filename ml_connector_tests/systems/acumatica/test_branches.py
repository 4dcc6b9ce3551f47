"""The branch of a connection: what is written goes to it, or is not written at all."""

import pytest

from ml_connector.errors import AuthorizationNeeded, RefusedBySystem
from ml_connector_tests.systems.acumatica import test_sales
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, account_line, bill_of, plan
from ml_connector_tests.systems.acumatica.test_sales import sales_order_of


def test_nothing_is_sent_for_a_branch_that_the_user_does_not_see(bench: Bench) -> None:
    """The header would be left out, and the user's own branch would count."""
    erp = bench.erp(branch="SOUTH")
    order, bill = sales_order_of(), bill_of(BY_ORDER, account_line())
    for planned in (test_sales.plan(erp, order), plan(erp, bill)):
        with pytest.raises(AuthorizationNeeded, match="branch SOUTH is not one that the user sees"):
            bench.post(erp, planned)
    assert test_sales.stored(bench, order) == []


@pytest.mark.parametrize("version", ["22.200.001", "24.200.001"])
def test_a_sales_order_says_its_branch_in_its_lines(bench: Bench, version: str) -> None:
    erp = bench.erp(branch="NORTH", version=version)
    order = sales_order_of()
    bench.post(erp, test_sales.plan(erp, order))
    (row,) = test_sales.stored(bench, order)
    assert (row.text("Branch"), row.details()[0].text("Branch")) == ("NORTH", "NORTH")


def test_a_branch_that_is_renamed_is_asked_for_anew_and_its_orders_stay_in_it(bench: Bench) -> None:
    """The header names nobody any more and is ignored, until it is asked for anew."""
    erp = bench.erp(branch="NORTH")
    north = next(one for one in bench.state.main.branches if one["BranchID"] == "NORTH")
    bench.post(erp, test_sales.plan(erp, sales_order_of()))
    before = north["BranchName"]
    north["BranchName"] = "Acme Far North"
    try:
        order = sales_order_of()
        (planned,) = test_sales.plan(erp, order)
        bench.post(erp, [planned])
        assert {row.text("Branch") for row in test_sales.stored(bench, order)} == {"NORTH"}
        bench.options.unknown_branch = "refused"
        with pytest.raises(RefusedBySystem, match="cannot be found"):
            bench.post(erp, test_sales.plan(erp, sales_order_of()))
        bench.sandbox.clock.move(301)
        bench.post(erp, test_sales.plan(erp, sales_order_of()))
    finally:
        north["BranchName"] = before
