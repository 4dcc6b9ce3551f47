"""A customer is told what is taken of its order: on acceptance, again when that changes, and never of anything else."""

from pathlib import Path

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.sales.standing import OrderStanding
from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.order_acks_out.telling import news
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.customers_orders.made import D, order, posted, standing
from ml_connector_tests.flows.customers_orders.office import Office, customers_office

FLOW = "order_acks_out"
OPEN, CANCELLED = OrderStanding.OPEN, OrderStanding.CANCELLED


def statuses(office: Office) -> list[tuple[str, str, list[str]]]:
    """Number, BAK01 and the codes of each acknowledgment that was sent."""
    return [
        (one.number, one.purpose.value, [a.status for line in one.lines for a in line.answers]) for one in office.sent()
    ]


def test_it_is_told_once_on_acceptance_whatever_else_moves_the_order(office: Office) -> None:
    held = office.ordered(standing=OPEN)
    report = office.run()
    assert office.rows(FLOW) == []
    assert report["read sales orders"].counts["not_ready"] == 1
    office.books.orders.save(changed(held, standing=OrderStanding.ACCEPTED))
    office.run()
    assert statuses(office) == [("PO-9", "00", ["IA", "IA"])]
    (row,) = office.rows(FLOW)
    assert (row.state, row.order_number, row.partner) == (S.SENT, "PO-9", "big_retail")
    for _ in range(2):
        office.books.orders.save(changed(held, standing=OrderStanding.ACCEPTED, moved_at=office.clock.now()))
        office.run()
    assert len(office.mailbox.sent) == 1


def test_it_is_told_again_when_it_changes_and_not_when_it_changes_back_before_that_left(office: Office) -> None:
    one = office.ordered()
    office.run()
    less = changed(one, lines=(changed(one.lines[0], quantity=D(2)), one.lines[1]))
    office.books.orders.save(less)
    office.run()
    assert statuses(office)[1:] == [("PO-9", "05", ["IQ", "ID", "IA"])]
    office.books.orders.save(changed(one, standing=OPEN))
    office.run()
    assert len(office.rows(FLOW)) == 2, "while nobody has accepted it anew nothing leaves"
    office.books.orders.save(one)
    office.run()
    assert statuses(office)[2:] == [("PO-9", "05", ["IA", "IA"])]
    assert office.states(FLOW) == [("PO-9", S.SENT)] * 3


def test_a_cancelled_order_is_told_as_refused(office: Office) -> None:
    office.ordered(standing=CANCELLED)
    office.run()
    (ack,) = office.sent()
    assert (ack.type, statuses(office)) == ("RD", [("PO-9", "00", ["IR", "IR"])])


def test_an_order_that_no_850_is_behind_is_nobodys_whatever_its_number(office: Office) -> None:
    office.ordered()
    office.run()
    office.books.orders.save(standing(posted(order()), id="keyed-by-hand", number="SO777"))
    report = office.run()
    assert report["read sales orders"].counts["not_of_a_partner"] == 1
    assert len(office.rows(FLOW)) == 1


@pytest.mark.parametrize("file", [{"order_acks": {"send": False}}, {"order_acks": {}}], indirect=True)
def test_who_does_not_ask_for_it_is_not_told(office: Office) -> None:
    office.ordered()
    office.run()
    assert (office.rows(FLOW), office.mailbox.sent) == ([], [])


def test_an_order_that_became_several_is_told_once_and_when_all_of_it_is_accepted(office: Office) -> None:
    row = office.order_comes()
    halves = [
        changed(
            posted(order()),
            store=store,
            lines=tuple(
                changed(line, quantity=line.quantity * share / 10, ordered_quantity=line.ordered_quantity * share / 10)
                for line in posted(order()).lines
            ),
        )
        for store, share in (("0012", D(4)), ("0015", D(6)))
    ]
    ids = office.post(row, *halves)
    first, second = (
        standing(half, id=key, number=f"SO{at}") for at, (half, key) in enumerate(zip(halves, ids, strict=True))
    )
    office.books.orders.save(first, changed(second, standing=OPEN))
    office.run()
    assert office.sent() == []
    office.books.orders.save(second)
    office.run()
    (ack,) = office.sent()
    assert [[(a.status, a.quantity) for a in line.answers] for line in ack.lines] == [[("IA", D(3))], [("IA", D(10))]]
    assert {one.value for one in ack.references} == {"SO0", "SO1"}
    office.books.orders.save(changed(second, standing=CANCELLED))
    office.run()
    assert statuses(office)[1:] == [("PO-9", "05", ["IQ", "ID", "IQ", "ID"])]


