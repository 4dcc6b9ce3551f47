"""The settings of `mode: files`: a server, folders, and the columns of each kind of file (avidxchange 6).

None of it is from the vendor: the layout is a template that is set up for each customer. What the sheet has are the
defaults here; invoices out, receipts and results are not in it at all, and assumed after the others.
"""

from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.systems.sftp.settings import SftpAccess


class FileLayout(Settings):
    """One kind of file. columns: fields in the order of the file's columns. headers: a field -> its column's name."""

    FIELDS: ClassVar[frozenset[str]] = frozenset()

    enabled: bool = Field(default=True, description="Off where AvidXchange set up no such file for us")
    folder: str = Field(min_length=1)
    columns: tuple[str, ...]
    headers: dict[str, str] = Field(default_factory=dict, description="A field -> the name of its column, if another")

    @field_validator("folder")
    @classmethod
    def _folder(cls, value: str) -> str:
        if any(part in {"", ".", ".."} for part in value.split("/")):
            raise ValueError("is a folder below root, like ToAvidXchange/Vendors")
        return value

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := sorted({*self.columns, *self.headers} - self.FIELDS):
            raise ValueError(f"no field {', '.join(unknown)} here; there are {', '.join(sorted(self.FIELDS))}")
        names = [self.header(one).casefold() for one in self.columns]
        if len(set(names)) < len(names) or not names:
            raise ValueError("columns: each stands once, and there is at least one")
        return self

    def header(self, field: str) -> str:
        """How the file calls a field."""
        return self.headers.get(field, field)


class OutgoingFiles(FileLayout):
    """Files for AvidXchange, a record each. file_name: {key} is what tells it from every other file of ours."""

    file_name: str

    @field_validator("file_name")
    @classmethod
    def _name(cls, value: str) -> str:
        if value.count("{key}") != 1 or not value.replace("{key}", "").replace("_", "").replace(".", "").isalnum():
            raise ValueError("holds {key} once, and beside it letters, digits, _ and .")
        return value


class VendorFiles(OutgoingFiles):
    """Files of vendors."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"ExternalVendorCode", "Name", "NameOnCheck", "FedTaxId", "Line1", "Line2", "Line3", "Line4", "City", "State"}
        | {"PostalCode", "Country", "Telephone1", "Email", "Website", "Terms", "Currency", "Active"}
    )
    folder: str = "ToAvidXchange/Vendors"
    file_name: str = "Vendors_{key}.csv"
    columns: tuple[str, ...] = (
        *("ExternalVendorCode", "Name", "NameOnCheck", "FedTaxId", "Line1", "Line2", "City", "State"),
        *("PostalCode", "Country", "Telephone1", "Email", "Terms", "Active"),
    )


class CodeFiles(OutgoingFiles):
    """Files of codes."""

    FIELDS: ClassVar[frozenset[str]] = frozenset({"ExternalId", "CodeGroupName", "Value", "Description", "Active"})
    folder: str = "ToAvidXchange/Codes"
    file_name: str = "Codes_{key}.csv"
    columns: tuple[str, ...] = ("CodeGroupName", "Value", "Description", "Active")


class OrderFiles(OutgoingFiles):
    """One row a line."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"ExternalId", "Number", "VendorExternalCode", "OrderDate", "Currency", "TotalAmount", "Open", "CompanyId"}
        | {"LineNumber", "Item", "Description", "Quantity", "UOM", "UnitPrice", "Amount", "Codes"}
    )
    folder: str = "ToAvidXchange/PurchaseOrders"
    file_name: str = "PurchaseOrders_{key}.csv"
    columns: tuple[str, ...] = (
        *("Number", "VendorExternalCode", "OrderDate", "Currency", "LineNumber", "Item", "Description"),
        *("Quantity", "UnitPrice", "Amount"),
    )


class ReceiptFiles(OutgoingFiles):
    """Files of receipts."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"ExternalCode", "PurchaseOrderNumber", "PurchaseOrderLineNumber", "ProductCode", "ProductName", "UOM"}
        | {"DateReceived", "Quantity", "BillOfLadingNumber", "CompanyId"}
    )
    folder: str = "ToAvidXchange/Receipts"
    file_name: str = "Receipts_{key}.csv"
    columns: tuple[str, ...] = (
        *("ExternalCode", "PurchaseOrderNumber", "PurchaseOrderLineNumber", "ProductCode", "ProductName", "UOM"),
        *("DateReceived", "Quantity", "BillOfLadingNumber"),
    )


class InvoiceFiles(OutgoingFiles):
    """One row a line; the PDF lies beside it and is named in it."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"Action", "ExternalId", "VendorExternalCode", "VendorName", "InvoiceNumber", "InvoiceDate", "DueDate"}
        | {"PostingDate", "PONumber", "GrossAmount", "Currency", "Memo", "CompanyId"}
        | {"LineNumber", "LineAmount", "LineDescription", "Codes", "ImageFile"}
    )
    folder: str = "ToAvidXchange/Invoices"
    file_name: str = "Invoices_{key}.csv"
    columns: tuple[str, ...] = (
        *("Action", "ExternalId", "VendorExternalCode", "VendorName", "InvoiceNumber", "InvoiceDate", "DueDate"),
        *("PostingDate", "PONumber", "GrossAmount", "Currency", "LineNumber", "LineAmount", "LineDescription"),
        *("Codes", "ImageFile"),
    )
    image_folder: str = Field(default="ToAvidXchange/Images", description="Empty: PDFs are not sent")
    changes: bool = Field(
        default=False,
        description="Whether a changed or deleted invoice goes as a file of its own. No file says whether one is"
        " approved by now: without it, a person decides",
    )


