"""Whatever Acumatica (or something in its place) answers: a clear error of ours, nothing written twice or lost, and no
secret in what is told. The next honest answer is taken.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.errors import (
    AuthorizationNeeded,
    CallLimitReached,
    ConnectorError,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.flows.core.ports import SALES_ORDER_CHANGES, StoredOperation, target_of
from ml_connector.sandbox.acumatica.options import PASSWORD, SECRET
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, acumatica_bench
from ml_connector_tests.systems.acumatica.bench import Bench, Parts, fresh, parts_on
from ml_connector_tests.systems.acumatica.changes import change_of
from ml_connector_tests.systems.acumatica.test_sales import plan, sales_order_of

SOMEBODY = "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"
Case = tuple[dict[str, Any], type[ConnectorError], str]


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AcumaticaBench, Parts]]:
    folder = tmp_path_factory.mktemp("hostile")
    with acumatica_bench(folder) as site, parts_on(site.sandbox, folder) as parts:
        yield site, parts


@pytest.fixture
def bench(_running: tuple[AcumaticaBench, Parts], tmp_path: Path) -> Iterator[Bench]:
    site, parts = _running
    with fresh(Bench(site, parts, tmp_path)) as made:
        yield made


def customer(**more: Any) -> str:
    values = {"CustomerID": {"value": "C9"}, "CustomerName": {"value": "Hostile"}, "Status": {"value": "Active"}}
    return json.dumps([{"id": SOMEBODY, **values, **more}])


def order(**more: Any) -> str:
    values = {"OrderType": {"value": "SO"}, "OrderNbr": {"value": "SO9"}, "Description": {"value": "x"}, "Details": []}
    return json.dumps({"id": SOMEBODY, **values, **more})


def thrown(text: str, kind: str = "PX.Data.PXException") -> str:
    return json.dumps({"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind})


def body(text: str) -> dict[str, Any]:
    return {"kind": FaultKind.STATUS, "status": 200, "body": text}


def status(code: int, text: str = "", **more: Any) -> dict[str, Any]:
    return {"kind": FaultKind.STATUS, "status": code, "body": text, **more}


#: id -> what comes instead of a list of customers, the error that it is, and words of its text: the place, the value
READS: dict[str, Case] = {
    "html with 200": ({"kind": FaultKind.HTML}, TryAgain, "200 and an HTML page instead of JSON"),
    "html as json": (body("<!doctype html><html>"), TryAgain, "not readable as JSON"),
    "empty": (body(""), TryAgain, "with no list"),
    "null": (body("null"), TryAgain, "with no list"),
    "a number": (body("42"), TryAgain, "with no list"),
    "a text": (body('"rows"'), TryAgain, "with no list"),
    "a record": (body(order()), TryAgain, "with no list"),
    "texts": (body('["a","b"]'), TryAgain, "with no list"),
    "lists": (body("[[]]"), TryAgain, "with no list"),
    "cut off": (body('[{"id":"'), TryAgain, "not readable as JSON"),
    "two values": (body("[][]"), TryAgain, "not readable as JSON"),
    "deep": (body("[" * 10_000), TryAgain, "nested deeper than 40 levels"),
    "NaN": (body('[{"CreditLimit":{"value":NaN}}]'), TryAgain, "NaN is not JSON"),
    "1e400": (body('[{"CreditLimit":{"value":1e400}}]'), TryAgain, "a number beyond all reason"),
    "no id": (body('[{"CustomerID":{"value":"C9"}}]'), TryAgain, "a record has no id"),
    "an id that is none": (body(customer(id="7")), TryAgain, "a record has no id"),
    "not wrapped": (body(customer(CustomerID="C9")), TryAgain, "the field CustomerID is not an object with a value"),
    "an object as value": (body(customer(CustomerID={"value": {"a": 1}})), TryAgain, "CustomerID holds no text"),
    "a list as value": (body(customer(CustomerName={"value": ["x"]})), TryAgain, "CustomerName holds no text"),
    "no key": (body(customer(CustomerID={})), TryAgain, "a record has no CustomerID"),
    "no moment": (body(customer(LastModifiedDateTime={"value": "yesterday"})), TryAgain, "LastModifiedDateTime"),
    "a text without end": (body(customer(CustomerName={"value": "x" * 2_000_000})), TryAgain, "2000000 characters"),
    "error on the record": (
        body(customer(error="It is broken.")),
        RefusedBySystem,
        "error in the record: It is broken",
    ),
    "error in a field": (
        body(customer(Status={"value": "A", "error": "hidden"})),
        RefusedBySystem,
        "in Status: hidden",
    ),
    "a page with 500": (status(500, f"<html>{PASSWORD}</html>"), TryAgain, "500: not readable as JSON"),
    "no reason with 500": (
        status(500, thrown("Error: An error occurred.")),
        TryAgain,
        "500: Error: An error occurred.",
    ),
    "no rights": (
        status(403, '{"message":"You have insufficient rights"}'),
        AuthorizationNeeded,
        "insufficient rights",
    ),
    "no such version": (status(404, '{"message":"not found"}'), RefusedBySystem, "404: not found"),
    "to somewhere else": (status(302), TryAgain, "answered with 302"),
    "a teapot": (status(418, "teapot"), RefusedBySystem, "answered with 418"),
    "too many": (status(429), CallLimitReached, "429 (too many calls)"),
    "logged out for ever": (status(401), TryAgain, "401: an empty body"),
    "another tenant": (
        status(500, thrown("Tenant X is not there.", "PX.Data.PXUndefinedCompanyException")),
        AuthorizationNeeded,
        "Tenant X is not there",
    ),
}


def told(error: ConnectorError, place: str, bench: Bench) -> None:
    """Place and remedy stand in it, a secret does not."""
    assert error.message.startswith(f"{bench.name}: ")
    assert place in error.message
    assert error.remedy
    everything = f"{error} {error.data!r} {error.__cause__!r}"
    assert [one for one in (PASSWORD, SECRET, "Bearer ") if one in everything] == []


@pytest.mark.parametrize("name", sorted(READS))
def test_a_list_that_is_none_is_told_and_the_next_one_is_taken(bench: Bench, name: str) -> None:
    fault, expected, words = READS[name]
    erp = bench.erp()
    bench.fault(**fault, method="GET", path="*/Customer", count=None)
    with pytest.raises(ConnectorError) as raised:
        erp.reference["customers"].read(None)
    assert type(raised.value) is expected
    assert words in raised.value.message
    told(raised.value, "Customer" if "record of" not in raised.value.message else "customers", bench)
    bench.sandbox.faults.clear()
    bench.parts.clock.sleep(700)
    codes = {one.code for one in erp.reference["customers"].read(None).rows}  # type: ignore[attr-defined]  # customers
    assert "C000042" in codes
    assert "C9" not in codes


AFTER = FaultKind.ERROR_AFTER


def after(text: str) -> dict[str, Any]:
    """The record is saved, and answered with this."""
    return {"kind": AFTER, "status": 200, "body": text}


UNREADABLE, FOREIGN = "not readable as JSON", "a record that does not carry our key"
#: id -> what answers a write, the error that it is, its words, and whether the record is there all the same
WRITES: dict[str, tuple[dict[str, Any], type[ConnectorError], str, bool]] = {
    "html": ({"kind": FaultKind.HTML}, OutcomeUnknown, "an HTML page", False),
    "html as json": (after("<!doctype html>"), OutcomeUnknown, UNREADABLE, True),
    "empty": (after(""), OutcomeUnknown, "without a record", True),
    "null": (after("null"), OutcomeUnknown, "without a record", True),
    "a list": (after("[]"), OutcomeUnknown, "without a record", True),
    "a number": (after("7"), OutcomeUnknown, "without a record", True),
    "cut off": (after('{"id":"'), OutcomeUnknown, UNREADABLE, True),
    "two records": (after("{}{}"), OutcomeUnknown, UNREADABLE, True),
    "deep": (after('{"a":' * 5000), OutcomeUnknown, "nested deeper", True),
    "NaN": (after('{"OrderTotal":{"value":NaN}}'), OutcomeUnknown, "NaN is not JSON", True),
    "no id": (after("{}"), OutcomeUnknown, "without a readable record", True),
    "somebody else's": (after(order()), OutcomeUnknown, FOREIGN, True),
    "not wrapped": (after(order(OrderNbr="SO9")), OutcomeUnknown, FOREIGN, True),
    "error in 200": (after(order(error="It raised an error.")), OutcomeUnknown, FOREIGN, True),
    "lines are text": (after(order(Details="x")), OutcomeUnknown, FOREIGN, True),
    "half of it": ({"kind": FaultKind.HALF_WRITTEN}, OutcomeUnknown, "no answer came", True),
    "reset": ({"kind": FaultKind.RESET_AFTER}, OutcomeUnknown, "no answer came", True),
    "refused": (
        status(422, order(CustomerID={"value": "C9", "error": "Customer 'C9' cannot be found in the system."})),
        RefusedBySystem,
        "CustomerID: Customer 'C9' cannot be found",
        False,
    ),
    "refused without words": (status(422, "[1]"), RefusedBySystem, "was refused", False),
    "precondition": (status(412), RefusedBySystem, "answered with 412", False),
    "not acceptable": (status(406, '{"message":"no"}'), RefusedBySystem, "406: no", False),
    "its status": (status(500, thrown("Document Status is invalid.")), RefusedBySystem, "Status is invalid", False),
    "the database": (
        status(500, thrown("Timeout expired.", "System.Data.SqlClient.SqlException")),
        OutcomeUnknown,
        "Timeout expired",
        False,
    ),
    "rolled back": (
        status(500, thrown("Another process has updated it.", "PX.Data.PXLockViolationException")),
        TryAgain,
        "Another process",
        False,
    ),
    "no rights": (status(403, '{"message":"insufficient rights"}'), AuthorizationNeeded, "insufficient rights", False),
    "too many": (status(429, retry_after="7"), CallLimitReached, "too many calls", False),
    "not set up": (
        status(500, thrown("The data is not entered.", "PX.Data.PXSetupNotEnteredException")),
        RefusedBySystem,
        "is not entered",
        False,
    ),
}


@pytest.mark.parametrize("name", sorted(WRITES))
def test_an_order_whose_answer_is_none_is_found_or_was_never_written(bench: Bench, name: str) -> None:
    fault, expected, words, there = WRITES[name]
    erp = bench.erp()
    wanted = sales_order_of()
    operation = bench.store(erp, plan(erp, wanted, f"mlc-{sorted(WRITES).index(name):020d}")[0])
    erp.branches()
    bench.fault(**fault, method="PUT", path="*/SalesOrder")
    with pytest.raises(ConnectorError) as raised:
        erp.write(operation)
    assert type(raised.value) is expected
    assert words in raised.value.message
    told(raised.value, "PUT SalesOrder", bench)
    if isinstance(raised.value, RefusedBySystem):
        assert raised.value.reason is Reason.REFUSED_BY_SYSTEM
    bench.sandbox.faults.clear()
    assert len(bench.rows("SalesOrder", CustomerOrder=wanted.customer_order)) == there
    assert (set(erp.find_written([operation])) == {operation.id}) == there


@pytest.mark.parametrize("name", sorted(set(WRITES) - {"refused without words", "error in 200", "lines are text"}))
def test_a_change_whose_answer_is_none_stands_or_was_never_written(bench: Bench, name: str) -> None:
    """Of a change only what stands afterwards counts: a reply that says nothing readable is not asked for more."""
    fault, expected, words, there = WRITES[name]
    erp, operation, number = changing(bench)
    bench.fault(**fault, method="PUT", path="*/SalesOrder")
    try:
        erp.write(operation)
    except ConnectorError as error:
        assert type(error) is expected or words in {FOREIGN, "without a readable record"}  # noqa: PT017
        told(error, "SalesOrder", bench)
    else:
        assert there
    bench.sandbox.faults.clear()
    assert lines(bench, number) == ["OLIVEOIL1L", "NAPKINS"][: 2 if there else 1]
    assert (set(erp.find_written([operation])) == {operation.id}) == there
    if not there:
        erp.write(dataclasses.replace(operation, attempts=2))
    assert lines(bench, number) == ["OLIVEOIL1L", "NAPKINS"]
    erp.write(dataclasses.replace(operation, attempts=3))
    assert lines(bench, number) == ["OLIVEOIL1L", "NAPKINS"], "however often"


def lines(bench: Bench, number: str) -> list[str]:
    (row,) = bench.rows("SalesOrder", CustomerOrder=number)
    return [line.text("InventoryID") for line in row.details()]


def changing(bench: Bench) -> tuple[AcumaticaErp, StoredOperation, str]:
    """A change that adds a line to an order that is there."""
    erp = bench.erp()
    before = sales_order_of()
    written = erp.write(bench.store(erp, plan(erp, before, "mlc-99999999999999999999")[0]))
    change = change_of(before, written.outside_id)
    operation = bench.store(erp, target_of(erp, SALES_ORDER_CHANGES).plan(change, "")[0])
    return erp, operation, before.customer_order


def test_pages_that_come_again_and_again_end_with_a_word(bench: Bench) -> None:
    """A site that takes no notice of the range: the same full page, whatever is asked for."""
    one, two = (json.loads(customer(id=SOMEBODY[:-1] + end, CustomerID={"value": f"C{end}"}))[0] for end in "12")
    erp = bench.erp(page_size=2)
    bench.fault(FaultKind.STATUS, method="GET", path="*/Customer", status=200, body=json.dumps([one, two]), count=None)
    with pytest.raises(TryAgain, match="Customer") as raised:
        erp.reference["customers"].read(None)
    told(raised.value, "customers", bench)


def test_rows_that_move_between_pages_come_once(bench: Bench) -> None:
    bench.options.moving_rows = True
    found = [one.code for one in bench.erp(page_size=2).reference["customers"].read(None).rows]  # type: ignore[attr-defined]
    assert sorted(found) == sorted(set(found))
    assert "C000042" in found


@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        (status(400, '{"error":"invalid_grant","error_description":"invalid_username_or_password"}'), None, "password"),
        (status(400, '{"error":"invalid_client"}'), None, "invalid_client"),
        ({"kind": FaultKind.HTML}, TryAgain, ""),
        (body("null"), TryAgain, ""),
        (body('{"access_token":7}'), TryAgain, ""),
        (status(500, thrown("API Login Limit")), TryAgain, "no seat is free"),
        (status(429, "The number of concurrent API logins was exceeded."), TryAgain, "no seat is free"),
        (status(503), TryAgain, ""),
    ],
)
def test_a_log_in_that_goes_wrong_tells_whose_turn_it_is_and_no_secret(
    bench: Bench, fault: dict[str, Any], expected: type[ConnectorError] | None, words: str
) -> None:
    erp = bench.erp()
    bench.fault(**fault, method="POST", path="*/identity/connect/token", count=None)
    with pytest.raises(ConnectorError) as raised:
        erp.reference["customers"].read(None)
    assert isinstance(raised.value, expected or AuthorizationNeeded)
    assert words in raised.value.message
    told(raised.value, "", bench)
    assert "code" not in raised.value.data


def test_a_value_that_is_dropped_is_compared_and_nothing_is_left(bench: Bench) -> None:
    """A screen keeps its own value without a word: the record is taken away again, and the field is named."""
    erp = bench.erp()
    bench.options.price_list_wins = True
    wanted = sales_order_of(currency="EUR")
    with pytest.raises(RefusedBySystem, match="CurrencyID is USD, EUR was sent") as raised:
        erp.write(bench.store(erp, plan(erp, wanted, "mlc-77777777777777777777")[0]))
    told(raised.value, "CurrencyID", bench)
    assert bench.rows("SalesOrder", CustomerOrder=wanted.customer_order) == []
