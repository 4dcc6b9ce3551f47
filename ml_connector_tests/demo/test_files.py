"""The demo's own deployment: what ships, wherever the demo is started."""

from pathlib import Path

import pytest

from ml_connector.config.loading import load_deployment
from ml_connector.demo.files import RUNS, write_deployment
from ml_connector.demo.stage import FOREIGN, _environ, _environment
from ml_connector_tests.support.deployment import ROOT

PACKAGED = ROOT / "ml_connector" / "demo" / "deployment"
ADDRESSES = {
    "exact": "http://127.0.0.1:1001",
    "cleo": "http://127.0.0.1:1002",
    "acumatica": "http://127.0.0.1:1004/AcmeERP",
    "avidxchange": "http://127.0.0.1:1006",
    "sage_intacct": "http://127.0.0.1:1005/ia/xml/xmlgw.phtml",
    "truecommerce": "sftp://127.0.0.1:1003",
    "truecommerce_host_key": "SHA256:" + "A" * 43,
    "clock_file": "/nowhere/clock",
}


def test_the_package_carries_what_stands_in_the_repository() -> None:
    """One set of facts: connections.yaml and partners/ of the repository are those of the demo."""
    shipped = [ROOT / "connections.yaml", *sorted((ROOT / "partners").rglob("*.yaml"))]
    assert sorted(str(p.relative_to(PACKAGED)) for p in PACKAGED.rglob("*.yaml")) == sorted(
        str(path.relative_to(ROOT)) for path in shipped
    )
    for path in shipped:
        assert (PACKAGED / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), path


def test_the_file_alone_leads_to_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable, from any folder: ML_CONNECTOR_CONFIG is all that another terminal needs."""
    home = tmp_path / "a home: with 'marks'"
    config = write_deployment(home, _environment(home, ADDRESSES))
    for name in ("ML_CONNECTOR_HOME", *_environment(home, ADDRESSES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    loaded = load_deployment(config)
    assert loaded.home == home
    assert {getattr(loaded.connection(name), "base_url", "") for name in ("exact_nl", "cleo_prod", "acumatica")} == {
        ADDRESSES["exact"], ADDRESSES["cleo"], ADDRESSES["acumatica"],
    }  # fmt: skip
    assert getattr(loaded.connection("tc_prod"), "port", 0) == 1003
    assert loaded.settings.webhooks.public_url.startswith("http://127.0.0.1:")
    assert "${" not in config.read_text(encoding="utf-8")
    assert RUNS in (home / "dagster.yaml").read_text(encoding="utf-8")


def test_a_real_deployment_in_the_folder_is_neither_read_nor_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "connections.yaml").write_text("connections: {exact_nl: {base_url: https://start.exactonline.nl}}")
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "another.yaml").write_text("display_name: Another")
    monkeypatch.chdir(tmp_path)
    for name in FOREIGN:
        monkeypatch.setenv(name, "postgresql://real/ledger")
    home = tmp_path / "var" / "demo"
    loaded = load_deployment(write_deployment(home, _environment(home, ADDRESSES)))
    assert len(loaded.partners["exact_cleo"]) == 3
    assert "exactonline.nl" not in str(loaded.connection("exact_nl"))
    import os

    with _environ({"ML_CONNECTOR_HOME": str(home)}):
        assert not set(FOREIGN) & set(os.environ)
    assert all(os.environ[name] == "postgresql://real/ledger" for name in FOREIGN)
