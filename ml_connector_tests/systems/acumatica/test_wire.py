"""Values, filters and pages at random: what is read is what was there, whatever order and form it comes in."""

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote_plus, urlencode
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.errors import OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.flows.core.ports import Identity
from ml_connector.systems.acumatica.access.wire import cookies_of
from ml_connector.systems.acumatica.posting import bills, receipts, sales_orders
from ml_connector.systems.acumatica.posting.comparing import differences
from ml_connector.systems.acumatica.posting.finding import Findable
from ml_connector.systems.acumatica.wire import values
from ml_connector.systems.acumatica.wire.answers import Meanings, NotOptimized, NotThere, SeatRefused
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.filters import chunks, equals, literal
from ml_connector.systems.acumatica.wire.paging import whole_list
from ml_connector.systems.our_keys import key_in, with_key, without_key
from ml_connector.transport.responses import ApiResponse

KEYS = st.text(st.sampled_from("ABCabc019-_ "), min_size=1, max_size=4).map(str.strip).filter(bool)


class Shuffled:
    """A list that a site gives in any order it likes, compared without regard to case as its database does."""

    def __init__(self, rows: list[dict[str, Any]], seed: int) -> None:
        self._rows = rows
        self._random = random.Random(seed)
        self.calls = 0

    def rows(self, entity: str, query: Query) -> list[dict[str, Any]]:
        del entity
        self.calls += 1
        found = [row for row in self._rows if all(self._fits(row, one) for one in query.filter.split(" and ") if one)]
        self._random.shuffle(found)
        return found[: query.top]

    @staticmethod
    def _fits(row: dict[str, Any], condition: str) -> bool:
        name, operator, quoted = condition.split(" ", 2)
        left, right = str(row[name]["value"]).casefold(), quoted[1:-1].replace("''", "'").casefold()
        return {"gt": left > right, "le": left <= right, "lt": left < right, "eq": left == right}[operator]


def listed(pairs: list[tuple[str, str]], seed: int, size: int, key: str | tuple[str, ...]) -> set[tuple[str, str]]:
    rows = [
        {"id": str(UUID(int=at)), "First": {"value": one}, "Second": {"value": two}}
        for at, (one, two) in enumerate(pairs)
    ]
    client = cast("AcumaticaClient", Shuffled(rows, seed))
    found = whole_list(client, "Thing", key, Query(), size=size)
    return {(values.text(row, "First"), values.text(row, "Second")) for row in found}


@settings(max_examples=150, deadline=None)
@given(st.lists(KEYS, unique_by=str.casefold, max_size=40), st.integers(0, 99), st.integers(2, 9))
def test_pages_bring_every_record_once_in_whatever_order(keys: list[str], seed: int, size: int) -> None:
    pairs = [(key, "") for key in keys]
    assert listed(pairs, seed, size, "First") == set(pairs)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "b", "C"]), KEYS),
        unique_by=lambda pair: (pair[0], pair[1].casefold()),
        max_size=40,
    ),
    st.integers(0, 99),
    st.integers(2, 9),
)
def test_pages_of_records_that_two_keys_tell_apart_too(pairs: list[tuple[str, str]], seed: int, size: int) -> None:
    assert listed(pairs, seed, size, ("First", "Second")) == set(pairs)


def test_records_that_nothing_tells_apart_are_no_endless_reading() -> None:
    with pytest.raises(WeAreWrong, match="more than 3 records of one First"):
        listed([("same", str(at)) for at in range(9)], 1, 3, "First")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_numbers_are_sent_and_read_exactly(number: Decimal) -> None:
    text = values.to_json(values.wrapped({"Qty": number}))
    assert "E" not in text
    row = json.loads(text, parse_float=Decimal)
    assert values.number(row, "Qty") == number
    as_text = {"Qty": {"value": str(number)}}
    assert values.number(as_text, "Qty") == number


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(["+03:00", "-11:00", "+00:00", "Z", ""]))
def test_a_day_is_the_day_that_is_written(on: date, offset: str) -> None:
    assert values.day({"Date": {"value": f"{on.isoformat()}T00:00:00{offset}"}}, "Date") == on


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_read_in_utc(at: datetime) -> None:
    assert values.moment({"LastModifiedDateTime": {"value": at.isoformat()}}, "LastModifiedDateTime") == at


