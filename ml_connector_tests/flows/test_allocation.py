"""A payment over open items: all or nothing, never above what is due, to the cent, one currency."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.payables.settlements import ItemKind, OpenItem
from ml_connector.flows.payments.allocation import Claim, Misfit, Paid, Settled, allocate, folded, merged
from ml_connector.flows.payments.holding import held
from ml_connector_tests.support.examples import some

ZERO = Decimal(0)
CENTS = st.integers(min_value=1, max_value=10**9).map(lambda cents: Decimal(cents) / 100)


def item(number: str, due: str | Decimal, *, currency: str = "EUR", ready: bool = True, id_: str = "") -> OpenItem:
    amount = Decimal(due)
    kind = ItemKind.CREDIT if amount < 0 else ItemKind.BILL
    return OpenItem(
        id=id_ or number, number=number, party_id="V", kind=kind, currency=currency, total=amount, due=amount,
        ready=ready,
    )  # fmt: skip


def paid(amount: str | Decimal, *claims: Claim, **more: object) -> Paid:
    return Paid(Decimal(amount), "EUR", claims, **more)  # type: ignore[arg-type]


def claim(number: str, amount: str, discount: str = "0") -> Claim:
    return Claim(number, Decimal(amount), Decimal(discount))


def misfits(payment: Paid, *items: OpenItem) -> list[Misfit]:
    found = allocate(payment, items)
    assert not found.settled
    assert held("Payment 1", payment.currency, found.troubles).message
    return [one.what for one in found.troubles]


@st.composite
def books(draw: st.DrawFn) -> list[OpenItem]:
    """Open items of a few numbers, currencies and kinds, some twice, some paid."""
    made = []
    for at in range(draw(st.integers(0, 6))):
        sign = draw(st.sampled_from([1, 1, 1, -1, 0]))
        due = draw(CENTS) * sign
        number = draw(st.sampled_from(["A", "a", "B", "C", "D"]))
        currency = draw(st.sampled_from(["EUR", "EUR", "USD"]))
        made.append(item(number, due, currency=currency, ready=draw(st.booleans()) or at > 1, id_=f"{at}"))
    return made


@st.composite
def payments(draw: st.DrawFn, items: list[OpenItem]) -> Paid:
    """Payments that mostly fit: of what is due, the whole or a part, sometimes a cent off."""
    claims: list[Claim] = []
    for one in draw(st.lists(st.sampled_from(items), max_size=5)) if items else []:
        part = draw(st.sampled_from(["all", "half", "more", "discount"]))
        half = (one.due / 2).quantize(Decimal("0.01"))
        amount = {"all": one.due, "half": half, "more": one.due + Decimal("0.01"), "discount": half}[part]
        claims.append(Claim(one.number, amount, one.due - half if part == "discount" else ZERO))
    besides = draw(st.sampled_from([ZERO, ZERO, Decimal("-1.50")]))
    total = sum((one.amount for one in claims), ZERO) + besides + draw(st.sampled_from([ZERO, ZERO, Decimal("0.01")]))
    spoken = {one.id: draw(st.sampled_from([ZERO, one.due, one.due / 2])) for one in items if draw(st.booleans())}
    return Paid(total, draw(st.sampled_from(["EUR", "EUR", "USD"])), claims, besides, spoken)


@settings(max_examples=some(300), deadline=None)
@given(st.data())
def test_what_is_settled_is_the_payment_and_never_above_what_is_due(data: st.DataObject) -> None:
    items = data.draw(books())
    payment = data.draw(payments(items))
    found = allocate(payment, items)
    assert bool(found.settled) is not bool(found.troubles)
    if found.troubles:
        return
    assert sum((one.amount for one in found.settled), ZERO) + payment.besides == payment.amount
    taken: dict[str, Decimal] = {}
    for one in found.settled:
        assert one.item.currency == payment.currency
        assert one.item.ready
        assert (one.amount < 0) is (one.item.kind is ItemKind.CREDIT)
        taken[one.item.id] = taken.get(one.item.id, ZERO) + one.amount + one.discount
    assert len(taken) == len(found.settled), "an item is settled once"
    for one in found.settled:
        left = one.item.due - payment.spoken.get(one.item.id, ZERO)
        assert abs(taken[one.item.id]) <= abs(left)
        if one.discount:
            assert taken[one.item.id] == left
    for wanted in merged(payment.claims):
        numbered = [one for one in found.settled if folded(one.item.number) == folded(wanted.number)]
        same = [one for one in numbered if (one.amount < 0) is (wanted.amount < 0)]
        assert sum((one.amount for one in same), ZERO) == wanted.amount


@settings(max_examples=some(100), deadline=None)
@given(st.data())
def test_the_order_of_claims_and_items_does_not_matter(data: st.DataObject) -> None:
    items = data.draw(books())
    payment = data.draw(payments(items))
    turned = Paid(payment.amount, payment.currency, payment.claims[::-1], payment.besides, payment.spoken)

    def shown(settled: tuple[Settled, ...]) -> list[tuple[str, Decimal, Decimal]]:
        return sorted((one.item.id, one.amount, one.discount) for one in settled)

    one, other = allocate(payment, items), allocate(turned, items[::-1])
    assert shown(one.settled) == shown(other.settled)
    assert bool(one.troubles) is bool(other.troubles)


def test_each_misfit_is_told_for_what_it_is() -> None:
    a, b = item("A", "100"), item("B", "-20")
    assert misfits(paid("10", claim("X", "10")), a) == [Misfit.UNKNOWN]
    assert misfits(paid("101", claim("A", "101")), a) == [Misfit.ABOVE_DUE]
    assert misfits(paid("100", claim("A", "100")), item("A", "100", currency="USD")) == [Misfit.CURRENCY]
    assert misfits(paid("100", claim("A", "100")), item("A", "100", ready=False)) == [Misfit.NOT_READY]
    assert misfits(paid("100", claim("A", "100")), item("A", "0")) == [Misfit.PAID]
    assert misfits(paid("20", claim("B", "20")), b) == [Misfit.SIGN]
    assert misfits(paid("90", claim("A", "90", "5")), a) == [Misfit.DISCOUNT]
    assert misfits(paid("99", claim("A", "100")), a) == [Misfit.SUM]
    assert misfits(paid("5"), a) == [Misfit.NOTHING, Misfit.SUM]
    two = (item("A", "60", id_="1"), item("A", "40", id_="2"))
    assert misfits(paid("50", claim("A", "50")), *two) == [Misfit.SEVERAL]
    assert [one.amount for one in allocate(paid("100", claim("A", "100")), two).settled] == [60, 40]


def test_what_is_on_its_way_counts() -> None:
    payment = paid("60", claim("A", "60"), spoken={"A": Decimal(50)})
    assert misfits(payment, item("A", "100")) == [Misfit.ABOVE_DUE]
    assert misfits(paid("1", claim("A", "1"), spoken={"A": Decimal(100)}), item("A", "100")) == [Misfit.PAID]


def test_an_item_that_is_named_twice_is_paid_once_by_both() -> None:
    found = allocate(paid("100", claim("A", "60"), claim("a ", "40")), [item("A", "100")])
    assert [(one.item.id, one.amount) for one in found.settled] == [("A", Decimal(100))]
    assert misfits(paid("120", claim("A", "60"), claim("a ", "60")), item("A", "100")) == [Misfit.ABOVE_DUE]
