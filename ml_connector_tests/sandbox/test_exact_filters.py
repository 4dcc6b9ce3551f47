"""$filter: parsing and evaluation agree with a plain evaluation of the same condition; nonsense is always a 400."""

import operator
import random
import string
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.sandbox.exact.wire.entities import ENTITIES
from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.exact.wire.filters import parse_filter, parse_literals
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import iso_wall
from ml_connector_tests.support.examples import some

FIELDS = ENTITIES["purchaseorder/PurchaseOrders"].fields
GUIDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(4)]
TEXTS = ["", "a", "A", "ab ", "it's", "ä", "a(b", "x and y"]

Row = dict[str, Any]
Condition = tuple[str, Callable[[Row], bool]]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}

rows = st.fixed_dictionaries(
    {
        "Supplier": st.sampled_from([None, *GUIDS]),
        "YourRef": st.sampled_from([None, *TEXTS]),
        "OrderNumber": st.one_of(st.none(), st.integers(-3, 3)),
        "AmountDC": st.one_of(st.none(), st.decimals(-2, 2, places=1)),
        "Modified": st.one_of(st.none(), st.integers(0, 5).map(lambda n: n * 1000)),
        "DropShipment": st.booleans(),
    }
)


def _leaf() -> st.SearchStrategy[Condition]:
    def text(value: str, word: str) -> Condition:
        quoted = value.replace("'", "''")
        wanted = value.rstrip()
        return (
            f"YourRef {word} '{quoted}'",
            lambda row: row["YourRef"] is not None and _COMPARE[word](row["YourRef"].rstrip(), wanted),
        )

    def number(value: int, word: str, suffix: str) -> Condition:
        return (
            f"OrderNumber {word} {value}{suffix}",
            lambda row: row["OrderNumber"] is not None and _COMPARE[word](row["OrderNumber"], value),
        )

    def amount(value: Decimal, word: str) -> Condition:
        return (
            f"AmountDC {word} {value}",
            lambda row: row["AmountDC"] is not None and _COMPARE[word](row["AmountDC"], value),
        )

    def moment(value: int, word: str) -> Condition:
        return (
            f"Modified {word} datetime'{iso_wall(value)}'",
            lambda row: row["Modified"] is not None and _COMPARE[word](row["Modified"], value),
        )

    def supplier(value: str, word: str, blank: str) -> Condition:
        return (
            f"Supplier {word} guid{blank}'{value.upper()}'",
            lambda row: row["Supplier"] is not None and _COMPARE[word](row["Supplier"], value),
        )

    def null(name: str, word: str) -> Condition:
        return f"{name} {word} null", lambda row: (row[name] is None) is (word == "eq")

    words, equal = st.sampled_from(sorted(_COMPARE)), st.sampled_from(["eq", "ne"])
    return st.one_of(
        st.builds(text, st.sampled_from(TEXTS), words),
        st.builds(number, st.integers(-3, 3), words, st.sampled_from(["", "L"])),
        st.builds(amount, st.decimals(-2, 2, places=1), words),
        st.builds(moment, st.integers(0, 5).map(lambda n: n * 1000), words),
        st.builds(supplier, st.sampled_from(GUIDS), equal, st.sampled_from(["", " "])),
        st.builds(null, st.sampled_from(["YourRef", "Supplier", "OrderNumber"]), equal),
        st.just(("DropShipment eq true", lambda row: row["DropShipment"] is True)),
        st.builds(
            lambda part: (
                f"substringof('{part}',YourRef)",
                lambda row: row["YourRef"] is not None and part in row["YourRef"],
            ),
            st.sampled_from(["a", "b", "ä"]),
        ),
    )


def _both(left: Condition, right: Condition, word: str) -> Condition:
    combine = all if word == "and" else any
    return f"({left[0]}) {word} ({right[0]})", lambda row: combine((left[1](row), right[1](row)))


def _not(inner: Condition) -> Condition:
    return f"not ({inner[0]})", lambda row: not inner[1](row)


conditions = st.recursive(
    _leaf(),
    lambda inner: st.one_of(st.builds(_both, inner, inner, st.sampled_from(["and", "or"])), st.builds(_not, inner)),
    max_leaves=8,
)


