"""A flow is declared once, in its package: one that nobody here has heard of is loaded, checked and run by name."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.config.flows import integration_model
from ml_connector.config.integrations import Flows, FlowSettings, ProcurementCalendar
from ml_connector.config.loading import deployment_model, load_deployment
from ml_connector.diagnostics.deployment import check_deployment
from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.reference import ReferenceTable
from ml_connector.documents.sales.reference import SalesTable
from ml_connector.errors import ConfigError
from ml_connector.flows import registry
from ml_connector.flows.core.cut_offs import calendars
from ml_connector.flows.core.flow_set import FlowSet, check
from ml_connector.flows.core.spec import EVERY_TABLE, AssetSpec, FlowSpec, Needs, OutsideSpec, StepSpec, load
from ml_connector.flows.pipeline import INBOUND, OUTBOUND, members_of, steps_of
from ml_connector.orchestration.build import build_defs
from ml_connector.systems import registry as systems
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.hostile.interchanges import Envelope
from ml_connector_tests.orchestration.stage import Stage, open_stage
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.pages import write_package, yaml_of

PAGE = (ROOT / "docs" / "add-a-flow.md").read_text(encoding="utf-8")
PAYMENT = (
    "ST*820*0001",
    "BPR*C*1050.5*C*ACH*CTX*01*091000019*DA*92283334*1657777777**01*148529553*DA*4711*20261130",
    "TRN*1*TRACE-1",
    "CUR*PR*USD",
    "N1*PR*ACME CORP*92*0042",
    "ENT*1",
    "RMR*IV*INV-1*PI*1050.5",
    "SE*8*0001",
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of docs/add-a-flow.md, on the path."""
    folder = tmp_path / "payments"
    assert write_package(PAGE, "payments", tmp_path) == ["settings.py", "listing.py", "flow.py"]
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    registry.forget_added()
    integration_model.cache_clear()
    deployment_model.cache_clear()
    for name in [one for one in sys.modules if one.partition(".")[0] == "payments"]:
        del sys.modules[name]


def config_of_page(folder: Path) -> dict[str, Any]:
    """What the page writes into connections.yaml, its list in this folder."""
    (text,) = yaml_of(PAGE)
    changes: dict[str, Any] = yaml.safe_load(text)
    changes["integrations"]["exact_cleo"]["flows"]["payments_listed"]["list_file"] = str(folder / "payments.txt")
    return changes


@contextmanager
def payments(folder: Path, changes: dict[str, Any]) -> Iterator[Stage]:
    with dg.DagsterInstance.ephemeral() as instance, open_stage(folder / "home", instance, changes=changes) as stage:
        yield stage


def test_a_flow_of_another_package_moves_a_document(package: Path, tmp_path: Path) -> None:
    """Declared, named in connections.yaml, loaded, run by its job and known to the commands."""
    with payments(tmp_path, config_of_page(tmp_path)) as stage:
        erp = stage.scene.integration.erp
        declared = systems.find(erp.system)
        assert (set(erp.sources), set(erp.targets)) == (declared.sources, declared.targets)
        assert {str(table) for table in erp.tables} == declared.tables
        deliver(stage.scene, Envelope(functional_id="RA").wrapped([PAYMENT]), "P1.edi")
        run = stage.inbound()
        assert run.success, run.failures
        (row,) = stage.scene.documents("payments_listed")
        assert (str(row.state), row.kind) == ("posted", "remittance")
        assert (tmp_path / "payments.txt").read_text() == "northwind TRACE-1 1050.5 USD\n"
        assert run.assets["listed_payments"]["listed"] == 1
        assert run.assets["listed_payments"]["partition_posted"] == 1
        assert run.assets["remittances_820"]["parsed_now"] == 1
        assert run.checks[("listed_payments", "quarantined")].passed
        again = stage.inbound("replay")
        assert again.success, again.failures
        assert (tmp_path / "payments.txt").read_text().count("TRACE-1") == 1, "nothing is done twice"
        listed = say("documents", "list", "--flow", "payments_listed", "--json")
        assert listed.code == 0, listed.out + listed.err
        (told,) = listed.json["documents"]
        assert (told["id"], told["state"]) == (row.id, "posted")
        dry = say("sync", "--flow", "payments_listed", "--dry-run", "--json")
        assert dry.code == 0, dry.err
        assert "exact_cleo/listed_payments" in dry.json["runs"][0]["assets"]
        assert "exact_cleo/purchase_invoices" not in dry.json["runs"][0]["assets"]
        assert say("sync", "--flow", "nothing").code == 2


