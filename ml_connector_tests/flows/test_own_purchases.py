"""What an order of our own purchasing means: what a purchase order has no place for holds it, nothing is left out."""

from typing import Any

import pytest

from ml_connector.documents.payables.purchases import Purchase
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.purchase_orders_in.building import purchase_of
from ml_connector.flows.purchase_orders_in.settings import PurchaseOrdersIn
from ml_connector_tests.flows import shop as s
from ml_connector_tests.flows.shop import D
from ml_connector_tests.flows.test_sales_orders_building import read

RICE = "PO1*1*10*EA*2.50**IN*RICE"
VENDOR = Vendor(id="v17", code="V-17", name="Ironworks")


def made(*lines: str, **partner: Any) -> Purchase:
    order = read(s.body("B-1", *(lines or (RICE,))).replace("N1*ST**92*0001", "N1*VN**92*V-17"))
    settings = PurchaseOrdersIn.model_validate({"units": s.UNITS})
    return purchase_of(order, s.partner(**partner), ("US",), settings, {"V-17": VENDOR}.get, s.book(), s.TODAY)


def test_a_plain_order() -> None:
    (line,) = made().lines
    assert (line.item_code, line.quantity, line.unit, line.price) == ("RICE", D(10), "EACH", D("2.50"))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((RICE, "SAC*C*D240***1500"), "order_charge"),
        ((RICE, "SAC*A*C310****Z*5"), "order_charge"),
        ((RICE, "SDQ*EA*92*0001*4*0002*6"), "store_quantities"),
        ((RICE, "SDQ*EA*92*0001*4*0002*5"), "store_quantities"),
        ((RICE, "SCH*4*EA***002*20261201", "SCH*6*EA***002*20261205"), "store_quantities"),
        ((RICE, "SCH*4*EA***002*20261201"), "store_quantities"),
        (("PO1*1*10*EA*250*LB*IN*RICE",), "sales_price"),
    ],
)
def test_what_it_has_no_place_for_holds_it(lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NeedsCorrection) as held:
        made(*lines)
    assert held.value.reason == reason
    assert held.value.remedy


def test_what_changes_nothing_holds_nothing() -> None:
    (line,) = made(RICE, "SAC*N*D240***1500", "SDQ*EA*92*0001*10", "SCH*10*EA***002*20261201").lines
    assert (line.quantity, line.wanted) == (10, s.day("2026-12-01"))


def test_a_price_basis_of_the_senders_means_what_its_file_says() -> None:
    (line,) = made("PO1*1*10*EA*250*LB*IN*RICE", price_bases={"LB": "HP"}).lines
    assert line.price == D("2.5")
