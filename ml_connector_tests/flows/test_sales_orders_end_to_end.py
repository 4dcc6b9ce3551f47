"""A customer's order becomes a sales order, once: from the file in the folder to the ERP's books."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ml_connector.config import partner_files
from ml_connector.documents.common import changed
from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.documents.sales.orders import reference_of
from ml_connector.errors import NotPossibleError
from ml_connector.flows.core.ports import Existing, Identity
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.trying.trial import Given, try_files
from ml_connector_tests.flows.american import Table
from ml_connector_tests.flows.shop import ITEMS, D, Shop, body, day, edi, partner_values, shop
from ml_connector_tests.support.deployment import INTEGRATION

STORES = ("PO1*1*10*EA*2.50**IN*HM-RICE", "SDQ*EA*92*0001*4*0002*6")
OIL = "PO1*2*5*CA*48**IN*HM-OIL*UK*10012345678902"
DATES = ("CUR*BY*USD", "DTM*002*20261201", "DTM*001*20261210", "ITD*08*3*****30")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with shop(tmp_path, monkeypatch) as made:
        yield made


def message(row: Any) -> str:
    return cast("dict[str, str]", row.reason_detail)["message"]


def test_an_order_is_posted_as_it_was_sent_and_answered_with_a_997(office: Shop) -> None:
    (row,) = office.take(body("PO-1", "PO1*1*10*EA*2.50**IN*HM-RICE", OIL, head=DATES))
    assert (row.state, row.reason) == (S.POSTED, None), row.reason_detail
    (order,) = office.erp.written
    assert (order.customer_id, order.customer_order, order.reference) == ("C1", "PO-1", "PO-1")
    assert (order.location_code, order.ship_to, order.currency) == ("MAIN", None, "USD")
    assert (order.requested_date, order.cancel_date) == (day("2026-12-01"), day("2026-12-10"))
    lines = [(one.customers_line, one.item_code, one.quantity, one.unit, one.price) for one in order.lines]
    assert lines == [("1", "RICE", D(10), "EACH", D("2.50")), ("2", "OIL", D(5), "CASE", D(48))]
    assert order.total == D("265.00")
    with office.deployment.ledger.read() as tx:
        flow = queries.DocumentFilter(flows=("acknowledgments_out",))
        assert [one.state for one in queries.list_documents(tx, flow, limit=9).rows] == [S.SENT]
    assert {"customers", "customer_locations", "item_facts"} <= set(row.snapshots or {}), "what decided is noted"


def test_the_states_of_a_customers_order_have_no_coding(office: Shop) -> None:
    (row,) = office.take(body())
    with office.deployment.ledger.read() as tx:
        told = [event.action for event in events.history(tx, row.id)]
    assert told == ["parsed", "matched", "posting", "posted"]


def test_the_same_order_again_is_a_duplicate_and_a_different_one_is_held(office: Shop) -> None:
    first, again = office.take(body("PO-1"), body("PO-1"))
    assert (first.state, again.state) == (S.POSTED, S.DUPLICATE)
    *_, other = office.take(body("PO-1", "PO1*1*99*EA*2.50**IN*HM-RICE"))
    assert (other.state, other.reason) == (S.QUARANTINED, "duplicate_invoice_number")
    assert len(office.erp.written) == 1
    office.take(replay=True)
    assert len(office.erp.written) == 1


ANOTHER = "PO1*1*11*EA*2.50**IN*HM-RICE"


@pytest.mark.parametrize("other", ["PO-42", "PO 0042", "PO0042", "po-042"])
def test_a_number_that_only_looks_different_is_held_where_goods_and_day_are_the_same(office: Shop, other: str) -> None:
    """The same order typed twice; other goods, another day or another number make it another order."""
    office.take(body("PO-0042"))
    (_, same) = office.take(body(other))
    assert (same.state, same.reason) == (S.QUARANTINED, "probably_the_same"), same.reason_detail
    assert cast("Any", same.reason_detail)["data"]["earlier_number"] == "PO-0042"
    tomorrow = body("PO-00042").replace("20261120", "20261121")
    *_, more, later, strange = office.take(body("PO-000042", ANOTHER), tomorrow, body("PO-420"))
    assert [row.state for row in (more, later, strange)] == [S.POSTED] * 3
    office.take(replay=True)
    assert len(office.erp.written) == 4, "a replay asks the same question"
    office.discard(same)
    assert [row.state for row in office.take()].count(S.DISCARDED) == 1
    assert len(office.erp.written) == 4


def test_of_two_orders_alike_that_come_together_the_first_one_goes_and_the_other_once_that_is_given_up(
    office: Shop,
) -> None:
    office.erp.tables["item_facts"] = Table(ITEMS[0])
    sync_table(office.deployment.ledger, cast("Any", office.erp), "item_facts")
    first, second = office.take(body("0042"), body("42"))
    assert [first.reason, second.reason] == ["unknown_item", "probably_the_same"]
    office.discard(first)
    office.erp.tables["item_facts"] = Table(*ITEMS)
    sync_table(office.deployment.ledger, cast("Any", office.erp), "item_facts")
    first, second = office.take(replay=True)
    assert [first.state, second.state] == [S.DISCARDED, S.POSTED]


def test_a_customer_may_number_orders_so_that_two_differ_in_zeros_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, partners=[partner_values(similar_numbers="ignored")]) as office:
        assert [row.state for row in office.take(body("0042"), body("42"))] == [S.POSTED, S.POSTED]


def test_orders_alike_of_two_customers_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    east = {"name": "east", "customer": "C2", "identity": {"qualifier": "ZZ", "id": "EAST"}}
    other = partner_values(**east, channels={"receive": ["/EAST/in"]})
    line = "PO1*1*10*EA*2.50**VN*RC5"
    with shop(tmp_path, monkeypatch, partners=[partner_values(), other]) as office:
        office.take(body("0042", line))
        theirs = edi(body("42", line).replace("92*0001", "92*7001"), sender="EAST")
        assert [row.state for row in office.take(theirs, folder="/EAST/in")] == [S.POSTED, S.POSTED]


def test_releases_of_one_blanket_order_are_each_posted(office: Shop) -> None:
    one = "BEG*00*RL*PO-9*1*20261120~N1*ST**92*0001~PO1*1*10*EA*2.50**IN*HM-RICE~CTT*1~"
    rows = office.take(one, one.replace("PO-9*1", "PO-9*2"), one)
    assert [row.state for row in rows] == [S.POSTED, S.POSTED, S.DUPLICATE]
    assert [order.reference for order in office.erp.written] == ["PO-9/1", "PO-9/2"]
    assert {order.kind.value for order in office.erp.written} == {"release"}


def test_one_order_a_store_each_with_a_key_of_its_own(office: Shop) -> None:
    (row,) = office.take(body("PO-1", "PO1*1*10*EA*2.50**IN*HM-RICE", "SDQ*EA*92*0001*4*0002*6"))
    assert row.state is S.POSTED, row.reason_detail
    assert [(o.store, o.location_code, [one.quantity for one in o.lines]) for o in office.erp.written] == [
        ("0001", "MAIN", [D(4)]),
        ("0002", "S2", [D(6)]),
    ]
    assert len(set(office.erp.keys)) == 2
    assert {order.customer_order for order in office.erp.written} == {"PO-1"}


def test_an_860_for_an_order_that_is_posted_is_held_with_the_difference(office: Shop) -> None:
    office.take(body("PO-1"))
    change = "BCH*04*SA*PO-1***20261120*****20261121~POC*1*QI*12*12*EA*2.50**IN*HM-RICE~CTT*1~"
    *_, row = office.take(edi(change, control=70, kind="860"))
    assert (row.state, row.reason) == (S.QUARANTINED, "not_a_first_order")
    (original,) = cast("Any", row.reason_detail)["data"]["originals"]
    assert (original["state"], original["posted_as"]) == ("posted", "SO000001")
    assert original["lines"] == [{"line": "1", "item": "HM-RICE", "what": "quantity", "was": "10", "now": "12"}]
    assert len(office.erp.written) == 1


def test_an_order_is_not_posted_that_was_cancelled_with_it(office: Shop) -> None:
    rows = office.take(body("PO-1"), body("PO-1", purpose="01"))
    assert [row.reason for row in rows] == ["taken_back_by_customer", "not_a_first_order"]
    assert office.erp.written == []
    assert "cancels order PO-1" in message(rows[1])


def test_a_change_of_one_release_leaves_the_others_alone(office: Shop) -> None:
    one = "BEG*00*RL*PO-9*1*20261120~N1*ST**92*0001~PO1*1*10*EA*2.50**IN*HM-RICE~CTT*1~"
    cancelled = one.replace("BEG*00", "BEG*01")
    rows = office.take(one, cancelled, one.replace("PO-9*1", "PO-9*2"))
    assert [row.reason for row in rows] == ["taken_back_by_customer", "not_a_first_order", None]
    assert [order.reference for order in office.erp.written] == ["PO-9/2"]


def test_a_replacement_is_posted_once_its_original_is_given_up(office: Shop) -> None:
    first, replaces = office.take(body("PO-1"), body("PO-1", "PO1*1*12*EA*2.50**IN*HM-RICE", purpose="05"))
    assert (first.reason, replaces.reason) == ("taken_back_by_customer", "not_a_first_order")
    office.discard(first)
    first, replaces = office.take(replay=True)
    assert (first.state, replaces.state) == (S.DISCARDED, S.POSTED), replaces.reason_detail
    assert [line.quantity for order in office.erp.written for line in order.lines] == [D(12)]


def test_what_one_store_is_refused_is_finished_and_never_given_up_or_written_twice(office: Shop) -> None:
    office.erp.refuses.add("0002")
    (row,) = office.take(body("PO-1", "PO1*1*10*EA*2.50**IN*HM-RICE", "SDQ*EA*92*0001*4*0002*6"))
    assert (row.state, row.reason) == (S.QUARANTINED, "refused_by_system")
    with pytest.raises(NotPossibleError):
        office.discard(row)
    office.erp.refuses.clear()
    (row,) = office.take(replay=True)
    assert (row.state, [one.store for one in office.erp.written]) == (S.POSTED, ["0001", "0002"])


def test_what_one_store_is_refused_for_good_is_settled_as_it_stands(office: Shop) -> None:
    office.erp.refuses.add("0002")
    text = body("PO-1", *STORES)
    (row,) = office.take(text)
    with pytest.raises(NotPossibleError, match="--as-it-stands"):
        office.discard(row)
    office.settle(row)
    office.erp.refuses.clear()
    office.take(replay=True)
    row, again = office.take(text)
    assert (row.state, row.reason, again.state) == (S.POSTED, None, S.DUPLICATE), "it kept its identity"
    assert [one.store for one in office.erp.written] == ["0001"]
    with office.deployment.ledger.read() as tx:
        told = events.history(tx, row.id)[-1]
    detail = json.loads(told.detail)
    assert (told.action, detail["stands"], detail["left_out"]) == ("posted as it stands", ["SO000001"], 1)
    assert detail["why"] == "that store is closed"


@pytest.mark.parametrize("refuses", [set(), {"0001", "0002"}])
def test_what_is_whole_or_not_begun_is_not_settled(office: Shop, refuses: set[str]) -> None:
    office.erp.refuses |= refuses
    (row,) = office.take(body("PO-1", *STORES))
    with pytest.raises(NotPossibleError):
        office.settle(row)


def test_what_stands_in_part_is_never_given_up_whatever_it_waits_for(office: Shop) -> None:
    office.erp.refuses.add("0002")
    (row,) = office.take(body("PO-1", *STORES))
    for state, reason in ((S.QUARANTINED, "unknown_partner"), (S.MATCHED, None)):
        with pytest.raises(NotPossibleError):
            office.discard(row.having(state=state, reason=reason))


def test_an_order_that_somebody_keyed_is_not_posted_again(office: Shop) -> None:
    keyed = Existing(Identity("C1", "PO-1"), "SO-7", "", "SO-7", "25.00", "sales")
    other = Existing(Identity("C1", "PO-2"), "SO-8", "", "SO-8", "7.00", "sales")
    office.erp.orders.there += [keyed, other]
    same, differs = office.take(body("PO-1"), body("PO-2"))
    assert (same.state, same.reason) == (S.DUPLICATE, "keyed_by_hand")
    assert (differs.state, differs.reason) == (S.QUARANTINED, "sales_order_exists")
    assert office.erp.written == []
    office.erp.orders.there.remove(other)
    assert office.take(replay=True)[1].state is S.POSTED


def test_a_lost_answer_is_looked_up_and_nothing_is_written_twice(office: Shop) -> None:
    office.erp.loses = 1
    (row,) = office.take(body("PO-1", "PO1*1*10*EA*2.50**IN*HM-RICE", "SDQ*EA*92*0001*4*0002*6"))
    assert row.state is S.UNKNOWN_OUTCOME
    (row,) = office.take(replay=True)
    assert (row.state, [one.store for one in office.erp.written]) == (S.POSTED, ["0001", "0002"])


def test_references_that_are_too_long_stay_different() -> None:
    long = "9" * 39
    assert reference_of("PO-1", "", "0001") == "PO-1/0001"
    assert reference_of(long, "1")[:31] == reference_of(long, "2")[:31]
    assert len({reference_of(long, "1"), reference_of(long, "2")}) == 2
    assert len(reference_of(long, "1")) == 40


def test_an_order_with_fewer_lines_than_it_counts_is_held(office: Shop) -> None:
    (row,) = office.take(body("PO-1").replace("CTT*1", "CTT*2"))
    assert (row.state, row.reason) == (S.QUARANTINED, "bad_value")
    assert "Part of the order may be missing" in cast("dict[str, str]", row.reason_detail)["mend"]
    (row,) = office.take(replay=True)
    assert (row.state, office.erp.written) == (S.QUARANTINED, [])


def test_an_unknown_item_is_taken_up_when_the_erp_has_its_number(office: Shop) -> None:
    from ml_connector.documents.sales.reference import CrossReference

    (row,) = office.take(body("PO-1", "PO1*1*10*EA*2.50**IN*HM-NEW"))
    assert row.reason == "unknown_item"
    proposal = cast("Any", row.reason_detail)["data"]["proposal"]
    assert proposal == {"number": "HM-NEW", "kind": "customer", "party": "C1", "unit": "EA"}
    number = CrossReference(number=proposal["number"], kind=proposal["kind"], party=proposal["party"])
    rice = changed(ITEMS[1], numbers=(*ITEMS[1].numbers, number))
    office.erp.tables["item_facts"] = Table(ITEMS[0], rice, *ITEMS[2:])
    sync_table(office.deployment.ledger, cast("Any", office.erp), "item_facts")
    (row,) = office.take()
    assert row.state is S.POSTED, "it was due at once, nobody replayed it"


def test_of_two_partners_of_one_customer_that_wait_with_one_number_only_the_first_is_posted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of which two have one account are refused; were they let in, one number would still be posted once."""
    monkeypatch.setattr(partner_files, "_clashes", lambda *_, **__: {})
    other = partner_values(name="east", identity={"qualifier": "ZZ", "id": "EAST"}, channels={"receive": ["/EAST/in"]})
    with shop(tmp_path, monkeypatch, partners=[partner_values(), other]) as office:
        rice = office.erp.tables["item_facts"]
        office.erp.tables["item_facts"] = Table(ITEMS[0])
        sync_table(office.deployment.ledger, cast("Any", office.erp), "item_facts")
        office.take(body("PO-1"))
        rows = office.take(edi(body("PO-1"), sender="EAST"), folder="/EAST/in")
        assert [row.reason for row in rows] == ["unknown_item", "unknown_item"]
        office.erp.tables["item_facts"] = rice
        sync_table(office.deployment.ledger, cast("Any", office.erp), "item_facts")
        first, second = office.take(replay=True)
        assert (first.state, second.reason) == (S.POSTED, "duplicate_invoice_number")
        assert len(office.erp.written) == 1


