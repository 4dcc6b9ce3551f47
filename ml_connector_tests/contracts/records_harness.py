"""What the records contract needs of a system: a network of records over its stand-in, and what really stands there."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from ml_connector.flows.core.ports import Records
from ml_connector.sandbox.faults import FaultKind


class RecordsHarness(ABC):
    """One system's records. Names of sources and targets are those of its `records`."""

    records: Records
    #: Texts that no error may hold.
    secrets: Sequence[str] = ()

    @abstractmethod
    def add(self, source: str, external_id: str) -> str:
        """People there make a record that carries this id of ours; the network's id of it."""

    @abstractmethod
    def touch(self, source: str, key: str) -> None:
        """A record moves there."""

    @abstractmethod
    def spoil(self, source: str, key: str) -> None:
        """A record says something that cannot be read."""

    @abstractmethod
    def record(self, target: str, external_id: str) -> Any:
        """A record that can be written, with this id of ours."""

    @abstractmethod
    def refused(self, target: str) -> Any | None:
        """A record that can be planned, and that the system refuses; None where it refuses none."""

    @abstractmethod
    def standing(self, target: str, external_id: str) -> int:
        """How many records there carry this id of ours."""

    @abstractmethod
    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        """The next call of that kind meets this fault."""

    @abstractmethod
    def clear_faults(self) -> None: ...

    @abstractmethod
    def pass_time(self, seconds: float) -> None: ...


#: Makes a system's harness in a folder: `module:function`, by the name in `systems.registry`.
HARNESSES = {"avidxchange": "ml_connector_tests.systems.avidxchange.harness:records_harness"}
Opened = Callable[[Path], AbstractContextManager[RecordsHarness]]


def opener(place: str) -> Opened:
    """What makes the harness that stands at `module:function`."""
    module, _, function = place.partition(":")
    found: Opened = getattr(import_module(module), function)
    return found
