# ruff: noqa: DTZ001 - wall time carries no zone, which is what is tested
"""The dialect without a server: dates, padding, numbers, filters, list shapes; hostile input throughout."""

import itertools
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.master.vendors import NewVendor
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.flows.core.ports import Identity
from ml_connector.systems.exact_online.posting.bills import key_in, safe_file_name, with_key
from ml_connector.systems.exact_online.posting.receipts import ReceiptFinder
from ml_connector.systems.exact_online.posting.vendors import Vendors
from ml_connector.systems.exact_online.reading.addresses import Addresses
from ml_connector.systems.exact_online.reading.entries import Entries
from ml_connector.systems.exact_online.reading.orders import Orders
from ml_connector.systems.exact_online.reading.records import vat_code, vendor
from ml_connector.systems.exact_online.reading.reference import Reference
from ml_connector.systems.exact_online.settings import FAILURE_TEXTS, ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, page_of
from ml_connector.systems.exact_online.wire.division import MemoryNotes
from ml_connector.systems.exact_online.wire.error_mapping import explainer
from ml_connector.systems.exact_online.wire.filters import any_of, encoded_length, equals, packed
from ml_connector.systems.exact_online.wire.odata_literals import (
    day,
    guid_literal,
    moment,
    number,
    poll_start,
    text_literal,
    to_json,
    wall_literal,
    wall_of,
    wall_time,
)
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited
from ml_connector_tests.support.examples import some
from ml_connector_tests.transport.conftest import StillClock

GUID = "11111111-2222-3333-4444-555555555555"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EPOCH = datetime(1970, 1, 1)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


def false_utc(at: datetime) -> str:
    """How Exact writes a moment: its wall time as if it were UTC."""
    return f"/Date({(wall_of(at, AMSTERDAM) - EPOCH) // timedelta(milliseconds=1)})/"


def test_the_sheets_example_of_false_utc() -> None:
    """Created at 14:17:09 GMT is written as 16:17:09 (exact-online 4.4)."""
    assert moment("/Date(1782404229433)/", AMSTERDAM) == datetime(2026, 6, 25, 14, 17, 9, 433000, tzinfo=UTC)
    assert day("/Date(1782345600000)/") == datetime(2026, 6, 25).date()


@given(moments)
def test_moments_survive_the_false_utc_but_for_the_hour_that_comes_twice(at: datetime) -> None:
    back = moment(false_utc(at), AMSTERDAM)
    assert back is not None
    assert abs(back - at) < timedelta(milliseconds=1) or at - back in (
        timedelta(hours=1),
        timedelta(hours=1, microseconds=at.microsecond % 1000),
    )


@given(st.dates(datetime(1, 1, 1).date(), datetime(9999, 12, 31).date()))
def test_pure_dates_do_not_shift(value: Any) -> None:
    assert (
        day(f"/Date({(datetime(value.year, value.month, value.day) - EPOCH) // timedelta(milliseconds=1)})/") == value
    )


@settings(max_examples=some(400))
@given(moments, st.integers(0, 3 * 3600), st.integers(0, 120))
def test_a_poll_never_begins_after_something_newer(at: datetime, later: int, overlap: int) -> None:
    """Whatever is changed after the newest row read has a wall time that the next poll reaches."""
    newest = wall_of(at, AMSTERDAM)
    changed = wall_of(at + timedelta(seconds=later), AMSTERDAM)
    assert poll_start(newest, timedelta(seconds=overlap), AMSTERDAM) <= changed


def test_the_hour_that_comes_twice_is_polled_whole() -> None:
    newest = wall_of(datetime(2026, 10, 25, 0, 59, tzinfo=UTC), AMSTERDAM)  # 02:59 summer time
    changed = wall_of(datetime(2026, 10, 25, 1, 1, tzinfo=UTC), AMSTERDAM)  # 02:01 winter time
    assert changed < newest
    assert poll_start(newest, timedelta(seconds=60), AMSTERDAM) <= changed
    assert poll_start(datetime(2026, 11, 1, 12), timedelta(seconds=60), AMSTERDAM) == datetime(2026, 11, 1, 11, 59)


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"-?[0-9]{1,70}(\.[0-9]{1,70})?(e-?[0-9]{1,9})?"),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.lists(st.integers()),
        st.none(),
    )
)
def test_no_value_breaks_reading_a_date_or_a_number(value: Any) -> None:
    for read in (wall_time, number):
        try:
            read(value)
        except WeAreWrong:
            continue


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**15), max_value=10**15))
def test_numbers_are_written_exactly_and_read_back(value: Decimal) -> None:
    text = to_json({"a": value})
    assert "E" not in text
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["a"] == value
    assert number(value) == value


def test_a_doubles_noise_is_taken_off() -> None:
    assert number(Decimal("0.30000000000000004")) == Decimal("0.3")
    assert number(Decimal("750.0")) == 750
    assert number("2") == 2
    assert number(None) == 0


