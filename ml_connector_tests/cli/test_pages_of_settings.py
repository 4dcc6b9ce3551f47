"""Pages that tell what to write into the configuration: their blocks, as they stand there, in the files that they name.

What the settings do is tested with the flows that they are of; here a person who copies a block is not stopped by it.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.connect_page import empty_folder
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.web import proxied

#: Where the blocks of a page belong: an integration, and one of its partners where a block is of a partner's file.
PLACES = {
    "alerts.md": ("exact_cleo", ""),
    "coding.md": ("exact_cleo", ""),
    "deadlines.md": ("acumatica_cleo", "hillmart"),
    "exact-truecommerce.md": ("exact_truecommerce", "harbour"),
    "payments.md": ("exact_avidxchange", ""),
    "purchase-orders-in.md": ("intacct_cleo", ""),
    "remittances.md": ("intacct_cleo", ""),
    "sales-invoices.md": ("acumatica_cleo", ""),
    "shipments.md": ("acumatica_cleo", ""),
    "vendors-and-codes-out.md": ("exact_avidxchange", ""),
}
INSIDE = {"exact-truecommerce.md": "integrations/exact-truecommerce.md"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment of all pairs, as it ships, with a key."""
    empty_folder(tmp_path, monkeypatch)
    shutil.copy(ROOT / "connections.yaml", tmp_path)
    shutil.copytree(ROOT / "partners", tmp_path / "partners")
    assert say("credentials", "generate-key").code == 0
    return tmp_path


def merged(base: Any, changes: Any) -> Any:
    """As a person does who adds a block to what stands there."""
    if not (isinstance(base, dict) and isinstance(changes, Mapping)):
        return changes
    return {**base, **{key: merged(base.get(key), value) for key, value in changes.items()}}


def add(file: Path, *where: str, block: Any) -> None:
    for name in reversed(where):
        block = {name: block}
    file.write_text(yaml.safe_dump(merged(yaml.safe_load(file.read_text(encoding="utf-8")), block)), encoding="utf-8")


def write(folder: Path, block: dict[str, Any], integration: str, partner: str) -> None:
    """A block into the file that it is of, by what it begins with."""
    config = folder / "connections.yaml"
    if "flows" in block:
        add(config, "integrations", integration, block=block)
    elif "coding" in block:
        add(config, "integrations", integration, "flows", "invoices_in", block=block)
    elif partner:
        add(folder / "partners" / integration / f"{partner}.yaml", block=block)
    else:
        add(config, block=block)


@pytest.mark.parametrize("name", PLACES)
def test_what_a_page_tells_to_write_is_taken(folder: Path, name: str) -> None:
    page = FollowedPage(INSIDE.get(name, name), {})
    assert page.settings
    for block in page.settings:
        write(folder, block, *PLACES[name])
    checked = say("check", "--offline", "--json")
    assert checked.code != 2, checked.err
    with Deployment.open(folder / "connections.yaml") as deployment:
        assert deployment.partner_problems == []


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_somebody_is_alerted_as_the_page_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FollowedPage("alerts.md", {})
    for block in page.settings:
        write(folder, block, *PLACES["alerts.md"])
    with proxied.echo() as heard:
        address = f"json://127.0.0.1:{heard.port}/"
        assert "`ml-connector credentials set alert_mail`" in page.text
        assert say("credentials", "set", "alert_mail", given=f"{address}mail").code == 0
        monkeypatch.setenv("ALERT_CHAT", f"{address}chat")
        page.named("ml-connector alerts test")
        assert [path for path, _ in heard.asked] == ["/mail", "/chat"]
        monkeypatch.setenv("ALERT_CHAT", "nonsense")
        assert "alerts.urls[1]" in say("check", "--offline").out
        page.named("ml-connector alerts test", code=1)
