"""Customers that Acumatica does not have: held with what it takes to create them, or created once with their order."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.errors import RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import NEW_CUSTOMERS, target_of
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.partners import HILLMART
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.new_customers import new_customer
from ml_connector_tests.systems.acumatica.stage import Stage, open_stage

CREATE = {"unknown_customers": "create", "customer_class": "GROCERY"}


@contextmanager
def stranger(home: Path, **sales: Any) -> Iterator[Stage]:
    """A grocery chain that is no customer yet."""
    with open_stage(home) as stage:
        path = home / "partners" / "acumatica_cleo" / "hillmart.yaml"
        values = {**yaml.safe_load(path.read_text()), "customer": "C000777", "sales": sales}
        path.write_text(yaml.safe_dump(values))
        with stage.reopened() as again:
            again.run()
            yield again


def orders(stage: Stage, *numbers: str, buyer: str = "Newmart Inc.") -> None:
    who = stage.world.partners[HILLMART.name]
    sets: list[list[Segment]] = [
        [
            ["850"], ["BEG", "00", "SA", number, "", "20261129"], ["N1", "BY", buyer], ["N3", "5 Elm St"],
            ["N4", "Waco", "TX", "76701", "US"], ["PO1", "1", "2", "EA", "4.25", "", "VP", "WIDGET1"], ["CTT", "1"],
        ]
        for number in numbers
    ]  # fmt: skip
    stage.sandbox.call(who.send, "850", sets, [], who.behaviour)


def found(stage: Stage) -> dict[str, DocumentRow]:
    return {row.number: row for row in stage.documents("sales_orders_in")}


def test_two_orders_that_come_together_create_one_customer(tmp_path: Path) -> None:
    with stranger(tmp_path, **CREATE) as stage:
        orders(stage, "PO-1", "PO-2", "PO-3")
        for _ in range(3):
            stage.run()
            stage.sandbox.clock.move(1000)
        assert {number: row.state for number, row in found(stage).items()} == dict.fromkeys(
            ("PO-1", "PO-2", "PO-3"), S.POSTED
        ), [row.reason_detail for row in found(stage).values()]
        (made,) = [row for row in stage.rows("Customer") if row.text("CustomerName") == "Newmart Inc."]
        assert (made.text("CustomerID"), made.text("CustomerClass"), made.text("Terms")) == (
            "C000777",
            "GROCERY",
            "30D",
        )
        assert made.link("MainContact").link("Address").text("City") == "Waco"
        assert {row.text("CustomerID") for row in stage.rows("SalesOrder")} == {"C000777"}
        assert len(stage.rows("SalesOrder")) == 3


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_a_customer_whose_answer_is_lost_is_created_once(tmp_path: Path, kind: FaultKind) -> None:
    """Also where the site gives a number of its own, so that none is a key."""
    with stranger(tmp_path, **CREATE) as stage:
        stage.sandbox.acumatica.options.own_numbers = "replaced"
        fault = Fault(kind, system="acumatica", method="PUT", path="*/Customer", seconds=60.0, real_time=False)
        stage.sandbox.call(stage.sandbox.faults.add, fault)
        orders(stage, "PO-1", "PO-2")
        for _ in range(5):
            with suppress(TryAgain):
                stage.run()
            stage.sandbox.clock.move(1000)
        assert {row.state for row in found(stage).values()} == {S.POSTED}, [
            row.reason_detail for row in found(stage).values()
        ]
        assert len([row for row in stage.rows("Customer") if row.text("CustomerName") == "Newmart Inc."]) == 1
        assert len({row.text("CustomerID") for row in stage.rows("SalesOrder")}) == 1
        assert [one.count for one in stage.sandbox.faults.faults if one.count] == []


def test_an_unknown_customer_is_held_with_a_proposal_and_goes_on_when_it_is_there(tmp_path: Path) -> None:
    with stranger(tmp_path) as stage:
        orders(stage, "PO-1")
        stage.run()
        (row,) = found(stage).values()
        assert row.reason == "unknown_customer"
        data = (row.reason_detail or {})["data"]
        assert data["proposal"] == {
            "code": "C000777", "name": "Newmart Inc.", "street": ["5 Elm St"], "city": "Waco", "region": "TX",
            "postal_code": "76701", "country": "US",
        }  # fmt: skip
        assert stage.rows("SalesOrder") == []


def test_a_customer_that_cannot_be_created_says_what_is_missing(tmp_path: Path) -> None:
    with stranger(tmp_path, unknown_customers="create") as stage:
        orders(stage, "PO-1", buyer="")
        stage.run()
        (row,) = found(stage).values()
        assert row.reason == "unknown_customer"
        told = (row.reason_detail or {})["message"]
        assert "a template (`customer_class`) and a name (N1 BY) is not there" in told
        assert [one.text("CustomerID") for one in stage.rows("Customer")].count("C000777") == 0


def test_a_customer_that_is_there_is_taken_as_it_is_and_a_class_that_is_none_refused(bench: Bench) -> None:
    erp = bench.erp()
    target = target_of(erp, NEW_CUSTOMERS)
    first, again = (bench.store(erp, target.plan(new_customer(), "")[0]) for _ in range(2))
    made = erp.write(first)
    assert erp.write(again).outside_id == made.outside_id == "C000888"
    assert erp.find_written([again])[again.id].outside_id == "C000888"
    with pytest.raises(RefusedBySystem, match="Customer Class 'NOBODYS' cannot be found"):
        erp.write(
            bench.store(erp, target.plan(new_customer(code="C000889", reference="9", customer_class="NOBODYS"), "")[0])
        )
    twin = {"CustomerID": "C000890", "CustomerName": "Twin", "AccountRef": "4711-8"}
    bench.sandbox.call(user.put, bench.state, "Customer", twin)
    with pytest.raises(RefusedBySystem, match="several customers are C000888 or 4711-8"):
        erp.write(bench.store(erp, target.plan(new_customer(), "")[0]))
