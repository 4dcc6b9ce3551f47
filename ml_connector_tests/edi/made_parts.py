"""Hypothesis strategies for parts of documents, as flows and partners make them."""

from datetime import date, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    Contact,
    DateReference,
    ItemId,
    Party,
    PaymentTerms,
    Reference,
    Tax,
    changed,
)

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


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    scale = 10**places
    return st.integers(low * scale, high * scale).map(lambda n: Decimal(n).scaleb(-places))


quantities = decimals(0, 99999, 3)
prices = decimals(0, 999999, 4)
cents = decimals(-999999, 999999, 2)
amounts = decimals(0, 99999, 2)
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
    percent=maybe(decimals(0, 99, 2), None),
    exempt=maybe(st.sampled_from("012")),
    relationship=maybe(st.sampled_from("AO")),
    basis=maybe(decimals(0, 99999, 2), None),
    tax_id=maybe(text(20)),
    # C0803: a basis only with a percentage
).map(lambda tax: tax if tax.percent is not None else changed(tax, basis=None))


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

LINE_FIELDS: dict[str, Any] = {
    "quantity": quantities,
    "unit": units,
    "price": maybe(prices, None),
    "items": some(item_ids, 4),
    "description": maybe(text(80)),
    "references": some(references),
    "dates": some(dates),
    "taxes": some(taxes, 2),
}
HEADER_FIELDS: dict[str, Any] = {
    "currency": maybe(st.sampled_from(["EUR", "USD"])),
    "references": some(references),
    "dates": some(dates),
    "parties": some(parties()),
    "contacts": some(contacts),
}
