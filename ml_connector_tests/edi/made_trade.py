"""Hypothesis strategies for orders, their changes and answers, invoices and ship notices."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ml_connector.documents.common import KeptElement, KeptSegment, Purpose, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.orders import (
    AcknowledgedLine,
    LineAnswer,
    OrderAcknowledgment,
    OrderChange,
    OrderChangeLine,
    OrderLine,
    PurchaseOrder,
    Schedule,
)
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector_tests.edi.made_parts import (
    HEADER_FIELDS,
    LINE_FIELDS,
    allowances,
    cents,
    dates,
    days,
    item_ids,
    maybe,
    parties,
    prices,
    quantities,
    references,
    some,
    taxes,
    terms,
    text,
    times,
    units,
)

schedules = st.builds(
    Schedule, quantity=quantities, unit=units, qualifier=st.just("002"), day=days, at=maybe(times, None)
)

_ORDER_LINE: dict[str, Any] = {
    **LINE_FIELDS,
    "number": text(20),
    "allowances": some(allowances(taxed=False), 2),
    "schedules": some(schedules, 2),
    "parties": some(parties(), 1),
    "notes": some(text(264), 2),
}
#: Segments without a field, in the order of the definition; TD5 and LIN are followed by their like.
_KEPT = st.sampled_from(
    [
        (),
        (KeptSegment(segment_id="FOB", elements=("PP", "OR", "Rotterdam")),),
        (
            KeptSegment(segment_id="PKG", elements=("F", "68", "", "", "PALLETS")),
            KeptSegment(segment_id="TD5", elements=("", "2", "UPSN")),
            KeptSegment(
                segment_id="N9",
                elements=("ZZ", "1"),
                inside=(KeptSegment(segment_id="MSG", elements=("as agreed",)),),
            ),
        ),
    ]
)

orders = st.builds(
    PurchaseOrder,
    number=text(22),
    order_date=days,
    purpose=st.sampled_from([Purpose.ORIGINAL, Purpose.REPLACE, Purpose.CANCEL]),
    order_type=st.sampled_from(["SA", "NE", "RL"]),
    release=maybe(text(30)),
    contract=maybe(text(30)),
    acknowledgment_wanted=maybe(st.just("AC")),
    terms=some(terms),
    allowances=some(allowances(taxed=False), 2),
    taxes=some(taxes, 2),
    lines=st.lists(st.builds(OrderLine, price_basis=maybe(st.just("HP")), **_ORDER_LINE), min_size=1, max_size=2)
    .map(tuple)
    .map(lambda lines: tuple(changed(li, price=li.price or Decimal(1)) for li in lines)),
    total=maybe(cents, None),
    notes=some(text(264)),
    extras=_KEPT,
    kept=st.sampled_from([(), (KeptElement(segment_id="BEG", position=8, value="IBM"),)]),
    **HEADER_FIELDS,
)

changes = st.builds(
    OrderChange,
    number=text(22),
    order_date=days,
    order_type=st.just("SA"),
    release=maybe(text(30)),
    sequence=maybe(text(8)),
    change_date=maybe(days, None),
    terms=some(terms),
    allowances=some(allowances(taxed=False), 2),
    taxes=some(taxes, 2),
    lines=some(
        st.builds(
            OrderChangeLine,
            change=st.sampled_from(["AI", "CA", "DI", "QD", "PC"]),
            quantity_left=maybe(quantities, None),
            **_ORDER_LINE,
        )
    ),
    total=maybe(cents, None),
    notes=some(text(264)),
    **HEADER_FIELDS,
)

answers = st.builds(
    LineAnswer,
    status=st.sampled_from(["IA", "IB", "IR", "IP"]),
    quantity=quantities,
    unit=units,
    items=some(item_ids, 2),
    dates=some(dates, 1),
)


@st.composite
def acknowledgments(draw: st.DrawFn) -> OrderAcknowledgment:
    change = draw(st.booleans())
    extra = {"change": st.sampled_from(["AI", "QD"]), "quantity_left": maybe(quantities, None)} if change else {}
    lines = draw(some(st.builds(AcknowledgedLine, answers=some(answers), **_ORDER_LINE, **extra)))
    return draw(
        st.builds(
            OrderAcknowledgment,
            number=text(22),
            order_date=days,
            type=st.sampled_from(["AC", "AD", "RJ"]),
            release=maybe(text(30)),
            sequence=maybe(text(8)) if change else st.just(""),
            sellers_order=maybe(text(30)),
            acknowledgment_date=maybe(days, None),
            answers_change=st.just(change),
            lines=st.just(lines),
            total=maybe(cents, None),
            notes=some(text(264)),
            **HEADER_FIELDS,
        )
    )


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    line = {**LINE_FIELDS, "items": some(item_ids, 4), "price": prices}
    return draw(
        st.builds(
            Invoice,
            number=text(22),
            invoice_date=days,
            order_number=text(22),
            order_date=maybe(days, None),
            release=maybe(text(30)),
            type=maybe(st.sampled_from(["DI", "CR"])),
            original_invoice=maybe(text(22)),
            total=cents,
            discountable=maybe(cents, None),
            terms=some(terms),
            lines=some(
                st.builds(
                    InvoiceLine,
                    number=maybe(text(20)),
                    order_number=maybe(text(48)),
                    allowances=some(allowances(taxed=True), 2),
                    parties=some(parties(), 1),
                    **line,
                )
            ),
            allowances=some(allowances(taxed=True)),
            taxes=some(taxes),
            notes=some(text(80)),
            **HEADER_FIELDS,
        )
    )


_MARKS = st.one_of(
    st.text("0123456789", min_size=18, max_size=18).map(lambda n: "00" + n),
    st.text("0123456789", min_size=18, max_size=18),
    text(30),
)


@st.composite
def notices(draw: st.DrawFn) -> ShipNotice:
    items = st.builds(
        ShippedItem,
        line_number=text(20),
        quantity=quantities,
        unit=units,
        items=st.lists(item_ids, min_size=1, max_size=5).map(tuple),
        description=maybe(text(80)),
        packs=some(_MARKS, 2),
    )
    numbers = draw(st.lists(text(22), min_size=1, max_size=3, unique=True))
    shipped = [
        draw(
            st.builds(
                ShippedOrder,
                order_number=st.just(number),
                order_date=maybe(days, None),
                references=some(references, 2),
                items=some(items, 4),
            )
        )
        for number in numbers
    ]
    return draw(
        st.builds(
            ShipNotice,
            number=text(30, 2),
            notice_date=days,
            notice_time=times,
            structure=maybe(st.sampled_from(["0001", "0004"])),
            orders=st.just(tuple(shipped)),
            **HEADER_FIELDS,
        )
    )
