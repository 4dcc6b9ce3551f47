"""The layouts that ship: the columns of the TrueCommerce sheet, valid, and pointing editors at their schema."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from ml_connector.cli.schema import schemas
from ml_connector.documents.common import DateReference, ItemId, Reference
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.layouts import WriteContext, left_out, load_layout, read_documents, shipped_names, write_documents
from ml_connector.layouts.spec.loading import SHIPPED, merged_settings

ROOT = Path(__file__).parents[2]
SCHEMA = "layout.schema.json"
#: truecommerce 6.2, header columns and line columns.
COLUMNS = {
    "850": "TradingPartner, PONumber, PODate, POType, Purpose, Currency, RequestedShipDate, CancelDate, ShipToCode, "
    "ShipToName, ShipToAddress1, ShipToAddress2, ShipToCity, ShipToState, ShipToZip, ShipToCountry, BillToCode, "
    "VendorNumber, Terms, LineNumber, BuyerItem, VendorItem, UPC, Description, Quantity, UOM, UnitPrice",
    "856": "TradingPartner, ShipmentNumber, ShipDate, EstimatedDelivery, CarrierCode, TrackingNumber, BOL, ShipToCode, "
    "PONumber, CartonSSCC, LineNumber, VendorItem, UPC, QuantityShipped, UOM, Lot",
    "810": "TradingPartner, InvoiceNumber, InvoiceDate, PONumber, PODate, Currency, Terms, DueDate, SubTotal, Tax, "
    "Freight, Total, LineNumber, VendorItem, Quantity, UOM, UnitPrice, Extended",
}
#: Answers stand with their line: the line's own columns come first.
SETS = {
    "855": {"TradingPartner", "PONumber", "AckNumber", "AckDate", "AckType", "LineNumber", "VendorItem", "LineStatus"}
    | {"QuantityAcknowledged", "UOM", "UnitPrice", "ScheduledShipDate"},
}


def columns(name: str) -> list[str]:
    layout = load_layout(name)
    return [one.heading for level in layout.document.chain() for one in level.fields if not one.settings.same_as]


#: What our orders carry beside the sheet's columns; each stands behind those of its level.
OURS = {"850": {"RequestedDeliveryDate", "Notes", "LineRequestedDeliveryDate", "GLAccount", "CostCenter", "LineNotes"}}


@pytest.mark.parametrize("number", COLUMNS)
def test_default_csv_has_the_columns_of_the_sheet_in_their_order(number: str) -> None:
    found = columns(f"truecommerce_{number}_csv")
    ours = OURS.get(number, set())
    assert [name for name in found if name not in ours] == COLUMNS[number].split(", ")
    assert ours <= set(found)


def test_ours_stand_behind_the_columns_of_the_sheet() -> None:
    """Where there are no headings, columns are counted: what was agreed on stays where it is."""
    layout = load_layout("truecommerce_850_csv")
    fields = sorted((one.column, one.heading) for level in layout.document.chain() for one in level.fields)
    assert [name for _, name in fields[: len(fields) - len(OURS["850"])]] == COLUMNS["850"].split(", ")


def test_what_stood_where_in_fixed_lines_still_does() -> None:
    """Positions are agreed with partners: what is added stands behind."""
    layout = load_layout("truecommerce_850_fixed")
    places = {one.name: one.start + 1 for level in layout.document.chain() for one in level.fields}
    assert (places["Terms"], places["LineNumber"], places["UnitPrice"]) == (340, 420, 648)
    assert min(places[name] for name in OURS["850"]) == 665


ORDER_LAYOUTS = [name for name in shipped_names() if name.startswith("truecommerce_850")]


@pytest.mark.parametrize("name", ORDER_LAYOUTS)
def test_every_layout_of_orders_carries_what_our_orders_carry(name: str) -> None:
    """Delivery dates, notes, and the references that the shipped partners ask for (GL account, cost center)."""
    line = OrderLine(
        number="1",
        items=(ItemId(qualifier="VP", value="A-1"),),
        quantity=Decimal(3),
        unit="EA",
        price=Decimal("14.75"),
        references=(Reference(qualifier="11", value="4000"), Reference(qualifier="DP", value="OPS")),
        dates=(DateReference(qualifier="002", day=date(2026, 12, 2)),),
        notes=("Gate 3",),
    )
    order = PurchaseOrder(
        number="4711",
        order_date=date(2026, 11, 28),
        order_type="NE",
        currency="EUR",
        dates=(DateReference(qualifier="002", day=date(2026, 12, 1)),),
        notes=("Call before delivery / ask for Kim",),
        lines=(line,),
    )
    layout = load_layout(name)
    lost = left_out(order, layout, WriteContext(partner="ACME"))
    assert [address for address in lost if not address.startswith("notes")] == []
    (back,) = read_documents(write_documents([order], layout, WriteContext(partner="ACME")), layout)
    assert isinstance(back.document, PurchaseOrder)
    assert " / ".join(back.document.notes) == order.notes[0]


@pytest.mark.parametrize("number", SETS)
def test_default_csv_has_all_columns_of_the_sheet(number: str) -> None:
    assert set(columns(f"truecommerce_{number}_csv")) == SETS[number]


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_layout_loads_under_its_own_name(name: str) -> None:
    assert load_layout(name).name == name


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_layout_fits_the_schema(name: str) -> None:
    file = SHIPPED / f"{name}.yaml"
    for settings in (yaml.safe_load(file.read_text(encoding="utf-8")), merged_settings(file)):
        errors = jsonschema.Draft202012Validator(schemas()[SCHEMA]).iter_errors(settings)
        assert [f"{list(error.path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_layout_points_editors_at_the_schema(name: str) -> None:
    file = SHIPPED / f"{name}.yaml"
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert (file.parent / first.split("$schema=")[1].strip()).resolve() == (ROOT / "docs" / "schemas" / SCHEMA)


def test_the_written_schema_is_current() -> None:
    """Run `make schemas` when this fails."""
    from ml_connector.cli.schema import text_of

    assert (ROOT / "docs" / "schemas" / SCHEMA).read_text(encoding="utf-8") == text_of(schemas()[SCHEMA])


def test_shipped_files_are_yaml_without_tabs_or_surprises() -> None:
    for name in shipped_names():
        text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
        assert "\t" not in text
        assert yaml.safe_load(text)["name"] == name
