"""Kinds and directions of documents, apart from their records: naming them costs no import of models."""

from enum import StrEnum


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class DocumentKind(StrEnum):
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
    UNSUPPORTED = "unsupported"
