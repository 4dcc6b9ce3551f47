"""Orders that stand in any way leave as an 855 that other people's validators accept, and comes back as it was meant.

What it means is told by readers that did not write it: a supplier's answer as our own buyers read it, and the customer.
"""

import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.common import changed
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import compare
from ml_connector.flows.order_acks_out.ack_content import acknowledge
from ml_connector.flows.order_acks_out.facts import AckFacts
from ml_connector.sandbox.partner.documents.heard import hear
from ml_connector.sandbox.partner.documents.validation import check
from ml_connector.sandbox.partner.documents.x12 import read as partner_reads
from ml_connector_tests.edi.judging import trading_partner
from ml_connector_tests.flows.customers_orders.made import AT, DAY, acks, customer
from ml_connector_tests.support.examples import some

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
#: mock-edi's lists are shorter than the standard's (x12-procurement 4 and 6).
NARROWER = re.compile(
    r"(REF@\d+: VN|ACK@\d+: (DR|IS|ID|IQ|IP|IC|IB|IR|VP)|BAK@\d+: (RD|05|04)) is not a code"
    r"|PO1@\d+: PO104 .*mandatory|one or more segments in error"
)
#: x12-doctor takes the release number (BAK05) for a date; x12-procurement 6 has it otherwise.
OTHERWISE = "BAK05 is"


@pytest.fixture(scope="module")
def mock() -> Iterator[Any]:
    """Another seller's system, that validates what it is shown."""
    with trading_partner() as made:
        yield made


def written(sent: OrderAcknowledgment, version: str) -> bytes:
    envelope = Envelope("ZZ", "ACME", "ZZ", "MOCKEDI", usage="T", version=version)
    return write_interchange(envelope, ControlNumbers(7, 7), [sent], AT).data


def told(facts: AckFacts, *, again: bool) -> OrderAcknowledgment | NeedsCorrection:
    """What leaves; or why nothing does: a price of the ERP that does not come out even in the unit that was ordered."""
    found = attempt(acknowledge, facts, customer(), again=again)
    return found if isinstance(found, NeedsCorrection) else changed(found, acknowledgment_date=DAY)


@settings(max_examples=some(40), deadline=None, suppress_health_check=CHECKS)
@given(acks(), st.sampled_from(["004010", "005010"]), st.booleans())
def test_what_leaves_is_accepted_and_comes_back_the_same(mock: Any, facts: AckFacts, version: str, again: bool) -> None:
    import x12doctor
    from edi_parser.api import validate_edi  # type: ignore[import-untyped]

    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    sent = told(facts, again=again)
    if isinstance(sent, NeedsCorrection):
        assert (sent.reason, bool(sent.remedy)) == (Reason.SALES_PRICE, True)
        return
    data = written(sent, version)
    judged = validate_edi(data, "x12", "x12")
    assert judged["valid"], judged["errors"]
    answer = mock.post("/_mock/validate", data.decode())
    assert [one for found in answer.body["messages"] for one in found["findings"] if not NARROWER.match(one)] == []
    found = x12doctor.diagnose(data.decode()).findings
    errors = [str(finding) for finding in found if str(finding.severity) == "error"]
    assert [one for one in errors if OTHERWISE not in one] == []
    [received] = [one for one in read_interchanges(data) if isinstance(one, ReceivedSet)]
    assert received.accepted, received.findings
    assert received.document == sent, "it comes back the same"
    _means_what_the_erp_says(sent, facts)
    [interchange] = partner_reads(data)
    [one] = interchange.groups[0].sets
    assert check(one, version) == []
    ordered = {line.number: line.quantity or Decimal(0) for line in facts.order.lines}
    heard = hear(one, {facts.order.number: ordered})
    assert heard is not None
    assert heard.problems == []


def _means_what_the_erp_says(sent: OrderAcknowledgment, facts: AckFacts) -> None:
    """As our own buyers read a supplier's answer: refused where nothing is taken, accepted where nothing differs."""
    (taken,) = facts.taken
    verdicts = {one.line: one.verdict for one in compare(sent, Expected(lines=facts.order.lines)).lines}
    assert set(verdicts) == {line.number for line in facts.order.lines}
    gone = taken.standing.standing == "cancelled"
    for line in taken.posted.lines:
        found = [one for one in taken.standing.lines if one.number == line.number]
        comes = sum((one.shipped if one.closed else one.quantity for one in found), Decimal(0))
        if gone or not comes:
            assert verdicts[line.customers_line] == "refused"
        elif any(one.backordered and one.shipped < one.quantity for one in found):
            assert verdicts[line.customers_line] == "backordered"
        elif comes != line.quantity:
            assert verdicts[line.customers_line] == "changed"
        else:
            assert verdicts[line.customers_line] in {"accepted", "changed"}