@given(st.text(max_size=200), st.text(st.sampled_from("abcdef0123456789"), min_size=20, max_size=20))
def test_our_key_survives_any_text_before_it(text: str, digest: str) -> None:
    key = f"mlc-{digest}"
    written = with_key(text, key, 60)
    assert len(written) <= 60
    assert key_in(written) == key
    assert written.startswith(without_key(written))
    assert key not in without_key(written)


def test_a_mark_that_is_no_key_of_ours_stays_for_others_to_read() -> None:
    assert without_key("Leave at the dock [URGENT]") == "Leave at the dock [URGENT]"
    assert without_key("Order PO-1 [mlc-9953d274fe0969b346d4]") == "Order PO-1"


@given(st.text(max_size=30))
def test_a_text_in_a_filter_is_closed_where_it_ends(text: str) -> None:
    inner = literal(text)[1:-1]
    assert inner.replace("''", "").count("'") == 0
    assert inner.replace("''", "'") == text


@given(st.lists(st.text(min_size=1, max_size=80), max_size=60))
def test_conditions_are_grouped_without_loss(conditions: list[str]) -> None:
    groups = chunks(conditions, most=200)
    assert [one for group in groups for one in group] == conditions
    assert all(len(quote_plus(" or ".join(group))) <= 200 for group in groups if len(group) > 1)


@pytest.mark.parametrize("what", [bills.FINDABLE, receipts.FINDABLE, sales_orders.FINDABLE])
def test_look_ups_of_many_fit_into_addresses_and_leave_none_out(what: Findable) -> None:
    asked = [Identity(f"V{at % 7:06d}", f"NO 'Ü' {at:08d}") for at in range(300)]
    queries = list(what.queries(asked, bills.REPLY))
    assert all(len(urlencode(query.params())) <= 2048 for query in queries)
    told = " ".join(query.filter for query in queries)
    assert [one for one in asked if equals(what.reference, one.number) not in told] == []
    assert len(queries) < len(asked) / 10


@pytest.mark.parametrize("bad", ["12", 3, ["x"], True])
def test_a_field_that_is_not_wrapped_is_told(bad: Any) -> None:
    with pytest.raises(WeAreWrong, match="not an object with a value"):
        values.field({"Qty": bad}, "Qty")


