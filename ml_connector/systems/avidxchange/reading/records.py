"""Vendors, codes, purchase orders and receipts as AvidXchange has them -> as flows see them (avidxchange 5, 8)."""

from ml_connector.documents.payables.invoices import LineCode
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkOrderLine, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor, VendorAddress
from ml_connector.systems.avidxchange.wire.rows import Row


def record_id(row: Row, *names: str) -> str:
    """AvidXchange's own id. Raises NeedsCorrection: it has none."""
    found = row.text(*(names or ("Id",)))
    if not found:
        raise row.wrong((names or ("Id",))[0], None, "an id")
    return found


def external_id(row: Row) -> str:
    """Our id of it: an object with a Value, or the text itself."""
    found = row.value("ExternalIdentifier", "ExternalId", "ExternalCode")
    if isinstance(found, dict):
        return row.row("ExternalIdentifier", "ExternalId", "ExternalCode").text("Value")
    return row.text("ExternalIdentifier", "ExternalId", "ExternalCode")


def vendor(row: Row) -> NetworkVendor:
    """A vendor of the network."""
    addresses = row.rows("Addresses", "Address")
    return NetworkVendor(
        id=record_id(row, "Id", "VendorId"),
        external_id=external_id(row) or row.text("ExternalVendorCode"),
        name=row.text("Name", "VendorName"),
        name_on_check=row.text("NameOnCheck"),
        tax_id=row.text("TaxId", "FedTaxId"),
        email=row.text("RemitEmail", "Email"),
        phone=row.text("Telephone1"),
        website=row.text("Website"),
        terms=row.text("Terms"),
        currency=row.text("Currency").upper(),
        active=row.flag("Active", "IsActive", default=True),
        address=_address(addresses[0]) if addresses else VendorAddress(),
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
    )


def _address(row: Row) -> VendorAddress:
    lines = (row.text(f"Line{number}") for number in (1, 2, 3, 4))
    return VendorAddress(
        lines=tuple(line for line in lines if line),
        city=row.text("City"),
        region=row.text("State"),
        postal_code=row.text("PostalCode"),
        country=row.text("Country", "CountryCode").upper(),
    )


def code(row: Row) -> NetworkCode:
    """A code of the network."""
    return NetworkCode(
        id=record_id(row),
        external_id=external_id(row),
        group=row.text("CodeGroupName", "GroupName"),
        value=row.text("Value", "CodeValue"),
        description=row.text("Description"),
        active=row.flag("Active", "IsActive", default=True),
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
    )


def codes_of(row: Row) -> tuple[LineCode, ...]:
    """The codes of a line; each may be in several groups (avidxchange 5)."""
    return tuple(
        LineCode(
            group=group,
            value=one.text("EnterpriseCodeValue", "Value", "CodeValue"),
            description=one.text("EnterpriseCodeValueDescription", "Description"),
        )
        for one in row.rows("EnterpriseCodes")
        for group in _groups(one)
    )


def _groups(row: Row) -> list[str]:
    named = [group.text("CodeGroupName", "GroupName") for group in row.rows("EnterpriseCodeGroups")]
    return [name for name in named if name] or [row.text("CodeGroupName", "GroupName")]


def order(row: Row) -> NetworkOrder:
    """An order of the network."""
    return NetworkOrder(
        id=record_id(row),
        external_id=external_id(row),
        number=row.text("Number", "OrderNumber"),
        vendor=row.text("VendorExternalSystemID", "VendorExternalCode"),
        company=row.text("CompanyId"),
        order_date=row.day("OrderDate"),
        currency=row.text("Currency").upper(),
        total=row.amount("TotalAmount"),
        open=row.flag("Open", "Active", default=True),
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
        lines=tuple(_order_line(line, at) for at, line in enumerate(row.rows("Lines", "LineItems"), 1)),
    )


def _order_line(row: Row, at: int) -> NetworkOrderLine:
    number = row.amount("LineNumber")
    return NetworkOrderLine(
        number=at if number is None else int(number),
        quantity=row.needed_amount("Quantity"),
        unit_price=row.amount("UnitPrice", "PricePer"),
        amount=row.amount("Amount"),
        item=row.text("Item", "ProductCode"),
        description=row.text("Description", "ProductDesc"),
        unit=row.text("UOM"),
        codes=codes_of(row),
    )


def receipt(row: Row) -> NetworkReceipt:
    """A receipt of the network."""
    return NetworkReceipt(
        id=record_id(row),
        external_id=external_id(row),
        order_number=row.text("PurchaseOrderNumber"),
        order_line=int(row.needed_amount("PurchaseOrderLineNumber")),
        quantity=row.needed_amount("Quantity"),
        company=row.text("CompanyId"),
        item=row.text("ProductCode"),
        description=row.text("ProductName"),
        unit=row.text("UOM"),
        received_on=row.day("DateReceived"),
        reference=row.text("BillOfLadingNumber"),
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
    )