def loaded(folder: Path, changes: dict[str, Any]) -> Path:
    """The shipped configuration with these changes, where its partners are."""
    shipped = yaml.safe_load((ROOT / "connections.yaml").read_text(encoding="utf-8"))
    for name, one in shipped["integrations"].items():
        one["partners"] = str(ROOT / one["partners"])
        one.setdefault("flows", {}).update(changes.get("integrations", {}).get(name, {}).get("flows", {}))
    shipped["flows"] = changes["flows"]
    path = folder / "connections.yaml"
    path.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    return path


def test_only_an_integration_that_names_a_flow_has_it(package: Path, tmp_path: Path) -> None:
    path = loaded(tmp_path, config_of_page(tmp_path))
    keys = {key.to_user_string() for key in build_defs(path).resolve_asset_graph().get_all_asset_keys()}
    assert {"exact_cleo/remittances_820", "exact_cleo/listed_payments"} <= keys
    assert not {"exact_truecommerce/remittances_820", "exact_truecommerce/listed_payments"} & keys


def test_settings_are_checked_by_the_flow(package: Path, tmp_path: Path) -> None:
    changes = config_of_page(tmp_path)
    changes["integrations"]["exact_cleo"]["flows"]["payments_listed"] = {"list": "a.txt"}
    with pytest.raises(ConfigError) as caught:
        load_deployment(loaded(tmp_path, changes))
    assert "integrations.exact_cleo.flows.payments_listed.list_file: is missing" in caught.value.message


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('after=("parse",)', 'after=("parsing",)', "step list_payments comes after parsing, which no flow declares"),
        (
            'steps=("list_payments",)',
            'steps=("list",)',
            "asset listed_payments is made by list, which no flow declares",
        ),
        (
            'deps=("remittances_820",)',
            'deps=("none",)',
            "asset listed_payments depends on none, which no flow declares",
        ),
        ('"listed_payments"', '"received_files"', "two declare asset received_files"),
        ("DocumentKind.REMITTANCE", "DocumentKind.INVOICE", "two declare kind of document invoice"),
        ('"list_payments",', '"match",', "two declare step inbound match"),
        ('after=("parse",)', 'after=("list_payments",)', "Steps wait for each other: list_payments"),
        (
            'tables=frozenset({"vendors"})',
            'targets=frozenset({"sales_orders"})',
            "exact_nl (exact_online) has no target",
        ),
        ('tables=frozenset({"vendors"})', 'network=frozenset({"batches"})', "cleo_prod (cleo) has no source or target"),
        ('name="payments_listed"', 'name="payments_in"', "calls itself payments_in"),
        ('settings="payments.settings', 'settings="payments.set', "payments.set:PaymentsListed cannot be loaded"),
    ],
)
def test_a_wrong_declaration_is_told_when_the_code_location_loads(
    package: Path, tmp_path: Path, was: str, now: str, words: str
) -> None:
    text = (package / "flow.py").read_text(encoding="utf-8")
    assert was in text
    (package / "flow.py").write_text(text.replace(was, now), encoding="utf-8")
    path = loaded(tmp_path, config_of_page(tmp_path))
    with pytest.raises(ConfigError) as caught:
        build_defs(path)
    assert words in caught.value.message
    assert caught.value.remedy
    told = say("check", "--config", str(path))
    assert told.code == 2
    assert words in told.err.replace("\n", " ")


