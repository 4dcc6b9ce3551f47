"""Typed errors: each says who has to act. Their texts never carry a secret or a whole payload.

The four families of DESIGN ("Errors"): the sender must mend it, a person or reference data must mend it,
try again, we are wrong. The ledger turns them into states; Dagster turns them into retries or failures.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a document is held, and the key of the how-to that mends it (docs/held-documents.md)."""

    UNKNOWN_PARTNER = "unknown_partner"
    PARTNER_FILE_WRONG = "partner_file_wrong"
    WRONG_PARTNER_ROLE = "wrong_partner_role"
    UNKNOWN_SUPPLIER = "unknown_supplier"
    SUPPLIER_BLOCKED = "supplier_blocked"
    NO_SUCH_ORDER = "no_such_order"
    NO_SUCH_ORDER_LINE = "no_such_order_line"
    ORDER_OF_OTHER_SUPPLIER = "order_of_other_supplier"
    AMBIGUOUS_ORDER_LINE = "ambiguous_order_line"
    ORDER_LINE_CONTRADICTED = "order_line_contradicted"
    ORDER_CANCELLED = "order_cancelled"
    PRICE_TOLERANCE = "price_tolerance"
    QUANTITY_TOLERANCE = "quantity_tolerance"
    NOT_RECEIVED = "not_received"
    OVER_SHIPMENT = "over_shipment"
    UNIT_MISMATCH = "unit_mismatch"
    UNMAPPED_ACCOUNT = "unmapped_account"
    UNMAPPED_COST_CENTER = "unmapped_cost_center"
    INACTIVE_COST_CENTER = "inactive_cost_center"
    BLOCKED_ACCOUNT = "blocked_account"
    UNMAPPED_CHARGE = "unmapped_charge"
    MISSING_VAT_CODE = "missing_vat_code"
    VAT_DIFFERENCE = "vat_difference"
    TOTAL_DIFFERENCE = "total_difference"
    SIGN_CONTRADICTION = "sign_contradiction"
    ZERO_INVOICE = "zero_invoice"
    INVOICE_DATE_AHEAD = "invoice_date_ahead"
    NOTICE_DATE_AHEAD = "notice_date_ahead"
    SUPPLIER_CONTRADICTED = "supplier_contradicted"
    PROBABLY_THE_SAME = "probably_the_same"
    NOT_A_FIRST_INVOICE = "not_a_first_invoice"
    NOT_A_FIRST_NOTICE = "not_a_first_notice"
    TAKEN_BACK_BY_SUPPLIER = "taken_back_by_supplier"
    CURRENCY_MISMATCH = "currency_mismatch"
    DUPLICATE_INVOICE_NUMBER = "duplicate_invoice_number"
    KEYED_BY_HAND = "keyed_by_hand"
    REPEATED_CONTROL_NUMBER = "repeated_control_number"
    TEST_ON_PRODUCTION = "test_on_production"
    UNSUPPORTED_DOCUMENT = "unsupported_document"
    INCOMPLETE_FILE = "incomplete_file"
    NOT_X12 = "not_x12"
    NO_LAYOUT_FITS = "no_layout_fits"
    TOO_LARGE = "too_large"
    FILE_UNREADABLE = "file_unreadable"
    BAD_VALUE = "bad_value"
    UNREADABLE_TEXT = "unreadable_text"
    UNRESOLVED_SHIP_TO = "unresolved_ship_to"
    UNRESOLVED_ITEM = "unresolved_item"
    NOTHING_TO_SEND = "nothing_to_send"
    ORDER_SENT_ELSEWHERE = "order_sent_elsewhere"
    CHANGED_AFTER_SENDING = "changed_after_sending"
    REVERSED_AFTER_SENDING = "reversed_after_sending"
    CREDIT_OF_UNSENT = "credit_of_unsent"
    CHANGED_AFTER_POSTING = "changed_after_posting"
    REMOVED_AFTER_POSTING = "removed_after_posting"
    CODED_OTHERWISE = "coded_otherwise"
    UNMAPPED_TAX = "unmapped_tax"
    HEADER_CHANGED = "header_changed"
    ORDER_WITHDRAWN = "order_withdrawn"
    PARTLY_RECEIVED = "partly_received"
    REFUSED_BY_SYSTEM = "refused_by_system"
    ACKNOWLEDGES_NOTHING_SENT = "acknowledges_nothing_sent"
    ANSWER_NOT_DECIDED = "answer_not_decided"
    OUTCOME_UNKNOWN = "outcome_unknown"
    ANSWER_AWAITED = "answer_awaited"
    CHARACTER_NOT_SENDABLE = "character_not_sendable"
    OTHER_COMPANY = "other_company"
    MAY_HAVE_LEFT = "may_have_left"
    NUMBERS_UNKNOWN = "numbers_unknown"
    UNKNOWN_CUSTOMER = "unknown_customer"
    CUSTOMER_BLOCKED = "customer_blocked"
    CUSTOMER_CONTRADICTED = "customer_contradicted"
    UNKNOWN_SHIP_TO = "unknown_ship_to"
    UNKNOWN_ITEM = "unknown_item"
    ITEM_CONTRADICTED = "item_contradicted"
    ITEM_NOT_SOLD = "item_not_sold"
    SALES_PRICE = "sales_price"
    CANCEL_DATE_PAST = "cancel_date_past"
    STORE_QUANTITIES = "store_quantities"
    ORDER_CHARGE = "order_charge"
    TERMS_DIFFER = "terms_differ"
    NOT_A_FIRST_ORDER = "not_a_first_order"
    TAKEN_BACK_BY_CUSTOMER = "taken_back_by_customer"
    SALES_ORDER_EXISTS = "sales_order_exists"
    ORDER_CHANGE_WAITS = "order_change_waits"
    ORDER_CHANGE_OLD = "order_change_old"
    ORDER_CHANGE_UNCLEAR = "order_change_unclear"
    ORDER_NOT_CHANGEABLE = "order_not_changeable"
    PAYMENT_ITEM_UNKNOWN = "payment_item_unknown"
    PAYMENT_ABOVE_DUE = "payment_above_due"
    PAYMENT_DIFFERENCE = "payment_difference"
    VENDOR_CANDIDATES = "vendor_candidates"
    VENDOR_PROPOSED_TWICE = "vendor_proposed_twice"
    VENDOR_DIFFERS = "vendor_differs"
    VENDOR_UNCLEAR = "vendor_unclear"
    PAYMENT_STATUS = "payment_status"
    PAYMENT_REPEATED = "payment_repeated"
    PERIOD_CLOSED = "period_closed"
    VENDOR_GONE = "vendor_gone"


