"""Raw records of Exact -> reference records. Unknown fields are ignored, nulls become empty values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.documents.reference import (
    CostCenter,
    DeliveryAddress,
    GLAccount,
    Item,
    Named,
    OpenOrder,
    OpenOrderLine,
    Requirement,
    VatCode,
    Vendor,
)
from ml_connector.errors import WeAreWrong
from ml_connector.systems.exact_online.wire.odata_literals import code, day, guid, number, whole

Raw = Mapping[str, Any]

VENDOR_FIELDS = (
    "ID,Code,Name,Blocked,Country,VATNumber,PurchaseCurrency,GLAccountPurchase,PurchaseVATCode,"
    "PaymentConditionPurchase,IsSupplier,AddressLine1,AddressLine2,AddressLine3,Postcode,City,State,Phone,Email"
)
GL_ACCOUNT_FIELDS = "ID,Code,Description,IsBlocked,UseCostcenter,UseCostunit,VATCode"
COST_CENTER_FIELDS = "ID,Code,Description,EndDate,Active"
COST_UNIT_FIELDS = "ID,Code,Description,EndDate"
ITEM_FIELDS = "ID,Code,Description,Unit,Barcode,GLCosts,IsStockItem"
VAT_CODE_FIELDS = "ID,Code,Description,Percentage,Type,VATTransactionType,IsBlocked"

#: UseCostcenter, UseCostunit (exact-online 9).
_REQUIREMENTS = {0: Requirement.OPTIONAL, 1: Requirement.MANDATORY, 2: Requirement.FORBIDDEN}
#: A cost center that is inactive without an end date ended before anything.
ALWAYS_ENDED = date(1970, 1, 1)

COMPLETE = 30
CANCELLED = 40


def text(value: Any) -> str:
    """Empty for what is not there."""
    return str(value) if value is not None else ""


def _id(raw: Raw, key: str = "ID") -> str:
    found = guid(raw.get(key))
    if not found:
        raise WeAreWrong(f"Exact sent a record without {key}")
    return found


def vendor(raw: Raw) -> Vendor:
    """An account that is a supplier."""
    return Vendor(
        id=_id(raw),
        code=code(raw.get("Code")),
        name=text(raw.get("Name")),
        blocked=bool(raw.get("Blocked")),
        street=tuple(line for at in (1, 2, 3) if (line := text(raw.get(f"AddressLine{at}")))),
        postal_code=text(raw.get("Postcode")),
        city=text(raw.get("City")),
        region=code(raw.get("State")),
        phone=text(raw.get("Phone")),
        email=text(raw.get("Email")),
        country=code(raw.get("Country")),
        vat_number=text(raw.get("VATNumber")),
        currency=code(raw.get("PurchaseCurrency")),
        gl_account=guid(raw.get("GLAccountPurchase")),
        vat_code=code(raw.get("PurchaseVATCode")),
        payment_condition=code(raw.get("PaymentConditionPurchase")),
    )


def gl_account(raw: Raw) -> GLAccount:
    """An account of the general ledger."""
    return GLAccount(
        id=_id(raw),
        code=code(raw.get("Code")),
        description=text(raw.get("Description")),
        blocked=bool(raw.get("IsBlocked")),
        cost_center=_REQUIREMENTS.get(whole(raw.get("UseCostcenter")) or 0, Requirement.OPTIONAL),
        cost_unit=_REQUIREMENTS.get(whole(raw.get("UseCostunit")) or 0, Requirement.OPTIONAL),
        vat_code=code(raw.get("VATCode")),
    )


def cost_center(raw: Raw) -> CostCenter:
    """Also cost units, which have no `Active`."""
    ended = day(raw.get("EndDate"))
    if ended is None and raw.get("Active") is False:
        ended = ALWAYS_ENDED
    return CostCenter(id=_id(raw), code=code(raw.get("Code")), description=text(raw.get("Description")), end_date=ended)


def item(raw: Raw) -> Item:
    """An item."""
    return Item(
        id=_id(raw),
        code=code(raw.get("Code")),
        description=text(raw.get("Description")),
        unit=code(raw.get("Unit")),
        barcode=code(raw.get("Barcode")),
        gl_account=guid(raw.get("GLCosts")),
        stock=bool(raw.get("IsStockItem")),
    )


def vat_code(raw: Raw) -> VatCode:
    """Percentage comes as a fraction (0.21); Type I amounts include the VAT (exact-online 9)."""
    return VatCode(
        id=_id(raw),
        code=code(raw.get("Code")),
        description=text(raw.get("Description")),
        percentage=(number(raw.get("Percentage")) * 100).normalize() + Decimal(0),
        including=code(raw.get("Type")) == "I",
        purchase=code(raw.get("VATTransactionType")) != "S",
    )


def order_line(raw: Raw, *, flat: bool = False) -> OpenOrderLine:
    """A purchase order line. flat: a row of the sync endpoint, where cost center and unit are guids beside codes."""
    suffix = "Code" if flat else ""
    return OpenOrderLine(
        id=_id(raw),
        number=whole(raw.get("LineNumber")) or 0,
        item_id=guid(raw.get("Item")),
        item_code=code(raw.get("ItemCode")),
        suppliers_item=code(raw.get("SupplierItemCode")),
        barcode=code(raw.get("ItemBarcode")),
        description=text(raw.get("Description") or raw.get("ItemDescription")),
        item_description=text(raw.get("ItemDescription")),
        unit=code(raw.get("Unit")),
        quantity=number(raw.get("QuantityInPurchaseUnits")),
        received=number(raw.get("ReceivedQuantity")),
        invoiced=number(raw.get("InvoicedQuantity")),
        price=_price(raw),
        vat_code=code(raw.get("VATCode")),
        cost_center=code(raw.get("CostCenter" + suffix)),
        cost_unit=code(raw.get("CostUnit" + suffix)),
        receipt_date=day(raw.get("ReceiptDate")),
        notes=text(raw.get("Notes")),
        # releases before 0012 did not ask for it
        unread=() if "Notes" in raw else ("notes",),
    )


def _price(raw: Raw) -> Decimal:
    """What one unit costs: the net price, or the price less the line's discount, a fraction (exact-online 4.4)."""
    if raw.get("NetPrice") is not None:
        return number(raw["NetPrice"])
    return number(raw.get("UnitPrice")) * (1 - number(raw.get("Discount")))


