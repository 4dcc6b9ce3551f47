"""Two divisions of Exact over one account at AvidXchange, with equal suppliers and invoice numbers: never crossed."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.demo.stage import authorize
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.audit import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import ROOT, open_over
from ml_connector_tests.systems.avidxchange.stage import INTEGRATION, changes, write_partner

SUPPLIER, OTHER = "20011", "two_avidxchange"
#: Of each division: its integration, CompanyId and accounting system at AvidXchange.
SIDES = {DIVISION: (INTEGRATION, "1", "1"), SECOND_DIVISION: (OTHER, "2", "2")}
FLOWS = {
    "invoices_out": {},
    "coded_invoices_in": {"vat_code": "2"},
    "payments_in": {"account": "51", "read_back_minutes": 0},
}
Row = dict[str, Any]


@dataclass
class Two:
    """Both integrations of one deployment over one account."""

    sandbox: Sandbox
    deployment: Deployment
    work: RunScope

    def run(self, times: int = 2) -> None:
        for _ in range(times):
            for name, *_ in SIDES.values():
                integration = self.deployment.integration(name)
                for way in (OUTBOUND, INBOUND):
                    pipeline.run(integration, self.work, pipeline.steps_of(integration.flows, way))
            self.sandbox.clock.move(700)

    def entries(self, division: int) -> dict[str, Decimal]:
        rows = self.sandbox.exact.companies[division].table("purchaseentry/PurchaseEntries")
        return {str(row["YourRef"]): -row["AmountFC"] for row in rows}

    def paid(self, division: int) -> dict[str, Decimal]:
        """What is booked in the clearing journal, by the number of the invoice."""
        company = self.sandbox.exact.companies[division]
        numbers = {row["EntryNumber"]: row["YourRef"] for row in company.table("purchaseentry/PurchaseEntries")}
        found: dict[str, Decimal] = {}
        for line in company.table("financialtransaction/BankEntryLines"):
            if line["OurRef"] in numbers:
                key = numbers[line["OurRef"]]
                found[key] = found.get(key, Decimal(0)) - line["AmountFC"]
        return found

    def documents(self, flow: str) -> list[DocumentRow]:
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(flow,)), limit=1000)
            return documents.get_many(tx, [row.id for row in page.rows])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    exact = ExactOptions(minute_limit=None, day_limit=None)
    options = SandboxOptions(exact=exact, clock_file=clocks.begin(tmp_path / "clock"), partner=False)
    write_partner(tmp_path)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(options, stand_ins=registry.of("exact", "cleo", "avidxchange")))
        addresses = sandbox.addresses()
        told = changes(addresses, tmp_path, FLOWS, company_id="1")
        shipped = yaml.safe_load((ROOT / "connections.yaml").read_text(encoding="utf-8"))["connections"]["exact_nl"]
        here = {"base_url": addresses["exact"], "redirect_uri": "http://127.0.0.1:9/oauth/callback"}
        told["connections"] |= {
            "exact_nl": {"division": DIVISION},
            "exact_two": {**shipped, **here, "division": SECOND_DIVISION},
            "avid_two": {**told["connections"]["avid"], "company_id": "2", "accounting_system": "2"},
        }
        told["integrations"][OTHER] = {**told["integrations"][INTEGRATION], "erp": "exact_two", "network": "avid_two"}
        config, _ = stack.enter_context(open_over(tmp_path, addresses, changes=told, exact=exact))
        deployment = stack.enter_context(Deployment.open(config, clock=sandbox.clock))
        authorize(deployment, "exact_two")
        lease = stack.enter_context(worker(deployment.ledger))
        for name, *_ in SIDES.values():
            warm_up(deployment.integration(name))
        made = Two(sandbox, deployment, RunScope(holder=lease.name, actor="test"))
        made.run(1)
        for division in SIDES:
            supplier = user.supplier_by_code(sandbox.exact.companies[division], SUPPLIER)
            vendor = {"ExternalIdentifier": {"Value": str(supplier["ID"])}, "Name": "Northwind", "Active": True}
            sandbox.call(sandbox.avidxchange.state.add, "vendors", vendor)
        yield made


def entered(two: Two, division: int, number: str, amount: str) -> Row:
    values: dict[str, Any] = {"supplier": SUPPLIER, "your_ref": number, "amount": Decimal(amount)}
    return dict(two.sandbox.call(lambda: user.key_entry(two.sandbox.exact, division=division, **values)))


def coded(two: Two, division: int, number: str, total: str, company: str = "") -> str:
    """An invoice of the supplier that both have under one code, approved and coded at AvidXchange; its id there."""
    desk, (_, own, _) = two.sandbox.avidxchange.desk, SIDES[division]

    def make() -> str:
        vendor = {"VendorExternalSystemID": SUPPLIER, "VendorName": "Northwind"}
        row = desk.received(vendor, number, total, Currency="EUR", CompanyId=company or own)
        desk.code(str(row["Id"]), [{"amount": total, "codes": {"Accounting Codes": "4406", "Cost Center": "OPS"}}])
        return str(desk.approve(str(row["Id"]))["Id"])

    return str(two.sandbox.call(make))


def closed(two: Two, division: int, *ids: str) -> None:
    two.sandbox.call(lambda: two.sandbox.avidxchange.desk.close_batch(ids, system=SIDES[division][2]))


def pay(two: Two, invoice: str) -> None:
    two.sandbox.call(lambda: two.sandbox.avidxchange.desk.pay([invoice], status="Issued to Supplier"))


def test_equal_numbers_go_out_are_paid_and_booked_in_their_own_books(two: Two) -> None:
    made = {
        DIVISION: entered(two, DIVISION, "SAME", "100"),
        SECOND_DIVISION: entered(two, SECOND_DIVISION, "SAME", "200"),
    }
    two.run()
    there = {row["ExternalIdentifier"]["Value"]: row for row in two.sandbox.avidxchange.state.rows("invoices")}
    assert {key: row["CompanyId"] for key, row in there.items()} == {
        entry["EntryID"]: SIDES[division][1] for division, entry in made.items()
    }
    for entry in made.values():
        pay(two, str(there[entry["EntryID"]]["Id"]))
    two.run()
    assert two.paid(DIVISION) == {"SAME": Decimal(121)}
    assert two.paid(SECOND_DIVISION) == {"SAME": Decimal(242)}
    found = [(row.integration, str(row.state), row.amount) for row in two.documents("payments_in")]
    assert sorted(found) == [(INTEGRATION, "posted", Decimal(121)), (OTHER, "posted", Decimal(242))]
    assert verify.verify(two.deployment.ledger).clean


def test_equal_numbers_of_equal_suppliers_come_in_and_are_paid_by_number(two: Two) -> None:
    """AvidXchange knows neither Exact's id of the supplier nor of the entry: only code, number, amount and company."""
    ids = {division: coded(two, division, "SAME", "121.00") for division in SIDES}
    for division, key in ids.items():
        closed(two, division, key)
    two.run()
    assert [two.entries(division) for division in SIDES] == [{"SAME": Decimal(121)}] * 2
    pay(two, ids[SECOND_DIVISION])
    two.run()
    assert (two.paid(DIVISION), two.paid(SECOND_DIVISION)) == ({}, {"SAME": Decimal(121)})
    assert [row.integration for row in two.documents("payments_in")] == [OTHER]
    assert verify.verify(two.deployment.ledger).clean


def test_an_invoice_of_the_other_company_in_our_batch_is_held_alone(two: Two) -> None:
    good = coded(two, DIVISION, "GOOD", "121.00")
    bad = coded(two, DIVISION, "STRAY", "121.00", company="2")
    closed(two, DIVISION, good, bad)
    two.run()
    assert [two.entries(division) for division in SIDES] == [{"GOOD": Decimal(121)}, {}]
    with two.deployment.ledger.read() as tx:
        page = queries.list_documents(tx, queries.DocumentFilter(), limit=100)
        rows = documents.get_many(tx, [row.id for row in page.rows])
    (held,) = [row for row in rows if str(row.state) == "quarantined"]
    assert held.reason == "bad_value"
    assert "CompanyId" in held.reason_detail["message"]
    assert held.reason_detail["mend"]
    assert len(two.sandbox.avidxchange.state.exports) == 1
