"""Reference records as flows see them, whatever ERP they were read from. Codes are unpadded."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from ml_connector.documents.common import Record
from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT, Dimensioned


class ReferenceTable(StrEnum):
    """The reference tables an ERP connection offers; each is one asset and one series of snapshots."""

    VENDORS = "vendors"
    GL_ACCOUNTS = "gl_accounts"
    COST_CENTERS = "cost_centers"
    COST_UNITS = "cost_units"
    ITEMS = "items"
    VAT_CODES = "vat_codes"
    PURCHASE_ORDERS = "purchase_orders"


class Requirement(StrEnum):
    """Whether an account wants a dimension."""

    OPTIONAL = "optional"
    MANDATORY = "mandatory"
    FORBIDDEN = "forbidden"


class Vendor(Record):
    """A supplier. bank_accounts: IBANs, or numbers behind that of the bank and a slash."""

    added = frozenset({"dimensions", "street", "postal_code", "city", "region", "phone", "email", "bank_accounts"})

    id: str
    code: str
    name: str = ""
    blocked: bool = False
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""
    bank_accounts: tuple[str, ...] = ()
    vat_number: str = ""
    currency: str = ""
    gl_account: str = ""
    vat_code: str = ""
    payment_condition: str = ""
    #: Codes that the ERP gives its invoices, by dimension.
    dimensions: dict[str, str] = msgspec.field(default_factory=dict)


class GLAccount(Record):
    """An account of the general ledger."""

    added = frozenset({"other_dimensions"})

    id: str
    code: str
    description: str = ""
    blocked: bool = False
    cost_center: Requirement = Requirement.OPTIONAL
    cost_unit: Requirement = Requirement.OPTIONAL
    #: Of further dimensions, by name.
    other_dimensions: dict[str, Requirement] = msgspec.field(default_factory=dict)
    vat_code: str = ""

    def requirement(self, dimension: str) -> Requirement:
        """Whether what is booked on it must have a code of that dimension."""
        told = {COST_CENTER: self.cost_center, COST_UNIT: self.cost_unit, **self.other_dimensions}
        return told.get(dimension, Requirement.OPTIONAL)


class CostCenter(Record):
    """A code of any dimension. `end_date` is the first day on which it can no longer be used."""

    id: str
    code: str
    description: str = ""
    end_date: date | None = None


class Item(Record):
    """blocked: it is not in use any more."""

    added = frozenset({"dimensions", "blocked"})

    id: str
    code: str
    description: str = ""
    unit: str = ""
    barcode: str = ""
    gl_account: str = ""
    stock: bool = False
    blocked: bool = False
    #: Codes that the ERP gives what is bought of it, by dimension.
    dimensions: dict[str, str] = msgspec.field(default_factory=dict)


class VatCode(Record):
    """percentage 21 for 21 %; `including` tells that amounts booked with it include the VAT."""

    id: str
    code: str
    description: str = ""
    percentage: Decimal = Decimal(0)
    including: bool = False
    purchase: bool = True


class Named(Record):
    """A person or a code of the ERP's master data: told by its id, shown by its name."""

    id: str = ""
    name: str = ""


class DeliveryAddress(Record):
    """Where an order is to be delivered, if not just to the warehouse that it names.

    account: code of the relation whose address it is. warehouse_code: it is the address of that warehouse of ours.
    """

    id: str = ""
    account: str = ""
    name: str = ""
    contact: str = ""
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    warehouse_code: str = ""


class OpenOrderLine(Dimensioned):
    """A purchase order line with what was received and invoiced so far; quantities in purchase units."""

    added = frozenset({"gl_account"})
    unkept = frozenset({"unread"})

    id: str
    number: int
    item_id: str = ""
    item_code: str = ""
    suppliers_item: str = ""
    barcode: str = ""
    description: str = ""
    #: The item's own text, of the ERP's master data; `description` may be it, or the line's own.
    item_description: str = ""
    unit: str = ""
    quantity: Decimal
    received: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)
    price: Decimal
    vat_code: str = ""
    #: Where the ERP has accounts on its orders' lines.
    gl_account: str = ""
    receipt_date: date | None = None
    notes: str = ""
    unread: tuple[str, ...] = ()


class OpenOrder(Record):
    """A purchase order as the ERP has it, with what matching and sending need; prices in `currency`.

    complete: the ERP has closed it, nothing more is to come. discount: percent off all lines (5 for 5 %), or else
    discount_amount. unsent: the ERP's names of what is filled in the order and reaches nobody. unread: fields that the
    release which read it did not read: of them nobody knows what they were.
    """

    unkept = frozenset({"unread"})

    id: str
    number: str
    order_date: date | None = None
    supplier_id: str
    supplier_code: str = ""
    supplier_name: str = ""
    currency: str = ""
    warehouse_id: str = ""
    warehouse_code: str = ""
    description: str = ""
    your_reference: str = ""
    remarks: str = ""
    receipt_date: date | None = None
    payment_condition: str = ""
    payment_terms: str = ""
    incoterm: str = ""
    incoterm_place: str = ""
    incoterm_version: str = ""
    shipping_method: Named = Named()
    buyer: Named = Named()
    supplier_contact: Named = Named()
    discount: Decimal = Decimal(0)
    discount_amount: Decimal = Decimal(0)
    drop_shipment: bool = False
    delivery: DeliveryAddress | None = None
    unsent: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    approved: bool = True
    cancelled: bool = False
    complete: bool = False
    lines: tuple[OpenOrderLine, ...] = ()
