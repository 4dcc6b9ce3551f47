"""Whose a document is by the numbers in it: one that names another supplier than the partner's holds it.

One rule for invoices and ship notices. Pure functions.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Party, Reference
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason

#: REF01 of a supplier's number with its customer: vendor id, internal vendor number, supplier.
_SUPPLIER_NUMBERS = frozenset({"VR", "IA", "ZA"})
#: N103 of an id that the buyer gave.
_GIVEN_BY_BUYER = "92"
_VAT_NUMBER = frozenset({"VX"})


def check_supplier(
    references: Iterable[Reference],
    parties: Iterable[Party],
    roles: Collection[str],
    partner: Partner,
    vendor: Vendor,
) -> None:
    """Whether all numbers of a supplier are the partner's. references: of the header. roles: N101 of who sends it.

    Raises:
        NeedsCorrection: one names another supplier.
    """
    sellers = [party for party in parties if party.role.upper() in roles]
    ours = {_plain(name) for name in _names(partner)}
    for place, number in _supplier_numbers(references, sellers):
        if _plain(number) not in ours:
            raise _contradicted(place, number, vendor.code)
    known = _vat(vendor.vat_number)
    for place, number in _vat_numbers(sellers):
        if known and _vat(number) != known:
            raise _contradicted(place, number, vendor.vat_number)


def _names(partner: Partner) -> Iterator[str]:
    """What a document may call the partner."""
    yield from partner.names
    yield from (one.group for one in partner.identities)
    yield from partner.supplier_numbers


def _supplier_numbers(references: Iterable[Reference], sellers: Sequence[Party]) -> Iterator[tuple[str, str]]:
    yield from _of(references, "REF", _SUPPLIER_NUMBERS)
    for party in sellers:
        if party.id_scheme == _GIVEN_BY_BUYER and party.id.strip():
            yield f"N1*{party.role}", party.id
        yield from _of(party.references, f"N1*{party.role} REF", _SUPPLIER_NUMBERS)


def _vat_numbers(sellers: Sequence[Party]) -> Iterator[tuple[str, str]]:
    for party in sellers:
        yield from _of(party.references, f"N1*{party.role} REF", _VAT_NUMBER)


def _of(references: Iterable[Reference], place: str, qualifiers: frozenset[str]) -> Iterator[tuple[str, str]]:
    for one in references:
        if one.qualifier.upper() in qualifiers and one.value.strip():
            yield f"{place}*{one.qualifier}", one.value


def _plain(number: str) -> str:
    """Without what people and programs add to a number: leading zeros, blanks, capitals or none."""
    text = "".join(number.split()).casefold()
    return text.lstrip("0") or text


def _vat(number: str) -> str:
    return "".join(c for c in number if c.isalnum()).casefold()


def _contradicted(place: str, number: str, known: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.SUPPLIER_CONTRADICTED,
        f"{place} names supplier {number[:40]}; the partner is supplier {known}.",
        remedy="Find out whose invoice it is. A number that the partner uses for itself goes under "
        "`supplier_numbers` of "
        "its file; what is another supplier's is entered by hand and discarded here.",
        data={"place": place, "named": number[:40], "supplier": known},
    )
