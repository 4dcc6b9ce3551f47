"""A customer is told of a shipment once, when it is confirmed; corrected ones are held, or sent as a replacement."""

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.sales.shipments import Package, SentLine, SentShipment
from ml_connector.flows.shipments_out.telling import news
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating.whose_move import whose_move
from ml_connector_tests.flows.customers_orders.made import DAY, D, sscc
from ml_connector_tests.flows.customers_orders.office import Office

FLOW = "shipments_out"
REPLACED = pytest.mark.parametrize("file", [{"shipments": {"send": True, "changed": "replace"}}], indirect=True)


def shipment(*order_ids: str, **changes: object) -> SentShipment:
    """Three cases of each of these orders, in one carton; confirmed unless told."""
    lines = tuple(
        SentLine(
            number=at,
            order_id=key,
            order_number=f"SO-{key}",
            order_line=1,
            item_code="ITEM-1",
            quantity=D(3),
            unit="CASE",
        )
        for at, key in enumerate(order_ids, 1)
    )
    made = SentShipment(
        id="SH1",
        number="SH1",
        confirmed=True,
        ship_date=DAY,
        customer_code="C100",
        lines=lines,
        packages=(Package(number=1, sscc=sscc(1), tracking="1Z1"),),
    )
    return changed(made, **changes)


def told(office: Office) -> list[tuple[str, str, list[str]]]:
    """Number, BSN01 and orders of each notice that was sent."""
    notices = [one for one in office.sent() if hasattr(one, "notice_date")]
    return [(one.number, one.purpose.value, [each.order_number for each in one.orders]) for one in notices]


def test_it_leaves_once_when_it_is_confirmed_whatever_else_moves_it(office: Office) -> None:
    key = office.ordered().id
    office.books.shipments.save(shipment(key, confirmed=False))
    office.run()
    assert office.rows(FLOW) == []
    for more in ({}, {"moved_at": office.clock.now()}, {"terms": "FOB"}):
        office.books.shipments.save(shipment(key, **more))
        office.run()
    assert told(office) == [("SH1", "00", ["PO-9"])]
    (row,) = office.rows(FLOW)
    assert (row.state, row.number, row.order_number, row.business_date) == (S.SENT, "SH1", "PO-9", DAY)


def test_a_shipment_of_two_orders_is_one_notice(office: Office) -> None:
    keys = [office.ordered(number).id for number in ("PO-9", "PO-10")]
    office.books.shipments.save(shipment(*keys))
    office.run()
    assert told(office) == [("SH1", "00", ["PO-9", "PO-10"])]


def test_goods_of_an_order_that_did_not_come_by_edi_hold_it_and_alone_are_nobodys(office: Office) -> None:
    key = office.ordered().id
    office.books.shipments.save(shipment(key, "keyed-by-hand"), shipment("keyed-by-hand", id="SH2", number="SH2"))
    report = office.run()
    assert report["read shipments"].counts["not_of_a_partner"] == 1
    (held,) = office.rows(FLOW)
    assert (held.number, held.state, held.reason) == ("SH1", S.QUARANTINED, "no_such_order")
    assert "SO-keyed-by-hand" in (held.reason_detail or {})["message"]


@pytest.mark.parametrize("file", [{"shipments": {"send": False}}, {"shipments": {}}], indirect=True)
def test_who_does_not_ask_for_it_is_not_told(office: Office) -> None:
    office.books.shipments.save(shipment(office.ordered().id))
    office.run()
    assert office.rows(FLOW) == []


def test_a_corrected_one_is_held_with_the_difference_and_ends_when_it_is_put_back(office: Office) -> None:
    one = shipment(office.ordered().id)
    office.books.shipments.save(one)
    office.run()
    office.books.shipments.save(changed(one, confirmed=False))
    office.run()
    assert len(office.rows(FLOW)) == 1, "nothing is told while it is being corrected"
    less = changed(one, lines=(changed(one.lines[0], quantity=D(2)),))
    office.books.shipments.save(less)
    office.run()
    held = office.rows(FLOW)[-1]
    assert (held.state, held.reason) == (S.QUARANTINED, "changed_after_sending")
    assert "quantity: 3 -> 2" in (held.reason_detail or {})["message"]
    office.books.shipments.save(one)
    office.run()
    assert office.states(FLOW) == [("SH1", S.SENT), ("SH1", S.DISCARDED)]
    assert len(told(office)) == 1


