"""Orders and changes as no customer should send them: all in one run, each held for what is wrong with it, with its
place, value and remedy; the good ones among them are posted, and nothing is lost.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import pytest

from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.shop import LINE, Shop, body, edi, shop

RICE = "PO1*1*10*EA*2.50**IN*HM-RICE"
SENT = "N1*ST**92*0001~"
#: id -> what comes as an 850, the reason that it is held for (none: it is posted), and words of what is told
ORDERS: dict[str, tuple[str, str, str]] = {
    "good": (body("{}", LINE), "", ""),
    "no lines": (body("{}", LINE).replace(LINE + "~", ""), "997", "PO1 is mandatory and missing"),
    "no quantity": (body("{}", "PO1*1**EA*2.50**IN*HM-RICE"), "bad_value", "no quantity (PO102)"),
    "quantity 0": (body("{}", "PO1*1*0*EA*2.50**IN*HM-RICE"), "bad_value", "the quantity 0"),
    "quantity below 0": (body("{}", "PO1*1*-5*EA*2.50**IN*HM-RICE"), "bad_value", "the quantity -5"),
    "a quantity beyond all reason": (
        body("{}", "PO1*1*999999999999999*EA*2.50**IN*HM-RICE"),
        "bad_value",
        "999999999999999",
    ),
    "half a piece": (body("{}", "PO1*1*0.0000001*EA*2.50**IN*HM-RICE"), "bad_value", "0.0000001"),
    "a unit of nobody": (body("{}", "PO1*1*10*ZZ*2.50**IN*HM-RICE"), "unit_mismatch", "RICE in ZZ"),
    "no unit": (body("{}", "PO1*1*10**2.50**IN*HM-RICE"), "unit_mismatch", "(no unit)"),
    "a unit of another item": (body("{}", "PO1*1*10*CA*2.50**IN*HM-RICE"), "unit_mismatch", "RICE in CA"),
    "cases by the code of a bottle": (
        body("{}", "PO1*1*5*CA*48**IN*HM-OIL*UP*012345678905"),
        "unit_mismatch",
        "of its unit EACH",
    ),
    "an item of nobody": (body("{}", "PO1*1*10*EA*2.50**IN*NOTHING"), "unknown_item", "IN NOTHING"),
    "no item": (body("{}", "PO1*1*10*EA*2.50"), "unknown_item", "no number"),
    "two items in one": (body("{}", "PO1*1*10*EA*2.50**IN*HM-RICE*VP*OIL"), "item_contradicted", "HM-RICE"),
    "an item that is not sold": (body("{}", "PO1*1*10*EA*2.50**VP*OLD"), "item_not_sold", "OLD"),
    "a price below 0": (body("{}", "PO1*1*10*EA*-2.50**IN*HM-RICE"), "sales_price", "the price -2.5"),
    "a price of 0": (body("{}", "PO1*1*10*EA*0**IN*HM-RICE"), "sales_price", "the price 0 without saying"),
    "a price for nobody knows what": (body("{}", "PO1*1*10*EA*2.50*QQ*IN*HM-RICE"), "sales_price", "price basis QQ"),
    "a place of nobody": (body("{}", LINE).replace("92*0001", "92*9999"), "unknown_ship_to", "9999"),
    "a place that is closed": (body("{}", LINE).replace("92*0001", "92*0009"), "unknown_ship_to", "0009"),
    "two places": (body("{}", LINE).replace(SENT, SENT + "N1*ST**92*0002~"), "store_quantities", "several places"),
    "stores that do not add up": (body("{}", RICE, "SDQ*EA*92*0001*4*0002*5"), "store_quantities", "9 in all"),
    "a store without a quantity": (
        body("{}", RICE, "SDQ*EA*92*0001*10*0002"),
        "store_quantities",
        "nothing to store 0002",
    ),
    "a store with a word": (body("{}", RICE, "SDQ*EA*92*0001*ten"), "997", 'SDQ04 "ten" is not a number'),
    "stores in another unit": (body("{}", RICE, "SDQ*CA*92*0001*10"), "store_quantities", "units CA"),
    "days that do not add up": (
        body("{}", RICE, "SCH*4*EA***002*20261201", "SCH*4*EA***002*20261202"),
        "store_quantities",
        "8 in all",
    ),
    "the year 0001": (body("{}", LINE).replace("20261120", "00010101"), "bad_value", "BEG05"),
    "a date of next year": (body("{}", LINE).replace("20261120", "20271120"), "bad_value", "2027-11-20"),
    "no date": (body("{}", LINE).replace("*20261120", ""), "997", "BEG05 is mandatory"),
    "a day of the year 0001": (body("{}", LINE, head=("DTM*002*00010101",)), "bad_value", "0001-01-01"),
    "cancelled before it is wanted": (
        body("{}", LINE, head=("DTM*002*20261210", "DTM*001*20261201")),
        "bad_value",
        "2026-12-01",
    ),
    "cancelled already": (body("{}", LINE, head=("DTM*001*20261101",)), "cancel_date_past", "2026-11-01"),
    "a total of something else": (body("{}", LINE) + "AMT*TT*99~", "total_difference", "its total is 99"),
    "charges of nobody": (body("{}", LINE, head=("SAC*C*D240***1500",)), "order_charge", "D240"),
    "another currency": (body("{}", LINE, head=("CUR*BY*JPY",)), "currency_mismatch", "in JPY"),
    "another type": (body("{}", LINE, kind="DS"), "unsupported_document", "of type DS (BEG02)"),
    "a type of nobody": (body("{}", LINE, kind="QQ"), "unsupported_document", "of type QQ"),
    "a release of nothing": (body("{}", LINE, kind="RL"), "bad_value", "names no release"),
    "another purpose": (body("{}", LINE, purpose="06"), "not_a_first_order", "BEG01 06"),
    "a line twice": (body("{}", RICE, RICE), "bad_value", "line 1 twice"),
    "four hundred stores": (
        body(
            "{}",
            "PO1*1*400*EA*2.50**IN*HM-RICE",
            *("SDQ*EA*92*" + "*".join(f"{at * 10 + n:04}*1" for n in range(10)) for at in range(40)),
        ),
        "unknown_ship_to",
        "0000",
    ),
    "a text that nobody can read": (body("{}", LINE, head=("N9*L1*x\x0b\x1b[31m",)), "", ""),
    "an item with a control character": (body("{}", "PO1*1*10*EA*2.50**IN*HM\x07RICE"), "unreadable_text", "U+0007"),
}


def change(*lines: str, purpose: str = "04", number: str = "{}", head: str = "") -> str:
    said = "~".join((f"BCH*{purpose}*SA*{number}***20261120*****20261121", *([head] if head else []), *lines))
    return f"{said}~CTT*{len(lines)}~"


#: The same of an 860, for an order of 10 pieces of rice that is posted before.
CHANGES: dict[str, tuple[str, str, str]] = {
    "good": (change("POC*1*QI*12*12*EA*2.50**IN*HM-RICE"), "", ""),
    "a purpose of nobody": (change("POC*1*QI*12*12*EA", purpose="77"), "order_change_unclear", "the purpose 77"),
    "a code of nobody": (change("POC*1*QQ*12*12*EA"), "order_change_unclear", "the code QQ"),
    "an item to be replaced": (change("POC*1*RE*12*12*EA***IN*HM-OIL"), "order_change_unclear", "replacement item"),
    "a line that is not there": (change("POC*7*PC****2.40"), "order_change_unclear", "about no line"),
    "more or less": (change("POC*1*QD*4**EA"), "order_change_unclear", "new quantity or the difference"),
    "more that is less": (change("POC*1*QI*4*4*EA"), "order_change_unclear", "does not fit together"),
    "gone out already": (change("POC*1*CA*12*8*EA"), "order_change_unclear", "4 of it went out already"),
    "a quantity below 0": (change("POC*1*CA*-3**EA"), "order_change_unclear", "the quantity -3"),
    "a price under another code": (change("POC*1*QI*12*12*EA*9.99"), "order_change_unclear", "another price: 9.99"),
    "another item": (change("POC*1*PC***EA*2.40**IN*HM-OIL"), "order_change_unclear", "names item HM-OIL"),
    "twice": (change("POC*1*PC****2.40", "POC*1*RS"), "order_change_unclear", "changed twice"),
    "added twice": (change("POC*1*AI*1*1*EA*1**IN*HM-OIL"), "order_change_unclear", "has a line of that number"),
    "another place": (change("POC*1*NC", head="N1*ST**92*0002"), "order_change_unclear", "another place: 0002"),
    "another currency": (change("POC*1*NC", head="CUR*BY*JPY"), "currency_mismatch", "in JPY"),
    "an unknown item": (change("POC*2*AI*1*1*EA*1**IN*NOTHING"), "unknown_item", "IN NOTHING"),
    "an unknown unit": (change("POC*1*CA*12*12*ZZ*2.50"), "unit_mismatch", "RICE in ZZ"),
    "a price of 0": (change("POC*1*PC****0"), "sales_price", "the price 0"),
    "an order of nobody": (change("POC*1*PC****2.40", number="PO-NOBODY"), "order_change_waits", "never came"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, shop(folder, patch, changes=True) as made:
        yield made


def number_of(kind: str, name: str) -> str:
    return f"{kind}-{sorted(ORDERS if kind == 'PO' else CHANGES).index(name):03}"


@pytest.fixture(scope="module")
def orders(office: Shop) -> dict[str, DocumentRow]:
    """All of them come at once."""
    texts = [text.replace("{}", number_of("PO", name)) for name, (text, _, _) in ORDERS.items()]
    return {row.number: row for row in office.take(*texts) if row.kind == "order"}


@pytest.fixture(scope="module")
def changes(office: Shop) -> dict[str, DocumentRow]:
    firsts = [body(number_of("CH", name), LINE) for name in CHANGES]
    assert {row.state for row in office.take(*firsts) if row.number.startswith("CH-")} == {S.POSTED}
    came = [
        edi(text.replace("{}", number_of("CH", name)), control=900 + at, kind="860")
        for at, (name, (text, _, _)) in enumerate(CHANGES.items())
    ]
    return {row.number: row for row in office.take(*came) if row.kind == "order_change"}


def explained(row: DocumentRow, reason: str, words: str) -> None:
    """997: the set itself is wrong, which the sender is told."""
    detail = cast("dict[str, Any]", row.reason_detail)
    if reason == "997":
        assert row.state is S.REJECTED
        assert words in detail["message"]
        assert "997" in detail["mend"]
        return
    assert (row.state, row.reason) == (S.QUARANTINED, reason), row.reason_detail
    assert words in detail["message"], detail["message"]
    assert detail["mend"].endswith(".")
    assert row.number in detail["message"], "which order"
    assert detail["data"]


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_a_hostile_order_is_held_for_what_is_wrong_with_it(orders: dict[str, DocumentRow], name: str) -> None:
    _, reason, words = ORDERS[name]
    row = orders[number_of("PO", name)]
    if reason:
        explained(row, reason, words)
    else:
        assert row.state is S.POSTED, row.reason_detail


def test_no_order_is_lost_and_only_the_good_ones_are_written(office: Shop, orders: dict[str, DocumentRow]) -> None:
    assert len(orders) == len(ORDERS)
    good = {number_of("PO", name) for name, (_, reason, _) in ORDERS.items() if not reason}
    assert {one.customer_order for one in office.erp.written if one.customer_order.startswith("PO-")} == good


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_hostile_change_is_held_for_what_is_wrong_with_it(changes: dict[str, DocumentRow], name: str) -> None:
    text, reason, words = CHANGES[name]
    row = changes["PO-NOBODY" if "PO-NOBODY" in text else number_of("CH", name)]
    if reason:
        explained(row, reason, words)
    else:
        assert row.state is S.POSTED, row.reason_detail


def test_no_change_is_lost_and_only_the_good_one_is_written(office: Shop, changes: dict[str, DocumentRow]) -> None:
    assert len(changes) == len(CHANGES)
    (written,) = office.erp.changed
    assert written.customer_order == number_of("CH", "good")
    assert [line.now.quantity for line in written.lines if line.now is not None] == [Decimal(12)]
