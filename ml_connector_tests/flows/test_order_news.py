"""Only what a buyer changes is news: not a setting, a partner's file, master data, a release, our own receipts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import DocumentKind, Party
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.flows import operator_actions
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out import order_content, orders
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, change_line, order_changed
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_order_revisions import change, header, newest, play, revisions

SILENT = {"ship": "never", "invoice": "never", "confirm": "never"}
ONE = [(0, "acknowledged")]


@pytest.fixture
def order(stage: Scene) -> dict[str, Any]:
    """An order that its partner has."""
    (made,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    assert revisions(stage) == ONE
    return dict(made)


def configure(stage: Scene, **changes: Any) -> None:
    """As an edit of the integration in connections.yaml."""
    raw = stage.integration.settings.model_dump(by_alias=True, exclude_unset=True)
    settings = type(stage.integration.settings).model_validate(_merged(raw, changes))
    object.__setattr__(stage.integration, "settings", settings)


def partner_file(stage: Scene, name: str = "northwind", **changes: Any) -> None:
    """As an edit of a partner's file."""
    partner = stage.integration.partners[name]
    edited = type(partner).model_validate(_merged(partner.model_dump(by_alias=True), changes))
    stage.integration = replace(stage.integration, partners={**stage.integration.partners, name: edited})


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        deeper = isinstance(merged.get(key), dict) and isinstance(value, dict) and key not in {"units", "ship_to"}
        merged[key] = _merged(merged[key], value) if deeper else value
    return merged


def progress(stage: Scene, order: Mapping[str, Any], *fields: str, part: Decimal = Decimal(1)) -> None:
    """What our own receipts and invoices do to the order in Exact."""

    def move() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        for line in user.lines_of(stage.sandbox.exact, made):
            for field in fields:
                left = line["QuantityInPurchaseUnits"] * part - line[field]
                add_quantity(stage.sandbox.exact.main, line, field, left)
        order_changed(stage.sandbox.exact.main, made)

    stage.sandbox.call(move)


def receipt(stage: Scene, order: Mapping[str, Any]) -> None:
    progress(stage, order, "ReceivedQuantity", part=Decimal("0.2"))


def finish(stage: Scene, order: Mapping[str, Any]) -> None:
    progress(stage, order, "ReceivedQuantity", "InvoicedQuantity")


def in_record(stage: Scene, order: Mapping[str, Any], header: Mapping[str, Any], line: Mapping[str, Any]) -> None:
    """Master data as Exact shows them in its orders, changed there."""

    def edit() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        made.update(header)
        for one in user.lines_of(stage.sandbox.exact, made):
            one.update(line)
        order_changed(stage.sandbox.exact.main, made)

    stage.sandbox.call(edit)


def change_sent(stage: Scene) -> OrderChange:
    return stored(DocumentKind.ORDER_CHANGE, newest(stage).canonical, OrderChange)


def test_a_setting_and_setting_it_back_are_no_news(stage: Scene, order: dict[str, Any]) -> None:
    for edit in (
        {"company_name": "Renamed BV"},
        {"company_name": "Delta Trading BV"},
        {"ship_to_names": {"1": "Dock 7"}},
        {"flows": {"orders_out": {"acknowledgment_wanted": "AD"}}},
        {"flows": {"orders_out": {"units": {"pc": "PC", "box": "CT", "m": "LM", "kg": "GM"}}}},
        {"flows": {"orders_out": {"units": {}}}},
    ):
        configure(stage, **edit)
        receipt(stage, order)
        header(stage, order, SelectionCode=str(edit)[:20])
        play(stage, 2)
        assert revisions(stage) == ONE, edit


