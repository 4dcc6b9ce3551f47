"""Sales invoices after a restore, for partners that are stopped, for partners of another format, beside others."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.config.loading import load_deployment
from ml_connector.diagnostics.invoice_fields import unsent_fields
from ml_connector.documents.common import changed
from ml_connector.errors import ConfigError
from ml_connector.flows import restore_settling
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.flows.sales_invoices_out.spec import FLOW
from ml_connector.ledger.audit import chain_heads, restores
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.trying.invoices import try_invoice
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.selling import CUSTOMER, SalesOffice, credit, invoice, line, sales_office
from ml_connector_tests.support.deployment import INTEGRATION, ROOT

B = invoice(id="INV/AR002", number="AR002")


@contextmanager
def restored(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, witnessed: bool = True, **options: Any
) -> Iterator[SalesOffice]:
    """AR001 was sent, a backup was made, AR002 was sent; then the backup came back."""
    ledger, backup = home / "ledger.db", home / "backup.db"
    with sales_office(home, monkeypatch, **options) as office:
        office.books.save(invoice())
        office.run()
        chain_heads.export_heads(office.deployment.ledger, office.deployment.heads_file)
        with sqlite3.connect(ledger) as here, sqlite3.connect(backup) as there:
            here.backup(there)
        office.books.save(B)
        office.run()
        assert [row.state for row in office.rows()] == [S.SENT, S.SENT]
        chain_heads.export_heads(office.deployment.ledger, office.deployment.heads_file)
    for left in home.glob("ledger.db*"):
        left.unlink()
    shutil.copy(backup, ledger)
    if not witnessed:
        for one in home.glob("*departures*"):
            one.unlink()
    with sales_office(home, monkeypatch, before=office, **options) as again:
        yield again


def settled(office: SalesOffice, *, arrived: bool) -> None:
    """A person says what became of what is in doubt."""
    with office.deployment.ledger.read() as tx:
        lost = restores.open_of(tx)
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="clerk")
        restore_settling.settle(office.integration, work, lost, arrived=arrived, why="asked")


@pytest.mark.parametrize("witnessed", [True, False])
def test_what_left_in_the_lost_time_is_held_until_a_person_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, witnessed: bool
) -> None:
    """Known by name where the departures are whole; else whatever the ERP had by then may have left."""
    with restored(tmp_path / "home", monkeypatch, witnessed=witnessed) as office:
        office.run()
        assert [(row.number, row.state, row.reason) for row in office.rows()] == [
            ("AR001", S.SENT, None),
            ("AR002", S.QUARANTINED, "may_have_left"),
        ]
        assert len(office.mailbox.sent) == 2
        settled(office, arrived=True)
        office.run()
        assert [row.state for row in office.rows()] == [S.SENT, S.SENT]
        assert len(office.mailbox.sent) == 2


def test_what_had_not_arrived_leaves_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with restored(tmp_path / "home", monkeypatch) as office:
        office.run()
        settled(office, arrived=False)
        office.run()
        assert [row.state for row in office.rows()] == [S.SENT, S.SENT]
        assert [one.number for one in office.sets()] == ["AR001", "AR002", "AR002"]


def test_its_997_proves_that_it_had_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with restored(tmp_path / "home", monkeypatch) as office:
        control = office.group_control()
        office.run()
        office.comes(f"AK1*IN*{control}", "AK2*810*0001", "AK5*A", "AK9*A*1*1*1")
        assert [row.state for row in office.rows()] == [S.SENT, S.ACKNOWLEDGED]


@pytest.mark.parametrize("rule", ["hold", "corrected"])
def test_one_that_was_changed_since_it_left_is_never_silently_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    customer = {"sales_invoices": {"changed": rule}}
    with restored(tmp_path / "home", monkeypatch, customer=customer) as office:
        office.books.save(changed(B, customer_order="PO-10"))
        office.run()
        settled(office, arrived=True)
        office.run()
        row = office.row("AR002")
        if rule == "hold":
            assert (row.state, row.reason) == (S.QUARANTINED, "changed_after_sending")
            assert len(office.mailbox.sent) == 2
        else:
            assert row.state is S.SENT
            assert [(one.number, one.purpose) for one in office.sets()][1:] == [("AR002", "00"), ("AR002", "05")]


def test_what_was_changed_while_it_was_held_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made of it meanwhile, for nobody knows what it is a change of."""
    with restored(tmp_path / "home", monkeypatch) as office:
        office.run()
        office.books.save(changed(B, customer_order="PO-10"))
        office.run()
        assert len(office.rows("AR002")) == 1
        settled(office, arrived=True)
        office.run()
        assert [(row.state, row.reason) for row in office.rows("AR002")] == [
            (S.SENT, None),
            (S.QUARANTINED, "changed_after_sending"),
        ]


