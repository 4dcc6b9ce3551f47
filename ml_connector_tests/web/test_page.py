"""docs/webhooks.md, followed word by word against the sandbox."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ml_connector.own_signals import command
from ml_connector_tests.support.deployment import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here"),
]
#: Ports of the page, and the variables of connections.yaml that lead to them.
PORTS = {
    "8701": "SANDBOX_EXACT_URL",
    "8702": "SANDBOX_CLEO_URL",
    "8703": "",
    "8722": "SANDBOX_TRUECOMMERCE_PORT",
    "8780": "SANDBOX_WEBHOOK_PORT",
}


def block() -> str:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    found = re.search(r"## Against the sandbox\n.*?```\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def free_ports() -> dict[str, str]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    made = dict(zip(PORTS, (str(one.getsockname()[1]) for one in with_ports), strict=True))
    for one in with_ports:
        one.close()
    return made


def test_subscribing_works_as_the_page_has_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "connections.yaml", tmp_path)
    shutil.copytree(ROOT / "partners", tmp_path / "partners")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ml-connector").write_text(f"#!{sys.executable}\nfrom ml_connector.cli import main\nmain()\n")
    (tools / "ml-connector").chmod(0o755)
    ports, script = free_ports(), block()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ML_CONNECTOR", "SANDBOX"))},
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SANDBOX_REDIRECT_URI": f"http://127.0.0.1:{ports['8780']}/oauth/callback",
        "SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{ports['8780']}",
    }
    for port, variable in PORTS.items():
        script = script.replace(port, ports[port])
        address = f"http://127.0.0.1:{ports[port]}" if variable.endswith("URL") else ports[port]
        environment |= {variable: address} if variable else {}
    process = subprocess.Popen(
        command(["bash", "-e", "-c", script]),
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        # what runs in the background keeps the pipe open: read until the last command has told what it has to
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Notices waiting"):
                break
        assert "PurchaseOrders" in said, said
        assert "PurchaseEntries" in said, said
        assert process.wait(60) == 0, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