@pytest.mark.parametrize("place", ["no_such_module:FLOW", "payments.flow:NOTHING", "payments.settings:PaymentsListed"])
def test_a_flow_that_is_not_where_it_should_be_is_told(package: Path, tmp_path: Path, place: str) -> None:
    changes = config_of_page(tmp_path)
    changes["flows"] = {"payments_listed": place}
    with pytest.raises(ConfigError, match=re.escape(place)):
        load_deployment(loaded(tmp_path, changes))


def test_what_a_setting_asks_of_the_erp_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing agreed changes back is a target; taking acknowledgments in asks for none."""
    erp = systems.find("exact_online")
    monkeypatch.setattr(type(erp), "targets", frozenset({"bills", "goods_receipts", "payments"}))
    changes: dict[str, Any] = {"flows": {}}
    load_deployment(loaded(tmp_path, changes))
    written = {"acknowledgments_in": {"order_changes": "write_back"}}
    with pytest.raises(ConfigError, match="has no target order_changes, which acknowledgments_in asks for"):
        load_deployment(loaded(tmp_path, {**changes, "integrations": {"exact_cleo": {"flows": written}}}))


def test_a_flow_that_nobody_named_is_off_where_it_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    erp = systems.find("exact_online")
    monkeypatch.setattr(type(erp), "targets", frozenset({"bills", "payments"}))
    path = loaded(tmp_path, {"flows": {}})
    shipped = yaml.safe_load(path.read_text(encoding="utf-8"))
    for one in shipped["integrations"].values():
        one["flows"].pop("shipments_in", None)
    path.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    with Deployment.open(path) as deployment:
        assert not deployment.loaded.integration("exact_cleo").flows.shipments_in.enabled
        told = {one.about: one.message for one in check_deployment(deployment) if one.aspect == "flows"}
    wanted = "shipments_in is off: exact_nl (exact_online) has no target goods_receipts, which shipments_in asks for"
    assert told["exact_cleo"] == wanted
    shipped["integrations"]["exact_cleo"]["flows"]["shipments_in"] = {}
    path.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    with pytest.raises(ConfigError, match="has no target goods_receipts, which shipments_in asks for"):
        load_deployment(path)


def test_a_shipped_name_cannot_be_taken() -> None:
    with pytest.raises(ConfigError, match="already"):
        registry.add("invoices_in", "payments.flow:FLOW")


@pytest.mark.parametrize("name", list(registry.FLOWS))
def test_every_shipped_flow_is_whole(name: str) -> None:
    flow = registry.find(name)
    for step in flow.steps:
        assert callable(load(step.run)), step.run
    if flow.settings:
        assert type(integration_model(()).model_fields["flows"].default.named(name)) is flow.settings_model
    wanted = flow.needs.tables | flow.needs.coded_by
    assert wanted <= {table.value for table in (*ReferenceTable, *SalesTable)}
    assert all({*asset.tables} <= wanted | {EVERY_TABLE} for asset in flow.shown)
    assert flow.kinds


def test_shipped_flows_fit_together_in_the_order_of_the_business() -> None:
    """Receipts are posted before invoices are matched, so that a notice and its invoice of one batch meet."""
    flows = registry.shipped()
    check(flows, registry.every())
    inbound = [step.name for _, step in flows.steps("inbound")]
    order = ["receive", "parse", "apply", "match_shipments", "post_receipts", "match", "code", "post"]
    assert inbound == [*order, "render_997", "send_997", "take_away"]
    assert [step.name for _, step in flows.steps("outbound")] == ["read", "resolve", "render", "send"]
    assert len(steps_of(flows, "inbound")) == len(INBOUND)
    assert len(steps_of(flows, "outbound")) == len(OUTBOUND)
    assert [member.name for member in members_of(flows, "inbound")] == inbound[:-1]


def test_steps_come_behind_what_feeds_them_however_they_are_declared() -> None:
    def flow(name: str, **after: tuple[str, ...]) -> FlowSpec:
        steps = tuple(StepSpec(one, "x:y", "", after=names) for one, names in after.items())
        return FlowSpec(name, "inbound", "", steps=steps)

    flows = FlowSet((flow("late", c=("b",), d=("elsewhere",)), flow("early", b=("a",), a=())))
    assert [step.name for _, step in flows.steps("inbound")] == ["d", "a", "b", "c"]
    circle = replace(flows, present=(flow("one", a=("b",)), flow("two", b=("a",))))
    with pytest.raises(ConfigError, match="wait for each other"):
        circle.steps("inbound")


def test_any_flow_that_leaves_may_have_a_calendar() -> None:
    """Of somebody else's package too; one without settings leaves at once."""

    class Remittances(FlowSettings):
        @property
        def cut_offs(self) -> ProcurementCalendar | None:
            return ProcurementCalendar(cut_offs=("09:00",))

    class Named(Flows):
        remittances_out: Remittances = Remittances()

    waits = FlowSpec("remittances_out", "outbound", "", settings="x:y")
    flows = FlowSet((registry.find("orders_out"), waits, FlowSpec("bare_out", "outbound", "")))
    assert {name: one.cut_offs for name, one in calendars(flows, Named()).items()} == {"remittances_out": ("09:00",)}
    assert calendars(replace(flows, off=frozenset({"remittances_out"})), Named()) == {}


