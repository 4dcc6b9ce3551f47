"""docs/integrations/acumatica-cleo.md, followed word by word in an empty folder against the sandbox."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from ml_connector_tests.cli.processes import running
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support import dagster_storage
from ml_connector_tests.systems.acumatica.stage import PAGE, page_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here"),
]
PORTS = ("8702", "8703", "8704")
OURS = re.compile(r"(?:echo (?P<given>\S+) \| )?ml-connector (?P<words>[^>]+)(?P<beside>> \S+ &)?")


def commands() -> list[str]:
    """The commands of the page, on free ports; one that goes on in the next line has an open quote."""
    found = re.search(r"## Try it\n.*?```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    text = found[1]
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    for port, one in zip(PORTS, listening, strict=True):
        text = text.replace(port, str(one.getsockname()[1]))
        one.close()
    lines = re.findall(r"(?:'[^']*'|[^'\n])+", text)
    return [line for line in lines if line.strip() and not line.startswith("#")]


def run(line: str, beside: ExitStack, patch: pytest.MonkeyPatch) -> str:
    """What a command says; ours in this process, as each of their own takes seconds to begin."""
    ours = OURS.fullmatch(line)
    if ours is None and line.startswith("export "):
        for setting in shlex.split(line)[1:]:
            patch.setenv(*setting.split("=", 1))
        return ""
    if ours is None:
        done = subprocess.run(["bash", "-e", "-c", line], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout
    words = shlex.split(ours["words"], comments=True)
    if ours["beside"]:
        beside.enter_context(running(*words))
        return ""
    said = say(*words, given=ours["given"] or "")
    assert said.code == 0, f"{line}\n{said.out}{said.err}"
    return said.out


def test_the_page_leads_from_order_to_bill_and_from_order_to_invoice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster_storage.keep_engines()
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ML_CONNECTOR_")]:
        monkeypatch.delenv(name)
    for name, text in page_files().items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    with ExitStack() as beside:
        said = {line.split("  #")[0]: run(line, beside, monkeypatch) for line in commands()}
    assert said["ml-connector check"].endswith("All is well.\n"), said
    *_, listed, bills = said.values()
    for number in ("PO000301", "LONESTAR-D00001", "LONESTAR-I00001", "PO-7781", "002001"):
        assert number in listed, said
    (bill,) = json.loads(bills)
    assert (bill["VendorRef"], bill["Status"]) == ("LONESTAR-I00001", "Balanced")
