"""A simulated Cleo with its partners on a real socket, for the tests of this package."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx

from ml_connector.clock import FileClock
from ml_connector.sandbox.cleo.http.app import CleoOptions, CleoState, create_app
from ml_connector.sandbox.cleo.limiter import LimitOptions
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD, SERVICE_USER
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.partner.documents.x12 import Party, Segment, Separators, Writer
from ml_connector.sandbox.partner.profiles import PROFILES, US
from ml_connector.sandbox.partner.world import PartnerWorld, WorldOptions
from ml_connector.sandbox.serving import SandboxServer

T = TypeVar("T")
BUYER_LINES = (("1", "10", "2.50", "NW-1", "A-1"), ("2", "4", "19.99", "NW-2", "A-2"))


class Bench:
    """The parts, the server's address, and short ways to call it."""

    def __init__(self, folder: Path, options: CleoOptions | None = None, world: WorldOptions | None = None) -> None:
        self.clock = FileClock(folder / "clock")
        self.journal = Journal(self.clock)
        self.state = CleoState(self.clock, self.journal, options or no_limits())
        self.world = PartnerWorld(self.state, self.clock, self.journal, world)
        self.http = httpx.Client(timeout=20)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._counter = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator["Bench"]:
        """Serve the app on a free loopback port until the block ends."""
        # With the protocol named, asyncio switches Nagle off; without it every answer waits for a delayed ACK.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)
        self.http.base_url = httpx.URL(f"http://127.0.0.1:{bound.getsockname()[1]}")
        server = SandboxServer(create_app(self.state))

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve(sockets=[bound])

        thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.http.close()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(server.end)
            thread.join(10)

    def call(self, function: Callable[[], T]) -> T:
        """Run something in the server's loop."""
        if self._loop is None:
            return function()

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def log_in(self, user: str = SERVICE_USER, password: str = SERVICE_PASSWORD, **more: str) -> httpx.Response:
        form = {"grant_type": "password", "username": user, "password": password, **more}
        answer = self.http.post("/api/authentication", data=form)
        if answer.status_code == 200:
            self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def folder(self, path: str) -> str:
        """The id of a folder."""
        return self.state.folders.folder(path).id

    def upload(self, path: str, name: str, data: bytes) -> httpx.Response:
        return self.http.post(f"/api/folders/{self.folder(path)}/files", files={"file": (name, data)})

    def listing(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.http.get(f"/api/folders/{self.folder(path)}/files", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def send(self, data: bytes, partner: str = "NORTHWIND", name: str = "order.edi") -> None:
        """What the connector would upload to a partner, without HTTP."""
        outbox = self.state.outbox(partner)
        self.call(lambda: self.state.upload(outbox, name, data, "svc-mlconnector"))

    def inbox(self, partner: str = "NORTHWIND") -> list[tuple[str, bytes]]:
        """Names and bytes in a partner's inbox."""
        now = self.clock.now()
        return [(file.name, file.data(now)) for file in self.state.inbox(partner).files]

    def interchange(
        self,
        functional_id: str,
        sets: list[list[Segment]],
        partner: str = "NORTHWIND",
        separators: Separators | None = None,
    ) -> bytes:
        """An interchange of ours to a partner, by the partners' own writer."""
        self._counter += 1
        return buyer_writer(self.clock, partner, separators).write(functional_id, sets, control=self._counter)

    def order(self, number: str = "4711", partner: str = "NORTHWIND", purpose: str = "00", **more: Any) -> bytes:
        """An 850 of two lines: 10 x 2.50 and 4 x 19.99."""
        return self.interchange("PO", [order_set(number, purpose, **more)], partner)


def no_limits() -> CleoOptions:
    return CleoOptions(limits=LimitOptions(per_second=None))


def buyer_writer(clock: FileClock, partner: str, separators: Separators | None = None) -> Writer:
    """Writes what we send: the partner is the receiver."""
    profile = next(profile for profile in PROFILES if profile.name == partner)
    receiver = Party(profile.party.qualifier, profile.party.id, profile.party.group)
    return Writer(US, receiver, clock, profile.version, separators or Separators())


def order_set(
    number: str,
    purpose: str = "00",
    *,
    currency: str = "EUR",
    lines: tuple[tuple[str, str, str, str, str], ...] = BUYER_LINES,
) -> list[Segment]:
    """An 850 without ST and SE. lines: number, quantity, price, VP, BP."""
    return [
        ["850"],
        ["BEG", purpose, "SA", number, "", "20261121"],
        ["CUR", "BY", currency],
        ["N1", "ST", "Voltwerk main warehouse", "92", "01"],
        ["N3", "Kade 1"],
        ["N4", "Delft", "", "2611 AA", "NL"],
        *(
            ["PO1", line, quantity, "EA", price, "", "VP", vendor, "BP", buyer]
            for line, quantity, price, vendor, buyer in lines
        ),
        ["CTT", str(len(lines))],
    ]
