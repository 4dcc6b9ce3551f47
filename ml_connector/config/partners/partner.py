"""A partner: who is behind a network, its role, account, identity, folders and deviations. One file each."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.dimensions import DimensionName, one_of
from ml_connector.config.partners.acknowledged import OrderAcksToPartner
from ml_connector.config.partners.answers import AcknowledgmentRules, OrderAnswers, ShipNotices
from ml_connector.config.partners.deadlines import Deadlines
from ml_connector.config.partners.files import Channels, PartnerLayouts
from ml_connector.config.partners.invoices import InvoicesToPartner
from ml_connector.config.partners.orders import OrderChanges, OrdersToPartner
from ml_connector.config.partners.reference import TableName, TableToPartner, or_a_name
from ml_connector.config.partners.sales import SalesRules
from ml_connector.config.partners.shipped import ShipmentsToPartner
from ml_connector.config.partners.tolerances import MatchTolerances
from ml_connector.config.partners.x12 import X12Guide, X12Identity, X12Writing
from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT

#: What somebody behind a network is to us.
Role = Literal["supplier", "customer", "procurement", "bank", "network"]
#: The setting that holds the account at the ERP, by role; a role that is not here has `account`, if it has one.
ACCOUNT_OF: dict[str, str] = {"supplier": "vendor", "customer": "customer"}
#: What the ledger keeps of an account.
LONGEST_ACCOUNT = 80


class Partner(Settings):
    """One partner file."""

    name: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[a-z0-9][a-z0-9_]*$",
        description="Short name in paths and pages",
    )
    title: str = ""
    role: Role = Field(default="supplier", description="What it is to us; each flow serves some roles")
    vendor: str = Field(
        default="", validate_default=True, description="Code of the supplier at the ERP, without padding"
    )
    customer: str = Field(
        default="", validate_default=True, description="Code of the customer at the ERP, without padding"
    )
    account: str = Field(
        default="",
        max_length=60,
        description="Account at the ERP of a procurement system, bank or network, if it has one",
    )
    identity: X12Identity | None = Field(
        default=None, description="Who it is in X12; left out only where `layouts` say what files it sends and takes"
    )
    test_identity: X12Identity | None = None
    channels: Channels
    syntax: Literal["strict", "standard", "lenient"] = "standard"
    bad_part: Literal["split", "whole"] = Field(
        default="split",
        description="split: good sets flow, bad ones are rejected; whole: any error rejects the interchange",
    )
    control_numbers: Literal["checked", "ignored"] = Field(
        default="checked", description="ignored: for partners that repeat or restart ISA13"
    )
    control_number_days: int = Field(
        default=365, ge=1, le=3650, description="An ISA13 that came longer ago may come again: numbers restart"
    )
    layouts: PartnerLayouts = PartnerLayouts()
    line_numbers: Literal["ours", "theirs"] = Field(
        default="ours",
        description="Whose line numbers its documents carry. ours: a number that leads to another line than the item"
        " holds the document; theirs: the item alone decides",
    )
    currency: str = Field(
        default="", pattern="^([A-Z]{3})?$", description="Of flat files whose layout says `currency: {from: caller}`"
    )
    x12: X12Writing = X12Writing()
    guide: X12Guide = X12Guide()
    orders: OrdersToPartner = OrdersToPartner()
    acknowledgments: AcknowledgmentRules = AcknowledgmentRules()
    sales_invoices: InvoicesToPartner = InvoicesToPartner()
    order_acks: OrderAcksToPartner = OrderAcksToPartner()
    shipments: ShipmentsToPartner = ShipmentsToPartner()
    reference_data: dict[TableName, TableToPartner] = Field(
        default_factory=dict,
        description="Reference table of the ERP -> how it is told of it; see docs",
        json_schema_extra=or_a_name,
    )
    deadlines: Deadlines = Deadlines()
    order_answers: OrderAnswers = OrderAnswers()
    ship_notices: ShipNotices = ShipNotices()
    sales: SalesRules | None = Field(
        default=None, description="Of a customer: how its orders are taken, where that differs from the integration's"
    )
    tolerances: MatchTolerances | None = Field(default=None, description="Overrides the integration's")
    invoice_mode: Literal["matched", "coded", "auto"] | None = Field(
        default=None, description="Overrides the integration's"
    )
    invoice_types: dict[Annotated[str, Field(pattern="^[A-Z0-9]{2}$")], Literal["invoice", "credit", "held"]] = Field(
        default_factory=dict, description="What it means by a type of invoice (BIG07), where it differs; see docs"
    )
    invoice_actions: dict[Annotated[str, Field(pattern="^[A-Z0-9]{1,2}$")], Literal["first", "held"]] = Field(
        default_factory=dict, description="Whether an action (BIG09) of it says no more than that there is an invoice"
    )
    original_in_big10: bool = Field(
        default=False, description="BIG10 names the invoice that is credited or replaced, not a consolidated one"
    )
    similar_numbers: Literal["held", "ignored"] = Field(
        default="held",
        description="Invoices of one amount and day, or ship notices or orders of the same goods and day, whose "
        "numbers differ in leading zeros or punctuation only",
    )
    supplier_numbers: tuple[str, ...] = Field(
        default=(), description="Further numbers by which its documents name it (REF VR, IA, ZA, N104 with 92)"
    )
    order_changes: OrderChanges | None = Field(
        default=None, description="Overrides acknowledgments_in.order_changes of the integration"
    )
    units: dict[str, str] = Field(default_factory=dict, description="The partner's unit code -> X12 unit code")
    price_bases: dict[
        Annotated[str, Field(pattern="^[A-Z0-9]{2}$")], Annotated[str, Field(pattern="^(PE|HP|TP|[1-9][0-9]{0,5})$")]
    ] = Field(
        default_factory=dict,
        description="What it means by a price basis (PO105, IT105) that is not known: PE per unit, HP per hundred, TP "
        "per thousand, or the number of units",
    )
    charges: dict[str, str] = Field(default_factory=dict, description="SAC code -> charge item or GL account; see docs")
    gl_account: str = Field(default="", description="Account for lines without an order")
    cost_center: str = ""
    cost_unit: str = ""
    dimensions: dict[DimensionName, str] = Field(
        default_factory=dict, description="Dimension (department, location ...) -> code of lines that have no other"
    )
    silent_after_hours: float | None = Field(default=None, gt=0, description="Alert when nothing came for so long")
    contact: str = Field(default="", description="Whom to call")

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        for name in (COST_CENTER, COST_UNIT):
            self.dimension(name)
        return self

    def dimension(self, name: str) -> str:
        """The code of a dimension; of cost center and cost unit by their older keys too."""
        older = {COST_CENTER: self.cost_center, COST_UNIT: self.cost_unit}.get(name, "")
        return one_of(older, self.dimensions.get(name, ""), name, f"dimensions.{name}")

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Dimensions that this file gives a code of."""
        return tuple(name for name in dict.fromkeys((COST_CENTER, COST_UNIT, *self.dimensions)) if self.dimension(name))

    @field_validator("vendor", "customer", "account")
    @classmethod
    def _account_of_its_role(cls, value: str, info: ValidationInfo) -> str:
        role = info.data.get("role")
        wanted = ACCOUNT_OF.get(role or "", "account")
        if role and value.strip() and info.field_name != wanted:
            raise ValueError(
                f"is not for a {role}, whose account at the ERP is `{wanted}`; take it out, or mend `role`"
            )
        if role and not value.strip() and info.field_name == wanted and wanted != "account":
            raise ValueError(f"is missing: the code of the {role} at the ERP")
        return value

    @model_validator(mode="after")
    def _has_a_way_to_talk(self) -> Self:
        if self.identity is not None:
            return self
        if self.test_identity is not None:
            raise ValueError("test_identity without identity: who it is in production is missing")
        if self.takes_orders and not self.layouts.send.order:
            raise ValueError(
                "identity is missing: orders leave as X12. Name layouts.send.order where they leave as files of a "
                "layout, or write orders: {send: false}"
            )
        trades = self.role in {"supplier", "customer"}
        if trades and self.channels.receive and not self.layouts.receive:
            raise ValueError("identity is missing: it is left out only where layouts.receive names what files come")
        return self

    @property
    def identities(self) -> tuple[X12Identity, ...]:
        """Who it is in X12, in production and in tests; none where it speaks no X12."""
        return tuple(one for one in (self.identity, self.test_identity) if one is not None)

    @property
    def identity_keys(self) -> tuple[str, ...]:
        """Its identities as interchanges have them, each once."""
        return tuple(dict.fromkeys(one.key for one in self.identities))

    @property
    def erp_account(self) -> str:
        """Its account at the ERP, whatever its role; empty where it has none."""
        return self.vendor or self.customer or self.account

    @property
    def account_key(self) -> str:
        """Its account as the ledger knows it. One code may be of a supplier and of a customer: those are two."""
        if not self.erp_account:
            return ""
        return (self.vendor if self.role == "supplier" else f"{self.role}:{self.erp_account}")[:LONGEST_ACCOUNT]

    @property
    def code(self) -> str:
        """What it is called in files of a layout: its X12 id, else its account, else its name."""
        return self.identity.id if self.identity is not None else self.erp_account or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """What its documents may call it."""
        named = (*(one.id for one in self.identities), self.name, self.title, self.erp_account)
        return tuple(dict.fromkeys(name for name in named if name.strip()))

    @property
    def layout_names(self) -> tuple[str, ...]:
        """All layouts that it names."""
        return tuple(dict.fromkeys((*self.layouts.names, *(one.layout for one in self.reference_data.values()))))

    @property
    def sends_files(self) -> bool:
        """Whether it is sent files of a layout."""
        return bool(self.reference_data) or any(layout for _, layout in self.layouts.send)

    @property
    def takes_orders(self) -> bool:
        """Whether it gets the orders of its supplier."""
        return self.role == "supplier" and self.orders.send

    @property
    def takes_invoices(self) -> bool:
        """Whether it gets the invoices of its customer."""
        return self.role == "customer" and self.sales_invoices.send

    @property
    def takes_order_acks(self) -> bool:
        """Whether it is told what we take of its orders."""
        return self.role == "customer" and self.order_acks.send

    @property
    def takes_shipments(self) -> bool:
        """Whether it is told of its shipments."""
        return self.role == "customer" and self.shipments.send

    @model_validator(mode="after")
    def _form_has_a_version(self) -> Self:
        if self.acknowledgments.form == "999" and self.x12.version < "005010":
            raise ValueError("acknowledgments.form 999 exists from x12.version 005010 on")
        return self

    @model_validator(mode="after")
    def _has_a_folder(self) -> Self:
        if self.reference_data and not self.channels.send:
            raise ValueError("reference_data without channels.send: the folder that its files are put into")
        return self

    @model_validator(mode="after")
    def _changes_have_a_layout(self) -> Self:
        sent = self.layouts.send
        if sent.order_change and not sent.order:
            raise ValueError("layouts.send.order_change without layouts.send.order: orders and changes go one way")
        if self.role == "supplier" and sent.order and not sent.order_change and self.orders.changes == "860":
            raise ValueError('layouts.send.order needs layouts.send.order_change, or orders.changes: "850"')
        return self
