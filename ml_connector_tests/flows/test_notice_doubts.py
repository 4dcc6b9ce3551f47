"""What holds a ship notice by itself: its codes, dates, orders, whose it is, and counts that do not fit."""

from datetime import date
from typing import Any

import pytest

from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
from ml_connector.edi.validation.overlay import overlay_from
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.inbound.miscounts import miscounted
from ml_connector.flows.meaning.notice_codes import check_codes
from ml_connector.flows.shipments_in.notice_doubts import check_itself
from ml_connector_tests.flows.builders import VENDOR, partner
from ml_connector_tests.flows.notices import ORDER, item, x12

LATEST = date(2026, 12, 22)


def read(data: bytes, **guide: Any) -> ReceivedSet:
    options = ReadOptions(overlay=overlay_from(guide, where="guide"))
    (received,) = [one for one in read_interchanges(data, options) if isinstance(one, ReceivedSet)]
    assert isinstance(received.document, ShipNotice)
    return received


def held(data: bytes, codes: dict[str, dict[str, str]] | None = None, **settings: Any) -> Reason | None:
    """Why a notice is held, but for its purpose and what it ships."""
    notice = read(data).document
    assert isinstance(notice, ShipNotice)

    def check() -> None:
        check_codes(notice, codes or {})
        check_itself(notice, partner(**settings), VENDOR, LATEST, expected_counts=False)

    found = attempt(check)
    return found.reason if isinstance(found, NeedsCorrection) else None


def test_a_plain_notice_is_not_held() -> None:
    assert held(x12("S-1")) is None
    assert miscounted(read(x12("S-1"))) is None


@pytest.mark.parametrize(
    ("behind", "plain"),
    [("*AS", True), ("*as", True), ("*RE", False), ("*ZZ", False), ("*AS*NOR", False), ("*AS*ZZZ", False)],
)
def test_type_and_status_are_decided_by_lists(behind: str, plain: bool) -> None:
    assert held(x12("S-1", behind=behind)) is (None if plain else Reason.UNSUPPORTED_DOCUMENT)


def test_a_partner_file_says_what_its_codes_stand_for() -> None:
    codes = {"BSN06": {"ZZ": "AS"}, "BSN07": {"NOR": ""}, "SN108": {"CC": "AC"}}
    assert held(x12("S-1", item(more="*****CC"), behind="*ZZ*NOR"), codes) is None


@pytest.mark.parametrize("level", ["X", "i", "f", "99", ""])
def test_a_level_that_is_not_known_is_held(level: str) -> None:
    assert held(x12("S-1", item(), item(5, lin="*VP*NW-2"), level=level)) is Reason.UNSUPPORTED_DOCUMENT


@pytest.mark.parametrize(
    ("status", "quantity", "plain"),
    [
        *((one, 10, True) for one in ("", "IA", "AC", "AR", "IQ", "BP", "bp")),
        *((one, 10, False) for one in ("IB", "ID", "IR", "IS", "AA", "IH", "R1", "CC", "ZZ")),
        *((one, 0, True) for one in ("IB", "ID", "IR")),
        ("ZZ", 0, False),
    ],
)
def test_a_status_that_contradicts_what_is_shipped_is_held(status: str, quantity: int, plain: bool) -> None:
    data = x12("S-1", item(quantity, more=f"*****{status}" if status else ""))
    assert held(data) is (None if plain else Reason.UNSUPPORTED_DOCUMENT)


@pytest.mark.parametrize(
    ("head", "right"),
    [
        ("DTM*011*20261121", None),
        ("DTM*011*20271121", Reason.NOTICE_DATE_AHEAD),
        ("DTM*017*20270131", None),
        ("REF*VR*20011", None),
        ("REF*VR*20012", Reason.SUPPLIER_CONTRADICTED),
        ("N1*SF*Northwind*92*0020011", None),
        ("N1*SF*Northwind*92*20012", Reason.SUPPLIER_CONTRADICTED),
        ("N1*SE*Northwind*92*20012", Reason.SUPPLIER_CONTRADICTED),
        ("N1*ST*Voltwerk*92*20012", None),
    ],
)
def test_dates_far_ahead_and_another_suppliers_number_are_held(head: str, right: Reason | None) -> None:
    assert held(x12("S-1", head=[head])) is right


def test_a_number_of_the_partners_own_goes_under_supplier_numbers() -> None:
    assert held(x12("S-1", head=["N1*SF*Warehouse*92*W-7"]), supplier_numbers=("W-7",)) is None


def test_orders_that_contradict_each_other_are_held() -> None:
    prf = f"PRF*{ORDER}"
    assert held(x12("S-1", order=[prf, f"REF*PO*{ORDER}"])) is None
    assert held(x12("S-1", order=[prf, "REF*PO*26000009"])) is Reason.ORDER_LINE_CONTRADICTED
    assert held(x12("S-1", item(lin="*VP*NW-R48*PO*26000009"))) is Reason.ORDER_LINE_CONTRADICTED


@pytest.mark.parametrize(
    ("ctt", "fits"),
    [("3", True), ("3*10", True), ("1", True), ("4", False), ("2", False), ("3*9", False), ("3*100", False)],
)
def test_counts_and_hash_totals_that_do_not_fit_hold_the_notice(ctt: str, fits: bool) -> None:
    """CTT01 counts levels; one that counts items is a habit."""
    assert (miscounted(read(x12("S-1", ctt=ctt))) is None) is fits


def test_a_hash_total_may_leave_decimal_points_out() -> None:
    both = [item("1.5"), item(2, lin="*VP*NW-2")]
    assert [miscounted(read(x12("S-1", *both, ctt=f"4*{one}"))) is None for one in ("3.5", "17", "4")] == [
        True,
        True,
        False,
    ]


def test_a_level_below_none_holds_the_notice_and_a_guide_lets_pass_what_a_partner_always_does() -> None:
    lost = x12("S-1").replace(b"HL*3*2*I", b"HL*3*9*I")
    assert miscounted(read(lost)) is not None
    assert miscounted(read(lost, ignore=["HL02:hl_parent"])) is None
    assert miscounted(read(x12("S-1", ctt="3*9"), ignore=["CTT02:hash_total"])) is None