class ApprovedInvoiceFiles(FileLayout):
    """One row a distribution."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"BatchId", "InvoiceId", "ExternalId", "VendorExternalCode", "VendorName", "InvoiceNumber", "InvoiceDate"}
        | {"DueDate", "PostingDate", "PONumber", "GrossAmount", "Currency", "CompanyId", "Memo"}
        | {"LineNumber", "LineAmount", "LineDescription", "Codes", "ImageUrl"}
    )
    NEEDED: ClassVar[tuple[str, ...]] = ("InvoiceId", "InvoiceNumber", "GrossAmount", "LineAmount")
    folder: str = "FromAvidXchange/Invoices"
    columns: tuple[str, ...] = (
        *("BatchId", "InvoiceId", "ExternalId", "VendorExternalCode", "VendorName", "InvoiceNumber", "InvoiceDate"),
        *("DueDate", "PostingDate", "PONumber", "GrossAmount", "Currency", "LineNumber", "LineAmount"),
        *("LineDescription", "Codes", "ImageUrl"),
    )
    image_folder: str = Field(
        default="FromAvidXchange/Images", description="Where images lie that a row names by a file's name; empty: none"
    )


class PaymentFiles(FileLayout):
    """One row a remittance line."""

    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"PaymentId", "ExternalPaymentId", "Status", "Method", "CheckNumber", "AvidPayCheckNumber", "TraceNumber"}
        | {"PaymentDate", "ClearedDate", "PaymentAmount", "Currency", "CompanyId", "PayeeExternalCode", "PayeeName"}
        | {"InvoiceId", "InvoiceExternalId", "InvoiceNumber", "Gross", "Net", "Discount", "ReplacesPaymentId"}
        | {"LastModifiedDate"}
    )
    NEEDED: ClassVar[tuple[str, ...]] = ("PaymentId", "Status", "PaymentAmount")
    folder: str = "FromAvidXchange/Payments"
    columns: tuple[str, ...] = (
        *("PaymentId", "ExternalPaymentId", "Status", "Method", "CheckNumber", "TraceNumber", "PaymentDate"),
        *("ClearedDate", "PaymentAmount", "Currency", "PayeeExternalCode", "InvoiceNumber", "Net", "Discount"),
        "ReplacesPaymentId",
    )
    files_at_once: int = Field(default=50, ge=1, le=1000, description="Files read before what they say is kept")


class ResultFiles(FileLayout):
    """What became of files of ours; one row a record. Nobody has seen such files: off, unless the template has them."""

    FIELDS: ClassVar[frozenset[str]] = frozenset({"FileName", "ExternalId", "Result", "Message"})
    NEEDED: ClassVar[tuple[str, ...]] = ("FileName", "Result")
    enabled: bool = Field(default=False, description="Whether AvidXchange lays out files that say what it took")
    folder: str = "FromAvidXchange/Results"
    columns: tuple[str, ...] = ("FileName", "ExternalId", "Result", "Message")
    taken_words: tuple[str, ...] = Field(
        default=("Accepted", "Success", "Loaded", "true"),
        description="Results of what was taken; any other is a refusal",
    )


class AvidFiles(SftpAccess):
    """A login at the server where files are exchanged, and what they look like."""

    root: str = Field(default="", description="Folder above all others, where the login starts elsewhere")
    read_suffix: str = Field(
        default=".loaded", min_length=1, max_length=40, description="Put behind the name of a file that was taken"
    )
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    line_end: str = Field(default="\r\n", min_length=1, max_length=2)
    code_separator: str = Field(default="|", min_length=1, max_length=3, description="Between the codes of a line")
    code_equals: str = Field(default="=", min_length=1, max_length=3, description="Between a group and its code")
    vendors: VendorFiles = VendorFiles()
    codes: CodeFiles = CodeFiles()
    purchase_orders: OrderFiles = OrderFiles()
    receipts: ReceiptFiles = ReceiptFiles()
    invoices: InvoiceFiles = InvoiceFiles()
    approved_invoices: ApprovedInvoiceFiles = ApprovedInvoiceFiles()
    payments: PaymentFiles = PaymentFiles()
    results: ResultFiles = ResultFiles()

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError("is not a known encoding, like utf-8 or cp1252") from None
        return value

    @model_validator(mode="after")
    def _tells(self) -> Self:
        if not self.renames or self.write_directly_if_rename_refused:
            raise ValueError(
                "files are put under a temporary name and renamed: without it nobody could tell whether one arrived"
            )
        return self

    @property
    def operator(self) -> str:
        return "AvidXchange"
