"""What the mailbox contract needs of a system: networks over its stand-in, and what really lies there."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from ml_connector.flows.core.ports import Mailbox
from ml_connector.sandbox.faults import FaultKind


class MailboxHarness(ABC):
    """One system's folders.

    inbox, outbox: channels that partners' files are read from and ours are put to. policies: what can be done with a
    file that was read, beside leaving it; move_to: the target of `move`. secrets: texts that no error may hold.
    """

    inbox: str
    outbox: str
    missing: str
    policies: Sequence[str]
    move_to: str = ""
    secrets: Sequence[str] = ()

    @abstractmethod
    def network(self, **settings: Any) -> Mailbox:
        """One as another process would have it. settings: of the connection, beside those that work."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """A partner's file appears in the inbox."""

    @abstractmethod
    def lying(self) -> Mapping[str, bytes]:
        """What lies in the inbox."""

    @abstractmethod
    def sent(self) -> Mapping[str, bytes]:
        """What lies in the outbox, under whatever name; a name that lies there twice is an error."""

    @abstractmethod
    def empty(self) -> None:
        """Nothing lies anywhere."""

    @abstractmethod
    def fault(self, kind: FaultKind, *, doing: str, **more: Any) -> None:
        """The next call that does this (`list`, `fetch`, `put`, `dispose`) meets this fault (`sandbox.faults`)."""

    @abstractmethod
    def clear_faults(self) -> None: ...


#: Makes a system's harness in a folder: `module:function`, by the name in `systems.registry`.
HARNESSES = {
    "cleo": "ml_connector_tests.systems.cleo.harness:mailbox_harness",
    "truecommerce": "ml_connector_tests.systems.truecommerce.harness:mailbox_harness",
}
#: Networks of records: what partners leave is read from them, and nobody puts files there (`records_contract`).
WITHOUT_FOLDERS = frozenset({"avidxchange"})
Opened = Callable[[Path], AbstractContextManager[MailboxHarness]]


def opener(place: str) -> Opened:
    """What makes the harness that stands at `module:function`."""
    module, _, function = place.partition(":")
    found: Opened = getattr(import_module(module), function)
    return found