@pytest.mark.parametrize("value", [0.1, {1.5}, object(), Decimal("NaN"), datetime(2026, 1, 1)])
def test_nothing_inexact_reaches_the_wire(value: Any) -> None:
    with pytest.raises(WeAreWrong):
        to_json({"a": [value]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_text_means_what_was_given(value: Any) -> None:
    assert json.loads(to_json(value)) == value


def unquoted(filter_text: str) -> list[str]:
    """The text literals of a filter, read as OData does; fails on an open quote."""
    found = re.findall(r"'((?:[^']|'')*)'", filter_text)
    assert re.sub(r"'(?:[^']|'')*'", "", filter_text).count("'") == 0
    return [text.replace("''", "'") for text in found]


@given(st.text())
def test_no_text_leaves_its_literal(value: str) -> None:
    assert unquoted(equals("YourRef", text_literal(value))) == [value]


@given(st.text())
def test_only_guids_become_guid_literals(value: str) -> None:
    with pytest.raises(WeAreWrong):
        guid_literal(value)


def any_reference(items: Sequence[str]) -> str:
    return any_of([equals("YourRef", text_literal(item)) for item in items])


@settings(max_examples=some(60), deadline=None)
@given(st.lists(st.text(max_size=60), max_size=300), st.integers(800, 6000))
def test_batches_hold_every_item_once_and_fit_the_address(items: list[str], room: int) -> None:
    batches = list(packed(items, any_reference, room))
    assert [item for batch in batches for item in batch] == items
    assert all(encoded_length(any_reference(batch)) <= room for batch in batches)
    for one, two in itertools.pairwise(batches):
        assert encoded_length(any_reference([*one, two[0]])) > room


def test_a_single_look_up_that_cannot_fit_is_told() -> None:
    with pytest.raises(WeAreWrong):
        list(packed(["x" * 7000], any_reference, 6000))


@pytest.mark.parametrize(
    ("data", "rows", "link"),
    [
        ({"d": []}, [], None),
        ({"d": [{"ID": 1}]}, [{"ID": 1}], None),
        ({"d": {"results": []}}, [], None),
        ({"d": {"results": [{"ID": 1}], "__next": "http://x"}}, [{"ID": 1}], "http://x"),
        ({"d": {"results": [], "__count": "0"}}, [], None),
        ({"d": {"ID": 1}}, [{"ID": 1}], None),
    ],
)
def test_both_list_shapes_and_single_records_are_read(data: Any, rows: list[Any], link: str | None) -> None:
    page = page_of(data, "crm/Accounts", "exact_nl")
    assert (page.rows, page.next_link) == (rows, link)


@pytest.mark.parametrize(
    "data", [None, [], {}, {"d": None}, {"d": [1]}, {"d": {"results": {}}}, {"d": {"results": [], "__next": 7}}]
)
def test_other_shapes_are_told(data: Any) -> None:
    with pytest.raises(TryAgain):
        page_of(data, "crm/Accounts", "exact_nl")


def client_over(handler: Any, **more: Any) -> ExactClient:
    api = ApiClient(
        "exact_nl",
        "https://start.exactonline.nl",
        authentication=None,
        limiter=Unlimited(),
        clock=StillClock(),
        explain=explainer(FAILURE_TEXTS),
        transport=httpx.MockTransport(handler),
    )
    return ExactClient(api, ExactSettings("exact_nl", **more), StillClock(), lambda: 124132)


def test_pages_follow_the_servers_own_link() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        link = "https://start.exactonline.nl/api/v1/124132/crm/Accounts?$select=ID&$skiptoken=guid'1'"
        body = {"d": {"results": [{"ID": "1"}], "__next": link}} if len(asked) == 1 else {"d": {"results": []}}
        assert request.headers["accept"] == "application/json"
        assert request.headers["customdescriptionlanguage"] == "NL"
        return httpx.Response(200, json=body)

    assert client_over(handler, language="NL").rows("crm/Accounts", {"$select": "ID"}) == [{"ID": "1"}]
    assert unquote(asked[1]).endswith("$skiptoken=guid'1'")


def test_a_next_page_elsewhere_is_not_asked_for() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"d": {"results": [], "__next": "https://start.exactonline.be/api?x=1"}})

    with pytest.raises(RefusedBySystem, match="another address"):
        client_over(handler).rows("crm/Accounts", {"$select": "ID"})
    assert len(asked) == 1


def test_pages_that_lead_in_a_circle_end() -> None:
    link = "https://start.exactonline.nl/api/v1/124132/crm/Accounts?$skiptoken=1"

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"d": {"results": [{"ID": "1"}], "__next": link}})

    with pytest.raises(RefusedBySystem, match="do not end"):
        client_over(handler).rows("crm/Accounts", {"$select": "ID"})


