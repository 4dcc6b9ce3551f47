"""Read files are taken away beside what is posted, and never keep it or the next run waiting."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.inbound import file_disposal
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import an_invoice, deliver, in_folder


@pytest.fixture
def removing(tmp_path: Path, fresh_url: str) -> Iterator[Scene]:
    changes = {"connections": {"cleo_prod": {"after_read": "delete"}}}
    with scene(tmp_path / "home", ledger_url=fresh_url, changes=changes) as made:
        yield made


def together(stage: Scene) -> dict[str, StepReport]:
    reports = pipeline.run_together(stage.integration, stage.work, pipeline.INBOUND_TOGETHER)
    return {report.step: report for report in reports}


def test_what_is_posted_goes_before_what_is_tidied(removing: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices, receipts, invoices and 997s all begin while the first read file is still being taken away."""
    stage = removing
    for order in stage.orders(4):
        stage.invoice([order])
    real, first, posted_by_then = stage.integration.network.dispose, [], []

    def slow(*arguments: Any, **named: Any) -> None:
        if not first:
            first.append(True)
            deadline = time.monotonic() + 60
            while (len(stage.posted()) < 4 or stage.documents("acknowledgments_out", states=(S.SENT,)) == []) and (
                time.monotonic() < deadline
            ):
                time.sleep(0.05)
            posted_by_then.append(len(stage.posted()))
        real(*arguments, **named)

    monkeypatch.setattr(stage.integration.network, "dispose", slow)
    together(stage)
    assert posted_by_then == [4]
    assert in_folder(stage) == []


def test_a_run_does_not_stay_for_what_can_be_tidied_later(removing: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its channel is busy as long as it stays; the next run, which the sensor asks for, goes on with it."""
    stage = removing
    for order in stage.orders(3):
        stage.invoice([order])
    monkeypatch.setattr(file_disposal, "LINGER_SECONDS", -1.0)
    report = stage.inbound()["take away"]
    assert report.notes == ["3 read files are taken away next time"]
    assert len(in_folder(stage)) == 3
    monkeypatch.undo()
    together(stage)
    assert in_folder(stage) == []


def test_a_dry_run_takes_nothing_away(removing: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = removing
    stage.invoice(stage.orders(1))
    monkeypatch.setattr(file_disposal, "LINGER_SECONDS", -1.0)
    stage.inbound()
    monkeypatch.undo()
    stage.inbound(dry_run=True)
    assert len(in_folder(stage)) == 1


def test_a_file_that_lies_there_once_more_is_taken_away_once_more(removing: Scene) -> None:
    """The very same one, as servers have it whose files are known by their path: its bytes and its time are the same,
    or its time is another."""
    stage = removing
    delivered = deliver(stage, an_invoice(stage))
    stage.inbound()
    for time_of_it in (None, stage.sandbox.clock.now() + timedelta(minutes=1)):
        assert in_folder(stage) == []
        stage.sandbox.clock.move(60)
        delivered.modified = time_of_it or delivered.modified
        stage.sandbox.call(stage.sandbox.cleo.folders.put_back, delivered)
        assert in_folder(stage) == ["a.edi"]
        stage.inbound()
        stage.inbound()
    assert in_folder(stage) == []
    assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED]
