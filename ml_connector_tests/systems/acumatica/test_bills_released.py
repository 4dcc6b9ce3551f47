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
    assert [written.detail.get("status") for _, written in done] == ["Balanced", None, "Open"]
    operations = [operation for operation, _ in done[1:]]
    assert [written.detail["status"] for written in erp.find_written(operations).values()] == ["Open", "Open"]
    before = bench.state.operations.started
    assert [erp.write(operation).detail["status"] for operation in operations] == ["Open", "Open"]
    assert bench.state.operations.started == before


def test_an_action_that_was_not_created_is_done_again_and_then_tried_again(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release, look = plan(erp, bill)
    ids = {0: erp.write(bench.store(erp, first)).outside_id}
    begun, told = bench.store(erp, release, 1, ids), bench.store(erp, look, 2, ids)
    bench.options.action_not_created = 2
    assert erp.write(begun).outside_id == ids[0]
    assert erp.find_written([begun, told]) == {}
    with pytest.raises(TryAgain, match="was not started"):
        erp.write(told)
    assert erp.write(told).detail["status"] == "Open"


def reads(bench: Bench) -> int:
    counts = bench.sandbox.call(lambda: dict(bench.sandbox.journal.counts))
    return sum(number for call, number in counts.items() if call.startswith("acumatica GET") and "/status/" not in call)


def test_many_releases_read_states_together(bench: Bench) -> None:
    """Two reads for a dozen: before their actions, and after them."""
    erp = bench.erp(after_bill="released", poll_seconds=0.3)
    plans = [plan(erp, bill_of(BY_ORDER, account_line()), f"mlc-{at:020x}") for at in range(12)]
    ids = {at: {0: erp.write(bench.store(erp, planned[0])).outside_id} for at, planned in enumerate(plans)}
    before = reads(bench)
    for position in (1, 2):
        done = [erp.write(bench.store(erp, planned[position], position, ids[at])) for at, planned in enumerate(plans)]
    assert [written.detail["status"] for written in done] == ["Open"] * 12
    assert reads(bench) - before == 2


def test_a_state_that_was_read_too_long_ago_is_read_again(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    plans = [plan(erp, bill_of(BY_ORDER, account_line()), f"mlc-{at:020x}") for at in range(2)]
    ids = [{0: erp.write(bench.store(erp, planned[0])).outside_id} for planned in plans]
    erp.write(bench.store(erp, plans[0][1], 1, ids[0]))  # reads both
    more = {"Account": "61000", "Qty": 1, "UnitCost": 1}
    bench.person.made("Bill", {"id": ids[1][0], "Details": [more]})
    bench.sandbox.clock.move(61)
    with pytest.raises(RefusedBySystem, match="not released"):
        erp.write(bench.store(erp, plans[1][1], 1, ids[1]))


def test_what_was_changed_between_our_look_and_the_release_is_told(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    plans = [plan(erp, bill_of(BY_ORDER, account_line()), f"mlc-{at:020x}") for at in range(2)]
    ids = [{0: erp.write(bench.store(erp, planned[0])).outside_id} for planned in plans]
    erp.write(bench.store(erp, plans[0][1], 1, ids[0]))  # reads both
    more = {"Account": "61000", "Qty": 1, "UnitCost": 1}
    bench.person.made("Bill", {"id": ids[1][0], "Details": [more]})
    erp.write(bench.store(erp, plans[1][1], 1, ids[1]))
    looked = [erp.write(bench.store(erp, planned[2], 2, at)) for planned, at in zip(plans, ids, strict=True)]
    assert [written.detail["status"] for written in looked] == ["Open", "Open"]
    assert "warning" not in looked[0].detail
    assert "Amount is 16, it must be 15" in looked[1].detail["warning"]


def test_what_lists_show_without_lines_is_read_by_itself(bench: Bench) -> None:
    bench.options.empty_details_in_lists = True
    erp = bench.erp(after_bill="released")
    done = bench.post(erp, plan(erp, bill_of(BY_ORDER, account_line())))
    assert done[-1][1].detail["status"] == "Open"


def test_nothing_is_released_that_was_changed_meanwhile(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release, _ = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    more = {"Account": "61000", "Qty": 1, "UnitCost": 1}
    bench.person.made("Bill", {"id": written.outside_id, "Details": [more]})
    with pytest.raises(RefusedBySystem, match=r"not released: Amount is 16, it must be 15") as refused:
        erp.write(bench.store(erp, release, 1, {0: written.outside_id}))
    assert "goes on with the release" in refused.value.remedy
    assert stored(bench, bill)[0].text("Status") == "Balanced"


def test_a_bill_that_needs_approval_is_left_to_whoever_approves(bench: Bench) -> None:
    bench.options.bill_approval = True
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    done = bench.post(erp, plan(erp, bill))
    assert [written.detail["status"] for _, written in done[1:]] == ["Pending Approval"] * 2
    assert "waits for approval" in done[-1][1].detail["warning"]


def test_a_release_whose_answer_is_lost_is_found_done(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line())
    first, release, _ = plan(erp, bill)
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
    assert bench.post(erp, plan(erp, bill))[-1][1].detail["status"] == "Open"
