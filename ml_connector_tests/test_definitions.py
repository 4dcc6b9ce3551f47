"""The code location: loads without a network and cheaply, and its graph is what was agreed."""

import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
import pytest

from ml_connector.config.loading import load_deployment
from ml_connector.orchestration.build import build_defs
from ml_connector_tests.orchestration.snapshot import FILE, ROOT, describe, shipped

LOAD = """
import socket, sys, time
import dagster
begun = time.process_time()

def refuse(*_, **__):
    raise RuntimeError("definitions must not use the network")

socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
from ml_connector.definitions import defs
made = defs()
dagster.Definitions.validate_loadable(made)
print(sorted(name for name in sys.modules if "." not in name))
"""


def _load(environment: dict[str, str], tmp_path: Path) -> list[str]:
    """Load the shipped code location in a process of its own, without a network; its imported packages."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[str] = json.loads(done.stdout.strip().splitlines()[-1].replace("'", '"'))
    return found


def test_loading_needs_no_network_no_ledger_and_no_heavy_package(tmp_path: Path) -> None:
    """Import time is run time: every run and code server pays it."""
    imported = _load({"ML_CONNECTOR_CONFIG": str(ROOT / "connections.yaml")}, tmp_path)
    heavy = {"pandas", "numpy", "paramiko", "lxml", "apprise", "httpx", "uvicorn", "starlette"}
    assert heavy & set(imported) == set()
    assert list(tmp_path.iterdir()) == [], "no ledger, no key, no log was written"


def test_what_calls_a_system_takes_a_place_in_its_pool() -> None:
    """A pool limits how many runs are at a connection at once."""
    pools: dict[str, set[str]] = {}
    for asset in shipped().assets or ():
        if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
            for op in asset.node_def.iterate_op_defs():
                pools.setdefault(op.pool or "", set()).add(op.name.removeprefix("exact_cleo__"))
    inbound_at_erp = {
        "apply",
        "goods_receipts__match_shipments",
        "goods_receipts__post_receipts",
        "purchase_invoices__match",
        "purchase_invoices__post",
    }
    assert inbound_at_erp <= pools["exact_nl"]
    assert {"received_files__receive", "acknowledgments_sent__send_997", "sent_orders__send"} <= pools["cleo_prod"]
    assert {"parse", "purchase_invoices__code", "acknowledgments_sent__render_997"} <= pools[""]


def test_the_graph_is_the_agreed_one() -> None:
    """Update with `.venv/bin/python -m ml_connector_tests.orchestration.snapshot` after a wanted change."""
    agreed = json.loads(FILE.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(describe(shipped()))) == agreed


def test_everything_is_described_owned_and_grouped() -> None:
    for name, asset in describe(shipped())["assets"].items():
        assert asset["described"], name
        assert asset["owners"], name
        assert asset["group"] != "default", name
        assert asset["kinds"], name


def test_groups_follow_each_other_from_sources_to_sinks() -> None:
    """The graph reads from left to right: no group stands before and behind another, ends of it are apart."""
    assets = describe(shipped())["assets"]
    before: dict[str, set[str]] = {asset["group"]: set() for asset in assets.values()}
    behind: dict[str, set[str]] = {asset["group"]: set() for asset in assets.values()}
    for asset in assets.values():
        for dep in asset["deps"]:
            if assets[dep]["group"] != asset["group"]:
                before[asset["group"]].add(assets[dep]["group"])
                behind[assets[dep]["group"]].add(asset["group"])
    order = list(TopologicalSorter(before).static_order())
    assert len(order) == len(before)
    assert {group for group in order if not before[group]} == {group for group in order if group.endswith("_sources")}
    assert {group for group in order if not behind[group]} == {group for group in order if group.endswith("_sinks")}


def test_an_invoice_depends_on_what_decides_it() -> None:
    deps = describe(shipped())["assets"]["exact_cleo/purchase_invoices"]["deps"]
    wanted = {"vendors", "gl_accounts", "cost_centers", "cost_units", "items", "vat_codes", "purchase_orders"}
    assert {f"exact_nl/{name}" for name in wanted} <= set(deps)
    assert {"exact_cleo/invoices_810", "exact_cleo/goods_receipts"} <= set(deps)


@pytest.mark.parametrize(
    ("flow", "gone"),
    [
        ("orders_out", {"orders_read", "orders_850", "sent_orders"}),
        ("invoices_in", {"purchase_invoices"}),
        ("shipments_in", {"goods_receipts"}),
        ("acknowledgments_in", {"order_confirmations", "acknowledged_orders"}),
    ],
)
def test_a_flow_that_is_off_has_no_assets(flow: str, gone: set[str]) -> None:
    loaded = load_deployment(ROOT / "connections.yaml")
    integration = loaded.integration("exact_cleo")
    flows = integration.flows.model_copy(
        update={flow: getattr(integration.flows, flow).model_copy(update={"enabled": False})}
    )
    integrations = {"exact_cleo": integration.model_copy(update={"flows": flows})}
    changed = type(loaded)(
        loaded.path, loaded.home, loaded.settings.model_copy(update={"integrations": integrations}), loaded.partners
    )
    definitions = build_defs(changed)
    dg.Definitions.validate_loadable(definitions)
    graph = describe(definitions)
    names = {name.removeprefix("exact_cleo/") for name in graph["assets"] if name.startswith("exact_cleo/")}
    assert not names & gone
    for job in graph["jobs"].values():
        assert not {f"exact_cleo/{name}" for name in gone} & set(job["assets"])


def test_partitions_are_days_up_to_today() -> None:
    from ml_connector_tests.support import clocks, dagster_storage

    dagster_storage.keep_our_time()
    before = clocks.now().date()
    job = shipped().resolve_job_def("exact_cleo_inbound")
    assert job.partitions_def is not None
    assert job.partitions_def.get_last_partition_key() in {str(before), str(clocks.now().date())}


def test_no_secret_stands_in_the_resources() -> None:
    """Dagster shows resource fields: they hold a path and nothing else."""
    connector = (shipped().resources or {})["connector"]
    assert set(connector.model_dump()) == {"config_path"}
