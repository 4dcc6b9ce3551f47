"""The shared HTTP client over real sockets: what was certainly not processed, what may have been, and no leaks."""

import gzip
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import (
    AuthorizationNeeded,
    ConnectorError,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.transport.authentication import BearerToken
from ml_connector.transport.departure import CUT_SHORT
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited
from ml_connector_tests.transport.conftest import NumberedTokens, StillClock
from ml_connector_tests.transport.local_server import (
    LocalServer,
    answer,
    close,
    endless,
    json_answer,
    reset,
    silent,
)


def reset_behind_what_was_said(connection: socket.socket) -> None:
    """The answer is on its way before the connection breaks."""
    connection.shutdown(socket.SHUT_WR)
    threading.Event().wait(0.2)
    connection.close()


@contextmanager
def serving(
    *actions: Any, tokens: NumberedTokens | None = None, **options: Any
) -> Iterator[tuple[ApiClient, LocalServer]]:
    authentication = BearerToken(tokens) if tokens is not None else None
    with LocalServer(list(actions)) as server:
        client = ApiClient(
            "conn",
            server.url,
            authentication=authentication,
            limiter=Unlimited(),
            clock=StillClock(),
            **options,
        )
        with client:
            yield client, server


def get(client: ApiClient, path: str = "/things", **more: Any) -> Any:
    return client.request("GET", path, template="things", **more)


def post(client: ApiClient, **more: Any) -> Any:
    return client.request("POST", "/things", template="things", json_text='{"a":1.10}', write=True, **more)


def test_numbers_come_back_exact() -> None:
    with serving(answer(200, b'{"a":1.10,"b":12345678901234567890.123456789,"c":7}')) as (client, _):
        data = get(client).data
    assert data == {"a": Decimal("1.10"), "b": Decimal("12345678901234567890.123456789"), "c": 7}


def test_the_body_and_query_are_sent_as_given() -> None:
    with serving(json_answer({})) as (client, server):
        post(client, params={"$filter": "Name eq 'It''s A+B & C/D'"})
    assert server.seen[0].body == b'{"a":1.10}'
    assert server.seen[0].target == "/things?$filter=Name%20eq%20'It''s%20A%2BB%20%26%20C/D'"
    assert "expect" not in server.seen[0].headers


def test_an_empty_body_is_no_data() -> None:
    with serving(answer(204, b"", content_type="")) as (client, _):
        assert get(client).data is None


@pytest.mark.parametrize("broken", [reset, close, answer(200, b'{"a":', announced=100)])
def test_a_write_without_a_whole_answer_has_an_unknown_outcome(broken: Any) -> None:
    with serving(broken) as (client, server), pytest.raises(OutcomeUnknown):
        post(client)
    assert len(server.seen) == 1


@pytest.mark.parametrize("broken", [reset, close, answer(200, b'{"a":', announced=100)])
def test_a_read_without_a_whole_answer_may_be_made_again(broken: Any) -> None:
    with serving(broken) as (client, _), pytest.raises(TryAgain):
        get(client)


def test_a_write_that_times_out_has_an_unknown_outcome() -> None:
    done = threading.Event()
    with serving(silent(done), timeout=2) as (client, _):
        with pytest.raises(OutcomeUnknown, match="timed out"):
            post(client)
        done.set()


def test_a_write_that_was_never_sent_may_be_made_again() -> None:
    with LocalServer([json_answer({})]) as server:
        address = server.url
    client = ApiClient("conn", address, authentication=None, limiter=Unlimited(), clock=StillClock())
    with client, pytest.raises(TryAgain, match="could not be sent"):
        post(client)


def before_the_body(*replies: Any) -> Any:
    """A server that has read the head and nothing of the body when it does so."""

    class Early(LocalServer):
        def _serve(self, connection: socket.socket) -> None:
            while b"\r\n\r\n" not in connection.recv(65536, socket.MSG_PEEK):
                pass
            for reply in replies:
                reply(connection)

    return Early([])


#: More than the sockets of both sides hold: some of it can never be handed over.
LARGE = b"x" * 50_000_000


def test_a_write_of_which_a_part_was_never_handed_over_was_not_processed() -> None:
    with before_the_body(reset) as server:
        client = ApiClient("conn", server.url, authentication=None, limiter=Unlimited(), clock=StillClock())
        with client, pytest.raises(TryAgain, match="broke off before all of it was sent") as caught:
            client.request("POST", "/things", template="things", data=LARGE, write=True, expect="any")
    assert caught.value.data == {CUT_SHORT: True}


def test_a_write_that_stalls_half_sent_was_not_processed() -> None:
    done = threading.Event()
    with before_the_body(silent(done)) as server:
        client = ApiClient("conn", server.url, authentication=None, limiter=Unlimited(), clock=StillClock(), timeout=2)
        with client, pytest.raises(TryAgain, match="timed out"):
            client.request("POST", "/things", template="things", files={"f": ("a", LARGE)}, write=True, expect="any")
        done.set()


def test_an_error_that_came_before_all_was_sent_says_that_nothing_was_done() -> None:
    """A gateway that answers 503 at the head: the same answer after the whole body leaves the outcome unknown."""
    with before_the_body(answer(503, b"{}"), reset_behind_what_was_said) as server:
        client = ApiClient("conn", server.url, authentication=None, limiter=Unlimited(), clock=StillClock())
        with client, pytest.raises(TryAgain):
            client.request("POST", "/things", template="things", data=LARGE, write=True, expect="any")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, TryAgain),
        (403, AuthorizationNeeded),
        (404, RefusedBySystem),
        (405, RefusedBySystem),
        (408, TryAgain),
        (411, RefusedBySystem),
        (413, RefusedBySystem),
        (415, RefusedBySystem),
        (429, TryAgain),
    ],
)
def test_statuses_by_which_a_write_was_certainly_not_taken(status: int, error: type[ConnectorError]) -> None:
    with serving(answer(status, b"{}")) as (client, _), pytest.raises(error):
        post(client)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302])
