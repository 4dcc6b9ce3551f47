"""What the ERP contract needs of a system: its ERP over its stand-in, and short ways to what stands in the books."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from ml_connector.flows.core.ports import Erp, Identity, StoredOperation
from ml_connector.sandbox.faults import FaultKind


class ErpHarness(ABC):
    """One system's books. Names of sources and targets are those of its ERP."""

    erp: Erp

    @property
    def secrets(self) -> Sequence[str]:
        """What calls are authenticated with by now, which no error may hold."""
        return ()

    # what is read

    @abstractmethod
    def add(self, source: str, count: int = 1) -> list[str]:
        """New documents in the books; their ids, as the ERP tells them."""

    @abstractmethod
    def add_late(self, source: str) -> str:
        """One that becomes visible now, and was written a moment before the newest that was read."""

    @abstractmethod
    def change(self, source: str, key: str) -> None:
        """A document is changed in the ERP, so that its reading differs from the one before."""

    def delete(self, source: str, key: str) -> None:
        """A document is deleted in the ERP. To be written by the harness of one whose sources tell of deletions."""
        raise AssertionError(f"{self.erp.system} tells of deleted {source}: {type(self).__name__} needs a `delete`.")

    # what is written

    @abstractmethod
    def document(self, target: str) -> Any:
        """A document that can be written, another one each time."""

    def in_steps(self, target: str) -> Any | None:
        """A document of which a later write needs an earlier one's outside id; None where there is none."""
        return None

    @abstractmethod
    def refused(self, target: str) -> Any:
        """A document that can be planned, and that the system refuses."""

    @abstractmethod
    def identity(self, target: str, document: Any) -> Identity | None:
        """How the ERP would recognise it; None where this target recognises nothing."""

    @abstractmethod
    def records(self, target: str) -> int:
        """Records of this kind in the books."""

    @abstractmethod
    def elsewhere(self, operation: StoredOperation) -> StoredOperation:
        """The same write, planned for another company."""

    # what goes wrong

    @abstractmethod
    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        """The next call that writes, or reads, meets this fault (`sandbox.faults`).

        writing: one that changes the books; a call that asks by a method of writing is spared.
        """

    @abstractmethod
    def clear_faults(self) -> None: ...

    @abstractmethod
    def pass_time(self, seconds: float) -> None:
        """The clock of the stand-in and of the client moves."""


#: Makes a system's harness in a folder: `module:function`, by the name in `systems.registry`.
HARNESSES = {
    "acumatica": "ml_connector_tests.systems.acumatica.harness:erp_harness",
    "exact_online": "ml_connector_tests.systems.exact_online.harness:erp_harness",
    "sage_intacct": "ml_connector_tests.systems.sage_intacct.harness:erp_harness",
}
#: Registered while their package is being written: each leaves this list with its harness.
UNDER_WAY: frozenset[str] = frozenset()
Opened = Callable[[Path], AbstractContextManager[ErpHarness]]


def opener(place: str) -> Opened:
    """What makes the harness that stands at `module:function`."""
    module, _, function = place.partition(":")
    found: Opened = getattr(import_module(module), function)
    return found
