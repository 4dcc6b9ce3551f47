"""The pages that connect AvidXchange and that pair it with Exact, followed word by word."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from ml_connector.config.loading import load_deployment
from ml_connector.orchestration.build import build_defs
from ml_connector.sandbox import registry
from ml_connector.sandbox.avidxchange.options import AvidOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.systems.avidxchange.file_settings import AvidFiles, FileLayout
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.pages import yaml_of
from ml_connector_tests.systems.avidxchange.stage import INTEGRATION, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import CODES
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, supplier_id, there, vendor_there

ADDRESS = "base_url: https://apistore.avidxchange.net"
PAGE = (ROOT / "docs" / "integrations" / "exact-avidxchange.md").read_text(encoding="utf-8")


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-avidxchange.md")
    assert ADDRESS in page.written
    with Sandbox(stand_ins=registry.of("avidxchange")) as sandbox:
        login = sandbox.logins()["avidxchange"]
        given = {"avid_gateway_key": login["gateway_key"], "avid_password": login["password"]}
        written = page.written.replace(ADDRESS, f"base_url: {sandbox.addresses()['avidxchange']}")
        said = page.follow(written, given)
        assert "is logged in" in said[-1]
        assert said[-1].endswith("All is well.\n"), said
        assert not [one for one in said for secret in given.values() if secret in one]
        assert page.connection("avid")["username"] == login["username"]


def test_the_section_on_files_leads_to_a_connection_that_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-avidxchange.md", "Files instead of the API")
    host = "host: sftp.avidxchange.net\n"
    assert host in page.written
    options = SandboxOptions(avidxchange=AvidOptions(mode="files"))
    with Sandbox(options, stand_ins=registry.of("avidxchange")) as sandbox:
        login, addresses = sandbox.logins()["avidxchange"], sandbox.addresses()
        server = urlsplit(addresses["avidxchange"])
        # The stand-in's address, as what AvidXchange tells a customer.
        written = page.written.replace(host, f"host: {server.hostname}\n      port: {server.port}\n")
        key = addresses["avidxchange_host_key"]
        said = page.follow(
            written,
            {"avid_sftp_password": login["password"]},
            more={"accept-host-key": ("--fingerprint", key)},
        )
        assert said[-2] == "avid: accepted.\n"
        assert "is logged in" in said[-1]
        assert said[-1].endswith("All is well.\n"), said
        assert not [one for one in said if login["password"] in one]


def test_the_table_of_files_is_what_the_settings_have() -> None:
    """Folders and columns of each kind of file, as the page tells them."""
    text = (ROOT / "docs" / "connect-avidxchange.md").read_text(encoding="utf-8").partition("## Files instead")[2]
    told = {
        cells[0].split("`")[1]: (cells[1].split("`")[1], re.sub(r" \([^)]*\)", "", cells[3]).split(", "))
        for line in text.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4 and cells[1].startswith("`")
    }
    files = AvidFiles.model_validate({"host": "h", "username": "u", "password": {"env": "X"}})
    known = {
        name: (one.folder, list(one.columns)) for name in type(files).model_fields
        if isinstance(one := getattr(files, name), FileLayout)
    }  # fmt: skip
    assert told == known


def flows_of_page() -> dict[str, object]:
    configured = yaml.safe_load(yaml_of(PAGE)[0])["integrations"][INTEGRATION]
    flows: dict[str, object] = configured["flows"]
    return flows


def test_the_partner_of_the_page_is_the_one_that_tests_use(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=flows_of_page(), warm=False) as stage:
        written = yaml.safe_load((tmp_path / "avid_partners" / "avidxchange.yaml").read_text(encoding="utf-8"))
        assert yaml.safe_load(yaml_of(PAGE)[1]) == written
        assert {stage.integration.flows.present[0].name for _ in [0]} == {"files_in"}


def test_an_invoice_goes_is_approved_comes_back_and_its_assets_are_shown(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=flows_of_page()) as stage:
        stage.outbound()
        vendor_there(stage)
        booked(stage, "OURS")
        stage.outbound()
        assert [row["Number"] for row in there(stage)] == ["OURS"]
        vendor = {"VendorExternalSystemID": supplier_id(stage), "VendorName": "Supplier"}

        def approve() -> None:
            stage.desk.received(vendor, "THEIRS", "121.00", Currency="EUR")
            stage.desk.code("THEIRS", [{"amount": "121.00", "codes": CODES}])
            stage.desk.approve("THEIRS")
            stage.desk.close_batch(["THEIRS"])

        stage.sandbox.call(approve)
        stage.inbound()
        (entry,) = stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries").where("YourRef", "THEIRS")
        assert entry["AmountFC"] == -121
        shown = {"/".join(key.path) for key in build_defs(load_deployment(stage.config)).resolve_all_asset_keys()}
        wanted = ("booked_invoices_read", "invoices_at_network", "approved_invoices", "coded_purchase_entries")
        assert {f"{INTEGRATION}/{name}" for name in wanted} <= shown
