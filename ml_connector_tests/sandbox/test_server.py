"""The sandbox as a whole: addresses, control port, shared clock, starting as a program, stopping."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_connector.clock import FileClock
from ml_connector.own_signals import command
from ml_connector.sandbox import registry
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.sandbox.exact_bench import ExactBench

ROOT = Path(__file__).parents[2]


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False, timeout=2)
    except httpx.TransportError:
        return False
    return True


def test_each_system_has_an_address_of_its_own_on_loopback(everything: ExactBench) -> None:
    addresses = everything.control.get("/addresses").json()
    assert set(addresses) == {*registry.names(), "truecommerce_host_key", "control", "clock_file"}
    assert addresses["truecommerce"].startswith("sftp://127.0.0.1:")
    assert addresses["truecommerce_host_key"].startswith("SHA256:")
    urls = [addresses[one.name] for one in registry.STAND_INS if one.protocol == "HTTP"] + [addresses["control"]]
    assert len(set(urls)) == len(urls) >= 5
    assert all(url.startswith("http://127.0.0.1:") for url in urls)
    assert addresses == everything.sandbox.addresses()


def test_a_stranger_learns_how_to_log_in(everything: ExactBench) -> None:
    """From the control address alone: the password grant of Cleo, and the consent page of Exact."""
    logins = everything.control.get("/logins").json()
    urls = everything.sandbox.addresses()
    form = {"grant_type": "password", **logins["cleo"]}
    answer = httpx.post(urls["cleo"] + "/api/authentication", data=form, trust_env=False)
    assert answer.json()["access_token"]
    query = {
        "client_id": logins["exact"]["client_id"],
        "redirect_uri": "https://client.example/callback",
        "response_type": "code",
    }
    consent = httpx.get(urls["exact"] + "/api/oauth2/auth", params=query, trust_env=False)
    assert consent.headers["location"].startswith("https://client.example/callback?code=")
    assert logins["exact"]["division"] == str(everything.sandbox.exact.main.code)
    assert set(logins["truecommerce"]) == {"username", "password", "account", "company_folder"}


def test_stopping_frees_the_ports_and_a_second_sandbox_can_take_them(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(clock_file=tmp_path / "clock")) as first:
        url = first.addresses()["exact"]
        assert _answers(url)
    assert not _answers(url)
    port = int(url.rpartition(":")[2])
    with Sandbox(SandboxOptions(ports={"exact": port}, clock_file=tmp_path / "clock")) as second:
        assert second.addresses()["exact"] == url
        assert _answers(url)


def test_a_taken_port_is_refused_at_once_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        sandbox = Sandbox(SandboxOptions(ports={"control": taken.getsockname()[1]}))
        with pytest.raises(OSError, match="in use"):
            sandbox.start()
        assert not any(_answers(url) for url in sandbox.addresses().values() if url.startswith("http"))


def test_two_sandboxes_do_not_share_anything(tmp_path: Path) -> None:
    with (
        Sandbox(SandboxOptions(clock_file=tmp_path / "a")) as one,
        Sandbox(SandboxOptions(clock_file=tmp_path / "b")) as two,
    ):
        httpx.post(one.addresses()["control"] + "/exact/orders", json={"count": 2}, trust_env=False)
        assert len(one.exact.main.table("purchaseorder/PurchaseOrders")) == 2
        assert len(two.exact.main.table("purchaseorder/PurchaseOrders")) == 0


def test_the_clock_is_moved_for_every_process_that_reads_the_file(exact: ExactBench) -> None:
    other = FileClock(Path(exact.sandbox.addresses()["clock_file"]))
    before = other.now()
    exact.control.post("/clock", json={"move": 3600}).raise_for_status()
    assert 3590 < (other.now() - before).total_seconds() < 3700
    other.move(60)
    shown = exact.control.get("/clock").json()["now"]
    assert shown[:16] == other.now().isoformat()[:16] or shown < other.now().isoformat()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {}),
        ("/clock", {"move": "soon"}),
        ("/latency", {"seconds": "x"}),
        ("/limits", {"exact": {"colour": 1}}),
        ("/limits", {"truecommerce": {"minute": 1}}),
        ("/limits", {"nobody": {"minute": 1}}),
        ("/exact/options", {"colour": 1}),
        ("/exact/orders", {"count": "many"}),
        ("/exact/orders", {"suppliers": ["99999"]}),
    ],
)
def test_wrong_orders_to_the_control_port_are_400(exact: ExactBench, path: str, body: dict[str, Any]) -> None:
    answer = exact.control.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_latency_is_added_to_business_calls_not_to_tokens(exact: ExactBench) -> None:
    exact.control.post("/latency", json={"seconds": 5}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        exact.call("GET", "hrm/Costcenters", timeout=2)
    assert exact.exchange(exact.code().params["code"]).status_code == 200
    exact.control.post("/reset").raise_for_status()
    assert exact.call("GET", "hrm/Costcenters", timeout=5).status_code == 200


def test_any_entity_can_be_inspected_without_counting_as_a_call(exact: ExactBench) -> None:
    counted = exact.state.limits.counted
    rows = exact.control.get("/state/exact/124132/crm/Accounts").json()
    assert len(rows) == 66
    assert exact.control.get("/state/exact/124132/crm/Nothing").status_code == 404
    assert exact.state.limits.counted == counted


def test_calls_run_between_requests_and_raise_their_errors(exact: ExactBench) -> None:
    def fail() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        exact.sandbox.call(fail)
    assert exact.sandbox.call(lambda: 5) == 5


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_as_a_program_it_prints_its_addresses_and_ends_when_told(tmp_path: Path, how: signal.Signals) -> None:
    program = (
        "from pathlib import Path\n"
        "from ml_connector.sandbox.server import SandboxOptions, run_forever\n"
        f"run_forever(SandboxOptions(clock_file=Path({str(tmp_path / 'clock')!r})))\n"
    )
    with subprocess.Popen(
        command([sys.executable, "-c", program]), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        addresses = json.loads(started.stdout.readline())
        assert _answers(addresses["exact"])
        assert _answers(addresses["cleo"])
        started.send_signal(how)
        _, errors = started.communicate(timeout=30)
    assert started.returncode == 0
    assert errors == ""
    assert not _answers(addresses["exact"])


def test_orders_reach_the_partners_books_format(everything: ExactBench) -> None:
    """An order's facts are what the partners' bulk invoices are made from."""
    partner = everything.sandbox.partner
    assert partner is not None
    orders = everything.orders(6)
    sent = everything.control.post(
        "/partner/invoices", json={"orders": everything.control.get("/state/exact/orders").json()}
    )
    assert sent.status_code < 300, sent.text
    inbox = everything.sandbox.cleo.inbox("NORTHWIND")
    assert len(inbox.files) == sum(order["supplier"] == "20011" for order in orders)