def test_a_partners_file_is_no_news(stage: Scene, order: dict[str, Any]) -> None:
    code = stage.integration.partners["northwind"].orders.account_reference
    for edit in (
        {"account_reference": "" if code else "11"},
        {"account_reference": code},
        {"cost_center_reference": "DP"},
        {"cost_center_reference": ""},
        {"ship_to": {"1": "0012"}},
        {"ship_to": {"NONE": "1"}},
        {"changes": "850"},
        {"vendors_item_qualifier": "VN"},
    ):
        partner_file(stage, orders=edit)
        header(stage, order, SelectionCode=str(edit)[:20])
        play(stage, 2)
        assert revisions(stage) == ONE, edit


def test_names_barcodes_and_descriptions_of_master_data_are_no_news(stage: Scene, order: dict[str, Any]) -> None:
    in_record(stage, order, {"SupplierName": "Northwind renamed"}, {"ItemBarcode": "8712345678906"})
    receipt(stage, order)
    play(stage, 2)
    in_record(stage, order, {"WarehouseCode": "1B"}, {"SupplierItemCode": "NEW-CODE", "ItemDescription": "Renamed"})
    finish(stage, order)
    play(stage, 2)
    assert revisions(stage) == ONE


def test_a_release_that_sends_a_field_more_changes_no_order(
    stage: Scene, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = order_content._parties

    def more(*args: Any) -> tuple[Party, ...]:
        return (*real(*args), Party(role="BT", name="new in this release"))

    monkeypatch.setattr(order_content, "_parties", more)
    receipt(stage, order)
    play(stage, 2)
    assert revisions(stage) == ONE
    change(stage, order, quantity=order["lines"][0]["quantity"] + 7)
    play(stage, 2)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    assert [line.number for line in change_sent(stage).lines] == ["1"]


def test_the_next_change_says_only_what_the_buyer_changed(stage: Scene, order: dict[str, Any]) -> None:
    assert len(order["lines"]) > 1
    configure(stage, company_name="Renamed BV")
    partner_file(stage, orders={"cost_center_reference": "DP"})
    in_record(stage, order, {"SupplierName": "New name"}, {"ItemBarcode": "8712345678906"})
    play(stage, 2)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 7)
    play(stage, 2)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    (line,) = change_sent(stage).lines
    assert (line.number, line.quantity) == ("1", order["lines"][0]["quantity"] + 7)
    assert line.change == "CA", "the partner has the line without the references that it gets now"


def test_a_unit_mapped_anew_is_told_with_the_line_that_the_buyer_changes(stage: Scene, order: dict[str, Any]) -> None:
    units = {"pc": "PC", "box": "CT", "m": "LM", "kg": "GM"}
    configure(stage, flows={"orders_out": {"units": units}})
    quantity = order["lines"][0]["quantity"] + 7
    change(stage, order, quantity=quantity)
    play(stage, 2)
    (line,) = change_sent(stage).lines
    assert (line.number, line.quantity, line.unit, line.change) == (
        "1",
        quantity,
        units[order["lines"][0]["unit"]],
        "CA",
    )


def test_a_plain_change_keeps_its_code(stage: Scene, order: dict[str, Any]) -> None:
    configure(stage, company_name="Renamed BV")
    change(stage, order, quantity=order["lines"][0]["quantity"] + 7)
    play(stage, 2)
    assert [(line.number, line.change) for line in change_sent(stage).lines] == [("1", "QI")]


def test_what_cannot_be_resolved_now_is_no_news(stage: Scene, order: dict[str, Any]) -> None:
    """A warehouse without a code holds what has to be sent, and asks for nothing where nothing has."""
    partner_file(stage, orders={"account_reference": "11", "ship_to": {"NONE": "1"}}, gl_account="9999")
    configure(stage, flows={"orders_out": {"units": {"pc": "", "box": "", "m": "", "kg": ""}}})
    receipt(stage, order)
    header(stage, order, SelectionCode="moved")
    play(stage, 2)
    assert revisions(stage) == ONE
    header(stage, order, Remarks="Deliver at the back door")
    play(stage, 1)
    assert revisions(stage) == [*ONE, (1, "quarantined")]
    header(stage, order, Remarks="")
    play(stage, 1)
    assert revisions(stage) == [*ONE, (1, "discarded")], "changed back: nothing is left to tell"


