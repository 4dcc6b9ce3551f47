"""What a 997 says of each set, in every combination of codes, against an oracle of its own; and through the flow."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, SetAnswer
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.acknowledgments_in.acknowledged_sets import SentSet, decide
from ml_connector.ledger.names import naming
from ml_connector.ledger.tables.documents import envelope_group, interchange
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows import answer_oracle
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.hostile.interchanges import Envelope, acknowledgment

CODES = st.sampled_from(["A", "E", "P", "R", "M", "W", "X", "", "Q", "a", "r"])
CONTROLS = ("0001", "0002", "0003")


@given(
    sent=st.integers(1, 3),
    group=CODES,
    named=st.dictionaries(st.sampled_from([*CONTROLS, "0009"]), CODES, max_size=3),
    counted=st.integers(0, 3),
)
def test_no_set_is_acknowledged_that_is_not_plainly_accepted(
    sent: int, group: str, named: dict[str, str], counted: int
) -> None:
    controls = CONTROLS[:sent]
    answer = FunctionalAcknowledgment(
        functional_id="PO",
        group_control="1",
        code=group,
        sets_accepted=counted,
        sets=tuple(SetAnswer(set_type="850", control_number=key, code=code) for key, code in named.items()),
    )
    right = answer_oracle.sets_decided(group.upper(), {key: code.upper() for key, code in named.items()}, controls)
    sets = [SentSet(position, "850", control) for position, control in enumerate(controls)]
    if right is None:
        with pytest.raises(NeedsCorrection) as held:
            decide(answer, sets)
        assert held.value.reason is Reason.ANSWER_NOT_DECIDED
    else:
        assert {controls[key]: one.accepted for key, one in decide(answer, sets).items()} == right


def test_a_set_that_is_named_twice_is_what_the_worse_says() -> None:
    for codes in (("A", "R"), ("R", "A")):
        sets = tuple(SetAnswer(set_type="850", control_number="1", code=code) for code in codes)
        answer = FunctionalAcknowledgment(functional_id="PO", group_control="1", code="P", sets=sets)
        assert not decide(answer, [SentSet(7, "850", "0001")])[7].accepted


@pytest.fixture
def sent(tmp_path: Path) -> Any:
    """An order that is sent and not answered: group 1, set 0001."""
    with scene(tmp_path / "home") as stage:
        stage.world.behave("NORTHWIND", SILENT)
        stage.orders(1, received=False)
        stage.outbound()
        yield stage


def answered(stage: Scene, *segments: str) -> tuple[S, str | None, S]:
    """State and reason of the 997, and the order's state."""
    deliver(stage, acknowledgment(segments), f"{len(stage.documents('acknowledgments_in'))}.edi")
    stage.inbound()
    answer = max(stage.documents("acknowledgments_in"), key=lambda row: row.id)
    (order,) = stage.documents("orders_out")
    return answer.state, answer.reason, order.state


HELD = (S.QUARANTINED, "answer_not_decided", S.SENT)


@pytest.mark.parametrize(
    ("row", "segments", "right"),
    [
        ("B06 R of the group", ("AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*R*1*1*0*5"), (S.APPLIED, None, S.REFUSED)),
        ("B06 R of the set", ("AK1*PO*1", "AK2*850*0001", "AK5*R", "AK9*A*1*1*1"), (S.APPLIED, None, S.REFUSED)),
        ("B06 W of the group", ("AK1*PO*1", "AK2*850*0001", "AK5*E", "AK9*W*1*1*0"), (S.APPLIED, None, S.REFUSED)),
        ("B03 P without AK2", ("AK1*PO*1", "AK9*P*1*1*0"), HELD),
        ("B03 P and all accepted", ("AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*P*1*1*1"), HELD),
        ("B03 another set", ("AK1*PO*1", "AK2*850*0002", "AK5*A", "AK9*A*1*1*1"), HELD),
        ("B03 another kind", ("AK1*PO*1", "AK2*860*0001", "AK5*A", "AK9*A*1*1*1"), HELD),
        ("B03 another group", ("AK1*PO*2", "AK9*A*1*1*1"), (S.QUARANTINED, "acknowledges_nothing_sent", S.SENT)),
        ("B03 another group kind", ("AK1*PC*1", "AK9*A*1*1*1"), (S.QUARANTINED, "acknowledges_nothing_sent", S.SENT)),
        ("B03 A without AK2", ("AK1*PO*1", "AK9*A*1*1*1"), (S.APPLIED, None, S.ACKNOWLEDGED)),
        ("B03 E without AK2", ("AK1*PO*1", "AK9*E*1*1*1"), (S.APPLIED, None, S.ACKNOWLEDGED)),
        ("B03 R without AK2", ("AK1*PO*1", "AK9*R*1*1*0"), (S.APPLIED, None, S.REFUSED)),
    ],
)
def test_the_worse_counts_and_what_is_not_decided_acknowledges_nothing(
    sent: Scene, row: str, segments: tuple[str, ...], right: tuple[S, str | None, S]
) -> None:
    assert answered(sent, *segments) == right, row
    (order,) = sent.documents("orders_out")
    if row in ("B06 R of the group", "B06 R of the set"):
        assert "the worse counts" in (order.reason_detail or {})["message"]