#: Where the row of crm/Addresses stands that an order's DeliveryAddress names; put there by what reads orders.
ADDRESS = "DeliveryAddressRow"
ADDRESS_FIELDS = (
    "ID,AccountName,AddressLine1,AddressLine2,AddressLine3,City,ContactName,Country,Phone,Postcode,State,Type,"
    "WarehouseCode"
)

#: Asked for only to tell that it is filled, and goes to nobody.
UNSENT = ("DocumentSubject", "SalesOrderNumber", "SelectionCodeCode")
UNSENT_OF_LINE = ("CostUnit", "CostUnitCode", "Project", "ProjectCode")


def _delivery(raw: Raw) -> DeliveryAddress | None:
    """The delivery address that an order names, with what was read of it."""
    key, account = guid(raw.get("DeliveryAddress")), code(raw.get("DeliveryAccountCode"))
    found: Raw = raw.get(ADDRESS) or {}
    if not key and not (raw.get("DropShipment") and account):
        return None
    lines = (text(found.get(f"AddressLine{place}")).strip() for place in (1, 2, 3))
    return DeliveryAddress(
        id=key,
        account=account,
        name=(text(raw.get("DeliveryAccountName")) or text(found.get("AccountName"))).strip(),
        contact=(text(raw.get("DeliveryContactPersonFullName")) or text(found.get("ContactName"))).strip(),
        street=tuple(line for line in lines if line),
        postal_code=text(found.get("Postcode")).strip(),
        city=text(found.get("City")).strip(),
        region=code(found.get("State")),
        country=code(found.get("Country")),
        phone=text(found.get("Phone")).strip(),
        warehouse_code=code(found.get("WarehouseCode")),
    )


