"""Acknowledgments of orders through the flow: the line they mean, the revision they answer, what they take back, and
what an application advice (824) says. The rows are those of the field index and of the issue.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import UNITS, Scene, scene, with_partners
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_orders_end_to_end import change
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.flows.test_write_back import in_exact, set_write_back
from ml_connector_tests.hostile.interchanges import Envelope
from ml_connector_tests.support.deployment import ROOT

FIELD = ROOT.parent / "shared" / "field" / "x12"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    """Write-back is on, and the partner says nothing by itself."""
    with scene(tmp_path / "home") as made:
        made.world.behave("NORTHWIND", SILENT)
        set_write_back(made)
        yield made


def ordered(stage: Scene) -> dict[str, Any]:
    (order,) = stage.orders(1, received=False)
    stage.outbound()
    return dict(order)


def po1(line: Mapping[str, Any], *acks: str, number: str | None = None, **said: Any) -> list[str]:
    """PO1 of an ordered line, with what is said otherwise, and its ACKs."""
    facts = {"quantity": line["quantity"], "price": line["price"], "items": f"VP*{line['supplier_item']}", **said}
    first = f"PO1*{line['number'] if number is None else number}*{facts['quantity']}*{UNITS[line['unit']]}"
    items = f"*{facts['items']}" if facts["items"] else ""
    return [f"{first}*{facts['price']}*PE{items}", *acks]


def iq(line: Mapping[str, Any], quantity: object, code: str = "IQ", rest: str = "") -> str:
    return f"ACK*{code}*{quantity}*{UNITS[line['unit']]}{rest}"


def receive(stage: Scene, segments: Sequence[str], kind: str = "855", group: str = "PR") -> DocumentRow:
    """What became of an acknowledgment of these segments."""
    body = [f"ST*{kind}*0001", *segments]
    data = Envelope(functional_id=group).wrapped([[*body, f"SE*{len(body) + 1}*0001"]])
    deliver(stage, data, f"{kind}-{len(stage.documents('acknowledgments_in'))}.edi")
    stage.inbound()
    return max(stage.documents("acknowledgments_in"), key=lambda row: row.id)


def bak(order: Mapping[str, Any], kind: str = "AC", purpose: str = "00", day: str = "20261121") -> str:
    return f"BAK*{purpose}*{kind}*{order['number']}*20261121****S-1*{day}"


def work(row: DocumentRow) -> dict[str, Any]:
    return dict(json.loads(row.work or "{}"))


def verdicts(row: DocumentRow) -> dict[str, str]:
    return {one["line"]: one["verdict"] for one in work(row)["lines"]}


def told(row: DocumentRow) -> str:
    return str((row.reason_detail or {}).get("message", ""))


# A.4: the item decides which line is meant


def test_the_suppliers_own_numbering_changes_no_other_line(stage: Scene) -> None:
    order = ordered(stage)
    before = in_exact(stage, order)
    second = order["lines"][1]
    row = receive(stage, [bak(order), *po1(second, iq(second, 3), number="1")])
    assert (row.state, row.reason) == (S.QUARANTINED, "order_line_contradicted")
    assert in_exact(stage, order) == before


def test_by_setting_the_item_alone_decides(stage: Scene) -> None:
    order = ordered(stage)
    before = in_exact(stage, order)
    partners = dict(stage.integration.partners)
    partners["northwind"] = partners["northwind"].model_copy(update={"line_numbers": "theirs"})
    stage.integration = with_partners(stage.integration, partners)
    second = order["lines"][1]
    row = receive(stage, [bak(order), *po1(second, iq(second, 3), number="1")])
    assert row.state is S.APPLIED
    assert in_exact(stage, order) == [before[0], Decimal(3), *before[2:]]


def test_the_number_decides_where_no_item_is_named(stage: Scene) -> None:
    order = ordered(stage)
    before = in_exact(stage, order)
    second = order["lines"][1]
    receive(stage, [bak(order), *po1(second, iq(second, 3), items="")])
    assert in_exact(stage, order) == [before[0], Decimal(3), *before[2:]]


def test_an_item_that_was_not_ordered_is_told_and_takes_no_line(stage: Scene) -> None:
    order = ordered(stage)
    before = in_exact(stage, order)
    first = order["lines"][0]
    row = receive(stage, [bak(order), *po1(first, iq(first, 3), items="VP*NO-SUCH-ITEM")])
    assert (row.state, row.reason) == (S.APPLIED, "order_changed")
    assert set(verdicts(row).values()) == {"unanswered", "changed"}
    assert "not on the order" in (row.work or "")
    assert in_exact(stage, order) == before


# A.5: which revision is answered


def changed_order(stage: Scene) -> dict[str, Any]:
    """An order with a first line of 10, changed to 12 by an 860 that left."""
    (order,) = stage.orders(1, received=False)
    change(stage, order, quantity=Decimal(10))
    stage.outbound()
    stage.sandbox.clock.move(30)
    change(stage, order, quantity=Decimal(12))
    stage.outbound()
    assert [row.revision for row in stage.documents("orders_out")] == [0, 1] or len(stage.documents("orders_out")) == 2
    return dict(order)


def test_a_late_answer_to_the_order_does_not_undo_its_change(stage: Scene) -> None:
    order = changed_order(stage)
    first = order["lines"][0]
    row = receive(stage, [bak(order), *po1(first, iq(first, 8), quantity=10)])
    assert in_exact(stage, order)[0] == 12
    assert (row.reason, work(row)["revision"]) == ("order_changed", 0)
    assert "answers revision 0" in told(row)
    assert "nothing is written" in told(row)


def test_an_answer_that_repeats_the_new_quantity_is_of_the_change(stage: Scene) -> None:
    order = changed_order(stage)
    first = order["lines"][0]
    row = receive(stage, [bak(order), *po1(first, iq(first, 8), quantity=12)])
    assert in_exact(stage, order)[0] == 8
    assert work(row)["revision"] == 1


@pytest.mark.parametrize(("parts", "revision"), [((("IA", 12),), 1), ((("IA", 7), ("IB", 5)), 1), ((("IA", 10),), 0)])
def test_what_its_parts_come_to_tells_the_revision(
    stage: Scene, parts: tuple[tuple[str, int], ...], revision: int
) -> None:
    """A line that repeats no quantity: the parts that are taken, later or refused are together what was ordered."""
    order = changed_order(stage)
    first = order["lines"][0]
    acks = [iq(first, quantity, status) for status, quantity in parts]
    row = receive(stage, [bak(order), *po1(first, *acks, quantity="")])
    assert work(row)["revision"] == revision
    assert "it may answer" not in told(row)


def test_an_answer_that_tells_nothing_of_what_it_answers_writes_nothing(stage: Scene) -> None:
    order = changed_order(stage)
    first = order["lines"][0]
    receive(stage, [bak(order), *po1(first, iq(first, 8), quantity="")])
    assert in_exact(stage, order)[0] == 12
    change_of = ["BCA*04*AC*{}**7*20261121".format(order["number"])]
    poc = f"POC*1*QD*12*12*{UNITS[first['unit']]}*{first['price']}*PE*VP*{first['supplier_item']}"
    row = receive(stage, [*change_of, poc, iq(first, 8)], "865", "CA")
    assert in_exact(stage, order)[0] == 12
    assert "change 7" in told(row)


def test_an_865_that_names_the_change_is_of_it(stage: Scene) -> None:
    order = changed_order(stage)
    first = order["lines"][0]
    poc = f"POC*1*QD*12*12*{UNITS[first['unit']]}*{first['price']}*PE*VP*{first['supplier_item']}"
    row = receive(stage, [f"BCA*04*AC*{order['number']}**1*20261121", poc, iq(first, 8)], "865", "CA")
    assert in_exact(stage, order)[0] == 8
    assert set(verdicts(row)) == {"1"}, "it answers the lines of the change"


def test_a_date_of_an_older_revision_is_not_written(stage: Scene) -> None:
    order = changed_order(stage)
    first = order["lines"][0]
    wanted = stage_dates(stage, order)
    receive(stage, [bak(order), *po1(first, iq(first, 10, "DR", "*067*20270115"), quantity=10)])
    assert stage_dates(stage, order) == wanted


def stage_dates(stage: Scene, order: dict[str, Any]) -> list[int]:
    from ml_connector_tests.flows.test_write_back import lines

    return [line["ReceiptDate"] for line in lines(stage, order)]


def test_an_answer_of_an_earlier_day_does_not_undo_a_newer_one(stage: Scene) -> None:
    order = ordered(stage)
    first = order["lines"][0]
    receive(stage, [bak(order, day="20261123"), *po1(first, iq(first, 4))])
    assert in_exact(stage, order)[0] == 4
    row = receive(stage, [bak(order, day="20261122"), *po1(first, iq(first, 3))])
    assert in_exact(stage, order)[0] == 4
    assert "came before it" in told(row)


# A07, and other purposes


def test_a_cancelled_acknowledgment_is_taken_back_and_may_be_given_anew(stage: Scene) -> None:
    order = ordered(stage)
    first = order["lines"][0]
    answer = [bak(order), *po1(first, iq(first, 4))]
    given = receive(stage, answer)
    assert in_exact(stage, order)[0] == 4
    row = receive(stage, [bak(order, purpose="01"), *po1(first, iq(first, 2))])
    assert in_exact(stage, order)[0] == 4, "nothing is written"
    assert (row.state, row.reason) == (S.APPLIED, "order_taken_back")
    assert f"takes back answer {given.id}" in told(row)
    assert "4" in told(row), "what was written is told"
    (before,) = [one for one in stage.documents("acknowledgments_in") if one.id == given.id]
    assert (before.reason, work(before)["ended_by"]) == (None, row.id)
    again = receive(stage, answer)
    assert again.state is S.APPLIED, "the same answer again is a new one"


def test_an_acknowledgment_of_our_cancellation_is_none_that_takes_back(stage: Scene) -> None:
    from ml_connector.sandbox.exact import user

    order = ordered(stage)
    stage.sandbox.call(user.cancel, stage.sandbox.exact, int(order["number"]))
    stage.outbound()
    row = receive(stage, [bak(order, "AT", "01")])
    assert (row.state, row.reason, work(row)["result"]) == (S.APPLIED, None, "accepted")


@pytest.mark.parametrize("purpose", ["22", "14", "18", "CN"])
def test_a_purpose_that_no_list_has_is_asked(stage: Scene, purpose: str) -> None:
    order = ordered(stage)
    before = in_exact(stage, order)
    row = receive(stage, [bak(order, purpose=purpose), *po1(order["lines"][0], iq(order["lines"][0], 2))])
    assert row.state in {S.QUARANTINED, S.REJECTED}
    assert in_exact(stage, order) == before


def test_a_duplicate_that_repeats_nothing_is_asked(stage: Scene) -> None:
    order = ordered(stage)
    first = order["lines"][0]
    row = receive(stage, [bak(order, purpose="07"), *po1(first, iq(first, 2))])
    assert (row.state, row.reason) == (S.QUARANTINED, "answer_not_decided")
    receive(stage, [bak(order), *po1(first, iq(first, 2))])
    stage.inbound(replay=True, documents=(row.id,))
    (row,) = [one for one in stage.documents("acknowledgments_in") if one.id == row.id]
    assert (row.state, row.reason) == (S.APPLIED, None)


def test_a_replacement_ends_the_answer_before_it(stage: Scene) -> None:
    order = ordered(stage)
    first = order["lines"][0]
    refused = receive(stage, [bak(order), *po1(first, iq(first, first["quantity"], "IR"))])
    assert refused.reason == "order_changed"
    accepted = [segment for line in order["lines"] for segment in po1(line, iq(line, line["quantity"], "IA"))]
    row = receive(stage, [bak(order, purpose="05"), *accepted])
    assert (row.reason, work(row)["result"]) == (None, "accepted")
    (before,) = [one for one in stage.documents("acknowledgments_in") if one.id == refused.id]
    assert before.reason is None


# A06: lines that are left out


def test_lines_left_out_are_named_until_a_later_answer_speaks_of_them(stage: Scene) -> None:
    order = ordered(stage)
    first, *others = order["lines"]
    part = receive(stage, [bak(order), *po1(first, iq(first, first["quantity"], "IA"))])
    assert (part.reason, set(verdicts(part).values())) == ("order_partly_answered", {"accepted", "unanswered"})
    assert all(line["number"] in told(part) for line in others)
    rest = [segment for line in others for segment in po1(line, iq(line, line["quantity"], "IA"))]
    row = receive(stage, [bak(order), *rest])
    assert row.reason is None
    (part,) = [one for one in stage.documents("acknowledgments_in") if one.id == part.id]
    assert part.reason is None


@pytest.mark.parametrize(("kind", "others"), [("AE", "accepted"), ("RF", "refused"), ("AK", "accepted")])
def test_the_other_lines_stand_as_the_code_says(stage: Scene, kind: str, others: str) -> None:
    order = ordered(stage)
    first = order["lines"][0]
    row = receive(stage, [bak(order, kind), *po1(first, iq(first, first["quantity"], "IR"))])
    assert verdicts(row) == {line["number"]: others for line in order["lines"]} | {"1": "refused"}
    assert work(row)["result"] == ("refused" if others == "refused" else "changed")


def test_silence_is_consent_by_setting(stage: Scene) -> None:
    order = ordered(stage)
    partners = dict(stage.integration.partners)
    rules = partners["northwind"].order_answers.model_copy(update={"silence_is_consent": True})
    partners["northwind"] = partners["northwind"].model_copy(update={"order_answers": rules})
    stage.integration = with_partners(stage.integration, partners)
    first = order["lines"][0]
    row = receive(stage, [bak(order), *po1(first, iq(first, first["quantity"], "IA"))])
    assert (row.reason, work(row)["result"]) == (None, "accepted")


def test_a_code_may_be_said_to_stand_for_another(stage: Scene) -> None:
    order = ordered(stage)
    partners = dict(stage.integration.partners)
    rules = partners["northwind"].order_answers.model_copy(update={"codes": {"BAK02": {"ZZ": "AT"}}})
    partners["northwind"] = partners["northwind"].model_copy(update={"order_answers": rules})
    row = receive(stage, [bak(order, "ZZ")])
    if row.state is S.QUARANTINED:
        assert row.reason == "answer_not_decided"
        stage.integration = with_partners(stage.integration, partners)
        stage.inbound(replay=True, documents=(row.id,))
        (row,) = [one for one in stage.documents("acknowledgments_in") if one.id == row.id]
        assert work(row)["result"] == "accepted"


# A.2: application advice


def advice(stage: Scene, *items: str, purpose: str = "00") -> DocumentRow:
    return receive(stage, [f"BGN*{purpose}*ADV-{len(stage.documents())}*20261121", *items], "824", "AG")


def the_order(stage: Scene) -> DocumentRow:
    return max(stage.documents("orders_out"), key=lambda row: row.id)


@pytest.mark.parametrize(
    "oti",
    ["OTI*TR*PO*{number}", "OTI*TR*TN*X*****1*0001*850", "OTI*TR*PO*{number}*****1*0001*850", "OTI*GR*ZZ*X*****1"],
)
def test_an_824_that_refuses_reaches_the_order_with_its_text(stage: Scene, oti: str) -> None:
    order = ordered(stage)
    oti = oti.format(number=order["number"])
    row = advice(stage, oti, "TED*024*PRICE IS NOT THE CONTRACT PRICE*PO1**4*212*14.75", "NTE*ERN*CALL JANE")
    sent = the_order(stage)
    assert (row.state, sent.state, sent.reason) == (S.APPLIED, S.REFUSED, "refused_by_partner"), row.reason_detail
    assert "PRICE IS NOT THE CONTRACT PRICE" in told(sent)
    assert "CALL JANE" in str(sent.reason_detail)
    deliver_997 = ["AK1*PO*1", "AK9*A*1*1*1"]
    receive(stage, deliver_997, "997", "FA")
    assert the_order(stage).state is S.REFUSED, "that its syntax was accepted does not undo it"


def test_an_824_that_accepts_with_changes_needs_a_person(stage: Scene) -> None:
    order = ordered(stage)
    row = advice(stage, f"OTI*TC*PO*{order['number']}", "TED*ZZZ*UNIT CHANGED TO CASE")
    assert (the_order(stage).state, row.reason) == (S.ACKNOWLEDGED, "order_advised")
    assert "UNIT CHANGED TO CASE" in told(row)


def test_an_824_that_accepts_and_names_an_error_needs_a_person(stage: Scene) -> None:
    order = ordered(stage)
    row = advice(stage, f"OTI*TA*po*{order['number']}", "TED*024*PRICE IS NOT THE CONTRACT PRICE")
    assert (the_order(stage).state, row.reason) == (S.ACKNOWLEDGED, "order_advised")
    assert "PRICE IS NOT THE CONTRACT PRICE" in told(row)


def test_an_824_that_refuses_an_item_does_not_refuse_the_order(stage: Scene) -> None:
    order = ordered(stage)
    row = advice(stage, f"OTI*IR*PO*{order['number']}", "TED*ZZZ*ITEM UNKNOWN")
    assert (the_order(stage).state, row.reason) == (S.SENT, "order_advised")


@pytest.mark.parametrize(
    ("oti", "reason"),
    [
        ("OTI*TA*PO*{number}*****9", "answer_not_decided"),
        ("OTI*TA*PO*99999999*****1*0001*850", "answer_not_decided"),
        ("OTI*TR*PO*99999999", "acknowledges_nothing_sent"),
        ("OTI*TR*IV*4711*****1*0001*810", "acknowledges_nothing_sent"),
        ("OTI*TR*PO*{number}*****1*0002*850", "answer_not_decided"),
    ],
)
def test_an_824_that_names_nothing_or_two_things_is_held(stage: Scene, oti: str, reason: str) -> None:
    order = ordered(stage)
    row = advice(stage, oti.format(number=order["number"]))
    assert (row.state, row.reason) == (S.QUARANTINED, reason)
    assert the_order(stage).state is S.SENT


def test_an_824_of_an_order_that_was_changed_says_which_by_its_set(stage: Scene) -> None:
    order = changed_order(stage)
    row = advice(stage, f"OTI*TR*PO*{order['number']}")
    assert (row.state, row.reason) == (S.QUARANTINED, "answer_not_decided")
    advice(stage, f"OTI*TR*PO*{order['number']}*******860")
    states = {row.revision: row.state for row in stage.documents("orders_out")}
    assert states == {0: S.SENT, 1: S.REFUSED}
