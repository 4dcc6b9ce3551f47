"""Nothing that a run, a sensor, a check or a list asks grows with what is finished (DESIGN section 7).

A ledger with a long history, with statistics and without: every statement is measured by the rows or steps it costs.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from ml_connector.cli import app
from ml_connector.clock import FileClock
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.audit.chain_heads import export_heads
from ml_connector.ledger.audit.upkeep import statistics, upkeep
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import related
from ml_connector.ledger.search import queries
from ml_connector.ledger.tables.documents import metadata
from ml_connector.ledger.work import documents, tallies
from ml_connector.ledger.work.documents import Actor, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.orchestration.stage import Stage, open_stage
from ml_connector_tests.support.effort import measured
from ml_connector_tests.support.history import TABLES, multiply

#: Copies of some fifteen documents.
COPIES = 1000
#: Rows that PostgreSQL, steps that SQLite may take for a statement: less than one for each document of the history.
BOUND = {"postgresql": 4000, "sqlite": 20_000}
LISTS = (
    "documents list",
    "documents list --held",
    "documents list --integration exact_cleo --limit 20",
    "documents list --flow invoices_in --partner northwind",
    "documents list --partner northwind",
    "documents list --state posted",
    "documents list --state rejected",
    "documents list --state sent --state acknowledged --kind order",
    "documents list --reason duplicate_invoice_number",
    "documents list --number INV-1",
    "documents list --number northwind",
    "documents list --number 1512.50",
    "documents list --number northwind --held",
    "documents list --direction out",
    "documents list --date 2026-11-20",
    "documents list --from 2026-11-19",
    "documents list --before 1000000 --state posted",
    "documents show 1",
    "trace PO-1",
    "ledger totals",
    "ledger totals --date 2026-11-20",
    "ledger numbers",
    "reference list",
    "webhooks list exact_nl",
    "credentials status",
)


@pytest.fixture
def stage(tmp_path: Path, fresh_url: str, fresh_instance: dg.DagsterInstance) -> Iterator[Stage]:
    with open_stage(tmp_path / "home", fresh_instance, ledger_url=fresh_url) as made:
        yield made


def _past(stage: Stage) -> None:
    """Documents of every kind and end, and copies of them in the days before."""
    ledger = stage.scene.deployment.ledger
    if ledger.engine.dialect.name == "postgresql":
        with ledger.write() as tx:
            for name in TABLES:
                tx.exec_driver_sql(f"ALTER TABLE {name} SET (autovacuum_enabled = false)")
                if "id" in metadata.tables[name].c:
                    # Of all rows: of a sample that is drawn by chance, plans would change from run to run.
                    tx.exec_driver_sql(f"ALTER TABLE {name} ALTER COLUMN id SET STATISTICS 1000")
    stage.scene.invoice(stage.scene.orders(3))
    assert stage.inbound().success
    assert stage.outbound().success
    _ends(ledger)
    multiply(ledger, COPIES)
    assert stage.scene.sandbox.clock_file is not None
    FileClock(stage.scene.sandbox.clock_file).move(2 * 3600)
    upkeep(ledger)
    export_heads(ledger, stage.scene.deployment.heads_file)


def _ends(ledger: Ledger) -> None:
    """Documents that ended otherwise than well, and an answer that a person has to act on."""
    invoices = [(S.REJECTED, "bad_value"), (S.DUPLICATE, "duplicate_invoice_number"), (S.DISCARDED, "discarded")]
    by = Actor("test")
    with ledger.write() as tx:
        new = [_new(reason, DocumentKind.INVOICE) for _, reason in invoices]
        new.append(_new("A-1", DocumentKind.ORDER_ACKNOWLEDGMENT, "acknowledgments_in"))
        added = documents.add_documents(tx, new, by)
        for one, (state, reason) in zip(added, invoices, strict=False):
            documents.move(tx, [Move(one.id, state, "ended", changes={"reason": reason})], by)
        applied = [Move(added[-1].id, S.PARSED, "parsed"), Move(added[-1].id, S.APPLIED, "applied")]
        documents.move(tx, [*applied, Move(added[-1].id, None, "", changes={"reason": "order_changed"})], by)


def _new(number: str, kind: DocumentKind, flow: str = "invoices_in") -> NewDocument:
    return NewDocument(
        kind=kind,
        direction=Direction.IN,
        flow=flow,
        integration="exact_cleo",
        connection="exact_nl",
        company="1",
        network="cleo_prod",
        number=number,
        state=S.RECEIVED,
        canonical="{}",
        partner="northwind",
        partition_date=date(2025, 12, 1),
    )


def _a_day(stage: Stage) -> None:
    """What a deployment asks its ledger."""
    stage.scene.invoice(stage.scene.orders(3))
    stage.scene.invoice(stage.scene.orders(1, received=False))
    for sensor in ("exact_cleo_inbound_sensor", "exact_cleo_outbound_sensor", "dead_run_sensor"):
        stage.tick(sensor)
    for run in (stage.inbound(), stage.outbound(), stage.plain("standing"), stage.inbound("replay")):
        assert run.success, run.failures
    with stage.scene.deployment.ledger.read() as tx:
        queries.overdue(tx, "exact_cleo")
        queries.search(tx, "po-1")
        related.last_received(tx, "exact_cleo", "northwind")
        tallies.is_loose(tx)
    for words in LISTS:
        assert app.run(words.split()) in {0, 1}, words


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("analyzed", [False, True], ids=["without statistics", "with statistics"])
def test_no_statement_grows_with_what_is_finished(
    stage: Stage, analyzed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = stage.scene.deployment.ledger
    monkeypatch.setattr("ml_connector.ledger.audit.upkeep._SMALL", 10**12)
    _past(stage)
    monkeypatch.setattr("ml_connector.ledger.audit.upkeep._SMALL", 1 if analyzed else 10**12)
    statistics(ledger)
    bound = BOUND[ledger.engine.dialect.name]
    with measured() as efforts:
        _a_day(stage)
    assert len(efforts.of) > 100
    assert not efforts.above(bound), efforts.told(bound)