def test_a_finished_order_is_left_alone_until_it_is_reopened(stage: Scene, order: dict[str, Any]) -> None:
    finish(stage, order)
    play(stage, 1)
    header(stage, order, Remarks="Thank you")
    change(stage, order, price=order["lines"][0]["price"] + 1)
    play(stage, 2)
    assert revisions(stage) == ONE
    change(stage, order, quantity=order["lines"][0]["quantity"] + 3)
    play(stage, 2)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    assert [(line.number, line.change) for line in change_sent(stage).lines] == [("1", "CA")]


def test_what_is_taken_off_an_order_is_told_although_that_finishes_it(stage: Scene, order: dict[str, Any]) -> None:
    progress(stage, order, "ReceivedQuantity", "InvoicedQuantity", part=Decimal("0.8"))
    play(stage, 1)

    def close() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        for line in user.lines_of(stage.sandbox.exact, made):
            change_line(stage.sandbox.exact.main, line, {"QuantityInPurchaseUnits": line["ReceivedQuantity"]})

    stage.sandbox.call(close)
    play(stage, 2)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    assert {line.change for line in change_sent(stage).lines} == {"QD"}


def test_an_order_that_is_finished_before_it_leaves_never_leaves(stage: Scene) -> None:
    first, second = stage.orders(2, received=False)
    finish(stage, first)
    orders.read(stage.integration, stage.work)
    assert [row.number for row in stage.documents("orders_out")] == [second["number"]]
    finish(stage, second)
    play(stage, 2)
    assert revisions(stage) == [(0, "discarded")]
    assert not stage.world.consumer.orders()


def test_an_order_that_nobody_answered_and_somebody_gave_up_was_sent_all_the_same(stage: Scene) -> None:
    from ml_connector.flows import monitoring

    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "never", **SILENT})
    play(stage, 1)
    stage.sandbox.clock.move(49 * 3600)
    monitoring.mark_overdue(stage.integration, stage.work)
    operator_actions.discard(stage.integration, stage.work, newest(stage), "they have it, says the phone")
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    play(stage, 1)
    assert (newest(stage).revision, newest(stage).kind) == (1, "order_change")


def test_a_ledger_of_an_older_release_goes_on(stage: Scene, order: dict[str, Any]) -> None:
    """Its documents have no id of the order in a column of their own; pruned ones have no record either."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    def as_before(**values: Any) -> None:
        with stage.deployment.ledger.write() as tx:
            tx.execute(sa.update(document).where(document.c.flow == "orders_out").values(source_id=None, **values))

    as_before()
    configure(stage, company_name="Renamed BV")
    receipt(stage, order)
    play(stage, 1)
    as_before(source=None)
    partner_file(stage, orders={"cost_center_reference": "DP"})
    header(stage, order, SelectionCode="moved")
    play(stage, 1)
    assert revisions(stage) == ONE
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    play(stage, 2)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    assert [line.number for line in change_sent(stage).lines] == ["1"]


def test_a_date_and_a_line_more_are_news(stage: Scene, order: dict[str, Any]) -> None:
    change(stage, order, receipt_date=date(2027, 3, 1))
    play(stage, 2)
    assert [(line.number, line.change) for line in change_sent(stage).lines] == [("1", "RS")]
    known = {line["item"] for line in order["lines"]}
    item = next(
        row["ItemCode"]
        for row in stage.sandbox.exact.main.table("logistics/SupplierItem")
        if row["ItemCode"] not in known
    )
    stage.sandbox.call(user.add_order_line, stage.sandbox.exact, int(order["number"]), item, Decimal(5))
    play(stage, 2)
    assert [line.change for line in change_sent(stage).lines] == ["AI"]
    content = stored(DocumentKind.ORDER, newest(stage).work or "", PurchaseOrder)
    assert len(content.lines) == len(order["lines"]) + 1
