"""Orders of our own purchasing through the whole deployment: purchase or sale by who sends it, once, or held."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import pytest

from ml_connector.errors import TryAgain
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment, get
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY, HILLCREST, IRONWORKS
from ml_connector_tests.systems.sage_intacct.stage import Stage, open_stage

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("own_purchasing")) as made:
        made.run()  # from here on orders are new
        yield made


@pytest.fixture
def stage(_opened: Stage) -> Iterator[Stage]:
    """One deployment for the module: each test has orders of its own."""
    yield _opened
    _opened.sandbox.faults.clear()


def order(
    stage: Stage, *, who: str = ACMEBUY.name, buyer: str = "ACMEMFG", seller: tuple[str, str] = ("VN", "V-17"),
    purpose: str = "00", kind: str = "SA", item: tuple[str, str] = ("IN", "WIDGET1"), unit: str = "EA",
    price: str = "12.05", number: str = "",
) -> str:  # fmt: skip
    number = number or f"BUY-{next(_numbers)}"
    today = f"{stage.sandbox.clock.now():%Y%m%d}"
    segments: list[Segment] = [["850"], ["BEG", purpose, kind, number, "", today]]
    segments += [["N1", "BY", "", "92", buyer]] if buyer else []
    segments += [["N1", seller[0], "", "92", seller[1]]] if seller[1] else []
    segments += [["PO1", "1", "3", unit, price, "", *item], ["CTT", "1"]]
    partner = stage.world.partners[who]
    stage.sandbox.call(partner.send, "850", [segments], [], partner.behaviour)
    return number


def found(stage: Stage, number: str) -> DocumentRow:
    (row,) = (one for one in stage.documents("") if one.number == number and str(one.direction) == "in")
    return row


def run(stage: Stage) -> None:
    stage.run()
    stage.sandbox.clock.move(5)


def test_an_order_of_ours_becomes_a_purchase_order_and_leaves_to_its_supplier(stage: Stage) -> None:
    number = order(stage)
    run(stage)
    row = found(stage, number)
    assert (row.flow, row.state, row.reason) == ("purchase_orders_in", S.POSTED, None)
    (made,) = stage.rows("PODOCUMENT", PONUMBER=number)
    assert (made.text("DOCPARID"), made.text("CUSTVENDID"), made.owner) == ("Purchase Order", "V-17", "100")
    lines = stage.sandbox.call(stage.sandbox.sage_intacct.main.lines, "PODOCUMENT", made)
    assert [(one.text("ITEMID"), one.amount("UIQTY"), one.text("UNIT"), one.amount("UIPRICE")) for one in lines] == [
        ("WIDGET1", Decimal(3), "Each", Decimal("12.05"))
    ]
    stage.play(2)
    sent = [get(segment, 3) for one in stage.taken(IRONWORKS, "850") for segment in one if segment[0] == "BEG"]
    assert made.text("DOCNO") in sent


def test_who_sends_it_decides_whether_it_is_a_purchase_or_a_sale(stage: Stage) -> None:
    sale = order(stage, who=HILLCREST.name, buyer="", seller=("VN", ""), item=("VP", "WIDGET1"), price="19.90")
    run(stage)
    assert (found(stage, sale).flow, found(stage, sale).state) == ("sales_orders_in", S.POSTED)
    assert stage.rows("PODOCUMENT", PONUMBER=sale) == []


def test_an_order_comes_once_whatever_file_it_is_in(stage: Stage) -> None:
    number = order(stage)
    run(stage)
    order(stage, number=number)
    run(stage)
    assert len(stage.rows("PODOCUMENT", PONUMBER=number)) == 1


def by_hand(stage: Stage, number: str, **values: object) -> str:
    """An order that somebody entered in Intacct; its DOCID."""
    state = stage.sandbox.sage_intacct
    (made,) = stage.sandbox.call(user.create_orders, state, 1, vendors=("V-17",), entity="100", first="Draft")
    stage.sandbox.call(user.edit, state, "PODOCUMENT", made.number, {"PONUMBER": number, **values})
    return made.text("DOCID")


def test_an_order_that_somebody_entered_is_not_entered_again(stage: Stage) -> None:
    number = f"BUY-{next(_numbers)}"
    there = by_hand(stage, number, TOTAL=Decimal("36.15"))
    order(stage, number=number)
    run(stage)
    row = found(stage, number)
    assert (row.state, row.reason) == (S.DUPLICATE, "keyed_by_hand")
    assert there in str(row.reason_detail)
    assert len(stage.rows("PODOCUMENT", PONUMBER=number)) == 1


def test_an_order_of_another_amount_under_its_number_is_a_question(stage: Stage) -> None:
    number = f"BUY-{next(_numbers)}"
    by_hand(stage, number, TOTAL=Decimal("40.00"))
    order(stage, number=number)
    run(stage)
    row = found(stage, number)
    assert (row.state, row.reason) == (S.QUARANTINED, "keyed_by_hand")
    assert "It comes to 40, this one to 36.15." in str(row.reason_detail)


def test_what_carries_a_key_that_the_ledger_does_not_know_is_told_as_a_restored_ledger(stage: Stage) -> None:
    number = f"BUY-{next(_numbers)}"
    by_hand(stage, number, TOTAL=Decimal("36.15"), MESSAGE="[mlc-0123456789abcdef01234567]")
    order(stage, number=number)
    run(stage)
    row = found(stage, number)
    assert (row.state, row.reason) == (S.DUPLICATE, "keyed_by_hand")
    assert "ledger restored" in str(row.reason_detail)


HELD = {
    "somebody else buys": ({"buyer": "OTHERCO"}, "bad_value"),
    "we are the seller": ({"seller": ("SE", "ACMEMFG")}, "bad_value"),
    "no supplier is named": ({"seller": ("VN", "")}, "unknown_supplier"),
    "a supplier that nobody knows": ({"seller": ("VN", "V-99")}, "unknown_supplier"),
    "a supplier that is not in use": ({"seller": ("VN", "V-21")}, "supplier_blocked"),
    "an item that nobody knows": ({"item": ("IN", "NOTHING")}, "unknown_item"),
    "a unit that it is not bought in": ({"unit": "KG"}, "unit_mismatch"),
    "a cancellation": ({"purpose": "01"}, "not_a_first_order"),
    "a blanket order": ({"kind": "BK"}, "unsupported_document"),
}


@pytest.mark.parametrize(("what", "reason"), HELD.values(), ids=list(HELD))
def test_what_is_not_plain_is_held(stage: Stage, what: dict[str, str], reason: str) -> None:
    number = order(stage, **what)  # type: ignore[arg-type]
    run(stage)
    row = found(stage, number)
    assert (row.state, row.reason) == (S.QUARANTINED, reason)
    assert (row.reason_detail or {})["mend"]
    assert stage.rows("PODOCUMENT", PONUMBER=number) == []


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_lost_answers_leave_each_order_once(stage: Stage, kind: FaultKind) -> None:
    number = order(stage)
    for at in range(0, 12, 2):
        late = {"seconds": 60.0, "real_time": False, "skip": at}
        stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="sage_intacct", method="POST", **late))
    for _ in range(6):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(800)
    stage.sandbox.faults.clear()
    run(stage)
    assert found(stage, number).state is S.POSTED
    assert len(stage.rows("PODOCUMENT", PONUMBER=number)) == 1
