"""Configured codes are compared with what the ERP has, and files are found beside the configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.config.loading import load_deployment
from ml_connector.diagnostics.order_fields import lost_in
from ml_connector.diagnostics.reference import check_codes
from ml_connector.documents.common import changed
from ml_connector.documents.records import stored_values
from ml_connector.documents.reference import Named, ReferenceTable
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.layouts import load_layout
from ml_connector.ledger.exchange import snapshots
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_order_content import TABLES, ordered, partner, settings


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path / "home") as made:
        yield made


def told(stage: Scene) -> list[str]:
    return [one.message for one in check_codes(stage.deployment, "exact_cleo") if one.level != "good"]


def change(stage: Scene, table: ReferenceTable, code: str, **values: Any) -> None:
    """Somebody changed a record in the ERP, and the table was read."""
    erp = stage.integration.erp
    with stage.deployment.ledger.write() as tx:
        known = snapshots.load(tx, erp.connection, erp.company, table)
        assert known is not None
        rows = [{**row, **(values if str(row["code"]).strip() == code else {})} for row in known.rows]
        assert rows != list(known.rows)
        snapshots.store(tx, erp.connection, erp.company, table, rows, complete=True, removed=[], cursor=None)


def test_codes_that_cannot_be_used_are_told(stage: Scene) -> None:
    assert told(stage) == []
    change(stage, ReferenceTable.VAT_CODES, "2", purchase=False)
    assert [message for message in told(stage) if "VAT code 2 is for sales only" in message]
    change(stage, ReferenceTable.VENDORS, "20011", blocked=True)
    assert [message for message in told(stage) if "vendor 20011 is blocked there" in message]


def test_a_file_with_the_ledgers_address_stands_beside_the_configuration(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = stage.bench.config
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["ledger"] = {"url": {"file": "address"}}
    beside = config.with_name("with_file.yaml")
    beside.write_text(yaml.safe_dump(settings), encoding="utf-8")
    config.with_name("address").write_text("postgresql://db/ledger\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Deployment(load_deployment(beside), stage.deployment.clock).ledger_url == "postgresql://db/ledger"


def test_units_that_are_mapped_to_none_of_x12_are_told(stage: Scene) -> None:
    known = (
        next(iter(source_of(stage.integration.erp, PURCHASE_ORDERS).by_id([stage.orders()[0]["id"]])))
        .document.lines[0]
        .item_code
    )
    change(stage, ReferenceTable.ITEMS, known, unit="st")
    [message] = told(stage)
    assert message == "unit st of the ERP is mapped to no X12 unit: orders with it would be held"


def test_fields_of_orders_that_reach_nobody_are_told(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    erp = stage.integration.erp
    read = source_of(erp, PURCHASE_ORDERS).by_id([order["id"]])[0].document
    filled = changed(read, unsent=("DocumentSubject", "Project"), supplier_contact=Named(name="Bob"))
    with stage.deployment.ledger.write() as tx:
        rows = [stored_values(filled)]
        table = ReferenceTable.PURCHASE_ORDERS
        snapshots.store(tx, erp.connection, erp.company, table, rows, complete=True, removed=[], cursor=None)
    told_of = [one.message for one in check_codes(stage.deployment, "exact_cleo") if one.aspect == "order fields"]
    said = "DocumentSubject (1 order), Project (1 order)"
    assert told_of == [f"orders of northwind leave without what the ERP says in {said}"]


def test_what_a_layout_has_no_place_for_is_told_by_address() -> None:
    order = resolve_order(
        changed(ordered(notes="Paint it red"), supplier_contact=Named(id="c", name="Bob")),
        partner(account_reference="", cost_center_reference=""),
        settings(),
        TABLES,
    )
    lost = lost_in(order, load_layout("truecommerce_850_csv", Path()))
    assert "parties[SU].contacts[CN].name" in lost
    assert "lines.notes" not in lost
