"""docs/sandbox.md, followed word by word: its command with its ports, its requests, and every row of its tables."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_connector.sandbox import server
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.ports import free_ports

TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
PORTS = ("8701", "8702", "8703", "8704", "8705", "8706", "8722")
CONTROL = "8703"


def shell_blocks(text: str) -> list[str]:
    return [block.strip() for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def rows() -> list[tuple[list[tuple[str, str]], list[Any]]]:
    """Calls of every row of the tables, and the bodies that it shows."""
    found = []
    for line in TEXT.splitlines():
        if not line.startswith("| `"):
            continue
        calls, shown = line.replace("`GET`, `POST ", "`POST ").strip("| ").split(" | ")[:2]
        methods: list[str] = []
        paths: list[str] = []
        for name in re.findall(r"`([^`]+)`", calls):
            method, _, path = name.rpartition(" ")
            methods.append(method or methods[-1])
            paths.append(whole(path, paths[0]) if paths else path)
        bodies = [json.loads(one.replace(", ...}", "}")) for one in re.findall(r"`(\{.*?\})`(?=[,;]| \||$)", shown)]
        found.append((list(zip(methods, paths, strict=True)), bodies))
    return found


def whole(path: str, first: str) -> str:
    """A path that the first one of its row shortens."""
    if path.startswith("..."):
        return path.replace("...", first.rpartition("/")[0])
    system = f"/{first.split('/')[1]}"
    return path if path.startswith((f"{system}/", "/state/")) else system + path


@dataclass
class Control:
    """The control address, and which calls of the page were made."""

    http: httpx.Client
    made: set[tuple[str, str]] = field(default_factory=set)

    def get(self, path: str) -> Any:
        return self._say("GET", path)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self._say("POST", path, json={**(body or {}), **more})

    def _say(self, method: str, path: str, **content: Any) -> Any:
        answer = self.http.request(method, path, **content)
        assert answer.status_code == 200, f"{method} {path} {content}: {answer.text}"
        self.made.add((method, path))
        return answer.json()


@pytest.fixture(scope="module")
def text() -> Iterator[str]:
    """The page with free ports in place of its own, while the sandbox of its command is there."""
    free = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    made = with_ports(TEXT, free)
    line = shell_blocks(made)[0]
    assert line.startswith("ml-connector sandbox ")
    asked: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:  # it would go on until Ctrl-C
        patch.setattr(server, "run_forever", lambda options, stand_ins: asked.extend((options, stand_ins)))
        assert say(*shlex.split(line)[1:]).code == 0
    with server.Sandbox(asked[0], stand_ins=asked[1]) as sandbox:
        assert all(port in line for port in re.findall(r":(\d+)", str(sandbox.addresses())))
        yield made


def with_ports(text: str, free: dict[str, str]) -> str:
    """The text with free ports in place of the shipped ones, each of which it names."""
    for shipped, port in free.items():
        assert shipped in text
        text = text.replace(shipped, port)
    return text


@pytest.fixture
def control(text: str) -> Iterator[Control]:
    address = re.findall(r"curl -s (127\.0\.0\.1:\d+)/logins", text)[0]
    with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=60) as http:
        yield Control(http)


def shown(path: str) -> Any:
    """The first body that the page shows for a call."""
    return next(bodies[0] for calls, bodies in rows() if path in {one for _, one in calls})


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here")
def test_its_requests_are_answered(text: str) -> None:
    logins, _, endpoints, gateway = shell_blocks(text)[1:]
    told = [run(line) for line in (*logins.splitlines(), *re.split(r"\n(?=curl)", endpoints), gateway)]
    passwords, addresses, versions, token, vendors = told
    assert {"exact", "cleo", "acumatica", "sage_intacct", "avidxchange", "truecommerce"} <= set(json.loads(passwords))
    assert "control" in json.loads(addresses)
    assert "24.200.001" in versions
    assert json.loads(token)["access_token"]
    assert "<VENDORID>V-17</VENDORID>" in vendors


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here")
def test_the_shipped_configuration_has_nothing_bad_against_it(text: str, tmp_path: Path) -> None:
    ports = re.findall(r"--[a-z-]+-port (\d+)", shell_blocks(text)[0])
    shipped = re.findall(r"--[a-z-]+-port (\d+)", shell_blocks(TEXT)[0])
    free = {old: new for old, new in zip(shipped, ports, strict=True) if old != CONTROL}
    configuration = (ROOT / "connections.yaml").read_text(encoding="utf-8")
    (tmp_path / "connections.yaml").write_text(with_ports(configuration, free), encoding="utf-8")
    shutil.copytree(ROOT / "partners", tmp_path / "partners")
    assert run(shell_blocks(text)[2], tmp_path).rstrip().endswith("All is well.")


def run(line: str, folder: Path = ROOT) -> str:
    """What a command says in a folder; not what is said beside it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ML_CONNECTOR_", "SANDBOX_"))
    }
    done = subprocess.run(
        ["bash", "-ec", line],
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_row_of_its_tables_does_what_it_says(control: Control) -> None:
    exact(control)
    partners(control)
    approvals(control)
    acumatica(control)
    intacct(control)
    for path in ("/cleo/options", "/faults", "/clock", "/limits"):
        control.post(path, shown(path))
    for path in ("/journal", "/journal/counts", "/state/cleo", "/state/truecommerce"):
        control.get(path)
    everything = {call for calls, _ in rows() for call in calls}
    assert everything - control.made == set()


def exact(control: Control) -> None:
    made = control.post("/exact/orders", shown("/exact/orders"))
    assert [order["number"] for order in made] == ["26000001", "26000002", "26000003"]
    for act in ("change", "approve", "cancel"):
        control.post(f"/exact/orders/26000001/{act}")
    control.post("/exact/options", shown("/exact/options"))
    assert control.get("/state/exact/summary")["purchase_orders"] == 3


def partners(control: Control) -> None:
    control.post("/partner/behaviour", shown("/partner/behaviour"))
    first, second = (bodies[0] for calls, bodies in rows() if ("POST", "/partner/orders") in calls)
    control.post("/partner/orders", first)
    control.post(
        "/partner/orders", second, number="PO-1", store=first["store"], lines=[{**first["lines"][0], "item": "BOLT"}]
    )
    control.post("/partner/changes", shown("/partner/changes"))
    control.post("/partner/flush")
    control.post("/partner/consumer", shown("/partner/consumer"))
    control.get("/partner/heard")
    assert {one["partner"] for one in control.get("/partner/sent")} == {"HILLMART", "ACMEBUY"}
    control.get("/partner/consumed")


def approvals(control: Control) -> None:
    """A supplier's invoice, from the day that it comes until it is paid, voided and paid again."""
    for number in ("S-1", "S-2"):
        control.post("/avidxchange/received", {**shown("/avidxchange/received"), "number": number})
    control.post("/avidxchange/code", shown("/avidxchange/code"))
    approve, say = next(bodies for calls, bodies in rows() if ("POST", "/avidxchange/approve") in calls)
    control.post("/avidxchange/say", say)
    control.post("/avidxchange/approve", approve)
    batch = control.post("/avidxchange/close_batch", shown("/avidxchange/close_batch"))
    control.post("/avidxchange/reopen", {**shown("/avidxchange/reopen"), "batch": batch["BatchGUID"]})
    payment = control.post("/avidxchange/pay", shown("/avidxchange/pay"))
    which = {"payment": str(payment["PaymentId"])}
    assert set(shown("/avidxchange/walk")) == set(shown("/avidxchange/void")) == set(which)
    control.post("/avidxchange/walk", which)
    assert control.post("/avidxchange/walk", which, to="Cleared")["Status"]["Description"] == "Cleared"
    control.post("/avidxchange/void", which)
    control.post("/avidxchange/reissue", which, same_id=True)
    control.post("/avidxchange/files")
    assert len(control.get("/state/avidxchange")["invoices"]) == 2


def acumatica(control: Control) -> None:
    (order, *_) = control.post("/acumatica/orders", shown("/acumatica/orders"))
    control.post("/acumatica/receipts", {**shown("/acumatica/receipts"), "order": order["number"]})
    invoice, *_ = control.post("/acumatica/sales", shown("/acumatica/sales"))
    control.post("/acumatica/credit", {**shown("/acumatica/credit"), "invoice": invoice["ReferenceNbr"]})
    line = {"InventoryID": "WIDGET1", "OrderQty": 5, "UOM": "EA"}
    for number in (*shown("/acumatica/ship")["customer_orders"], shown("/acumatica/deliver")["customer_order"]):
        values = {"OrderType": "SO", "CustomerID": "C000042", "CustomerOrder": number, "Hold": False, "Details": [line]}
        control.post("/acumatica/put", {"entity": "SalesOrder", "values": values})
    control.post("/acumatica/ship", shown("/acumatica/ship"))
    control.post("/acumatica/deliver", shown("/acumatica/deliver"))
    vendor = control.post("/acumatica/put", shown("/acumatica/put"))
    key = {"entity": "Vendor", "key": [vendor["VendorID"]]}
    control.post("/acumatica/edit", {**key, "values": {"VendorName": "Newer"}})
    number = next(one for one in control.get("/state/acumatica/AcmeFoods/SalesOrder"))["OrderNbr"]
    control.post("/acumatica/act", {"entity": "SalesOrder", "key": ["SO", number], "action": "ReopenSalesOrder"})
    control.get("/acumatica/options")
    assert control.post("/acumatica/options", shown("/acumatica/options"))["seats"] == 1
    for path in ("/acumatica/tokens/expire", "/acumatica/tokens/revoke", "/acumatica/sessions/end"):
        control.post(path)
    control.get("/state/acumatica/summary")
    control.get("/state/acumatica/AcmeFoods/Bill")
    assert control.post("/acumatica/orders", tenant="AcmeTest")


def intacct(control: Control) -> None:
    (order, *_) = control.post("/sage_intacct/orders", shown("/sage_intacct/orders"))
    receive = {**shown("/sage_intacct/receive"), "order": order["docid"]}
    control.post("/sage_intacct/receive", receive)
    control.post("/sage_intacct/close", {**shown("/sage_intacct/close"), "order": order["docid"]})
    made = control.post("/sage_intacct/put", shown("/sage_intacct/put"))
    control.post("/sage_intacct/edit", {"object": "VENDOR", "number": made["RECORDNO"], "values": {"NAME": "Newer"}})
    control.post("/sage_intacct/remove", {"object": "VENDOR", "key": made["VENDORID"]})
    control.post("/sage_intacct/trouble", shown("/sage_intacct/trouble"))
    control.post("/sage_intacct/sessions/end")
    control.get("/sage_intacct/options")
    assert control.post("/sage_intacct/options", shown("/sage_intacct/options"))["lag_seconds"] == 5
    control.get("/state/sage_intacct/summary")
    control.get("/state/sage_intacct/AcmeMfg/APBILL")
    assert control.post("/sage_intacct/orders", company="AcmeTest")
