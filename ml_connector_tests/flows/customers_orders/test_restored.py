"""After a restore nothing that a customer may have is sent to it again without a word of a person or an answer."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_connector.documents.common import changed
from ml_connector.flows import restore_settling
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.audit import chain_heads, restores
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.customers_orders.made import D
from ml_connector_tests.flows.customers_orders.office import Office, customers_office
from ml_connector_tests.flows.shipments_out.test_told import shipment

FLOWS = ("order_acks_out", "shipments_out")


@contextmanager
def restored(home: Path, monkeypatch: pytest.MonkeyPatch, *, witnessed: bool) -> Iterator[Office]:
    """An order was posted, a backup was made, its 855 and 856 were sent; then the backup came back.

    witnessed: what left is known from the file beside the database.
    """
    ledger, backup = home / "ledger.db", home / "backup.db"
    with customers_office(home, monkeypatch) as office:
        office.run()
        one = office.ordered()
        office.answer()
        chain_heads.export_heads(office.deployment.ledger, office.deployment.heads_file)
        with sqlite3.connect(ledger) as here, sqlite3.connect(backup) as there:
            here.backup(there)
        for source in (office.books.orders, office.books.shipments):
            source.entered_at = office.clock.now()
        office.books.shipments.save(shipment(one.id))
        office.run()
        assert [state for flow in FLOWS for _, state in office.states(flow)] == [S.SENT, S.SENT]
        chain_heads.export_heads(office.deployment.ledger, office.deployment.heads_file)
    for left in home.glob("ledger.db*"):
        left.unlink()
    shutil.copy(backup, ledger)
    if not witnessed:
        for beside in home.glob("*departures*"):
            beside.unlink()
    with customers_office(home, monkeypatch, before=office) as again:
        yield again


def settled(office: Office, *, arrived: bool) -> None:
    """A person says what became of what is in doubt."""
    with office.deployment.ledger.read() as tx:
        lost = restores.open_of(tx)
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="clerk")
        restore_settling.settle(office.integration, work, lost, arrived=arrived, why="asked")


@pytest.mark.parametrize("witnessed", [True, False])
@pytest.mark.parametrize(("arrived", "sent"), [(True, 2), (False, 4)])
def test_what_may_have_left_is_held_until_a_person_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, witnessed: bool, arrived: bool, sent: int
) -> None:
    with restored(tmp_path / "home", monkeypatch, witnessed=witnessed) as office:
        office.run()
        found = {flow: [(row.state, row.reason) for row in office.rows(flow)] for flow in FLOWS}
        assert found == {flow: [(S.QUARANTINED, "may_have_left")] for flow in FLOWS}
        assert len(office.sent()) == 2
        if not witnessed:
            return  # how far its numbers were used has to be said first
        settled(office, arrived=arrived)
        office.run()
        assert [state for flow in FLOWS for _, state in office.states(flow)] == [S.SENT, S.SENT]
        assert len(office.sent()) == sent


def test_one_that_was_changed_since_is_never_silently_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with restored(tmp_path / "home", monkeypatch, witnessed=True) as office:
        (one,) = [record.document for record in office.books.shipments.by_id(["SH1"])]
        office.books.shipments.save(changed(one, lines=(changed(one.lines[0], quantity=D(2)),)))
        office.run()
        settled(office, arrived=True)
        office.run()
        (row,) = office.rows("shipments_out")
        assert (row.state, row.reason) == (S.QUARANTINED, "changed_after_sending")
        assert len([one for one in office.sent() if one.number == "SH1"]) == 1
