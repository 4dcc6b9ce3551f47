"""Writing and finding records that our key alone tells apart, as several may share a number: receipts, sales orders."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector.flows.core.ports import Existing, Identity, StoredOperation, Written
from ml_connector.systems.acumatica.posting.finding import Finder
from ml_connector.systems.acumatica.posting.inserting import Compare, Inserter
from ml_connector.systems.acumatica.wire.values import body_of


class KeyedWriter:
    """Writes records of one kind, and looks for them.

    comparing: what is stored beside what a payload wants. kept: what the ledger keeps of a record, with more of its
    detail.
    """

    def __init__(
        self,
        inserter: Inserter,
        finder: Finder,
        *,
        comparing: Callable[[Mapping[str, Any]], Compare],
        kept: Callable[..., Written],
    ) -> None:
        self._inserter = inserter
        self._finder = finder
        self._comparing = comparing
        self._kept = kept

    def write(self, operation: StoredOperation) -> Written:
        """Insert a record once, and compare what is stored.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        stored = self._inserter.insert(planned["put"], self._comparing(planned))
        return self._kept(stored.row, warning=stored.warning)

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there, by operation id; one that differs is told."""
        planned = {operation.id: body_of(operation.payload) for operation in operations}
        found: dict[int, Written] = {}
        for number, rows in self._finder.by_key(operations).items():
            stored = self._inserter.recovered(rows[0], self._comparing(planned[number]))
            found[number] = self._kept(stored.row, found_in=self._finder.entity, warning=stored.warning)
        return found

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All records with our keys."""
        found = self._finder.by_key(operations)
        return {
            number: [self._kept(row, found_in=self._finder.entity) for row in rows] for number, rows in found.items()
        }

    def find(self, identities: Sequence[Identity]) -> list[Existing]:
        """Records of these parties with these numbers, whoever entered them."""
        return self._finder.existing(identities)
