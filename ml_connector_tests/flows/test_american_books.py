"""Books of the United States, end to end: a bill without VAT codes is posted, and `try` says so before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.config.integrations import Coding
from ml_connector.diagnostics.dimensions import check_dimensions
from ml_connector.documents.common import changed
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import ErpTraits
from ml_connector.flows.reference.syncing import sync_table, warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.systems.system import Role
from ml_connector.trying.sides import HeldMailbox
from ml_connector.trying.trial import Given, try_files
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows import builders as b
from ml_connector_tests.flows.american import AmericanErp, Table
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import INTEGRATION, write_config, write_partners

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
INBOX = "/NORTHWIND/inbox"
CODING: dict[str, Any] = {
    "dimensions": {"department": {"default": "10"}, "location": {"items": {"A-1": "NY"}}},
    "charge_accounts": {"D240": "4400"},
}
GOODS, FREIGHT, SALES_TAX = "1250.00", "10.00", "103.95"


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOON

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits")


def invoice(number: str = "US-1", *, total: int = 136395) -> bytes:
    """100 pieces at 12.50, freight, and a sales tax in one sum."""
    body = (
        f"BIG*20261120*{number}**26000017~CUR*SE*USD~IT1*1*100*EA*12.50**VP*NW-1~TDS*{total}~TXI*ST*103.95~"
        "SAC*C*D240***1000~CTT*1~"
    )
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'NORTHWIND':15}*ZZ*{'VOLTWERK':15}*261120*1000*U*00401*000000001*0*P*>~"
        f"GS*IN*NORTHWIND*VOLTWERK*20261120*1000*1*X*004010~ST*810*0001~{body}"
        f"SE*{body.count('~') + 2}*0001~GE*1*1~IEA*1*000000001~"
    ).encode()


@dataclass
class Office:
    """A deployment whose ERP is American, and whose network holds what is put into it."""

    deployment: Deployment
    integration: Integration
    erp: AmericanErp
    mailbox: HeldMailbox

    def run(self, *, replay: bool = False) -> DocumentRow:
        """Take in what lies there, or look at what is held again; the invoice."""
        with worker(self.deployment.ledger) as lease:
            pipeline.run(self.integration, RunScope(holder=lease.name, actor="test", replay=replay), pipeline.INBOUND)
        with self.deployment.ledger.read() as tx:
            (row,) = queries.list_documents(tx, queries.DocumentFilter(flows=("invoices_in",)), limit=9).rows
            return documents.get_many(tx, [row.id])[0]


@pytest.fixture
def changes(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """Coding as in `CODING`, with what a test changes."""
    return getattr(request, "param", {})


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, Any]) -> Iterator[Office]:
    config = write_config(tmp_path, {"exact": "http://127.0.0.1:9", "cleo": "http://127.0.0.1:9"}, {})
    raw = yaml.safe_load(config.read_text())
    raw["integrations"][INTEGRATION]["flows"]["invoices_in"]["coding"] = {**CODING, **changes}
    config.write_text(yaml.safe_dump(raw))
    write_partners(tmp_path, {})
    for file in (tmp_path / "partners").glob("*.yaml"):
        partner = yaml.safe_load(file.read_text())
        partner.pop("cost_center", None)
        file.write_text(yaml.safe_dump(partner))
    sqlite_with_tables(tmp_path / "ledger.db")
    ordered = b.order(b.order_line(cost_center="", unit="pc", other_dimensions={"department": "20"}), currency="USD")
    erp, mailbox = AmericanErp(ordered), HeldMailbox("cleo_prod")

    def connect(self: Deployment, name: str, role: Role) -> Any:
        return erp if role is Role.ERP else mailbox

    monkeypatch.setattr(Deployment, "_connect", connect)
    monkeypatch.setattr(Deployment, "known_company", lambda *_: erp.company)
    with Deployment.open(config, clock=At()) as deployment:
        made = deployment.integration(INTEGRATION)
        folders = replace(made.folders, after_read="leave", stable_seconds=0.0, incomplete_minutes=0.0)
        made = replace(made, folders=folders)
        warm_up(made)
        yield Office(deployment, made, erp, mailbox)


def test_a_bill_without_vat_codes_is_coded_and_posted_to_the_cent(office: Office) -> None:
    office.mailbox.files[INBOX] = [("us-1.edi", invoice())]
    row = office.run()
    assert (row.state, row.reason) == (S.POSTED, None), row.reason_detail
    (bill,) = office.erp.written
    goods, freight = bill["lines"]
    assert (goods["order_line_id"], goods["gl_account_id"], goods["amount"]) == ("line1", "g4000", GOODS)
    assert goods["other_dimensions"] == {"department": "20", "location": "NY"}, "of the order line, and of the item"
    assert (freight["gl_account_id"], freight["amount"]) == ("g4400", FREIGHT)
    assert freight["other_dimensions"] == {"department": "10"}
    assert [(tax["kind"], tax["amount"], tax["tax_id"]) for tax in bill["taxes"]] == [("ST", SALES_TAX, "")]
    amounts = [b.D(one["amount"]) for one in (*bill["lines"], *bill["taxes"])]
    assert sum(amounts) == b.D(bill["total"]) == b.D("1363.95")
    assert {line["vat_code"] for line in bill["lines"]} == {""}
    assert {"departments", "locations"} <= set(row.snapshots or {}), "what decided is noted"


def test_try_says_what_would_be_posted_and_where_each_code_is_from(office: Office) -> None:
    given = [Given("us-1.edi", "us-1.edi", invoice())]
    result = try_files(office.deployment, given, integration=INTEGRATION)
    (document,) = result.documents
    assert (document.kind, document.state, result.ok) == ("invoice", "posted", True)
    decided = {(one.what, one.place): (one.value, one.came_from) for one in document.decisions}
    assert decided["department", "line 1"] == ("20", "the order line")
    assert decided["location", "line 1"] == ("NY", "coding.dimensions.location.items")
    assert decided["department", "charge D240"] == ("10", "coding.dimensions.department.default")
    assert decided["gl_account", "charge D240"] == ("4400", "coding.charge_accounts")
    assert decided["tax", "ST"][0] == SALES_TAX
    assert office.erp.written == []


@pytest.mark.parametrize("changes", [{"dimensions": {}}], indirect=True)
def test_what_an_account_wants_holds_the_bill_until_the_order_has_it(office: Office, changes: object) -> None:
    bare = b.order(b.order_line(cost_center="", unit="pc"), currency="USD")
    office.erp.tables["purchase_orders"] = Table(bare)
    office.mailbox.files[INBOX] = [("us-1.edi", invoice())]
    row = office.run()
    assert (row.state, row.reason) == (S.QUARANTINED, "unmapped_cost_center")
    assert "wants a department" in cast("dict[str, str]", row.reason_detail)["message"]
    with_one = b.order(b.order_line(cost_center="", unit="pc", other_dimensions={"department": "20"}), currency="USD")
    office.erp.tables["purchase_orders"] = Table(with_one)
    assert office.run(replay=True).state is S.POSTED


def test_a_department_that_comes_into_being_is_due_at_once(office: Office) -> None:
    """A table of the ERP's own wakes what it may mend, as cost centers do."""
    new = b.order(b.order_line(cost_center="", unit="pc", other_dimensions={"department": "70"}), currency="USD")
    office.erp.tables["purchase_orders"] = Table(new)
    office.mailbox.files[INBOX] = [("us-1.edi", invoice())]
    assert office.run().reason == "unmapped_cost_center"
    known = cast("Table", office.erp.tables["departments"]).rows
    office.erp.tables["departments"] = Table(*known, changed(known[0], id="d70", code="70"))
    sync_table(office.deployment.ledger, cast("Any", office.erp), "departments")
    with office.deployment.ledger.read() as tx:
        (row,) = queries.list_documents(tx, queries.DocumentFilter(flows=("invoices_in",)), limit=9).rows
        due = documents.get_many(tx, [row.id])[0].next_attempt_at
    assert due is not None
    assert due <= NOON
    assert office.run(replay=True).state is S.POSTED