@REPLACED
def test_or_it_is_sent_again_whole_as_a_replacement(office: Office) -> None:
    one = shipment(office.ordered().id)
    office.books.shipments.save(one)
    office.run()
    office.books.shipments.save(changed(one, lines=(changed(one.lines[0], quantity=D(2)),)))
    office.run()
    assert told(office) == [("SH1", "00", ["PO-9"]), ("SH1", "05", ["PO-9"])]


@REPLACED
def test_one_that_is_cancelled_after_it_was_told_is_held_whatever_the_file_says(office: Office) -> None:
    one = shipment(office.ordered().id)
    office.books.shipments.save(one)
    office.run()
    office.books.shipments.save(changed(one, confirmed=False, gone=True))
    office.run()
    held = office.rows(FLOW)[-1]
    assert (held.state, held.reason) == (S.QUARANTINED, "changed_after_sending")
    assert "cancelled" in (held.reason_detail or {})["message"]


def test_one_that_is_cancelled_before_is_never_told(office: Office) -> None:
    one = shipment(office.ordered().id, "keyed-by-hand")
    office.books.shipments.save(one)
    office.run()
    office.books.shipments.save(changed(one, confirmed=False, gone=True))
    office.run()
    assert office.states(FLOW) == [("SH1", S.DISCARDED)]


@pytest.mark.parametrize("file", [{"shipments": {"send": True, "packs": "required"}}], indirect=True)
def test_without_the_packs_that_are_wanted_it_waits_for_them(office: Office) -> None:
    one = shipment(office.ordered().id, packages=())
    office.books.shipments.save(one)
    office.run()
    (held,) = office.rows(FLOW)
    assert (held.state, held.reason) == (S.QUARANTINED, "nothing_to_send")
    office.books.shipments.save(changed(one, packages=(Package(number=1, sscc=sscc(7)),)))
    office.run()
    assert [one.packs for each in office.sent()[-1:] for order in each.orders for one in order.items] == [
        ("00" + sscc(7),)
    ]


@pytest.mark.parametrize(
    ("item", "state"),
    [("OTI*TR*SI*SH1", S.REFUSED), ("OTI*TA*BM*SH1", S.ACKNOWLEDGED), ("OTI*TA*TN*SH1", S.ACKNOWLEDGED)],
)
def test_answers_reach_it(office: Office, item: str, state: S) -> None:
    office.books.shipments.save(shipment(office.ordered().id))
    office.run()
    office.said("BGN*00*ADV-1*20261129", item, functional_id="AG", set_type="824")
    assert office.states(FLOW) == [("SH1", state)]


def test_an_824_that_only_complains_is_for_sales(office: Office) -> None:
    office.books.shipments.save(shipment(office.ordered().id))
    office.run()
    said = ("BGN*00*ADV-1*20261129", "OTI*TE*SI*SH1", "TED*024*One carton is missing")
    office.said(*said, functional_id="AG", set_type="824")
    advice = office.rows("acknowledgments_in")[-1]
    assert (advice.reason, whose_move(advice)) == (
        "sale_advised",
        "sales: the customer's answer differs from what it was told",
    )
    assert "One carton is missing" in (advice.reason_detail or {})["message"]
    office.said("BGN*00*ADV-2*20261129", "OTI*TR*SI*SH1", functional_id="AG", set_type="824")
    assert whose_move(office.rows(FLOW)[-1]) == "sales: the partner refused it"


def test_a_997_reaches_it_and_a_sensor_hears_of_the_next(office: Office) -> None:
    key = office.ordered().id
    office.books.shipments.save(shipment(key))
    office.run()
    (file,) = [data for _, _, data in office.mailbox.sent if b"~GS*SH*" in data]
    control = file.decode().split("~GS*SH*")[1].split("*")[4]
    office.said(f"AK1*SH*{control}", "AK9*A*1*1*1")
    assert office.states(FLOW) == [("SH1", S.ACKNOWLEDGED)]
    office.books.shipments.save(shipment(key, id="SH2", number="SH2"))
    assert list(news(office.integration, look=True, erp_usable=True)) == ["shipments changed in the ERP"]


@pytest.mark.parametrize(
    "file",
    [{"layouts": {"send": {"order_acknowledgment": "truecommerce_855_csv", "ship_notice": "truecommerce_856_csv"}}}],
    indirect=True,
)
def test_a_layout_that_would_lose_what_matters_is_not_used(office: Office) -> None:
    office.books.shipments.save(shipment(office.ordered().id))
    office.run()
    held = {row.kind: (row.state, row.reason) for flow in ("order_acks_out", FLOW) for row in office.rows(flow)}
    assert held == dict.fromkeys(("order_acknowledgment", "ship_notice"), (S.QUARANTINED, "bad_value"))
    assert office.mailbox.sent == []
