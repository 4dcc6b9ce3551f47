"""The sandbox as one process: an event loop in a thread, one loopback port per system, one for control."""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from ml_connector.sandbox import registry
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.system import AcumaticaSystem
from ml_connector.sandbox.avidxchange.system import AvidXchangeSystem
from ml_connector.sandbox.cleo.state import CleoState
from ml_connector.sandbox.cleo.system import CleoSystem
from ml_connector.sandbox.clock import open_clock
from ml_connector.sandbox.control import create_control_app
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.system import ExactSystem
from ml_connector.sandbox.faults import FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.middleware import App, FaultMiddleware, Latency
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.system import SageIntacctSystem
from ml_connector.sandbox.serving import SandboxServer
from ml_connector.sandbox.system import Ground, SandboxSystem
from ml_connector.sandbox.truecommerce.service import TrueCommerce
from ml_connector.sandbox.truecommerce.system import TrueCommerceSystem

__all__ = ["Sandbox", "SandboxOptions", "run_forever"]

logger = logging.getLogger(__name__)
T = TypeVar("T")
S = TypeVar("S")

CONTROL = "control"

START_SECONDS = 30.0


class Sandbox:
    """All systems of the sandbox. Use it as a context manager, or start() and stop().

    stand_ins: what to serve; without it, all that stand in `sandbox.registry`.
    Objects (`exact`, `cleo`, `partner`, `acumatica`, `journal` ...) may be read from other threads; change
    them by `call`, which runs in the sandbox's own loop.
    """

    def __init__(
        self, options: SandboxOptions | None = None, *, stand_ins: Sequence[registry.StandIn] | None = None
    ) -> None:
        self.options = options or SandboxOptions()
        self.clock, self.clock_file = open_clock(self.options.clock_file)
        self.journal = Journal(self.clock)
        self.faults = FaultPlan(self.options.seed)
        self.latency = Latency()
        self.middlewares: dict[str, FaultMiddleware] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._ports: dict[str, int] = {}
        self._servers: list[SandboxServer] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        ground = Ground(self.clock, self.journal, self.faults, self.options.seed)
        self.systems = registry.make_all(ground, self.options, stand_ins)

    def system(self, kind: type[S]) -> S:
        """The stand-in of that class."""
        return next(one for one in self.systems.values() if isinstance(one, kind))

    @property
    def acumatica(self) -> AcumaticaState:
        return self.system(AcumaticaSystem).state

    @property
    def avidxchange(self) -> AvidXchangeSystem:
        return self.system(AvidXchangeSystem)

    @property
    def sage_intacct(self) -> SageIntacctState:
        return self.system(SageIntacctSystem).state

    @property
    def exact(self) -> ExactState:
        return self.system(ExactSystem).state

    @property
    def cleo(self) -> CleoState:
        return self.system(CleoSystem).state

    @property
    def partner(self) -> PartnerWorld | None:
        """The trading partners behind Cleo."""
        return self.system(CleoSystem).partner

    @property
    def truecommerce(self) -> TrueCommerce:
        return self.system(TrueCommerceSystem).service

    def addresses(self) -> dict[str, str]:
        """Addresses by system and what else it takes to reach one, the control port, the file of the movable clock."""
        found: dict[str, str] = {}
        for name, system in self.systems.items():
            if name in self._ports:
                found |= system.address(self.options.host, self._ports[name])
        if CONTROL in self._ports:
            found[CONTROL] = f"http://{self.options.host}:{self._ports[CONTROL]}"
        return {**found, "clock_file": str(self.clock_file)}

    def logins(self) -> dict[str, dict[str, str]]:
        """What other people's clients log in with. These are no secrets: they open nothing but this sandbox."""
        return {name: system.logins() for name, system in self.systems.items()}

    def start(self) -> Self:
        """Listen on every port and return once all answer. Raises what kept the sandbox from starting."""
        try:
            for name in (*self.systems, CONTROL):
                bound = self._sockets[name] = _listen(self.options.host, self.options.ports.get(name, 0))
                self._ports[name] = bound.getsockname()[1]
        except OSError:
            self._close_sockets()
            raise
        self.addresses()  # makes the host key, before several threads could
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the sandbox did not start")
        if self._failure is not None:
            self._close_sockets()
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop answering and end the background tasks."""
        if self._loop is None or self._thread is None or self._stop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Run a plain function in the sandbox's loop, between requests, and return its result."""
        if self._loop is None:
            return function(*arguments, **named)

        async def run() -> T:
            return function(*arguments, **named)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_SECONDS * 4)

    def late_commits(self) -> int:
        """How many writes are still to be committed after their connection was lost."""
        return sum(len(layer.late) for layer in self.middlewares.values())

    def wait(self) -> None:
        """Block until the sandbox has ended."""
        if self._thread is not None:
            while self._thread.is_alive():
                self._thread.join(0.2)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - handed to start(), which raises it
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        apps: dict[str, App] = {}
        for name, system in self.systems.items():
            app = system.app()
            if app is None:
                system.serve(self._sockets[name], self.call)
            else:
                apps[name] = self._wrapped(system, app)
        apps[CONTROL] = create_control_app(self)
        tasks = [asyncio.create_task(self._serve(name, app), name=f"serve {name}") for name, app in apps.items()]
        for name, system in self.systems.items():
            tasks += [asyncio.create_task(work, name=f"beside {name}") for work in system.background()]
        while not all(server.started for server in self._servers) or len(self._servers) < len(apps):
            await asyncio.sleep(0.01)
        self._ready.set()
        stopping = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        # Its threads wait for this loop: they are told while it still runs.
        for system in self.systems.values():
            await asyncio.to_thread(system.close)
        for server in self._servers:
            server.end()
        for task in [*tasks[len(apps) :], stopping, *(t for m in self.middlewares.values() for t in m.late)]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for task in done - {stopping}:
            logger.error("sandbox task %s ended by itself", task.get_name())
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _wrapped(self, system: SandboxSystem, app: App) -> App:
        layer = FaultMiddleware(
            app,
            system=system.name,
            faults=self.faults,
            journal=self.journal,
            clock=self.clock,
            latency=self.latency,
            canned=system.canned,
            signs_in=system.signs_in,
            held=system.held,
        )
        self.middlewares[system.name] = layer
        return layer

    async def _serve(self, name: str, app: App) -> None:
        server = SandboxServer(app)
        self._servers.append(server)
        await server.serve(sockets=[self._sockets[name]])

    def _close_sockets(self) -> None:
        for bound in self._sockets.values():
            bound.close()


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off; else every answer waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def run_forever(options: SandboxOptions, *, stand_ins: Sequence[registry.StandIn] | None = None) -> None:
    """Start, print the addresses as one JSON object on one line of standard output, serve until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sandbox = Sandbox(options, stand_ins=stand_ins).start()
    sys.stdout.write(json.dumps(sandbox.addresses()) + "\n")
    sys.stdout.flush()
    try:
        sandbox.wait()
    except KeyboardInterrupt:
        logger.info("sandbox told to stop")
    finally:
        sandbox.stop()
