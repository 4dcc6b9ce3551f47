"""The settings of a connection to AvidXchange.

Nothing of the sheet is from current documentation of the vendor: every path, header, field and word is a setting here,
with the sheet's default, and each resource can be switched off by itself (avidxchange 8).
"""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.connections import ErpSettings, MailboxSettings, WebConnection
from ml_connector.config.secrets import SecretRef
from ml_connector.documents.payables.invoices import InvoiceStanding
from ml_connector.documents.payables.payments import PaymentStage
from ml_connector.errors import WeAreWrong
from ml_connector.systems.avidxchange.file_settings import AvidFiles

#: How a connection logs in (avidxchange 2, variants A to D).
LoginWay = Literal["dual_bearer", "client_credentials", "user_password", "static_tokens"]

#: Words for where a payment is (avidxchange 5); any that begins with Void is void.
STAGES: dict[str, PaymentStage] = {
    "Pending Approval": "pending",
    "Held": "held",
    "Processing": "processing",
    "Error": "error",
    "Debit Requested": "requested",
    "Funds Received": "funded",
    "Sent to Check Printer": "issued",
    "Issued to Supplier": "issued",
    "Issued": "issued",
    "ACH Credit Issued": "issued",
    "VCC Processing": "issued",
    "Cleared": "cleared",
    "Void": "void",
}
#: Words for where an invoice stands (avidxchange 5, life cycle; assumed).
STANDINGS: dict[str, InvoiceStanding] = {
    "In Progress": "open",
    "Pending Approval": "open",
    "On Hold": "held",
    "Approved": "approved",
    "Rejected": "refused",
    "Voided": "refused",
    "Exported": "approved",
    "Partially Paid": "approved",
    "Paid": "paid",
}


class Resource(Settings):
    """One kind of records. path: of the list and of what is created; single: of one record."""

    enabled: bool = Field(default=True, description="Off where AvidXchange did not open it for us")
    path: str
    single: str = ""
    modified_from: str = Field(
        default="lastModifiedFrom", description="Filter by change; empty: there is none, and the whole list is read"
    )
    modified_to: str = "lastModifiedTo"
    by_id: str = Field(default="", description="Filter by AvidXchange's own ids; empty: each is read by `single`")
    by_external_id: str = Field(default="externalIds", description="Filter by our ids, several between commas")
    fields: dict[str, str] = Field(
        default_factory=dict, description="Name of a field as the sheet has it -> as this account's API calls it"
    )

    @model_validator(mode="after")
    def _paths(self) -> Self:
        for name in ("path", "single"):
            path = getattr(self, name)
            if path and (not path.startswith("/") or path.startswith("//")):
                raise ValueError(f"{name} must begin with one /")
        if self.single and "{id}" not in self.single:
            raise ValueError("single must hold {id}")
        return self


class Vendors(Resource):
    """Where vendors stand."""

    path: str = "/vendors"
    single: str = "/vendors/{id}"


class Codes(Resource):
    """Where codes stand."""

    path: str = "/glaccounts"
    single: str = "/glaccounts/{id}"


class PurchaseOrders(Resource):
    """Where purchase orders stand."""

    path: str = "/purchaseorders"
    single: str = "/purchaseorders/{id}"


class Receipts(Resource):
    """Where receipts stand."""

    path: str = "/receipts"
    single: str = "/receipts/{id}"


class Invoices(Resource):
    """Where invoices stand."""

    path: str = "/invoices"
    single: str = "/invoices/{id}"
    image: str = Field(default="/invoices/{id}/image", description="Empty: images are not fetched")


class Payments(Resource):
    """Where payments stand."""

    path: str = "/payments"
    single: str = ""
    by_id: str = "paymentIds"
    by_external_id: str = "externalPaymentIds"


