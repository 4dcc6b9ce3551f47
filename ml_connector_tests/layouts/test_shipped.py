"""The layouts that ship: the columns of the TrueCommerce sheet, valid, and pointing editors at their schema."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from ml_connector.cli.schema import schemas
from ml_connector.layouts import load_layout, shipped_names
from ml_connector.layouts.loading import SHIPPED, merged_settings

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


@pytest.mark.parametrize("number", COLUMNS)
def test_default_csv_has_the_columns_of_the_sheet(number: str) -> None:
    assert columns(f"truecommerce_{number}_csv") == COLUMNS[number].split(", ")


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