def test_a_failing_server_leaves_writes_unknown_and_reads_to_be_repeated(status: int) -> None:
    page = answer(status, b"<html><body>Bad gateway</body></html>", content_type="text/html")
    with serving(page) as (client, _):
        with pytest.raises(OutcomeUnknown):
            post(client)
        with pytest.raises(TryAgain, match="HTML"):
            get(client)


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (b"<html><title>Maintenance</title></html>", "text/html", "HTML"),
        (b"<?xml version='1.0'?><feed/>", "application/atom+xml", "XML"),
        (b"[" * 100_000, "application/json", "nested deeper"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "application/json", "nested deeper"),
        (b'{"a":1e999999999}', "application/json", "number"),
        (b'{"a":' + b"9" * 5000 + b"}", "application/json", "digits"),
        (b'{"a":NaN}', "application/json", "NaN"),
        (b'{"a":', "application/json", "JSON"),
        (b"\xff\xfe{}", "application/json", "JSON"),
    ],
)
def test_what_is_not_usable_json_is_told_and_never_quoted(body: bytes, content_type: str, told: str) -> None:
    with serving(answer(200, body, content_type=content_type)) as (client, _):
        with pytest.raises(TryAgain, match=told) as read:
            get(client)
        with pytest.raises(OutcomeUnknown, match=told):
            post(client)
    assert len(str(read.value)) < 400


def test_a_body_without_end_is_cut_off() -> None:
    with (
        serving(endless(b" " * 65536), max_body=1_000_000) as (client, _),
        pytest.raises(TryAgain, match="more than 1000000 bytes"),
    ):
        get(client)


def test_a_small_answer_that_unpacks_to_a_large_one_is_cut_off() -> None:
    packed = gzip.compress(b" " * 20_000_000)
    with (
        serving(answer(200, packed, headers=[("Content-Encoding", "gzip")]), max_body=1_000_000) as (client, _),
        pytest.raises(TryAgain, match="more than 1000000 bytes"),
    ):
        get(client)


def test_after_401_one_other_token_is_tried_once(tokens: NumberedTokens) -> None:
    with serving(answer(401, b""), json_answer({"ok": 1}), tokens=tokens) as (client, server):
        assert post(client).data == {"ok": 1}
    assert [seen.headers["authorization"] for seen in server.seen] == [
        "Bearer secret-token-1",
        "Bearer secret-token-2",
    ]


def test_a_second_401_is_the_end_of_it(tokens: NumberedTokens) -> None:
    with serving(answer(401, b""), tokens=tokens) as (client, server), pytest.raises(TryAgain, match="401"):
        post(client)
    assert len(server.seen) == 2
    assert tokens.rejections == ["secret-token-1"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Retry-After", "7")], 7.0),
        ([("Retry-After", "Fri, 20 Nov 2026 10:01:00 GMT")], 30.0),
        ([("Retry-After", "soon")], 10.0),
        ([], 10.0),
    ],
)
def test_429_is_certainly_not_processed_and_says_when(headers: list[tuple[str, str]], seconds: float) -> None:
    busy = answer(429, b"", content_type="", headers=headers)
    with serving(busy) as (client, _), pytest.raises(TryAgain) as refused:
        post(client)
    assert refused.value.after_seconds == seconds


