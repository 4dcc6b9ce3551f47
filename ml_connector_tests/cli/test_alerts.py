"""`alerts test`: each address by itself, never its secrets."""

from pathlib import Path

import pytest
import yaml

from ml_connector_tests.cli.terminal import say


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_each_address_is_told_and_none_is_shown(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say("init")
    assert say("alerts", "test").code == 2
    config = tmp_path / "connections.yaml"
    raw = yaml.safe_load(config.read_text(encoding="utf-8"))
    raw["alerts"] = {"urls": [{"env": "AWAY"}, {"env": "WRONG"}, {"env": "MISSING"}]}
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    monkeypatch.setenv("AWAY", "json://someone:secret-one@127.0.0.1:9/")
    monkeypatch.setenv("WRONG", "nonsense secret-two")
    said = say("alerts", "test")
    assert said.code == 1
    assert [line.split(",")[0] for line in said.out.splitlines()] == [f"alerts.urls[{n}]" for n in range(3)]
    assert "MISSING is not set" in said.out
    assert "secret-" not in said.out + said.err
    assert [one["delivered"] for one in say("alerts", "test", "--json").json["addresses"]] == [False] * 3
