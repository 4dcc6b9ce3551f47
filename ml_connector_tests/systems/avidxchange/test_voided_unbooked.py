"""A payment that was voided before it was booked: the void is kept, and an older word of it that comes only afterwards
is never booked by itself; a newer one is. Nor does an older void take back what is booked."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_files import FLOWS
from ml_connector_tests.systems.avidxchange.test_files_troubles import PAYMENTS, laid, payment_row, seen
from ml_connector_tests.systems.avidxchange.test_files_unread import fault, mended
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, vendor_there
from ml_connector_tests.systems.avidxchange.test_paid import SUPPLIERS, entered, paid_in_exact, run, there
from ml_connector_tests.systems.avidxchange.test_vendors_and_codes import supplier

VOID, ASKED, POSTED = (S.DISCARDED, "void_before_booked"), (S.QUARANTINED, "payment_repeated"), (S.POSTED, None)


def told(stage: Stage) -> list[tuple[S, str | None]]:
    return [(row.state, row.reason) for row in stage.documents("payments_in")]


def bookings(stage: Stage) -> Sequence[Any]:
    return list(stage.sandbox.exact.main.table("financialtransaction/BankEntries"))


def asked(stage: Stage) -> DocumentRow:
    (found,) = [row for row in stage.documents("payments_in") if row.state is S.QUARANTINED]
    assert (found.reason_detail or {}).get("mend")
    return found


# ---------------------------------------------------------------------- over the API


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Stage]:
    flows = {"invoices_out": {}, "payments_in": {"account": "51", "read_back_minutes": 0}}
    with avid_stage(tmp_path, flows=flows) as made:
        made.outbound()
        made.inbound()
        vendor = {"ExternalIdentifier": {"Value": supplier(made, "20011")["ID"]}, "Name": "A", "Active": True}
        made.sandbox.call(made.avid.add, "vendors", vendor)
        yield made


def paid(stage: Stage, number: str = "N-1") -> tuple[dict[str, Any], str]:
    """An entry that was sent, and the payment of it there."""
    assert "20011" in SUPPLIERS
    entry = entered(stage, number, Decimal(100))
    run(stage)
    row = stage.sandbox.call(stage.desk.pay, [str(there(stage)[entry["EntryID"]]["Id"])], status="Issued to Supplier")
    return entry, str(row["PaymentId"])


def as_it_was(stage: Stage, payment: str, row: dict[str, Any]) -> None:
    """An answer from before comes late, as from a copy of theirs that lags."""
    stage.sandbox.call(stage.avid.table("payments")[payment].update, row)


def test_over_the_api_an_older_word_than_the_void_is_asked_about_and_a_newer_one_is_booked(api: Stage) -> None:
    entry, payment = paid(api)
    before = dict(api.avid.table("payments")[payment])
    api.sandbox.clock.move(60)
    api.sandbox.call(api.desk.void, payment)
    run(api, 3)
    assert told(api) == [VOID], "kept once, however often it is read"
    void = dict(api.avid.table("payments")[payment])
    as_it_was(api, payment, before)
    run(api, 2)
    assert told(api) == [VOID, ASKED]
    assert bookings(api) == []
    as_it_was(api, payment, void)
    api.sandbox.call(lambda: api.desk.reissue(payment, same_id=True))
    run(api, 2)
    assert told(api) == [VOID, (S.DISCARDED, "overtaken"), POSTED]
    assert paid_in_exact(api, entry) == -entry["AmountFC"]
    assert verify.verify(api.deployment.ledger).clean


def test_over_the_api_a_payment_that_was_held_when_it_was_voided_is_not_booked_by_an_older_word(api: Stage) -> None:
    entry, payment = paid(api)
    api.sandbox.call(api.avid.table("payments")[payment].update, {"Amount": Decimal("999.00")})
    run(api)
    held = asked(api)
    assert held.reason not in {None, "payment_repeated"}
    before = dict(api.avid.table("payments")[payment])
    api.sandbox.clock.move(60)
    api.sandbox.call(api.desk.void, payment)
    run(api, 2)
    assert told(api) == [(S.DISCARDED, "overtaken"), VOID]
    as_it_was(api, payment, {**before, "Amount": -entry["AmountFC"]})
    run(api, 2)
    assert told(api) == [(S.DISCARDED, "overtaken"), VOID, ASKED]
    assert bookings(api) == []


def test_over_the_api_a_void_without_a_booking_has_no_second_life_in_the_books(api: Stage) -> None:
    """Voided, paid again under the same id and voided again: booked and taken back once."""
    _, payment = paid(api)
    api.sandbox.call(api.desk.void, payment)
    run(api)
    for act in (lambda: api.desk.reissue(payment, same_id=True), lambda: api.desk.void(payment)):
        api.sandbox.clock.move(60)
        api.sandbox.call(act)
        run(api, 2)
    assert told(api) == [VOID, POSTED, POSTED]
    assert len(bookings(api)) == 2
    assert verify.verify(api.deployment.ledger).clean


# ---------------------------------------------------------------------- by files


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files") as made:
        made.outbound()
        made.inbound()
        vendor_there(made)
        booked(made, "INV-1")
        made.outbound()
        made.night()
        made.inbound()
        yield made


def paid_and_void(stage: Stage) -> None:
    """The file that says it is paid cannot be read until the one that says it is void was."""
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "a.csv")
    cannot = fault(stage, FaultKind.STATUS, "OPEN", "a.csv")
    seen(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Void")], "b.csv")
    seen(stage)
    assert told(stage) == [VOID]
    mended(stage, cannot)
    seen(stage)
    seen(stage)


def test_an_older_file_that_becomes_readable_after_the_void_is_asked_about(files: Stage) -> None:
    paid_and_void(files)
    assert told(files) == [VOID, ASKED]
    assert bookings(files) == []
    assert verify.verify(files.deployment.ledger).clean


def test_a_person_has_the_older_word_booked(files: Stage) -> None:
    paid_and_void(files)
    files.inbound(documents=(asked(files).id,), replay=True)
    assert told(files) == [VOID, POSTED]


def test_a_newer_file_is_booked_and_ends_the_question(files: Stage) -> None:
    paid_and_void(files)
    again = [payment_row(files, "P-1", "INV-1", CheckNumber="2")]
    laid(files, PAYMENTS, again, "c.csv")
    seen(files)
    assert told(files) == [VOID, (S.DISCARDED, "overtaken"), POSTED]
    assert len(bookings(files)) == 1


def test_of_two_voids_the_later_counts(files: Stage) -> None:
    """Between them it was paid again, by a file that becomes readable last."""
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1", Status="Void")], "a.csv")
    seen(files)
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1")], "b.csv")
    cannot = fault(files, FaultKind.STATUS, "OPEN", "b.csv")
    seen(files)
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1", Status="Void")], "c.csv")
    seen(files)
    mended(files, cannot)
    seen(files)
    seen(files)
    assert told(files) == [VOID, VOID, ASKED]
    assert bookings(files) == []


# ---------------------------------------------------------------------- a void that is older than what is booked


def void_read_after(stage: Stage) -> None:
    """It was void, and is paid again: the file of the void cannot be read until the payment is booked."""
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1", Status="Void")], "a.csv")
    cannot = fault(stage, FaultKind.STATUS, "OPEN", "a.csv")
    seen(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "b.csv")
    seen(stage)
    assert told(stage) == [POSTED]
    mended(stage, cannot)
    seen(stage)
    seen(stage)


def test_an_older_void_that_becomes_readable_after_the_booking_takes_nothing_back(files: Stage) -> None:
    void_read_after(files)
    assert told(files) == [POSTED, ASKED]
    assert len(bookings(files)) == 1
    assert verify.verify(files.deployment.ledger).clean


def test_a_person_has_the_older_void_taken_back(files: Stage) -> None:
    void_read_after(files)
    files.inbound(documents=(asked(files).id,), replay=True)
    assert told(files) == [POSTED, POSTED]
    assert len(bookings(files)) == 2


def test_the_file_of_a_void_that_comes_again_does_not_take_back_what_was_paid_since(files: Stage) -> None:
    void = [payment_row(files, "P-1", "INV-1", Status="Void")]
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1")], "a.csv")
    seen(files)
    laid(files, PAYMENTS, void, "b.csv")
    seen(files)
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1", CheckNumber="2")], "c.csv")
    seen(files)
    assert told(files) == [POSTED, POSTED, POSTED]
    laid(files, PAYMENTS, void, "d.csv")
    seen(files)
    seen(files)
    assert told(files) == [POSTED, POSTED, POSTED, ASKED]
    assert len(bookings(files)) == 3
    # A void that is news is still taken back by itself.
    laid(files, PAYMENTS, [payment_row(files, "P-1", "INV-1", Status="Void", CheckNumber="2")], "e.csv")
    seen(files)
    assert told(files)[3:] == [(S.DISCARDED, "overtaken"), POSTED]
    assert len(bookings(files)) == 4
