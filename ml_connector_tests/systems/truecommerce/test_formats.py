"""The same flow in every format: orders out and answers, notices and invoices in, by layout as by X12."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.layouts import load_layout
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.sensors.pending_work import inbound_work
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.truecommerce.flat_files import Format, Look
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage, quick

LUMEN, LUMEN_NAME = "20022", "LUMEN"
INVOICE = (
    "TradingPartner,InvoiceNumber,InvoiceDate,PONumber,PODate,Currency,Terms,DueDate,SubTotal,Tax,Freight,Total,"
    "LineNumber,VendorItem,Quantity,UOM,UnitPrice,Extended\r\n"
)


def layouts(form: str, order: str = "truecommerce_850_csv_full") -> dict[str, Any]:
    names = [f"truecommerce_{kind}_{form}" for kind in ("810", "855", "856")]
    return {"lumen": {"layouts": {"receive": names, "send": {"order": order}}}}


def row(number: str, *, partner: str = "31205551234", total: str = "121.00", quantity: str = "10") -> str:
    """One invoice of one line, without an order."""
    return f"{partner},{number},2026-11-20,,,EUR,,,100.00,21.00,,{total},1,X-1,{quantity},EA,10.00,100.00\r\n"


def drop(stage: Stage, name: str, text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, name, data)


def unreadable(stage: Stage) -> list[tuple[str, str]]:
    return [(str(row.state), str(row.reason)) for row in stage.documents("unreadable")]


@pytest.mark.parametrize("form", ["csv", "json", "xml", "parent_child"])
def test_an_order_comes_back_in_flat_files(tmp_path: Path, form: Format) -> None:
    """Receipt and invoice are booked, the answer is recorded, and no 997 is made for what had no envelope.

    The order leaves by the shipped layout of the same form, with the references that the shipped partner asks for.
    """
    settings = layouts(form, f"truecommerce_850_{form}")
    with open_stage(tmp_path, truecommerce=quick({"LUMEN": form}), partners=settings) as stage:
        (number,) = stage.orders(1, LUMEN)
        stage.play()
        (order,) = stage.documents("orders_out")
        assert (order.number, order.state, order.interchange_id, order.due_at) == (number, S.SENT, None, None)
        assert stage.sandbox.truecommerce.manager.orders() == {number: 1}
        assert unreadable(stage) == []
        assert [one.state for one in stage.documents("shipments_in")] == [S.POSTED]
        assert [(one.state, one.reason) for one in stage.documents("invoices_in")] == [(S.POSTED, None)]
        assert [one.state for one in stage.documents("acknowledgments_in")] == [S.APPLIED]
        assert stage.documents("acknowledgments_out") == []
        assert stage.sandbox.truecommerce.manager.errors == []


def test_a_change_of_an_order_goes_out_by_the_layout_of_changes(tmp_path: Path) -> None:
    flat = layouts("csv")["lumen"]["layouts"]
    settings = {"layouts": {**flat, "send": {**flat["send"], "order_change": "truecommerce_860_csv"}}}
    with open_stage(tmp_path, partners={"lumen": {**settings, "orders": {"changes": "860"}}}) as stage:
        manager = stage.sandbox.truecommerce.manager
        stage.sandbox.call(manager.world.behave, LUMEN_NAME, {"ship": "never", "invoice": "never"})
        (number,) = stage.orders(1, LUMEN)
        stage.play(2)
        stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(number), 1, quantity=77)
        stage.play(3)
        sent = [(one.revision, str(one.kind), one.state) for one in stage.documents("orders_out")]
        assert sorted(sent) == [(0, "order", S.SENT), (1, "order_change", S.SENT)]
        assert manager.errors == []
        came = manager.world.consumer.documents()
        assert [key[:6] for key in sorted(came)] == ["850 00", "860 04"]
        answers = [(str(one.kind), one.state, one.reason) for one in stage.documents("acknowledgments_in")]
        assert answers == [("order_acknowledgment", S.APPLIED, None)] * 2


@pytest.mark.parametrize("look", ["bom", "latin-1", "lf"])
def test_files_are_read_however_they_are_put_down(tmp_path: Path, look: Look) -> None:
    """With a byte order mark, in Latin-1, with other line ends, named in capitals."""
    with open_stage(tmp_path) as stage:
        manager = stage.sandbox.truecommerce.manager
        manager.options.look, manager.options.upper_case = look, True
        stage.orders(1, LUMEN)
        stage.play()
        assert unreadable(stage) == []
        assert [one.state for one in stage.documents("shipments_in")] == [S.POSTED]
        assert [one.state for one in stage.documents("invoices_in")] == [S.POSTED]


def test_two_partners_share_a_folder_in_two_formats(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        numbers = stage.orders(3, LUMEN) + stage.orders(3, "20021")
        stage.play()
        assert stage.sandbox.truecommerce.manager.orders() == dict.fromkeys(numbers, 1)
        assert [one.state for one in stage.documents("invoices_in")] == [S.POSTED] * 6
        states = {one.partner: one.state for one in stage.documents("orders_out")}
        assert states == {"lumen": S.SENT, "harbour": S.ACKNOWLEDGED}


def test_one_bad_document_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    """What is wrong is told by row and column; nobody tells the sender, so a person must see it."""
    with open_stage(tmp_path) as stage:
        drop(stage, "three.csv", INVOICE + row("I-1") + row("I-2", quantity="ten") + row("I-3"))
        stage.inbound()
        assert sorted(one.number for one in stage.documents("invoices_in")) == ["I-1", "I-3"]
        (bad,) = stage.documents("unreadable")
        assert (bad.state, bad.reason, bad.partner) == (S.QUARANTINED, "bad_value", "lumen")
        assert bad.reason_detail is not None
        (finding,) = [f for f in bad.reason_detail["data"]["findings"] if f["severity"] == "error"]
        assert (finding["row"], finding["column"], finding["value"]) == (3, "Quantity", "ten")


def test_a_file_of_no_layout_is_held_with_the_reason_of_each(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        drop(stage, "menu.csv", "Dish,Price\r\nSoup,5\r\n")
        drop(stage, "page.html", "<html><body>Sign in</body></html>")
        drop(stage, "cut.xml", "<Invoices><Invoice><Header>")
        drop(stage, "cut.json", '{"header": {"InvoiceNumber": ')
        stage.inbound()
        assert unreadable(stage) == [("quarantined", "no_layout_fits")] * 2
        stage.sandbox.clock.move(11 * 60)  # what is cut off is waited for first
        stage.inbound()
        assert unreadable(stage) == [("quarantined", "no_layout_fits")] * 4
        told = {one.number: one.reason_detail or {} for one in stage.documents("unreadable")}["menu.csv"]
        assert [reason.split(":")[0] for reason in told["data"]["layouts"]] == [
            "truecommerce_810_csv",
            "truecommerce_855_csv",
            "truecommerce_856_csv",
        ]


def test_the_same_document_again_is_told_by_its_business_key(tmp_path: Path) -> None:
    """Exported again under another name and in another order of columns, or by a resend: set aside; changed: held."""
    with open_stage(tmp_path) as stage:
        drop(stage, "one.csv", INVOICE + row("I-1"))
        stage.inbound()
        drop(stage, "again.csv", INVOICE.replace("\r\n", "\n") + row("I-1").replace("\r\n", "\n"))
        stage.inbound()
        drop(stage, "other.csv", INVOICE + row("I-1", total="242.00"))
        stage.inbound()
        states = [(one.state, one.reason) for one in sorted(stage.documents("invoices_in"), key=lambda one: one.id)]
        assert states[1:] == [(S.DUPLICATE, None), (S.QUARANTINED, "duplicate_invoice_number")]


@pytest.mark.parametrize("name", ["31205551234", "lumen", "LUMEN LIGHTING", "20022"])
def test_a_partner_is_known_by_its_names(tmp_path: Path, name: str) -> None:
    with open_stage(tmp_path) as stage:
        drop(stage, "one.csv", INVOICE + row("I-1", partner=name))
        stage.inbound()
        assert [one.partner for one in stage.documents("invoices_in")] == ["lumen"]


def test_a_stranger_is_held_and_taken_up_when_its_name_is_known(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        drop(stage, "one.csv", INVOICE + row("I-1", partner="LUM-7"))
        stage.inbound()
        assert [(one.partner, one.reason) for one in stage.documents("invoices_in")] == [("", "unknown_partner")]
        known = stage.integration.partners["lumen"].model_copy(update={"title": "LUM-7"})
        partners = {**stage.integration.partners, "lumen": known}
        stage.integration = replace(stage.integration, partners=partners)
        stage.sandbox.clock.move(3600)
        stage.inbound()
        (one,) = stage.documents("invoices_in")
        # It is looked at as any other now: it names no order, and its line no account.
        assert one.reason not in {None, "unknown_partner"}


def test_a_large_file_is_staged_and_goes_on_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """900 documents are committed in stretches; what a killed worker had staged is neither lost nor read twice."""
    from ml_connector.flows.inbound import parsing

    with open_stage(tmp_path) as stage:
        drop(stage, "many.csv", INVOICE + "".join(row(f"I-{n:04d}") for n in range(900)))
        commit, done = parsing._commit, []

        def dying(batch: Any) -> None:
            commit(batch)
            done.append(1)
            if len(done) == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr(parsing, "_commit", dying)
        with pytest.raises(KeyboardInterrupt):
            stage.inbound()
        assert 0 < len(stage.documents("invoices_in")) < 900
        monkeypatch.undo()
        stage.inbound()
        numbers = [one.number for one in stage.documents("invoices_in")]
        assert sorted(numbers) == [f"I-{n:04d}" for n in range(900)]
        assert S.RECEIVED not in {one.state for one in stage.documents("invoices_in")}


def test_an_order_that_cannot_be_resolved_is_held_and_the_others_go(tmp_path: Path) -> None:
    """Its GL account is unknown to the ERP; once the mapping is right it follows by itself."""
    with open_stage(tmp_path) as stage:
        numbers = stage.orders(8, LUMEN)
        stage.integration = with_accounts(stage, {"VW-1001": "9999"})
        stage.outbound()
        held = {one.number: one.reason for one in stage.documents("orders_out") if one.state is S.QUARANTINED}
        assert set(held.values()) == {"unmapped_account"}
        assert 0 < len(held) < 8
        stage.sandbox.call(stage.sandbox.truecommerce.manager.flush)
        assert set(stage.sandbox.truecommerce.manager.orders()) == set(numbers) - set(held)
        stage.integration = with_accounts(stage, {})
        stage.sandbox.clock.move(3600)
        stage.play(2)
        assert stage.sandbox.truecommerce.manager.orders() == dict.fromkeys(numbers, 1)


def with_accounts(stage: Stage, accounts: dict[str, str]) -> Any:
    """The integration with these accounts of items."""
    settings = stage.integration.settings
    invoices = settings.flows.invoices_in
    coding = invoices.coding.model_copy(update={"item_accounts": accounts})
    flows = settings.flows.model_copy(update={"invoices_in": invoices.model_copy(update={"coding": coding})})
    return replace(stage.integration, settings=settings.model_copy(update={"flows": flows}))


def with_layouts(stage: Stage, *names: str) -> Any:
    """The integration as it is after the partner's file was mended and read again."""
    lumen = stage.integration.partners["lumen"]
    mended = lumen.model_copy(update={"layouts": lumen.layouts.model_copy(update={"receive": names})})
    known = {name: load_layout(name) for name in names}
    return replace(
        stage.integration,
        partners={**stage.integration.partners, "lumen": mended},
        layouts={**stage.integration.layouts, **known},
    )


