"""Vendors as a network has them, and which of its vendors one of ours is. Pure functions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ml_connector.documents.payables.vendors import NetworkVendor, VendorAddress
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.tables_out.telling import Said
from ml_connector.flows.vendors_in.matching import Candidate, Subject, Vendors
from ml_connector.flows.vendors_out.settings import VendorsOut

#: Candidates that are told.
MOST_TOLD = 10


def vendors(known: Iterable[Vendor], rules: VendorsOut, told: frozenset[str]) -> Iterator[Said[NetworkVendor]]:
    """Every vendor that is to be there. told: keys of those that are there; of others blocked ones are not sent."""
    for one in known:
        key = one.id if rules.external_id == "id" else one.code
        if one.code in rules.leave_out or (one.blocked and (rules.blocked == "never" or key not in told)):
            continue
        yield Said(key, one.code, network_vendor(one, key, rules))


def network_vendor(one: Vendor, key: str, rules: VendorsOut) -> NetworkVendor:
    """A supplier as it is there. A bank account is never among it (avidxchange 5, Vendors)."""
    address = VendorAddress(
        lines=one.street, city=one.city, region=one.region, postal_code=one.postal_code, country=one.country
    )
    return NetworkVendor(
        external_id=key,
        name=one.name,
        tax_id=one.vat_number if rules.tax_numbers else "",
        email=one.email,
        phone=one.phone,
        terms=one.payment_condition,
        currency=one.currency,
        active=not one.blocked,
        address=address,
    )


def subject_of(one: NetworkVendor, key: str) -> Subject:
    """A vendor there, as far as it is compared."""
    return Subject(
        key=key,
        code=one.external_id,
        names=tuple(name for name in dict.fromkeys((one.name, one.name_on_check)) if name.strip()),
        tax_numbers=(one.tax_id,),
        street=one.address.lines,
        postal_code=one.address.postal_code,
        city=one.address.city,
        country=one.address.country,
        blocked=not one.active,
    )


def found_there(
    record: NetworkVendor, there: Sequence[NetworkVendor], ours: frozenset[str], linked: Mapping[str, str]
) -> str | NeedsCorrection:
    """The network's id of one of our vendors; empty: it does not have it yet.

    ours: keys of all our vendors; one that is linked with another of them is not this one. linked: ids there by our
    key, as vendors in found them or a person said.
    """
    mine = [one for one in there if one.external_id == record.external_id]
    if len(mine) == 1:
        return mine[0].id
    if not mine and record.external_id in linked:
        return linked[record.external_id]
    others = mine or [one for one in there if one.external_id not in ours]
    found = Vendors(subject_of(one, one.id) for one in others).find(subject_of(record, "ours"))
    if not mine and found.hit is not None:
        return found.hit.subject.key
    if not mine and found.is_new:
        return ""
    return _for_a_person(record, found.candidates or [_same_id(one) for one in mine])


def _same_id(one: NetworkVendor) -> Candidate:
    return Candidate(subject_of(one, one.id), frozenset(), sure=False)


def _for_a_person(record: NetworkVendor, candidates: Sequence[Candidate]) -> NeedsCorrection:
    told = [
        {
            "there": one.subject.key,
            "name": one.subject.names[0] if one.subject.names else "",
            "agrees_in": one.told() or "our id",
        }
        for one in candidates[:MOST_TOLD]
    ]
    named = "; ".join(f"{one['there']} {one['name']} ({one['agrees_in']})" for one in told)
    return NeedsCorrection(
        Reason.VENDOR_CANDIDATES,
        f"{record.name} may be a vendor that the network has: {named}.",
        remedy="Say which it is: `ml-connector vendors link DOCUMENT ID` with the network's id, or "
        "`ml-connector vendors create DOCUMENT` if it is none of them.",
        data={"candidates": told, "vendor": record.external_id},
    )


def lost(record: NetworkVendor, like: Sequence[tuple[str, str]]) -> NeedsCorrection:
    """A vendor that was sent is not in the ERP any more: merged with another one, or deleted (avidxchange 11)."""
    named = "; ".join(f"{code} {name}" for code, name in like[:MOST_TOLD])
    return NeedsCorrection(
        Reason.VENDOR_GONE,
        f"{record.name}, which the network has under our id {record.external_id}, is not a supplier of the ERP any more"
        + (f"; like it are {named}." if named else "."),
        remedy="Merged: `ml-connector vendors link DOCUMENT CODE` with the supplier that has its entries now. Deleted: "
        "`ml-connector vendors end DOCUMENT` makes it inactive there. It is never created again.",
        data={"vendor": record.external_id, "like": [code for code, _ in like[:MOST_TOLD]]},
    )
