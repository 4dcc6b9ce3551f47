"""A write is proven after every wait: for the limit, the token, a connection; and again before every retry."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import pytest

from ml_connector.errors import LeaseLost
from ml_connector.proof import prove, proven_by
from ml_connector.transport.authentication import BearerToken
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Limiter, Unlimited
from ml_connector.transport.retries import retried
from ml_connector.transport.tokens.endpoint import NotSent, TokenEndpoint
from ml_connector_tests.transport.conftest import NumberedTokens, StillClock
from ml_connector_tests.transport.local_server import LocalServer, answer, json_answer


class Lease:
    """Ours until `lose` is called, as when the process is paused there for long."""

    def __init__(self) -> None:
        self.ours = True
        self.asked = 0

    def lose(self, *_: Any, **__: Any) -> None:
        self.ours = False

    def prove(self) -> None:
        self.asked += 1
        if not self.ours:
            raise LeaseLost("paused")


@contextmanager
def writing(
    lease: Lease, *actions: Any, limiter: Limiter | None = None, tokens: NumberedTokens | None = None, **more: Any
) -> Iterator[tuple[Callable[[], Any], LocalServer]]:
    """A write behind the lease's proof, and the server it goes to."""
    with LocalServer(list(actions) or [json_answer({})]) as server:
        authentication = BearerToken(tokens) if tokens is not None else None
        clock = StillClock()
        with ApiClient(
            "c",
            server.url,
            authentication=authentication,
            limiter=limiter or Unlimited(),
            clock=clock,
            **more,
        ) as client:

            def write() -> Any:
                with proven_by(lease.prove):
                    return client.request("POST", "/things", template="things", json_text="{}", write=True)

            yield write, server


def test_a_write_that_is_proven_is_sent() -> None:
    lease = Lease()
    with writing(lease) as (write, server):
        write()
    assert (len(server.seen), lease.asked) == (1, 3)


class PausedInLimiter(Unlimited):
    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def acquire(self, template: str) -> None:
        self._lease.lose(template)


def test_a_pause_while_it_waits_for_its_limit() -> None:
    lease = Lease()
    with writing(lease, limiter=PausedInLimiter(lease)) as (write, server), pytest.raises(LeaseLost):
        write()
    assert server.seen == []


def test_a_pause_while_its_token_is_fetched() -> None:
    lease = Lease()
    tokens = NumberedTokens()
    tokens.token = lambda: (lease.lose(), "token")[1]  # type: ignore[method-assign]
    with writing(lease, tokens=tokens) as (write, server), pytest.raises(LeaseLost):
        write()
    assert server.seen == []


def test_a_pause_before_it_is_sent_again_with_another_token() -> None:
    lease = Lease()
    tokens = NumberedTokens()
    tokens.rejected = lambda _: (lease.lose(), "token")[1]  # type: ignore[method-assign]
    with writing(lease, answer(401), json_answer({}), tokens=tokens) as (write, server), pytest.raises(LeaseLost):
        write()
    assert len(server.seen) == 1


def test_a_pause_before_it_is_made_again_after_too_many_calls() -> None:
    lease = Lease()
    clock = StillClock()
    clock.sleep = lease.lose  # type: ignore[method-assign]
    with (
        writing(lease, answer(429, headers=[("Retry-After", "1")]), json_answer({})) as (write, server),
        pytest.raises(LeaseLost),
    ):
        retried(write, clock=clock)
    assert len(server.seen) == 1


def test_a_pause_while_it_waits_for_a_place_in_the_pool() -> None:
    lease, first_came, go_on = Lease(), threading.Event(), threading.Event()

    def slow(connection: Any) -> None:
        first_came.set()
        assert go_on.wait(30)
        json_answer({})(connection)

    with writing(lease, slow, json_answer({}), max_connections=1) as (write, server):
        lost: list[BaseException] = []

        def second() -> None:
            try:
                write()
            except LeaseLost as error:
                lost.append(error)

        first = threading.Thread(target=write)
        first.start()
        assert first_came.wait(30)
        asked = lease.asked
        waiting = threading.Thread(target=second)
        waiting.start()
        while lease.asked == asked:  # its limit and token are there: it goes to the pool
            threading.Event().wait(0.01)
        lease.lose()
        go_on.set()
        first.join()
        waiting.join()
    assert (len(lost), len(server.seen)) == (1, 1)


def test_a_pause_while_the_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease()
    connect = httpcore.SyncBackend.connect_tcp

    def slowly(*given: Any, **named: Any) -> Any:
        lease.lose()
        return connect(*given, **named)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", slowly)
    with writing(lease) as (write, server), pytest.raises(LeaseLost):
        write()
    assert server.seen == []


def test_a_pause_between_the_head_and_the_body_leaves_half_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes nothing of it: the body that was announced never comes."""
    lease = Lease()
    monkeypatch.setattr(
        lease, "prove", lambda real=lease.prove: (real(), lease.lose() if lease.asked == 2 else None)[0]
    )
    with writing(lease) as (write, server), pytest.raises(LeaseLost):
        write()
    assert server.seen == []


def test_what_only_reads_needs_no_proof() -> None:
    lease = Lease()
    lease.lose()
    with LocalServer([json_answer({"a": 1})]) as server:
        client = ApiClient("c", server.url, authentication=None, limiter=Unlimited(), clock=StillClock())
        with client, proven_by(lease.prove):
            assert client.request("GET", "/things", template="things").data == {"a": 1}


def test_without_a_proof_to_give_anything_may_be_sent() -> None:
    prove()


def test_a_refresh_that_cannot_be_proven_is_certainly_not_sent() -> None:
    lease = Lease()
    lease.lose()
    with LocalServer([json_answer({"access_token": "x"})]) as server:
        endpoint = TokenEndpoint(f"{server.url}/token")
        with proven_by(lease.prove), pytest.raises(NotSent, match="was not called"):
            endpoint.post({"grant_type": "refresh_token", "refresh_token": "old"})
    assert server.seen == []
