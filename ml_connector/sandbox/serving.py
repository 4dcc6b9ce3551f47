"""One HTTP server of the sandbox: several run in one loop, and each ends as soon as it is told to."""

import asyncio
import contextlib
import importlib.util
import logging
import socket
from collections.abc import Iterator

import uvicorn

from ml_connector.sandbox.middleware import App

#: How long calls that are under way may take to be answered once the server is told to end.
GRACE_SECONDS = 1.0


class SandboxServer(uvicorn.Server):
    """Leaves the process's signals alone, and is told to end by `end()`, in its own loop.

    uvicorn's own looks ten times a second whether it is to end, and waits a tenth more when it is: that would be most
    of the time of a short-lived sandbox.
    """

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools" if importlib.util.find_spec("httptools") else "h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                backlog=512,
            )
        )
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Take no more calls; `serve` returns once those under way are answered."""
        self.should_exit = True
        self._ending.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are whoever's started the sandbox."""
        yield

    async def main_loop(self) -> None:
        """Until it is told to end; the time in its answers is moved on once a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what listens and what is idle, and answer what is under way."""
        for server in self.servers:
            server.close()
        for bound in sockets or ():
            bound.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE_SECONDS
        while (state.connections or state.tasks) and loop.time() < until:
            await asyncio.sleep(0.002)
        for task in state.tasks:
            task.cancel()
