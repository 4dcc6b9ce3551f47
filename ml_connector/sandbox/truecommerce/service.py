"""TrueCommerce as the sandbox runs it: server, Transaction Manager and partners in one piece."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ml_connector.clock import Clock
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.faults import FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.partner.world import PartnerWorld, WorldOptions
from ml_connector.sandbox.sftp.acts import Acts, Caller, CutError
from ml_connector.sandbox.sftp.server import SftpServer
from ml_connector.sandbox.truecommerce.manager import ManagerOptions, TransactionManager, open_mailbox
from ml_connector.sandbox.truecommerce.profiles import PROFILES, add_suppliers
from ml_connector.sandbox.truecommerce.state import ServerOptions, TrueCommerceState


@dataclass
class TrueCommerceOptions:
    """partner_options: as for the partners of the other network; its own profiles by default."""

    server: ServerOptions = field(default_factory=ServerOptions)
    manager: ManagerOptions = field(default_factory=ManagerOptions)
    partner_options: WorldOptions = field(default_factory=lambda: WorldOptions(profiles=PROFILES))


class TrueCommerce:
    """Everything behind one SFTP port."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        faults: FaultPlan,
        exact: ExactState | None = None,
        options: TrueCommerceOptions | None = None,
    ) -> None:
        options = options or TrueCommerceOptions()
        self.state = TrueCommerceState(clock, journal, options.server)
        mailbox = open_mailbox(self.state)
        self.partners = PartnerWorld(mailbox, clock, journal, options.partner_options)
        self.manager = TransactionManager(self.state, mailbox, self.partners, options.manager)
        self._journal = journal
        self._faults = faults
        self._exact = exact
        self._server: SftpServer | None = None
        self._stopped = threading.Event()

    def serve(self, bound: socket.socket, call: Caller) -> None:
        """Answer on a socket, in threads; `call` runs what they do to the state where it may be touched."""
        self._server = SftpServer(Acts(self.state, self._faults, self._journal, self._while_running(call)), bound)
        self._server.start()

    def _while_running(self, call: Caller) -> Caller:
        """Threads that come too late touch nothing."""

        def guarded(function: Callable[..., Any], *arguments: Any) -> Any:
            if self._stopped.is_set():
                raise CutError
            return call(function, *arguments)

        return guarded

    def stop(self) -> None:
        self._stopped.set()
        if self._server is not None:
            self._server.stop()

    def cut_all(self) -> int:
        """Cut every connection; how many there were."""
        return self._server.cut_all() if self._server is not None else 0

    def fill(self, count: int, name: str, data: bytes, each: Callable[[int], bytes] | None = None) -> None:
        """Many files in Export; each(n): the bytes of one, else all are alike."""
        for number in range(count):
            content = data if each is None else each(number)
            self.state.deliver(name.replace("{n}", f"{number:06d}"), content)

    def add_suppliers(self) -> list[str]:
        """The partners become suppliers in Exact."""
        return add_suppliers(self._exact) if self._exact is not None else []

    def reset(self) -> None:
        self.state.reset()
        self.manager.reset()
