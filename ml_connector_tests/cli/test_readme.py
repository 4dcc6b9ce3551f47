"""The README's commands, followed word by word: the first real system, and day to day."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox import registry
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.cli.conftest import NO_COMPUTE_LOGS
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.cli.test_pages_followed import documents, one_posted_one_held
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.connect_page import empty_folder
from ml_connector_tests.support.deployment import INTEGRATION, ROOT, Bench, open_bench
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.systems.exact_online.test_page_connect import consent

README = "../README.md"


def fill_in(folder: Path, sandbox: Sandbox) -> None:
    """What one writes into the commented files, as the pages of both systems and of partners tell."""
    config, addresses, exact = folder / "connections.yaml", sandbox.addresses(), sandbox.logins()["exact"]
    text = config.read_text(encoding="utf-8")
    for shipped, here in {
        "https://start.exactonline.nl": addresses["exact"],
        "00000000-0000-0000-0000-000000000000": exact["client_id"],
        "https://connector.example.com/oauth/callback    #": "http://127.0.0.1:9/oauth/callback  #",
        "https://cleo.example.com": addresses["cleo"],
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    config.write_text(text, encoding="utf-8")
    (example,) = folder.rglob("partners/**/example.yaml")
    example.write_bytes((ROOT / "partners" / "exact_cleo" / "northwind.yaml").read_bytes())


def test_the_first_real_system_is_connected_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FollowedPage(README, {})
    empty_folder(tmp_path, monkeypatch)
    with Sandbox(SandboxOptions(), stand_ins=registry.of("exact", "cleo")) as sandbox:
        login = sandbox.logins()
        page.run("init")
        fill_in(tmp_path, sandbox)
        page.run("credentials generate-key")
        page.run("credentials set exact_nl_client_secret", given=login["exact"]["client_secret"])
        page.run("credentials authorize exact_nl", given=consent("exact_nl"))
        told = say("check", "--json").json["findings"]
        mends = [one["mend"] for one in told if one["level"] == "bad"]
        assert any("ml-connector credentials set cleo_prod_password" in mend for mend in mends), "each with its mend"
        assert say("credentials", "set", "cleo_prod_password", given=login["cleo"]["password"]).code == 0
        page.run("check")
        page.run("sync exact_cleo --dry-run")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with open_bench(tmp_path / "deployment") as made:
        monkeypatch.setenv("DAGSTER_HOME", str(made.home / "dagster"))
        (made.home / "dagster.yaml").write_text(NO_COMPUTE_LOGS, encoding="ascii")
        monkeypatch.setenv("ML_CONNECTOR_CONFIG", os.environ["ML_CONNECTOR_CONFIG"])
        yield made


def test_the_days_after_are_as_it_says(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    posted, held, order = one_posted_one_held(bench)
    [row] = documents("--held")
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        made = Scene(bench, deployment, integration, RunScope(holder=lease.name, actor="test"))
        [later] = made.invoice(made.orders(1))
        refresh_orders(integration)
        folder = bench.sandbox.cleo.inbox("NORTHWIND")
        [file] = bench.sandbox.call(lambda: list(folder.files))
        (tmp_path / "invoice.edi").write_bytes(b"".join(file.content.chunks(10_000)))
    here = {"INV-1001": held, "2026-11-20": row["partition_date"], "PO-4711": str(order["number"])}
    page = FollowedPage(README, here)
    page.skip_to("documents list")
    assert "price_tolerance" in page.run("documents list --held").out
    assert "Agree the price" in page.run("documents show").out
    assert posted in page.run("documents replay --date", code=1).out, "1: one is held still"
    assert held in page.run("trace").out
    assert later in page.run("try invoice.edi").out
    assert "Clean." in page.run("ledger verify").out
    page.done()
