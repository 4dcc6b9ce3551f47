"""Calls to AvidXchange: log-ins, lists, writes and what was said of them; over real sockets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.documents.payables.vendors import NetworkVendor
from ml_connector.errors import AuthorizationNeeded, CallLimitReached, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import (
    NETWORK_PAYMENTS,
    NETWORK_VENDORS,
    TO_NETWORK_INVOICES,
    TO_NETWORK_VENDORS,
    PlannedOperation,
    StoredOperation,
    Written,
    record_source,
    record_target,
)
from ml_connector.sandbox.avidxchange.options import GATEWAY_KEY, PASSWORD, AvidOptions
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import LOGINS, Stage, avid_stage


@contextmanager
def opened(home: Path, avid: AvidOptions | None = None, **settings: Any) -> Iterator[Stage]:
    with avid_stage(home, avid=avid, warm=False, **settings) as stage:
        yield stage


def operation(planned: PlannedOperation, number: int = 1) -> StoredOperation:
    return StoredOperation(
        number, 1, 0, planned.kind, "key/0", planned.target, planned.payload, 1, None, None, 0, "in_flight"
    )


def vendor(stage: Stage, external_id: str, **more: Any) -> Written:
    record = NetworkVendor(external_id=external_id, name=f"Vendor {external_id}", **more)
    (planned,) = record_target(stage.network, TO_NETWORK_VENDORS).plan(record, "")
    return stage.network.records.write(operation(planned))


def vendors(stage: Stage) -> list[NetworkVendor]:
    source = record_source(stage.network, NETWORK_VENDORS)
    return [one.document for one in source.changed("2020-01-01T00:00:00").records]


def read_all(stage: Stage) -> list[NetworkVendor]:
    source = record_source(stage.network, NETWORK_VENDORS)
    cursor, found, more = (stage.avid.now() - timedelta(days=2)).isoformat(timespec="seconds"), [], True
    while more:
        page = source.changed(cursor)
        found += [one.document for one in page.records]
        cursor, more = page.cursor or "", page.more
    return found


@pytest.mark.parametrize("login", sorted(LOGINS))
def test_each_way_to_log_in_and_a_token_that_ended(login: Any, tmp_path: Path) -> None:
    with opened(tmp_path, AvidOptions(login=login), login=login) as stage:
        vendor(stage, "V-1")
        stage.sandbox.call(stage.avid.tokens.clear)  # the server knows no token any more
        vendor(stage, "V-2")
        assert [one.external_id for one in read_all(stage)] == ["V-1", "V-2"]
        assert stage.avid.logins == (0 if login == "static_tokens" else 2)


def test_a_token_without_a_told_life_is_renewed_by_its_age(tmp_path: Path) -> None:
    with opened(tmp_path, AvidOptions(token_minutes=600), access={"token_minutes": 10}) as stage:
        vendor(stage, "V-1")
        stage.sandbox.clock.move(11 * 60)
        vendor(stage, "V-2")
        assert stage.avid.logins == 2
        assert stage.sandbox.journal.statuses.get("avidxchange 401", 0) == 0


def test_a_wrong_password_is_told_and_not_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path, username="somebody") as stage:
        for _ in range(3):
            with pytest.raises(AuthorizationNeeded, match="user name or password"):
                vendor(stage, "V-1")
        assert sum("authorizations" in one.path for one in stage.sandbox.journal.requests) == 1


@pytest.mark.parametrize("where", ["/v1/authorizations", "/v1/vendors"])
@pytest.mark.parametrize("form", ["json", "text", "error"])
def test_a_503_that_echoes_what_was_sent_tells_nobody(where: str, form: str, tmp_path: Path) -> None:
    """avidxchange 2: it may echo the posted credentials."""
    said = f"grant_type=password&username=svc&password={PASSWORD} key {GATEWAY_KEY}"
    bodies = {
        "json": json.dumps({"exception": {"reason": "Overloaded", "detail": said}}),
        "error": json.dumps({"error": "busy", "error_description": said}),
        "text": said,
    }
    with opened(tmp_path) as stage:
        if where == "/v1/vendors":
            read_all(stage)
        fault = Fault(FaultKind.STATUS, system="avidxchange", path=where, status=503, count=9, body=bodies[form])
        stage.sandbox.faults.add(fault)
        with pytest.raises(TryAgain) as told:
            read_all(stage)
        shown = f"{told.value} {told.value.data} {told.value.__cause__}"
        assert PASSWORD not in shown
        assert GATEWAY_KEY not in shown
        stage.sandbox.faults.clear()
        stage.sandbox.clock.move(60)
        assert read_all(stage) == []


@pytest.mark.parametrize("shape", ["seconds", "date", "none", "senseless"])
@pytest.mark.parametrize("status", [429, 503])
def test_every_kind_of_retry_after(status: int, shape: str, tmp_path: Path) -> None:
    with opened(tmp_path) as stage:
        read_all(stage)
        at = (stage.sandbox.clock.now() + timedelta(seconds=90)).astimezone(UTC)
        told = {
            "seconds": "90",
            "date": at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "none": None,
            "senseless": "soon",
        }[shape]
        stage.sandbox.faults.add(
            Fault(FaultKind.STATUS, system="avidxchange", path="/v1/vendors", status=status, retry_after=told)
        )
        with pytest.raises(CallLimitReached if status == 429 else TryAgain) as error:
            read_all(stage)
        if shape in {"seconds", "date"}:
            assert error.value.after_seconds is not None
            assert 85 <= error.value.after_seconds <= 90
        else:
            assert (error.value.after_seconds or 0) <= 60
        stage.sandbox.clock.move(120)
        assert read_all(stage) == []


@pytest.mark.parametrize("paging", ["links", "numbers", "none"])
@pytest.mark.parametrize("one_as_object", [False, True])
def test_every_page_of_a_list(paging: Any, one_as_object: bool, tmp_path: Path) -> None:
    with opened(tmp_path, AvidOptions(paging=paging, page_size=2, one_as_object=one_as_object)) as stage:
        for number in range(5):
            vendor(stage, f"V-{number}")
        assert sorted(one.external_id for one in read_all(stage)) == [f"V-{number}" for number in range(5)]


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("one_as_object", [False, True])
def test_http_200_that_says_no_is_a_refusal(words: bool, one_as_object: bool, tmp_path: Path) -> None:
    with opened(tmp_path, AvidOptions(words=words, one_as_object=one_as_object)) as stage:
        record = NetworkInvoice(number="I-1", total=Decimal(121), external_id="e-1", vendor="nobody")
        (planned,) = record_target(stage.network, TO_NETWORK_INVOICES).plan(record, "")
        with pytest.raises(RefusedBySystem, match="vendor nobody does not exist") as error:
            stage.network.records.write(operation(planned))
        assert error.value.remedy
        assert vendor(stage, "V-1").outside_id


def test_keys_without_regard_to_case_and_names_of_this_account(tmp_path: Path) -> None:
    with opened(tmp_path, resources={"vendors": {"fields": {"Name": "SupplierTitle"}}}) as stage:
        row = {"ID": 7, "externalidentifier": {"value": "V-7"}, "SUPPLIERTITLE": "Seven", "active": "false"}
        stage.avid.tables["vendors"]["7"] = {**row, "LastModifiedDate": stage.avid.stamp()}
        (found,) = read_all(stage)
        assert (found.id, found.name, found.active) == ("7", "Seven", False)


def test_an_answer_that_was_lost_is_found_by_our_id_and_a_copy_too(tmp_path: Path) -> None:
    with opened(tmp_path) as stage:
        fault = Fault(FaultKind.RESET_AFTER, system="avidxchange", method="POST", path="/v1/vendors")
        record = NetworkVendor(external_id="V-1", name="One")
        (planned,) = record_target(stage.network, TO_NETWORK_VENDORS).plan(record, "")
        read_all(stage)
        stage.sandbox.faults.add(fault)
        with pytest.raises(OutcomeUnknown):
            stage.network.records.write(operation(planned))
        assert stage.network.records.find_written([operation(planned, 7)])[7].outside_id
        vendor(stage, "V-1")  # what the other side accepts twice
        assert len(stage.network.records.find_copies([operation(planned, 7)])[7]) == 2


def test_an_invoice_is_written_whole_and_reads_back_the_same(tmp_path: Path) -> None:
    line = CodedLine(
        number=1,
        amount=Decimal("121.10"),
        description="Bolts",
        codes=(LineCode(group="Accounting Codes", value="4000"), LineCode(group="Cost Center", value="K1")),
    )
    record = NetworkInvoice(
        number="I-1",
        total=Decimal("121.10"),
        external_id="entry-1",
        vendor="V-1",
        vendor_name="Vendor V-1",
        invoice_date=date(2026, 11, 2),
        due_date=date(2026, 12, 2),
        currency="EUR",
        lines=(line,),
    )
    with opened(tmp_path) as stage:
        vendor(stage, "V-1")
        (planned,) = record_target(stage.network, TO_NETWORK_INVOICES).plan(record, "")
        done = stage.network.records.write(operation(planned))
        (found,) = stage.network.records.sources["network_invoices"].by_external_id(["entry-1"])
        read = found.document
        assert (read.id, read.status, read.standing) == (done.outside_id, "Pending Approval", "open")
        assert (read.total, read.invoice_date, read.lines) == (record.total, record.invoice_date, record.lines)
        assert stage.network.records.sources["network_invoices"].from_record(found.record) == read


def test_payments_are_read_in_windows_of_days_and_one_that_is_wrong_stops_no_other(tmp_path: Path) -> None:
    with opened(tmp_path) as stage:
        vendor(stage, "V-1")
        stage.sandbox.call(stage.desk.received, {"VendorExternalSystemID": "V-1", "VendorName": "One"}, "I-1", "100.00")
        stage.sandbox.call(stage.desk.pay, {"I-1": "40.00"})
        stage.sandbox.call(stage.desk.pay, {"I-1": "60.00"}, currency="USD")
        stage.avid.tables["payments"]["bad"] = {
            "PaymentId": 1,
            "Amount": "a lot",
            "Status": {"Description": "Issued"},
            "LastModifiedDate": stage.avid.stamp(),
        }
        source = record_source(stage.network, NETWORK_PAYMENTS)
        page = source.changed((stage.avid.now() - timedelta(hours=1)).isoformat(timespec="seconds"))
        assert [one.document.amount for one in page.records] == [Decimal(40), Decimal(60)]
        assert [one.document.remittances[0].net for one in page.records] == [Decimal(40), Decimal(60)]
        assert [one.document.stage for one in page.records] == ["pending", "pending"]
        (wrong,) = page.unreadable
        assert (wrong.id, wrong.why.data["place"], wrong.why.data["value"]) == ("1", "payment.Amount", "'a lot'")
        assert wrong.why.remedy
        begun = datetime.fromisoformat("2026-01-01T00:00:00").isoformat()
        old = source.changed(begun)
        assert old.more
        assert old.cursor is not None
        assert old.cursor < stage.avid.stamp()


def test_words_that_nobody_knows_and_those_that_begin_with_void(tmp_path: Path) -> None:
    with opened(tmp_path, payment_stages={"e-Payment Check Cleared": "cleared"}) as stage:
        settings = stage.network.client.settings
        words = ("Void - stale", "issued to  supplier", "e-Payment Check Cleared", "Teleported", "Refunded")
        assert [settings.stage(word) for word in words] == ["void", "issued", "cleared", "", ""]