def reason_detail(message: str, remedy: str = "", data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Why a document waits or ended, as the ledger keeps it; the key `mend` is older than the name remedy and stays."""
    return {"message": message, "mend": remedy, "data": dict(data or {})}


class ConnectorError(Exception):
    """Root of all errors of this package.

    message: one sentence naming the place and the value. remedy: what a person does. data: small facts for a person.
    """

    def __init__(self, message: str, *, remedy: str = "", data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.data: dict[str, Any] = dict(data or {})

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    @property
    def detail(self) -> dict[str, Any]:
        """The same as the ledger keeps it of a document."""
        return reason_detail(self.message, self.remedy, self.data)


class ConfigError(ConnectorError):
    """The configuration is wrong: names the file, the key, the value and the remedy."""


class SenderMustCorrect(ConnectorError):
    """Syntax that only the sender can put right: the document is rejected and a 997 says so."""


class NeedsCorrection(ConnectorError):
    """A person or reference data can correct it: the document is quarantined with this reason."""

    def __init__(
        self, reason: Reason, message: str, *, remedy: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, remedy=remedy, data=data)
        self.reason = reason


class TryAgain(ConnectorError):
    """Nothing happened on the other side; the same work may be done again, not before `after_seconds`."""

    def __init__(
        self,
        message: str,
        *,
        after_seconds: float | None = None,
        remedy: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, data=data)
        self.after_seconds = after_seconds


class CallLimitReached(TryAgain):
    """The other side, or we for it, count calls: the connection as a whole waits; nothing is wrong with the work."""


class Stopped(TryAgain):
    """This process was asked to end: what was about to be begun was not."""

    def __init__(self) -> None:
        super().__init__("Stopped as asked: nothing new was begun, what is known is committed; the next run goes on.")


class LeaseLost(TryAgain):
    """This worker's lease is not safely its own any more: whatever was about to be sent was not."""


class OutcomeUnknown(ConnectorError):
    """A write was begun and nobody here can tell yet whether the other side has it."""


class RefusedBySystem(ConnectorError):
    """The other side understood the request and refused it for a business reason; nothing was written.

    reason: what holds the document, where more is known than that it was refused.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        data: Mapping[str, Any] | None = None,
        reason: Reason = Reason.REFUSED_BY_SYSTEM,
    ) -> None:
        super().__init__(message, remedy=remedy, data=data)
        self.reason = reason


class AuthorizationNeeded(ConnectorError):
    """A person must authorize the connection again; nothing is lost meanwhile."""


class DecisionNeeded(ConnectorError):
    """The configuration and what the ledger knows do not go together: a person decides what was meant. Nothing is done
    meanwhile.
    """


class NotPossibleError(ConnectorError):
    """The document's state does not allow what a person asked."""


class WeAreWrong(ConnectorError):
    """A defect of ours or a broken invariant: fail loudly."""
