"""Several documents in one request: each its own outcome, once; and what a posted document costs in requests."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from ml_connector.documents.erp_postings import Bill
from ml_connector.errors import ConnectorError, LeaseLost, OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import BILLS, Identity, StoredOperation, Written, target_of
from ml_connector.proof import proven_by
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct import user
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.wire import together, xml
from ml_connector.systems.sage_intacct.wire.request import Call
from ml_connector.systems.sage_intacct.wire.together import Asked, Together
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import account_line, bill_of, lines_of, order_of, plan


@pytest.fixture(autouse=True)
def _all_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of a busy machine start late."""
    monkeypatch.setattr(together, "GATHER_SECONDS", 2.0)


def write(erp: IntacctErp, operations: Sequence[StoredOperation]) -> list[Written | ConnectorError]:
    def one(operation: StoredOperation) -> Written | ConnectorError:
        try:
            return erp.write(operation)
        except ConnectorError as error:
            return error

    with ThreadPoolExecutor(len(operations)) as pool:
        return list(pool.map(one, operations))


def operations_of(bench: Bench, erp: IntacctErp, bills: Sequence[Bill]) -> list[StoredOperation]:
    return [bench.store(erp, planned) for bill in bills for planned in plan(erp, bill)]


def test_several_documents_go_in_one_request_and_one_that_is_refused_harms_none(bench: Bench) -> None:
    erp = bench.erp(documents_per_request=5)
    assert erp.traits.concurrency == 5
    bills = [bill_of(account_line()) for _ in range(4)]
    wrong = bill_of(account_line(account="99999"))
    operations = operations_of(bench, erp, [*bills[:2], wrong, *bills[2:]])
    before = erp.gateway.calls
    found = write(erp, operations)
    assert erp.gateway.calls == before + 1
    assert [type(one) for one in found] == [Written, Written, RefusedBySystem, Written, Written]
    for bill, written in zip(bills, [one for one in found if isinstance(one, Written)], strict=True):
        (row,) = bench.rows("APBILL", RECORDID=bill.number)
        assert str(row.number) == written.outside_id
    assert "99999" in str(found[2])


def test_one_that_is_malformed_does_not_keep_the_others_from_being_written(bench: Bench) -> None:
    """It has the whole request refused: each is sent by itself then."""
    erp = bench.erp(documents_per_request=3)
    bills = [bill_of(account_line()) for _ in range(2)]
    first, second = operations_of(bench, erp, bills)
    bad = bench.store(erp, plan(erp, bill_of(account_line()))[0])
    bad = replace(bad, payload=bad.payload.replace("<create>", "<create_bill>").replace("</create>", "</create_bill>"))
    found = write(erp, [first, bad, second])
    assert [type(one) for one in found] == [Written, RefusedBySystem, Written]


def test_of_a_lost_answer_all_are_unknown_and_each_is_found_or_sent_again_once(bench: Bench) -> None:
    erp = bench.erp(documents_per_request=3)
    bills = [bill_of(account_line()) for _ in range(3)]
    operations = operations_of(bench, erp, bills)
    erp.find_written(operations)
    bench.fault(FaultKind.RESET_AFTER)
    assert {type(one) for one in write(erp, operations)} == {OutcomeUnknown}
    assert set(erp.find_written(operations)) == {one.id for one in operations}
    again = write(erp, operations)
    assert all(isinstance(one, Written) for one in again)
    assert [len(bench.rows("APBILL", RECORDID=bill.number)) for bill in bills] == [1, 1, 1]


def test_both_ids_of_a_request_may_count(bench: Bench) -> None:
    bench.options.unique_on = "both"
    erp = bench.erp(documents_per_request=2)
    bills = [bill_of(account_line()) for _ in range(2)]
    operations = operations_of(bench, erp, bills)
    assert all(isinstance(one, Written) for one in write(erp, operations))
    assert all(isinstance(one, Written) for one in write(erp, operations[:1]))
    assert [len(bench.rows("APBILL", RECORDID=bill.number)) for bill in bills] == [1, 1]


def asked(name: str) -> Asked:
    return Asked(Call(name, xml.built("create", [])), name)


def test_whoever_is_not_safely_the_owner_any_more_is_not_sent() -> None:
    sent: list[str] = []

    def send(group: Sequence[Asked]) -> list[Any]:
        sent.extend(one.what for one in group)
        return [OutcomeUnknown(one.what) for one in group]

    def lost() -> None:
        raise LeaseLost("paused")

    def one(name: str) -> ConnectorError:
        with proven_by(lost if name == "b" else lambda: None):
            found = gathered.do(asked(name))
        assert isinstance(found, ConnectorError)
        return found

    gathered = Together(send, 3)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(one, "abc"))
    assert sorted(sent) == ["a", "c"]
    assert [type(error) for error in found] == [OutcomeUnknown, LeaseLost, OutcomeUnknown]


def test_whoever_leads_and_is_interrupted_leaves_nobody_waiting() -> None:
    def send(_: Sequence[Asked]) -> list[Any]:
        raise RuntimeError("a defect")

    gathered = Together(send, 1)
    with pytest.raises(RuntimeError):
        gathered.do(asked("a"))


# ---------------------------------------------------------------- what it costs


def posted(bench: Bench, erp: IntacctErp, bills: Sequence[Bill]) -> float:
    """Requests a document: looked for, planned and written, in one batch as flows do it."""
    before = erp.gateway.calls
    target = target_of(erp, BILLS)
    assert list(target.existing([Identity(bill.vendor_id, bill.number) for bill in bills])) == []
    operations = operations_of(bench, erp, bills)
    found = write(erp, operations) if erp.traits.concurrency > 1 else [erp.write(one) for one in operations]
    assert all(isinstance(one, Written) for one in found)
    return (erp.gateway.calls - before) / len(bills)


def test_a_posted_invoice_costs_about_one_request(bench: Bench) -> None:
    """Half of them with orders; what is read before is shared by the batch."""
    erp = bench.erp()
    orders = [order_of(bench, erp, lines=1) for _ in range(50)]
    for order in orders:
        bench.sandbox.call(user.receive, bench.state, order.id)
    bills = [bill_of(*lines_of(order)) for order in orders] + [bill_of(account_line()) for _ in orders]
    assert posted(bench, erp, bills) <= 1.10


def test_at_25_documents_a_request_an_invoice_costs_a_fraction_of_one(bench: Bench) -> None:
    erp = bench.erp(documents_per_request=25)
    erp.places.check(["110"], "warm")
    assert posted(bench, erp, [bill_of(account_line()) for _ in range(150)]) <= 0.06
