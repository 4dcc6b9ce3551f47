"""Who trades with the company of this gateway, all behind Cleo: a supplier, its own purchasing department's network,
and a customer.
"""

from ml_connector.sandbox.partner.documents.x12 import Party
from ml_connector.sandbox.partner.profiles import Profile

COMPANY = Party("ZZ", "ACMEMFG", "ACMEMFG")
#: It sells to the company: vendor V-17.
IRONWORKS = Profile(
    name="IRONWORKS",
    title="Lakeside Ironworks",
    supplier="V-17",
    party=Party("ZZ", "LAKESIDEIRON", "LAKESIDEIRON"),
    us=COMPANY,
    behaviour=(("vat", "missing"),),
)
#: The company's own purchasing: its orders (`POST /partner/orders` with `buyer` and `vendor`) are orders of ours.
ACMEBUY = Profile(
    name="ACMEBUY",
    title="Acme purchasing",
    supplier="",
    party=Party("ZZ", "ACMEBUY", "ACMEBUY"),
    us=COMPANY,
)
#: It buys from the company: customer C-42.
HILLCREST = Profile(
    name="HILLCREST",
    title="Hillcrest Machinery",
    supplier="",
    party=Party("12", "4025550142", "4025550142"),
    us=COMPANY,
)
PROFILES = (IRONWORKS, ACMEBUY, HILLCREST)