def test_what_stands_in_part_is_not_posted_again_for_another_partner_of_the_customer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_files, "_clashes", lambda *_, **__: {})
    other = partner_values(name="east", identity={"qualifier": "ZZ", "id": "EAST"}, channels={"receive": ["/EAST/in"]})
    with shop(tmp_path, monkeypatch, partners=[partner_values(), other]) as office:
        office.erp.refuses.add("0002")
        office.take(body("PO-1", *STORES))
        office.erp.refuses.clear()
        first, second = office.take(edi(body("PO-1", *STORES), sender="EAST"), folder="/EAST/in")
        assert (first.reason, second.reason) == ("refused_by_system", "duplicate_invoice_number")
        first, second = office.take(replay=True)
        assert (first.state, second.reason) == (S.POSTED, "duplicate_invoice_number")
        assert [one.store for one in office.erp.written] == ["0001", "0002"]


def test_try_shows_what_would_be_posted(office: Shop) -> None:
    given = [Given("po.edi", "po.edi", edi(body("PO-1", OIL, head=DATES)))]
    result = try_files(office.deployment, given, integration=INTEGRATION)
    (document,) = result.documents
    assert (document.kind, document.state, result.ok) == ("order", "posted", True), document
    decided = {(one.what, one.place): (one.value, one.came_from) for one in document.decisions}
    assert decided["customer", ""][0] == "C1"
    assert decided["item", "line 2"] == ("OIL", "the customer's number HM-OIL")
    assert decided["quantity", "line 2"][0] == "5 CASE"
    assert decided["price", "line 2"][0] == "48"
    assert office.erp.written == []


