"""The partners behind Transaction Manager: other suppliers than those behind the other network."""

from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.user import add_supplier, supplier_by_code
from ml_connector.sandbox.partner.documents.x12 import Party, Separators
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.truecommerce.flat_files import Format

HARBOUR = Profile(
    name="HARBOUR",
    title="Harbour Tools",
    supplier="20021",
    party=Party("ZZ", "HARBOURTOOLS", "HARBOURTOOLS"),
    file_name="HARBOUR_{kind}_{control}.edi",
)
LUMEN = Profile(
    name="LUMEN",
    title="Lumen Lighting",
    supplier="20022",
    party=Party("12", "31205551234", "LUMEN"),
    separators=Separators(component=":", suffix="\n"),
    file_name="LUMEN {kind} {control}.X12",
    behaviour=(("ship", "items"),),
)
PROFILES = (HARBOUR, LUMEN)
#: Who has its documents as flat files, and in which format; the partner files that ship expect it so.
FLAT_FORMATS: dict[str, Format] = {"LUMEN": "csv"}
#: Their offers are those of this supplier, under codes of their own.
_MODEL = "20011"
_OFFER = (
    "Item",
    "ItemCode",
    "ItemDescription",
    "ItemUnit",
    "ItemUnitCode",
    "ItemUnitDescription",
    "PurchasePrice",
    "PurchaseUnit",
    "PurchaseUnitFactor",
    "PurchaseVATCode",
    "Currency",
)


def add_suppliers(exact: ExactState) -> list[str]:
    """The partners become suppliers at the ERP, with items to be ordered of them; codes of those that are new."""
    company = exact.main
    model = company.table("logistics/SupplierItem").where("Supplier", supplier_by_code(company, _MODEL)["ID"])
    made = []
    for profile in PROFILES:
        try:
            supplier_by_code(company, profile.supplier)
        except KeyError:
            supplier = add_supplier(exact, profile.supplier, profile.title)
        else:
            continue
        for offer in model:
            row = {name: offer[name] for name in _OFFER}
            row |= {
                "MainSupplier": False,
                "Supplier": supplier["ID"],
                "SupplierCode": supplier["Code"],
                "SupplierDescription": supplier["Name"],
                "SupplierItemCode": f"{profile.name[:2]}-{str(offer['ItemCode']).strip()}",
            }
            company.add("logistics/SupplierItem", row)
        made.append(profile.supplier)
    return made
