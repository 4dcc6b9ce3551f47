"""The whole sandbox over sockets: control routes of Cleo and the partners, and uploads under ordered faults."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD, SERVICE_USER
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.sandbox.cleo_bench import buyer_writer, order_set
from ml_connector_tests.support.waiting import wait_until

OUTBOX = "/NORTHWIND/outbox"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(clock_file=tmp_path / "clock")) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.addresses()["control"], timeout=20) as client:
        client.post("/limits", json={"cleo": {"per_second": None}})
        yield client


@pytest.fixture
def cleo(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.addresses()["cleo"], timeout=20) as client:
        form = {"grant_type": "password", "username": SERVICE_USER, "password": SERVICE_PASSWORD}
        token = client.post("/api/authentication", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def order(sandbox: Sandbox, number: str, control: int) -> bytes:
    return buyer_writer(sandbox.clock, "NORTHWIND").write("PO", [order_set(number)], control=control)


def upload(cleo: httpx.Client, data: bytes, name: str = "po.edi") -> httpx.Response:
    return cleo.post(f"/api/folders{OUTBOX}/files", files={"file": (name, data)})


def test_an_order_flows_and_its_answers_come_by_themselves(
    sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client
) -> None:
    assert upload(cleo, order(sandbox, "4711", 1)).status_code == 201
    control.post("/clock", json={"move": 30})
    wait_until(lambda: control.get("/partner/state").json()["sent_files"].get("810"), "the 810")
    listing = cleo.get("/api/folders/NORTHWIND/inbox/files").json()
    assert [row["name"][:3] for row in listing["resources"]] == ["997", "855", "856", "810"]
    assert control.get("/partner/consumed/counts").json()["orders"] == {"4711": 1}
    placed = control.get("/partner/orders").json()[0]
    assert (placed["number"], placed["amount"], placed["invoices"]) == ("4711", "104.96", ["NORTHWIND-I00001"])
    invoice = control.get("/partner/sent", params={"kind": "810"}).json()[0]["documents"][0]
    assert (invoice["total"], invoice["currency"]) == ("127.00", "EUR")
    groups = control.get("/partner/acknowledgments").json()
    assert [group["functional_id"] for group in groups["sent"]] == ["PR", "SH", "IN"]
    assert groups["read"][0]["code"] == "A"
    assert control.get("/partner/consumed").json()[0]["controls"] == ["000000001"]
    assert control.get("/partner/state").json()["errors"] == []


def test_a_reset_after_the_upload_was_stored_leaves_the_order_consumed(
    sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client
) -> None:
    """A retry then makes a second copy: exactly what a client must not do blindly."""
    data = order(sandbox, "4711", 1)
    control.post("/faults", json={"kind": "reset_after", "system": "cleo", "method": "POST"})
    with pytest.raises(httpx.TransportError):
        upload(cleo, data)
    assert control.get("/partner/consumed/counts").json()["orders"] == {"4711": 1}
    assert upload(cleo, data).status_code == 201
    assert control.get("/partner/consumed/counts").json()["orders"] == {"4711": 2}


def test_a_partner_that_deduplicates_counts_such_a_retry_once(
    sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client
) -> None:
    control.post("/partner/consumer", json={"deduplicating": [OUTBOX]})
    data = order(sandbox, "4711", 1)
    for _ in range(2):
        upload(cleo, data)
    counts = control.get("/partner/consumed/counts").json()
    assert (counts["orders"], counts["repeats_dropped"]) == ({"4711": 1}, 1)


def test_a_late_commit_arrives_seconds_after_its_connection_was_reset(
    sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client
) -> None:
    fault = {"kind": "late_commit", "system": "cleo", "method": "POST", "seconds": 60, "real_time": False}
    control.post("/faults", json=fault)
    with pytest.raises(httpx.TransportError):
        upload(cleo, order(sandbox, "4711", 1))
    assert control.get("/partner/consumed/counts").json()["orders"] == {}
    control.post("/clock", json={"move": 61})
    wait_until(lambda: control.get("/partner/consumed/counts").json()["orders"] == {"4711": 1}, "the order taken")


def test_behaviour_rubbish_and_invoices_are_told_over_http(sandbox: Sandbox, control: httpx.Client) -> None:
    told = control.post("/partner/behaviour", json={"partner": "ACME", "like": "overcharge", "times": 2})
    assert told.json()["overcharge_percent"] == "12.5"
    told = control.post("/partner/behaviour", json={"partner": "ACME", "order": 12, "freight": 7.5})
    assert told.json()["freight"] == "7.5"
    shown = control.get("/partner/behaviour").json()
    assert (shown["partners"]["ACME"]["queued"], shown["partners"]["ACME"]["orders"]) == (2, ["12"])
    assert "short_ship" in shown["like"]
    control.post("/partner/rubbish", json={"partner": "ACME", "kind": "binary"})
    rows = [{"number": "1", "supplier": "20012", "lines": [{"number": "1", "quantity": "2", "price": "3"}]}]
    made = control.post("/partner/invoices", json={"orders": rows, "behaviour": {"freight": "1"}}).json()
    assert made[0]["documents"][0]["total"] == "8.47"
    files = control.get("/cleo/files", params={"folder": "/ACME/inbox"}).json()
    assert len(files) == 2
    bytes_ = control.get(f"/cleo/files/{files[0]['id']}").content
    assert bytes_ == bytes(range(256)) * 8


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/partner/behaviour", {"partner": "ACME", "frieght": 1}),
        ("/partner/behaviour", {"partner": "NOBODY"}),
        ("/partner/behaviour", {"partner": "ACME", "ship_delay": -1}),
        ("/partner/rubbish", {"partner": "ACME", "kind": "flowers"}),
        ("/partner/consumer", {"speed": 1}),
        ("/partner/invoices", {"orders": [{"number": "1", "supplier": "1"}]}),
        ("/cleo/options", {"colour": 1}),
        ("/cleo/options", {"order": "sideways"}),
        ("/cleo/options", {"accounts": {"nothing": 1}}),
        ("/cleo/folders", {"path": "/x", "colour": 1}),
        ("/cleo/actions", {"alias": "send", "outcome": "maybe"}),
        ("/limits", {"cleo": {"per_second": 0}}),
        ("/limits", {"cleo": {"per_minute": 1}}),
    ],
)
def test_wrong_orders_to_the_sandbox_are_400(control: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = control.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_folders_files_and_settings_of_cleo_are_set_over_http(control: httpx.Client, cleo: httpx.Client) -> None:
    control.post("/cleo/folders", json={"path": "/NEW/inbox", "download": True, "growth": {"polls": 1}})
    control.post("/cleo/files", json={"folder": "/NEW/inbox", "name": "a", "text": "12345678"})
    control.post("/cleo/files", json={"folder": "/NEW/inbox", "name": "b", "base64": "AAE="})
    control.post("/cleo/files", json={"folder": "/NEW/inbox", "name": "c", "size": 5_000_000, "listed_size": 3})
    sizes = [[row["size"] for row in cleo.get("/api/folders/NEW/inbox/files").json()["resources"]] for _ in range(2)]
    assert sizes == [[4, 1, 3], [8, 2, 3]]
    control.post("/cleo/fill", json={"folder": "/NEW/inbox", "count": 20})
    control.post("/cleo/options", json={"max_page_size": 7, "accounts": {"token_seconds": 60}})
    page = cleo.get("/api/folders/NEW/inbox/files").json()
    assert (page["totalResults"], len(page["resources"])) == (23, 7)
    shown = {row["path"]: row for row in control.get("/state/cleo").json()["folders"]}
    assert shown["/NEW/inbox"]["files"] == 23
    control.post("/cleo/tokens/expire")
    assert cleo.get("/api/folders").status_code == 401
    control.post("/cleo/accounts", json={"username": SERVICE_USER, "password": "another"})
    form = {"grant_type": "password", "username": SERVICE_USER, "password": SERVICE_PASSWORD}
    assert cleo.post("/api/authentication", data=form).status_code == 401
    granted = cleo.post("/api/authentication", data={**form, "password": "another"}).json()
    assert granted["expires_in"] == 60


def test_a_reset_empties_folders_and_books(sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client) -> None:
    upload(cleo, order(sandbox, "4711", 1))
    assert control.post("/partner/flush").json()["sent_files"]["810"] == 1
    control.post("/partner/reset")
    control.post("/cleo/reset")
    state = control.get("/partner/state").json()
    assert (state["consumed_files"], state["sent_files"], state["pending"]) == (0, {}, 0)
    assert cleo.get("/api/folders/NORTHWIND/inbox/files").json()["totalResults"] == 0


def test_nothing_told_by_the_control_port_holds_a_secret(
    sandbox: Sandbox, control: httpx.Client, cleo: httpx.Client
) -> None:
    upload(cleo, order(sandbox, "4711", 1))
    token = str(cleo.headers["Authorization"]).removeprefix("Bearer ")
    for path in ("/journal", "/state/cleo", "/cleo/options", "/cleo/accounts", "/partner/state", "/addresses"):
        text = control.get(path).text
        assert SERVICE_PASSWORD not in text
        assert token not in text
