"""Log lines: one form for all processes, for people and for programs; never a payload, never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest

from ml_connector import logs
from ml_connector.logs import fields

log = logging.getLogger("ml_connector.tests")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What other tests of this process have configured stays as it was."""
    loggers = [logging.getLogger(name) for name in ("ml_connector", "uvicorn.error")]
    before = [(one, list(one.handlers), one.level) for one in loggers]
    yield
    for one, handlers, level in before:
        one.handlers, one.level = handlers, level


def test_a_line_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(logs.FORM_VARIABLE, raising=False)
    logs.configure("receiver", level=logging.INFO)
    log.info("request", extra=fields(path="/healthz", status=200, why="it is so", nothing="", document=None))
    line = capsys.readouterr().err
    assert line.endswith('Z INFO receiver: request path=/healthz status=200 why="it is so"\n')


def test_a_line_for_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.FORM_VARIABLE, "json")
    logs.configure("dagster")
    log.info("not told at this level")
    log.warning("document moved", extra=fields(document=12, run="a-run", state="quarantined"))
    told = json.loads(capsys.readouterr().err)
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "warning", "process": "dagster", "message": "document moved", "document": 12, "run": "a-run",
        "state": "quarantined",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["json", "text"])
def test_whatever_a_stranger_writes_stays_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv(logs.FORM_VARIABLE, form)
    logs.configure("receiver")
    log.warning(
        "said\n2026 ERROR receiver: forged", extra=fields(path="/a\r\nlevel=error\u2028\x1b[2J", why="x" * 9_000)
    )
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert text[:-1].isprintable()
    assert len(text) < 1_000


def test_an_exceptions_text_is_not_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It may quote a payload or an address with a secret in it."""
    monkeypatch.setenv(logs.FORM_VARIABLE, "json")
    logs.configure("receiver")
    try:
        int("password=hunter2")
    except ValueError:
        log.exception("failed")
    told = json.loads(capsys.readouterr().err)
    assert told["exception"] == "ValueError"
    assert told["at"].startswith("ml_connector_tests/test_logs.py:")
    assert "hunter2" not in str(told)


def test_the_level_is_a_setting(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.LEVEL_VARIABLE, "info")
    logs.configure("command")
    log.info("told")
    assert "told" in capsys.readouterr().err
    logs.configure("command")
    log.info("once")
    assert capsys.readouterr().err.count("once") == 1
