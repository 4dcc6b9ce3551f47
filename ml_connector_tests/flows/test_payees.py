"""Whom a remittance advice pays: the supplier that sent it, or the one that its payee's number names; a name never."""

from decimal import Decimal

import pytest

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Party, changed
from ml_connector.documents.reference import Vendor
from ml_connector.documents.remittances import PaidEntity, Remittance
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.remittances_in.payees import Find, payee_of
from ml_connector_tests.flows import builders as b

OTHER = changed(b.VENDOR, id="v2", code="20012", name="Lumen")
ENTITY = PaidEntity()
SUPPLIER, BANK = b.partner(), b.partner(role="bank", vendor="")


def finder(*vendors: Vendor) -> Find:
    return {one.code: one for one in vendors}.get


def advice(*parties: Party) -> Remittance:
    return Remittance(number="TRACE-1", amount=Decimal(100), parties=parties)


def payee(number: str, name: str = "", scheme: str = "92") -> Party:
    return Party(role="PE", name=name, id_scheme=scheme, id=number)


def refused(advice: Remittance, find: Find, partner: Partner = BANK) -> NeedsCorrection:
    with pytest.raises(NeedsCorrection) as held:
        payee_of(advice, ENTITY, partner, find)
    return held.value


def test_a_suppliers_own_advice_is_of_that_supplier() -> None:
    assert payee_of(advice(), ENTITY, SUPPLIER, finder(b.VENDOR)) == b.VENDOR


def test_a_suppliers_advice_that_names_another_one_is_held() -> None:
    assert refused(advice(payee("20012")), finder(b.VENDOR, OTHER), SUPPLIER).reason is Reason.SUPPLIER_CONTRADICTED


@pytest.mark.parametrize(
    ("vendors", "reason", "said"),
    [
        ((), Reason.UNKNOWN_SUPPLIER, "no supplier 20011"),
        ((changed(b.VENDOR, blocked=True),), Reason.SUPPLIER_BLOCKED, "is blocked in the ERP"),
    ],
)
def test_a_supplier_that_cannot_be_paid_is_told(vendors: tuple[Vendor, ...], reason: Reason, said: str) -> None:
    why = refused(advice(), finder(*vendors), SUPPLIER)
    assert why.reason is reason
    assert said in why.message


def test_of_a_bank_the_number_at_ours_counts_and_that_beside_the_items_first() -> None:
    find = finder(b.VENDOR, OTHER)
    assert payee_of(advice(payee("20012")), ENTITY, BANK, find) == OTHER
    beside = PaidEntity(role="PE", id_scheme="92", id="20011")
    assert payee_of(advice(payee("20012")), beside, BANK, find) == b.VENDOR


@pytest.mark.parametrize(
    ("parties", "said"),
    [
        ((), "names nobody by a number"),
        ((payee("", name="Northwind"),), "names nobody by a number"),
        ((payee("20011", scheme="1"),), "names nobody by a number"),
        ((payee("99999"),), "whom the ERP does not have"),
        ((payee("20011"), payee("20012")), "names several suppliers"),
    ],
)
def test_what_does_not_name_one_supplier_is_held(parties: tuple[Party, ...], said: str) -> None:
    why = refused(advice(*parties), finder(b.VENDOR, OTHER))
    assert why.reason is Reason.UNKNOWN_SUPPLIER
    assert said in why.message
