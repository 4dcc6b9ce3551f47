"""Files: grown, cut off, repeated, answered; what is read is never lost, and nothing of it is read twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.inbound import parsing
from ml_connector.ledger.tables.documents import file, interchange, remote_file
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.hostile.interchanges import Envelope, Invoice

INBOX = "/NORTHWIND/inbox"


def deliver(stage: Scene, data: bytes, name: str = "a.edi", *, box: str = "NORTHWIND") -> Any:
    cleo = stage.sandbox.cleo
    return stage.sandbox.call(lambda: cleo.deliver(cleo.inbox(box), name, data))


def grow(stage: Scene, delivered: Any, data: bytes) -> None:
    """The same file in the folder now holds this."""

    def change() -> None:
        from ml_connector.sandbox.cleo.files import Bytes

        delivered.content = Bytes(data)
        delivered.modified = stage.sandbox.clock.now()

    stage.sandbox.call(change)


def files_of(stage: Scene) -> list[str]:
    with stage.deployment.ledger.read() as tx:
        return list(tx.execute(sa.select(file.c.state).where(file.c.direction == "in").order_by(file.c.id)).scalars())


def rows_of(stage: Scene, table: Any) -> list[Any]:
    with stage.deployment.ledger.read() as tx:
        return list(tx.execute(table.select()))


def states(stage: Scene, flow: str = "invoices_in") -> list[tuple[str, str | None]]:
    return sorted((str(row.state), row.reason) for row in stage.documents(flow))


def in_folder(stage: Scene) -> list[str]:
    cleo = stage.sandbox.cleo
    return sorted(one.name for one in stage.sandbox.call(lambda: list(cleo.inbox("NORTHWIND").files)))


def an_invoice(stage: Scene, number: str = "A-1", **envelope: Any) -> bytes:
    (order,) = stage.orders(1)
    return Invoice(number, order, envelope=Envelope(**envelope)).bytes()


def with_setting(stage: Scene, **settings: Any) -> None:
    partner = stage.integration.partners["northwind"].model_copy(update=settings)
    stage.integration.partners["northwind"] = partner  # type: ignore[index]


@pytest.fixture
def removing(tmp_path: Path, fresh_url: str) -> Any:
    changes = {"connections": {"cleo_prod": {"after_read": "delete"}}}
    with scene(tmp_path / "home", ledger_url=fresh_url, changes=changes) as made:
        yield made


def test_a_file_cut_off_and_touched_again_is_still_read(removing: Scene) -> None:
    """The same half again under a new time: neither forgotten as a repeat nor taken away."""
    stage = removing
    data = an_invoice(stage)
    delivered = deliver(stage, data[:300])
    stage.inbound()
    assert files_of(stage) == ["incomplete"]
    stage.sandbox.clock.move(60)
    grow(stage, delivered, data[:300])
    stage.inbound()
    assert in_folder(stage) == ["a.edi"]
    grow(stage, delivered, data)
    stage.sandbox.clock.move(60)
    stage.inbound()
    assert states(stage) == [("posted", None)]
    assert in_folder(stage) == []


def test_half_a_file_under_two_names_is_not_taken_away_before_it_is_whole(removing: Scene) -> None:
    stage = removing
    data = an_invoice(stage)
    deliver(stage, data[:300], "one.edi")
    second = deliver(stage, data[:300], "two.edi")
    stage.inbound()
    assert in_folder(stage) == ["one.edi", "two.edi"]
    grow(stage, second, data)
    stage.sandbox.clock.move(60)
    stage.inbound()
    assert states(stage) == [("posted", None)]


def test_a_repeated_file_goes_once_the_first_is_read(removing: Scene) -> None:
    stage = removing
    data = an_invoice(stage)
    deliver(stage, data, "one.edi")
    deliver(stage, data, "two.edi")
    stage.inbound()
    assert sorted(files_of(stage)) == ["parsed", "repeated"]
    assert in_folder(stage) == []
    assert states(stage) == [("posted", None)]


def test_a_file_that_came_whole_after_it_was_given_up_is_read_and_asks_no_more(stage: Scene) -> None:
    data = an_invoice(stage)
    delivered = deliver(stage, data[:-20])
    stage.inbound()
    stage.sandbox.clock.move(11 * 60)
    stage.inbound()
    assert states(stage) == [("quarantined", "incomplete_file")]
    grow(stage, delivered, data)
    stage.sandbox.clock.move(60)
    stage.inbound()
    assert states(stage) == [("discarded", "read_after_all"), ("posted", None)]


def test_an_empty_file_is_waited_for_before_it_is_reported(stage: Scene) -> None:
    data = an_invoice(stage)
    delivered = deliver(stage, b"")
    stage.inbound()
    assert stage.documents() == []
    grow(stage, delivered, data)
    stage.sandbox.clock.move(60)
    stage.inbound()
    assert states(stage) == [("posted", None)]
    assert [row for row in stage.documents() if row.flow == "unreadable"] == []
    deliver(stage, b"", "nothing.edi")
    stage.inbound()
    stage.sandbox.clock.move(11 * 60)
    stage.inbound()
    assert states(stage, "unreadable") == [("quarantined", "not_x12")]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)


def big(stage: Scene, count: int = 5, bad: int | None = None) -> bytes:
    orders = stage.orders(count)
    sets = []
    for number, order in enumerate(orders, 1):
        made = Invoice(f"B-{number}", order, set_control=f"{number:04d}")
        sets.append(made.with_(date="nodate").segments() if number == bad else made.segments())
    return Envelope().wrapped(sets)


def test_a_large_file_that_grows_while_it_is_read_in_parts_is_read_whole(stage: Scene, small_steps: None) -> None:
    data = big(stage)
    delivered = deliver(stage, data[: int(len(data) * 0.7)])
    stage.inbound()
    assert files_of(stage) == ["incomplete"]
    grow(stage, delivered, data)
    stage.sandbox.clock.move(60)
    stage.inbound()
    posted = [row.number for row in stage.documents("invoices_in") if row.state is S.POSTED]
    assert sorted(posted) == [f"B-{n}" for n in range(1, 6)]


def test_a_large_file_is_rejected_whole_where_the_partner_wants_it_so(stage: Scene, small_steps: None) -> None:
    with_setting(stage, bad_part="whole")
    deliver(stage, big(stage, bad=5))
    stage.inbound()
    assert {state for state, _ in states(stage)} == {"rejected"}
    assert stage.posted() == []


def test_whole_rejects_the_good_sets_of_a_small_file_too_and_split_does_not(stage: Scene) -> None:
    with_setting(stage, bad_part="whole")
    deliver(stage, big(stage, count=2, bad=2), "whole.edi")
    stage.inbound()
    assert states(stage) == [("rejected", "bad_value")] * 2
    with_setting(stage, bad_part="split")
    orders = stage.orders(2)
    sets = [Invoice("C-1", orders[0]).segments(), Invoice("C-2", orders[1], set_control="0002", date="x").segments()]
    deliver(stage, Envelope().wrapped(sets), "split.edi")
    stage.inbound()
    assert states(stage).count(("posted", None)) == 1


def test_two_workers_parsing_the_same_file_make_one_document(stage: Scene) -> None:
    deliver(stage, an_invoice(stage, usage="T"))
    from ml_connector.flows.core import stored_files
    from ml_connector.flows.inbound import receiving
    from ml_connector.ledger.exchange import files as stored

    receiving.receive(stage.integration, stage.work)
    with stage.deployment.ledger.read() as tx:
        (row,) = stored.in_state(tx, stage.integration.name, "in", ("stored",))
    for _ in range(2):
        batch = parsing._Batch(stage.integration, stage.work, StepReport("parse"))
        for opened in stored_files.opened(stage.integration, [row]):
            parsing._parse_file(batch, *opened)
        parsing._commit(batch)
    assert states(stage) == [("quarantined", "test_on_production")]
    assert len(stage.documents("acknowledgments_out")) == 1


def test_text_after_an_interchange_is_held_where_a_person_sees_it(stage: Scene) -> None:
    deliver(stage, an_invoice(stage) + b"\r\nIT1*1*5*EA*3~TDS*1500~")
    stage.inbound()
    assert states(stage) == [("posted", None)]
    assert states(stage, "unreadable") == [("quarantined", "not_x12")]


def test_line_ends_after_an_interchange_are_no_text(stage: Scene) -> None:
    deliver(stage, an_invoice(stage) + b"\r\n\r\n")
    stage.inbound()
    assert states(stage, "unreadable") == []


@pytest.mark.parametrize("usage", ["P", "T"])
def test_a_ta1_that_was_asked_for_is_sent(stage: Scene, usage: str) -> None:
    data = an_invoice(stage, usage=usage, isa_control="000000077")
    deliver(stage, data.replace(b"*0*" + usage.encode() + b"*>", b"*1*" + usage.encode() + b"*>"))
    stage.inbound()
    partner = stage.world.partners["NORTHWIND"]
    answers = [one for taken in stage.world.consumer.taken for i in taken.interchanges for one in i.acknowledgments]
    assert [(a[1], a[4], a[5]) for a in answers] == [("000000077", "A", "000")]
    assert partner is not None
    kinds = sorted((str(row.kind), str(row.state)) for row in stage.documents("acknowledgments_out"))
    assert kinds == [("functional_acknowledgment", "sent"), ("interchange_acknowledgment", "sent")]


def test_a_repeated_control_number_is_refused_by_the_ta1_that_was_asked_for(stage: Scene) -> None:
    asked: Callable[[bytes], bytes] = lambda data: data.replace(b"*0*P*>", b"*1*P*>")  # noqa: E731
    deliver(stage, asked(an_invoice(stage, "A-1", isa_control="000000077")), "one.edi")
    stage.inbound()
    deliver(stage, asked(an_invoice(stage, "A-2", isa_control="000000077")), "two.edi")
    stage.inbound()
    answers = [one for taken in stage.world.consumer.taken for i in taken.interchanges for one in i.acknowledgments]
    assert [(a[4], a[5]) for a in answers] == [("A", "000"), ("R", "025")]


@pytest.mark.parametrize(("days", "state"), [(9, "quarantined"), (11, "posted")])
def test_a_control_number_may_come_again_after_its_window(stage: Scene, days: int, state: str) -> None:
    """edi-operations 5: a window of days, so that 999999999 may be followed by 1."""
    with_setting(stage, control_number_days=10)
    deliver(stage, an_invoice(stage, "A-1", isa_control="000000077"), "one.edi")
    stage.inbound()
    stage.sandbox.clock.move(days * 86_400)
    second = an_invoice(stage, "A-2", isa_control="000000077")
    deliver(stage, second, "two.edi")
    stage.inbound()
    assert [str(row.state) for row in stage.documents("invoices_in")] == ["posted", state]


@pytest.mark.parametrize(("code", "state"), [("A", "sent"), ("E", "sent"), ("R", "refused")])
def test_a_ta1_that_came_settles_what_it_answers(stage: Scene, code: str, state: str) -> None:
    from ml_connector.sandbox.faults import Fault, FaultKind

    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"})
    stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    assert order.state is S.UNKNOWN_OUTCOME
    (sent,) = [row for row in rows_of(stage, interchange) if row.direction == "out"]
    note = "000" if code == "A" else "024"
    isa = Envelope().wrapped([]).split(b"~")[0]
    control = isa.split(b"*")[13].decode()
    ta1 = f"~TA1*{sent.control_number}*{sent.created_at:%y%m%d}*0900*{code}*{note}~IEA*0*{control}~"
    deliver(stage, isa + ta1.encode())
    stage.inbound()
    (order,) = stage.documents("orders_out")
    assert str(order.state) == state
    assert [str(row.state) for row in stage.documents("acknowledgments_in")] == ["applied"]
    from ml_connector.ledger.audit.verify import verify

    assert verify(stage.deployment.ledger).clean


@pytest.mark.parametrize("answered", ["functional_acknowledgment", "interchange_acknowledgment"])
def test_a_ta1_that_refuses_our_answers_changes_nothing_of_them(stage: Scene, answered: str) -> None:
    """An answer is never answered: a partner who refuses one all the same must not stop the flow."""
    deliver(stage, an_invoice(stage).replace(b"*0*P*>", b"*1*P*>"))
    stage.inbound()
    (ours,) = [row for row in stage.documents("acknowledgments_out") if str(row.kind) == answered]
    (sent,) = [row for row in rows_of(stage, interchange) if row.id == ours.interchange_id]
    isa = Envelope(isa_control="000000099").wrapped([]).split(b"~")[0]
    deliver(
        stage,
        isa + f"~TA1*{sent.control_number}*{sent.created_at:%y%m%d}*0900*R*025~IEA*0*000000099~".encode(),
        "ta1.edi",
    )
    stage.inbound()
    assert [str(row.state) for row in stage.documents("acknowledgments_out")] == ["sent", "sent"]
    assert [str(row.state) for row in stage.documents("acknowledgments_in")] == ["applied"]


def test_accepted_sets_are_left_out_of_the_997_where_the_partner_wants_it_so(stage: Scene) -> None:
    rules = stage.integration.partners["northwind"].acknowledgments.model_copy(update={"list_accepted_sets": False})
    with_setting(stage, acknowledgments=rules)
    deliver(stage, an_invoice(stage))
    stage.inbound()
    (answer,) = stage.documents("acknowledgments_out")
    assert '"sets":' not in answer.canonical


def test_an_interchange_in_another_partners_folder_waits(stage: Scene) -> None:
    deliver(stage, an_invoice(stage), box="ACME")
    stage.inbound()
    assert states(stage) == [("quarantined", "unknown_partner")]
    assert stage.posted() == []


def test_a_dry_run_leaves_the_ledger_as_it_is(stage: Scene) -> None:
    deliver(stage, an_invoice(stage))
    report = stage.inbound(dry_run=True)["receive"]
    assert report.counts["would_fetch"] == 1
    assert rows_of(stage, remote_file) == []
    stage.inbound()
    assert stage.inbound(dry_run=True)["receive"].counts["would_fetch"] == 0


def test_partners_that_restart_their_control_numbers_can_be_let(stage: Scene) -> None:
    with_setting(stage, control_numbers="ignored")
    for number in ("A-1", "A-2"):
        deliver(stage, an_invoice(stage, number, isa_control="000000001"), f"{number}.edi")
        stage.inbound()
    assert states(stage) == [("posted", None)] * 2
