"""Bounds of the receiver's connections, so that nobody shuts others out by connections that say nothing.

uvicorn bounds how much a request's header may hold, not how long it may take, and counts all connections alike: some
hundred half-sent headers kept everybody else waiting. Here a header has to come within its time, a whole exchange
within its own, an address holds so many connections and no more, and where all are taken a newcomer gets the place of
the one that has kept silent for longest.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ml_connector.logs import fields

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Bounds:
    """per_address does not count for proxies: what passes through them is counted by who sent it (`client_of`)."""

    header_seconds: float = 10.0
    exchange_seconds: float = 60.0
    per_address: int = 50
    at_once: int = 200
    proxies: tuple[Network, ...] = ()

    def is_proxy(self, address: str) -> bool:
        """Whether we believe what an address says of whom it speaks for."""
        known = _address(address)
        return known is not None and any(known in network for network in self.proxies)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses or networks, as they stand in a configuration. Raises ValueError for a text that is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def caller_key(address: str) -> str:
    """Under what an address is counted: itself, or the network of 64 bits that one line of IPv6 has."""
    known = _address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(known) >> 64 << 64, 64)))
    return address if known is None else str(known)


def client_of(peer: str, headers: Collection[tuple[bytes, bytes]], bounds: Bounds) -> str:
    """Who sent a request: the peer, or whom a proxy of ours names as the last that is no proxy of ours."""
    if not bounds.is_proxy(peer):
        return peer
    said = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
    for text in reversed(said[-2_000:].split(",")):
        known = _address(text.strip())
        if known is None:
            # not an address: whatever stands before it was not written by a proxy of ours either
            return peer
        if not bounds.is_proxy(str(known)):
            return str(known)
    return peer


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        known = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        return known.ipv4_mapped
    return known


class Room:
    """The connections of one server, in the order in which they came or last began or ended an exchange."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._by_caller: Counter[str] = Counter()
        self._silent: dict[BoundedProtocol, None] = {}
        self._count = 0
        self._told: set[str] = set()

    def enter(self, connection: "BoundedProtocol", caller: str) -> bool:
        """Take a connection in; False where its address has as many as it may."""
        if not self.bounds.is_proxy(caller) and self._by_caller[caller_key(caller)] >= self.bounds.per_address:
            self._refused(caller_key(caller))
            return False
        if self._count >= self.bounds.at_once:
            self._make_room()
        self._by_caller[caller_key(caller)] += 1
        self._count += 1
        self._silent[connection] = None
        return True

    def leave(self, connection: "BoundedProtocol", caller: str) -> None:
        """A connection has ended."""
        key = caller_key(caller)
        self._count -= 1
        self._by_caller[key] -= 1
        if self._by_caller[key] <= 0:
            del self._by_caller[key]
            self._told.discard(key)
        self._silent.pop(connection, None)

    def began(self, connection: "BoundedProtocol") -> None:
        """Its header is there; while its body does not come, it is as silent as others, but not for as long."""
        self._silent.pop(connection, None)
        self._silent[connection] = None

    def busy(self, connection: "BoundedProtocol") -> None:
        """Its request is there to the end: it keeps its place."""
        self._silent.pop(connection, None)

    def idle(self, connection: "BoundedProtocol") -> None:
        """Its exchange has ended."""
        self._silent[connection] = None

    def _make_room(self) -> None:
        for connection in self._silent:
            log.warning("connection closed", extra=fields(why="all are taken and it says nothing"))
            self._silent.pop(connection)
            connection.give_up()
            return

    def _refused(self, key: str) -> None:
        # told once, until all its connections have gone
        if key not in self._told:
            self._told.add(key)
            why = f"the address has {self.bounds.per_address} connections"
            log.warning("connection refused", extra=fields(client=key, why=why))


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 whose headers and exchanges end in time. `room` is set by `protocol`."""

    room: ClassVar[Room]
    _due: asyncio.TimerHandle | None = None
    _entered = False
    _caller = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._caller = self.client[0] if self.client else ""
        self._entered = self.room.enter(self, self._caller)
        if self._entered:
            self._arm(self.room.bounds.header_seconds)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._entered:
            self._entered = False
            self.room.leave(self, self._caller)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._entered:
            return
        if self._due is None:
            self._arm(self.room.bounds.header_seconds)
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        cycle: Any = self.cycle  # uvicorn's types say that there always is one; before the first request there is none
        if cycle is None or cycle.response_complete:
            return
        if cycle is not before:
            self._arm(self.room.bounds.exchange_seconds)
            self.room.began(self)
        if self.conn.their_state is not h11.SEND_BODY:
            self.room.busy(self)

    def on_response_complete(self) -> None:
        ended = self.cycle
        super().on_response_complete()
        # else the next request of this connection has begun already, or the rest of this one has still to come
        if self.cycle is ended and self.conn.our_state is h11.IDLE:
            self._disarm()
            if self._entered:
                self.room.idle(self)

    def give_up(self) -> None:
        """End the connection without another word."""
        self._disarm()
        self.transport.abort()

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._due = self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _too_late(self) -> None:
        waited_for = "request" if self.conn.their_state is h11.IDLE else "end of an exchange"
        log.warning("connection closed", extra=fields(client=self._caller, why=f"no {waited_for} in time"))
        self.give_up()


def protocol(bounds: Bounds) -> type[BoundedProtocol]:
    """What uvicorn makes connections of, for one server."""
    attributes: Mapping[str, Any] = {"room": Room(bounds)}
    return cast(type[BoundedProtocol], type("Bounded", (BoundedProtocol,), dict(attributes)))
