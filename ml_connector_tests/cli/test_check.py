"""`check`: each trouble is found, has its mend, and its exit code says who must act."""

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.cli.check import _exit
from ml_connector.credentials.secrets import Secret
from ml_connector.diagnostics import outside
from ml_connector.systems.reaching import clock_skew, is_private
from ml_connector.systems.results import CheckLevel, CheckResult, Mender
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.support.deployment import Bench


def findings(said: Said, about: str = "", aspect: str = "") -> list[dict[str, Any]]:
    return [
        f for f in said.json["findings"] if (not about or f["about"] == about) and (not aspect or f["aspect"] == aspect)
    ]


def changed(bench: Bench, tmp_path: Path, connection: str, **settings: Any) -> Path:
    """The deployment's configuration with a connection changed."""
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    raw["connections"][connection] |= settings
    path = tmp_path / "connections.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def test_a_good_deployment_is_well(bench: Bench) -> None:
    said = say("check", "--json")
    assert said.code == 0
    assert said.json["ok"] is True
    assert {f["aspect"] for f in findings(said, "exact_nl")} >= {"secrets", "reachable", "authorized", "usable"}
    assert {f["aspect"] for f in findings(said, "cleo_prod")} >= {"secrets", "reachable", "authorized", "usable"}
    assert not [f for f in findings(said) if f["level"] == "bad"]


def test_every_finding_that_is_not_good_has_its_mend(bench: Bench) -> None:
    for finding in findings(say("check", "--json")):
        assert finding["level"] == "good" or finding["mend"], finding


