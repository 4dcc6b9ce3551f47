"""Independent judges accept what we write, and a trading partner that is not ours trades with us."""

import logging
from typing import Any

import pytest

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.acknowledge import verdicts
from ml_connector.edi.interchange import ReceivedSet
from ml_connector.edi.writing.write import ControlNumbers, write_interchange
from ml_connector_tests.edi import judging
from ml_connector_tests.edi.judging import AT, CHANGE, ORDER, OURS, trading_partner, written
from ml_connector_tests.edi.odd import BODIES
from ml_connector_tests.edi.samples import group_ends, read, sets

VERSIONS = ["004010", "005010"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("set_type", sorted(BODIES))
def test_the_bots_grammars_accept_what_we_write(set_type: str, version: str) -> None:
    from edi_parser.api import validate_edi  # type: ignore[import-untyped]

    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    told = validate_edi(written(judging.document(set_type), version), "x12", "x12")
    assert told["valid"], told["errors"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("set_type", ["850", "855", "856", "860", "865", "810", "820", "997"])
def test_mock_edi_accepts_what_we_write(set_type: str, version: str) -> None:
    with trading_partner() as mock:
        answer = mock.post("/_mock/validate", written(judging.plain(set_type), version).decode())
        assert answer.status == 200
        assert answer.body["clean"], answer.body["messages"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("set_type", ["850", "855", "860", "865", "810", "997"])
def test_x12_doctor_finds_nothing_in_what_we_write(set_type: str, version: str) -> None:
    import x12doctor

    found = x12doctor.diagnose(written(judging.plain(set_type), version).decode()).findings
    assert [str(finding) for finding in found if str(finding.severity) == "error"] == []


def test_the_judges_do_judge() -> None:
    """Each of them refuses a damaged order: their silence above means something."""
    import x12doctor
    from edi_parser.api import validate_edi

    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    damaged = written(ORDER).replace(b"*0001~\nBEG*00*SA*", b"*0001~\nBEG*00*SAXX*").replace(b"*EA*", b"*EACH*")
    miscounted = written(ORDER).replace(b"SE*", b"SE*1")
    assert not validate_edi(damaged, "x12", "x12")["valid"]
    assert x12doctor.diagnose(miscounted.decode()).findings
    with trading_partner() as mock:
        assert not mock.post("/_mock/validate", damaged.decode()).body["clean"]


def _received(mock: Any) -> dict[str, tuple[ReceivedSet, bytes]]:
    """What the partner has sent, by set type."""
    found = {}
    for row in mock.mailbox("ACME"):
        data = row["payload"].encode("latin-1")
        [one] = sets(read(data))
        assert one.accepted, one.findings
        found[one.set_type] = (one, data)
    return found


def _acknowledged(mock: Any, data: bytes, control: int) -> None:
    """Our 997 for what came is accepted."""
    [end] = group_ends(read(data))
    assert end.acknowledgment is not None
    assert end.acknowledgment.code in {"A", "E"}
    answer = write_interchange(OURS, ControlNumbers(control, control), [end.acknowledgment], AT).data
    assert mock.send(answer.decode())["accepted"]


def test_an_order_is_answered_shipped_and_invoiced() -> None:
    """850 out; its 997, 855, 856 and 810 in; our 997s accepted."""
    with trading_partner() as mock:
        assert mock.send(written(ORDER, control=77).decode())["accepted"]
        mock.post("/_mock/advance?all")
        received = _received(mock)
        assert set(received) == {"997", "855", "856", "810"}
        answer = received["997"][0].document
        assert isinstance(answer, FunctionalAcknowledgment)
        assert (answer.functional_id, answer.group_control, answer.code) == ("PO", "77", "A")
        assert verdicts(answer, [("850", "0001")]) == {("850", "0001"): "A"}
        confirmed = received["855"][0].document
        assert isinstance(confirmed, OrderAcknowledgment)
        assert confirmed.number == ORDER.number
        assert sum(a.quantity or 0 for line in confirmed.lines for a in line.answers) == 100
        shipped = received["856"][0].document
        assert isinstance(shipped, ShipNotice)
        assert [(o.order_number, [str(i.quantity) for i in o.items]) for o in shipped.orders] == [
            (ORDER.number, ["100"])
        ]
        invoice = received["810"][0].document
        assert isinstance(invoice, Invoice)
        assert invoice.order_numbers == (ORDER.number,)
        assert [line.quantity for line in invoice.lines] == [100]
        for number, name in enumerate(("855", "856", "810"), start=101):
            _acknowledged(mock, received[name][1], number)
        assert mock.unacknowledged() == []


def test_a_change_is_answered() -> None:
    """860 out, 865 in."""
    with trading_partner(despatch_delay_ms=3_600_000, invoice_delay_ms=3_600_000) as mock:
        mock.send(written(ORDER, control=77).decode())
        assert mock.send(written(CHANGE, control=78).decode())["accepted"]
        received = _received(mock)
        changed = received["865"][0].document
        assert isinstance(changed, OrderAcknowledgment)
        assert changed.answers_change
        assert changed.number == ORDER.number
        assert [line.number for line in changed.lines] == ["1"]
        _acknowledged(mock, received["865"][1], 101)


def test_a_damaged_order_is_answered_with_its_place() -> None:
    """AK3 and AK4 name the segment, the element, the code and the value."""
    with trading_partner() as mock:
        mock.send(written(ORDER, control=77).replace(b"*EA*12.5", b"*EACH*12.5").decode())
        answers = [row["payload"] for row in mock.mailbox("ACME", "acknowledgment")]
        [received] = sets(read(answers[0].encode("latin-1")))
        answer = received.document
        assert isinstance(answer, FunctionalAcknowledgment)
        [told] = answer.sets
        assert told.code in {"E", "R"}
        [segment] = told.segments
        assert (segment.segment_id, segment.code) == ("PO1", "8")
        assert {(e.position, e.reference, e.code, e.value) for e in segment.elements} >= {(3, "355", "5", "EACH")}
        # and we say the same of it
        [end] = group_ends(read(written(ORDER, control=77).replace(b"*EA*12.5", b"*EACH*12.5")))
        assert end.acknowledgment is not None
        [ours] = end.acknowledgment.sets
        assert (ours.segments[0].segment_id, ours.segments[0].position) == (segment.segment_id, segment.position)
