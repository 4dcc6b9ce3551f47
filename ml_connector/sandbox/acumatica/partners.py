"""Who trades with the company of this site: a supplier and a grocery chain, both behind Cleo."""

from dataclasses import replace

from ml_connector.sandbox.partner.documents.x12 import Party
from ml_connector.sandbox.partner.profiles import Profile

COMPANY = Party("ZZ", "ACMEFOODS", "ACMEFOODS")
#: It charges no tax: what is bought is for resale.
LONESTAR = Profile(
    name="LONESTAR",
    title="Lone Star Produce",
    supplier="V000017",
    party=Party("ZZ", "LONESTAR", "LONESTAR"),
    us=COMPANY,
    behaviour=(("vat", "missing"),),
)
#: A customer: it orders (`POST /partner/orders`) and reads what it is sent.
HILLMART = Profile(
    name="HILLMART",
    title="HillMart Grocery",
    supplier="",
    party=Party("08", "9251234567", "9251234567"),
    us=COMPANY,
)
PROFILES = (LONESTAR, HILLMART)


def _supplier(name: str, title: str, vendor: str) -> Profile:
    return replace(LONESTAR, name=name, title=title, supplier=vendor, party=Party("ZZ", name, name))


def _customer(name: str, title: str, code: str) -> Profile:
    return replace(HILLMART, name=name, title=title, party=Party("ZZ", code, code))


#: Suppliers that bill from orders and from a place with sales tax; customers, of whom one is in nobody's books.
MORE = (
    _supplier("PRAIRIE", "Prairie Dairy", "V000018"),
    _supplier("GULF", "Gulf Consulting", "V000019"),
    _customer("CORNER", "Corner Foods", "CORNERFOODS"),
    _customer("NEWMART", "New Mart", "NEWMART"),
)
