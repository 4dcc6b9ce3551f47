"""HL trees of any shape come out as shipment, orders and items; and go back as they came."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.mapping import ship_notice
from ml_connector.edi.tools.summary import summary
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector_tests.edi.building import codes, group, interchange, one, transaction
from ml_connector_tests.edi.samples import read, sets

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
ITEM_A, ITEM_B = "LIN*1*VP*A~SN1**10*EA~", "LIN*2*VP*B~SN1**5*EA~"
PACK_1, PACK_2 = "MAN*GM*00300000000000000011~", "MAN*GM*00300000000000000028~"


def notice(body: str, structure: str = "0001") -> ShipNotice:
    document = one(_data(body, structure)).document
    assert isinstance(document, ShipNotice)
    return document


def _data(body: str, structure: str = "0001") -> bytes:
    count = body.count("HL*")
    return interchange(group("SH", transaction("856", f"BSN*00*SHIP-1*20261121*0215*{structure}~{body}CTT*{count}~")))


def shape(document: ShipNotice) -> list[tuple[str, list[tuple[str, Decimal | None, tuple[str, ...]]]]]:
    """Order numbers with their items: vendor's item, quantity, packs."""
    return [
        (order.order_number, [(item.vendors_item, item.quantity, item.packs) for item in order.items])
        for order in document.orders
    ]


ONE, TWO = "00300000000000000011", "00300000000000000028"