def test_refusals_carry_the_servers_words_and_statuses_keep_their_meaning() -> None:
    body = b'{"error":{"code":"","message":{"lang":"","value":"Mandatory: Name\\r\\nInvalid reference: Unit"}}}'
    with serving(answer(400, body), answer(403, body), answer(404, b"")) as (client, _):
        with pytest.raises(RefusedBySystem, match="400: Mandatory: Name; Invalid reference: Unit") as refused:
            post(client)
        assert refused.value.data["messages"] == ["Mandatory: Name", "Invalid reference: Unit"]
        with pytest.raises(AuthorizationNeeded):
            get(client)
        with pytest.raises(RefusedBySystem):
            get(client)


def test_an_accepted_status_is_no_error() -> None:
    with serving(answer(404, b"", content_type="")) as (client, _):
        assert get(client, accept=(200, 404)).status == 404


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.example/api/v1/1/crm/Accounts?$skiptoken=1",
        "https://127.0.0.1/things",
        "http://user@127.0.0.1/things",
        "http://127.0.0.1.elsewhere.example/things",
        "//elsewhere.example/things",
        "javascript:alert(1)",
        "",
    ],
)
def test_the_token_never_follows_a_link_to_another_origin(link: str, tokens: NumberedTokens) -> None:
    with serving(json_answer({}), tokens=tokens) as (client, server), pytest.raises(RefusedBySystem) as refused:
        get(client, link) if not link.startswith("//") else client.request("GET", "http:" + link, template="t")
    assert server.seen == []
    assert "secret-token" not in str(refused.value)


def test_redirects_are_not_followed(tokens: NumberedTokens) -> None:
    with LocalServer([json_answer({"stolen": 1})]) as other:
        moved = answer(302, b"", content_type="", headers=[("Location", other.url + "/x")])
        with serving(moved, tokens=tokens) as (client, _), pytest.raises(TryAgain):
            get(client)
        assert other.seen == []


def test_no_error_or_log_carries_token_query_or_body(tokens: NumberedTokens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = b'{"message":"bad Bearer secret-token-1 and ' + b"Gcp7IAAAA" * 8 + b'"}'
    errors: list[ConnectorError] = []
    for action in (answer(400, echo), answer(500, echo), reset, answer(200, b"<html>", content_type="text/html")):
        with serving(action, tokens=tokens) as (client, _), pytest.raises(ConnectorError) as raised:
            post(client, params={"key": "query-secret"})
        errors.append(raised.value)
    shown = caplog.text + "".join(str(error) + repr(error.data) for error in errors)
    assert "400" in shown
    for secret in ("secret-token", "query-secret", "Gcp7IAAAA", '{"a":1.10}'):
        assert secret not in shown


def test_a_download_comes_in_chunks_and_is_bounded() -> None:
    content = b"ISA*00*" * 100_000
    with serving(answer(200, content, content_type="application/octet-stream")) as (client, _):
        chunks = list(client.download("/file", template="file", max_bytes=1_000_000))
        assert b"".join(chunks) == content
        assert max(map(len, chunks)) <= 65536
        with pytest.raises(NeedsCorrection) as too_large:
            list(client.download("/file", template="file", max_bytes=699_999))
    assert too_large.value.reason is Reason.TOO_LARGE


def test_a_download_without_announced_length_is_bounded_too() -> None:
    with serving(endless(b"x" * 65536, "application/octet-stream")) as (client, _), pytest.raises(NeedsCorrection):
        for _chunk in client.download("/file", template="file", max_bytes=500_000):
            pass


def test_a_download_that_breaks_off_may_be_made_again() -> None:
    with serving(answer(200, b"ISA", announced=100)) as (client, _), pytest.raises(TryAgain):
        list(client.download("/file", template="file", max_bytes=1000))


def test_the_limiter_is_told_of_every_call_and_of_those_without_an_answer() -> None:
    class Recording(Unlimited):
        def __init__(self) -> None:
            self.told: list[int | None] = []

        def observe(self, template: str, status: int | None, headers: Any) -> float | None:
            self.told.append(status)
            return 3.0

    limiter = Recording()
    with LocalServer([answer(429, b""), reset, json_answer({})]) as server:
        client = ApiClient("conn", server.url, authentication=None, limiter=limiter, clock=StillClock())
        with pytest.raises(TryAgain) as refused:
            get(client)
        with pytest.raises(TryAgain):
            get(client)
        get(client)
        client.close()
    assert refused.value.after_seconds == 3.0
    assert limiter.told == [429, None, 200]
