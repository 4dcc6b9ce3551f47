"""The ledger of an existing deployment: it migrates, verifies, and a sync over it goes on where it stopped."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database import schema
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import document, event, operation
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.server import Sandbox
from ml_connector.sandbox.truecommerce.state import PASSWORD
from ml_connector_tests.ledger.existing import loading
from ml_connector_tests.ledger.existing.scenes import configuration, sandbox_of_then
from ml_connector_tests.support.deployment import INTEGRATION, open_over
from ml_connector_tests.systems.truecommerce import stage as truecommerce


@pytest.fixture
def existing_url(empty_url: str) -> str:
    """The existing ledger, not migrated, on each kind of database in turn."""
    return loading.load(empty_url)


def test_it_migrates_and_verifies(existing_url: str) -> None:
    ledger = Ledger.open(existing_url)
    assert schema.differences(ledger.engine) == []
    report = verify(ledger, heads_file=loading.HEADS_FILE)
    assert report.problems == []
    assert report.checked["documents"] > 200
    ledger.close()


def test_what_was_written_to_orders_is_known_with_them(existing_url: str) -> None:
    """Else a setting that changes later would make an order change of what the supplier proposed itself."""
    ledger = Ledger.open(existing_url)
    answer, order = document.alias(), document
    written = (
        sa.select(answer.c.parent_id, sa.func.count())
        .join(operation, operation.c.document_id == answer.c.id)
        .where(answer.c.flow == "acknowledgments_in", operation.c.state == "done")
        .group_by(answer.c.parent_id)
    )
    with ledger.read() as tx:
        expected = {row[0]: row[1] for row in tx.execute(written)}
        noted = sa.select(order.c.id, order.c.source_changes).where(order.c.source_changes.is_not(None))
        found = {row.id: len(row.source_changes) for row in tx.execute(noted)}
    assert expected
    assert found == expected
    ledger.close()


def _last_moment(ledger: Ledger) -> datetime:
    with ledger.read() as tx:
        found: datetime = tx.execute(sa.select(sa.func.max(event.c.at))).scalar_one()
        return found


@dataclass
class Existing:
    """The existing deployment, its program up to date, over the sandbox with what Exact had then."""

    sandbox: Sandbox
    deployment: Deployment
    work: RunScope

    @property
    def integrations(self) -> tuple[Integration, Integration]:
        return self.deployment.integration(INTEGRATION), self.deployment.integration(truecommerce.INTEGRATION)

    def play(self, rounds: int) -> None:
        for _ in range(rounds):
            for integration in self.integrations:
                pipeline.run(integration, self.work, pipeline.OUTBOUND)
            self.sandbox.clock.move(30)
            assert self.sandbox.partner is not None
            self.sandbox.call(self.sandbox.partner.flush)
            self.sandbox.call(self.sandbox.truecommerce.manager.flush)
            for integration in self.integrations:
                pipeline.run(integration, self.work, pipeline.INBOUND)

    def states(self, flow: str) -> dict[tuple[str, int], str]:
        query = sa.select(document.c.number, document.c.revision, document.c.state).where(document.c.flow == flow)
        with self.deployment.ledger.read() as tx:
            return {(row.number, row.revision): row.state for row in tx.execute(query)}


@pytest.fixture
def existing(tmp_path: Path, existing_url: str) -> Iterator[Existing]:
    home = tmp_path / "home"
    truecommerce.write_partners(home, {})
    ledger = Ledger.open(existing_url)
    moment = _last_moment(ledger)
    ledger.close()
    with sandbox_of_then(home, moment) as sandbox:
        changes = configuration(sandbox, home)
        with (
            open_over(home, sandbox.addresses(), ledger_url=existing_url, changes=changes) as opened,
            Deployment.open(opened[0], clock=sandbox.clock) as deployment,
            worker(deployment.ledger) as lease,
        ):
            shutil.copy(loading.HEADS_FILE, deployment.heads_file)
            deployment.vault.put("tc_prod_password", Secret(PASSWORD))
            yield Existing(sandbox, deployment, RunScope(holder=lease.name, actor="test"))


def test_a_sync_over_it_goes_on(existing: Existing) -> None:
    """What was sent is not sent again, what was under way goes on, what is new comes and goes as ever."""
    before = existing.states("orders_out")
    world = existing.sandbox.partner
    assert world is not None
    new = existing.sandbox.call(user.create_orders, existing.sandbox.exact, 3, seed=50)
    existing.play(5)
    after = existing.states("orders_out")
    numbers = {str(order["OrderNumber"]) for order in new}
    assert {key for key in after if key not in before} == {(number, 0) for number in numbers}, "no revision of old ones"
    under_way = {number for (number, _), state in before.items() if state in {"read", "resolved", "rendered"}}
    arrived = world.consumer.orders()
    assert set(arrived) == numbers | under_way
    assert set(arrived.values()) == {1}
    assert {state for (number, _), state in after.items() if number in numbers} <= {"acknowledged"}
    report = verify(existing.deployment.ledger, heads_file=existing.deployment.heads_file)
    assert report.problems == []


def test_what_changed_a_line_says_which(existing_url: str) -> None:
    """Read out of the other side's id before; from now on nobody does."""
    ledger = Ledger.open(existing_url)
    o = operation.c
    with ledger.read() as tx:
        rows = tx.execute(sa.select(o.kind, o.ref, o.shares, o.outside_id).where(o.kind != "upload")).all()
    lines = [row for row in rows if row.kind == "purchase_order_line"]
    assert lines
    assert all(row.ref == row.outside_id and row.shares for row in lines if row.outside_id)
    assert all(row.ref is None and row.shares is None for row in rows if row.kind != "purchase_order_line")
