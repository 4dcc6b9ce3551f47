"""The settings of a connection to Acumatica. What the sheet calls assumed, a claim or a matter of set-up is one."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import web_address
from ml_connector.config.connections import ErpSettings, WebConnection
from ml_connector.config.secrets import SecretRef

#: What becomes of a bill or a receipt once it is saved. balanced: off hold, ready to be approved or released.
Afterwards = Literal["hold", "balanced", "released"]

#: Where a line says that it goes to a place of its own.
LinePlaces = Literal["field", "note"]
#: Texts of a 500 that say nothing of what went wrong; every other text is what a screen says (acumatica 5).
FAILURE_TEXTS = ("error: an error occurred.", "an error has occurred.", "an error occurred.")
#: Texts of a call that met the lock of its own session's action (acumatica 1.3; texts are assumed).
LOCKED_TEXTS = ("the previous operation has not been completed", "an operation of this session is in progress")


class AcumaticaConnection(ErpSettings, WebConnection):
    """One tenant of one Acumatica site, and one user who works in it."""

    system: Literal["acumatica"]
    tenant: str = Field(min_length=1, max_length=60, description="Login name of the tenant")
    branch: str = Field(
        default="",
        max_length=30,
        description="Identifier of the branch that documents are written for; empty: the user's own",
    )
    endpoint: str = Field(default="Default", pattern=r"^[A-Za-z0-9_.]+$")
    version: str = Field(
        pattern=r"^[0-9]{2}\.[0-9]{3}\.[0-9]{3}$",
        description="Version of the endpoint, as `check` lists those that the site offers: 24.200.001",
    )
    login: Literal["password", "code", "cookie"] = Field(
        default="password",
        description="How it logs in. password: OAuth with the user's password. code: OAuth, a person allows it in a"
        " browser. cookie: the older log-in, for sites without a connected application",
    )
    client_id: str = Field(default="", description="Of the connected application (SM303010), with or without @tenant")
    client_secret: SecretRef | None = None
    redirect_uri: str = Field(default="", description="login: code. Exactly as registered with the application")
    username: str = ""
    password: SecretRef | None = None
    # A queued call is answered after up to ten minutes without a word (acumatica 1.3): who hangs up sooner posts twice.
    timeout_seconds: float = Field(default=660.0, gt=0, le=1800)
    settle_seconds: float = Field(
        default=660.0,
        ge=0,
        description="How long a write of unknown outcome may still commit: a queued call works up to ten minutes later",
    )
    requests_per_minute: int | None = Field(
        default=None, gt=0, description="Kept to by all processes together; half of the licence's limit is never slowed"
    )
    pause_seconds: float = Field(
        default=60.0, gt=0, le=900, description="Wait after a 429 without Retry-After, and after a refused seat"
    )
    logins_per_minute: int = Field(
        default=20, ge=1, le=120, description="Over all processes; more means that something is wrong with the session"
    )
    log_out: bool = Field(default=True, description="The last user of the session gives its seat back")
    authorization_warning_days: int = Field(default=7, ge=1, le=29)
    refresh_days: int = Field(default=30, ge=1, le=365, description="Life of the refresh token (SM303010)")
    page_size: int = Field(default=500, ge=2, le=5000, description="Records of one read")
    poll_overlap_seconds: int = Field(default=120, ge=0, le=3600, description="How far a poll by change reaches back")
    full_sync_days: int = Field(
        default=1, ge=1, le=60, description="How often a table is read whole: nothing tells of deleted records"
    )
    action_seconds: float = Field(default=600.0, gt=0, le=3600, description="How long an action is waited for")
    poll_seconds: float = Field(default=1.0, gt=0, le=60, description="Between two looks at a running action")
    failure_texts: tuple[str, ...] = Field(default=(), description="Further texts of a 500 that say nothing")
    locked_texts: tuple[str, ...] = Field(default=(), description="Further texts of a call that met a running action")
    description_length: int = Field(default=120, ge=40, le=500, description="Characters that a description keeps")
    order_type: str = Field(default="Normal", min_length=1, description="Type of the purchase orders that are read")
    sent_statuses: tuple[str, ...] = Field(
        default=("Open", "Completed", "Closed"), description="Statuses of an order that is approved and may be sent"
    )
    accepted_statuses: tuple[str, ...] = Field(
        default=("Open", "Back Order", "Shipping", "Completed", "Invoiced"),
        description="Statuses of a sales order that we have said yes to: its customer may be told",
    )
    package_sscc: str = Field(
        default="CustomRefNbr1",
        pattern="^([A-Za-z0-9]+)?$",
        description="Field of a shipment's package with its SSCC; empty: none",
    )
    package_pallet: str = Field(
        default="CustomRefNbr2",
        pattern="^([A-Za-z0-9]+)?$",
        description="Field of a package with the SSCC of the pallet that it stands on; empty: none",
    )
    without: tuple[str, ...] = Field(
        default=(), description="Tables that this site does not have or the user may not read: never asked for"
    )
    billed_from: Literal["order_says", "orders", "receipts"] = Field(
        default="order_says",
        description="Where lines of goods are billed from: the order's own flag (Allow AP Bill Before Receipt), or one"
        " way for all; services are always billed from the order",
    )
    bill_flag: str = Field(
        default="CurrentDocument.OrderBasedAPBill",
        pattern=r"^[A-Za-z0-9]+\.[A-Za-z0-9]+$",
        description="Where an order tells whether it is billed before receipt: View.Field",
    )
    billed_field: str = Field(
        default="Transactions.BilledQty",
        pattern=r"^([A-Za-z0-9]+\.[A-Za-z0-9]+)?$",
        description="Where an order's line tells how much of it is billed, not in the contract: View.Field; empty: it"
        " is not asked for, and counts as nothing",
    )
    after_bill: Afterwards = "balanced"
    after_receipt: Afterwards = "balanced"
    after_sales_order: Literal["hold", "open"] = "open"
    sales_order_type: str = Field(default="SO", min_length=1, description="Type of an order that names none itself")
    line_places: LinePlaces = Field(
        default="field",
        description="Lines of one sales order that go to several places. field: in the line's Ship-To Location, where"
        " the order type shows it, else the order is refused; note: in the line's note",
    )
    taxes: Literal["as_invoiced", "computed"] = Field(
        default="computed",
        description="computed: by Acumatica, and compared with the invoice. as_invoiced: the invoice's, in place of it",
    )
    change_locked_orders: bool = Field(
        default=False,
        description="Quantities of an open order are changed by putting it on hold and taking it off again, which may"
        " start its approval anew; else such a change is left to the buyer",
    )

    @property
    def account(self) -> str:
        return f"{self.username or self.application}@{self.place}"

    @property
    def callback_path(self) -> str:
        return urlsplit(self.redirect_uri).path

    @property
    def application(self) -> str:
        """The client id as the token endpoint wants it: the tenant stands in it (acumatica 1.1)."""
        return self.client_id if "@" in self.client_id else f"{self.client_id}@{self.tenant}"

    @property
    def company(self) -> str:
        """Whose books these are, wherever they are reached from: site, tenant and branch."""
        parts = urlsplit(self.base_url)
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
        site = f"{parts.hostname}{port}{parts.path.rstrip('/')}"
        return shortened(":".join(part for part in (site.lower(), self.tenant.lower(), self.branch.upper()) if part))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed: dict[str, tuple[str, ...]] = {
            "password": ("client_id", "client_secret", "username", "password"),
            "code": ("client_id", "client_secret", "redirect_uri"),
            "cookie": ("username", "password"),
        }
        missing = [name for name in needed[self.login] if not getattr(self, name)]
        if missing:
            raise ValueError(f"login: {self.login} needs {' and '.join(missing)}")
        tenant = self.client_id.partition("@")[2]
        if tenant and tenant.casefold() != self.tenant.casefold():
            raise ValueError(f"client_id is of tenant {tenant}, the connection is of {self.tenant}")
        return self

    _redirect = field_validator("redirect_uri")(web_address)


#: Characters of a company's name in the ledger.
COMPANY_LENGTH = 80


def shortened(name: str) -> str:
    """A name that fits the ledger; a longer one ends in a digest of the whole, so that two never look the same."""
    if len(name) <= COMPANY_LENGTH:
        return name
    from hashlib import sha256

    return f"{name[: COMPANY_LENGTH - 13]}~{sha256(name.encode()).hexdigest()[:12]}"
