"""Records of tables that are Intacct's own, beside those that every ERP has (intacct 7)."""

from datetime import date

from ml_connector.documents.common import Record


class Location(Record):
    """A location, below its parent up to its entity. `end_date` is the first day on which it can no longer be used."""

    id: str
    code: str
    description: str = ""
    parent: str = ""
    currency: str = ""
    end_date: date | None = None


class Entity(Record):
    """A legal entity: a location that keeps books of its own."""

    id: str
    code: str
    name: str = ""
    active: bool = True
    currency: str = ""


class Term(Record):
    """Terms of payment of vendors."""

    id: str
    code: str
    description: str = ""
    active: bool = True


class Warehouse(Record):
    """A warehouse, and the location it stands in."""

    id: str
    code: str
    name: str = ""
    active: bool = True
    location: str = ""
