"""A server that gives a byte now and then keeps no call: not by the head of an answer, not by the body of a refusal,
not by taking a request slowly, and not at the token endpoint.
"""

import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from ml_connector.errors import OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.transport.deadline import all_within
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited
from ml_connector.transport.tokens.endpoint import AnswerLost, TokenEndpoint
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.transport.local_server import LocalServer

#: Many times what a call may take here; each byte of it comes within the timeout.
DRIPS = 400


def dripping(before: bytes) -> tuple[Callable[[socket.socket], None], threading.Event]:
    """Says something at once, then a byte now and then for ever; the event tells that the client has gone."""
    gone = threading.Event()

    def act(connection: socket.socket) -> None:
        try:
            connection.sendall(before)
            for _ in range(DRIPS):
                connection.sendall(b"x")
                gone.wait(0.05)
        except OSError:
            gone.set()

    return act, gone


HEAD = b"HTTP/1.1 200 OK\r\nX-Slow: "
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    ("before", "write", "error"),
    [(HEAD, False, TryAgain), (HEAD, True, OutcomeUnknown), (REFUSAL, False, RefusedBySystem)],
    ids=["head of a read", "head of a write", "body of a refusal"],
)
def test_an_answer_that_drips_ends_in_time(before: bytes, write: bool, error: type[Exception]) -> None:
    act, gone = dripping(before)
    with (
        LocalServer([act]) as server,
        ApiClient(
            "books",
            server.url,
            authentication=None,
            limiter=Unlimited(),
            clock=StillClock(),
            timeout=0.4,
            longest=0.5,
        ) as client,
    ):
        with pytest.raises(error):
            client.request("POST" if write else "GET", "/x", template="x", write=write, data=b"1" if write else None)
        client.close()
        assert gone.wait(5), "the server went on to the end"


def test_the_token_endpoint_is_left_in_time() -> None:
    """Who else refreshes waits for that: an old refresh token must not be used twice."""
    act, gone = dripping(HEAD)
    with LocalServer([act]) as server:
        with pytest.raises(AnswerLost):
            TokenEndpoint(server.url, deadline=0.3).post({"grant_type": "refresh_token"})
        assert gone.wait(5)


def test_a_request_that_is_taken_slowly_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        done = threading.Event()

        def slowly() -> None:
            connection, _ = listening.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with connection:
                while not done.wait(0.05) and connection.recv(512):
                    pass

        taking = threading.Thread(target=slowly, daemon=True)
        taking.start()
        with httpx.Client(timeout=5) as client, all_within(client, 0.3), pytest.raises(httpx.WriteTimeout):
            client.post(address, content=b"x" * 20_000_000)
        done.set()
        taking.join(5)


def test_what_has_come_while_a_process_was_stopped_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over, the answer is there: nobody has to look it up."""

    def late(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        answered.set()

    def stopped(event: str, info: object) -> None:
        del info
        if event == "http11.receive_response_headers.started":
            assert answered.wait(5)
            monkeypatch.setattr(time, "monotonic", lambda: ends)

    answered, ends = threading.Event(), time.monotonic() + 1000
    with LocalServer([late]) as server, httpx.Client(timeout=5) as client, all_within(client, 10):
        assert client.get(server.url, extensions={"trace": stopped}).status_code == 200
