"""Nothing that a client sends makes the stand-in answer otherwise than Acumatica does: a status with its own body."""

import contextlib
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.sandbox.acumatica.wire.contract import Field, contract
from ml_connector.sandbox.acumatica.wire.errors import ApiError
from ml_connector.sandbox.acumatica.wire.filters import Filter
from ml_connector.sandbox.acumatica.wire.record import record
from ml_connector.sandbox.acumatica.wire.values import parse, render
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench
from ml_connector_tests.support.examples import some

ENTITIES = contract("24.200.001")
ACCOUNT = ENTITIES["Account"].shape
ZONE = ZoneInfo("Europe/Athens")
WORDS = [
    "AccountCD",
    "eq",
    "and",
    "or",
    "(",
    ")",
    "'x'",
    "10M",
    "null",
    "true",
    "substringof",
    ",",
    "Active",
    "cf.",
    "'",
]

GOOD: list[Any] = [
    *["V000017", "V000018", "C000042", "WIDGET1", "CONSULT", "61000", "000-000", "EA", "MAIN", "Normal", "2026-01-31"],
    2,
]
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just({})
VALUES |= st.sampled_from(GOOD) | st.sampled_from(GOOD)
WRAPPED = st.fixed_dictionaries({"value": VALUES}) | VALUES


def lines(entity: str) -> st.SearchStrategy[list[Any]]:
    names = sorted(ENTITIES[entity].shape.details["Details"].fields)
    line = st.dictionaries(st.sampled_from([*names, "id", "delete"]), WRAPPED, max_size=6)
    return st.lists(line, max_size=3)


def bodies(entity: str) -> st.SearchStrategy[dict[str, Any]]:
    shape = ENTITIES[entity].shape
    names = sorted([*shape.fields, *shape.linked, *shape.details, "id", "custom", "note", "Colour"])
    free = st.dictionaries(st.sampled_from(names), WRAPPED, max_size=8)
    party = {"Vendor": "V000017", "VendorID": "V000017", "CustomerID": "C000042", "Customer": "C000042"}
    good = {name: {"value": code} for name, code in party.items() if name in shape.fields}
    started = st.sampled_from([good, {}])
    return st.builds(lambda first, head, inside: {**first, **head, "Details": inside}, started, free, lines(entity))


@settings(max_examples=some(40), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("entity", ["Bill", "PurchaseOrder", "PurchaseReceipt", "SalesOrder", "Invoice"])
def test_whatever_stands_in_a_body_is_answered_as_acumatica_answers(
    acumatica: AcumaticaBench, entity: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(entity))
    raw = json.dumps(body)
    answer = acumatica.call("PUT", f"{entity}?$expand=Details", content=raw.encode())
    assert answer.status_code in {200, 400, 422, 500}, answer.text
    assert answer.headers["content-type"] == "application/json", (raw, answer.text)
    assert answer.json(), raw


@settings(max_examples=some(200), deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=40))
def test_a_filter_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ApiError):
        assert Filter(text, ACCOUNT, ZONE).test(record(AccountCD="x", Active=True)) in {True, False}


@settings(max_examples=some(100), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_quoted_text_is_found_whatever_it_holds(text: str) -> None:
    quoted = text.replace("'", "''")
    row = record(AccountCD=text)
    assert Filter(f"AccountCD eq '{quoted}'", ACCOUNT, ZONE).test(row)
    assert not Filter(f"AccountCD eq '{quoted}x'", ACCOUNT, ZONE).test(row)


def test_a_filter_of_endless_brackets_is_refused(acumatica: AcumaticaBench) -> None:
    answer = acumatica.call("GET", "Account", params={"$filter": "(" * 5000 + "Active" + ")" * 5000})
    assert answer.status_code == 500
    assert answer.json()["exceptionType"]


@settings(deadline=None)
@given(st.dates())
def test_a_day_comes_back_as_the_ten_characters_that_were_written(day: Any) -> None:
    field = Field("Date", "DateTime")
    for text in (day.isoformat(), f"{day.isoformat()}T00:00:00+09:00", f"{day.month}/{day.day}/{day.year:04d}"):
        assert render(parse(field, text), ZONE)[:10] == day.isoformat()


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_every_entity_can_be_listed_and_shows_its_schema(acumatica: AcumaticaBench, entity: str) -> None:
    for path in (entity, f"{entity}/$adHocSchema"):
        answer = acumatica.call("GET", path, params={"$top": "2"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "Bill/ReleaseBill"),
        ("POST", "Bill/ReleaseBill/status/x"),
        ("DELETE", "Bill/NONE"),
        ("PATCH", "Bill"),
        ("PUT", "Bill/NONE"),
        ("PUT", "files/a/b/c/d"),
        ("GET", "Bill/a/b/c/d/e"),
        ("GET", "Bill/ReleaseBill/status/nothing"),
        ("GET", "CompaniesStructure/x"),
        ("DELETE", "CompaniesStructure/x"),
        ("POST", "CompaniesStructure/x"),
    ],
)
def test_odd_calls_have_an_answer(acumatica: AcumaticaBench, method: str, path: str) -> None:
    answer = acumatica.call(method, path, content=b"{}" if method != "GET" else None)
    assert answer.status_code in {200, 404, 405, 406, 422, 500}
    assert answer.headers["content-type"] == "application/json", answer.text