def test_a_total_that_differs_is_held_whatever_the_taxes_are(office: Office) -> None:
    office.mailbox.files[INBOX] = [("us-1.edi", invoice(total=136394))]
    assert office.run().reason == "total_difference"
    assert office.erp.written == []


def test_tables_of_the_erps_own_are_shown_like_all_others(office: Office, tmp_path: Path) -> None:
    config = ("--config", tmp_path / "connections.yaml")
    listed = {row["table"]: row["rows"] for row in say("reference", "list", "--json", *config).json}
    assert (listed["departments"], listed["locations"]) == (7, 2)
    assert "NY" in say("reference", "show", "locations", *config).out
    wrong = say("reference", "show", "projects", *config)
    assert wrong.code == 2
    assert "departments" in wrong.err


@pytest.mark.parametrize(
    "changes", [{"default_cost_center": "OPS", "dimensions": {"project": {"default": "P1"}}}], indirect=True
)
def test_check_names_what_the_erp_lacks(office: Office, changes: object) -> None:
    told = check_dimensions(office.deployment, INTEGRATION)
    assert [one.message for one in told] == [
        "invoices_in.coding: exact_nl has no dimension cost center (cost_center); it has department, location",
        "invoices_in.coding: exact_nl has no dimension project (project); it has department, location",
    ]
    assert all(one.remedy for one in told)