#: Fields that releases before 0012 did not ask for, by Exact's name; a record of theirs has them not.
_LATER: Mapping[str, tuple[str, Callable[[Raw], Any]]] = {
    "payment_terms": ("PaymentConditionDescription", lambda raw: text(raw["PaymentConditionDescription"])),
    "incoterm": ("IncotermCode", lambda raw: code(raw["IncotermCode"])),
    "incoterm_place": ("IncotermAddress", lambda raw: text(raw["IncotermAddress"]).strip()),
    "incoterm_version": ("IncotermVersion", lambda raw: text(whole(raw["IncotermVersion"]) or "")),
    "shipping_method": (
        "ShippingMethodCode",
        lambda raw: Named(id=code(raw["ShippingMethodCode"]), name=text(raw.get("ShippingMethodDescription"))),
    ),
    "buyer": (
        "PurchaseAgent",
        lambda raw: Named(id=guid(raw["PurchaseAgent"]), name=text(raw.get("PurchaseAgentFullName"))),
    ),
    "supplier_contact": (
        "SupplierContact",
        lambda raw: Named(id=guid(raw["SupplierContact"]), name=text(raw.get("SupplierContactPersonFullName"))),
    ),
    # a fraction, as every percentage of Exact's (exact-online 9, VATCodes)
    "discount": ("Discount", lambda raw: (number(raw["Discount"]) * 100).normalize() + Decimal(0)),
    "discount_amount": ("AmountDiscountExclVat", lambda raw: number(raw["AmountDiscountExclVat"])),
    "drop_shipment": ("DropShipment", lambda raw: bool(raw["DropShipment"])),
    "delivery": ("DeliveryAddress", _delivery),
}


def _unsent(raw: Raw, lines: Iterable[Raw]) -> tuple[str, ...]:
    """Names of fields that are filled and reach nobody."""
    names = [name for name in UNSENT if raw.get(name)]
    said = {name for line in lines for name in UNSENT_OF_LINE if line.get(name)}
    return (*names, *sorted({name.removesuffix("Code") for name in said}))


def order(raw: Raw, lines: Sequence[OpenOrderLine], of_lines: Iterable[Raw] = ()) -> OpenOrder:
    """A purchase order from its header. ApprovalStatus 0 waits for approval; without the field it has no such step."""
    later = {name: read(raw) for name, (key, read) in _LATER.items() if key in raw}
    return OpenOrder(
        id=_id(raw, "PurchaseOrderID"),
        number=text(whole(raw.get("OrderNumber"))),
        order_date=day(raw.get("OrderDate")),
        supplier_id=guid(raw.get("Supplier")),
        supplier_code=code(raw.get("SupplierCode")),
        supplier_name=text(raw.get("SupplierName")),
        currency=code(raw.get("Currency")),
        warehouse_id=guid(raw.get("Warehouse")),
        warehouse_code=code(raw.get("WarehouseCode")),
        description=text(raw.get("Description")),
        your_reference=text(raw.get("YourRef")),
        remarks=text(raw.get("Remarks")),
        receipt_date=day(raw.get("ReceiptDate")),
        payment_condition=code(raw.get("PaymentCondition")),
        approved=whole(raw.get("ApprovalStatus")) != 0,
        cancelled=whole(raw.get("OrderStatus")) == CANCELLED,
        complete=whole(raw.get("OrderStatus")) == COMPLETE,
        lines=tuple(sorted(lines, key=lambda line: line.number)),
        unsent=_unsent(raw, of_lines),
        **later,
        unread=tuple(name for name in _LATER if name not in later),
    )


def finished(raw: Raw) -> bool:
    """Invoiced in full or cancelled: of interest only to credit notes and questions."""
    return (whole(raw.get("InvoiceStatus")) or 0) >= COMPLETE or whole(raw.get("OrderStatus")) == CANCELLED


def group_flat_orders(rows: Iterable[Raw]) -> dict[str, list[Raw]]:
    """Rows of sync/PurchaseOrder/PurchaseOrders by order: header row LineNumber 0 first (exact-online 7)."""
    orders: dict[str, list[Raw]] = {}
    for row in rows:
        orders.setdefault(_id(row, "PurchaseOrderID"), []).append(row)
    for rows_of_order in orders.values():
        rows_of_order.sort(key=lambda row: whole(row.get("LineNumber")) or 0)
    return orders


def flat_order(rows: Sequence[Raw]) -> OpenOrder:
    """An order from its flat rows, header row first."""
    of_lines = [row for row in rows if (whole(row.get("LineNumber")) or 0) > 0]
    return order(rows[0], [order_line(row, flat=True) for row in of_lines], of_lines)
