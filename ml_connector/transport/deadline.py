"""A call's time in all.

httpx bounds for how long no byte comes or goes. A server, or what stands before it, that gives one now and then would
keep a call for as long as it likes: the head of an answer is bounded by nothing else. What waits for a call of somebody
else to be over (`longest_call`, `TokenEndpoint.patience`) relies on an end.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import httpcore
import httpx

T = TypeVar("T", bound=httpx.BaseTransport)

_ends: ContextVar[float | None] = ContextVar("_ends", default=None)
#: Bytes that are written before the time is looked at again.
_PIECE = 16_384
#: Seconds: what has come already is taken, also where a process was stopped meanwhile.
_AT_ONCE = 0.01


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread sends and waits for in here ends in time: the transports have to be `bounded`."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def bounded(transport: T) -> T:
    """The same, keeping to `within`."""
    if isinstance(transport, httpx.HTTPTransport):
        # httpx has no name of its own for what httpcore calls `network_backend`.
        pool = transport._pool
        pool._network_backend = _Backend(pool._network_backend)
    return transport


def bounded_client(client: httpx.Client) -> None:
    """The transports that a client made for itself, those to proxies of the environment among them."""
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            bounded(transport)


@contextmanager
def all_within(client: httpx.Client, seconds: float) -> Iterator[None]:
    """`within`, for a client that is made for one call."""
    bounded_client(client)
    with within(seconds):
        yield


def _left() -> float | None:
    ends = _ends.get()
    return None if ends is None else ends - time.monotonic()


def _least(timeout: float | None, left: float) -> float:
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes get what is left of the call's time."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left()
        return self._inner.read(max_bytes, timeout if left is None else _least(timeout, max(left, _AT_ONCE)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for at in range(0, len(buffer), _PIECE):
            left = _left()
            if left is not None and left <= 0:
                raise httpcore.WriteTimeout("the whole call took too long")
            self._inner.write(buffer[at : at + _PIECE], timeout if left is None else _least(timeout, left))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connections made by another backend, bounded."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)
