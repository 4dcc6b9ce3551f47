"""Records of tables that are Acumatica's own, beside those that every ERP has (acumatica 8.3)."""

from datetime import date
from decimal import Decimal

from pydantic import Field

from ml_connector.documents.common import Record


class Customer(Record):
    """A customer. their_number: their number for us (AccountRef). attributes: by attribute id, as for an EDI id."""

    id: str
    code: str
    name: str = ""
    status: str = ""
    blocked: bool = False
    their_number: str = ""
    currency: str = ""
    terms: str = ""
    tax_zone: str = ""
    customer_class: str = ""
    location: str = ""
    attributes: dict[str, str] = Field(default={})


class CustomerLocation(Record):
    """A site of a customer. their_code: their code of it, as N1 ST has it (ExtRefNbr, from 24.200.001)."""

    id: str
    code: str
    customer: str
    name: str = ""
    active: bool = True
    default: bool = False
    their_code: str = ""
    tax_zone: str = ""
    warehouse: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class CrossReference(Record):
    """Another number of an item: of a customer or vendor, a GTIN, a bar code, or for everybody."""

    number: str
    kind: str = ""
    party: str = ""
    unit: str = ""


class UnitConversion(Record):
    """How many of a unit come to one of another."""

    from_unit: str
    to_unit: str
    factor: Decimal
    divides: bool = False


class ItemFacts(Record):
    """What an item has beside what all ERPs tell: numbers and units for sales and purchases."""

    id: str
    code: str
    status: str = ""
    stock: bool = False
    base_unit: str = ""
    purchase_unit: str = ""
    sales_unit: str = ""
    tax_category: str = ""
    tracked: bool = False
    receipt_needed: bool = True
    numbers: tuple[CrossReference, ...] = ()
    conversions: tuple[UnitConversion, ...] = ()


class Warehouse(Record):
    """A warehouse and its active locations."""

    id: str
    code: str
    description: str = ""
    active: bool = True
    locations: tuple[str, ...] = ()


class Unit(Record):
    """A unit of measure with its conversions."""

    id: str
    code: str
    description: str = ""
    iso_code: str = ""
    conversions: tuple[UnitConversion, ...] = ()


class TaxZone(Record):
    """A tax zone and the taxes that apply in it."""

    id: str
    code: str
    description: str = ""
    taxes: tuple[str, ...] = ()


class TaxCategory(Record):
    """A tax category. excludes: the taxes are those that are not meant."""

    id: str
    code: str
    description: str = ""
    active: bool = True
    excludes: bool = False
    taxes: tuple[str, ...] = ()


class TaxRate(Record):
    """A tax's percentage from a day on."""

    start: date | None = None
    percent: Decimal
    group: str = ""


class Tax(Record):
    """A tax with its rates and zones."""

    id: str
    code: str
    description: str = ""
    kind: str = ""
    calculated_on: str = ""
    ended: date | None = None
    rates: tuple[TaxRate, ...] = ()
    zones: tuple[str, ...] = ()


class Branch(Record):
    """A branch: its identifier stands in fields, its name in the header PX-CbApiBranch (acumatica 5)."""

    id: str
    code: str
    name: str = ""
    active: bool = True
    company: str = ""
    currency: str = ""
    country: str = ""


class FinancialPeriod(Record):
    """A financial period that is open in one of payables, receivables and inventory at least."""

    id: str
    code: str
    year: str = ""
    start: date | None = None
    end: date | None = None
    status: str = ""
    payables: bool = False
    receivables: bool = False
    inventory: bool = False
