"""The settings of a connection to Sage Intacct. What the sheet calls assumed, a claim or a matter of set-up is one."""

import re
from decimal import Decimal
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from ml_connector.config.connections import ErpSettings, WebConnection
from ml_connector.config.secrets import SecretRef

#: Where the gateway stands (intacct 1).
GATEWAY = "https://api.intacct.com/ia/xml/xmlgw.phtml"
#: Names of transaction definitions are the company's own (intacct 7.2); they stand in DOCID before a hyphen.
Definition = str
#: Characters of a company's name in the ledger.
COMPANY_LENGTH = 80
_OFFSET = re.compile(r"^[+-][0-9]{2}:[0-9]{2}$")


class IntacctConnection(ErpSettings, WebConnection):
    """One company, or one entity of it, seen by one web-services user."""

    system: Literal["sage_intacct"]
    base_url: str = Field(default=GATEWAY, description="The gateway's address")
    sender_id: str = Field(min_length=1, max_length=80, description="Of the integrator's Web Services licence")
    sender_password: SecretRef
    company_id: str = Field(
        min_length=1, max_length=80, pattern=r"^[^|\s]+$", description="Company ID, as one logs in with"
    )
    entity: str = Field(
        default="",
        max_length=40,
        description="Location ID of the entity that is worked in; empty: the top level of the company",
    )
    username: str = Field(min_length=1, description="The web-services user")
    password: SecretRef
    # The gateway works on for up to 15 minutes after it has cut a connection; what is sent again is sent under the
    # same control id, so that nobody has to wait for that (intacct 1, 5).
    timeout_seconds: float = Field(default=300.0, gt=0, le=1800)
    concurrency: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Requests at once to the company, over all processes; more only with a higher performance tier",
    )
    documents_per_request: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Documents that are written in one request at most, each with a number and a result of its own",
    )
    session_minutes: float = Field(default=50.0, gt=0, le=720, description="How long a session is kept")
    logins_per_minute: int = Field(default=20, ge=1, le=120)
    vendor_domain: str = Field(
        default="intacct.com",
        pattern=r"^[a-z0-9.-]+$",
        description="An address that a log-in returns is followed within this domain, or on this machine",
    )
    requests_per_minute: int | None = Field(default=None, gt=0, description="Kept to by all processes together")
    pause_seconds: float = Field(default=30.0, gt=0, le=900, description="Wait after a 429 without Retry-After")
    max_reply_bytes: int = Field(default=50_000_000, ge=100_000, description="A larger reply is not read")
    gmt_offset: str = Field(
        default="+00:00", description="The web-services user's time zone: time stamps are told in it (check compares)"
    )
    page_size: int = Field(default=1000, ge=1, le=2000, description="Records of one read")
    look_back_seconds: int = Field(
        default=7200, ge=0, le=86400, description="How far a poll reaches back: records may become visible late"
    )
    full_sync_hours: int = Field(
        default=24, ge=1, le=720, description="How often a table is read whole, so that deleted records are noticed"
    )
    without: tuple[str, ...] = Field(
        default=(), description="Tables that this company does not have or the user may not read: never asked for"
    )
    show_private: bool = Field(
        default=True, description="At the top level, records of private entities are read and looked for too"
    )
    audit_history: bool = Field(
        default=False,
        description="The user may read the audit history: deleted orders are noticed by it. Without it they are not",
    )
    # ---- purchasing
    order_definitions: tuple[Definition, ...] = Field(
        default=("Purchase Order",), min_length=1, description="Transaction definitions that are orders to vendors"
    )
    receipt_definition: Definition = Field(default="PO Receiver", min_length=1)
    invoice_definition: Definition = Field(default="Vendor Invoice", min_length=1)
    billed_from: Literal["receipts", "orders"] = Field(
        default="receipts",
        description="What a Vendor Invoice is converted from. receipts: PO Receivers; orders: the order itself",
    )
    sent_states: tuple[str, ...] = Field(
        default=("Pending", "In Progress", "Partially Converted", "Converted", "Closed"),
        description="States of an order that may be sent; others wait for their approval",
    )
    withdrawn_states: tuple[str, ...] = Field(default=("Declined",), description="States of an order that is none")
    several_sources: Literal["split", "lines", "hold"] = Field(
        default="split",
        description="An invoice of several receivers, or a receipt of several orders. split: a document for each;"
        " lines: one, where the Construction subscription allows that; hold: a person decides",
    )
    bill_action: Literal["Submit", "Draft"] = Field(
        default="Submit", description="What becomes of a bill or an adjustment. Draft: somebody completes it"
    )
    document_state: Literal["", "Pending", "Draft", "Closed"] = Field(
        default="", description="State of new Vendor Invoices; empty: as the definition has it"
    )
    purchase_state: Literal["", "Pending", "Draft"] = Field(
        default="", description="State of new orders of our own purchasing (purchase_orders_in)"
    )
    receipt_state: Literal["", "Pending", "Draft", "Closed"] = Field(default="", description="The same, of receipts")
    credit_amounts: Literal["negative", "positive"] = Field(
        default="negative", description="Sign of the amounts of an adjustment that reduces what is owed"
    )
    due_days: int = Field(
        default=30, ge=0, le=365, description="Days until a bill is due whose invoice names no day of payment"
    )
    tax_solution: str = Field(default="", max_length=80, description="TAXSOLUTIONID of bills, where there are several")
    tax_details: dict[str, Decimal] = Field(
        default_factory=dict,
        description="Of a company that books VAT: tax details by their ids, with percentages (Standard: 20). Each line"
        " of a bill without an order gets the one that a rule of coding.vat names; without them a tax is a charge",
    )
    attachments_folder: str = Field(
        default="",
        max_length=80,
        description="Folder of attachments that originals of invoices are put into (invoices_in.attach_original)",
    )
    credit_account: str = Field(
        default="",
        description="Account of credited goods that were ordered; empty: such a credit is held for a person",
    )
    # ---- payments
    payment_method: str = Field(
        default="EFT",
        min_length=1,
        description="PAYMENTMETHOD of payments that others made: EFT only records them. A method that prints or sends"
        " would pay once more",
    )
    payment_methods: dict[str, str] = Field(
        default_factory=dict, description="BPR04 code (ACH, CHK, FWT ...) -> PAYMENTMETHOD, where it differs"
    )
    payment_action: Literal["Submit", "Draft"] = Field(
        default="Submit", description="What becomes of a payment. Draft: somebody completes it, and no bill is paid yet"
    )
    journal_state: Literal["Posted", "Draft"] = Field(default="Posted", description="State of new journal entries")
    base_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Currency of the books")
    exchange_rate_type: str = Field(
        default="",
        description="Of documents in another currency (Intacct Daily Rate); empty: the company has one currency only",
    )
    key_field: str = Field(
        default="MESSAGE",
        pattern=r"^[A-Z_]*$",
        description="Where a purchasing document shows what was sent as its message: our key stands at its end; empty:"
        " nowhere, so that documents are told by vendor and number alone",
    )
    # ---- sales
    sales_definition: Definition = Field(default="Sales Order", min_length=1)
    sales_state: Literal["", "Pending", "Draft"] = Field(default="", description="State of new sales orders")
    # ---- dimensions
    location_required: bool | None = Field(
        default=None, description="Whether each line needs a location; empty: where the company has entities"
    )
    location: str = Field(default="", description="Location of lines that nothing gives one; empty: the entity")
    department: str = Field(default="", description="Department of lines that nothing gives one")
    between_entities: bool = Field(
        default=False, description="A bill at the top level may have lines of several entities"
    )
    description_length: int = Field(default=1000, ge=60, le=4000, description="Characters that a text keeps")

    @property
    def account(self) -> str:
        """Whose sessions these are: sender, company, user, entity."""
        return f"{self.username}@{self.company_id}|{self.entity}|{self.sender_id}@{self.place}"

    @property
    def site(self) -> str:
        """The gateway's host; a port of its own on the machine of a stand-in."""
        parts = urlsplit(self.base_url)
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
        return f"{parts.hostname}{port}".lower()

    @property
    def company(self) -> str:
        """Whose books these are: host, company and entity. All keys of the ledger have it."""
        told = (self.site, self.company_id.lower(), self.entity.upper())
        return shortened(":".join(part for part in told if part))

    @property
    def top_level(self) -> bool:
        return not self.entity

    @property
    def shows_private(self) -> bool:
        """Whether reads ask for records of private entities: an entity's own session sees its own (intacct 9)."""
        return self.top_level and self.show_private

    @property
    def purchase_definitions(self) -> tuple[Definition, ...]:
        return (*self.order_definitions, self.receipt_definition, self.invoice_definition)

    @field_validator("gmt_offset")
    @classmethod
    def _offset(cls, value: str) -> str:
        if not _OFFSET.match(value):
            raise ValueError("is a difference to GMT like +00:00 or -05:00")
        return value

    @model_validator(mode="after")
    def _definitions_differ(self) -> Self:
        names = [name.casefold() for name in self.purchase_definitions]
        if len(set(names)) < len(names):
            raise ValueError("order_definitions, receipt_definition and invoice_definition must be different ones")
        return self


def shortened(name: str) -> str:
    """A name that fits the ledger; a longer one ends in a digest of the whole, so that two never look the same."""
    if len(name) <= COMPANY_LENGTH:
        return name
    from hashlib import sha256

    return f"{name[: COMPANY_LENGTH - 13]}~{sha256(name.encode()).hexdigest()[:12]}"
