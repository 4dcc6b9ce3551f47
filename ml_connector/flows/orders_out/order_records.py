"""Orders in the records that documents keep: as the ERP gave them, or as withdrawn from the partner that has them.

An order that was deleted in the ERP has no record there any more, and one that was given to another supplier has
another's. What its partner is told is made of the record that it knows, marked so here.
"""

import json
from collections.abc import Callable
from enum import StrEnum

from ml_connector.documents.records import names_of
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.core.ports import PURCHASE_ORDERS, Erp, SourceOrder, source_of

#: Reads the order in a stored record.
Reader = Callable[[str], OpenOrder]


class Withdrawal(StrEnum):
    """Why a partner has an order no longer."""

    DELETED = "deleted"
    MOVED = "moved"


class WithdrawnOrder(OpenOrder):
    """An order that is cancelled for the partner that has it, whatever the ERP says of it."""

    withdrawn: Withdrawal
    cancelled: bool = True


#: How a record begins that is marked.
_MARK = '{"withdrawn": '


def order_reader(erp: Erp) -> Reader:
    """Reads the order in a stored record."""

    def read(record: str) -> OpenOrder:
        if not record.startswith(_MARK):
            return source_of(erp, PURCHASE_ORDERS).from_record(record)
        marked = json.loads(record)
        order = source_of(erp, PURCHASE_ORDERS).from_record(marked["record"])
        values = {name: getattr(order, name) for name in names_of(OpenOrder)}
        return WithdrawnOrder(**{**values, "cancelled": True, "withdrawn": Withdrawal(marked["withdrawn"])})

    return read


def is_moved(record: str | None) -> bool:
    """Whether a stored record tells that the order was given to another supplier."""
    return record is not None and record.startswith(f'{_MARK}"{Withdrawal.MOVED}"')


def withdrawn(record: str, why: Withdrawal, read: Reader) -> SourceOrder:
    """The order in a stored record, withdrawn."""
    if record.startswith(_MARK):
        record = json.loads(record)["record"]
    marked = json.dumps({"withdrawn": str(why), "record": record})
    return SourceOrder(marked, read(marked))