def test_files_of_no_layout_are_read_again_once_a_layout_fits(tmp_path: Path) -> None:
    """From the bytes that are kept: at the network the file may be gone by then."""
    with open_stage(tmp_path, partners={"lumen": {"layouts": {"receive": ["truecommerce_856_csv"]}}}) as stage:
        drop(stage, "two.csv", INVOICE + row("I-1") + row("I-2"))
        drop(stage, "menu.csv", "Dish,Price\r\nSoup,5\r\n")
        stage.inbound()
        assert unreadable(stage) == [("quarantined", "no_layout_fits")] * 2
        assert not any("other layouts" in reason for reason in inbound_work(stage.integration).reasons)
        stage.inbound()
        assert unreadable(stage) == [("quarantined", "no_layout_fits")] * 2, "with the same layouts nothing is tried"
        stage.integration = with_layouts(stage, "truecommerce_856_csv", "truecommerce_810_csv")
        assert "2 held file(s) to read by other layouts" in inbound_work(stage.integration).reasons
        stage.inbound()
        assert sorted(one.number for one in stage.documents("invoices_in")) == ["I-1", "I-2"]
        states = sorted(unreadable(stage))
        assert states == [("discarded", "read_again")] * 2 + [("quarantined", "no_layout_fits")]
        stage.inbound()
        assert sorted(unreadable(stage)) == states
        assert verify(stage.deployment.ledger).clean


