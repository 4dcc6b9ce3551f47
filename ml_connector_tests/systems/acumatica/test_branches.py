"""The branch of a connection: what is written goes to it, or is not written at all."""

import pytest

from ml_connector.errors import AuthorizationNeeded, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.acumatica import billing, test_sales
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


ASKING = "*/CompaniesStructure"


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_branch_whose_answer_is_lost_is_asked_for_again_and_the_bill_is_written_once(
    bench: Bench, kind: FaultKind
) -> None:
    """It is asked by a PUT that changes nothing (acumatica 5), so that nothing is unknown of the bill after it."""
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    bench.fault(kind, method="PUT", path=ASKING)
    bench.post(erp, plan(erp, bill))
    assert len(billing.stored(bench, bill)) == 1


def test_where_the_branch_cannot_be_asked_for_nothing_is_sent(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path=ASKING, count=None)
    with pytest.raises(TryAgain):
        bench.post(erp, plan(erp, bill))
    assert billing.stored(bench, bill) == []


@pytest.mark.parametrize(("kind", "there"), [(FaultKind.RESET_BEFORE, 0), (FaultKind.RESET_AFTER, 1)])
def test_a_bill_whose_answer_is_lost_is_unknown_and_not_sent_again_though_its_branch_was_asked_for(
    bench: Bench, kind: FaultKind, there: int
) -> None:
    """Both are a PUT in one step, and only the first of them may be repeated."""
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    bench.fault(kind, method="PUT", path="*/entity/Default/*", exclude=ASKING)
    with pytest.raises(OutcomeUnknown):
        bench.post(erp, plan(erp, bill))
    assert len(billing.stored(bench, bill)) == there
