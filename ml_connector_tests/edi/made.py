"""Hypothesis strategies for documents, as flows and partners make them."""

from datetime import date, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ml_connector.documents.acknowledgments import ElementError, FunctionalAcknowledgment, SegmentError, SetAnswer
from ml_connector.documents.advices import AdviceError, AdviceItem, ApplicationAdvice
from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    Contact,
    DateReference,
    ItemId,
    KeptElement,
    KeptSegment,
    Party,
    PaymentTerms,
    Purpose,
    Reference,
    Tax,
)
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
from ml_connector.documents.remittances import Adjustment, PaidEntity, PaidItem, Remittance
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder

#: Everything a Latin-1 partner can get with * > ~ ^ as separators.
_LETTERS = "ABCxyz0189 .,-/&'()+=?!:;\"#$%@_éüÅß"


_seeds = st.integers(0, 1 << 40)


def _spelled(seed: int, most: int, least: int) -> str:
    """A text from a number: cheaper to draw than letter by letter; every tenth is as long as it may be."""
    length = most if seed % 10 == 0 else least + seed // 10 % (min(most, 14) - least + 1)
    letters = [_LETTERS[(seed >> (3 * i % 37)) * (i + 7) % len(_LETTERS)] for i in range(length)]
    # blanks at the ends do not survive the wire
    return "".join([letters[0].strip() or "A", *letters[1:-1], letters[-1].strip() or "Z"])[:length]


def text(most: int, least: int = 1) -> st.SearchStrategy[str]:
    """Text as it survives the wire: no blanks at the end, not all blank."""
    return _seeds.map(lambda seed: _spelled(seed, most, least))


def maybe(strategy: st.SearchStrategy[Any], empty: Any = "") -> st.SearchStrategy[Any]:
    return st.one_of(st.just(empty), strategy)


def some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


days = st.dates(date(1990, 1, 1), date(2068, 12, 31))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))


def _decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    scale = 10**places
    return st.integers(low * scale, high * scale).map(lambda n: Decimal(n).scaleb(-places))


quantities = _decimals(0, 99999, 3)
prices = _decimals(0, 999999, 4)
cents = _decimals(-999999, 999999, 2)
amounts = _decimals(0, 99999, 2)
units = st.sampled_from(["EA", "CA", "BX", "KG"])

references = st.builds(
    Reference,
    qualifier=st.sampled_from(["DP", "VN", "BM", "ZZ"]),
    value=text(30),
    description=maybe(text(80)),
)
dates = st.builds(
    DateReference,
    qualifier=st.sampled_from(["002", "011", "017"]),
    day=days,
    at=maybe(times, None),
)
contacts = st.builds(
    Contact,
    function=st.sampled_from(["BD", "OC"]),
    name=maybe(text(35)),
    numbers=some(st.builds(Reference, qualifier=st.sampled_from(["TE", "EM"]), value=text(40))),
)
item_ids = st.builds(ItemId, qualifier=st.sampled_from(["VP", "BP", "UP", "EN", "SK"]), value=text(48))


@st.composite
def parties(draw: st.DrawFn) -> Party:
    scheme = draw(maybe(st.sampled_from(["92", "1", "ZZ"])))
    return Party(
        role=draw(st.sampled_from(["BY", "ST", "SE", "BT"])),
        name=draw(text(35)),
        id_scheme=scheme,
        id=draw(text(20, 2)) if scheme else "",
        more_names=draw(some(text(35), 2)),
        street=draw(some(text(35), 4)),
        city=draw(maybe(text(20, 2))),
        region=draw(maybe(st.sampled_from(["OH", "NB"]))),
        postal_code=draw(maybe(text(10, 3))),
        country=draw(maybe(st.sampled_from(["US", "NL"]))),
        references=draw(some(references, 2)),
        contacts=draw(some(contacts, 2)),
    )


taxes = st.builds(
    Tax,
    kind=st.sampled_from(["VA", "GS", "ST"]),
    amount=amounts,
    percent=maybe(_decimals(0, 99, 2), None),
    exempt=maybe(st.sampled_from("012")),
    relationship=maybe(st.sampled_from("AO")),
    basis=maybe(_decimals(0, 99999, 2), None),
    tax_id=maybe(text(20)),
    # C0803: a basis only with a percentage
).map(lambda tax: tax if tax.percent is not None else tax.model_copy(update={"basis": None}))


def allowances(*, taxed: bool) -> st.SearchStrategy[AllowanceCharge]:
    return st.builds(
        AllowanceCharge,
        kind=st.sampled_from(AllowanceKind),
        code=st.sampled_from(["D240", "C310", "G821"]),
        amount=cents,
        handling=maybe(st.sampled_from(["02", "06"])),
        description=maybe(text(80)),
        taxes=some(taxes, 2) if taxed else st.just(()),
    )


terms = st.builds(
    PaymentTerms,
    kind=st.sampled_from(["01", "05", "08"]),
    basis=st.sampled_from(["1", "3"]),
    net_due=maybe(days, None),
    net_days=st.integers(0, 999),
    description=maybe(text(80)),
)

schedules = st.builds(
    Schedule, quantity=quantities, unit=units, qualifier=st.just("002"), day=days, at=maybe(times, None)
)

