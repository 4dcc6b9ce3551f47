"""docs/add-a-system.md as it is followed: the code on the page is an ERP, a network and their stand-in, which load,
pass `check` and the contracts of what they declare, and move an order out and an invoice in.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from ml_connector.clock import FileClock
from ml_connector.composition import Deployment
from ml_connector.config.loading import deployment_model
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.build import build_defs
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.registry import StandIn
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.systems import registry
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.contracts.erp_contract import ErpContract, parametrize
from ml_connector_tests.contracts.erp_harness import ErpHarness
from ml_connector_tests.contracts.mailbox_contract import MailboxContract
from ml_connector_tests.contracts.mailbox_harness import MailboxHarness
from ml_connector_tests.hostile.interchanges import Envelope
from ml_connector_tests.support import dagster_storage
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.pages import write_package, yaml_of

PAGE = (ROOT / "docs" / "add-a-system.md").read_text(encoding="utf-8")
#: The package lies there while this module is loaded: cases are made by what its systems declare.
_PATH = TemporaryDirectory(prefix="toy-")
FILES = write_package(PAGE, "toy", Path(_PATH.name))
sys.path.append(_PATH.name)
SYSTEMS = import_module("toy.systems")
HARNESS = import_module("toy.harness")
KEY = import_module("toy.standin").KEY
ENVELOPE = Envelope(sender="ACME", receiver="TOYSHOP", usage="T")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.cls is TestBooks:
        parametrize(metafunc, [SYSTEMS.BOOKS])


@dataclass
class Shop:
    """A deployment as the page has it, over a sandbox of the toy alone."""

    home: Path
    sandbox: Sandbox
    deployment: Deployment
    http: httpx.Client

    @property
    def config(self) -> Path:
        return self.home / "connections.yaml"

    def control(self, method: str, path: str) -> Any:
        """What the page's curl does at the control port."""
        return self.http.request(method, self.sandbox.addresses()["control"] + path).json()

    def post(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A partner at the mailbox."""
        url = self.sandbox.addresses()["toy"] + path
        return self.http.request(method, url, headers={"X-Key": KEY}, **more).raise_for_status()

    def sent(self) -> list[str]:
        """Files in the folder that the partner reads."""
        files = self.post("GET", "/post/out?start=0&limit=99").json()["files"]
        return [self.post("GET", f"/post/out/{file['id']}").text for file in files]

    def documents(self) -> list[Any]:
        """Invoices, as the ledger has them."""
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=("invoices_in",)), limit=9)
        return sorted(page.rows, key=lambda row: row.id)

    def invoice(self, number: str, order: str) -> None:
        """An 810 of the whole order lies in the mailbox."""
        body = [
            "ST*810*0001",
            f"BIG*20261120*{number}**{order}***DI*00",
            "CUR*SE*USD",
            "IT1*1*10*EA*1.25**BP*BOLT",
            "TDS*1250",
            "CTT*1",
        ]
        data = ENVELOPE.wrapped([[*body, f"SE*{len(body) + 1}*0001"]])
        self.post("PUT", f"/post/in?name={number}.x12", content=data)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    dagster_storage.keep_engines()
    home = tmp_path_factory.mktemp("shop")
    connections, partner = yaml_of(PAGE)
    (home / "connections.yaml").write_text(connections, encoding="utf-8")
    (home / "partners").mkdir()
    (home / "partners" / f"{yaml.safe_load(partner)['name']}.yaml").write_text(partner, encoding="utf-8")
    sqlite_with_tables(home / "var" / "ledger.db")
    toy = StandIn("toy", "Toy", "toy.standin:make")
    options = SandboxOptions(clock_file=home / "clock")
    with Sandbox(options, stand_ins=[toy]) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOY_URL", sandbox.addresses()["toy"])
        patch.setenv("TOY_KEY", KEY)
        patch.setenv("ML_CONNECTOR_CONFIG", str(home / "connections.yaml"))
        patch.setenv("ML_CONNECTOR_CLOCK_FILE", str(sandbox.clock_file))
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        patch.delenv("ML_CONNECTOR_HOME", raising=False)
        with (
            Deployment.open(home / "connections.yaml", clock=FileClock(sandbox.clock_file)) as deployment,
            httpx.Client(trust_env=False, verify=False) as http,
        ):
            yield Shop(home, sandbox, deployment, http)
    registry.forget_added()
    deployment_model.cache_clear()


class TestBooks(ErpContract):
    """The ERP of the page; what it does not declare is skipped."""

    @pytest.fixture(scope="module")
    @classmethod
    def harness(cls, shop: Shop) -> ErpHarness:
        made: ErpHarness = HARNESS.BooksHarness(shop.sandbox, shop.deployment)
        return made


class TestPost(MailboxContract):
    """The network of the page."""

    @pytest.fixture(scope="module")
    @classmethod
    def harness(cls, shop: Shop) -> Iterator[MailboxHarness]:
        made = HARNESS.PostHarness(shop.sandbox, shop.deployment)
        yield made
        made.close()


def test_the_page_has_every_file_of_the_package() -> None:
    assert FILES == ["settings.py", "wire.py", "books.py", "post.py", "systems.py", "standin.py", "harness.py"]


def test_the_code_location_has_what_the_systems_have(shop: Shop) -> None:
    keys = {key.to_user_string() for key in build_defs(shop.config).resolve_asset_graph().get_all_asset_keys()}
    assert {"books/vendors", "books/purchase_orders", "toy/sent_orders", "toy/purchase_invoices"} <= keys
    assert not {"books/cost_centers", "books/vat_codes", "toy/goods_receipts"} & keys


def test_editors_know_the_settings_of_its_connections(shop: Shop, tmp_path: Path) -> None:
    assert say("schema", "--out", tmp_path).code == 0
    schema = json.loads((tmp_path / "connections.schema.json").read_text(encoding="utf-8"))
    known = jsonschema.Draft202012Validator(schema)
    config = yaml.safe_load(shop.config.read_text(encoding="utf-8"))
    assert list(known.iter_errors(config)) == []
    del config["connections"]["books"]["company"]
    assert not known.is_valid(config), "company is missing"


def test_an_order_goes_out_and_an_invoice_comes_in_once(shop: Shop) -> None:
    """As the page says it: key, check, an order in the books, sync; then bills, also where an answer is lost."""
    HARNESS.PostHarness(shop.sandbox, shop.deployment).empty()
    shop.sandbox.call(shop.sandbox.system(import_module("toy.standin").ToyServer).orders.clear)
    assert say("credentials", "generate-key").code == 0
    checked = say("check", "--json")
    assert checked.code == 0, checked.out
    assert {one["level"] for one in checked.json["findings"]} <= {"good", "advice"}

    order = shop.control("POST", "/toy/orders")
    before = len(shop.control("GET", "/toy/bills"))
    shop.invoice("INV-1", order["number"])
    run = say("sync", "toy", "--json")
    assert run.code == 0, run.out + run.err
    (sent,) = [text for text in shop.sent() if "ST*850*" in text]
    assert f"BEG*00*SA*{order['number']}*" in sent
    assert "PO1*1*10*EA*1.25*" in sent
    assert any("AK1*IN*" in text for text in shop.sent()), "the invoice is answered"
    (bill,) = shop.control("GET", "/toy/bills")[before:]
    assert (bill["vendor"], bill["number"], bill["total"]) == ("V1", "INV-1", "12.5")
    assert bill["lines"][0]["order_line"] == order["lines"][0]["id"]
    assert shop.post("GET", "/post/in?start=0&limit=9").json()["files"] == []

    listed = say("reference", "list", "--json")
    assert {row["table"]: row["rows"] for row in listed.json} == {
        "vendors": 1,
        "gl_accounts": 1,
        "items": 1,
        "purchase_orders": 1,
    }
    assert listed.code == 0, "what it does not have is not missing"
    assert "There is no table 'vat_codes'" in say("reference", "show", "vat_codes").err

    second = shop.control("POST", "/toy/orders")
    shop.invoice("INV-2", second["number"])
    shop.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, "toy", "POST", "/books/bills"))
    shop.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, "toy", "PUT", "/post/out"))
    integration = shop.deployment.integration("toy")
    with worker(shop.deployment.ledger) as lease:
        pipeline.run(integration, RunScope(holder=lease.name, actor="test"), pipeline.OUTBOUND)
        for state in (S.UNKNOWN_OUTCOME, S.POSTED):
            pipeline.run(integration, RunScope(holder=lease.name, actor="test"), pipeline.INBOUND)
            assert [one.state for one in shop.documents()] == [S.POSTED, state]
            shop.sandbox.clock.move(120)
    assert [one["number"] for one in shop.control("GET", "/toy/bills")[before:]] == ["INV-1", "INV-2"]
    for one in (order, second):
        assert sum(f"BEG*00*SA*{one['number']}*" in text for text in shop.sent()) == 1