def _table(contents: list[Row], *, change: bool) -> Table:
    """The rows in a table whose indexes already exist and whose rows were changed in place afterwards."""
    table = Table("PurchaseOrderID")
    for name in ("Supplier", "YourRef", "OrderNumber"):
        table.equal(name, None)
    for at, row in enumerate(contents):
        kept = {**row, "PurchaseOrderID": f"{at:04d}"}
        if change:
            changed = {**contents[-1 - at], "PurchaseOrderID": f"{at:04d}"}
            table.put(changed)
            changed.update(kept)
            table.put(changed)
        else:
            table.put(kept)
    return table


@given(st.lists(rows, max_size=12), conditions, st.booleans())
@settings(max_examples=some(400), deadline=None)
def test_a_filter_finds_what_a_plain_evaluation_finds(contents: list[Row], condition: Condition, change: bool) -> None:
    text, expected = condition
    table = _table(contents, change=change)
    test = parse_filter(text, FIELDS)
    keys = test.hint(table)
    found = [key for key, row in table.rows.items() if (keys is None or key in keys) and test.holds(row)]
    assert found == [key for key, row in table.rows.items() if expected(row)]


@given(st.lists(rows, min_size=2, max_size=8), conditions, st.randoms(use_true_random=False))
@settings(max_examples=some(100), deadline=None)
def test_indexes_follow_removals(contents: list[Row], condition: Condition, rng: random.Random) -> None:
    text, expected = condition
    table = _table(contents, change=True)
    for key in rng.sample(sorted(table.rows), k=len(contents) // 2):
        table.remove(key)
    keys = parse_filter(text, FIELDS).hint(table)
    for key, row in table.rows.items():
        if expected(row) and keys is not None:
            assert key in keys
    assert keys is None or keys <= set(table.rows)


_words = st.sampled_from(
    ["YourRef", "eq", "and", "or", "not", "(", ")", "'x'", "5", "guid'x'", "null", ",", "trim", "Supplier", "/"]
)


@given(st.one_of(st.text(max_size=40), st.lists(_words, max_size=12).map(" ".join)))
@settings(max_examples=some(500), deadline=None)
def test_anything_else_is_refused_as_a_client_error(text: str) -> None:
    status = 200
    try:
        parse_filter(text, FIELDS).holds(dict.fromkeys(FIELDS))
    except ApiError as error:
        status = error.status
    assert status in {200, 400}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("YourRef eq Description", "query syntax"),  # a field against a field
        ("PurchaseOrderLines eq null", "query syntax"),  # navigation
        ("PurchaseOrderLines/ID eq guid'" + GUIDS[0] + "'", "query syntax"),
        ("Nothing eq 1", "query syntax"),
        ("Supplier eq '" + GUIDS[0] + "'", "query syntax"),  # a string is no guid
        ("OrderNumber eq '5'", "query syntax"),
        ("Modified gt '2026-01-01'", "query syntax"),
        ("YourRef eq 5", "query syntax"),
        ("DropShipment eq 1", "query syntax"),
        ("OrderNumber gt null", "query syntax"),
        ("concat(YourRef,'x') eq 'x'", "System.Boolean"),
        ("trim(YourRef)", "System.Boolean"),
        ("YourRef", "System.Boolean"),
        ("(" * 200 + "OrderNumber eq 1" + ")" * 200, "query syntax"),
        ("not " * 200 + "OrderNumber eq 1", "query syntax"),
    ],
)
def test_what_exact_does_not_support_is_refused(text: str, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        parse_filter(text, FIELDS)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("trim(YourRef) eq 'abc'", True),
        ("YourRef eq 'abc'", False),  # blanks on the left count
        ("YourRef eq '  abc     '", True),  # those on the right do not
        ("indexof(YourRef,'b') ge 0", True),
        ("indexof(YourRef,'z') ge 0", False),
        ("substringof('bc',YourRef) eq true", True),
        ("startswith(YourRef,'  a')", True),
        ("endswith(YourRef,'bc')", True),
        ("tolower(YourRef) eq '  abc'", True),
        ("length(YourRef) gt 4", True),
        ("'  abc' eq YourRef", True),
        ("5 lt OrderNumber", True),
        ("OrderNumber eq 7 and (YourRef eq 'q' or not (OrderNumber eq 8))", True),
    ],
)
def test_functions_padding_and_turned_comparisons(text: str, holds: bool) -> None:
    row = {"YourRef": "  abc", "OrderNumber": 7}
    assert parse_filter(text, FIELDS).holds(row) is holds


@given(st.lists(st.text(alphabet=string.ascii_letters + "' ,", max_size=8), min_size=1, max_size=4))
def test_literals_of_a_key_or_skiptoken_come_back(values: list[str]) -> None:
    text = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    assert parse_literals(text) == values