_LINE: dict[str, Any] = {
    "quantity": quantities,
    "unit": units,
    "price": maybe(prices, None),
    "items": some(item_ids, 4),
    "description": maybe(text(80)),
    "references": some(references),
    "dates": some(dates),
    "taxes": some(taxes, 2),
}
_ORDER_LINE: dict[str, Any] = {
    **_LINE,
    "number": text(20),
    "allowances": some(allowances(taxed=False), 2),
    "schedules": some(schedules, 2),
    "parties": some(parties(), 1),
    "notes": some(text(264), 2),
}
_HEADER: dict[str, Any] = {
    "currency": maybe(st.sampled_from(["EUR", "USD"])),
    "references": some(references),
    "dates": some(dates),
    "parties": some(parties()),
    "contacts": some(contacts),
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
    .map(lambda lines: tuple(li.model_copy(update={"price": li.price or Decimal(1)}) for li in lines)),
    total=maybe(cents, None),
    notes=some(text(264)),
    extras=_KEPT,
    kept=st.sampled_from([(), (KeptElement(segment_id="BEG", position=8, value="IBM"),)]),
    **_HEADER,
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
    **_HEADER,
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
            **_HEADER,
        )
    )


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    line = {**_LINE, "items": some(item_ids, 4), "price": prices}
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
            **_HEADER,
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
            **_HEADER,
        )
    )


_codes = st.sampled_from(["A", "E", "R"])
functional = st.builds(
    FunctionalAcknowledgment,
    functional_id=st.sampled_from(["PO", "IN"]),
    group_control=st.integers(1, 999999999).map(str),
    code=st.sampled_from(["A", "E", "P", "R"]),
    sets_announced=st.integers(0, 9999),
    sets_received=st.integers(0, 9999),
    sets_accepted=st.integers(0, 9999),
    reasons=some(st.sampled_from(["1", "2", "5"]), 5),
    sets=some(
        st.builds(
            SetAnswer,
            set_type=st.sampled_from(["850", "810"]),
            control_number=st.integers(1, 999999999).map(lambda n: f"{n:04d}"),
            code=_codes,
            reasons=some(st.sampled_from(["4", "5"]), 5),
            segments=some(
                st.builds(
                    SegmentError,
                    segment_id=st.sampled_from(["PO1", "N1", "BEG"]),
                    position=st.integers(1, 999999),
                    code=st.just("8"),
                    elements=some(
                        st.builds(
                            ElementError,
                            position=st.integers(1, 99),
                            component=st.one_of(st.none(), st.integers(1, 9)),
                            reference=maybe(st.just("355")),
                            code=st.sampled_from(["1", "7"]),
                            value=maybe(text(99)),
                        )
                    ),
                )
            ),
        )
    ),
)

_adjustments = st.builds(
    Adjustment,
    amount=cents,
    reason=st.sampled_from(["01", "04", "ZZ"]),
    extras=st.sampled_from([(), (KeptSegment(segment_id="NTE", elements=("GEN", "damaged")),)]),
)
_paid = st.builds(
    PaidItem,
    qualifier=st.sampled_from(["IV", "CM", "PO"]),
    number=text(30),
    action=maybe(st.sampled_from(["PI", "PP"])),
    amount=maybe(cents, None),
    invoice_amount=maybe(cents, None),
    discount=maybe(amounts, None),
    references=some(references),
    dates=some(dates),
    adjustments=some(_adjustments),
)
remittances = st.builds(
    Remittance,
    number=text(30),
    trace_type=st.just("1"),
    amount=amounts,
    handling=st.sampled_from(["C", "I"]),
    credit_or_debit=st.just("C"),
    method=st.sampled_from(["ACH", "CHK"]),
    payer_bank_type=st.just("01"),
    payer_bank=text(12, 3),
    payer_account_type=st.just("DA"),
    payer_account=text(35),
    payment_date=maybe(days, None),
    entities=some(
        st.builds(
            PaidEntity,
            number=maybe(st.sampled_from(["7", "12"])),
            items=some(_paid, 3),
            adjustments=some(_adjustments),
        )
    ),
    notes=some(text(80)),
    **{name: made for name, made in _HEADER.items() if name != "contacts"},
)

advices = st.builds(
    ApplicationAdvice,
    number=text(30),
    advice_date=days,
    advice_time=maybe(times, None),
    answers=maybe(text(30)),
    parties=some(parties()),
    items=st.lists(
        st.builds(
            AdviceItem,
            code=st.sampled_from(["TA", "TE", "TR"]),
            qualifier=st.sampled_from(["IV", "PO"]),
            number=text(30),
            day=maybe(days, None),
            group_control=st.integers(1, 999999999).map(str),
            set_control=st.integers(1, 999999999).map(lambda n: f"{n:04d}"),
            set_type=maybe(st.sampled_from(["810", "850"])),
            references=some(references),
            dates=some(dates),
            contacts=some(contacts),
            errors=some(
                st.builds(
                    AdviceError,
                    code=st.sampled_from(["848", "ZZZ"]),
                    message=maybe(text(60)),
                    segment_id=maybe(st.just("IT1")),
                    position=maybe(st.integers(1, 999999), None),
                    element=maybe(st.integers(1, 99), None),
                    reference=maybe(st.just("212")),
                    value=maybe(text(99)),
                    notes=some(text(80)),
                )
            ),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
)

ALL: dict[str, st.SearchStrategy[Any]] = {
    "850": orders,
    "860": changes,
    "855 and 865": acknowledgments(),
    "810": invoices(),
    "856": notices(),
    "820": remittances,
    "824": advices,
    "997": functional,
}
