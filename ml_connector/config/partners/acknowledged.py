"""How a customer hears what we take of its orders (855)."""

from typing import Annotated, Literal

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.config.partners.invoices import ItemQualifier

#: What a line, or a part of one, is told to be.
LineStatus = Literal[
    "accepted", "changed", "quantity", "price", "date", "substituted", "backordered", "refused", "cancelled"
]
#: Element 668 (x12-procurement 6, the table under ACK).
AckCode = Annotated[str, Field(pattern="^[A-Z0-9]{2}$")]
#: What each is in ACK01, where the partner's file does not say otherwise.
ACK_CODES: dict[LineStatus, str] = {
    "accepted": "IA",
    "changed": "IC",
    "quantity": "IQ",
    "price": "IP",
    "date": "DR",
    "substituted": "IS",
    "backordered": "IB",
    "refused": "IR",
    "cancelled": "ID",
}


class OrderAcksToPartner(Settings):
    """Order acknowledgments that a customer gets."""

    send: bool = Field(default=False, description="It wants to be told what we take of its orders")
    again: Literal["replace", "change", "original", "hold", "never"] = Field(
        default="replace",
        description="An order changes in what it is told after it was told. replace, change, original: it is told "
        "again, with BAK01 05, 04 or 00; hold: a person decides; never: once is enough",
    )
    date_qualifier: Literal["", "067", "068", "069", "079", "017"] = Field(
        default="068",
        description="ACK04 of the day that is told: 068 scheduled shipment, 067 scheduled delivery; empty: none",
    )
    our_item_qualifier: ItemQualifier = Field(default="VP", description="Of our item number; empty: not sent")
    codes: dict[LineStatus, AckCode] = Field(
        default_factory=dict, description="What a line is told to be -> the code that it wants in ACK01"
    )

    def code(self, status: LineStatus) -> str:
        """ACK01 for what a line is."""
        return self.codes.get(status) or ACK_CODES[status]
