"""Vendors and codes as a network that approves and pays invoices has them."""

from ml_connector.documents.common import DocumentPart


class VendorAddress(DocumentPart):
    """Where a vendor is."""

    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class NetworkVendor(DocumentPart):
    """A vendor there. id: the network's, empty of one that is not there yet. external_id: what we call it there.

    Payees' bank accounts are never among it: the network pays by its own enrolment (avidxchange 5, Vendors).
    """

    id: str = ""
    external_id: str = ""
    name: str = ""
    name_on_check: str = ""
    tax_id: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    terms: str = ""
    currency: str = ""
    active: bool = True
    address: VendorAddress = VendorAddress()
    #: When its record moved, as the network tells it; empty where it does not.
    modified: str = ""


class NetworkCode(DocumentPart):
    """A code that invoices are coded with. group: of which codes it is one, by the network's name (GL accounts ...)."""

    id: str = ""
    external_id: str = ""
    group: str = ""
    value: str = ""
    description: str = ""
    active: bool = True
    modified: str = ""
