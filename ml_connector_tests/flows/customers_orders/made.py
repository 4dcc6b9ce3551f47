"""Customers' orders beside what became of them in an ERP: one plain example, and hypothesis strategies for any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Channels, Partner, X12Identity
from ml_connector.documents.common import ItemId, Party
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.invoices import Address
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.documents.sales.shipments import Package, PackedItem, SentLine, SentShipment, ShippedLot
from ml_connector.documents.sales.standing import OrderStanding, StandingLine, StandingOrder
from ml_connector.flows.order_acks_out.facts import AckFacts, TakenOrder
from ml_connector.flows.shipments_out.facts import NoticeFacts, ShippedFor

D = Decimal
AT = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
DAY = date(2026, 11, 29)
OURS = IntegrationSettings.model_validate(
    {
        "erp": "e",
        "network": "n",
        "environment": "test",
        "identity": {"qualifier": "ZZ", "id": "VOLTWERK"},
        "company_name": "Voltwerk",
        "partners": "p",
    }
)


def customer(**own: Any) -> Partner:
    """The customer; own: more of its file."""
    values: dict[str, Any] = {"order_acks": {"send": True}, "shipments": {"send": True}, **own}
    return Partner.model_validate(
        {
            "name": "big_retail",
            "title": "Big Retail",
            "role": "customer",
            "customer": "C100",
            "identity": X12Identity(qualifier="ZZ", id="MOCKEDI"),
            "channels": Channels(send="/out"),
            **values,
        }
    )


# one order: three cases and ten pieces


def order(*lines: OrderLine, **changes: Any) -> PurchaseOrder:
    values: dict[str, Any] = {
        "number": "PO-9",
        "order_date": date(2026, 11, 20),
        "currency": "USD",
        "parties": (Party(role="ST", name="Store 42", id_scheme="92", id="0042"),),
        "lines": lines or (ordered(1, "3", "CA", "90"), ordered(2, "10", "EA", "4.25")),
    }
    return PurchaseOrder(**{**values, **changes})


def ordered(number: int, quantity: str, unit: str, price: str | None) -> OrderLine:
    return OrderLine(
        number=str(number),
        quantity=D(quantity),
        unit=unit,
        price=None if price is None else D(price),
        items=(ItemId(qualifier="IN", value=f"BR-{number}"),),
        description="Canned tomatoes",
    )


def posted(of: PurchaseOrder, **changes: Any) -> SalesOrder:
    """The order as it was posted: cases become pieces where that is asked for (`per_case`)."""
    per_case = D(changes.pop("per_case", 1))
    lines = [
        SalesOrderLine(
            number=at,
            customers_line=line.number,
            item_id=f"ITEM-{line.number}",
            item_code=f"ITEM-{line.number}",
            quantity=(line.quantity or D(0)) * (per_case if line.unit == "CA" else 1),
            unit="EACH" if line.unit == "EA" or per_case != 1 else "CASE",
            price=None if line.price is None else line.price / (per_case if line.unit == "CA" else 1),
            ordered_quantity=line.quantity or D(0),
            ordered_unit=line.unit,
            requested_date=DAY + timedelta(5),
        )
        for at, line in enumerate(of.lines, 1)
    ]
    values: dict[str, Any] = {
        "customer_id": "C100",
        "customer_code": "C100",
        "customer_order": of.number,
        "reference": of.number,
        "order_date": of.order_date,
        "store": "0042",
        "lines": tuple(lines),
    }
    return SalesOrder(**{**values, **changes})


def standing(of: SalesOrder, *lines: StandingLine, **changes: Any) -> StandingOrder:
    """How it stands: as it was posted, but for what is given."""
    values: dict[str, Any] = {
        "id": "so-1",
        "number": "SO100",
        "standing": OrderStanding.ACCEPTED,
        "customer_code": "C100",
        "customer_order": of.customer_order,
        "currency": "USD",
        "lines": lines or tuple(stands(line) for line in of.lines),
    }
    return StandingOrder(**{**values, **changes})


def stands(line: SalesOrderLine, **changes: Any) -> StandingLine:
    values: dict[str, Any] = {
        "number": line.number,
        "item_code": line.item_code,
        "quantity": line.quantity,
        "unit": line.unit,
        "price": line.price if line.price is not None else D("7.5"),
        "ship_date": DAY + timedelta(2),
    }
    return StandingLine(**{**values, **changes})


def facts(of: PurchaseOrder, *taken: TakenOrder) -> AckFacts:
    return AckFacts(document=1, came_at=AT, order=of, taken=taken)


# at random

TEXTS = st.text("ABCDEFGHIJ abcxyz0123456789-./", min_size=1, max_size=60).map(str.strip).filter(lambda t: len(t) > 1)
CODES = st.text("ABCDEFGHIJ0123456789-", min_size=2, max_size=20)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def amounts(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places)


@dataclass(frozen=True)
class Ratio:
    """How a unit of the customer becomes one of the ERP."""

    x12: str
    erp: str
    per: int


RATIOS = (Ratio("EA", "EACH", 1), Ratio("CA", "CASE", 1), Ratio("CA", "EACH", 12), Ratio("KG", "KG", 1))


@st.composite
def bought(draw: st.DrawFn, *, number: str = "") -> tuple[PurchaseOrder, SalesOrder]:
    """An order, and how it was posted."""
    lines: list[OrderLine] = []
    made: list[SalesOrderLine] = []
    for at in range(1, draw(st.integers(1, 5)) + 1):
        ratio, quantity = draw(st.sampled_from(RATIOS)), draw(amounts("1", "9999", 0))
        price = draw(st.none() | amounts("0.12", "99.99", 2))
        items = [("IN", draw(CODES)), *draw(st.lists(st.just(("UP", "012345678905")), max_size=1))]
        lines.append(
            OrderLine(
                number=str(at * 10),
                quantity=quantity,
                unit=ratio.x12,
                price=price,
                price_basis=draw(st.sampled_from(["", "UM", "PE"])) if price is not None else "",
                items=tuple(ItemId(qualifier=one, value=value) for one, value in items),
                description=draw(st.just("") | TEXTS),
            )
        )
        made.append(
            SalesOrderLine(
                number=at,
                customers_line=str(at * 10),
                item_id=f"I{at}",
                item_code=f"I{at}",
                quantity=quantity * ratio.per,
                unit=ratio.erp,
                price=None if price is None or draw(st.booleans()) else price / ratio.per if ratio.per == 1 else None,
                ordered_quantity=quantity,
                ordered_unit=ratio.x12,
                requested_date=draw(st.none() | DAYS),
                ship_date=draw(st.none() | DAYS),
            )
        )
    parties = [Party(role="ST", name=draw(TEXTS), id_scheme="92", id=draw(CODES))]
    parties += draw(st.lists(st.just(Party(role="BY", name="Head office", id_scheme="92", id="HQ")), max_size=1))
    one = PurchaseOrder(
        number=number or draw(CODES),
        order_date=draw(DAYS),
        release=draw(st.sampled_from(["", "R1"])),
        currency=draw(st.sampled_from(["USD", ""])),
        parties=tuple(parties),
        lines=tuple(lines),
    )
    return one, posted(one, lines=tuple(made), store=draw(st.sampled_from(["", parties[0].id, "S9"])))


@st.composite
def standing_lines(draw: st.DrawFn, line: SalesOrderLine) -> list[StandingLine]:
    """What became of a line: gone, as it was, or otherwise in some of what can be otherwise."""
    what = draw(st.lists(st.sampled_from(["gone", "quantity", "price", "date", "item", "waits", "closed"]), max_size=2))
    if "gone" in what:
        return []
    ratio = next(one for one in RATIOS if (one.x12, one.erp) == (line.ordered_unit, line.unit))
    quantity = draw(amounts("1", "999", 0)) * ratio.per if "quantity" in what else line.quantity
    price = line.price if line.price is not None else D("2.50")
    shipped = draw(st.integers(0, int(quantity) // ratio.per)) * ratio.per
    return [
        stands(
            line,
            quantity=quantity,
            price=draw(amounts("0.01", "99.99", 2)) if "price" in what else price,
            item_code="OTHER" if "item" in what else line.item_code,
            ship_date=draw(st.none() | DAYS) if "date" in what else line.ship_date or line.requested_date,
            shipped=D(shipped) if {"waits", "closed"} & set(what) else D(0),
            backordered="waits" in what and "closed" not in what,
            closed="closed" in what,
        )
    ]


@st.composite
def acks(draw: st.DrawFn) -> AckFacts:
    """Facts of an acknowledgment."""
    one, written = draw(bought())
    lines = tuple(line for each in written.lines for line in draw(standing_lines(each)))
    how = draw(st.sampled_from([OrderStanding.ACCEPTED] * 4 + [OrderStanding.CANCELLED]))
    return facts(one, TakenOrder(posted=written, standing=standing(written, *lines, standing=how, order_date=DAY)))


def sscc(number: int) -> str:
    """18 digits with their check digit."""
    digits = f"{number % 10**17:017d}"
    weighed = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(digits))
    return digits + str(-weighed % 10)


@st.composite
def notices(draw: st.DrawFn) -> NoticeFacts:
    """Facts of a ship notice: one to three orders, packed in any way."""
    orders: list[ShippedFor] = []
    lines: list[SentLine] = []
    for at in range(draw(st.integers(1, 3))):
        one, written = draw(bought(number=f"PO-{at}"))
        orders.append(ShippedFor(order_id=f"so-{at}", document=at, order=one, posted=written))
        for line in draw(st.lists(st.sampled_from(written.lines), min_size=1, unique_by=lambda each: each.number)):
            ratio = next(each for each in RATIOS if (each.x12, each.erp) == (line.ordered_unit, line.unit))
            lines.append(draw(shipped_lines(len(lines) + 1, f"so-{at}", line, ratio)))
    place = Address(
        name=draw(TEXTS), street=("1 Main St",), city="Troy", region="NY", postal_code="12201", country="US"
    )
    return NoticeFacts(
        orders=tuple(orders),
        shipment=SentShipment(
            id="SH1",
            number=draw(CODES),
            confirmed=True,
            ship_date=draw(DAYS),
            customer_code="C100",
            ship_via=draw(st.sampled_from(["", "UPSGROUND", "OUR TRUCK"])),
            ship_to=draw(st.none() | st.just(place)),
            lines=tuple(lines),
            packages=tuple(draw(packages(lines))),
        ),
    )


@st.composite
def shipped_lines(draw: st.DrawFn, number: int, order_id: str, line: SalesOrderLine, ratio: Ratio) -> SentLine:
    quantity = D(draw(st.integers(1, int(line.ordered_quantity))) * ratio.per)
    lots: tuple[ShippedLot, ...] = ()
    if draw(st.booleans()):
        cut = D(draw(st.integers(0, int(quantity) // ratio.per)) * ratio.per)
        parts = [one for one in (cut, quantity - cut) if one]
        lots = tuple(
            ShippedLot(lot=f"L{at}", quantity=one, expires=draw(st.none() | DAYS)) for at, one in enumerate(parts)
        )
    return SentLine(
        number=number,
        order_id=order_id,
        order_number=order_id.upper(),
        order_line=line.number,
        item_code=line.item_code,
        description=draw(st.just("") | TEXTS),
        quantity=quantity,
        unit=line.unit,
        lots=lots,
    )


@st.composite
def packages(draw: st.DrawFn, lines: Sequence[SentLine]) -> list[Package]:
    """None, with nothing written down, or with what of each line stands in them."""
    count = draw(st.integers(0, 3))
    written_down = draw(st.booleans())
    contents: list[list[PackedItem]] = [[] for _ in range(count)]
    for line in lines if count and written_down else ():
        packed = draw(st.booleans())
        if packed:
            lot = line.lots[0].lot if len(line.lots) == 1 else ""
            item = PackedItem(
                line=line.number, item_code=line.item_code, quantity=line.quantity, unit=line.unit, lot=lot
            )
            contents[draw(st.integers(0, count - 1))].append(item)
    return [
        Package(
            number=at + 1,
            sscc=draw(st.sampled_from(["", sscc(at + 1)])),
            pallet=draw(st.sampled_from(["", sscc(99)])),
            tracking=draw(st.sampled_from(["", f"1Z{at}"])),
            weight=draw(st.none() | amounts("0.1", "99.9", 1)),
            weight_unit="KG",
            contents=tuple(contents[at]),
        )
        for at in range(count)
    ]