SHAPES: dict[str, tuple[str, object]] = {
    "S-O-I": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*0~{ITEM_A}HL*4*2*I*0~{ITEM_B}",
        [("PO-1", [("A", 10, ()), ("B", 5, ())])],
    ),
    "order by reference": (
        f"HL*1**S*1~HL*2*1*O*1~REF*PO*PO-1~HL*3*2*I*0~{ITEM_A}HL*4*1*O~PRF*PO-2~REF*PO*PO-9~HL*5*4*I~{ITEM_B}",
        [("PO-1", [("A", 10, ())]), ("PO-2", [("B", 5, ())])],
    ),
    "order by a reference of the shipment": (
        f"HL*1**S*1~REF*PO*PO-1~HL*2*1*P*1~{PACK_1}HL*3*2*I*0~{ITEM_A}",
        [("PO-1", [("A", 10, (ONE,))])],
    ),
    "several orders referred to: none is meant": (
        f"HL*1**S*1~REF*PO*PO-1~REF*PO*PO-2~HL*2*1*I*0~{ITEM_A}",
        [("", [("A", 10, ())])],
    ),
    "lots below an item": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~{ITEM_A}HL*4*3*I*0~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~SN1**6*EA~",
        [("PO-1", [("A", 10, ())])],
    ),
    "lots below an item that has no quantity": (
        "HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~LIN**VP*A~HL*4*3*I*0~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~SN1**6*EA~",
        [("PO-1", [("A", None, ()), ("A", 4, ()), ("A", 6, ())])],
    ),
    "lots in packs below an item": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~{ITEM_A}HL*4*3*P~{PACK_1}HL*5*4*I~LIN**VP*A~SN1**10*EA~",
        [("PO-1", [("A", 10, (ONE,))])],
    ),
    "components": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~{ITEM_A}HL*4*3*F~LIN**VP*SCREW~SN1**80*EA~HL*5*2*F~LIN**VP*NUT~SN1**8*EA~",
        [("PO-1", [("A", 10, ())])],
    ),
    "packs that count themselves": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*P*1~SN1**2*CT~{PACK_1}HL*4*3*I*0~{ITEM_A}",
        [("PO-1", [("A", 10, (ONE,))])],
    ),
    "S-O-P-I": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*P*1~{PACK_1}HL*4*3*I*0~{ITEM_A}HL*5*2*P*1~{PACK_2}HL*6*5*I*0~{ITEM_B}",
        [("PO-1", [("A", 10, (ONE,)), ("B", 5, (TWO,))])],
    ),
    "S-O-T-P-I": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*T*1~{PACK_1}HL*4*3*P*1~{PACK_2}HL*5*4*I~{ITEM_A}HL*6*4*I~{ITEM_B}",
        [("PO-1", [("A", 10, (ONE, TWO)), ("B", 5, (ONE, TWO))])],
    ),
    "S-O-I-P": (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~{ITEM_A}HL*4*3*P*0~{PACK_1}HL*5*3*P*0~{PACK_2}",
        [("PO-1", [("A", 10, (ONE, TWO))])],
    ),
    "S-P-O-I": (
        f"HL*1**S~HL*2*1*P~{PACK_1}HL*3*2*O~PRF*PO-1~HL*4*3*I~{ITEM_A}HL*5*1*P~{PACK_2}HL*6*5*O~PRF*PO-1~HL*7*6*I~{ITEM_B}",
        [("PO-1", [("A", 10, (ONE,)), ("B", 5, (TWO,))])],
    ),
    "several orders": (
        f"HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~{ITEM_A}HL*4*1*O~PRF*PO-2~HL*5*4*I~{ITEM_B}",
        [("PO-1", [("A", 10, ())]), ("PO-2", [("B", 5, ())])],
    ),
    "the same order twice": (
        f"HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~{ITEM_A}HL*4*1*O~PRF*PO-1~HL*5*4*I~{ITEM_B}",
        [("PO-1", [("A", 10, ()), ("B", 5, ())])],
    ),
    "no parents": (
        f"HL*1**S~HL*2**O~PRF*PO-1~HL*3**P~{PACK_1}HL*4**I~{ITEM_A}HL*5**O~PRF*PO-2~HL*6**I~{ITEM_B}",
        [("PO-1", [("A", 10, (ONE,))]), ("PO-2", [("B", 5, ())])],
    ),
    "parents that do not exist": (
        f"HL*1**S~HL*2*9*O~PRF*PO-1~HL*3*8*I~{ITEM_A}HL*4*8*I~{ITEM_B}",
        [("PO-1", [("A", 10, ()), ("B", 5, ())])],
    ),
    "levels in another order than their numbers": (
        f"HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*1*O~PRF*PO-2~HL*4*2*I~{ITEM_A}HL*5*3*I~{ITEM_B}",
        [("PO-1", [("A", 10, ())]), ("PO-2", [("B", 5, ())])],
    ),
    "the order named at the item": (
        "HL*1**S~HL*2*1*I~LIN*1*VP*A~SN1**10*EA~PRF*PO-1~HL*3*1*I~LIN*2*VP*B~SN1**5*EA~PRF*PO-2~",
        [("PO-1", [("A", 10, ())]), ("PO-2", [("B", 5, ())])],
    ),
    "no order at all": (
        f"HL*1**S~HL*2*1*I~{ITEM_A}",
        [("", [("A", 10, ())])],
    ),
    "numbers that come twice": (
        f"HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~{ITEM_A}HL*2*1*O~PRF*PO-2~HL*3*2*I~{ITEM_B}",
        [("PO-1", [("A", 10, ())]), ("PO-2", [("B", 5, ())])],
    ),
    "no shipment level": (
        f"HL*1**O~PRF*PO-1~HL*2*1*I~{ITEM_A}",
        [("PO-1", [("A", 10, ())])],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    body, expected = SHAPES[name]
    assert shape(notice(body)) == expected


def test_item_before_pack_without_parents() -> None:
    """BSN05 0002: the pack stands below the item."""
    body = f"HL*1**S~HL*2**O~PRF*PO-1~HL*3**I~{ITEM_A}HL*4**P~{PACK_1}HL*5**I~{ITEM_B}HL*6**P~{PACK_2}"
    expected: object = [("PO-1", [("A", 10, (ONE,)), ("B", 5, (TWO,))])]
    assert shape(notice(body, "0002")) == expected


@pytest.mark.parametrize("name", SHAPES)
def test_written_back_it_is_the_same_notice(name: str) -> None:
    document = notice(SHAPES[name][0])
    written = write_interchange(Envelope("ZZ", "SELLER", "ZZ", "BUYER"), ControlNumbers(1, 1), [document], AT)
    again = sets(read(written.data))[0]
    assert again.document == document
    assert SHAPES[name][0].encode() in written.data


def test_the_tree_is_kept_only_where_orders_and_items_do_not_say_it_all() -> None:
    assert notice(SHAPES["S-O-I"][0]).tree == ()
    assert notice(SHAPES["S-O-P-I"][0]).tree == ()
    assert notice(SHAPES["S-P-O-I"][0]).tree != ()


def test_a_notice_without_levels_has_its_items() -> None:
    received = one(_data(f"PRF*PO-1~{ITEM_A}{ITEM_B}"))
    assert isinstance(received.document, ShipNotice)
    assert shape(received.document) == [("PO-1", [("A", Decimal(10), ()), ("B", Decimal(5), ())])]
    assert ("segment", "3", "HL") in codes(received)
    assert not received.accepted


def test_the_header_of_the_shipment() -> None:
    body = (
        "HL*1**S*1~TD1*CTN25*2~TD5**2*UPSN~REF*BM*BOL-1~REF*CN*PRO-1~DTM*011*20261120~N1*SF*SELLER~N1*ST*PLANT*92*0099~"
        f"HL*2*1*O*1~PRF*PO-1***20261101~HL*3*2*I*0~{ITEM_A}"
    )
    document = notice(body)
    assert (document.number, str(document.shipped_date)) == ("SHIP-1", "2026-11-20")
    assert document.reference("BM") == "BOL-1"
    assert [p.role for p in document.parties] == ["SF", "ST"]
    assert [e.segment_id for e in document.extras] == ["TD1", "TD5"]
    assert str(document.orders[0].order_date) == "2026-11-01"
    assert document.tree == ()


def test_an_item_without_a_quantity_has_none_and_is_refused() -> None:
    received = one(_data("HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~LIN*1*VP*A~SN1***EA~"))
    assert not received.accepted
    assert ("element", "1", "SN102") in codes(received)
    assert isinstance(received.document, ShipNotice)
    assert received.document.orders[0].items[0].quantity is None


def test_the_count_of_levels_and_the_sum_of_quantities() -> None:
    data = _data(SHAPES["S-O-I"][0]).replace(b"CTT*4~", b"CTT*5*16~")
    assert [f.code for f in one(data).findings] == ["line_count", "hash_total"]


def test_the_items_of_an_order_by_their_packs() -> None:
    body = (
        f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*P*1~{PACK_1}HL*4*3*I*0~{ITEM_A}HL*5*3*I*0~{ITEM_B}"
        f"HL*6*2*P*1~{PACK_2}HL*7*6*I*0~{ITEM_A}HL*8*2*I*0~{ITEM_B}"
    )
    [order] = notice(body).orders
    found = [(pack.marks, [item.vendors_item for item in pack.items]) for pack in order.packs]
    assert found == [((ONE,), ["A", "B"]), ((TWO,), ["A"]), ((), ["B"])]


def test_packs_that_tell_how_much_of_an_item_stands_in_them_are_no_items() -> None:
    """Shipment, item, packs below it with an SN1 each: the item's quantity counts, once."""
    body = (
        "BSN*00*S-1*20261121*0215*0002~HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~LIN**VP*A~SN1**176*EA~"
        "HL*4*3*P~SN1**76*EA~MAN*GM*00300000000000000011~HL*5*3*P~SN1**100*EA~HL*6*2*I~LIN**VP*B~SN1**4*EA~CTT*6*180~"
    )
    received = one(interchange(group("SH", transaction("856", body))))
    assert received.accepted
    assert not received.findings
    items = [item for order in received.document.orders for item in order.items]  # type: ignore[union-attr]
    assert [(item.quantity, item.packs) for item in items] == [(176, ("00300000000000000011",)), (4, ())]


def test_an_order_that_only_the_items_name() -> None:
    body = "BSN*00*S-1*20261121*0215~HL*1**S~HL*2*1*I~LIN**BP*A*PO*PO-7~SN1**5*EA~CTT*2~"
    received = one(interchange(group("SH", transaction("856", body))))
    assert [order.order_number for order in received.document.orders] == ["PO-7"]  # type: ignore[union-attr]
    told = summary(received.document)  # type: ignore[arg-type]
    assert (told["po_number"], told["po_numbers"], told["lines"][0]["po_number"]) == ("PO-7", ["PO-7"], "PO-7")


def test_a_notice_without_any_order_number_tells_none() -> None:
    body = "BSN*00*S-1*20261121*0215~HL*1**S~HL*2*1*I~LIN**BP*A~SN1**5*EA~CTT*2~"
    told = summary(one(interchange(group("SH", transaction("856", body)))).document)  # type: ignore[arg-type]
    assert (told["po_number"], told["po_numbers"], told["line_count"]) == (None, [], 1)


@pytest.mark.parametrize(("count", "severity"), [("4", []), ("1", ["warning"]), ("3", ["error"])])
def test_a_sender_who_counts_items_instead_of_levels_is_only_warned(count: str, severity: list[str]) -> None:
    body = f"BSN*00*S-1*20261121*0215~HL*1**S~HL*2*1*O~PRF*P~HL*3*2*P~HL*4*3*I~LIN**BP*A~SN1**5*EA~CTT*{count}~"
    received = one(interchange(group("SH", transaction("856", body))))
    assert [f.severity.value for f in received.findings] == severity


@pytest.mark.parametrize(
    ("below", "comes_to"),
    [
        ("", None),
        ("HL*4*3*I~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~SN1**6*EA~", 10),
        ("HL*4*3*I~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~SN1**7*EA~", 11),
        ("HL*4*3*P~SN1**4*EA~MAN*GM*1~HL*5*3*P~SN1**5*EA~MAN*GM*2~", 9),
        ("HL*4*3*P~MAN*GM*1~HL*5*4*I~LIN**VP*A~SN1**3*EA~HL*6*3*P~MAN*GM*2~HL*7*6*I~LIN**VP*A~SN1**7*EA~", 10),
        # another unit tells nothing, nor do parts that all say nothing; one beside others that say theirs adds nothing
        ("HL*4*3*P~SN1**2*CT~MAN*GM*1~", None),
        ("HL*4*3*I~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~SN1**1*CT~", None),
        ("HL*4*3*I~LIN**VP*A~HL*5*3*I~LIN**VP*A~", None),
        ("HL*4*3*I~LIN**VP*A~SN1**4*EA~HL*5*3*I~LIN**VP*A~", 4),
        ("HL*4*3*I~LIN**VP*A~SN1**10*EA~HL*5*3*I~LIN**VP*A~", 10),
        ("HL*4*3*F~LIN**VP*SCREW~SN1**80*EA~", None),
    ],
)
def test_what_breaks_a_quantity_down_is_added_up(below: str, comes_to: int | None) -> None:
    read_back = notice(f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*I*1~{ITEM_A}{below}")
    [item] = read_back.orders[0].items
    assert (item.quantity, item.broken_down) == (10, comes_to)


@pytest.mark.parametrize(
    ("levels", "numbers"),
    [
        ("HL*2*1*O~PRF*PO-1****3~HL*3*2*I~LIN**VP*A~SN1**1*EA~", ["3"]),
        ("HL*2*1*O~PRF*PO-1****3~HL*3*2*P~HL*4*3*I~LIN**VP*A~SN1**1*EA~", ["3"]),
        ("HL*2*1*O~PRF*PO-1****3~HL*3*2*I~LIN*2*VP*A~SN1**1*EA~", ["2"]),
        ("HL*2*1*O~PRF*PO-1****3~HL*3*2*I~LIN**VP*A~SN1*2*1*EA~", ["2"]),
        ("HL*2*1*I~LIN**VP*A~SN1**1*EA~PRF*PO-1****3~", ["3"]),
        (
            "HL*2*1*O~PRF*PO-1****1~HL*3*2*I~LIN**VP*A~SN1**1*EA~HL*4*1*O~PRF*PO-1****2~HL*5*4*I~LIN**VP*B~SN1**1*EA~",
            ["1", "2"],
        ),
        ("HL*2*1*O~PRF*PO-1~HL*3*2*I~LIN**VP*A~SN1**1*EA~", [""]),
    ],
)
def test_the_line_of_the_order_is_told_by_its_reference_where_the_item_does_not(
    levels: str, numbers: list[str]
) -> None:
    """PRF05; each level of an order names its own."""
    read_back = notice(f"HL*1**S*1~{levels}")
    assert [item.line_number for order in read_back.orders for item in order.items] == numbers


_LINS = ("LIN*1*VP*A", "LIN**VP*A", "LIN*1*VP", "LIN*1*VP*A*BP*B", "LIN*1*VP*A**B", "LIN*1")
_SN1S = ("SN1**10*EA", "SN1*1*10*EA", "SN1**10.0*EA", "SN1**010*EA", "SN1**X*EA", "SN1**10", "SN1**10*EA**12*EA")
_PIDS = ("", "PID*F****BOLT~", "PID*F*08***BOLT~", "PID*S****BOLT~", "PID*F****B~PID*F****C~", "MAN*GM*1~")
_PACKS = (PACK_1, "MAN*CP*00300000000000000011~", f"{PACK_1}{PACK_2}", "MAN*GM~")


def test_a_notice_says_how_it_was_written_whether_or_not_a_look_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short look at items and packs never passes what would be written in another way."""
    plain = (_LINS[0], _SN1S[0], _PIDS[0], _PACKS[0])
    for lin, sn1, pid, pack in [*product(_LINS, _SN1S, _PIDS, _PACKS[:1]), *((*plain[:3], pack) for pack in _PACKS)]:
        item = f"{lin}~{sn1}~{pid}"
        body = f"HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*P*1~{pack}HL*4*3*I*0~{item}HL*5*2*I*0~{item}"
        looked_at = notice(body)
        with monkeypatch.context() as patch:
            patch.setattr(ship_notice, "_is_plain", lambda *_: False)
            assert looked_at == notice(body), body
