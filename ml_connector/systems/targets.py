"""What an ERP is written to, as flows name it (`flows.core.ports`): alike in every system but for a few functions."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from ml_connector.flows.core.ports import (
    Entries,
    Existing,
    Identity,
    PlannedOperation,
    StoredOperation,
    Written,
)

D = TypeVar("D")
F = TypeVar("F")
#: Finds writes, by the id of their operation.
Finds = Callable[[Sequence[StoredOperation]], Mapping[int, F]]
#: Each with the kinds of operations that it finds.
Finders = Sequence[tuple[Collection[str], Finds[F]]]


def nothing_there(identities: Sequence[Identity]) -> list[Existing]:
    """What is changed is there already; what is created is looked for where it is written."""
    del identities
    return []


@dataclass(frozen=True)
class Target(Generic[D]):
    """Documents of one kind to write. kinds: of the operations that are the document itself.

    planned: the writes that post a document. found: records of these parties with these numbers, whoever entered them;
    reading: around it. repeatable: written again it is the same record. entries: what others enter.
    """

    kinds: frozenset[str]
    planned: Callable[[D, str], Sequence[PlannedOperation]]
    found: Callable[[Sequence[Identity]], Sequence[Existing]] = nothing_there
    reading: Callable[[], AbstractContextManager[None]] = nullcontext
    repeatable: bool = False
    entries: Entries | None = None

    def plan(self, document: D, key: str) -> Sequence[PlannedOperation]:
        """The writes that post a document."""
        return self.planned(document, key)

    def existing(self, identities: Sequence[Identity]) -> Sequence[Existing]:
        """Records of these parties with these numbers."""
        with self.reading():
            return self.found(identities)


def found_by_kind(operations: Sequence[StoredOperation], finders: Finders[F]) -> dict[int, F]:
    """Writes that are there, each looked for by what finds those of its kind; nobody is asked about none."""
    found: dict[int, F] = {}
    for kinds, find in finders:
        wanted = [operation for operation in operations if operation.kind in kinds]
        found.update(find(wanted) if wanted else {})
    return found


def stands_once(find: Finds[Written]) -> Finds[Sequence[Written]]:
    """As copies, of what cannot stand twice."""
    return lambda operations: {number: [one] for number, one in find(operations).items()}
