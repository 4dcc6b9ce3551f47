"""Lists that are no plain tables: sync, sync/Deleted, divisions, Me, and read functions (exact-online 3, 7)."""

from collections.abc import Iterable
from decimal import Decimal
from heapq import merge
from itertools import islice

from ml_connector.sandbox.exact.books.orders import LINES, ORDERS, flat_header, flat_line
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import ENTITIES, SYNC_TWINS, Entity
from ml_connector.sandbox.exact.wire.errors import ApiError, query_error
from ml_connector.sandbox.exact.wire.filters import parse_literals
from ml_connector.sandbox.exact.wire.query import Page, Query
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import AMSTERDAM, Row

ORDERS_SYNC = "sync/PurchaseOrder/PurchaseOrders"


def sync_page(company: Company, entity: Entity, query: Query, page_size: int) -> Page:
    """Rows of a sync endpoint in the order of their row version."""
    after = int(query.token[-1]) if query.token else -1
    wanted = page_size if query.top is None else min(page_size, query.top)
    passing = (row for row in _changed(company, entity, after) if query.test.holds(row))
    rows = list(islice(passing, wanted + 1))
    page = Page(rows=rows[:wanted], bare=query.top is not None and query.top <= page_size and not query.token)
    if entity.path == ORDERS_SYNC:
        page.rows = [flat_header(row) if "OrderStatus" in row else flat_line(company, row) for row in page.rows]
    if len(rows) > wanted and (query.top is None or query.top > page_size):
        options = {name: value for name, value in query.raw.items() if name not in {"$top", "$skiptoken"}}
        if query.top is not None:
            options["$top"] = str(query.top - page_size)
        options["$skiptoken"] = f"{page.rows[-1]['Timestamp']}L"
        page.following = options
    return page


def _changed(company: Company, entity: Entity, after: int) -> Iterable[Row]:
    """The stored rows behind a sync endpoint whose version is beyond `after`, in the order of their versions."""
    if entity.path == "sync/Inventory/StockPositions":
        positions = [row for row in _stock_positions(company) if row["Timestamp"] > after]
        return sorted(positions, key=lambda row: int(row["Timestamp"]))
    if entity.path == ORDERS_SYNC:
        both = (company.table(ORDERS).newer(after), company.table(LINES).newer(after))
        return merge(*both, key=lambda row: int(row["Timestamp"]))
    path = entity.path if entity.path == "sync/Deleted" else SYNC_TWINS[entity.path]
    return company.table(path).newer(after)


def _stock_positions(company: Company) -> list[Row]:
    rows: list[Row] = []
    for (item_key, warehouse_key), stock in company.stock.items():
        item = company.get("logistics/Items", item_key) or {}
        warehouse = company.get("inventory/Warehouses", warehouse_key) or {}
        rows.append(
            {
                "Timestamp": item.get("Timestamp", 0),
                "ID": item_key,
                "ItemId": item_key,
                "ItemCode": item.get("Code"),
                "ItemDescription": item.get("Description"),
                "Division": company.code,
                "CurrentStock": stock,
                "FreeStock": stock,
                "ProjectedStock": stock,
                "PlanningIn": Decimal(0),
                "PlanningOut": Decimal(0),
                "ReorderPoint": Decimal(0),
                "ReservedStock": Decimal(0),
                "UnitCode": item.get("Unit"),
                "UnitDescription": item.get("UnitDescription"),
                "Warehouse": warehouse_key,
                "WarehouseCode": warehouse.get("Code"),
                "WarehouseDescription": warehouse.get("Description"),
            }
        )
    return rows


