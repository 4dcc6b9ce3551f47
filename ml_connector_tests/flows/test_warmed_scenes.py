"""Scenes that begin with tables read before them (support/warmed.py) begin as if they had read them."""

from pathlib import Path

from ml_connector.documents.reference import ReferenceTable
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.ledger.exchange import snapshots
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.support import warmed


def kept(stage: Scene) -> dict[str, tuple[object, ...]]:
    """Of every table its version, what it holds, and from where it is read on."""
    erp, found = stage.integration.erp, {}
    with stage.integration.ledger.read() as tx:
        for table in ReferenceTable:
            one = snapshots.load(tx, erp.connection, erp.company, table)
            assert one is not None
            found[str(table)] = (one.version, one.digest, one.row_count, one.changes, one.cursor, one.rows)
    return found


def test_a_warmed_scene_has_what_a_cold_one_reads(tmp_path: Path, fresh_url: str) -> None:
    with scene(tmp_path / "before"):
        pass
    with scene(tmp_path / "warm", ledger_url=fresh_url) as warm:
        assert not [one for one in warm.sandbox.journal.requests if "/sync/" in one.path], "nothing was read"
        given = kept(warm)
        read_on = [sync_table(warm.integration.ledger, warm.integration.erp, table) for table in ReferenceTable]
        assert not any(one.changed for one in read_on)
    known = dict(warmed._KNOWN)
    warmed._KNOWN.clear()
    try:
        with scene(tmp_path / "cold") as cold:
            assert kept(cold) == given
    finally:
        warmed._KNOWN.update(known)
