"""Kinds and directions of documents, apart from their records: naming them costs no import of models."""

from enum import StrEnum


class Direction(StrEnum):
    """Whether a document came or leaves."""

    IN = "in"
    OUT = "out"


class DocumentKind(StrEnum):
    """What a document is, as the ledger stores it."""

    ORDER = "order"
    ORDER_CHANGE = "order_change"
    ORDER_ACKNOWLEDGMENT = "order_acknowledgment"
    CHANGE_ACKNOWLEDGMENT = "change_acknowledgment"
    INVOICE = "invoice"
    SHIP_NOTICE = "ship_notice"
    REMITTANCE = "remittance"
    APPLICATION_ADVICE = "application_advice"
    FUNCTIONAL_ACKNOWLEDGMENT = "functional_acknowledgment"
    INTERCHANGE_ACKNOWLEDGMENT = "interchange_acknowledgment"
    REFERENCE_DATA = "reference_data"
    VENDOR_PROPOSAL = "vendor_proposal"
    #: Records of a network that approves and pays invoices (`documents.payables`), whichever way they go.
    VENDOR = "vendor"
    CODE = "code"
    PAYABLE = "payable"
    PAYMENT = "payment"
    ORDER_RECORD = "order_record"
    RECEIPT_RECORD = "receipt_record"
    UNSUPPORTED = "unsupported"


#: They go to a network record by record, and no acknowledgment answers them.
RECORD_KINDS = frozenset(
    {
        DocumentKind.VENDOR,
        DocumentKind.CODE,
        DocumentKind.PAYABLE,
        DocumentKind.PAYMENT,
        DocumentKind.ORDER_RECORD,
        DocumentKind.RECEIPT_RECORD,
    }
)