def sync_timestamp(company: Company, parameters: dict[str, str]) -> Row:
    """The row version from which to read on for changes since a moment (read/sync/Sync/SyncTimestamp)."""
    paths = {
        "PurchaseOrders": [ORDERS, LINES],
        **{twin.rpartition("/")[2]: [regular] for twin, regular in SYNC_TWINS.items()},
    }.get(parameters.get("endPoint", "").strip("'"))
    literals = parse_literals(parameters.get("modified", ""))
    if paths is None or len(literals) != 1 or not isinstance(literals[0], int):
        raise query_error()
    wanted = literals[0]
    versions = [
        row["Timestamp"] for path in paths for row in company.table(path) if (row.get("Modified") or 0) < wanted
    ]
    return {"Modified": f"/Date({wanted})/", "TimeStampAsBigInt": str(max(versions, default=0))}


def stock_position(company: Company, parameters: dict[str, str]) -> Row:
    literals = parse_literals(parameters.get("itemId", ""))
    item = company.get("logistics/Items", str(literals[0]))
    if item is None:
        raise ApiError(404, "Not Found")
    return {
        "ItemId": item["ID"],
        "InStock": item.get("Stock") or Decimal(0),
        "PlanningIn": Decimal(0),
        "PlanningOut": Decimal(0),
    }


def payables(company: Company) -> Table:
    """Open items as PayablesList rows, keyed by a number (exact-online 9)."""
    table = Table(ENTITIES["read/financial/PayablesList"].key)
    for number, row in enumerate(company.table("cashflow/Payments").where("Status", 20), 1):
        table.put(
            {
                "HID": number,
                "AccountCode": row["AccountCode"],
                "AccountId": row["Account"],
                "AccountName": row["AccountName"],
                "Amount": row["AmountDC"],
                "AmountInTransit": Decimal(0),
                "ApprovalStatus": 0,
                "CurrencyCode": row["Currency"],
                "Description": row["Description"],
                "DueDate": row["DueDate"],
                "EntryNumber": row["EntryNumber"],
                "Id": row["ID"],
                "InvoiceDate": row["InvoiceDate"],
                "InvoiceNumber": row["InvoiceNumber"],
                "JournalCode": row["Journal"],
                "JournalDescription": row["JournalDescription"],
                "YourRef": row["YourRef"],
            }
        )
    return table


def me(state: ExactState) -> Row:
    """The row of current/Me."""
    company = state.main
    now = state.clock.now().astimezone(AMSTERDAM)
    offset = now.utcoffset()
    first, _, last = state.user.full_name.partition(" ")
    return {
        "CurrentDivision": state.current_division,
        "DivisionCustomer": next((row["Customer"] for row in state.division_rows if row["Code"] == company.code), None),
        "DivisionCustomerCode": str(company.code).rjust(18),
        "DivisionCustomerName": company.name,
        "DivisionCustomerVatNumber": "NL001234567B01",
        "DossierDivision": None,
        "AccountingDivision": None,
        "IsEmployeeSelfServiceUser": False,
        "IsMyFirmLiteUser": False,
        "IsStarterUser": False,
        "IsMyFirmPortalUser": False,
        "IsClientUser": False,
        "FullName": state.user.full_name,
        "PictureUrl": "https://start.exactonline.nl/docs/images/placeholder_contact.png",
        "ThumbnailPictureFormat": None,
        "UserID": state.user.id,
        "UserName": state.user.name,
        "LanguageCode": "nl-NL" if state.options.language == "nl" else "en-GB",
        "Legislation": 1,
        "Email": "buyer@voltwerk.example",
        "FirstName": first,
        "LastName": last,
        "Gender": "O",
        "Language": "NL" if state.options.language == "nl" else "EN",
        "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "ServerUtcOffset": Decimal(int(offset.total_seconds()) if offset else 0),
        "CustomerCode": str(company.code).rjust(18),
        "PackageCode": "SANDBOX",
        "IsOEIMigrationMandatory": False,
    }


def divisions(state: ExactState, entity: Entity) -> Table:
    """The divisions that the user opened for the app."""
    table = Table(entity.key)
    for row in state.division_rows:
        table.put({**row, "Current": row["Code"] == state.current_division})
    return table
