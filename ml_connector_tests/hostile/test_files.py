"""Whatever is left in a folder: every file's bytes are kept, its documents say what is wrong, its neighbours flow.

All of them are delivered at once and read by one run, so that one that stops the others shows.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ml_connector.errors import Reason
from ml_connector.ledger.audit import verify
from ml_connector.ledger.tables.documents import document, envelope_group, interchange
from ml_connector_tests.hostile.file_cases import CASES, Case
from ml_connector_tests.hostile.stage import Stage, attacked

#: Until a file without an end is taken to stay so (incomplete_minutes).
WAIT_SECONDS = 11 * 60
LONGEST_MESSAGE = 700
LONGEST_DETAIL = 100_000


@dataclass
class Delivered:
    case: Case
    remote_id: str
    data: Any


@dataclass
class Flood:
    """The scene after all files were read. neighbours: ids of good files delivered between the hostile ones."""

    stage: Stage
    files: dict[str, Delivered]
    neighbours: list[str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def flood(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flood]:
    home = tmp_path_factory.mktemp("flood") / "home"
    if request.param == "sqlite":
        with attacked(home) as stage:
            yield _flood(stage)
        return
    with request.getfixturevalue("postgres_server").database() as url, attacked(home, ledger_url=url) as stage:
        yield _flood(stage)


def _flood(stage: Stage) -> Flood:
    orders = iter(stage.scene.orders(len(CASES) + len(CASES) // 10 + 2))
    flood = Flood(stage, {}, [])
    for number, case in enumerate(CASES):
        if number % 10 == 0:
            flood.neighbours.append(_deliver_good(stage, next(orders), f"N-{number}"))
        data = case.make(next(orders), f"H-{number}")
        listed = {} if case.listed is None else {"listed_size": case.listed}
        flood.files[case.id] = Delivered(case, stage.deliver(case.name, data, **listed), data)
    stage.inbound()
    stage.scene.sandbox.clock.move(WAIT_SECONDS)
    stage.inbound()
    flood.neighbours.append(_deliver_good(stage, next(orders), "N-last"))
    stage.inbound()
    return flood


def _deliver_good(stage: Stage, order: Any, number: str) -> str:
    from ml_connector_tests.hostile.interchanges import Invoice

    return stage.deliver(f"{number}.edi", Invoice(number, order).bytes())


@pytest.fixture(params=CASES, ids=[case.id for case in CASES])
def file(request: pytest.FixtureRequest, flood: Flood) -> Delivered:
    return flood.files[request.param.id]


def test_it_is_kept_as_it_came_and_says_what_is_wrong(flood: Flood, file: Delivered) -> None:
    _check_bytes(flood, file)
    found = _documents(flood, file)
    assert tuple((str(row["state"]), row["reason"]) for row in found) == file.case.docs
    for row in found:
        if row["reason"] is not None:
            _check_reason(row, file.case.words)
    if file.case.finding:
        assert file.case.finding in json.dumps(_findings(flood, file))


def _check_bytes(flood: Flood, file: Delivered) -> None:
    if not file.case.kept:
        assert flood.stage.kept_bytes(file.remote_id) is None
        assert flood.stage.at_network(file.remote_id), "what we do not have is never taken away"
        return
    data = file.data if isinstance(file.data, bytes) else b"".join(file.data.chunks(file.data.size))
    assert flood.stage.kept_bytes(file.remote_id) == data
    row = flood.stage.file(file.remote_id)
    assert row is not None
    assert row["state"] in {"parsed", "rejected", "repeated"}
    assert row["name"].isprintable()
    assert len(row["name"]) <= 400


def _check_reason(row: Any, words: str) -> None:
    detail = row["reason_detail"]
    assert row["reason"] in set(Reason)
    assert re.search(words, detail["message"]), detail["message"]
    assert detail["mend"], "a person is told what to do"
    assert len(detail["message"]) <= LONGEST_MESSAGE
    assert len(json.dumps(detail)) <= LONGEST_DETAIL
    assert "Traceback" not in detail["message"]


def _findings(flood: Flood, file: Delivered) -> list[Any]:
    """What was noted about the file's envelopes."""
    row = flood.stage.file(file.remote_id)
    assert row is not None
    noted: list[Any] = []
    for one in flood.stage.rows(interchange, file_id=row["id"]):
        noted += one["findings"]
        for group in flood.stage.rows(envelope_group, interchange_id=one["id"]):
            noted += group["findings"]
    return noted


def _documents(flood: Flood, file: Delivered) -> list[Any]:
    if file.case.kept:
        return flood.stage.documents(file.remote_id)
    held = flood.stage.rows(document, reason=str(Reason.TOO_LARGE))
    return [row for row in held if row["business_key"].endswith(file.remote_id)]


def test_the_neighbours_were_posted(flood: Flood) -> None:
    states = [row["state"] for remote_id in flood.neighbours for row in flood.stage.documents(remote_id)]
    assert states == ["posted"] * len(flood.neighbours)


def test_no_call_was_refused_for_what_a_file_said(flood: Flood) -> None:
    """Exact counts refused calls, and blocks the app at ten: nothing that can be seen here is tried there."""
    assert flood.stage.rows(document, reason=str(Reason.REFUSED_BY_SYSTEM)) == []
    calls = flood.stage.scene.sandbox.journal.requests
    assert [call.path for call in calls if call.system == "exact" and (call.status or 0) >= 400] == []


def test_the_ledger_is_whole_and_shows_no_secret(flood: Flood) -> None:
    assert verify.verify(flood.stage.scene.deployment.ledger).problems == []
    assert flood.stage.leaks() == []


def test_the_partners_could_read_what_we_answered(flood: Flood) -> None:
    """Answers to hostile groups are right themselves."""
    world = flood.stage.scene.world
    flood.stage.scene.sandbox.call(world.flush)
    assert world.errors == []
    assert [file.name for file in world.consumer.taken if file.error] == []
