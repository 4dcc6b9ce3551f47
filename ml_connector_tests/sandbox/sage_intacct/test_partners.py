"""Behind Cleo: a supplier of the company of Intacct, its own purchasing, a customer."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_connector.sandbox import registry
from ml_connector.sandbox.partner.documents.x12 import read
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY, HILLCREST, IRONWORKS, PROFILES
from ml_connector.sandbox.server import Sandbox, SandboxOptions


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    options = SandboxOptions(clock_file=tmp_path / "clock", partner_options=WorldOptions(profiles=PROFILES))
    with Sandbox(options, stand_ins=registry.of("cleo", "sage_intacct")) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.addresses()["control"], timeout=20, trust_env=False) as client:
        yield client


def segments(sandbox: Sandbox, partner: str) -> list[list[str]]:
    """The newest set in a partner's inbox."""
    (*_, file) = sandbox.cleo.inbox(partner).files
    (interchange,) = read(file.data(sandbox.clock.now()))
    return [list(one) for one in interchange.groups[0].sets[0].segments]


def posted(control: httpx.Client, path: str, body: Any) -> Any:
    answer = control.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_purchasing_orders_of_a_vendor_for_the_company(sandbox: Sandbox, control: httpx.Client) -> None:
    line = {"item": "WIDGET1", "quantity": "10", "unit": "EA", "price": "12.05"}
    order = {"partner": ACMEBUY.name, "number": "P-100", "store": "110", "lines": [line]}
    posted(control, "/partner/orders", {**order, "buyer": "ACME", "vendor": "V-17"})
    named = {one[1]: one[4] for one in segments(sandbox, ACMEBUY.name) if one[0] == "N1"}
    assert named == {"BY": "ACME", "VN": "V-17", "ST": "110"}
    posted(control, "/partner/orders", {**order, "partner": HILLCREST.name})
    named = {one[1]: one[4] for one in segments(sandbox, HILLCREST.name) if one[0] == "N1"}
    assert named == {"ST": "110"}


def test_a_supplier_invoices_what_a_buyer_entered(sandbox: Sandbox, control: httpx.Client) -> None:
    (order,) = posted(control, "/sage_intacct/orders", {"items": ["BOLT-M8"], "lines": 1})
    posted(control, "/partner/invoices", {"orders": [order], "ordered": True})
    found = segments(sandbox, IRONWORKS.name)
    (beginning,) = [one for one in found if one[0] == "BIG"]
    assert order["number"] in beginning
    (line,) = [one for one in found if one[0] == "IT1"]
    assert (Decimal(line[2]), line[3], Decimal(line[4])) == (
        Decimal(order["lines"][0]["quantity"]), "BX", Decimal("18.20"),
    )  # fmt: skip
