"""What an answer says of the lines of an order beside its codes: days of the whole answer, substitutes, currencies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    DateReference,
    ItemId,
    Party,
    PaymentTerms,
    changed,
)
from ml_connector.documents.orders import OrderAcknowledgment, OrderLine
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.flows.meaning.answered_head import head_differences
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import Verdicts, compare
from ml_connector_tests.hostile.interchanges import Envelope
from ml_connector_tests.support.examples import some

WANTED = date(2026, 12, 18)


def ordered(number: str, item: str) -> OrderLine:
    items = (ItemId(qualifier="VP", value=f"NW-{item}"), ItemId(qualifier="BP", value=f"VW-{item}"))
    day = DateReference(qualifier="002", day=WANTED)
    return OrderLine(number=number, quantity=Decimal(10), unit="EA", price=Decimal(5), items=items, dates=(day,))


EXPECTED = Expected((ordered("1", "A"), ordered("2", "B")), "26000001", "EUR")


def line(number: str, item: str, ack: str = "ACK*IA*10*EA", *more: str) -> list[str]:
    return [f"PO1*{number}*10*EA*5*PE*VP*NW-{item}*BP*VW-{item}", *more, ack]


BOTH = (*line("1", "A"), *line("2", "B"))


def answered(
    body: Sequence[str], kind: str = "AC", head: Sequence[str] = (), expected: Expected = EXPECTED
) -> Verdicts:
    segments = ["ST*855*0001", f"BAK*00*{kind}*26000001*20261121", *head, *body]
    data = Envelope(functional_id="PR").wrapped([[*segments, f"SE*{len(segments) + 1}*0001"]])
    (received,) = [one for one in read_interchanges(data) if isinstance(one, ReceivedSet)]
    assert isinstance(received.document, OrderAcknowledgment)
    return compare(received.document, expected)


def told(found: Verdicts) -> list[tuple[str, str]]:
    return [(one.verdict, one.detail.get("date") or one.detail.get("earlier", "")) for one in found.lines]


LATER = ("changed", "2026-12-18 -> 2027-01-10")


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (("DTM*067*20270110",), [LATER, LATER]),
        (("DTM*068*20270110",), [LATER, LATER]),
        (("DTM*067*20261218",), [("accepted", ""), ("accepted", "")]),
        (("DTM*067*20261201",), [("accepted", "2026-12-18 -> 2026-12-01")] * 2),
        (("DTM*002*20270110",), [("accepted", ""), ("accepted", "")]),  # repeats what was asked for
        (("DTM*004*20270110",), [("accepted", ""), ("accepted", "")]),  # the day of the order
    ],
)
def test_a_day_that_the_head_promises_is_of_every_line(head: tuple[str, ...], right: list[tuple[str, str]]) -> None:
    assert told(answered(BOTH, head=head)) == right


def test_a_line_that_has_a_day_of_its_own_keeps_it() -> None:
    own = (*line("1", "A", "ACK*IA*10*EA*067*20261218"), *line("2", "B"))
    assert told(answered(own, head=("DTM*067*20270110",))) == [("accepted", ""), LATER]


@pytest.mark.parametrize("kind", ["AT", "AK", "AE"])
def test_an_answer_without_lines_that_promises_another_day_is_a_change(kind: str) -> None:
    assert told(answered((), kind, ("DTM*067*20270110",))) == [LATER, LATER]
    assert answered((), kind, ("DTM*067*20270110",)).result == "changed"
    assert answered((), kind).result == "accepted"


def test_a_refusal_but_for_exceptions_that_accepts_a_line_contradicts_itself() -> None:
    found = answered(line("1", "A"), "RF")
    assert [one.verdict for one in found.lines] == ["changed", "refused"]
    assert "type RF refuses the order" in found.lines[0].detail["contradiction"]
    assert answered(BOTH, "RF").result == "changed"


@pytest.mark.parametrize(
    ("ack", "substitute"),
    [
        ("ACK*IS*10*EA****VP*NW-A2", "NW-A2"),
        ("ACK*IA*10*EA****VP*NW-A2", "NW-A2"),
        ("ACK*IA*10*EA****VP*nw-a", ""),
        ("ACK*IA*10*EA****UP*012345678905", ""),
    ],
)
def test_another_item_in_place_of_the_ordered_one_is_shown(ack: str, substitute: str) -> None:
    first = answered((*line("1", "A", ack), *line("2", "B"))).lines[0]
    assert first.detail.get("substitute", "") == substitute
    assert first.verdict == ("changed" if substitute else "accepted")


@pytest.mark.parametrize(("currency", "differs"), [("EUR", False), ("eur", False), ("USD", True)])
def test_a_currency_is_the_same_in_lower_case(currency: str, differs: bool) -> None:
    assert bool(answered(BOTH, head=(f"CUR*SE*{currency}",)).header) is differs


SENT = replace(
    EXPECTED,
    allowances=(AllowanceCharge(kind=AllowanceKind.ALLOWANCE, code="C310", amount=Decimal(5)),),
    terms=(PaymentTerms(kind="01", basis="3", net_days=30),),
    parties=(Party(role="ST", id_scheme="92", id="0099"),),
    total=Decimal(95),
)


@pytest.mark.parametrize(
    ("head", "differs"),
    [
        (("SAC*A*C310***500",), ()),
        (("SAC*A*C310***600",), ("charges",)),
        (("SAC*A*C310***500", "SAC*A*C310***500"), ("charges",)),
        (("SAC*C*D240***5000",), ("charges",)),
        (("SAC*c*d240***5000",), ("charges",)),
        (("SAC*C*D240****3*10",), ("charges",)),
        (("SAC*C*D240***0",), ()),
        (("SAC*N*D240***5000",), ()),
        (("SAC*C*D240***5000*******15",), ()),
        (("SAC*C*H850***2100",), ()),  # taxes follow from the order
        (("CUR*SE*EUR**BY*USD",), ("currency",)),
        (("CUR*SE*EUR**BY*EUR",), ()),
        (("ITD*01*3*****30",), ()),
        (("ITD*01*3*****10",), ("terms",)),
        (("ITD*08*3*2**10**30",), ("terms",)),
        (("DTM*067*20260231",), ("date",)),
        (("N1*ST**92*0099",), ()),
        (("N1*ST**92*0098",), ("ship-to",)),
        (("N1*ST**91*0098",), ()),  # the seller's own code of the place
        (("N1*SF**92*0098",), ()),
    ],
)
def test_what_the_head_says_otherwise_than_it_was_sent_is_a_change(
    head: tuple[str, ...], differs: tuple[str, ...]
) -> None:
    found = answered(BOTH, head=head, expected=SENT)
    assert tuple(found.header) == differs
    assert found.result == ("changed" if differs else "accepted")


@pytest.mark.parametrize(
    ("amount", "differs"), [("AMT*TT*100", False), ("AMT*TT*95", False), ("AMT*TT*121", True), ("AMT*1*121", False)]
)
def test_a_total_that_no_line_explains_is_a_change(amount: str, differs: bool) -> None:
    found = answered((*BOTH, "CTT*2", amount), expected=SENT)
    assert tuple(found.header) == (("total",) if differs else ())


@pytest.mark.parametrize(
    ("said", "differs"), [("SAC*A*C310****3*5", False), ("SAC*A*C310***500*3*5", False), ("SAC*A*C310****3*6", True)]
)
def test_an_allowance_may_be_repeated_by_its_amount_or_its_percentage(said: str, differs: bool) -> None:
    sent = AllowanceCharge(kind=AllowanceKind.ALLOWANCE, code="C310", amount=Decimal(5), percent=Decimal(5))
    assert bool(answered(BOTH, head=(said,), expected=replace(SENT, allowances=(sent,))).header) is differs


def test_terms_are_not_compared_with_terms_that_were_sent_as_text() -> None:
    text = replace(SENT, terms=(PaymentTerms(description="30 days"),))
    assert answered(BOTH, head=("ITD*01*3*****10",), expected=text).header == {}


@pytest.mark.parametrize(
    ("more", "ack", "detail"),
    [
        (("SAC*C*D240***5000",), "ACK*IA*10*EA", "charges"),
        (("SLN*1**S*10*EA****VP*NW-A2",), "ACK*IA*10*EA", "parts"),
        (("SLN*1**I*10*EA****VP*NW-A2",), "ACK*IA*10*EA", ""),
        ((), "ACK*IA*10*EA*067*20260231", "date"),
        (("DTM*067*20261318",), "ACK*IA*10*EA", "date"),
        (("CTP**RES*9.99",), "ACK*IA*10*EA", ""),
        (("CTP**CON*9.99",), "ACK*IA*10*EA", "price"),
    ],
)
def test_what_a_line_says_beside_its_figures_is_a_change(more: tuple[str, ...], ack: str, detail: str) -> None:
    first = answered((*line("1", "A", ack, *more), *line("2", "B"))).lines[0]
    assert first.verdict == ("changed" if detail else "accepted")
    assert not detail or detail in first.detail


_CODES, _AMOUNTS = st.sampled_from(["D240", "C310", "F050", ""]), st.decimals(0, 999, places=2)
_CHARGES = st.one_of(
    st.builds(AllowanceCharge, kind=st.sampled_from(AllowanceKind), code=_CODES, amount=_AMOUNTS),
    st.builds(AllowanceCharge, kind=st.sampled_from(AllowanceKind), code=_CODES, percent=_AMOUNTS),
    st.builds(AllowanceCharge, kind=st.sampled_from(AllowanceKind), code=_CODES, rate=_AMOUNTS, rate_quantity=_AMOUNTS),
)
_TERMS = st.builds(
    PaymentTerms,
    net_days=st.integers(0, 120),
    discount_percent=st.none() | _AMOUNTS,
    description=st.sampled_from(["", "x"]),
)
_PLACES = st.builds(Party, role=st.sampled_from(["ST", "BY"]), id_scheme=st.sampled_from(["92", "UL"]), id=_CODES)


@settings(max_examples=some(100), deadline=None)
@given(
    charges=st.lists(_CHARGES, max_size=4),
    terms=st.lists(_TERMS, max_size=2),
    places=st.lists(_PLACES, max_size=3, unique_by=lambda one: (one.role, one.id_scheme)),
    total=st.none() | _AMOUNTS,
    order=st.randoms(),
)
def test_an_answer_that_repeats_what_was_sent_differs_in_nothing(
    charges: list[AllowanceCharge], terms: list[PaymentTerms], places: list[Party], total: Decimal | None, order: Random
) -> None:
    """In whatever order; and a charge more is told, whatever it is."""
    sent = replace(EXPECTED, allowances=charges, terms=terms, parties=places, total=total)
    said = [order.sample(one, len(one)) for one in (charges, terms, places)]
    answer = OrderAcknowledgment(
        number="1", currency="EUR", allowances=tuple(said[0]), terms=tuple(said[1]), parties=tuple(said[2]), total=total
    )
    assert head_differences(answer, (), sent) == {}
    more = AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=Decimal(1000))
    told = head_differences(changed(answer, allowances=(*answer.allowances, more)), (), sent)
    assert list(told) == ["charges"]
