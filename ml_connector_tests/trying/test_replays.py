"""What a replay would do, told by a run over a scratch ledger: the same as the replay does, and nothing is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.errors import ConfigError, NotPossibleError
from ml_connector.flows import operator_actions
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.trying.replays import MOST, try_replay
from ml_connector_tests.flows.scenes import Scene, scene

SILENT = {"confirm": "never", "ship": "never", "invoice": "never"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


def test_an_order_that_was_refused_would_be_sent_again(stage: Scene) -> None:
    stage.world.behave("NORTHWIND", {"acknowledge": "reject", **SILENT})
    stage.orders(1, received=False)
    for _ in range(2):
        stage.outbound()
        stage.sandbox.clock.move(30)
        stage.sandbox.call(stage.world.flush)
        stage.inbound()
    [row] = stage.documents("orders_out")
    assert row.state is S.REFUSED
    [tried] = try_replay(stage.deployment, [row.id]).documents
    assert tried.after is S.SENT
    [write] = tried.writes
    assert (write.kind, write.payload[:3]) == ("upload", "ISA")
    assert stage.documents("orders_out") == [row]
    operator_actions.prepare_replay(stage.integration, stage.work, [row])
    stage.outbound(documents=(row.id,), replay=True)
    [after] = stage.documents("orders_out")
    assert after.state is tried.after


def test_a_held_invoice_stays_held_and_what_is_posted_writes_nothing(stage: Scene) -> None:
    orders = stage.orders(2)
    stage.invoice(orders[:1])
    stage.invoice(orders[1:], {"overcharge_percent": "12.5"})
    stage.inbound()
    rows = stage.documents("invoices_in")
    told = {one.row.id: one for one in try_replay(stage.deployment, [row.id for row in rows]).documents}
    for row in rows:
        assert told[row.id].after is row.state
        assert told[row.id].writes == []
        reason = told[row.id].reason
        assert (reason.code if reason else None) == row.reason
    assert stage.documents("invoices_in") == rows


def test_what_there_is_not_or_too_much_is_refused(stage: Scene) -> None:
    with pytest.raises(ConfigError, match="no document 7"):
        try_replay(stage.deployment, [7])
    stage.invoice(stage.orders(MOST + 1))
    stage.inbound()
    with pytest.raises(NotPossibleError, match="cannot be tried at once"):
        try_replay(stage.deployment, [row.id for row in stage.documents("invoices_in")])
