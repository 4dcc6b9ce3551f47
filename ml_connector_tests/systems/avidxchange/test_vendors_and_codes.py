"""Suppliers and codes of Exact at AvidXchange, and vendors that appear there first (avidxchange 11)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ml_connector.errors import ConfigError, TryAgain
from ml_connector.flows.codes_out import flow as codes_out
from ml_connector.flows.payables.partner import network_partner
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.flows.tables_out import reading
from ml_connector.flows.vendors_out import flow as vendors_out
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage

FLOWS: dict[str, Any] = {"vendors_out": {}, "codes_out": {}, "vendors_in": {}}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS) as made:
        yield made


def supplier(stage: Stage, code: str) -> dict[str, Any]:
    found: dict[str, Any] = user.supplier_by_code(stage.sandbox.exact.main, code)
    return found


def vendors(stage: Stage, **values: Any) -> list[dict[str, Any]]:
    return [row for row in stage.avid.rows("vendors") if all(row.get(name) == value for name, value in values.items())]


def ours(row: dict[str, Any]) -> str:
    found = row.get("ExternalIdentifier") or {}
    return str(found.get("Value", ""))


def codes(stage: Stage, group: str) -> dict[str, bool]:
    return {row["Value"]: row["Active"] for row in stage.avid.rows("glaccounts") if row["CodeGroupName"] == group}


def read(stage: Stage, *tables: str) -> None:
    for table in tables:
        sync_table(stage.deployment.ledger, stage.integration.erp, table)


def held(stage: Stage, flow: str) -> list[tuple[str, str | None]]:
    return [(row.number, row.reason) for row in stage.documents(flow) if row.state is S.QUARANTINED]


def change(stage: Stage, path: str, row: dict[str, Any], **values: Any) -> None:
    def act() -> None:
        row.update(values)
        stage.sandbox.exact.main.change(path, row)

    stage.sandbox.call(act)


def test_suppliers_and_codes_arrive_once_and_change_there(stage: Stage) -> None:
    stage.outbound()
    first = supplier(stage, "20011")
    (there,) = [row for row in vendors(stage) if ours(row) == first["ID"]]
    assert (there["Name"], there["TaxId"], there["Active"]) == (first["Name"], first["VATNumber"], True)
    assert "Bank" not in str(there)
    accounts = codes(stage, "Accounting Codes")
    assert accounts["4406"] is True
    assert codes(stage, "Cost Center")["OPS"] is True
    assert held(stage, "vendors_out") == held(stage, "codes_out") == []
    many, calls = (len(vendors(stage)), len(list(stage.avid.rows("glaccounts")))), stage.calls()
    stage.outbound()
    assert stage.calls() == calls, "nothing changed: nothing is asked"

    change(stage, "crm/Accounts", first, Name="Northwind Group", Blocked=True)
    (account,) = [
        row for row in stage.sandbox.exact.main.table("financial/GLAccounts") if row["Code"].strip() == "4406"
    ]
    change(stage, "financial/GLAccounts", account, IsBlocked=True)
    read(stage, "vendors", "gl_accounts")
    stage.outbound()
    assert (len(vendors(stage)), len(list(stage.avid.rows("glaccounts")))) == many
    assert (there["Name"], there["Active"]) == ("Northwind Group", False)
    assert codes(stage, "Accounting Codes")["4406"] is False
    assert {row.state for row in (*stage.documents("vendors_out"), *stage.documents("codes_out"))} == {S.SENT}


def test_a_cost_center_ends_on_its_day_without_a_change_in_the_erp(stage: Stage) -> None:
    (center,) = [row for row in stage.sandbox.exact.main.table("hrm/Costcenters") if row["Code"].strip() == "OPS"]
    today = stage.sandbox.clock.now().date()
    change(stage, "hrm/Costcenters", center, EndDate=(today - date(1970, 1, 1)).days * 86_400_000 + 3 * 86_400_000)
    read(stage, "cost_centers")
    stage.outbound()
    assert codes(stage, "Cost Center")["OPS"] is True
    stage.sandbox.clock.move(5 * 86400)
    stage.outbound()
    assert codes(stage, "Cost Center")["OPS"] is False


def test_a_vendor_that_is_there_is_linked_and_not_made_twice(stage: Stage) -> None:
    first, second = supplier(stage, "20011"), supplier(stage, "20012")
    by_number = stage.sandbox.call(
        stage.avid.add, "vendors", {"Name": "Entered by hand", "TaxId": first["VATNumber"], "Active": True}
    )
    by_name = stage.sandbox.call(stage.avid.add, "vendors", {"Name": second["Name"].upper(), "Active": True})
    stage.outbound()
    assert ours(by_number) == first["ID"]
    assert by_number["Name"] == first["Name"]
    assert ours(by_name) == "", "a name alone never links"
    assert held(stage, "vendors_out") == [("20012", "vendor_candidates")]
    (row,) = [row for row in stage.documents("vendors_out") if row.state is S.QUARANTINED]
    assert say("vendors", "link", str(row.id), str(by_name["Id"])).code == 0
    stage.outbound()
    assert ours(by_name) == second["ID"]
    assert len([one for one in vendors(stage) if one["Name"].casefold() == second["Name"].casefold()]) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER])
def test_a_lost_answer_makes_no_vendor_twice(stage: Stage, kind: FaultKind) -> None:
    stage.sandbox.faults.add(Fault(kind, system="avidxchange", method="POST", path="/v1/vendors", count=2, status=503))
    for _ in range(4):
        with suppress(TryAgain):
            stage.outbound()
        stage.sandbox.clock.move(120)
    found = [ours(row) for row in vendors(stage)]
    assert len(found) == len(set(found)) > 1
    assert {row.state for row in stage.documents("vendors_out")} == {S.SENT}


def test_a_supplier_that_vanished_is_asked_about_and_never_made_again(stage: Stage) -> None:
    stage.outbound()
    gone, kept = supplier(stage, "20013"), supplier(stage, "20011")
    (old,) = [row for row in vendors(stage) if ours(row) == gone["ID"]]
    stage.sandbox.call(stage.sandbox.exact.main.drop, "crm/Accounts", gone)
    read(stage, "vendors")
    before = len(vendors(stage))
    stage.outbound()
    assert held(stage, "vendors_out") == [("20013", "vendor_gone")]
    assert old["Active"] is True
    (row,) = [row for row in stage.documents("vendors_out") if row.state is S.QUARANTINED]
    assert say("vendors", "create", str(row.id)).code != 0
    assert say("vendors", "link", str(row.id), kept["Code"].strip()).code == 0
    stage.outbound()
    assert old["Active"] is False, "what it was merged with is there by itself"
    assert len(vendors(stage)) == before
    stage.outbound()
    assert held(stage, "vendors_out") == []


def test_a_vendor_that_appears_there_first_is_linked_by_its_number_or_proposed(stage: Stage) -> None:
    stage.outbound()
    first = supplier(stage, "20011")
    new = {"Name": "Copper & Co B.V.", "TaxId": "NL855555555B01", "Active": True}
    stage.sandbox.call(stage.avid.add, "vendors", new)
    again = {"Name": "Northwind again", "TaxId": first["VATNumber"], "Active": True}
    stage.sandbox.call(stage.avid.add, "vendors", again)
    stage.sandbox.clock.move(120)
    stage.inbound()
    told = {row.reason or str(row.state): row for row in stage.documents("vendors_in")}
    assert set(told) == {"applied", "unknown_supplier"}
    assert first["Code"].strip() in (told["applied"].work or "")
    stage.inbound()
    assert len(stage.documents("vendors_in")) == 2, "each is proposed once"


def test_a_vendor_that_appears_there_is_created_in_exact_once_and_gets_our_id(tmp_path: Path) -> None:
    flows = {**FLOWS, "vendors_in": {"unknown": "create", "new": {"needs": ["tax_number"]}}}
    with avid_stage(tmp_path, flows=flows) as stage:
        stage.outbound()
        row = stage.sandbox.call(
            stage.avid.add, "vendors", {"Name": "Copper & Co B.V.", "TaxId": "NL855555555B01", "Active": True}
        )
        stage.sandbox.clock.move(120)
        stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="exact", method="POST", path="*crm/Accounts"))
        for _ in range(4):
            with suppress(TryAgain):
                stage.inbound()
            stage.sandbox.clock.move(400)
        made = [one for one in stage.sandbox.exact.main.table("crm/Accounts") if one["Name"] == "Copper & Co B.V."]
        assert [(one["VATNumber"], one["IsSupplier"]) for one in made] == [("NL855555555B01", True)]
        (told,) = stage.documents("vendors_in")
        assert told.state is S.APPLIED
        read(stage, "vendors")
        for _ in range(2):
            stage.outbound()
            stage.inbound()
        assert ours(row) == made[0]["ID"]
        assert len(vendors(stage, Name="Copper & Co B.V.")) == 1
        assert len(stage.documents("vendors_in")) == 1, "it carries our id now"


def test_an_invoice_that_waits_for_its_vendor_goes_once_that_is_there(tmp_path: Path) -> None:
    """Not at its next look in ten minutes."""
    flows = {"vendors_out": {"leave_out": ["20011"]}, "invoices_out": {}}
    with avid_stage(tmp_path, flows=flows) as stage:
        stage.outbound()
        entered = {"supplier": "20011", "your_ref": "OV-1", "amount": Decimal(100)}
        stage.sandbox.call(lambda: user.key_entry(stage.sandbox.exact, **entered))
        stage.outbound()
        assert held(stage, "invoices_out") == [("OV-1", "unknown_supplier")]
        object.__setattr__(stage.integration.settings.flows.vendors_out, "leave_out", ())
        change(stage, "crm/Accounts", supplier(stage, "20011"), Name="Northwind Group")
        read(stage, "vendors")
        for _ in range(2):
            stage.outbound()
        assert held(stage, "invoices_out") == []
        assert [row["Number"] for row in stage.avid.rows("invoices")] == ["OV-1"]


@pytest.mark.parametrize("flow", [vendors_out, codes_out], ids=["vendors", "codes"])
def test_two_workers_that_look_at_once_tell_once(
    stage: Stage, flow: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.outbound()
    before = len(stage.documents(flow.FLOW))
    assert before > 0
    with monkeypatch.context() as patch:
        patch.setattr(earlier, "newest_told", lambda *_: {})  # as it was before the other one told
        patch.setattr(reading, "_looked_at", lambda *_: None)
        with pytest.raises(TryAgain, match="Another worker was faster"):
            flow.read(stage.integration, stage.work)
    assert len(stage.documents(flow.FLOW)) == before


@pytest.mark.parametrize("many", [0, 2])
def test_the_network_itself_has_one_partner_file(stage: Stage, many: int) -> None:
    (name, partner) = next(item for item in stage.integration.partners.items() if item[1].role == "network")
    others = {key: one for key, one in stage.integration.partners.items() if one.role != "network"}
    files = {f"{name}{at}": partner for at in range(many)}
    assert network_partner(stage.integration) is partner
    with pytest.raises(ConfigError, match=f"{many} partner files have role: network, and one is due"):
        network_partner(replace(stage.integration, partners={**others, **files}))
