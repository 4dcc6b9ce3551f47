"""Holding a document for a person or for reference data.

A held document is looked at again when reference data may have mended it. What is still held for the same reason
only gets a later date: no event, so that a thousand waiting invoices do not fill the ledger with "still waiting".
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.reference import ReferenceTable
from ml_connector.documents.sales.reference import SalesTable
from ml_connector.errors import NeedsCorrection, Reason, reason_detail
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.states import moves_of

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

#: What Python raises where nobody foresaw a value; all else is the ledger's, the machine's, or meant to be loud.
_DEFECTS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
#: Characters of a message or a fact that are kept and shown.
LONGEST_TEXT = 600

#: Only a person can mend these; they wait without being looked at again.
PERSON_ONLY = frozenset(
    {
        Reason.NOT_X12,
        Reason.NO_LAYOUT_FITS,
        Reason.TOO_LARGE,
        Reason.FILE_UNREADABLE,
        Reason.INCOMPLETE_FILE,
        Reason.UNSUPPORTED_DOCUMENT,
        Reason.DUPLICATE_INVOICE_NUMBER,
        Reason.REFUSED_BY_SYSTEM,
        Reason.BAD_VALUE,
        Reason.UNREADABLE_TEXT,
        Reason.TOTAL_DIFFERENCE,
        Reason.SIGN_CONTRADICTION,
        Reason.ZERO_INVOICE,
        Reason.INVOICE_DATE_AHEAD,
        Reason.NOTICE_DATE_AHEAD,
        Reason.CHARACTER_NOT_SENDABLE,
        Reason.OTHER_COMPANY,
        Reason.MAY_HAVE_LEFT,
        Reason.ANSWER_NOT_DECIDED,
        Reason.STORE_QUANTITIES,
        Reason.ORDER_CHANGE_OLD,
        Reason.ORDER_CHANGE_UNCLEAR,
        Reason.ORDER_NOT_CHANGEABLE,
        Reason.PAYMENT_DIFFERENCE,
        Reason.PAYMENT_REPEATED,
    }
)

#: Of these, what other settings may mend: a limit, a partner's characters.
SETTINGS_TOO = frozenset(
    {
        Reason.TOTAL_DIFFERENCE,
        Reason.CHARACTER_NOT_SENDABLE,
        Reason.INVOICE_DATE_AHEAD,
        Reason.NOTICE_DATE_AHEAD,
        Reason.UNSUPPORTED_DOCUMENT,
        Reason.SIGN_CONTRADICTION,
        Reason.ANSWER_NOT_DECIDED,
        Reason.STORE_QUANTITIES,
        Reason.ORDER_CHANGE_UNCLEAR,
        Reason.PAYMENT_DIFFERENCE,
    }
)


def hold_moves(
    integration: Integration, row: DocumentRow, held: NeedsCorrection, report: StepReport, *, step: S
) -> list[Move]:
    """The move that holds a document; `step` is the state it goes back to when it is taken up again."""
    report.add_document("held", row, reason=str(held.reason))
    again = None
    if held.reason not in PERSON_ONLY:
        again = integration.clock.now() + timedelta(minutes=integration.settings.quarantine_retry_minutes)
    detail = reason_detail(_cut(held.message), held.remedy, _bounded(held.data))
    changes = {
        "reason": str(held.reason),
        "reason_detail": detail,
        "held_step": str(step),
        "next_attempt_at": again,
    }
    if row.state is S.QUARANTINED and row.reason == held.reason and row.reason_detail == detail:
        return [Move(row.id, None, "", changes=changes)]
    if row.state is S.QUARANTINED:
        return [Move(row.id, None, "held for another reason", {"reason": str(held.reason), **detail}, changes=changes)]
    return [Move(row.id, S.QUARANTINED, "held", {"reason": str(held.reason), **detail}, changes=changes)]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _bounded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Facts for a person: a value from a file may be as long as the file lets it."""
    return {name: _cut(value) if isinstance(value, str) else value for name, value in data.items()}


def resume_moves(row: DocumentRow) -> list[Move]:
    """For a held document that is all right now: back to the step it was held at, claim kept."""
    if row.state is not S.QUARANTINED:
        return []
    cleared = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}
    step = S(row.held_step or S.PARSED)
    return [Move(row.id, step, "taken up again", {"was": row.reason}, changes=cleared, release=False)]


