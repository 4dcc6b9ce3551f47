"""Replays: by the command line's way, by a partition, by documents; all end alike and write nothing twice."""

from typing import Any

import pytest

from ml_connector.flows import operator_actions, pipeline
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_files_end_to_end import deliver, states
from ml_connector_tests.hostile.interchanges import Envelope, Invoice


def spoil(stage: Scene) -> None:
    """Posted, held for a blocked supplier, held for its price, a repeat, a rejected one, and an order that was sent."""
    quiet = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}
    stage.world.behave("NORTHWIND", quiet)
    good, blocked, dear = stage.orders(3)
    stage.outbound()
    deliver(stage, Invoice("G-1", good).bytes(), "good.edi")
    deliver(stage, Invoice("G-1", good).bytes(), "again.edi")
    deliver(stage, Invoice("R-1", good, date="never").bytes(), "rejected.edi")
    stage.invoice([dear], {"overcharge_percent": "50"})
    stage.inbound()
    block(stage, "B")
    deliver(stage, Invoice("B-1", blocked).bytes(), "blocked.edi")
    stage.sandbox.clock.move(60)
    sync(stage)
    stage.inbound()
    block(stage, "A")
    sync(stage)


def block(stage: Scene, status: str) -> None:
    values = {"Blocked": status == "B"}
    stage.sandbox.call(user.edit, stage.sandbox.exact, "crm/Accounts", "20011", values)


def sync(stage: Scene) -> None:
    from ml_connector.documents.reference import ReferenceTable
    from ml_connector.flows.reference.syncing import sync_table

    stage.sandbox.clock.move(5)
    sync_table(stage.deployment.ledger, stage.integration.erp, ReferenceTable.VENDORS)


def whole(stage: Scene) -> list[tuple[str, str, str | None]]:
    rows = stage.documents()
    return sorted((row.number, str(row.state), row.reason) for row in rows if row.flow != "acknowledgments_out")


@pytest.mark.parametrize("way", ["documents", "partition", "prepared"])
def test_every_way_of_replay_ends_alike(stage: Scene, way: str) -> None:
    spoil(stage)
    before = whole(stage)
    assert ("B-1", "quarantined", "supplier_blocked") in before
    rows = stage.documents()
    if way == "prepared":
        operator_actions.prepare_replay(
            stage.integration, stage.work, [row for row in rows if row.state is S.QUARANTINED]
        )
    limits: dict[str, Any] = {"documents": tuple(row.id for row in rows)}
    if way == "partition":
        limits = {"partitions": tuple({row.partition_date for row in rows})}
    uploads = sum(stage.world.consumer.documents().values())
    stage._run(pipeline.INBOUND[1:], {"replay": True, **limits})
    stage._run(pipeline.OUTBOUND[1:], {"replay": True, **limits})
    after = whole(stage)
    assert [one for one in after if one not in before] == [("B-1", "posted", None)]
    assert len(stage.posted()) == 2
    assert sum(stage.world.consumer.documents().values()) == uploads
    assert verify.verify(stage.deployment.ledger).clean


def test_a_dry_replay_changes_nothing(stage: Scene) -> None:
    spoil(stage)
    before, writes = whole(stage), stage.sandbox.journal.as_counts()["writes"]
    events = sum(row.events for row in stage.documents())
    stage.inbound(replay=True, dry_run=True)
    stage.outbound(replay=True, dry_run=True)
    assert whole(stage) == before
    assert sum(row.events for row in stage.documents()) == events
    assert stage.sandbox.journal.as_counts()["writes"] == writes


def test_a_refused_order_is_not_sent_again_behind_a_newer_revision(stage: Scene) -> None:
    silent = {"ship": "never", "invoice": "never", "confirm": "never"}
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "reject", **silent}, times=1)
    play(stage)
    stage.world.behave("NORTHWIND", silent)
    quantity = order["lines"][0]["quantity"] + 1
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, quantity=quantity)
    play(stage)
    first = min(stage.documents("orders_out"), key=lambda row: row.revision)
    assert first.state is S.REFUSED
    operator_actions.prepare_replay(stage.integration, stage.work, [first])
    play(stage)
    assert [str(row.state) for row in stage.documents("orders_out")] == ["refused", "acknowledged"]


def play(stage: Scene) -> None:
    stage.outbound()
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()


def test_a_production_interchange_of_a_partners_test_identity_waits(stage: Scene) -> None:
    """A test identity in production would post what the partner meant for a trial."""
    partner = stage.integration.partners["northwind"]
    test = partner.identity.model_copy(update={"id": "NORTHWINDT"})
    stage.integration.partners["northwind"] = partner.model_copy(  # type: ignore[index]
        update={"test_identity": test}
    )
    (order,) = stage.orders(1)
    deliver(stage, Invoice("T-1", order, envelope=Envelope(sender="NORTHWINDT")).bytes())
    stage.inbound()
    assert states(stage) == [("quarantined", "test_on_production")]
