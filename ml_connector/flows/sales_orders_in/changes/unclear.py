"""A change of an order that a person has to read: which place of it, what it says, and what is done about it."""

from typing import Any

from ml_connector.errors import NeedsCorrection, Reason

ASK = "Ask the customer what it wants; change the order in the ERP by hand, then discard this."


def unclear(
    order: str, line: str, why: str, *, segment: str, element: int, value: object = "", remedy: str = ASK, **data: Any
) -> NeedsCorrection:
    """Why a change is not applied by itself. segment, element: where it says so; line: empty for the whole change."""
    place = f"Line {line} of the change of order {order}" if line else f"The change of order {order}"
    return NeedsCorrection(
        Reason.ORDER_CHANGE_UNCLEAR,
        f"{place} {why} ({segment}{element:02}).",
        remedy=remedy,
        data={"order": order, "line": line, "segment": segment, "element": element, "value": str(value), **data},
    )
