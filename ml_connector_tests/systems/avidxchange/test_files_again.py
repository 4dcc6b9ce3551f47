"""A file that lies there once more after it was read is marked once more, and what it says is booked once; the question
that half a file raised ends when it has come whole."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.avidxchange.files import tables
from ml_connector.sandbox.avidxchange.files.place import FROM, LOADED
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import entries, states
from ml_connector_tests.systems.avidxchange.test_files import FLOWS, lying, run
from ml_connector_tests.systems.avidxchange.test_files_troubles import (
    INVOICES,
    PAYMENTS,
    invoice_row,
    payment_row,
    put,
    seen,
)
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, vendor_there

RESULTS = f"{FROM}/Results"
NAME = "Hand.csv"
#: Beyond incomplete_minutes of the folder, and beyond temporary_alarm_hours of the connection.
MINUTES, HOURS = 11 * 60, 25 * 3600


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files", files={"results": {"enabled": True}}) as made:
        made.outbound()
        made.inbound()
        vendor_there(made)
        booked(made, "INV-1")
        run(made)
        yield made


def invoices(stage: Stage, *numbers: str, **cells: str) -> bytes:
    return tables.written(tables.APPROVED, [invoice_row(stage, number, **cells) for number in numbers])


def payments(stage: Stage, *ids: str) -> bytes:
    return tables.written(tables.PAYMENTS, [payment_row(stage, one, "INV-1") for one in ids])


def results(stage: Stage) -> bytes:
    row = {"FileName": "Invoices_nobody.csv", "ExternalId": "1", "Result": "Accepted", "Message": ""}
    return tables.written(tables.RESULTS, [row])


def invoices_of_one(stage: Stage) -> bytes:
    return invoices(stage, "A-1")


def payments_of_one(stage: Stage) -> bytes:
    return payments(stage, "P-1")


#: Every kind of file that comes from there: its folder and a file of it.
KINDS: dict[str, tuple[str, Callable[[Stage], bytes]]] = {
    "coded invoices": (INVOICES, invoices_of_one),
    "payments": (PAYMENTS, payments_of_one),
    "results": (RESULTS, results),
}


def once(stage: Stage) -> None:
    """Nothing was booked a second time, and nobody is asked anything."""
    purchase = stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries")
    assert sorted(row["YourRef"] for row in purchase) in (["A-1", "INV-1"], ["INV-1"])
    assert [row.state for row in stage.documents("payments_in")] in ([S.POSTED], [])
    assert all(state == "posted" for state, _ in states(stage).values())
    assert verify.verify(stage.deployment.ledger).clean


def both(stage: Stage) -> None:
    """Both directions: answers are read where what they answer leaves."""
    stage.outbound()
    seen(stage)


def marked_by_hand_back(stage: Stage, folder: str) -> None:
    """A person gives the file its name again: it has the time that it had."""
    tree = stage.sandbox.avidxchange.service.state.tree
    stage.sandbox.call(tree.rename, f"/{folder}/{NAME}{LOADED}", f"/{folder}/{NAME}")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_laid_again_after_they_were_read_are_marked_again(stage: Stage, kind: str) -> None:
    folder, made = KINDS[kind]
    data = made(stage)
    for _ in range(3):
        put(stage, folder, NAME, data)
        both(stage)
        both(stage)
        assert NAME not in lying(stage, folder)
    assert len([name for name in lying(stage, folder) if name.endswith(f"{NAME}{LOADED}")]) == 3
    once(stage)


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_file_that_a_person_gave_its_name_back_is_marked_again(stage: Stage, kind: str) -> None:
    folder, made = KINDS[kind]
    put(stage, folder, NAME, made(stage))
    both(stage)
    both(stage)
    assert f"{NAME}{LOADED}" in lying(stage, folder)
    marked_by_hand_back(stage, folder)
    both(stage)
    both(stage)
    assert f"{NAME}{LOADED}" in lying(stage, folder)
    once(stage)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_laid_again_before_they_were_marked_are_marked(stage: Stage, kind: str) -> None:
    folder, made = KINDS[kind]
    options = stage.sandbox.avidxchange.service.state.options
    options.rename = False
    data = made(stage)
    put(stage, folder, NAME, data)
    both(stage)
    assert NAME in lying(stage, folder)
    put(stage, folder, NAME, data)
    both(stage)
    options.rename = True
    both(stage)
    both(stage)
    assert NAME not in lying(stage, folder)
    once(stage)


def test_bytes_that_come_back_after_others_under_their_name_are_marked(stage: Stage) -> None:
    first, second = invoices(stage, "A-1"), invoices(stage, "A-1", "A-2")
    for data in (first, second, first):
        put(stage, INVOICES, NAME, data)
        seen(stage)
        seen(stage)
        assert NAME not in lying(stage, INVOICES)
    assert sorted(entries(stage)) == ["A-1", "A-2", "INV-1"]
    assert verify.verify(stage.deployment.ledger).clean


# ---------------------------------------------------------------------- halves


def ended(stage: Stage, flow: str) -> list[tuple[S, str | None, str]]:
    """What was held of files, and the last word of its history."""
    found = []
    for row in stage.documents(flow):
        with stage.deployment.ledger.read() as tx:
            last = events.history(tx, row.id)[-1]
        found.append((row.state, row.reason, str(last.action)))
    return found


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_the_question_of_half_a_file_ends_when_it_has_come_whole(stage: Stage, cut: float) -> None:
    whole = invoices(stage, "A-1", "A-2")
    put(stage, INVOICES, NAME, whole[: int(len(whole) * cut)])
    stage.inbound()
    stage.sandbox.clock.move(MINUTES)
    seen(stage)
    assert [(row.state, row.reason) for row in stage.documents("unreadable")] == [(S.QUARANTINED, "no_layout_fits")]
    put(stage, INVOICES, NAME, whole)
    seen(stage)
    seen(stage)
    assert sorted(entries(stage)) == ["A-1", "A-2", "INV-1"]
    ((state, reason, word),) = ended(stage, "unreadable")
    assert (state, reason) == (S.DISCARDED, "read_after_all")
    assert word == "part of a file that has grown"
    assert lying(stage, INVOICES) == [f"{NAME}{LOADED}"]
    assert verify.verify(stage.deployment.ledger).clean


def test_the_question_of_half_a_file_ends_too_when_its_whole_came_under_another_name(stage: Stage) -> None:
    whole = invoices(stage, "A-1")
    put(stage, INVOICES, NAME, whole[:-40])
    put(stage, INVOICES, "Other.csv", whole)
    stage.inbound()
    stage.sandbox.clock.move(MINUTES)
    seen(stage)
    put(stage, INVOICES, NAME, whole)
    seen(stage)
    assert [(state, reason) for state, reason, _ in ended(stage, "unreadable")] == [(S.DISCARDED, "read_after_all")]
    assert sorted(entries(stage)) == ["A-1", "INV-1"]
    assert all(name.endswith(LOADED) for name in lying(stage, INVOICES))


def test_another_file_under_the_name_of_a_half_leaves_its_question(stage: Stage) -> None:
    """What stood in the half does not stand there: who knows whether it ever came."""
    half = invoices(stage, "A-1", "A-2")[:-60]
    put(stage, INVOICES, NAME, half)
    stage.inbound()
    stage.sandbox.clock.move(MINUTES)
    seen(stage)
    put(stage, INVOICES, NAME, invoices(stage, "A-7", "A-8", "A-9"))
    seen(stage)
    assert [(row.state, row.reason) for row in stage.documents("unreadable")] == [(S.QUARANTINED, "no_layout_fits")]
    assert sorted(entries(stage)) == ["A-7", "A-8", "A-9", "INV-1"]


def test_a_half_that_grew_and_is_no_better_asks_once(stage: Stage) -> None:
    whole = invoices(stage, "A-1", "A-2")
    for cut in (120, 60):
        put(stage, INVOICES, NAME, whole[:-cut])
        stage.inbound()
        stage.sandbox.clock.move(MINUTES)
        seen(stage)
    found: list[Any] = [(row.state, row.reason) for row in stage.documents("unreadable")]
    assert sorted(found) == [(S.DISCARDED, "read_after_all"), (S.QUARANTINED, "no_layout_fits")]


def test_the_question_of_half_a_file_of_payments_ends_when_it_has_come_whole(stage: Stage) -> None:
    whole = payments(stage, "P-1")
    put(stage, PAYMENTS, NAME, whole[:-20])
    stage.inbound()
    stage.sandbox.clock.move(HOURS)
    seen(stage)
    assert [(row.state, row.reason) for row in stage.documents("payments_in")] == [(S.QUARANTINED, "no_layout_fits")]
    put(stage, PAYMENTS, NAME, whole)
    seen(stage)
    found = {row.number: (row.state, row.reason) for row in stage.documents("payments_in")}
    assert found == {NAME: (S.DISCARDED, "read_after_all"), "P-1": (S.POSTED, None)}
    assert verify.verify(stage.deployment.ledger).clean


def test_other_payments_under_the_name_of_a_half_leave_its_question(stage: Stage) -> None:
    """Also where others that are wrong as well came between."""
    whole = payments(stage, "P-1")
    put(stage, PAYMENTS, NAME, whole[:-20])
    stage.inbound()
    stage.sandbox.clock.move(HOURS)
    seen(stage)
    other = b"PaymentId,Status\r\nP-3,Cleared\r\n"
    put(stage, PAYMENTS, NAME, other)
    seen(stage)
    put(stage, PAYMENTS, NAME, payments(stage, "P-2"))
    seen(stage)
    held = [row.reason for row in stage.documents("payments_in") if row.state is S.QUARANTINED]
    assert held == ["no_layout_fits", "no_layout_fits"]
    put(stage, PAYMENTS, NAME, whole)
    seen(stage)
    held = [row.reason for row in stage.documents("payments_in") if row.state is S.QUARANTINED]
    assert held.count("no_layout_fits") == 1, "the other one's"