def test_what_a_supplier_sends_as_an_order_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**partner_values(), "role": "supplier", "vendor": "20011"}
    del values["customer"]
    with shop(tmp_path, monkeypatch, partners=[values]) as office:
        (row,) = office.take(body())
        assert row.reason == "wrong_partner_role"


def test_equal_numbers_of_two_companies_and_of_two_customers_are_never_crossed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = partner_values(
        name="corner", customer="C2", identity={"qualifier": "ZZ", "id": "CORNER"}, channels={"receive": ["/CORNER/in"]}
    )
    both = [partner_values(), other]
    for company in ("F1", "F2"):
        with shop(tmp_path / company, monkeypatch, partners=both, company=company) as office:
            text = body("PO-1", "PO1*1*10*EA*2.25**VP*RICE", head=("N1*BY**92*X",)).replace("N1*ST**92*0001~", "")
            office.take(edi(text))
            rows = office.take(edi(text, sender="CORNER"), folder="/CORNER/in")
            assert [row.state for row in rows] == [S.POSTED, S.POSTED], [row.reason_detail for row in rows]
            assert [order.customer_id for order in office.erp.written] == ["C1", "C2"]
            assert len(set(office.erp.keys)) == 2


def test_orders_and_changes_that_come_have_states_of_their_own() -> None:
    from ml_connector.ledger.work.states import moves_of

    for kind in (DocumentKind.ORDER, DocumentKind.ORDER_CHANGE):
        table = moves_of(kind, Direction.IN)
        assert S.POSTING in table[S.MATCHED]
        assert S.CODED not in table
