"""Orders that are deleted, given away, received and refused, in short words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.ledger.work.documents import DocumentRow, Move, move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.buying import Office
from ml_connector_tests.flows.literal_supplier import receiver, segments
from ml_connector_tests.flows.scenes import with_partners

NORTHWIND, ACME = "NORTHWIND", "004321519"


_serial = count(1)


def new(office: Office, **values: Any) -> str:
    """An order of two lines in the books, of Northwind unless told otherwise; its key."""
    serial = next(_serial)
    lines = tuple(
        OpenOrderLine(
            id=f"w{serial}-{number}",
            number=number,
            item_id=f"I{number}",
            item_code=f"I{number}",
            unit="pc",
            quantity=Decimal(10 * number),
            price=Decimal("2.50"),
        )
        for number in (1, 2)
    )
    order = OpenOrder(
        id=f"w{serial}",
        number=str(28_000_000 + serial),
        order_date=office.integration.clock.now().date() + timedelta(days=1),
        supplier_id="s-20011",
        supplier_code="20011",
        supplier_name="Northwind",
        currency="EUR",
        warehouse_id="1",
        warehouse_code="1",
        lines=lines,
    )
    office.books.orders[order.id] = changed(order, **values)
    return order.id


def edit(office: Office, key: str, **values: Any) -> None:
    office.books.orders[key] = changed(office.books.orders[key], **values)


def given(office: Office, key: str, code: str) -> None:
    edit(office, key, supplier_id=f"s-{code}", supplier_code=code, supplier_name=f"Supplier {code}")


def quantity(office: Office, key: str, quantity: int) -> None:
    first, *others = office.books.orders[key].lines
    edit(office, key, lines=(changed(first, quantity=Decimal(quantity)), *others))


def received(office: Office, key: str, *quantities: int) -> None:
    lines = office.books.orders[key].lines
    pairs = zip(lines, quantities, strict=True)
    edit(office, key, lines=tuple(changed(line, received=Decimal(came)) for line, came in pairs))


def ruled(office: Office, **rules: object) -> Office:
    """The same with other rules in every partner's file."""
    files = {
        name: one.model_copy(update={"orders": one.orders.model_copy(update=rules)})
        for name, one in office.integration.partners.items()
    }
    return replace(office, integration=with_partners(office.integration, files))


def told(sent: list[str]) -> list[tuple[str, str, str]]:
    """Of each file: who gets it, the set, and its purpose."""
    facts = []
    for data in sent:
        body = segments(data)
        begin = next(one for one in body if one[0] in {"BEG", "BCH"})
        facts.append((receiver(data), body[2][1], begin[1]))
    return facts


def states(office: Office, key: str) -> list[tuple[str, str | None]]:
    return [(str(row.state), row.reason) for row in office.documents(key)]


def newest(office: Office, key: str) -> DocumentRow:
    return office.documents(key)[-1]


def refused(office: Office, key: str) -> DocumentRow:
    """The order's newest document leaves and is refused."""
    office.read()
    row = newest(office, key)
    office.leave(row, S.REFUSED)
    return newest(office, key)


def changed_and_refused(office: Office) -> tuple[str, DocumentRow]:
    """An order whose change has left when the order itself is refused."""
    key = new(office)
    office.run(key)
    quantity(office, key, 12)
    assert told(office.run(key)) == [(NORTHWIND, "860", "04")]
    first = office.documents(key)[0]
    refusal = {"reason": "refused_by_partner", "reason_detail": {"message": "no", "mend": "", "data": {}}}
    with office.integration.ledger.write() as tx:
        move(tx, [Move(first.id, S.REFUSED, "refused late", changes=refusal)], office.work)
    return key, office.documents(key)[0]
