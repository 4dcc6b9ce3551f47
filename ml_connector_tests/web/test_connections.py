"""Connections that say nothing, or too little, or for ever, keep nobody else out."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.web.connections import Bounds, caller_key, client_of, networks
from ml_connector_tests.web.stage import Deployed, serving

PATIENT = Bounds(header_seconds=60, exchange_seconds=60)
HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Others:
    """Raw connections to the receiver, from any address of this machine."""

    def __init__(self, address: str) -> None:
        self._port = urlsplit(address).port
        self._open = contextlib.ExitStack()

    def connect(self, source: str = "127.0.0.1", text: bytes = HALF) -> socket.socket:
        made = self._open.enter_context(
            socket.create_connection(("127.0.0.1", self._port or 0), timeout=20, source_address=(source, 0))
        )
        with contextlib.suppress(ConnectionError):
            made.sendall(text)
        return made

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def patient(deployed: Deployed) -> Iterator[str]:
    """A receiver that waits for very long: what others see is not due to its deadlines."""
    with serving(deployed, PATIENT) as url:
        yield url


@contextlib.contextmanager
def others(address: str) -> Iterator[Others]:
    made = Others(address)
    try:
        yield made
    finally:
        made.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the receiver has ended a connection; waits for it, up to the socket's own time."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        return True
    return True


def is_well(address: str, source: str) -> bool:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as client:
        return client.get(f"{address}/healthz", timeout=20).status_code == 200


def test_210_half_sent_headers_of_one_address_keep_nobody_out(patient: str) -> None:
    with others(patient) as crowd:
        made = [crowd.connect() for _ in range(210)]
        assert is_well(patient, "127.0.0.2")
        # one address has its own bound, and all beyond it are closed at once
        assert all(is_closed(one) for one in made[PATIENT.per_address :])


def test_half_sent_headers_of_210_addresses_keep_nobody_out(patient: str) -> None:
    with others(patient) as crowd:
        made = [crowd.connect(f"127.0.1.{number}") for number in range(1, 211)]
        assert is_well(patient, "127.0.0.2")
        # those that had been silent for longest made room
        assert is_closed(made[0])


def test_half_sent_bodies_of_270_addresses_keep_nobody_out(patient: str) -> None:
    """More than uvicorn's own bound: a request whose body does not come is no more than a header that does not."""
    half = b"POST /webhooks/exact/exact_nl HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"
    with others(patient) as crowd:
        made = [crowd.connect(f"127.0.{20 + number // 250}.{1 + number % 250}", half) for number in range(270)]
        assert is_well(patient, "127.0.0.2")
        assert is_closed(made[0])


@pytest.mark.parametrize(
    "text", [b"", WHOLE, b"POST /webhooks/exact/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"]
)
def test_connections_that_are_kept_and_say_no_more_keep_nobody_out(patient: str, text: bytes) -> None:
    with others(patient) as crowd:
        for number in range(1, 231):
            crowd.connect(f"127.0.{2 + number % 8}.{1 + number // 8}", text)
        assert is_well(patient, "127.0.0.2")


@pytest.mark.parametrize(
    "text",
    [b"", HALF, WHOLE.replace(b"GET", b"POST")[:-2] + b"Content-Length: 99999\r\n\r\n1", WHOLE + HALF],
    ids=["nothing", "half a header", "half a body", "a request and a half"],
)
def test_what_does_not_come_in_time_ends_its_connection(deployed: Deployed, text: bytes) -> None:
    quick = Bounds(header_seconds=0.3, exchange_seconds=0.5)
    with serving(deployed, quick) as address, others(address) as crowd:
        assert is_closed(crowd.connect(text=text))


def test_a_header_that_comes_byte_by_byte_is_given_its_time_once(deployed: Deployed) -> None:
    with serving(deployed, Bounds(header_seconds=1)) as address, others(address) as crowd:
        slow = crowd.connect()
        slow.settimeout(0.05)
        ended = False
        for _ in range(400):
            try:
                slow.sendall(b"a")
                ended = slow.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
            if ended:
                break
        assert ended


def test_one_connection_may_ask_again_and_again(patient: str) -> None:
    with httpx.Client() as client:
        assert [client.get(f"{patient}/healthz").status_code for _ in range(120)] == [200] * 120


def test_an_address_whose_connections_have_ended_may_come_again(patient: str) -> None:
    for _ in range(3):
        with others(patient) as crowd:
            for _ in range(PATIENT.per_address):
                crowd.connect(text=WHOLE)
    assert is_well(patient, "127.0.0.1")


def test_a_proxy_may_hold_more_connections_than_others(deployed: Deployed) -> None:
    bounds = Bounds(header_seconds=60, per_address=5, proxies=networks(["127.0.0.1"]))
    with serving(deployed, bounds) as address, others(address) as crowd:
        for _ in range(30):
            crowd.connect()
        assert is_well(address, "127.0.0.1")
        for _ in range(30):
            crowd.connect("127.0.0.3")
        assert is_closed(crowd.connect("127.0.0.3"))


def header(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", value.encode()) for value in values]


def test_who_sent_a_request_is_told_by_proxies_of_ours_alone() -> None:
    ours = Bounds(proxies=networks(["10.0.0.0/8", "::1"]))
    assert client_of("203.0.113.9", header("198.51.100.1"), ours) == "203.0.113.9"
    assert client_of("10.0.0.1", header("198.51.100.1"), ours) == "198.51.100.1"
    assert client_of("10.0.0.1", header("6.6.6.6, 198.51.100.1", "10.0.0.7"), ours) == "198.51.100.1"
    assert client_of("10.0.0.1", header("198.51.100.1, nonsense"), ours) == "10.0.0.1"
    assert client_of("::1", header("2001:db8::1"), ours) == "2001:db8::1"
    assert client_of("::ffff:10.0.0.1", header("198.51.100.1"), ours) == "198.51.100.1"
    assert client_of("10.0.0.1", [], ours) == "10.0.0.1"
    assert client_of("10.0.0.1", header("198.51.100.1"), Bounds()) == "10.0.0.1"


@given(st.text(max_size=60))
def test_whatever_a_header_says_is_an_address_or_nothing(text: str) -> None:
    ours = Bounds(proxies=networks(["10.0.0.1"]))
    said = client_of("10.0.0.1", [(b"x-forwarded-for", text.encode("utf-8", "replace"))], ours)
    assert ipaddress.ip_address(said)


def test_a_line_of_ipv6_is_one_caller() -> None:
    assert caller_key("2001:db8:1:2:aaaa::1") == caller_key("2001:db8:1:2:bbbb::9") == "2001:db8:1:2::/64"
    assert caller_key("2001:db8:1:3::1") != caller_key("2001:db8:1:2::1")
    assert caller_key("::ffff:192.0.2.1") == "192.0.2.1"