class Batches(Settings):
    """Closed invoice batches (avidxchange 4)."""

    enabled: bool = True
    closed: str = "/invoices/batches/closed/acctgSysId/{accounting_system}"
    single: str = "/invoices/batches/{id}"
    exported: str = "/invoices/batches/exportHistories"
    details_rel: str = "full-details"
    closed_from: str = "closeDateFrom"
    closed_to: str = "closeDateTo"
    exported_by: str = Field(default="0", description="ExportedByUserId of the acknowledgement")
    success: str = Field(default="1", description="ExportHistoryStatusId of a batch that was taken")
    fields: dict[str, str] = Field(default_factory=dict)


class Resources(Settings):
    """What the API has, and under which paths."""

    vendors: Vendors = Vendors()
    codes: Codes = Codes()
    purchase_orders: PurchaseOrders = PurchaseOrders()
    receipts: Receipts = Receipts()
    invoices: Invoices = Invoices()
    payments: Payments = Payments()
    batches: Batches = Batches()


class Access(Settings):
    """How calls say who makes them."""

    token_path: str = Field(default="", description="Empty: /authorizations below the base path; B: /oauth2/token")
    gateway_header: str = "Authorization"
    token_header: str = Field(default="", description="Empty: AvidAuthorization for dual_bearer, else Authorization")
    company_header: str = "CompanyToken"
    user_header: str = "UserToken"
    tenant_header: str = Field(default="", description="Header of the tenant, where the account has several")
    token_minutes: int = Field(default=30, ge=1, le=1440, description="Age at which a token is renewed untold")


