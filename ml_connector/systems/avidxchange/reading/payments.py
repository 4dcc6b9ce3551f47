"""Payments as AvidXchange has them -> as flows see them (avidxchange 5, Payment as read)."""

from decimal import Decimal

from ml_connector.documents.payables.payments import NetworkPayment, PaymentTrouble, RemittanceLine
from ml_connector.systems.avidxchange.reading.records import external_id, record_id
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.rows import Row


def payment(row: Row, settings: AvidXchangeConnection) -> NetworkPayment:
    """Raises NeedsCorrection: a field is not what it should be."""
    # A word alone, or an object that has one.
    status, payee = row.row("Status") if isinstance(row.value("Status"), dict) else None, row.row("Payee")
    word = status.text("Description") if status is not None else row.text("Status")
    method = row.value("PaymentMethod")
    return NetworkPayment(
        id=record_id(row, "PaymentId", "Id"),
        amount=row.needed_amount("Amount", "PaymentAmount"),
        batch_id=row.text("BatchId"),
        external_ids=_ours(row),
        status=word,
        status_id=status.text("Id") if status is not None else "",
        stage=settings.stage(word),
        method=row.row("PaymentMethod").text("Description") if isinstance(method, dict) else row.text("PaymentMethod"),
        check_number=row.text("CheckNumber"),
        issued_number=row.text("AvidPayCheckNumber"),
        trace_number=row.text("TraceNumber"),
        currency=(row.text("Currency", "CurrencyCode") or settings.currency).upper(),
        payment_date=row.day("PaymentDate"),
        cleared_date=row.day("ClearedDate"),
        vendor=payee.text("ExternalId", "VendorExternalSystemID") or row.text("PayeeExternalCode"),
        vendor_id=payee.text("VendorId", "Id"),
        vendor_name=payee.text("Name") or row.text("PayeeName"),
        company=row.text("CompanyId"),
        replaces=row.text("ReplacesPaymentId"),
        exchange_rate=row.amount("ExchangeRate"),
        fee=row.amount("FeeAmount"),
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
        troubles=tuple(_trouble(one) for one in row.rows("Exceptions")),
        remittances=tuple(_remittance(one) for one in row.rows("Remittances", "Invoices")),
    )


def _ours(row: Row) -> tuple[str, ...]:
    """Several may be bundled in one payment; none where it was made there."""
    found = row.value("ExternalPaymentIds")
    if isinstance(found, str):
        return (found.strip(),)
    listed = found if isinstance(found, list) else [found] if found is not None else []
    ours = [Row(one).text("Value") if isinstance(one, dict) else str(one).strip() for one in listed]
    return tuple(one for one in ours if one)


def _trouble(row: Row) -> PaymentTrouble:
    reason = row.row("ReasonCode")
    return PaymentTrouble(code=reason.text("Id"), text=reason.text("Description") or row.text("Message"))


def _remittance(row: Row) -> RemittanceLine:
    gross, discount = row.amount("Gross", "GrossAmount"), row.amount("Discount", "DiscountAmount")
    net = row.amount("Net", "NetAmount")
    if net is None:
        net = row.needed_amount("Gross", "GrossAmount") - (discount or Decimal(0))
    return RemittanceLine(
        number=row.text("Number", "InvoiceNumber"),
        net=net,
        gross=gross,
        discount=discount,
        invoice_date=row.day("Date", "InvoiceDate"),
        invoice_id=row.text("InvoiceId"),
        invoice_external_id=external_id(row),
        description=row.text("Description", "Memo"),
    )
