"""How a customer's orders are taken: for all by the integration's settings, a partner's file says what differs."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from ml_connector.config.base import Settings

#: What a type of order (BEG02) stands for.
OrderTypeMeaning = Literal["order", "blanket", "release", "held"]
TypeCode = Annotated[str, Field(pattern="^[A-Z0-9]{2}$")]


class PriceTolerance(Settings):
    """How far a customer's price may be off ours, up or down; within either bound is taken, nothing given is exact."""

    percent: Decimal = Field(default=Decimal(0), ge=0, le=100)
    absolute: Decimal = Field(default=Decimal(0), ge=0, description="In the order's currency, for one unit")

    def allows(self, expected: Decimal, found: Decimal) -> bool:
        """Whether what was found is not further off what was expected than one of the bounds."""
        return abs(found - expected) <= max(self.absolute, abs(expected) * self.percent / 100)


class SalesRules(Settings):
    """How orders are taken; a partner's file overrides one by one what it names."""

    customer_by: Literal["partner", "their_number", "location"] = Field(
        default="partner",
        description="Who the customer is. partner: `customer` of its file; their_number: by the number that the order "
        "has for us (REF IA or VR, N1 SE, VN or SU); location: by the place that it goes to (N1 ST)",
    )
    unknown_customers: Literal["hold", "create"] = Field(
        default="hold",
        description="Of partner and their_number, a customer that the ERP does not have. create: with its first order, "
        "once, from customer_class",
    )
    customer_class: str = Field(default="", description="The ERP's class (template) of customers that are created")
    price: Literal["theirs", "ours", "compared"] = Field(
        default="compared",
        description="theirs: the order's prices are kept; ours: the ERP's count; compared: theirs where they are "
        "within price_tolerance of the ERP's, else the order is held",
    )
    price_tolerance: PriceTolerance = PriceTolerance()
    order_types: dict[TypeCode, OrderTypeMeaning] = Field(
        default_factory=dict,
        description="What a type of order (BEG02) means, where it differs; see docs/sales-orders.md",
    )
    unknown_ship_to: Literal["hold", "address"] = Field(
        default="hold",
        description="A place that none of the customer's is. address: the address in the order is put on it instead",
    )
    several_stores: Literal["orders", "lines", "hold"] = Field(
        default="orders",
        description="Quantities for several stores (SDQ, or N1 ST of lines). orders: one order a store; lines: one "
        "order, a line for each store; hold: a person enters them",
    )
    quantities_in: Literal["ordered", "sales", "base"] = Field(
        default="ordered",
        description="Unit that quantities are posted in: the one ordered, the item's sales unit, or its base unit",
    )
    charges: Literal["hold", "tell", "post"] = Field(
        default="hold",
        description="Allowances and charges (SAC). tell: shown and left to the ERP; post: put on the order as the "
        "items of charge_items",
    )
    charge_items: dict[str, str] = Field(default_factory=dict, description="SAC code -> item code, for charges: post")
    terms_differ: Literal["tell", "hold"] = Field(
        default="tell", description="Payment terms (ITD) that are not the customer's in the ERP"
    )
    most_quantity: Decimal = Field(
        default=Decimal(1_000_000), gt=0, description="A line that orders more, in its own unit, is held"
    )
    changes: Literal["apply", "hold"] = Field(
        default="apply",
        description="Changes and cancellations (860, 850 with BEG01 01 or 05). apply: written to the sales order as "
        "long as it allows that; hold: a person does it",
    )
    quantity_changes: Literal["ask", "total", "difference"] = Field(
        default="ask",
        description="What POC03 of a line with QI or QD is: the new quantity, or what is added or taken off. ask: "
        "POC04 (left to receive) tells, else the change is held",
    )
    change_purposes: dict[TypeCode, Literal["change", "replace", "cancel"]] = Field(
        default_factory=dict,
        description="What a purpose of an 860 (BCH01) means, beside 04 change, 05 replace and 01 cancel",
    )
    total_differs: Literal["hold", "tell"] = Field(
        default="hold", description="A total (AMT TT) that is not the sum of the order's own lines"
    )


def rules_for(general: SalesRules, own: SalesRules | None) -> SalesRules:
    """The rules of one partner: its own where its file names them, else the integration's."""
    values = {name: getattr(general, name) for name in SalesRules.model_fields}
    if own is not None:
        values |= {name: getattr(own, name) for name in own.model_fields_set}
    return SalesRules.model_construct(**values)