@pytest.mark.parametrize(
    ("read", "bad"),
    [
        (values.number, "ten"), (values.number, {"a": 1}), (values.number, True), (values.number, "NaN"),
        (values.whole, 1.5), (values.whole, "1e30"), (values.day, "03/01/2025"), (values.day, "2025-13-01"),
        (values.moment, "yesterday"), (values.moment, 5), (values.text, ["x"]),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_told_with_its_field(read: Any, bad: Any) -> None:
    with pytest.raises(WeAreWrong, match="the field X"):
        read({"X": {"value": bad}}, "X")


def answer(status: int, body: Any = None, *, html: str = "", **headers: str) -> ApiResponse:
    if html:
        return ApiResponse(status, {"content-type": "text/html", **headers}, content=html.encode())
    content = b"" if body is None else json.dumps(body).encode()
    return ApiResponse(status, {"content-type": "application/json", **headers}, content=content)


def exception(text: str, kind: str = "PX.Data.PXException", **more: Any) -> dict[str, Any]:
    return {"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind, **more}


NO_ENTITY = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"
INNER = {"innerException": exception("'Vendor' cannot be found in the system.")}


@pytest.mark.parametrize(
    ("response", "read", "write"),
    [
        (answer(500, exception("No entity satisfies the condition.", NO_ENTITY)), NotThere, NotThere),
        (answer(500, exception("API Login Limit")), SeatRefused, SeatRefused),
        (answer(429, html="The number of concurrent API logins has been exceeded."), SeatRefused, SeatRefused),
        (answer(302, html="x", location="/Frames/Error.aspx?message=concurrent+API+logins"), SeatRefused, SeatRefused),
        (answer(302, html="x", location="/Frames/Login.aspx"), TryAgain, OutcomeUnknown),
        (answer(500, exception("Optimization cannot be performed. x")), NotOptimized, NotOptimized),
        (answer(500, exception("Error: An error occurred.")), TryAgain, OutcomeUnknown),
        (answer(500, exception("Timeout expired.", "System.Data.SqlClient.SqlException")), TryAgain, OutcomeUnknown),
        (
            answer(500, exception("Another process has updated it.", "PX.Data.PXLockViolationException")),
            TryAgain,
            TryAgain,
        ),
        (answer(500, exception("", "", **INNER)), RefusedBySystem, RefusedBySystem),
        (answer(500, exception("Document Status is invalid for processing.")), RefusedBySystem, RefusedBySystem),
        (answer(500, html="<html>Server Error</html>"), TryAgain, OutcomeUnknown),
        (answer(503), TryAgain, OutcomeUnknown),
        (answer(408), TryAgain, OutcomeUnknown),
        (answer(404, html="<html>not found</html>"), RefusedBySystem, RefusedBySystem),
        (answer(422, {"error": "x", "Vendor": {"value": "V", "error": "bad"}}), RefusedBySystem, RefusedBySystem),
        (answer(422, [1]), RefusedBySystem, RefusedBySystem),
        (answer(500, [1]), TryAgain, OutcomeUnknown),
    ],
)
def test_an_answer_is_read_by_its_words_and_never_by_its_code_alone(
    response: ApiResponse, read: type[Exception], write: type[Exception]
) -> None:
    meanings = Meanings("acu")
    for wrote, expected in ((False, read), (True, write)):
        error = meanings.error("PUT Bill", response, write=wrote)
        assert type(error) is expected
        assert error.message.startswith("acu: ")
        assert error.remedy


def test_a_reply_is_compared_in_lines_links_and_errors_whatever_the_order() -> None:
    sent = values.wrapped(
        {
            "Vendor": "v1",
            "Date": "2026-11-20",
            "Hold": True,
            "ShipToAddress": {"City": "Austin"},
            "Details": [{"Qty": Decimal(2), "Account": "61000"}, {"Qty": Decimal(1), "Account": "62000"}],
        }
    )
    reply: dict[str, Any] = {
        "Vendor": {"value": "V1 "},
        "Date": {"value": "2026-11-20T00:00:00+03:00"},
        "ShipToAddress": {"City": {"value": "AUSTIN"}},
        "Details": [
            {"Qty": {"value": 1.0}, "Account": {"value": "62000"}},
            {"Qty": {"value": "2"}, "Account": {"value": "61000"}},
        ],
    }
    assert differences(sent, reply) == []
    reply["ShipToAddress"]["City"]["value"] = "Waco"
    reply["Details"][0]["Qty"]["value"] = 3
    reply["Details"][1]["Account"] |= {"error": "closed"}
    assert differences(sent, reply) == [
        "Details[2].Account: closed",
        "ShipToAddress: City is Waco, Austin was sent",
        "line 2: Qty is 3, 1 was sent",
    ]
    assert differences(sent, {**reply, "Details": []})[-1] == "0 lines are stored, 2 were sent"


def test_cookies_of_a_log_in_are_one_text_without_blanks() -> None:
    import httpx

    headers = [("set-cookie", "ASP.NET_SessionId=abc; path=/; HttpOnly"), ("set-cookie", ".ASPXAUTH=def; path=/")]
    assert cookies_of(httpx.Response(204, headers=headers)) == "ASP.NET_SessionId=abc;.ASPXAUTH=def"