def test_what_is_read_is_not_what_is_fed() -> None:
    """One asset at both ends would tie the graph into a knot."""
    end = OutsideSpec("orders", "erp", "")
    reads = FlowSpec("one", "inbound", "", assets=(AssetSpec("taken", "", reads=(end,)),))
    feeds = FlowSpec("two", "outbound", "", assets=(AssetSpec("given", "", feeds=(replace(end, text="also"),)),))
    check(FlowSet((reads,)), (reads,))
    with pytest.raises(ConfigError, match="orders at the erp is read, and given feeds it"):
        check(FlowSet((reads, feeds)), (reads, feeds))


def test_the_page_lists_the_flows_as_they_are() -> None:
    table = PAGE.partition("<!-- flows -->\n")[2].partition("<!-- end -->")[0].splitlines()[2:]
    wanted = []
    for flow in map(registry.find, registry.FLOWS):
        asked = "; ".join(f"{what} {', '.join(sorted(names))}" for what, names in _asked(flow.needs) if names)
        wanted.append(f"| `{flow.name}` | {flow.direction} | {flow.text} | {asked or 'nothing'} |")
    assert table == wanted


def _asked(needs: Needs) -> list[tuple[str, frozenset[str]]]:
    return [
        ("sources", needs.sources),
        ("targets", needs.targets),
        ("tables", needs.tables),
        ("where lines are coded by them", needs.coded_by),
    ]


def test_flows_share_a_kind_of_document_where_the_senders_role_decides() -> None:
    def flow(name: str, *roles: str) -> FlowSpec:
        orders = AssetSpec(f"{name}_850", "", documents=(DocumentKind.ORDER,))
        return FlowSpec(name, "inbound", "", parsed=(orders,), partners=frozenset(roles))

    both = FlowSet((flow("sales", "customer"), flow("purchases", "procurement")))
    check(both, both.present)
    assert both.flow_for(DocumentKind.ORDER, "procurement") == "purchases"
    assert [both.flow_for(DocumentKind.ORDER, role) for role in ("customer", "supplier", "")] == ["sales"] * 3
    assert both.flow_for(DocumentKind.INVOICE, "customer") is None
    alone = FlowSet((flow("purchases", "procurement"),))
    assert alone.flow_for(DocumentKind.ORDER, "customer") == "purchases", "held there for its role"
    for other in (flow("sales", "customer", "procurement"), flow("sales")):
        with pytest.raises(ConfigError, match="two declare kind of document order"):
            check(FlowSet((other, flow("purchases", "procurement"))), ())
