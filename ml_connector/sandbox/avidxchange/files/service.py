"""The server where files are exchanged, in threads of its own."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from ml_connector.clock import Clock
from ml_connector.sandbox.avidxchange.files.place import TreePlace
from ml_connector.sandbox.avidxchange.options import PASSWORD, USER
from ml_connector.sandbox.faults import FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.sftp.acts import Acts, Caller, CutError
from ml_connector.sandbox.sftp.server import SftpServer
from ml_connector.sandbox.sftp.state import Account, SftpOptions, SftpState


class AvidServer(SftpState):
    """Its memory."""

    system = "avidxchange"

    def __init__(self, clock: Clock, journal: Journal) -> None:
        super().__init__(clock, journal, SftpOptions())
        self.add(Account(USER, PASSWORD))
        self.place = TreePlace(self.tree)


class FileService:
    """What answers on the port."""

    def __init__(self, clock: Clock, journal: Journal, faults: FaultPlan) -> None:
        self.state = AvidServer(clock, journal)
        self._journal = journal
        self._faults = faults
        self._server: SftpServer | None = None
        self._stopped = threading.Event()

    def serve(self, bound: socket.socket, call: Caller) -> None:
        def guarded(function: Callable[..., Any], *arguments: Any) -> Any:
            if self._stopped.is_set():
                raise CutError
            return call(function, *arguments)

        self._server = SftpServer(Acts(self.state, self._faults, self._journal, guarded), bound)
        self._server.start()

    def stop(self) -> None:
        """Threads that come too late touch nothing."""
        self._stopped.set()
        if self._server is not None:
            self._server.stop()
