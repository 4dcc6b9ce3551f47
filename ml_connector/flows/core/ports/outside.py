"""What an ERP and a network of records have in common: documents are read from it and written to it, by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ml_connector.flows.core.ports.documents import DocumentSource
from ml_connector.flows.core.ports.records import Written
from ml_connector.flows.core.ports.traits import ErpTraits
from ml_connector.ledger.work.operation_rows import StoredOperation


class Writer(Protocol):
    """What planned operations are written to, once as far as it can be known."""

    @property
    def connection(self) -> str:
        """Name of the connection."""
        ...

    @property
    def traits(self) -> ErpTraits: ...

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The payload exactly as it will be sent, with outside ids of earlier operations (by position) in it.

        Stored before the call. Raises: WeAreWrong: one that it uses is not there.
        """
        ...

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once."""
        ...

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look for our keys everywhere the writes could have landed; by operation id. Absent = not found."""
        ...

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """Every record that carries an operation's key, by operation id, in as few calls as can be."""
        ...


class Outside(Writer, Protocol):
    """An outside system of records, for one connection."""

    @property
    def system(self) -> str:
        """Name of the system, as `system:` in connections.yaml has it."""
        ...

    @property
    def sources(self) -> Mapping[str, DocumentSource[Any]]:
        """What can be read from it, by name."""
        ...

    @property
    def targets(self) -> Mapping[str, Any]:
        """What can be written to it, by name."""
        ...