def ta1(stage: Scene, code: str, note: str = "000", days: int = 0) -> tuple[S, str | None, S]:
    """days: how long before it was sent it says that the interchange is."""
    with stage.deployment.ledger.read() as tx:
        sent = (one for one in tx.execute(interchange.select()) if one.direction == "out")
        one = max(sent, key=lambda row: row.created_at)
    control, day = one.control_number, one.created_at - timedelta(days=days)
    data = Envelope().wrapped([]).decode()
    head, rest = data.split("~", 1)
    text = f"{head}~TA1*{control}*{day:%y%m%d}*0900*{code}*{note}~IEA*0*{rest.rsplit('*', 1)[1]}"
    deliver(stage, text.encode(), f"ta1{code}.edi")
    stage.inbound()
    answer = max(stage.documents("acknowledgments_in"), key=lambda row: row.id)
    (order,) = stage.documents("orders_out")
    return answer.state, answer.reason, order.state


def test_a_ta1_that_refuses_what_was_acknowledged_is_a_question(sent: Scene) -> None:
    assert ta1(sent, "A") == (S.APPLIED, None, S.SENT), "it says nothing of the sets"
    assert answered(sent, "AK1*PO*1", "AK9*A*1*1*1")[2] is S.ACKNOWLEDGED
    assert ta1(sent, "R", "025") == (S.QUARANTINED, "answer_not_decided", S.ACKNOWLEDGED)


def test_a_ta1_that_refuses_what_came_before_is_a_question(sent: Scene) -> None:
    """The first copy may be there: nothing is taken for refused, and leaves again as an order."""
    assert ta1(sent, "R", "025") == (S.QUARANTINED, "answer_not_decided", S.SENT)


def test_a_ta1_that_refuses_refuses(sent: Scene) -> None:
    assert ta1(sent, "R", "022") == (S.APPLIED, None, S.REFUSED)


def test_a_ta1_of_another_day_answers_an_interchange_that_was_numbered_so_before(sent: Scene) -> None:
    """As of another program that we took over from, or from before the numbers came round."""
    assert ta1(sent, "R", "022", days=30) == (S.QUARANTINED, "acknowledges_nothing_sent", S.SENT)
    assert ta1(sent, "R", "022", days=1) == (S.APPLIED, None, S.REFUSED), "a day may be another one there"


def test_a_ta1_answers_the_interchange_of_its_day_under_whatever_name_that_was_sent(sent: Scene) -> None:
    """It left under a name that the partner had once; another of that number, of long before, under today's."""
    integration = sent.integration
    with sent.deployment.ledger.write() as tx:
        (there,) = (one for one in tx.execute(interchange.select()) if one.direction == "out")
        (today,) = (one for one in naming.counterparties(tx, integration.books) if one.name == there.partner)
        naming.note_counterparties(tx, integration.books, [replace(today, name="NORTHWIND_ONCE")])
        before = {name: value for name, value in there._mapping.items() if name != "id"}
        before |= {"position": 1, "created_at": there.created_at - timedelta(days=300)}
        tx.execute(interchange.insert().values(**before))
        tx.execute(interchange.update().where(interchange.c.id == there.id).values(partner="NORTHWIND_ONCE"))
    assert ta1(sent, "R", "022") == (S.APPLIED, None, S.REFUSED)


def test_an_acceptance_of_what_was_refused_is_a_question_until_somebody_says_that_it_counts(sent: Scene) -> None:
    assert answered(sent, "AK1*PO*1", "AK9*R*1*1*0")[2] is S.REFUSED
    assert answered(sent, "AK1*PO*1", "AK9*A*1*1*1") == (S.QUARANTINED, "answer_not_decided", S.REFUSED)
    with sent.deployment.ledger.read() as tx:
        assert [one.answer for one in tx.execute(envelope_group.select()) if one.direction == "out"] == ["R"]
    sent.inbound(replay=True)
    assert [row.state for row in sent.documents("acknowledgments_in")] == [S.APPLIED, S.APPLIED]
    assert [row.state for row in sent.documents("orders_out")] == [S.ACKNOWLEDGED]


def test_a_refusal_of_what_was_accepted_refuses(sent: Scene) -> None:
    assert answered(sent, "AK1*PO*1", "AK9*A*1*1*1")[2] is S.ACKNOWLEDGED
    assert answered(sent, "AK1*PO*1", "AK9*R*1*1*0") == (S.APPLIED, None, S.REFUSED)


def test_what_is_held_leaves_no_answer_at_the_group(sent: Scene) -> None:
    answered(sent, "AK1*PO*1", "AK9*P*1*1*0")
    with sent.deployment.ledger.read() as tx:
        assert [one.answer for one in tx.execute(envelope_group.select()) if one.direction == "out"] == [None]
