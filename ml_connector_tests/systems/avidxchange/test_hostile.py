"""Replies, records, files and words that nobody would send: for each what is said, where, and how it is put right."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.payables.vendors import NetworkVendor
from ml_connector.errors import ConnectorError, NeedsCorrection, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import TO_NETWORK_INVOICES, StoredOperation, Written, record_target
from ml_connector.sandbox.avidxchange.options import GATEWAY_KEY, PASSWORD
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.avidxchange.reading.batch_files import BatchFiles
from ml_connector.systems.avidxchange.reading.invoices import invoice
from ml_connector.systems.avidxchange.reading.payments import payment
from ml_connector.systems.avidxchange.reading.records import code, order, receipt, vendor
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_calls import operation


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with avid_stage(tmp_path_factory.mktemp("hostile"), warm=False) as made:
        row = {"ExternalIdentifier": {"Value": "V-1"}, "Name": "One", "Active": True}
        made.sandbox.call(made.avid.add, "vendors", row)
        yield made


@pytest.fixture(autouse=True)
def calm(stage: Stage) -> Iterator[None]:
    yield
    stage.sandbox.faults.clear()
    stage.sandbox.clock.move(120)


GOOD_INVOICE: Mapping[str, Any] = {"Id": 7, "Number": "I-1", "GrossAmount": "121.00"}
GOOD_PAYMENT: Mapping[str, Any] = {"PaymentId": 9, "Amount": "40.00", "Status": {"Description": "Issued"}}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"Id": None}, "invoice.Id"),
        ({"Id": ""}, "invoice.Id"),
        ({"Id": ["x"]}, "invoice.Id"),
        ({"GrossAmount": None}, "invoice.GrossAmount"),
        ({"GrossAmount": "1,234.50"}, "invoice.GrossAmount"),
        ({"GrossAmount": "NaN"}, "invoice.GrossAmount"),
        ({"GrossAmount": "1e9"}, "invoice.GrossAmount"),
        ({"GrossAmount": {"Value": 5}}, "invoice.GrossAmount"),
        ({"GrossAmount": True}, "invoice.GrossAmount"),
        ({"InvoiceDate": "31/01/2026"}, "invoice.InvoiceDate"),
        ({"InvoiceDate": "2026-02-30"}, "invoice.InvoiceDate"),
        ({"InvoiceDueDate": "soon"}, "invoice.InvoiceDueDate"),
        ({"PostingDate": "2026-13-01T00:00:00"}, "invoice.PostingDate"),
        ({"LastChangedDate": "yesterday"}, "invoice.LastModifiedDate"),
        ({"Number": {"a": 1}}, "invoice.Number"),
        ({"Distributions": ["line"]}, "invoice.Distributions"),
        ({"Distributions": [{"Amount": "?"}]}, "invoice.Distributions[1].Amount"),
        ({"Distributions": {"Amount": None}}, "invoice.Distributions[1].Amount"),
        ({"Distributions": [{"Amount": 1, "EnterpriseCodes": "4000"}]}, "invoice.Distributions[1].EnterpriseCodes"),
        ({"BuyerVendor": "V-1"}, "invoice.BuyerVendor"),
        ({"AmountPaid": "all"}, "invoice.AmountPaid"),
    ],
)
def test_an_invoice_with_a_value_that_is_none_is_named_with_its_place(
    stage: Stage, changed: dict[str, Any], place: str
) -> None:
    settings = stage.network.client.settings
    with pytest.raises(NeedsCorrection) as told:
        invoice(Row({**GOOD_INVOICE, **changed}, place="invoice"), settings)
    assert (told.value.reason, told.value.data["place"]) == ("bad_value", place)
    assert told.value.remedy
    assert place in told.value.message
    # In a batch it alone is held, and the one beside it is read.
    whole = {
        "Batch": {"BatchGUID": "b", "DateClosed": "2026-01-01T00:00:00"},
        "Invoices": [changed_of(changed), GOOD_INVOICE],
    }
    bad, good = BatchFiles(settings).read(Bytes(json.dumps(whole, default=str).encode()))
    assert (bad.accepted, good.accepted) == (False, True)


def changed_of(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {**GOOD_INVOICE, **changed}


class Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        del size
        return self._data


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"PaymentId": None}, "payment.PaymentId"),
        ({"Amount": None}, "payment.Amount"),
        ({"Amount": "forty"}, "payment.Amount"),
        ({"ClearedDate": "never"}, "payment.ClearedDate"),
        ({"Remittances": [{"Number": "I-1"}]}, "payment.Remittances[1].Gross"),
        ({"Remittances": "I-1"}, "payment.Remittances"),
        ({"Exceptions": [4]}, "payment.Exceptions"),
        ({"ExchangeRate": "one"}, "payment.ExchangeRate"),
        ({"Payee": 5}, "payment.Payee"),
        ({"Status": ["Issued", "Void"]}, "payment.Status"),
    ],
)
def test_a_payment_with_a_value_that_is_none_is_named_with_its_place(
    stage: Stage, changed: dict[str, Any], place: str
) -> None:
    with pytest.raises(NeedsCorrection) as told:
        payment(Row({**GOOD_PAYMENT, **changed}, place="payment"), stage.network.client.settings)
    assert (told.value.reason, told.value.data["place"]) == ("bad_value", place)
    assert told.value.remedy


@pytest.mark.parametrize(
    ("reader", "raw", "place"),
    [
        (vendor, {}, "Id"),
        (vendor, {"Id": 1, "Addresses": "Main Street"}, "Addresses"),
        (code, {"Value": "4000"}, "Id"),
        (order, {"Id": 1, "Lines": [{"Quantity": "some"}]}, "Lines[1].Quantity"),
        (receipt, {"Id": 1, "Quantity": 1}, "PurchaseOrderLineNumber"),
    ],
)
def test_other_records_too(reader: Any, raw: dict[str, Any], place: str) -> None:
    with pytest.raises(NeedsCorrection) as told:
        reader(Row(raw))
    assert told.value.data["place"] == place


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"Batch": []}', b'{"Batch": {}, "Invoices": 5}', b'{"Batch":{"DateClosed":1}}']
)
def test_a_batch_that_is_none_is_told_and_is_no_crash(stage: Stage, text: bytes) -> None:
    with pytest.raises(ConnectorError) as told:
        list(BatchFiles(stage.network.client.settings).read(Bytes(text)))
    assert "batch" in told.value.message.lower()


def written(stage: Stage) -> Written:
    record = NetworkInvoice(number="I-1", total=Decimal(121), external_id="hostile-1", vendor="V-1")
    (planned,) = record_target(stage.network, TO_NETWORK_INVOICES).plan(record, "")
    one: StoredOperation = operation(planned)
    return stage.network.records.write(one)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, "", OutcomeUnknown, "0 results"),
        (200, "null", OutcomeUnknown, "0 results"),
        (200, "[]", OutcomeUnknown, "0 results"),
        (200, "{}", OutcomeUnknown, "0 results"),
        (200, '"ok"', OutcomeUnknown, "0 results"),
        (200, '{"Results": []}', OutcomeUnknown, "0 results"),
        (200, '{"Results": [{"Successful": true}, {"Successful": true}]}', OutcomeUnknown, "2 results"),
        (200, '{"Results": {"Successful": true}}', OutcomeUnknown, "without the id"),
        (200, '{"Results": {"Successful": true, "Item": {"Number": "I-1"}}}', OutcomeUnknown, "without the id"),
        (200, '{"Results": {"Successful": "false"}}', RefusedBySystem, "no reason was given"),
        (200, '{"Results": {"Successful": "no", "Errors": "Vendor held"}}', RefusedBySystem, "Vendor held"),
        (200, '{"Results": {"SUCCESSFUL": 0, "errors": {"MESSAGE": "Late"}}}', RefusedBySystem, "Late"),
        (200, '{"results": [{"Errors": [{"Message": "Twice"}, {"Message": "Late"}]}]}', RefusedBySystem, "Twice; Late"),
        (200, '{"Results": [[]]}', OutcomeUnknown, ""),
        (200, '{"Results": "done"}', OutcomeUnknown, ""),
        (200, '{"Results": {"Successful": true, "Item": {"Id": {"a": 1}}}}', OutcomeUnknown, ""),
        (200, '{"Results": ' + "[" * 60 + "]" * 60 + "}", OutcomeUnknown, "JSON"),
        (200, "<html>busy</html>", OutcomeUnknown, "JSON"),
        (400, '{"exception": {"reason": "BadRequest", "detail": "Number is too long"}}', RefusedBySystem, "too long"),
        (404, "", RefusedBySystem, "404"),
        (409, '{"message": "exists"}', RefusedBySystem, "exists"),
        (422, "plain", RefusedBySystem, "422"),
        (500, '{"exception": {"reason": "Oops"}}', OutcomeUnknown, "Oops"),
        (302, "", OutcomeUnknown, "302"),
    ],
)
def test_what_a_write_is_answered_with(
    stage: Stage, status: int, body: str, kind: type[ConnectorError], words: str
) -> None:
    fault = Fault(FaultKind.STATUS, system="avidxchange", method="POST", path="/v1/invoices", status=status, body=body)
    stage.sandbox.faults.add(fault)
    with pytest.raises(kind) as told:
        written(stage)
    assert words in told.value.message
    assert told.value.remedy
    assert not [one for one in (GATEWAY_KEY, PASSWORD) if one in f"{told.value} {told.value.data}"]


@pytest.mark.parametrize(
    "body",
    [
        '{"Items": 5}',
        '{"Items": [1, 2]}',
        '"all"',
        '{"Items": [], "Paging": {"Links": [{"Rel": "next", "Href": "https://evil.example/v1/vendors"}]}}',
        '{"Items": [], "Paging": {"Links": [{"Rel": "next", "Href": "/v1/vendors?pageNumber=1"}]}}',
        "<html>maintenance</html>",
        '{"Items": ' + "[" * 60 + "]" * 60 + "}",
        '{"Items": [{"Id": 1' + "0" * 200 + "}]}",
    ],
)
def test_a_list_that_is_none_is_told_and_nothing_is_taken_for_it(stage: Stage, body: str) -> None:
    fault = Fault(
        FaultKind.STATUS, system="avidxchange", method="GET", path="/v1/vendors", status=200, body=body, count=None
    )
    stage.sandbox.faults.add(fault)
    with pytest.raises((TryAgain, RefusedBySystem)) as told:
        stage.network.records.sources["network_vendors"].by_external_id(["V-1"])
    assert told.value.remedy
    assert "evil" not in " ".join(one.path for one in stage.sandbox.journal.requests)


@pytest.mark.parametrize(
    "body", ["{}", '{"Items": null}', '{"Items": []}', '{"Items": null, "Paging": null}', "null", ""]
)
def test_lists_of_nothing_are_empty(stage: Stage, body: str) -> None:
    fault = Fault(FaultKind.STATUS, system="avidxchange", method="GET", path="/v1/vendors", status=200, body=body)
    stage.sandbox.faults.add(fault)
    assert stage.network.records.sources["network_vendors"].by_external_id(["V-1"]) == []


def test_one_object_where_a_list_is_due_and_a_vendor_by_its_first_spelling(stage: Stage) -> None:
    body = '{"ID": 5, "Id": 6, "name": "Twice spelt", "ExternalIdentifier": "V-9", "ACTIVE": "0"}'
    fault = Fault(FaultKind.STATUS, system="avidxchange", method="GET", path="/v1/vendors", status=200, body=body)
    stage.sandbox.faults.add(fault)
    (found,) = stage.network.records.sources["network_vendors"].by_external_id(["V-9"])
    assert found.document == NetworkVendor(id="5", external_id="V-9", name="Twice spelt", active=False)


def test_no_secret_stands_anywhere_after_a_day_of_echoing_503(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = f"grant_type=password&username=svc&password={PASSWORD}&key={GATEWAY_KEY}"
    echo = json.dumps({"exception": {"reason": "Overloaded", "detail": said}, "error_description": said})
    with avid_stage(tmp_path, flows={"invoices_out": {}, "coded_invoices_in": {}}) as stage:
        for path in ("*", "/v1/authorizations"):
            fault = Fault(FaultKind.STATUS, system="avidxchange", path=path, status=503, count=4, body=echo)
            stage.sandbox.faults.add(fault)
        told: list[str] = []
        for run in (stage.inbound, stage.outbound) * 4:
            try:
                run()
            except ConnectorError as error:
                told.append(f"{error} {error.data}")
            stage.sandbox.clock.move(900)
        shown = f"{caplog.text} {told}".encode() + b"".join(
            file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and "secrets" not in file.parts
        )
        for secret in (PASSWORD, GATEWAY_KEY):
            assert secret.encode() not in shown