def test_the_traits_of_exact_are_the_default() -> None:
    traits = ErpTraits().coding
    assert traits.dimensions == ("cost_center", "cost_unit")
    assert (traits.taxes, traits.codes_matched_lines) == ("vat_codes", False)
    assert Coding().dimension_names == ()


# ---------------------------------------------------------------------- who sent it

FLAT = (
    "TradingPartner,InvoiceNumber,InvoiceDate,PONumber,PODate,Currency,Terms,DueDate,SubTotal,Tax,Freight,Total,"
    "LineNumber,VendorItem,Quantity,UOM,UnitPrice,Extended\r\n"
    "{who},F-1,2026-11-20,26000017,,USD,,,,,,1250,1,NW-1,100,EA,12.50,1250\r\n"
)


def a_partner(folder: Path, **values: Any) -> None:
    """The only partner."""
    for file in folder.glob("*.yaml"):
        file.unlink()
    (folder / "one.yaml").write_text(yaml.safe_dump({"name": "one", "channels": {"receive": [INBOX]}, **values}))


def reopened(office: Office, tmp_path: Path, **partner: Any) -> Iterator[Office]:
    """The same with one partner, as the next process has it."""
    a_partner(tmp_path / "partners", **partner)
    with Deployment.open(tmp_path / "connections.yaml", clock=At()) as deployment:
        made = replace(deployment.integration(INTEGRATION), folders=office.integration.folders)
        assert made.problems == ()
        yield replace(office, deployment=deployment, integration=made)


@pytest.mark.parametrize("who", ["", "one", "20011"])
def test_a_supplier_without_identity_is_told_by_its_folder_or_its_account(
    office: Office, tmp_path: Path, who: str
) -> None:
    flat = {"vendor": "20011", "orders": {"send": False}, "layouts": {"receive": ["truecommerce_810_csv"]}}
    for one in reopened(office, tmp_path, **flat):
        one.mailbox.files[INBOX] = [("f-1.csv", FLAT.format(who=who).encode())]
        row = one.run()
        assert (row.state, row.reason) == (S.POSTED, None), row.reason_detail
        assert (row.partner, row.partner_key) == ("one", "ZZ/NORTHWIND"), "by its account, as while it had an identity"


def test_a_stranger_in_the_folder_of_a_partner_without_identity_is_held(office: Office, tmp_path: Path) -> None:
    flat = {"vendor": "20011", "orders": {"send": False}, "layouts": {"receive": ["truecommerce_810_csv"]}}
    for one in reopened(office, tmp_path, **flat):
        one.mailbox.files[INBOX] = [("f-1.csv", FLAT.format(who="SOMEBODY").encode())]
        assert one.run().reason == "unknown_partner"
        assert one.erp.written == []


def test_an_invoice_from_a_customer_is_held_until_its_role_is_mended(office: Office, tmp_path: Path) -> None:
    identity = {"qualifier": "ZZ", "id": "NORTHWIND"}
    for one in reopened(office, tmp_path, role="customer", customer="C1", identity=identity):
        one.mailbox.files[INBOX] = [("us-1.edi", invoice())]
        row = one.run()
        assert (row.state, row.reason, row.partner_key) == (S.QUARANTINED, "wrong_partner_role", "ZZ/NORTHWIND")
        assert "`role`" in cast("dict[str, str]", row.reason_detail)["mend"]
    for one in reopened(office, tmp_path, vendor="20011", identity=identity):
        one.mailbox.files[INBOX] = []
        assert one.run(replay=True).state is S.POSTED
