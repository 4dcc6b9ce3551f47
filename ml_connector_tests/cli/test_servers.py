"""`sandbox` and `webhooks`: what runs until Ctrl-C, and the subscriptions that lead to it."""

import json
from pathlib import Path

import httpx
import pytest
import yaml

from ml_connector.errors import ConfigError
from ml_connector_tests.cli.processes import running
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import Bench


def test_the_sandbox_prints_its_addresses_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    with running("sandbox", "--clock-file", tmp_path / "clock", "--no-limits") as command:
        addresses = json.loads(command.line())
        assert set(addresses) == {
            "acumatica",
            "avidxchange",
            "sage_intacct",
            "exact",
            "cleo",
            "truecommerce",
            "truecommerce_host_key",
            "control",
            "clock_file",
        }
        assert addresses["clock_file"] == str(tmp_path / "clock")
        answer = httpx.get(f"{addresses['control']}/addresses", timeout=10)
        assert answer.json()["exact"] == addresses["exact"]
        assert command.interrupt() in (0, 130)


def test_the_sandbox_takes_chosen_ports(tmp_path: Path) -> None:
    with running("sandbox", "--no-partner") as command:
        port = json.loads(command.line())["control"].rsplit(":", 1)[1]
        command.interrupt()
    with running("sandbox", "--no-partner", "--control-port", port) as command:
        assert json.loads(command.line())["control"].endswith(f":{port}")
        taken = say("sandbox", "--control-port", port)
        assert taken.code == 2
        assert "Traceback" not in taken.err
        command.interrupt()


def with_public_url(bench: Bench, tmp_path: Path, url: str) -> Path:
    raw = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    raw["webhooks"] = {"public_url": url, "port": 0}
    path = tmp_path / "connections.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def test_the_receiver_takes_subscriptions_and_check_sees_them(bench: Bench, tmp_path: Path) -> None:
    """serve, subscribe, list, check, unsubscribe: Exact calls the receiver at once, so it must run."""
    config = with_public_url(bench, tmp_path, "http://127.0.0.1:1")
    assert say("webhooks", "subscribe", "exact_nl", "--config", config).code == 1  # nobody answers there
    with running("webhooks", "serve", "--port", "0", "--config", config, "--json") as command:
        lines = "".join(command.line() for _ in range(3))
        address = json.loads(lines)["address"]
        assert httpx.get(f"{address}/healthz", timeout=10).status_code == 200
        config = with_public_url(bench, tmp_path, address)

        made = say("webhooks", "subscribe", "exact_nl", "--config", config, "--json")
        assert made.code == 0, made.err
        assert {one["topic"] for one in made.json} == {"PurchaseOrders", "PurchaseEntries"}
        assert {one["callback_url"] for one in made.json} == {f"{address}/webhooks/exact/exact_nl"}
        assert say("webhooks", "subscribe", "exact_nl", "--config", config, "--json").json == made.json

        listed = say("webhooks", "list", "exact_nl", "--config", config, "--json").json
        assert len(listed["subscriptions"]) == 2
        checked = say("check", "exact_nl", "--config", config, "--json").json["findings"]
        assert [f["level"] for f in checked if f["aspect"] == "webhooks"] == ["good", "good"]

        gone = say("webhooks", "unsubscribe", "exact_nl", "--topic", "PurchaseEntries", "--config", config, "--json")
        assert gone.json == {"unsubscribed": ["PurchaseEntries"]}
        checked = say("check", "exact_nl", "--config", config, "--json").json["findings"]
        assert sorted(f["level"] for f in checked if f["aspect"] == "webhooks") == ["advice", "good"]
        assert say("webhooks", "unsubscribe", "exact_nl", "--config", config).code == 0
        assert "No subscriptions" in say("webhooks", "list", "exact_nl", "--config", config).out
        assert command.interrupt() in (0, 130)


def test_without_a_public_address_subscribing_says_what_is_missing(bench: Bench, tmp_path: Path) -> None:
    said = say("webhooks", "subscribe", "exact_nl", "--config", with_public_url(bench, tmp_path, ""))
    assert said.code == 2
    assert "webhooks.public_url" in said.err


def test_only_exact_sends_webhooks(bench: Bench) -> None:
    assert say("webhooks", "list", "cleo_prod").code == 2


@pytest.mark.parametrize("command", ["demo", "dev"])
def test_a_folder_with_other_peoples_files_is_never_emptied(tmp_path: Path, command: str) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("years of work", encoding="ascii")
    said = say(command, "--home", tmp_path)
    assert said.code == 2
    assert kept.read_text(encoding="ascii") == "years of work"


def test_a_folder_of_an_earlier_demo_may_be_emptied(tmp_path: Path) -> None:
    from ml_connector.cli.demo import refuse_foreign_folder

    refuse_foreign_folder(tmp_path / "new")
    refuse_foreign_folder(tmp_path)
    (tmp_path / "clock").touch()
    with pytest.raises(ConfigError):
        refuse_foreign_folder(tmp_path)
    (tmp_path / "key").touch()
    (tmp_path / "ledger.db").touch()
    refuse_foreign_folder(tmp_path)
