"""A bill is released once, when it is as it was sent; never on a difference."""

import pytest

from ml_connector.errors import OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, account_line, bill_of, plan, stored


def test_a_bill_is_released_after_its_state_was_read(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    done = bench.post(erp, plan(erp, bill))
    assert [written.detail["status"] for _, written in done] == ["Balanced", "Open"]
    assert erp.find_written([done[1][0]])[done[1][0].id].detail["status"] == "Open"
    before = bench.state.operations.started
    assert erp.write(done[1][0]).detail["status"] == "Open"
    assert bench.state.operations.started == before


def test_an_action_that_was_not_created_is_tried_again(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, release, 1, {0: written.outside_id})
    bench.options.action_not_created = 1
    with pytest.raises(TryAgain, match="was not started"):
        erp.write(operation)
    assert erp.find_written([operation]) == {}
    assert erp.write(operation).detail["status"] == "Open"


def test_nothing_is_released_that_was_changed_meanwhile(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    more = {"Account": "61000", "Qty": 1, "UnitCost": 1}
    bench.person.made("Bill", {"id": written.outside_id, "Details": [more]})
    with pytest.raises(RefusedBySystem, match=r"not released: Amount is 16, it must be 15") as refused:
        erp.write(bench.store(erp, release, 1, {0: written.outside_id}))
    assert "goes on with the release" in refused.value.mend
    assert stored(bench, bill)[0].text("Status") == "Balanced"


def test_a_bill_that_needs_approval_is_left_to_whoever_approves(bench: Bench) -> None:
    bench.options.bill_approval = True
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    done = bench.post(erp, plan(erp, bill))
    assert done[1][1].detail["status"] == "Pending Approval"
    assert "waits for approval" in done[1][1].detail["warning"]


def test_a_release_whose_answer_is_lost_is_found_done(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, release, 1, {0: written.outside_id})
    bench.fault(FaultKind.RESET_AFTER, method="POST", path="*/ReleaseBill")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    bench.sandbox.clock.move(5)
    assert erp.find_written([operation])[operation.id].detail["status"] == "Open"


def test_an_action_that_the_server_forgot_is_judged_by_the_status(bench: Bench) -> None:
    bench.options.status_seconds = 0
    erp = bench.erp(after_bill="released", poll_seconds=3)
    bill = bill_of(BY_ORDER, account_line())
    assert bench.post(erp, plan(erp, bill))[1][1].detail["status"] == "Open"
