"""Files of payments that cannot be read, and those that come again late: told, and nothing else waits for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.errors import TryAgain
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_files import FLOWS, run
from ml_connector_tests.systems.avidxchange.test_files_troubles import PAYMENTS, laid, payment_row, seen
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, vendor_there

DENIED = 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files") as made:
        made.outbound()
        made.inbound()
        vendor_there(made)
        for number in ("INV-1", "INV-2"):
            booked(made, number)
        run(made)
        yield made


def fault(stage: Stage, kind: FaultKind, method: str, name: str, *, status: int = DENIED) -> Fault:
    """Every such request about that file fails, until the fault is taken back."""
    made = Fault(kind, "avidxchange", method, f"*/{name}", count=100_000, status=status)
    stage.sandbox.call(lambda: stage.sandbox.faults.add(made))
    return made


def mended(stage: Stage, fault: Fault) -> None:
    stage.sandbox.call(lambda: stage.sandbox.faults.faults.remove(fault))


def told(stage: Stage) -> dict[str, tuple[S, str | None]]:
    return {row.number: (row.state, row.reason) for row in stage.documents("payments_in")}


CANNOT = [(FaultKind.STATUS, "OPEN"), (FaultKind.RESET_BEFORE, "READ")]


@pytest.mark.parametrize(("kind", "method"), CANNOT)
def test_a_file_that_cannot_be_read_is_told_once_and_read_when_it_can_be(
    stage: Stage, kind: FaultKind, method: str
) -> None:
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "a.csv")
    laid(stage, PAYMENTS, [payment_row(stage, "P-2", "INV-2")], "b.csv")
    cannot = fault(stage, kind, method, "a.csv")
    for _ in range(12):
        seen(stage)
    assert told(stage) == {"P-2": (S.POSTED, None), "a.csv": (S.QUARANTINED, "file_unreadable")}
    (held,) = [row for row in stage.documents("payments_in") if row.number == "a.csv"]
    assert held.reason_detail is not None
    assert held.reason_detail["mend"]
    mended(stage, cannot)
    for _ in range(2):
        seen(stage)
    assert told(stage)["P-1"] == (S.POSTED, None)
    assert told(stage)["a.csv"] == (S.DISCARDED, "read_after_all"), "nobody is asked any more"


def test_a_file_that_could_not_be_read_and_was_taken_away_asks_no_more(stage: Stage) -> None:
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "a.csv")
    fault(stage, FaultKind.STATUS, "OPEN", "a.csv")
    for _ in range(12):
        seen(stage)
    assert told(stage) == {"a.csv": (S.QUARANTINED, "file_unreadable")}
    stage.sandbox.call(stage.sandbox.avidxchange.service.state.tree.remove, f"/{PAYMENTS}/a.csv")
    seen(stage)
    assert told(stage) == {"a.csv": (S.DISCARDED, "read_after_all")}


def test_of_two_files_of_a_payment_the_newer_counts_whichever_could_be_read_first(stage: Stage) -> None:
    """The older one could not be read at one look; at the next both are new."""
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "a.csv")
    stage.sandbox.clock.move(700)
    cannot = fault(stage, FaultKind.STATUS, "OPEN", "a.csv")
    seen(stage)
    seen(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Void")], "b.csv")
    mended(stage, cannot)
    seen(stage)
    seen(stage)
    assert told(stage) == {"P-1": (S.DISCARDED, "void_before_booked")}


def test_what_a_clock_wrote_that_ran_ahead_holds_up_no_file(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=FLOWS, mode="files", stable_seconds=60) as stage:
        stage.outbound()
        laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", PaymentAmount="a lot")], "a.csv")
        stage.sandbox.clock.move(86_400)
        stage.inbound()
        stage.sandbox.clock.move(-86_400)
        seen(stage)
        seen(stage)
        assert told(stage) == {"P-1": (S.QUARANTINED, "bad_value")}, "it was read"


def test_a_server_that_is_away_is_away_and_no_file_is_told(stage: Stage) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], name)
    away = [fault(stage, FaultKind.RESET_BEFORE, method, "*") for method in ("READ", "LIST")]
    for _ in range(12):
        with pytest.raises(TryAgain):
            stage.inbound()
        stage.sandbox.clock.move(700)
    assert told(stage) == {}
    for one in away:
        mended(stage, one)
    for _ in range(2):
        seen(stage)
    assert told(stage) == {"P-1": (S.POSTED, None)}


def test_a_payment_that_is_told_again_as_before_its_void_is_not_booked_again(stage: Stage) -> None:
    """Somebody sends last week's file once more; a person is asked, once."""
    first = [payment_row(stage, "P-1", "INV-1")]
    laid(stage, PAYMENTS, first, "1.csv")
    seen(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Void")], "2.csv")
    seen(stage)
    for name in ("3.csv", "4.csv"):
        laid(stage, PAYMENTS, first, name)
        seen(stage)
    states = [(row.state, row.reason) for row in stage.documents("payments_in")]
    assert states == [(S.POSTED, None), (S.POSTED, None), (S.QUARANTINED, "payment_repeated")]
    booked_ones = list(stage.sandbox.exact.main.table("financialtransaction/BankEntries"))
    assert len(booked_ones) == 2, "the payment and its void"


def test_a_payment_that_is_paid_again_after_its_void_is_booked(stage: Stage) -> None:
    """A file that says so and did not come before."""
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "1.csv")
    seen(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Void")], "2.csv")
    seen(stage)
    again = [payment_row(stage, "P-1", "INV-1"), payment_row(stage, "P-2", "INV-2")]
    laid(stage, PAYMENTS, again, "3.csv")
    seen(stage)
    assert [row.state for row in stage.documents("payments_in")] == [S.POSTED] * 4


def test_a_person_says_that_it_was_paid_again_and_its_next_void_takes_it_back(stage: Stage) -> None:
    first = [payment_row(stage, "P-1", "INV-1")]
    void = [payment_row(stage, "P-1", "INV-1", Status="Void")]
    for name, rows in {"1.csv": first, "2.csv": void, "3.csv": first}.items():
        laid(stage, PAYMENTS, rows, name)
        seen(stage)
    asked = stage.documents("payments_in")[-1]
    assert asked.reason == "payment_repeated"
    stage.inbound(documents=(asked.id,), replay=True)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Voided")], "4.csv")
    seen(stage)
    assert [row.state for row in stage.documents("payments_in")] == [S.POSTED] * 4
    assert len(list(stage.sandbox.exact.main.table("financialtransaction/BankEntries"))) == 4


def test_what_could_not_be_read_stops_nobody_when_it_is_replayed(stage: Stage) -> None:
    """A file, and a single row of one: a day that is replayed has them among all others."""
    none = [b"PaymentId,Amount\r\nP-9,3\r\n", b"12", b"[]", b'[["a"]]', b"\xff\xfe\x00", b'{"PaymentId": "P-7"}']
    for at, data in enumerate(none):
        laid(stage, PAYMENTS, data + b"\r\n", f"{at}.csv")
    laid(stage, PAYMENTS, [payment_row(stage, "P-8", "INV-2", PaymentAmount="a lot")], "row.csv")
    seen(stage)
    held = [row.id for row in stage.documents("payments_in")]
    assert len(held) == len(none) + 1
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "good.csv")
    seen(stage)
    stage.inbound(documents=tuple(held), replay=True)
    by_id = {row.id: row for row in stage.documents("payments_in")}
    assert {by_id[one].state for one in held} == {S.QUARANTINED}
    assert all(row.reason_detail and row.reason_detail["mend"] for row in by_id.values() if row.id in held)
    assert [row.number for row in by_id.values() if row.state is S.POSTED] == ["P-1"]