#: What a change of a dimension's codes may mend, and of any reference table.
OF_DIMENSIONS = frozenset({Reason.UNMAPPED_COST_CENTER, Reason.INACTIVE_COST_CENTER})
MENDED_BY: Mapping[str, frozenset[Reason]] = {
    ReferenceTable.VENDORS: frozenset(
        {
            Reason.UNKNOWN_SUPPLIER,
            Reason.SUPPLIER_BLOCKED,
            Reason.CURRENCY_MISMATCH,
            Reason.VENDOR_CANDIDATES,
            Reason.VENDOR_PROPOSED_TWICE,
            Reason.VENDOR_DIFFERS,
            Reason.VENDOR_GONE,
        }
    ),
    ReferenceTable.GL_ACCOUNTS: frozenset({Reason.UNMAPPED_ACCOUNT, Reason.BLOCKED_ACCOUNT}),
    ReferenceTable.COST_CENTERS: OF_DIMENSIONS,
    ReferenceTable.COST_UNITS: OF_DIMENSIONS,
    ReferenceTable.ITEMS: frozenset({Reason.UNMAPPED_CHARGE, Reason.UNMAPPED_ACCOUNT, Reason.UNRESOLVED_ITEM}),
    ReferenceTable.VAT_CODES: frozenset({Reason.MISSING_VAT_CODE, Reason.VAT_DIFFERENCE}),
    SalesTable.CUSTOMERS: frozenset(
        {
            Reason.UNKNOWN_CUSTOMER,
            Reason.CUSTOMER_BLOCKED,
            Reason.CUSTOMER_CONTRADICTED,
            Reason.CURRENCY_MISMATCH,
            Reason.TERMS_DIFFER,
        }
    ),
    SalesTable.CUSTOMER_LOCATIONS: frozenset({Reason.UNKNOWN_CUSTOMER, Reason.UNKNOWN_SHIP_TO}),
    SalesTable.ITEM_FACTS: frozenset(
        {
            Reason.UNKNOWN_ITEM,
            Reason.ITEM_CONTRADICTED,
            Reason.ITEM_NOT_SOLD,
            Reason.UNIT_MISMATCH,
            Reason.SALES_PRICE,
            Reason.ORDER_CHARGE,
        }
    ),
    SalesTable.SALES_PRICES: frozenset({Reason.SALES_PRICE}),
    ReferenceTable.PURCHASE_ORDERS: frozenset(
        {
            Reason.NO_SUCH_ORDER,
            Reason.NO_SUCH_ORDER_LINE,
            Reason.ORDER_CANCELLED,
            Reason.PRICE_TOLERANCE,
            Reason.QUANTITY_TOLERANCE,
            Reason.NOT_RECEIVED,
            Reason.OVER_SHIPMENT,
        }
    ),
}


def wake(tx: Tx, connection: str, company: str, table: str) -> int:
    """A table has changed: what it may mend is due now, so that the next run takes it up without being asked.

    A table that is not known here is one of the ERP's own: of a dimension's codes.
    """
    return related.wake_held(tx, connection, company, sorted(MENDED_BY.get(table, OF_DIMENSIONS)))


def attempt(decide: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | NeedsCorrection:
    """Decide about one document; a reason to hold it comes back as a value, so that it never stops its batch.

    So does a defect of ours that it brings out: else each run would end at it, and nothing behind it would move.
    """
    try:
        return decide(*given, **named)
    except NeedsCorrection as held:
        return held
    except (OSError, SQLAlchemyError):
        raise  # some of them are a LookupError or a ValueError as well
    except _DEFECTS as error:
        name = type(error).__name__
        which = [str(one.id) for one in (*given, *named.values()) if isinstance(one, DocumentRow)]
        log.exception("document %s is held for a defect", ", ".join(which) or "of an unknown id")
        return NeedsCorrection(
            Reason.BAD_VALUE,
            f"What this document says brings out a defect of this program ({name}).",
            remedy="Report it with the document (the log says where); replay it after an update, or settle it by hand.",
            data={"defect": name},
        )


def first_step(kind: DocumentKind, direction: str) -> S:
    """Where work on a document of this kind starts over."""
    if direction == "in":
        return S.PARSED
    return S.READ if S.READ in moves_of(kind, Direction.OUT) else S.RESOLVED


def is_held(row: DocumentRow) -> bool:
    """Whether a document waits for somebody to say whether it had left."""
    return row.state is S.QUARANTINED and row.reason == Reason.MAY_HAVE_LEFT


def in_doubt(row: DocumentRow) -> bool:
    """Whether nobody knows if it arrived: before a restore, or because its upload was not confirmed."""
    return row.state is S.UNKNOWN_OUTCOME or is_held(row)
