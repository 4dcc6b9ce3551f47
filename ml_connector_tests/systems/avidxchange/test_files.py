"""The same integration by files over SFTP: what is sent, approved, paid and booked; both books are looked at."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.system import SYSTEM
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import CODES, approved, closed, entries, states
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, there, touched, vendor_there, with_pdf
from ml_connector_tests.systems.avidxchange.test_paid import MATCHED, status
from ml_connector_tests.systems.avidxchange.test_purchasing_out import ordered, orders, receipts, received
from ml_connector_tests.systems.avidxchange.test_vendors_and_codes import (
    change,
    codes,
    held,
    ours,
    read,
    supplier,
    vendors,
)

FLOWS: dict[str, Any] = {
    "invoices_out": {},
    "coded_invoices_in": {"vat_code": "2"},
    "payments_in": {"account": "51", "read_back_minutes": 0},
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files") as made:
        made.outbound()
        made.inbound()
        vendor_there(made)
        yield made


def lying(stage: Stage, folder: str) -> list[str]:
    return stage.sandbox.call(stage.exchange.place.names, folder)


def run(stage: Stage) -> None:
    stage.outbound()
    stage.night()
    stage.inbound()
    stage.sandbox.clock.move(700)


def test_an_invoice_goes_as_a_file_with_its_pdf_and_is_taken_whole(stage: Stage) -> None:
    entry = booked(stage, "INV-1")
    with_pdf(stage, entry)
    stage.outbound()
    (name,) = lying(stage, "ToAvidXchange/Invoices")
    assert name.startswith("Invoices_mlc-")
    assert name.endswith(".csv")
    stage.night()
    (row,) = there(stage)
    assert row["ExternalIdentifier"] == {"Value": entry["EntryID"]}
    assert (row["Number"], row["GrossAmount"], row["Currency"]) == ("INV-1", Decimal("121"), "EUR")
    (line,) = row["Distributions"]
    codes = {
        one["EnterpriseCodeGroups"][0]["CodeGroupName"]: one["EnterpriseCodeValue"] for one in line["EnterpriseCodes"]
    }
    assert codes == {"Accounting Codes": "4406", "Cost Center": "OPS"}
    assert stage.avid.images[str(row["Id"])] == b"%PDF-1.7 an invoice"
    (sent,) = stage.documents("invoices_out")
    assert sent.state is S.SENT
    run(stage)
    assert len(there(stage)) == 1, "sent once"
    assert verify.verify(stage.deployment.ledger).clean


def test_a_coded_invoice_is_booked_and_its_file_marked_as_taken(stage: Stage) -> None:
    approved(stage, "A-1", "100.00")
    batch = closed(stage, "A-1")
    stage.night()
    stage.inbound()
    assert states(stage) == {"A-1": ("posted", None)}
    assert entries(stage)["A-1"]["AmountFC"] == Decimal("-100.00")
    (name,) = lying(stage, "FromAvidXchange/Invoices")
    assert name.endswith(".csv.loaded")
    stage.night()
    assert stage.avid.table("batches")[batch]["Exported"]
    run(stage)
    assert list(states(stage).values()) == [("posted", None)]
    assert verify.verify(stage.deployment.ledger).clean


def test_the_story_of_one_invoice(stage: Stage) -> None:
    entry = booked(stage, "STORY-1")
    run(stage)
    (row,) = there(stage)
    stage.sandbox.call(stage.desk.approve, str(row["Id"]))
    stage.sandbox.call(stage.desk.close_batch, [str(row["Id"])])
    paid = stage.sandbox.call(stage.desk.pay, [str(row["Id"])], status="Processing")
    run(stage)
    assert [(row.state, row.reason_detail) for row in stage.documents("payments_in")] == []
    stage.sandbox.call(stage.desk.walk, str(paid["PaymentId"]), "Issued to Supplier")
    run(stage)
    (payment,) = stage.documents("payments_in")
    assert (payment.state, status(stage, entry)) == (S.POSTED, MATCHED), payment.reason_detail
    assert [row.state for row in stage.documents("coded_invoices_in")] == [S.DUPLICATE], "ours came back as it was sent"
    run(stage)
    run(stage)
    assert all(name.endswith(".loaded") for name in lying(stage, "FromAvidXchange/Payments"))
    assert len(stage.documents("payments_in")) == 1
    assert len(stage.documents("invoices_out")) == 1
    stage.sandbox.call(stage.desk.void, str(paid["PaymentId"]))
    run(stage)
    assert status(stage, entry) != MATCHED
    assert verify.verify(stage.deployment.ledger).clean


def test_one_that_does_not_fit_is_held_alone(stage: Stage) -> None:
    approved(stage, "GOOD")
    approved(stage, "ACCOUNT", lines=[{"amount": "121.00", "codes": {"Accounting Codes": "9999"}}])
    approved(stage, "SUM", lines=[{"amount": "120.00", "codes": CODES}])
    closed(stage, "GOOD", "ACCOUNT", "SUM")
    stage.night()
    stage.inbound()
    assert states(stage) == {
        "GOOD": ("posted", None),
        "ACCOUNT": ("quarantined", "unmapped_account"),
        "SUM": ("quarantined", "total_difference"),
    }


ALL: dict[str, Any] = {**FLOWS, "vendors_out": {}, "codes_out": {}}


def test_vendors_and_codes_arrive_and_change_there(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=ALL, mode="files") as stage:
        run(stage)
        first = supplier(stage, "20011")
        (vendor,) = [row for row in vendors(stage) if ours(row) == first["ID"]]
        assert (vendor["Name"], vendor["TaxId"], vendor["Active"]) == (first["Name"], first["VATNumber"], True)
        assert vendor["Addresses"][0]["State"], "a European address has a State too"
        assert codes(stage, "Accounting Codes")["4406"] is True
        assert codes(stage, "Cost Center")["OPS"] is True
        assert held(stage, "vendors_out") == held(stage, "codes_out") == []
        many, files = len(vendors(stage)), len(stage.exchange.taken)
        run(stage)
        assert len(stage.exchange.taken) == files, "nothing changed: no file goes"
        change(stage, "crm/Accounts", first, Name='Northwind, "Group"', Blocked=True)
        read(stage, "vendors")
        run(stage)
        assert len(vendors(stage)) == many
        assert (vendor["Name"], vendor["Active"]) == ('Northwind, "Group"', False)
        assert stage.exchange.refused == []
        assert verify.verify(stage.deployment.ledger).clean


def test_an_invoice_waits_for_its_vendor_and_goes_by_itself_then(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=ALL, mode="files") as stage:
        stage.outbound()
        late = stage.sandbox.call(lambda: dict(user.add_supplier(stage.sandbox.exact, "29999", "Latecomer BV")))
        booked(stage, "EARLY", supplier="29999", journal="60", vat_code="2")
        stage.outbound()
        (waits,) = stage.documents("invoices_out")
        assert (waits.state, waits.reason) == (S.QUARANTINED, "unknown_supplier")
        read(stage, "vendors")
        stage.outbound()
        stage.sandbox.clock.move(700)
        run(stage)
        assert [row["Number"] for row in there(stage)] == ["EARLY"]
        assert there(stage)[0]["BuyerVendor"]["VendorExternalSystemID"] == late["ID"]
        assert stage.exchange.refused == []


def test_orders_and_receipts_arrive_by_files(tmp_path: Path) -> None:
    flows = {"order_records_out": {}, "receipt_records_out": {}}
    with avid_stage(tmp_path, flows=flows, mode="files") as stage:
        stage.outbound()
        (order,) = ordered(stage)
        received(stage, order)
        for _ in range(3):
            run(stage)
        (there_now,) = orders(stage)
        lines = user.lines_of(stage.sandbox.exact, order)
        assert there_now["Number"] == str(order["OrderNumber"])
        quantities = [line["QuantityInPurchaseUnits"] for line in lines]
        assert [Decimal(line["Quantity"]) for line in there_now["Lines"]] == quantities
        found = sorted(receipts(stage), key=lambda row: int(row["PurchaseOrderLineNumber"]))
        assert [Decimal(row["Quantity"]) for row in found] == quantities
        assert {row["PurchaseOrderNumber"] for row in found} == {there_now["Number"]}
        assert verify.verify(stage.deployment.ledger).clean


def test_an_image_that_its_row_names_is_attached_and_an_address_is_not_followed(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=FLOWS, mode="files") as stage:
        stage.outbound()
        stage.inbound()
        pdf = b"%PDF-1.7 theirs"
        stage.sandbox.call(stage.exchange.place.put, "FromAvidXchange/Images", "scan.pdf", pdf)
        approved(stage, "WITH", ImageUrl="scan.pdf")
        approved(stage, "WEB", ImageUrl="https://images.example/scan.pdf")
        approved(stage, "GONE", ImageUrl="nowhere.pdf")
        closed(stage, "WITH", "WEB", "GONE")
        stage.night()
        stage.inbound()
        assert {state for state, _ in states(stage).values()} == {"posted"}
        attached = list(stage.sandbox.exact.main.table("documents/DocumentAttachments"))
        assert [row["FileName"] for row in attached] == ["WITH.pdf"]


@pytest.mark.parametrize("changes", [False, True])
def test_one_that_is_edited_after_it_was_sent_is_shown_or_sent_as_a_change(tmp_path: Path, changes: bool) -> None:
    files = {"invoices": {"changes": changes}}
    with avid_stage(tmp_path, flows=FLOWS, mode="files", files=files) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "INV-1")
        run(stage)
        touched(stage, entry, YourRef="INV-1b")
        run(stage)
        newest = max(stage.documents("invoices_out"), key=lambda row: row.id)
        assert len(there(stage)) == 1, "never a second invoice"
        if changes:
            assert (newest.state, there(stage)[0]["Number"]) == (S.SENT, "INV-1b")
        else:
            assert (newest.state, newest.reason) == (S.QUARANTINED, "changed_after_sending")
            assert there(stage)[0]["Number"] == "INV-1"


def test_two_integrations_over_one_connection_are_refused() -> None:
    plain = {"host": "h", "username": "u", "password": {"env": "X"}}
    settings = AvidXchangeConnection.model_validate({"system": "avidxchange", "mode": "files", "files": plain})
    both: dict[str, Any] = {"one": None, "two": None}
    told = list(SYSTEM.conflicts(settings, both))
    assert [message for message, _ in told] == ["one and two would take the same files"]
    del both["two"]
    assert list(SYSTEM.conflicts(settings, both)) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vendors": {"columns": ["Nmae"]}}, "no field Nmae"),
        ({"vendors": {"columns": ["Name", "Name"]}}, "each stands once"),
        ({"codes": {"headers": {"Value": "Description"}}}, "each stands once"),
        ({"codes": {"file_name": "../{key}.csv"}}, "holds {key} once"),
        ({"codes": {"folder": "../up"}}, "is a folder below root"),
        ({"temp_suffix": ""}, "nobody could tell"),
        ({"encoding": "klingon"}, "is not a known encoding"),
    ],
)
def test_settings_that_cannot_work_are_told(changes: dict[str, Any], told: str) -> None:
    plain = {"host": "h", "username": "u", "password": {"env": "X"}}
    with pytest.raises(ValidationError, match=told):
        AvidXchangeConnection.model_validate({"system": "avidxchange", "mode": "files", "files": {**plain, **changes}})


def test_columns_and_headers_are_those_of_the_template(tmp_path: Path) -> None:
    files = {
        "delimiter": ";",
        "approved_invoices": {"headers": {"GrossAmount": "Total", "InvoiceId": "Doc"}},
        "vendors": {"columns": ["Name", "ExternalVendorCode"], "headers": {"ExternalVendorCode": "ERP id"}},
    }
    with avid_stage(tmp_path, flows=ALL, mode="files", files=files) as stage:
        stage.outbound()
        stage.inbound()
        name = lying(stage, "ToAvidXchange/Vendors")[0]
        text = stage.sandbox.call(stage.exchange.place.read, "ToAvidXchange/Vendors", name).decode()
        assert text.startswith("Name;ERP id\r\n")
        rows = (
            "Codes;Doc;InvoiceNumber;Other;Total;LineAmount;VendorExternalCode;InvoiceDate;Currency\n"
            f"Accounting Codes=4406;7;OWN;x;121.00;121.00;{supplier(stage, '20011')['ID']};2026-01-15;EUR\n"
        )
        stage.sandbox.call(stage.exchange.place.put, "FromAvidXchange/Invoices", "own.csv", rows.encode())
        stage.inbound()
        assert states(stage) == {"OWN": ("posted", None)}