def test_offline_makes_no_call(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert say("check", "--offline").code == 0


def test_a_server_that_is_not_there_is_try_again(bench: Bench, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = changed(bench, tmp_path, "cleo_prod", base_url=f"http://127.0.0.1:{port}")
    said = say("check", "cleo_prod", "--json", "--config", config)
    assert said.code == 4
    [finding] = [f for f in findings(said) if f["level"] == "bad"]
    assert finding["aspect"] == "reachable"
    assert "cannot be reached" in finding["message"]


def test_a_connection_that_was_never_authorized_wants_a_person(bench: Bench, tmp_path: Path) -> None:
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    raw["connections"]["exact_be"] = raw["connections"]["exact_nl"]
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    said = say("check", "exact_be", "--json", "--config", config)
    assert said.code == 3
    [finding] = [f for f in findings(said) if f["level"] == "bad"]
    assert "credentials authorize exact_be" in finding["mend"]


def test_a_table_that_may_not_be_read_is_named_before_a_run_stops_at_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.sandbox.exact.options, "missing_editions", {"hrm/Costunits"})
    said = say("check", "exact_nl", "--json")
    assert said.code == 3
    [finding] = [f for f in findings(said) if f["level"] == "bad"]
    assert (finding["aspect"], "hrm/Costunits" in finding["message"]) == ("readable", True)
    assert "`without: [cost_units]`" in finding["mend"]
    config = changed(bench, tmp_path, "exact_nl", without=["cost_units"])
    said = say("check", "exact_nl", "--json", "--config", config)
    assert [f["level"] for f in findings(said, "exact_nl", "readable")] == ["good"]


@pytest.mark.parametrize(
    ("journal", "level", "words"),
    [
        ("60", "good", "takes invoices"),
        ("99", "warn", "there is no journal 99"),
        ("50", "warn", "not a purchase journal"),
    ],
)
def test_the_purchase_journal_is_looked_up(bench: Bench, tmp_path: Path, journal: str, level: str, words: str) -> None:
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    for integration in raw["integrations"].values():
        integration.setdefault("flows", {}).setdefault("invoices_in", {})["journal"] = journal
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    said = say("check", "exact_nl", "--json", "--config", config)
    [finding] = findings(said, "exact_nl", "journal")
    assert finding["level"] == level
    assert words in finding["message"]


def test_a_wrong_password_wants_a_person(bench: Bench, tmp_path: Path) -> None:
    with bench.open() as deployment:
        deployment.vault.put("wrong", Secret("not-the-password"))
    config = changed(bench, tmp_path, "cleo_prod", password={"store": "wrong"})
    raw = yaml.safe_load(config.read_text(encoding="utf-8"))
    raw["connections"]["cleo_two"] = raw["connections"].pop("cleo_prod")
    raw["integrations"]["exact_cleo"]["network"] = "cleo_two"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    said = say("check", "cleo_two", "--json", "--config", config)
    assert said.code == 3
    assert "not-the-password" not in said.out + said.err


@pytest.mark.parametrize(
    ("connection", "secret", "code", "words"),
    [
        ("cleo_prod", "cleo_prod_password", 3, "user name or password"),
        ("exact_nl", "exact_nl_client_secret", 1, "client"),
    ],
)
def test_a_wrong_secret_stored_beside_a_good_token_is_told(
    bench: Bench, connection: str, secret: str, code: int, words: str
) -> None:
    """What is stored is tried, not what an earlier one gave; the refresh token stays unused, nothing is asked twice."""
    assert say("check", connection).code == 0
    with bench.open() as deployment:
        good = deployment.vault.get(secret)
        assert good is not None
        deployment.vault.put(secret, Secret("not-the-password"))
    refreshed = bench.sandbox.exact.oauth.counts.refreshed
    try:
        for _ in range(2):
            said = say("check", connection, "--json")
            assert said.code == code, said.out
            [bad] = [f for f in findings(said) if f["level"] == "bad"]
            assert bad["aspect"] == "authorized"
            assert words in bad["message"]
            assert "not-the-password" not in said.out + said.err
    finally:
        with bench.open() as deployment:
            deployment.vault.put(secret, good)
    assert say("check", connection).code == 0
    assert bench.sandbox.exact.oauth.counts.refreshed == refreshed


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_an_alert_address_that_is_nonsense_is_told(bench: Bench, tmp_path: Path) -> None:
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    raw["alerts"] = {"urls": [{"env": "ALERT_GOOD"}, {"env": "ALERT_BAD"}]}
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERT_GOOD", "json://127.0.0.1:9/")
        patch.setenv("ALERT_BAD", "nonsense-with-a-password")
        said = say("check", "--offline", "--json", "--config", config)
    assert said.code == 1, said.out
    [bad] = [f for f in findings(said, aspect="alerts") if f["level"] == "bad"]
    assert bad["message"].startswith("alerts.urls[1]")
    assert "nonsense-with-a-password" not in said.out + said.err


def test_a_missing_secret_is_named(bench: Bench, tmp_path: Path) -> None:
    config = changed(bench, tmp_path, "cleo_prod", password={"store": "nowhere"})
    said = say("check", "cleo_prod", "--json", "--config", config)
    assert said.code == 1
    [finding] = findings(said, aspect="secrets")
    assert "credentials set nowhere" in finding["mend"]


def test_a_folder_without_the_permission_is_named(bench: Bench, tmp_path: Path) -> None:
    """Whoever takes a mailbox's `outbox` for ours gets told at once."""
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    folder = tmp_path / "partners"
    folder.mkdir()
    partner = yaml.safe_load((bench.home / "partners" / "northwind.yaml").read_text(encoding="utf-8"))
    partner["channels"] = {"receive": ["/NORTHWIND/outbox"], "send": "/NORTHWIND/nowhere"}
    (folder / "northwind.yaml").write_text(yaml.safe_dump(partner), encoding="utf-8")
    raw["integrations"]["exact_cleo"]["partners"] = str(folder)
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    said = say("check", "cleo_prod", "--json", "--config", config)
    assert said.code == 1
    bad = [f["message"] for f in findings(said, aspect="usable") if f["level"] == "bad"]
    assert any("may not download" in message for message in bad)
    assert any("there is no folder" in message for message in bad)


@pytest.mark.parametrize(
    ("settings", "level", "words"),
    [
        ({"after_read": "leave"}, "advice", "move (with move_to) or delete"),
        ({"after_read": "move"}, "bad", "Name a folder"),
        ({"after_read": "move", "move_to": "/NORTHWIND/processed"}, "good", ""),
        ({"after_read": "move", "move_to": "nowhere"}, "warn", "channels"),
        ({"after_read": "delete"}, "good", ""),
    ],
)
def test_after_read(bench: Bench, tmp_path: Path, settings: dict[str, str], level: str, words: str) -> None:
    config = changed(bench, tmp_path, "cleo_prod", **settings)
    found = findings(say("check", "cleo_prod", "--json", "--config", config), aspect="after_read")
    assert {f["level"] for f in found} == {level}
    assert all(words in f["mend"] for f in found)


def test_configured_codes_are_looked_up_in_what_was_read(bench: Bench, tmp_path: Path) -> None:
    from ml_connector.flows.reference.syncing import warm_up

    with bench.open() as deployment:
        warm_up(deployment.integration("exact_cleo"))
    assert [f["level"] for f in findings(say("check", "--json"), "exact_cleo", "codes")] == ["good"]
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    coding = raw["integrations"]["exact_cleo"]["flows"]["invoices_in"]["coding"]
    coding |= {"default_account": "9999", "default_cost_center": "OLD", "charge_items": {"D240": "NOTHING"}}
    config = tmp_path / "connections.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    said = say("check", "--offline", "--json", "--config", config)
    told = [f["message"] for f in findings(said, "exact_cleo", "codes")]
    assert any("default_account" in t and "GL account 9999" in t for t in told)
    assert any("default_cost_center" in t and "ended on" in t for t in told)
    assert any("charge_items.D240" in t and "item NOTHING" in t for t in told)


def test_an_unknown_connection_is_wrong_usage(bench: Bench) -> None:
    assert say("check", "nowhere").code == 2


def finding(mender: Mender | None, level: CheckLevel = CheckLevel.BAD) -> CheckResult:
    return CheckResult("x", "y", level, "z", "w", mender)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        ([finding(None, CheckLevel.WARN)], 0),
        ([finding(Mender.AUTHORIZE), finding(Mender.TIME)], 3),
        ([finding(Mender.TIME)], 4),
        ([finding(Mender.CONFIGURATION), finding(Mender.AUTHORIZE)], 1),
    ],
)
def test_exit_code(found: list[CheckResult], code: int) -> None:
    assert _exit(found) == code


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://start.exactonline.nl", True),
        ("http://127.0.0.1:8701", True),
        ("http://[::1]:8701", True),
        ("http://localhost", True),
        ("http://cleo.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_what_travels_in_clear_is_noticed(url: str, private: bool) -> None:
    assert is_private(url) is private


def test_clocks_that_differ_are_measured() -> None:
    from datetime import UTC, datetime

    asked = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    skew = clock_skew("Fri, 20 Nov 2026 09:05:00 GMT", asked)
    assert skew is not None
    assert skew.total_seconds() == 300
    assert clock_skew("yesterday", asked) is None
    assert clock_skew("", asked) is None


def test_heads_that_cannot_be_written_are_told_before_nothing_is_sent(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    path = tmp_path / "connections.yaml"
    (tmp_path / "a file").touch()
    for place, words in (
        ("/proc/nowhere/heads.jsonl", "No such file"),
        (tmp_path / "a file" / "heads", "a file stands where a folder should be"),
    ):
        path.write_text(yaml.safe_dump(raw | {"ledger": {"heads_file": str(place)}}), encoding="utf-8")
        said = say("check", "--offline", "--json", "--config", path)
        assert said.code == 1
        [finding] = findings(said, "deployment", "heads")
        assert finding["level"] == "bad"
        assert words in finding["message"]
    good = tmp_path / "there" / "heads.jsonl"
    path.write_text(yaml.safe_dump(raw | {"ledger": {"heads_file": str(good)}}), encoding="utf-8")
    assert say("check", "--offline", "--config", path).code == 0
    assert list(good.parent.iterdir()) == [], "nothing is left of the trial"
    real = shutil.disk_usage(tmp_path)
    for free, level in ((0, "bad"), (outside.LEAST_FREE, "good")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: real._replace(free=free))
        said = say("check", "--offline", "--json", "--config", path)
        assert [one["level"] for one in findings(said, "deployment", "heads")] == [level]
        [room] = findings(said, "deployment", "disk")
        assert room["level"] == "warn"
        assert "MB are left" in room["message"]
        assert list(good.parent.iterdir()) == []
