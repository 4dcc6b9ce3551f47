"""Files that are half there, come twice, are wrong in a row, or are lost on their way; both sides are looked at."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.avidxchange.files import tables
from ml_connector.sandbox.avidxchange.files.place import FROM, TO
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.sftp.tree import Link
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import approved, closed, entries, states
from ml_connector_tests.systems.avidxchange.test_files import FLOWS, lying, run
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, supplier_id, there, vendor_there
from ml_connector_tests.systems.avidxchange.test_paid import MATCHED, status
from ml_connector_tests.systems.avidxchange.test_vendors_and_codes import change, ours, read, supplier, vendors

INVOICES, PAYMENTS = f"{FROM}/Invoices", f"{FROM}/Payments"
KINDS = (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.HALF_WRITTEN)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files") as made:
        made.outbound()
        made.inbound()
        vendor_there(made)
        yield made


def put(stage: Stage, folder: str, name: str, data: bytes) -> None:
    stage.sandbox.call(stage.exchange.place.put, folder, name, data)


def laid(stage: Stage, folder: str, data: Any, name: str = "Hand.csv") -> None:
    """Somebody lays a file there by hand: rows, or bytes."""
    columns = tables.APPROVED if folder == INVOICES else tables.PAYMENTS
    put(stage, folder, name, data if isinstance(data, bytes) else tables.written(columns, data))


def invoice_row(stage: Stage, number: str, **cells: str) -> dict[str, str]:
    return {
        "BatchId": "B-1",
        "InvoiceId": f"id-{number}",
        "VendorExternalCode": supplier_id(stage),
        "InvoiceNumber": number,
        "InvoiceDate": "2026-01-15",
        "GrossAmount": "121.00",
        "Currency": "EUR",
        "LineNumber": "1",
        "LineAmount": "121.00",
        "Codes": "Accounting Codes=4406|Cost Center=OPS",
        **cells,
    }


def payment_row(stage: Stage, payment: str, number: str, **cells: str) -> dict[str, str]:
    return {
        "PaymentId": payment,
        "Status": "Cleared",
        "PaymentDate": stage.sandbox.clock.now().date().isoformat(),
        "PaymentAmount": "121.00",
        "Currency": "EUR",
        "PayeeExternalCode": supplier_id(stage),
        "InvoiceNumber": number,
        "Net": "121.00",
        **cells,
    }


def seen(stage: Stage) -> None:
    stage.inbound()
    stage.sandbox.clock.move(700)


# ---------------------------------------------------------------------- what is lost on its way


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
@pytest.mark.parametrize("method", ["WRITE", "RENAME"])
def test_a_file_goes_once_though_its_answer_is_lost_and_it_is_taken_meanwhile(
    stage: Stage, kind: FaultKind, method: str
) -> None:
    """Renamed, and taken away before we look: that the temporary name is gone tells that it arrived."""
    booked(stage, "INV-1")
    lost = Fault(kind, system="avidxchange", method=method, count=3)
    stage.sandbox.call(lambda: stage.sandbox.faults.add(lost))
    for _ in range(6):
        stage.rounds()
        stage.night()
        stage.sandbox.clock.move(700)
    assert [row["Number"] for row in there(stage)] == ["INV-1"]
    assert len([name for name in stage.exchange.taken if name.startswith("Invoices_")]) == 1
    assert [row.state for row in stage.documents("invoices_out")] == [S.SENT]
    assert not [name for name in lying(stage, f"{TO}/Invoices") if name.endswith(".tmp")]


def test_both_books_agree_to_the_cent_whatever_fails(stage: Stage) -> None:
    """A tenth of all requests at the server fails, and of all calls at the ERP."""
    sent_ones = {f"OUT-{at}": booked(stage, f"OUT-{at}", f"{10 + at}.37") for at in range(8)}
    for at in range(8):
        lines = [{"amount": f"{20 + at}.11", "codes": {"Accounting Codes": "4406", "Cost Center": "OPS"}}]
        approved(stage, f"IN-{at}", f"{20 + at}.11", lines)
    closed(stage, *(f"IN-{at}" for at in range(4)))
    closed(stage, *(f"IN-{at}" for at in range(4, 8)))
    stage.night()
    for system, kinds in (("avidxchange", KINDS), ("exact", (FaultKind.RESET_AFTER, FaultKind.STATUS))):
        faults = [Fault(one, status=503) for one in kinds]
        stage.sandbox.call(lambda: stage.sandbox.faults.mix(system, 0.1, faults, exclude="/api/oauth2/*"))  # noqa: B023
    paid: dict[str, Any] = {}
    for _ in range(60):
        stage.rounds()
        stage.night()
        for row in there(stage):
            number = row["Number"]
            if number in sent_ones and number not in paid:
                paid[number] = stage.sandbox.call(stage.desk.pay, [str(row["Id"])], status="Cleared")
        stage.sandbox.clock.move(700)
        if len(paid) == len(sent_ones) and all(status(stage, entry) == MATCHED for entry in sent_ones.values()):
            break
    stage.sandbox.faults.clear()
    stage.sandbox.clock.move(3600)
    for _ in range(3):
        stage.rounds()
        stage.night()
        stage.sandbox.clock.move(700)
    sent = [row["Number"] for row in there(stage) if row["Number"] in sent_ones]
    assert sorted(sent) == sorted(sent_ones), "each arrived once"
    assert len([name for name in stage.exchange.taken if name.startswith("Invoices_")]) == len(sent_ones)
    rows = entries(stage)
    assert len(list(stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries"))) == 16
    for at in range(8):
        assert rows[f"IN-{at}"]["AmountFC"] == -(Decimal(20 + at) + Decimal("0.11"))
    assert {status(stage, entry) for entry in sent_ones.values()} == {MATCHED}
    assert {row.state for row in stage.documents("payments_in")} == {S.POSTED}
    assert len(stage.documents("payments_in")) == len(sent_ones)
    assert all(name.endswith(".loaded") for name in (*lying(stage, INVOICES), *lying(stage, PAYMENTS)))
    # A temporary name of an attempt that broke off may stay: nobody takes it.
    final = {name.partition(".csv")[0] for name in lying(stage, f"{TO}/Invoices") if name.endswith(".csv.loaded")}
    left = {name.partition(".csv")[0] for name in lying(stage, f"{TO}/Invoices") if name.endswith(".tmp")}
    assert left <= final
    assert verify.verify(stage.deployment.ledger).clean


def test_a_file_that_could_not_get_its_name_goes_with_what_is_in_the_books_by_then(tmp_path: Path) -> None:
    """Its older bytes lie there under a temporary name, and never go in place of the newer ones."""
    with avid_stage(tmp_path, flows={"vendors_out": {}}, mode="files") as stage:
        options = stage.sandbox.avidxchange.service.state.options
        stage.outbound()
        stage.night()
        first = supplier(stage, "20011")
        options.rename = False
        change(stage, "crm/Accounts", first, Name="Before")
        read(stage, "vendors")
        stage.outbound()
        assert [row.reason for row in stage.documents("vendors_out") if row.state is S.QUARANTINED] == [
            "refused_by_system"
        ]
        options.rename = True
        change(stage, "crm/Accounts", first, Name="After")
        read(stage, "vendors")
        stage.outbound()
        stage.night()
        (there_now,) = [row for row in vendors(stage) if ours(row) == first["ID"]]
        assert there_now["Name"] == "After"
        assert {row.state for row in stage.documents("vendors_out")} == {S.SENT}


# ---------------------------------------------------------------------- half there, or twice


def test_a_file_that_is_half_there_is_read_when_its_rest_has_come(stage: Stage) -> None:
    whole = tables.written(tables.APPROVED, [invoice_row(stage, "A-1"), invoice_row(stage, "A-2")])
    laid(stage, INVOICES, whole[: len(whole) - 60])
    seen(stage)
    assert entries(stage) == {}, "nothing of it counts yet"
    assert lying(stage, INVOICES) == ["Hand.csv"], "and it is not marked as taken"
    stage.sandbox.clock.move(30)
    laid(stage, INVOICES, whole)
    seen(stage)
    seen(stage)
    assert {number: state for number, (state, _) in states(stage).items() if number} == {
        "A-1": "posted",
        "A-2": "posted",
    }
    assert lying(stage, INVOICES) == ["Hand.csv.loaded"]


@pytest.mark.parametrize("beyond", [-130, -40, -2, -1, 0, 1])
def test_a_file_whose_headers_break_off_is_none_that_is_wrong(stage: Stage, beyond: int) -> None:
    """beyond: bytes behind the row of headers; up to its last one, its end, and the whole of it alone."""
    whole = tables.written(tables.APPROVED, [invoice_row(stage, "A-1")])
    laid(stage, INVOICES, whole[: whole.index(b"\n") + beyond])
    stage.inbound()
    stage.inbound()
    assert stage.documents("unreadable") == []
    assert verify.verify(stage.deployment.ledger).problems == []
    laid(stage, INVOICES, whole)
    seen(stage)
    seen(stage)
    assert (list(entries(stage)), stage.documents("unreadable")) == (["A-1"], [])
    assert lying(stage, INVOICES) == ["Hand.csv.loaded"]


def test_a_file_of_headers_alone_is_told_once_it_has_stood_so_for_long(stage: Stage) -> None:
    whole = tables.written(tables.APPROVED, [invoice_row(stage, "A-1")])
    laid(stage, INVOICES, whole[: whole.index(b"\n") + 1])
    stage.inbound()
    stage.sandbox.clock.move(3 * 3600)
    stage.inbound()
    (told,) = stage.documents("unreadable")
    assert "only its row of headers" in str(told.reason_detail)
    assert verify.verify(stage.deployment.ledger).problems == []


def test_half_a_file_of_payments_is_read_when_its_rest_has_come(stage: Stage) -> None:
    entry = booked(stage, "INV-1")
    run(stage)
    whole = tables.written(tables.PAYMENTS, [payment_row(stage, "P-1", "INV-1")])
    laid(stage, PAYMENTS, whole[:-20])
    seen(stage)
    assert stage.documents("payments_in") == []
    laid(stage, PAYMENTS, whole)
    seen(stage)
    seen(stage)
    assert [(row.state, row.reason) for row in stage.documents("payments_in")] == [(S.POSTED, None)]
    assert status(stage, entry) == MATCHED
    assert lying(stage, PAYMENTS) == ["Hand.csv.loaded"]


def test_what_comes_twice_is_booked_once(stage: Stage) -> None:
    entry = booked(stage, "INV-1")
    run(stage)
    rows = [invoice_row(stage, "A-1")]
    laid(stage, INVOICES, rows, "One.csv")
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "One.csv")
    seen(stage)
    laid(stage, INVOICES, rows, "Same bytes.csv")
    laid(stage, INVOICES, [*rows, invoice_row(stage, "A-2")], "Same invoice beside another.csv")
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")], "Again.csv")
    seen(stage)
    laid(stage, INVOICES, [invoice_row(stage, "A-1", GrossAmount="99.00", LineAmount="99.00")], "Other amount.csv")
    seen(stage)
    company = stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries")
    assert sorted(row["YourRef"] for row in company) == ["A-1", "A-2", "INV-1"]
    assert states(stage)["A-1"] == ("quarantined", "changed_after_posting"), "the other amount is shown, not booked"
    assert [row.state for row in stage.documents("payments_in")] == [S.POSTED]
    assert status(stage, entry) == MATCHED
    assert all(name.endswith(".loaded") for name in lying(stage, INVOICES))


def test_a_dry_run_marks_nothing_and_the_run_after_it_books(stage: Stage) -> None:
    booked(stage, "INV-1")
    run(stage)
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")])
    laid(stage, INVOICES, [invoice_row(stage, "A-1")])
    stage.inbound(dry_run=True)
    stage.inbound(dry_run=True)
    assert (lying(stage, PAYMENTS), lying(stage, INVOICES)) == (["Hand.csv"], ["Hand.csv"])
    assert stage.documents("payments_in") == []
    seen(stage)
    assert [row.state for row in stage.documents("payments_in")] == [S.POSTED]
    assert (lying(stage, PAYMENTS), lying(stage, INVOICES)) == (["Hand.csv.loaded"], ["Hand.csv.loaded"])


def test_where_nobody_may_rename_payments_are_read_once_all_the_same(stage: Stage) -> None:
    booked(stage, "INV-1")
    run(stage)
    stage.sandbox.avidxchange.service.state.options.rename = False
    laid(stage, PAYMENTS, [payment_row(stage, "P-1", "INV-1")])
    for _ in range(3):
        seen(stage)
    assert [row.state for row in stage.documents("payments_in")] == [S.POSTED]
    assert lying(stage, PAYMENTS) == ["Hand.csv"]
    reads = sum(one.method == "READ" and PAYMENTS in one.path for one in stage.sandbox.journal.requests)
    seen(stage)
    again = sum(one.method == "READ" and PAYMENTS in one.path for one in stage.sandbox.journal.requests)
    assert again == reads, "one that lies there and was read is not fetched again"


# ---------------------------------------------------------------------- wrong rows and hostile values

WRONG: Mapping[str, tuple[dict[str, str], str, str]] = {
    "no number": ({"GrossAmount": "a lot"}, "GrossAmount", "a lot"),
    "a comma": ({"LineAmount": "121,00"}, "Amount", "121,00"),
    "an endless number": ({"GrossAmount": "9" * 40}, "GrossAmount", "9999"),
    "not a number": ({"GrossAmount": "NaN"}, "GrossAmount", "NaN"),
    "no such day": ({"InvoiceDate": "2026-02-30"}, "InvoiceDate", "2026-02-30"),
    "a day of another country": ({"InvoiceDate": "15/01/2026"}, "InvoiceDate", "15/01/2026"),
    "a code without a group": ({"Codes": "4406"}, "Codes", "4406"),
    "a group without a code": ({"Codes": "Accounting Codes="}, "Codes", "Accounting Codes="),
}


def test_a_wrong_row_is_held_alone_with_place_and_value(stage: Stage) -> None:
    rows = [invoice_row(stage, f"W-{at}", **cells) for at, (cells, _, _) in enumerate(WRONG.values())]
    torn = [invoice_row(stage, "TORN"), invoice_row(stage, "TORN", LineNumber="2", GrossAmount="5.00")]
    nobody = invoice_row(stage, "NOBODY", InvoiceId="")
    laid(stage, INVOICES, [invoice_row(stage, "GOOD"), *rows, *torn, nobody, invoice_row(stage, "LAST")])
    seen(stage)
    assert sorted(entries(stage)) == ["GOOD", "LAST"]
    held = [row for row in stage.documents("unreadable") if row.state is S.QUARANTINED]
    assert len(held) == len(rows) + 2
    told = [str(row.reason_detail) for row in held]
    for name, (_, place, value) in WRONG.items():
        assert any(place in one and value in one for one in told), (name, told)
    assert any("row" in one and "TORN" not in one and "5.00" in one for one in told), "rows that do not agree"
    assert all(row.reason_detail and row.reason_detail.get("mend") for row in held)
    assert lying(stage, INVOICES) == ["Hand.csv.loaded"], "all of it is posted or held"


def test_hostile_values_arrive_as_they_are_and_tear_no_row(stage: Stage) -> None:
    names = ['=cmd|"/c calc"!A1', "quoted \"'; DROP TABLE", "back\\slash", "Größe ß €", "x" * 250]
    rows = [
        invoice_row(stage, f"H-{at}", LineDescription=name, VendorName=name, ImageUrl="../../etc/passwd")
        for at, name in enumerate(names)
    ]
    laid(stage, INVOICES, rows)
    seen(stage)
    assert sorted(entries(stage)) == [f"H-{at}" for at in range(len(names))]
    booked(stage, 'L1\r\nL2,"x"')
    run(stage)
    (row,) = [one for one in there(stage) if one["Number"].startswith("L1")]
    assert row["Number"] == 'L1 L2,"x"', "one line, whatever stood in it"


def test_files_that_are_none_are_told_and_stop_nobody(stage: Stage) -> None:
    booked(stage, "INV-1")
    run(stage)
    good = tables.written(tables.PAYMENTS, [payment_row(stage, "P-1", "INV-1")])
    bad = {
        "a.csv": b"",
        "b.csv": b"\xff\xfe\x00\x00nothing",
        "c.csv": b"PaymentId,Amount\r\nP-9,3\r\n",
        "d.csv": good.replace(b"Net", b"Status"),
        "e.csv": b'PaymentId,Status,PaymentAmount\r\nP-8,"never closed,1\r\n',
        "f.csv": b"PaymentId,Status,PaymentAmount\r\nP-7,Cleared\r\nP-6,Cleared,1.00\r\n",
    }
    for name, data in bad.items():
        laid(stage, PAYMENTS, data, name)
    laid(stage, PAYMENTS, good, "z.csv")
    folder = stage.sandbox.avidxchange.service.state.tree.folder(f"/{PAYMENTS}")

    def strange() -> None:
        folder.entries["link.csv"] = Link("/etc/passwd", stage.sandbox.clock.now())
        folder.entries["..\\up.csv"] = folder.entries["z.csv"]
        folder.entries["line\nbreak.csv"] = folder.entries["z.csv"]

    stage.sandbox.call(strange)
    for _ in range(2):
        seen(stage)
    rows = stage.documents("payments_in")
    assert [row.number for row in rows if row.state is S.POSTED] == ["P-1"]
    held = {row.number: row for row in rows if row.state is S.QUARANTINED}
    assert {"b.csv", "c.csv", "d.csv", "f.csv"} <= set(held)
    assert "PaymentAmount" in held["c.csv"].reason_detail["message"]
    assert "row 2" in held["f.csv"].reason_detail["message"].lower()
    assert all(row.reason_detail["mend"] for row in held.values())
    before = len(rows)
    seen(stage)
    assert len(stage.documents("payments_in")) == before, "each is told once"


def test_rows_of_another_company_are_not_booked_here(tmp_path: Path) -> None:
    """Two divisions with equal vendors and numbers are never crossed."""
    with avid_stage(tmp_path, flows=FLOWS, mode="files", company_id="NL") as stage:
        stage.outbound()
        stage.inbound()
        vendor_there(stage)
        booked(stage, "INV-1")
        run(stage)

        def of(rows: Any, columns: Any) -> bytes:
            return tables.written((*columns, "CompanyId"), rows)

        ours = [invoice_row(stage, "MINE", CompanyId="NL"), invoice_row(stage, "NOT-SAID")]
        laid(stage, INVOICES, of([*ours, invoice_row(stage, "THEIRS", CompanyId="BE")], tables.APPROVED))
        theirs = payment_row(stage, "P-1", "INV-1", CompanyId="BE")
        laid(stage, PAYMENTS, of([theirs, payment_row(stage, "P-2", "INV-1", CompanyId="NL")], tables.PAYMENTS))
        seen(stage)
        assert sorted(entries(stage)) == ["INV-1", "MINE", "NOT-SAID"]
        (held,) = [row for row in stage.documents("unreadable") if row.state is S.QUARANTINED]
        assert "'BE'" in (held.reason_detail or {})["message"]
        assert [row.number for row in stage.documents("payments_in")] == ["P-2"]