def test_one_that_is_certainly_new_leaves_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with restored(tmp_path / "home", monkeypatch) as office:
        office.books.save(invoice(id="INV/AR003", number="AR003"))
        office.run()
        assert office.row("AR003").state is S.SENT


# ------------------------------------------------------------------------------------------------ other partners


def test_a_customer_whose_file_is_wrong_has_its_invoices_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with sales_office(home, monkeypatch, customer={"syntax": "very"}) as office:
        office.books.save(invoice())
        office.run()
        row = office.row()
        assert (row.state, row.reason) == (S.QUARANTINED, "partner_file_wrong")
    with sales_office(home, monkeypatch, before=office) as mended:
        mended.clock.move(3600)
        mended.run()
        assert mended.row().state is S.SENT


def test_a_file_that_does_not_say_which_customer_it_is_of_loses_no_invoice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They pass unseen meanwhile, and are read again when it is known whose they are."""
    home = tmp_path / "home"
    with sales_office(home, monkeypatch, customer={"customer": ""}) as office:
        office.books.save(invoice())
        office.run()
        assert office.rows() == []
    with sales_office(home, monkeypatch, before=office) as mended:
        mended.run()
        assert mended.row().state is S.SENT


def test_a_partner_that_is_no_customer_is_no_taker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    supplier = {"role": "supplier", "vendor": "C100", "customer": ""}
    with sales_office(tmp_path / "home", monkeypatch, customer=supplier) as office:
        office.books.save(invoice())
        assert office.run()["read sales invoices"].counts["not_a_partner"] == 1
        assert office.rows() == []


@pytest.mark.parametrize("layout", ["truecommerce_810_json", "truecommerce_810_csv", "truecommerce_810_xml"])
def test_a_customer_gets_a_file_of_its_layout_or_it_is_told_what_would_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    customer = {"layouts": {"send": {"invoice": layout}}}
    with sales_office(tmp_path / "home", monkeypatch, customer=customer) as office:
        office.books.save(invoice(line(gtin=""), taxes=(), total=D("130.00")), credit(original_invoice=""))
        office.run()
        for row in office.rows():
            if row.state is S.SENT:
                assert row.due_at is None, "no 997 comes for a flat file"
            else:
                assert "would lose what matters" in (row.reason_detail or {})["message"], row.reason_detail
        assert all(not data.startswith(b"ISA") for _, _, data in office.mailbox.sent)


def test_two_integrations_on_one_erp_do_not_send_a_customers_invoices_by_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sales_office(tmp_path / "home", monkeypatch):
        pass
    config = tmp_path / "home" / "connections.yaml"
    raw = yaml.safe_load(config.read_text())
    first = raw["integrations"][INTEGRATION]
    other = tmp_path / "other"
    other.mkdir()
    (other / "big.yaml").write_text(
        yaml.safe_dump({**CUSTOMER, "channels": {"send": "/other", "receive": []}}), encoding="utf-8"
    )
    raw["integrations"]["second"] = {**first, "partners": str(other)}
    config.write_text(yaml.safe_dump(raw))
    told = [problem.message for problem in load_deployment(config).problems["second"]]
    assert any("customer C100 is a partner of" in one and "by both" in one for one in told), told

    def complaints(raw: Any) -> list[str]:
        config.write_text(yaml.safe_dump(raw))
        return [one.message for one in load_deployment(config).problems["second"] if "customer C100" in one.message]

    assert complaints(raw), "still both"
    silent = {**CUSTOMER, "channels": {"receive": ["/other"]}, "sales_invoices": {"send": False}}
    (other / "big.yaml").write_text(yaml.safe_dump(silent), encoding="utf-8")
    assert complaints(raw) == [], "one of the files says that it gets none"
    (other / "big.yaml").write_text(yaml.safe_dump({**silent, "sales_invoices": {"send": True}}), encoding="utf-8")
    assert complaints(raw)
    del raw["integrations"]["second"]["flows"][FLOW.name]
    assert complaints(raw) == [], "the flow is not on there"


def test_the_shipped_configuration_sends_none(tmp_path: Path) -> None:
    loaded = load_deployment(ROOT / "connections.yaml")
    assert not loaded.integration(INTEGRATION).flows.named(FLOW.name).enabled


@pytest.mark.parametrize("layout", ["", "truecommerce_810_json"])
def test_check_tells_what_of_invoices_reaches_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    customer = {"layouts": {"send": {"invoice": layout}}} if layout else {}
    with sales_office(tmp_path / "home", monkeypatch, customer=customer) as office:
        office.books.save(invoice(line(gtin=""), taxes=(), total=D("130.00"), unsent=("Project", "CashDiscount")))
        office.run()
        made, settings = office.integration, office.deployment.loaded.integration(INTEGRATION)
        found = list(unsent_fields(INTEGRATION, settings, made.partners, made.layouts, made.ledger))
        told = [one.message for one in found]
        assert told[0] == (
            "invoices of big_retail leave without what the ERP says in CashDiscount (1 invoice), Project (1 invoice)"
        )
        assert all(one.remedy for one in found)
        if layout:
            assert "has no place for" in told[1]
        else:
            assert len(told) == 1


def test_try_tells_what_would_leave_and_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with sales_office(home, monkeypatch, flow={"units": {}}) as office:
        warm_up(office.integration)
        office.books.save(invoice(line(unit="TRAY")), changed(B, released=True))
        office.run()
        before = office.row()
        held = try_invoice(office.deployment, "AR001", integration=INTEGRATION)
        (document,) = held.documents
        assert (held.ok, document.state, document.reason.code if document.reason else "") == (
            False, "quarantined", "unit_mismatch"
        )  # fmt: skip
        assert office.row() == before
        with pytest.raises(ConfigError, match="No sales invoice AR999 was read"):
            try_invoice(office.deployment, "AR999", integration=INTEGRATION)
    with sales_office(home, monkeypatch, flow={"units": {"TRAY": "TY", "CASE": "CA"}}, before=office) as mended:
        would = try_invoice(mended.deployment, "AR001", integration=INTEGRATION)
        (document,) = would.documents
        assert (would.ok, document.state) == (True, "sent")
        assert mended.row().state is S.QUARANTINED
        assert "AR001" not in [one.number for one in mended.sets()]
        told = say("try", "--invoice", "AR001", "--config", home / "connections.yaml")
        assert told.code == 0, told.err
        assert "Invoice AR001 as read" in told.out


def test_an_integration_that_names_the_flow_has_its_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ml_connector.orchestration.build import build_defs

    with sales_office(tmp_path / "home", monkeypatch):
        definitions = build_defs(tmp_path / "home" / "connections.yaml")
    job = definitions.resolve_job_def(f"{INTEGRATION}_outbound")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    own = {"sales_invoices_read", "sales_invoices_810", "sent_sales_invoices"}
    assert {f"{INTEGRATION}/{name}" for name in own} <= keys
    assert f"{INTEGRATION}/sent_orders" in keys, "beside the orders"
