"""Records of tables that are Acumatica's own, beside those that every ERP has (acumatica 8.3)."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Record
from ml_connector.documents.sales.reference import UnitConversion


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
