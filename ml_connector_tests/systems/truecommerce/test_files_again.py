"""A file that lies there once more after it was read is taken away once more, and read as nothing new."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.sftp.tree import File
from ml_connector_tests.layouts.made_xml import ubl
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage

NAME = "again.xml"
SETTINGS = {"layouts": {"receive": ["ubl_invoice"]}, "cost_center": "OPS", "gl_account": "4400"}
DATA = ubl().replace("<a:OrderReference><b:ID>4711</b:ID></a:OrderReference>", "").replace("ACME", "31205551234")


@pytest.fixture(params=["rename", "move", "delete"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    policy = {"after_read": request.param} | ({"move_to": "Done"} if request.param == "move" else {})
    with open_stage(tmp_path / "home", partners={"lumen": SETTINGS}, **policy) as made:
        state = made.sandbox.truecommerce.state
        made.sandbox.call(state.tree.make, f"{state.export_path}/Done")
        yield made


def laid(stage: Stage) -> File:
    file: File = stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, NAME, DATA.encode())
    return file


def laid_as_it_was(stage: Stage, file: File) -> None:
    """As a person gives a file its place again: with the size and the time that it had."""
    state = stage.sandbox.truecommerce.state
    stage.sandbox.call(state.tree.folder(state.export_path).entries.__setitem__, NAME, file)


def lies_there(stage: Stage) -> bool:
    state = stage.sandbox.truecommerce.state
    return NAME in stage.sandbox.call(lambda: [name for name, _ in state.tree.files(state.export_path)])


def read(stage: Stage) -> None:
    """The first run reads, and takes away what it can; the second one what is left."""
    for _ in range(2):
        stage.inbound()
        stage.sandbox.clock.move(60)


def test_it_is_taken_away_each_time_and_posted_once(stage: Stage) -> None:
    for _ in range(3):
        laid(stage)
        read(stage)
        assert not lies_there(stage)
    assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED]
    assert verify.verify(stage.deployment.ledger).clean


def test_it_is_taken_away_too_with_the_time_that_it_had(stage: Stage) -> None:
    file = laid(stage)
    read(stage)
    for _ in range(2):
        laid_as_it_was(stage, file)
        read(stage)
        assert not lies_there(stage)
    assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED]
    assert verify.verify(stage.deployment.ledger).clean