class AvidXchangeConnection(MailboxSettings, ErpSettings, WebConnection):
    """One account at AvidXchange, for the books of one company."""

    system: Literal["avidxchange"]
    mode: Literal["api", "files"] = Field(
        default="api", description="files: the same by files over SFTP, as `files` says; nothing is called then"
    )
    base_url: str = Field(default="", description="Address of the API, https:// in production")
    files: AvidFiles | None = Field(default=None, description="For mode: files")
    base_path: str = Field(default="/v1", pattern=r"^(/[^/?#]+)*$", description="Stands before every path")
    login: LoginWay = "dual_bearer"
    gateway_key: SecretRef | None = None
    username: str = ""
    password: SecretRef | None = None
    client_id: str = ""
    client_secret: SecretRef | None = None
    scope: str = ""
    company_token: SecretRef | None = None
    user_token: SecretRef | None = None
    tenant: str = ""
    access: Access = Access()
    accounting_system: str = Field(default="1", description="Id of the accounting system (GET accountingSystems)")
    company_id: str = Field(
        default="",
        description="CompanyId of this company's records, where several share an account: those of others are not read",
    )
    requests_per_second: float | None = Field(default=2.0, gt=0, description="Over all calls together")
    paging: Literal["auto", "links", "numbers", "none"] = Field(
        default="auto", description="auto: by the link of an answer, else by its page numbers"
    )
    records_page: int = Field(default=500, ge=1, le=1000)
    window_days: int = Field(default=30, ge=1, le=366, description="Longest window of changes that is asked for")
    payment_overlap_days: int = Field(default=1, ge=1, le=30, description="Windows of payments are days")
    overlap_minutes: int = Field(default=60, ge=0, le=10_080, description="How far other polls reach back")
    batch_overlap_days: int = Field(
        default=1, ge=0, le=30, description="How far before the last listing that of batches begins"
    )
    date_separator: Literal["T", " "] = "T"
    ids_in_one_call: int = Field(default=50, ge=1, le=500)
    resources: Resources = Resources()
    success_field: str = Field(default="Successful", description="Of a result: whether it was taken")
    success_words: tuple[str, ...] = ("true", "1", "yes")
    payment_stages: dict[str, PaymentStage] = Field(
        default_factory=dict, description="Words of AvidXchange -> how far a payment is; beside those that are known"
    )
    invoice_standings: dict[str, InvoiceStanding] = Field(
        default_factory=dict, description="Words of AvidXchange -> where an invoice stands; beside those that are known"
    )
    vendor_separator: str = Field(default="|", description="Stands in a vendor's external id before its address")
    currency_group: str = Field(
        default="", description="Code group that holds an invoice's currency, where no field says it"
    )
    currency: str = Field(default="", pattern="^([A-Z]{3})?$", description="Where nothing says an invoice's currency")
    states: dict[str, str] = Field(
        default_factory=dict, description="Country -> text that stands for its State; else the country's code"
    )
    largest_image: int = Field(default=10_000_000, ge=1, description="Bytes of a PDF that is sent with an invoice")
    after_read: Literal["leave"] = "leave"

    @field_validator("payment_stages", "invoice_standings")
    @classmethod
    def _words(cls, value: dict[str, str]) -> dict[str, str]:
        if any(not word.strip() for word in value):
            raise ValueError("an empty word means nothing; take it out")
        return value

    @property
    def account(self) -> str:
        if self.mode == "files":
            return f"{self.over_files.username}@{self.place}"
        # One user may see several companies: their batches and records are apart, as those of two accounts are.
        of = [self.company_id, "" if self.accounting_system == "1" else self.accounting_system]
        who = [self.username or self.client_id, *of]
        return f"{'/'.join(one for one in who if one) or self.accounting_system}@{self.base_url}"

    @property
    def web_address(self) -> str | None:
        return None if self.mode == "files" else self.base_url

    @property
    def place(self) -> str:
        """Where its folders are, whoever looks at them."""
        if self.mode == "api":
            return self.base_url
        return f"{self.over_files.address}/{self.over_files.root.strip('/')}"

    @property
    def over_files(self) -> AvidFiles:
        """What `mode: files` works with."""
        if self.files is None:
            raise WeAreWrong("mode: files without files; the settings' own rule")
        return self.files

    @property
    def token_path(self) -> str:
        """Of the token endpoint, below `base_url`."""
        if self.access.token_path:
            return self.access.token_path
        return "/oauth2/token" if self.login == "client_credentials" else f"{self.base_path}/authorizations"

    @property
    def token_header(self) -> str:
        default = "AvidAuthorization" if self.login == "dual_bearer" else "Authorization"
        return self.access.token_header or default

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mode == "files":
            if self.files is None:
                raise ValueError("mode: files needs `files`: the server, who logs in there, folders and columns")
            return self
        if not self.base_url:
            raise ValueError("base_url is missing: the address of the API")
        needed: dict[str, tuple[str, ...]] = {
            "dual_bearer": ("gateway_key", "username", "password"),
            "client_credentials": ("client_id", "client_secret"),
            "user_password": ("username", "password"),
            "static_tokens": ("company_token", "user_token"),
        }
        missing = [name for name in needed[self.login] if not getattr(self, name)]
        if missing:
            raise ValueError(f"login: {self.login} needs {' and '.join(missing)}")
        longest = max(timedelta(days=self.payment_overlap_days), timedelta(minutes=self.overlap_minutes))
        if timedelta(days=self.window_days) <= longest:
            raise ValueError(
                "window_days must be longer than payment_overlap_days and overlap_minutes: no window would end behind "
                "the one before"
            )
        if self.login == "dual_bearer" and self.access.gateway_header.casefold() == self.token_header.casefold():
            raise ValueError("access.gateway_header and access.token_header are one header: two tokens go in two")
        return self

    def other_company(self, told: object) -> str:
        """The CompanyId of a record that is of the books of another company (avidxchange 8); empty: it is ours."""
        named = str(told).strip() if isinstance(told, str | int) and not isinstance(told, bool) else ""
        return named if self.company_id and named != self.company_id else ""

    def stage(self, word: str) -> PaymentStage:
        """How far a payment is; empty for a word that nobody knows."""
        plain = _plain(word)
        known = {_plain(one): stage for one, stage in (STAGES | self.payment_stages).items()}
        return known.get(plain) or ("void" if plain.startswith("void") else "")

    def standing(self, word: str) -> InvoiceStanding:
        """Where an invoice stands; empty for a word that nobody knows."""
        known = {_plain(one): standing for one, standing in (STANDINGS | self.invoice_standings).items()}
        return known.get(_plain(word), "")


def _plain(word: str) -> str:
    return " ".join(word.split()).casefold()
