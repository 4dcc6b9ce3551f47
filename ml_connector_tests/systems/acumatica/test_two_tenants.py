"""Two tenants of one site in one deployment, whose vendors, customers, orders, notices and invoices have equal numbers:
what is one company's never stands in the other's books, and never leaves for the other's partners.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.flows import pipeline
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.books.tenant import Tenant
from ml_connector.sandbox.acumatica.options import SECOND_CLIENT_GUID, SECOND_TENANT
from ml_connector.sandbox.acumatica.partners import HILLMART, LONESTAR
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.partner.documents.x12 import Party, get
from ml_connector.sandbox.partner.partner import Partner
from ml_connector_tests.systems.acumatica.stage import ERP, INTEGRATION, Stage, open_stage, page_files

OTHER = "acumatica_test"
US = Party("ZZ", "ACMETEST", "ACMETEST")
PROFILES = {
    "lonestar": (LONESTAR, dataclasses.replace(LONESTAR, name="LONETEST", party=Party("ZZ", "LT", "LT"), us=US)),
    "hillmart": (HILLMART, dataclasses.replace(HILLMART, name="HILLTEST", party=Party("ZZ", "HT", "HT"), us=US)),
}
ALL = [profile for both in PROFILES.values() for profile in both]
LINE = {"item": "HM-OLIVEOIL1L", "unit": "CA", "price": "90"}


@dataclasses.dataclass
class Both:
    """One deployment, with a stage of each company."""

    first: Stage
    second: Stage

    @property
    def books(self) -> Mapping[str, Tenant]:
        return self.first.sandbox.acumatica.tenants

    def play(self, rounds: int = 4) -> None:
        """Whoever works first, the other one follows."""
        for at in range(rounds):
            for stage in (self.first, self.second)[:: 1 if at % 2 else -1]:
                for direction in (OUTBOUND, INBOUND):
                    steps = pipeline.steps_of(stage.integration.flows, direction)
                    pipeline.run(stage.integration, stage.work, steps)
            self.first.sandbox.clock.move(30)
            self.first.sandbox.call(self.first.world.flush)


def add_second(home: Path) -> None:
    """Another tenant with partners of its own, everything else as the page has it for the first one."""
    config = home / "connections.yaml"
    settings: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    client = f"{SECOND_CLIENT_GUID}@{SECOND_TENANT}"
    settings["connections"][OTHER] = {**settings["connections"][ERP], "tenant": SECOND_TENANT, "client_id": client}
    own = {"erp": OTHER, "partners": f"partners/{OTHER}", "identity": {"qualifier": "ZZ", "id": "ACMETEST"}}
    settings["integrations"][OTHER] = {**settings["integrations"][INTEGRATION], **own}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name, text in page_files().items():
        if name.startswith("partners/"):
            values = yaml.safe_load(text)
            _, profile = PROFILES[values["name"]]
            folders = {"receive": [f"/{profile.name}/inbox"], "send": f"/{profile.name}/outbox"}
            values |= {"identity": {"qualifier": "ZZ", "id": profile.party.id}, "channels": folders}
            path = home / "partners" / OTHER / Path(name).name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(values), encoding="utf-8")


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setattr(Partner, "number", lambda self, kind: f"SAME-{kind}")
    with open_stage(tmp_path, ALL) as first:
        add_second(tmp_path)
        with Deployment.open(first.deployment.loaded.path, clock=first.sandbox.clock) as deployment:
            made = [deployment.integration(name) for name in (INTEGRATION, OTHER)]
            for one in made:
                warm_up(one)
            stages = [Stage(first.sandbox, deployment, one, first.work) for one in made]
            found = Both(*stages)
            found.play(1)
            yield found


def rows(both: Both, tenant: str, entity: str) -> list[Record]:
    return both.first.sandbox.call(lambda: list(both.books[tenant].table(entity)))


def test_equal_numbers_of_two_companies_are_never_crossed(both: Both) -> None:
    sandbox, state = both.first.sandbox, both.first.sandbox.acumatica
    names = ("AcmeFoods", SECOND_TENANT)
    bought, quantities = {}, dict(zip(names, ("3", "7"), strict=True))
    for at, name in enumerate(names):
        tenant = both.books[name]
        (order,) = sandbox.call(lambda tenant=tenant, at=at: user.create_orders(state, seed=at + 5, tenant=tenant))
        bought[name] = order
        profiles = PROFILES["hillmart"]
        line = {**LINE, "quantity": quantities[name]}
        sandbox.call(both.first.world.order, profiles[at].name, "PO-1", [line], store="0012")
        sandbox.call(both.first.world.order, profiles[at].name, "PO-2", [line], store="0012")
    assert len({order.text("OrderNbr") for order in bought.values()}) == 1, "equal numbers"
    both.play(5)

    for name in names:
        (bill,), (receipt,) = rows(both, name, "Bill"), rows(both, name, "PurchaseReceipt")
        assert (bill.text("VendorRef"), bill.text("Vendor")) == ("SAME-I", "V000017")
        assert bill.number("Amount") == bought[name].number("OrderTotal")
        assert receipt.text("VendorRef") == "SAME-D"
        assert receipt.number("TotalQty") == sum(line.number("OrderQty") for line in bought[name].details())
        sold = rows(both, name, "SalesOrder")
        assert sorted(order.text("CustomerOrder") for order in sold) == ["PO-1", "PO-2"]
        assert {line.number("OrderQty") for order in sold for line in order.details()} == {Decimal(quantities[name])}
    assert bought[names[0]].number("OrderTotal") != bought[names[1]].number("OrderTotal")

    # A change of one company's order, and invoices of equal numbers
    sandbox.call(both.first.world.change, "HILLTEST", "PO-1", purpose="01")
    for name in names:
        (order,) = [one for one in rows(both, name, "SalesOrder") if one.text("CustomerOrder") == "PO-2"]
        tenant = both.books[name]
        sandbox.call(lambda order=order, tenant=tenant: user.deliver(state, order, "1Z0001000001", tenant=tenant))
    both.play(3)
    status = {
        name: [one.text("Status") for one in rows(both, name, "SalesOrder") if one.text("CustomerOrder") == "PO-1"]
        for name in names
    }
    assert status == {"AcmeFoods": ["Open"], SECOND_TENANT: ["Canceled"]}
    sent = {}
    for name, profile in zip(names, PROFILES["hillmart"], strict=True):
        (invoice,) = both.first.taken(profile, "810")
        big = next(one for one in invoice if one[0] == "BIG")
        sent[name] = get(big, 2)
        assert [get(one, 2) for one in invoice if one[0] == "IT1"] == [quantities[name]]
    assert len(set(sent.values())) == 1, "equal numbers"
    for profile, other in zip(PROFILES["lonestar"], PROFILES["lonestar"][::-1], strict=True):
        (order,) = both.first.taken(profile, "850")
        quantity = [get(one, 2) for one in order if one[0] == "PO1"]
        (theirs,) = both.first.taken(other, "850")
        assert quantity != [get(one, 2) for one in theirs if one[0] == "PO1"]

    found = both.first.documents("")
    assert {row.company for row in found} == {both.first.integration.erp.company, both.second.integration.erp.company}
    open_ones = [(row.flow, row.number, row.reason_detail) for row in found if row.state is S.QUARANTINED]
    assert open_ones == []
    assert both.first.world.errors == []
