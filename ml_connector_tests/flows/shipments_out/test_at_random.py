"""Shipments of every kind leave as an 856 that other people's validators accept, and come back as they were meant."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.flows.meaning.notice_codes import check_codes
from ml_connector.flows.shipments_out.facts import NoticeFacts
from ml_connector.flows.shipments_out.notice_content import ship_notice
from ml_connector.flows.shipments_out.settings import ShipmentsOut
from ml_connector.sandbox.partner.documents.heard import hear
from ml_connector.sandbox.partner.documents.validation import check
from ml_connector.sandbox.partner.documents.x12 import read as partner_reads
from ml_connector_tests.edi.judging import trading_partner
from ml_connector_tests.flows.customers_orders.made import AT, OURS, customer, notices
from ml_connector_tests.support.examples import some

RULES = ShipmentsOut.model_validate({"units": {"KG": "KG"}, "carriers": {"UPSGROUND": {"scac": "UPSN"}}})
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
#: mock-edi's lists are shorter than the standard's (x12-procurement 4 and 7): no marks (MAN) and days in an 856's
#: levels, no lots (LT).
NARROWER = re.compile(
    r"MAN@\d+: MAN is not a segment|DTM@\d+: (DTM is not a segment|036 is not a code)|LIN@\d+: LT is not a code"
    r"|one or more segments in error"
)


@pytest.fixture(scope="module")
def mock() -> Iterator[Any]:
    """Another seller's system, that validates what it is shown."""
    with trading_partner() as made:
        yield made


def written(sent: ShipNotice, version: str) -> bytes:
    envelope = Envelope("ZZ", "ACME", "ZZ", "MOCKEDI", usage="T", version=version)
    return write_interchange(envelope, ControlNumbers(7, 7), [sent], AT).data


def read_back(data: bytes) -> ShipNotice:
    """What our own reader makes of it, without a word against it."""
    [found] = [one for one in read_interchanges(data) if isinstance(one, ReceivedSet)]
    assert found.accepted, found.findings
    assert [one for one in found.findings if one.is_error] == []
    assert isinstance(found.document, ShipNotice)
    return found.document


@settings(max_examples=some(40), deadline=None, suppress_health_check=CHECKS)
@given(notices(), st.sampled_from(["004010", "005010"]), st.sampled_from(["known", "none"]), st.booleans())
def test_what_leaves_is_accepted_and_comes_back_the_same(
    mock: Any, facts: NoticeFacts, version: str, packs: str, again: bool
) -> None:
    from edi_parser.api import validate_edi  # type: ignore[import-untyped]

    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    purpose = Purpose.REPLACE if again else Purpose.ORIGINAL
    own = customer(shipments={"send": True, "packs": packs})
    sent = ship_notice(facts, own, OURS, RULES, AT, purpose=purpose)
    data = written(sent, version)
    told = validate_edi(data, "x12", "x12")
    assert told["valid"], told["errors"]
    answer = mock.post("/_mock/validate", data.decode())
    assert [one for found in answer.body["messages"] for one in found["findings"] if not NARROWER.match(one)] == []
    read = read_back(data)
    assert read == sent, "it comes back the same"
    check_codes(read, {})
    _says_what_was_shipped(read, facts)
    _is_understood(data, version, facts)


def _says_what_was_shipped(read: ShipNotice, facts: NoticeFacts) -> None:
    """Line by line what the shipment says, in the unit that was ordered; nothing more and nothing less."""
    wanted: Counter[tuple[str, str]] = Counter()
    for line in facts.shipment.lines:
        of = next(one for one in facts.orders if one.order_id == line.order_id)
        posted = next(one for one in of.posted.lines if one.number == line.order_line)
        quantity = line.quantity * posted.ordered_quantity / posted.quantity
        wanted[of.order.number, posted.customers_line] += quantity  # type: ignore[assignment]
    found: Counter[tuple[str, str]] = Counter()
    for order in read.orders:
        for item in order.items:
            found[order.order_number, item.line_number] += item.quantity or 0  # type: ignore[assignment]
    assert found == wanted
    assert read.shipped_date == facts.shipment.ship_date


def _is_understood(data: bytes, version: str, facts: NoticeFacts) -> None:
    """The customer's own reader finds no fault in it."""
    [interchange] = partner_reads(data)
    [one] = interchange.groups[0].sets
    assert check(one, version) == []
    ordered = {
        of.order.number: {line.number: line.quantity or Decimal(0) for line in of.order.lines} for of in facts.orders
    }
    heard = hear(one, ordered)
    assert heard is not None
    assert heard.problems == []


@settings(max_examples=some(25), deadline=None, suppress_health_check=CHECKS)
@given(notices(), st.data())
def test_whatever_is_otherwise_is_told_otherwise(facts: NoticeFacts, data: st.DataObject) -> None:
    """A quantity, a day or a line that changes is never told as it was before."""
    shipment = facts.shipment
    what = data.draw(st.sampled_from(["quantity", "day", "line", "order"]))
    line = data.draw(st.sampled_from(shipment.lines))
    if what == "day":
        other = changed(shipment, ship_date=shipment.ship_date + timedelta(1))
    elif what == "quantity":
        posted = next(
            p
            for o in facts.orders
            if o.order_id == line.order_id
            for p in o.posted.lines
            if p.number == line.order_line
        )
        more = line.quantity + posted.quantity / posted.ordered_quantity
        lines = tuple(changed(one, quantity=more, lots=()) if one is line else one for one in shipment.lines)
        other = changed(shipment, lines=lines, packages=())
        shipment = changed(shipment, packages=(), lines=tuple(changed(one, lots=()) for one in shipment.lines))
    elif what == "line" and len(shipment.lines) > 1:
        other = changed(shipment, lines=tuple(one for one in shipment.lines if one is not line), packages=())
        shipment = changed(shipment, packages=())
    else:
        other = changed(shipment, number=f"{shipment.number}X")
    first, second = (
        ship_notice(changed(facts, shipment=one), customer(), OURS, RULES, AT) for one in (shipment, other)
    )
    assert first != second
