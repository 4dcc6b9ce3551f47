"""How a supplier gets its orders."""

from string import Formatter
from typing import Literal

from pydantic import Field, field_validator

from ml_connector.config.base import Settings

#: What becomes of quantities and dates that a supplier changes in an 855.
OrderChanges = Literal["propose", "write_back"]

#: What may stand in braces in a file name.
FILE_NAME_PARTS = ("partner", "set", "number", "timestamp", "control", "ext")


class OrdersToPartner(Settings):
    """What a supplier is told in orders (850, 860)."""

    send: bool = Field(
        default=True, description="false: another partner file of the same supplier gets its orders, or nobody does"
    )
    sent_before: Literal["ask", "known", "again"] = Field(
        default="ask",
        description="Changed orders that were sent to another partner or identity before. ask: held with a question; "
        "known: this partner has them and gets what changed; again: it gets them whole",
    )
    changes: Literal["860", "850"] = Field(default="860", description="850 sends the whole order with BEG01 05")
    header_changes: Literal["header", "lines", "850", "hold"] = Field(
        default="header",
        description="A change of the header alone (delivery date, address, remarks). header: an 860 with the changed"
        " header segments and no POC; lines: with a POC for every line, as flat files always have; 850: the whole order"
        " with BEG01 05; hold: a person tells the partner",
    )
    withdrawn: Literal["cancel", "hold"] = Field(
        default="cancel",
        description="An order that it has was deleted in the ERP or given to another supplier. cancel: it is sent a"
        " cancellation; hold: a person tells it",
    )
    partly_received: Literal["hold", "whole"] = Field(
        default="hold",
        description="Orders of which goods came before they were ever sent from here. hold: asked about; whole: sent as"
        " they are, for the supplier counts what it has delivered",
    )
    deduplicates: bool = Field(
        default=False,
        description="The partner drops a repeat of the same ISA13: an upload of unknown outcome is repeated",
    )
    account_reference: str = Field(
        default="", description="REF qualifier that carries the GL account, e.g. 11; empty: none"
    )
    cost_center_reference: str = Field(default="", description="REF qualifier that carries the cost center, e.g. DP")
    buyers_item_qualifier: str = Field(default="BP", min_length=2, max_length=2)
    vendors_item_qualifier: str = Field(default="VP", min_length=2, max_length=2)
    file_name: str = Field(
        default="{partner}_{set}_{timestamp}_{control}.{ext}",
        description="Placeholders: partner, set, number, timestamp, control (must be there), ext (edi, csv, xml ...)",
    )
    ship_to: dict[str, str] = Field(
        default_factory=dict,
        description="Code of a warehouse, or of a relation that is delivered to -> the partner's code for it",
    )
    drop_shipments: Literal["send", "hold"] = Field(
        default="send",
        description="Orders that go to our customer: sent as such (BEG02 DS) with name and address, or held",
    )
    other_addresses: Literal["send", "hold"] = Field(
        default="send", description="Orders with a delivery address of their own: sent with name and address, or held"
    )
    your_reference: str = Field(
        default="CR", max_length=3, description="REF qualifier of the reference that the buyer entered; empty: none"
    )

    @field_validator("file_name")
    @classmethod
    def _unique(cls, value: str) -> str:
        if "{control}" not in value:
            raise ValueError("must hold {control}, or two files could get one name")
        for _, name, form, conversion in Formatter().parse(value):
            if (name is not None and name not in FILE_NAME_PARTS) or form or conversion:
                raise ValueError(f"placeholders are {', '.join(f'{{{part}}}' for part in FILE_NAME_PARTS)}, plain")
        if "/" in value or "\\" in value or not value.isprintable():
            raise ValueError("is the name of a file, without folders")
        return value