def test_a_poll_of_pages_without_rows_ends_and_goes_on_from_there() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        link = f"https://start.exactonline.nl/api/v1/124132/purchaseentry/PurchaseEntries?$skiptoken={len(asked)}"
        return httpx.Response(200, json={"d": {"results": [], "__next": link}})

    found = Entries(client_over(handler), StillClock()).changed("2026-11-01T00:00:00", limit=7)
    assert (found.records, found.more, len(asked)) == ([], True, 7)
    assert json.loads(found.cursor)["link"].endswith("$skiptoken=7")


@pytest.mark.parametrize("stored", ["A" * 49, f"{'a' * 49} "])
def test_a_supplier_whose_name_is_cut_behind_a_word_is_found(stored: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert f"Name eq '{'A' * 49}'" in unquote(str(request.url)).replace("+", " ")
        return httpx.Response(200, json={"d": [{"ID": GUID, "Code": "7", "Name": stored, "Remarks": None}]})

    client = client_over(handler)
    vendors = Vendors(client, client.settings, lambda: "124132", lambda _: None)
    (found,) = vendors.existing([Identity("", f"{'A' * 49} Bolts & Sons")])
    assert found.number == "7"
    (planned,) = vendors.plan(NewVendor(name=f"{'A' * 49} Bolts & Sons"), "mlc-0123456789abcdef0123")
    assert json.loads(planned.payload)["Name"] == "A" * 49


@pytest.mark.parametrize("stored", ["N" * 29, f"{'n' * 29} "])
def test_a_receipt_whose_reference_is_cut_behind_a_blank_is_found(stored: str) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"d": [{"ID": GUID, "Supplier": GUID, "YourRef": stored, "ReceiptNumber": 9}]})

    (found,) = ReceiptFinder(client_over(handler)).find([Identity(GUID, f"{'N' * 29} 1234")])
    assert found.number == "9"


def test_a_created_record_asks_for_all_its_fields_and_never_for_100_continue() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["prefer"] == "return=representation"
        assert request.headers["content-type"] == "application/json"
        assert "expect" not in request.headers
        return httpx.Response(201, json={"d": {"ID": "g"}})

    assert client_over(handler).create("purchase/PurchaseInvoices", "{}") == {"ID": "g"}


def test_a_post_beyond_the_limit_is_not_sent() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    with pytest.raises(RefusedBySystem):
        client_over(handler, max_post=1000).create("documents/DocumentAttachments", "x" * 1001)


@given(st.text(max_size=200), st.text(alphabet="abcdefgh0123456789-", min_size=6, max_size=40))
def test_our_key_is_found_again_behind_any_text(text: str, key: str) -> None:
    marked = with_key(text, key, 60)
    assert len(marked) <= 60
    assert key_in(None, marked) == key


@given(st.text(max_size=300))
def test_a_partners_file_name_becomes_a_plain_one(name: str) -> None:
    safe = safe_file_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set('\\/<>:"|?*')
    assert safe.isprintable()
    assert safe not in {".", ".."}


def test_nulls_and_padding_of_records() -> None:
    row = vendor({"ID": "ABC", "Code": "             20011", "Country": "NL ", "Name": None, "Extra": 1})
    assert (row.id, row.code, row.country, row.name, row.blocked) == ("abc", "20011", "NL", "", False)
    vat = vat_code({"ID": "1", "Code": "2  ", "Percentage": Decimal("0.21"), "Type": "E", "VATTransactionType": "P"})
    assert (vat.code, str(vat.percentage), vat.purchase) == ("2", "21", True)
    assert str(vat_code({"ID": "1", "Code": "0", "Percentage": Decimal("0.1")}).percentage) == "10"
    with pytest.raises(WeAreWrong):
        vendor({"Code": "1"})


def test_filters_use_whole_seconds() -> None:
    assert wall_literal(datetime(2026, 1, 29, 10, 0, 0, 999999)) == "datetime'2026-01-29T10:00:00'"


@pytest.mark.parametrize(
    ("answer", "may"),
    [
        ({"d": {"UserHasRights": False}}, False),
        ({"d": False}, False),
        ({"d": {"UserHasRights": True}}, True),
        ({"d": {}}, True),
        ([], True),
    ],
)
def test_an_empty_list_is_asked_about(answer: Any, may: bool) -> None:
    """Exact gives empty lists to users without rights (exact-online 6)."""

    def handler(request: httpx.Request) -> httpx.Response:
        assert unquote(str(request.url)).endswith("users/UserHasRights?endpoint='hrm/Costcenters'&action='GET'")
        return httpx.Response(200, json=answer)

    assert client_over(handler).may_read("hrm/Costcenters") is may


def test_a_table_that_the_user_may_not_read_does_not_empty_ours() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "UserHasRights" in str(request.url):
            return httpx.Response(200, json={"d": {"UserHasRights": False}})
        return httpx.Response(200, json={"d": {"results": []}})

    client = client_over(handler)
    orders = Orders(client, StillClock(), Addresses(client, StillClock(), MemoryNotes()))
    reference = Reference(client, orders, StillClock(), str)
    for table in ReferenceTable:
        with pytest.raises(AuthorizationNeeded, match="may not read"):
            reference.read(table, None)
