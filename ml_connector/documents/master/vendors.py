"""Vendors that others tell us of, and vendors that are made of them."""

from ml_connector.documents.common import DocumentPart, Record


class VendorProposal(DocumentPart):
    """A vendor as whoever sent it knows it. `number` is the sender's own of it; our_code: ours, where it knows that.

    change: as in the file; empty for a vendor that is new there or as it is now. active: false where it is not bought
    from there any more. origin: what it was found in, where that was no list of vendors.
    """

    number: str
    change: str = ""
    name: str = ""
    other_names: tuple[str, ...] = ()
    our_code: str = ""
    tax_numbers: tuple[str, ...] = ()
    bank_accounts: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""
    contact: str = ""
    currency: str = ""
    payment_terms: str = ""
    active: bool = True
    origin: str = ""


class NewVendor(Record):
    """A vendor that is to be created at the ERP. code: its number there where that is ours to choose.

    vendor_class: the ERP's template, where it has such.
    """

    code: str = ""
    name: str
    tax_number: str = ""
    bank_accounts: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""
    contact: str = ""
    currency: str = ""
    payment_terms: str = ""
    gl_account: str = ""
    vendor_class: str = ""
