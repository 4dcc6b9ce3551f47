"""Who trades with the company of this site: a supplier and a grocery chain, both behind Cleo."""

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
