"""Whom an advice pays: the supplier of its partner's file, or the one that its payee's number at ours names.

A name alone never decides.
"""

from collections.abc import Callable, Iterator

from ml_connector.config.partners import Partner
from ml_connector.documents.reference import Vendor
from ml_connector.documents.remittances import PaidEntity, Remittance
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.supplier_named import check_supplier

#: N101 and ENT02 of who is paid (element 98): payee, vendor, seller, supplier.
PAYEES = ("PE", "VN", "SE", "SU")
#: N103 and ENT03 (element 66) of a number that the payer's books give: by the buyer, by the seller, agreed, not said.
_GIVEN = frozenset({"", "91", "92", "ZZ"})
Find = Callable[[str], Vendor | None]


def payee_of(advice: Remittance, entity: PaidEntity, partner: Partner, find: Find) -> Vendor:
    """The supplier that is paid.

    Raises:
        NeedsCorrection: it is not known, blocked, or another one than the advice names.
    """
    if partner.role == "supplier":
        own = _usable(find(partner.vendor), partner.vendor, advice)
        check_supplier(advice.references, advice.parties, frozenset(PAYEES), partner, own)
        return own
    named = list(dict.fromkeys(_named(advice, entity)))
    found = {vendor.id: vendor for number in named if (vendor := find(number)) is not None}
    if len(found) == 1:
        return _usable(next(iter(found.values())), named[0], advice)
    shown = ", ".join(named[:3]) or "nobody by a number"
    several = f"names several suppliers ({shown})" if found else f"names {shown}, whom the ERP does not have"
    raise NeedsCorrection(
        Reason.UNKNOWN_SUPPLIER,
        f"Payment {advice.number} {several}: whose bills it pays is not known.",
        remedy="Have the sender name the payee by our number of the supplier (N1*PE or ENT, scheme 92), or create the"
        " supplier; or enter the payment by hand and discard this.",
        data={"trace": advice.number, "named": named[:20]},
    )


def _named(advice: Remittance, entity: PaidEntity) -> Iterator[str]:
    """Numbers by which the payee is told, the one beside the items first."""
    if entity.role.upper() in PAYEES and entity.id.strip() and entity.id_scheme.strip() in _GIVEN:
        yield entity.id.strip()
        return
    for party in advice.parties:
        if party.role.upper() in PAYEES and party.id.strip() and party.id_scheme.strip() in _GIVEN:
            yield party.id.strip()


def _usable(vendor: Vendor | None, code: str, advice: Remittance) -> Vendor:
    if vendor is None:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"The ERP has no supplier {code}, whom payment {advice.number} pays.",
            remedy="Create the supplier, or mend `vendor` in the partner's file.",
            data={"vendor": code, "trace": advice.number},
        )
    if vendor.blocked:
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"Supplier {vendor.code} {vendor.name} is blocked in the ERP; payment {advice.number} pays it.",
            remedy="Unblock the supplier; the payment is taken up again by itself. Or enter it by hand and discard it.",
            data={"vendor": vendor.code, "trace": advice.number},
        )
    return vendor