@pytest.mark.parametrize("file", [{"order_acks": {"send": True, "again": "hold"}}], indirect=True)
def test_where_a_person_decides_a_change_is_held_and_ends_when_it_is_changed_back(office: Office) -> None:
    one = office.ordered()
    office.run()
    office.books.orders.save(changed(one, standing=CANCELLED))
    office.run()
    held = office.rows(FLOW)[-1]
    assert (held.state, held.reason) == (S.QUARANTINED, "changed_after_sending")
    office.books.orders.save(one)
    office.run()
    assert office.states(FLOW) == [("PO-9", S.SENT), ("PO-9", S.DISCARDED)]
    assert len(office.mailbox.sent) == 1


@pytest.mark.parametrize("file", [{"order_acks": {"send": True, "again": "never"}}], indirect=True)
def test_where_once_is_enough_nothing_follows(office: Office) -> None:
    one = office.ordered()
    office.run()
    office.books.orders.save(changed(one, standing=CANCELLED))
    office.run()
    assert len(office.rows(FLOW)) == 1


def test_what_cannot_be_told_is_held_and_goes_by_itself_when_it_is_mended(office: Office) -> None:
    one = office.ordered()
    office.books.orders.save(changed(one, lines=(changed(one.lines[0], unit="PALLET"), one.lines[1])))
    office.run()
    (held,) = office.rows(FLOW)
    assert (held.state, held.reason) == (S.QUARANTINED, "unit_mismatch")
    office.books.orders.save(one)
    office.run()
    assert office.states(FLOW) == [("PO-9", S.SENT)]


def test_a_changed_order_that_waits_is_renewed_and_one_that_is_taken_back_is_withdrawn(office: Office) -> None:
    one = office.ordered()
    office.books.orders.save(changed(one, lines=(changed(one.lines[0], unit="PALLET"), one.lines[1])))
    office.run()
    office.books.orders.save(changed(one, standing=OPEN))
    office.run()
    assert [(row.state, row.reason) for row in office.rows(FLOW)] == [(S.DISCARDED, "withdrawn")]
    office.books.orders.save(one)
    office.run()
    assert statuses(office) == [("PO-9", "00", ["IA", "IA"])], "the first that leaves is an original"


def test_answers_reach_it(office: Office) -> None:
    office.ordered()
    office.run()
    office.said(f"AK1*PR*{office.control()}", "AK2*855*0001", "AK5*A", "AK9*A*1*1*1")
    assert office.states(FLOW) == [("PO-9", S.ACKNOWLEDGED)]
    office.said(
        "BGN*00*ADV-1*20261129", "OTI*TR*PO*PO-9", "TED*024*Item is unknown", functional_id="AG", set_type="824"
    )
    (row,) = office.rows(FLOW)
    assert (row.state, "Item is unknown" in (row.reason_detail or {})["message"]) == (S.REFUSED, True)


def test_what_was_refused_goes_again_as_the_erp_has_it(office: Office) -> None:
    one = office.ordered()
    office.run()
    office.said(f"AK1*PR*{office.control()}", "AK9*R*1*1*0")
    office.books.orders.save(changed(one, lines=(changed(one.lines[0], quantity=D(2)), one.lines[1])))
    with worker(office.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="test")
        operator_actions.prepare_replay(office.integration, work, office.rows(FLOW))
    office.run(replay=True)
    assert statuses(office) == [("PO-9", "00", ["IA", "IA"]), ("PO-9", "00", ["IQ", "ID", "IA"])]


def test_a_sensor_hears_of_it(office: Office) -> None:
    def heard() -> list[str]:
        return list(news(office.integration, look=True, erp_usable=True))

    office.run()
    assert heard() == []
    office.ordered()
    assert heard() == ["sales orders changed in the ERP"]
    office.run()
    assert heard() == []


def test_orders_from_before_it_was_switched_on_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = {FLOW: {"start_date": "2026-11-30"}}
    with customers_office(tmp_path / "home", monkeypatch, flows=flows) as office:
        one = office.ordered()
        report = office.run()
        assert report["read sales orders"].counts["came_before_start"] == 1
        office.clock.move(86400)
        office.books.orders.save(one)
        office.ordered("PO-10")
        office.run()
        assert [number for number, _, _ in statuses(office)] == ["PO-10"]


def test_a_partner_whose_file_is_wrong_has_it_kept(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = office.order_comes()
    (key,) = office.post(row)
    office.books.orders.save(standing(posted(order()), id=key))
    wrong = {"order_acks": {"send": "perhaps"}}
    with customers_office(tmp_path / "home", monkeypatch, file=wrong, before=office) as stopped:
        stopped.run()
        (held,) = stopped.rows(FLOW)
        assert (held.state, held.reason) == (S.QUARANTINED, "partner_file_wrong")
    with customers_office(tmp_path / "home", monkeypatch, before=office) as mended:
        mended.clock.move(3600)
        mended.run()
        assert mended.states(FLOW) == [("PO-9", S.SENT)]
