"""A file that stays under a temporary name is told; it is read when it gets its name."""

from datetime import timedelta

import pytest

from ml_connector.flows import monitoring
from ml_connector.flows.inbound import polling, receiving
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import remote_listing
from ml_connector.ledger.exchange.remote_listing import SeenFile
from ml_connector.systems.mailboxes import left_in_folders
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.clocks import StillClock

HOUR = timedelta(hours=1).total_seconds()


def _noted(ledger: Ledger, *files: SeenFile, temporary: bool = False) -> int:
    with ledger.write() as tx:
        return remote_listing.note_listing(tx, "net", "/in", files, temporary=temporary)


def _stays(ledger: Ledger, clock: StillClock) -> list[str]:
    since = clock.now() - timedelta(hours=2)
    with ledger.read() as tx:
        return [one.name for one in remote_listing.temporary(tx, "net", ["/in"], same_since=since, listed_since=since)]


def test_one_that_grows_or_is_gone_is_not_told(ledger: Ledger, clock: StillClock) -> None:
    for size in (1, 2, 3):
        _noted(ledger, SeenFile("1", "a.edi.tmp", size), SeenFile("2", "b.edi.tmp", 7), temporary=True)
        clock.move(HOUR)
    assert _stays(ledger, clock) == ["b.edi.tmp"]
    for _ in range(3):
        _noted(ledger, SeenFile("1", "a.edi.tmp", 3), temporary=True)
        clock.move(HOUR)
    assert _stays(ledger, clock) == ["a.edi.tmp"], "the other one has gone"


@pytest.mark.parametrize("remote_id", ["1", "2"])
def test_under_its_own_name_it_is_read(ledger: Ledger, clock: StillClock, remote_id: str) -> None:
    """Some servers keep a file's id when it is renamed."""
    _noted(ledger, SeenFile("1", "a.edi.tmp", 3), temporary=True)
    with ledger.read() as tx:
        assert remote_listing.ready_files(tx, "net", "/in", timedelta(0)) == []
    assert _noted(ledger, SeenFile(remote_id, "a.edi", 3)) == 1
    with ledger.read() as tx:
        assert [one.name for one in remote_listing.ready_files(tx, "net", "/in", timedelta(0))] == ["a.edi"]


def test_it_is_an_alert_and_stands_in_check(stage: Scene) -> None:
    stage.sandbox.call(stage.world.partners["NORTHWIND"].drop, "temporary")
    assert receiving.receive(stage.integration, stage.work).counts["fetched"] == 0
    assert not monitoring.standing_causes(stage.integration)
    stage.sandbox.clock.move(3 * HOUR)
    polling.look_at_all(stage.integration)
    (cause,) = monitoring.standing_causes(stage.integration)
    assert cause.cause == "exact_cleo/temporary_files"
    assert ".edi.tmp" in cause.lines[0]
    settings = stage.deployment.loaded.mailbox("cleo_prod")
    (found,) = left_in_folders("cleo_prod", settings, stage.deployment, stage.deployment.usage("cleo_prod"))
    assert "temporary name" in found.message