def test_x12_that_cannot_be_read_is_not_tried_by_layouts_for_ever(tmp_path: Path) -> None:
    with open_stage(tmp_path, partners={"lumen": {"layouts": {}}}) as stage:
        drop(stage, "cut.edi", "ISA*00")
        stage.sandbox.clock.move(11 * 60)
        stage.inbound()
        stage.sandbox.clock.move(11 * 60)
        stage.inbound()
        assert unreadable(stage) == [("quarantined", "not_x12")]
        stage.integration = with_layouts(stage, "truecommerce_810_csv")
        for _ in range(3):
            stage.sandbox.clock.move(11 * 60)
            stage.inbound()
        assert sorted(unreadable(stage)) == [("discarded", "read_again"), ("quarantined", "not_x12")]


@pytest.mark.parametrize(("times", "ends"), [(2, S.SENT), (10, S.QUARANTINED)])
def test_a_rename_that_is_refused_for_now_is_tried_again(tmp_path: Path, times: int, ends: S) -> None:
    """A bare failure may be a lock; one that lasts asks for a person."""
    with open_stage(tmp_path) as stage:
        (number,) = stage.orders(1, LUMEN)
        stage.sandbox.faults.add(Fault(FaultKind.STATUS, "truecommerce", "RENAME", count=times, status=4))
        for _ in range(7):
            stage.sandbox.clock.move(30)
            stage.outbound()
        (order,) = stage.documents("orders_out")
        assert order.state is ends
        assert order.reason == (None if ends is S.SENT else "refused_by_system")
        stage.play(1)
        assert stage.sandbox.truecommerce.manager.orders() == ({number: 1} if ends is S.SENT else {})
