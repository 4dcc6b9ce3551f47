"""Takes uploaded files away, as the network's data flow does, and keeps what it took.

A crash test counts here: what stands in `taken` arrived at the other side, whatever the uploader believes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from ml_connector.sandbox.cleo.events import stamp
from ml_connector.sandbox.cleo.files import StoredFile
from ml_connector.sandbox.cleo.folders import Folder
from ml_connector.sandbox.cleo.state import CleoState
from ml_connector.sandbox.partner.documents.orders import order_number
from ml_connector.sandbox.partner.documents.x12 import BadX12, Interchange, read


@dataclass
class ConsumerOptions:
    """delay: seconds of sandbox time until a file is taken away; 0 takes it within the upload call.

    deduplicate: a file with the name and ISA13 of an earlier one is dropped (counted in `repeats` only).
    deduplicating: folders for which that holds whatever `deduplicate` says. paused: files stay.
    temporary_suffixes: files of such a name stay until they are renamed (edi-operations 1).
    """

    delay: float = 0.0
    deduplicate: bool = False
    deduplicating: set[str] = field(default_factory=set)
    paused: bool = False
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")


@dataclass(frozen=True)
class Taken:
    """A file that was taken away. error: why it could not be read as X12; empty when it could.

    documents: (set kind, purpose, number) of each 850 and 860, (kind, "", "") of other sets.
    """

    at: datetime
    folder: str
    name: str
    data: bytes
    sha256: str
    interchanges: tuple[Interchange, ...]
    documents: tuple[tuple[str, str, str], ...]
    error: str = ""

    @property
    def controls(self) -> tuple[str, ...]:
        return tuple(each.control for each in self.interchanges)

    def as_row(self) -> dict[str, Any]:
        return {
            "at": stamp(self.at),
            "folder": self.folder,
            "name": self.name,
            "size": len(self.data),
            "sha256": self.sha256,
            "controls": list(self.controls),
            "documents": [list(document) for document in self.documents],
            "error": self.error,
        }


class Consumer:
    """Stands behind the upload folders. `on_taken` is told of every file that counts."""

    def __init__(self, state: CleoState, options: ConsumerOptions | None = None) -> None:
        self.options = options or ConsumerOptions()
        self.taken: list[Taken] = []
        self.repeats: list[Taken] = []
        self.on_taken: list[Callable[[Taken], None]] = []
        self._state = state
        self._due: list[tuple[datetime, int, Folder, StoredFile]] = []
        self._known: set[tuple[str, str, tuple[str, ...]]] = set()
        state.listeners.append(self._arrived)

    def orders(self) -> Counter[str]:
        """How often each order was consumed: original 850s by order number."""
        return Counter(
            number
            for each in self.taken
            for kind, purpose, number in each.documents
            if kind == "850" and purpose == "00"
        )

    def documents(self) -> Counter[str]:
        """How often each document was consumed, by `kind purpose number`."""
        return Counter(" ".join(document) for each in self.taken for document in each.documents)

    def interchanges(self) -> Counter[str]:
        """How often each interchange was consumed, by `receiver ISA13`."""
        return Counter(
            f"{interchange.receiver[1]} {interchange.control}"
            for each in self.taken
            for interchange in each.interchanges
        )

    def pending(self) -> int:
        """Files that lie there and are waiting to be taken."""
        return sum(1 for _, _, _, file in self._due if self._state.folders.present(file))

    def work(self) -> None:
        """Take what is due."""
        now = self._state.clock.now()
        while self._due and not self.options.paused and self._due[0][0] <= now:
            _, _, folder, file = heappop(self._due)
            self._take(folder, file)

    def take_all(self) -> None:
        """Take everything that lies in the upload folders, due or not."""
        self._due.clear()
        for folder in self._state.folders.folders():
            if folder.upload:
                for file in [file for file in folder.files if not self._is_temporary(file)]:
                    self._take(folder, file)

    def clear(self) -> None:
        self.taken.clear()
        self.repeats.clear()
        self._due.clear()
        self._known.clear()

    def _arrived(self, folder: Folder, file: StoredFile) -> None:
        if not folder.upload or self._is_temporary(file):
            return
        now = self._state.clock.now()
        if self.options.delay <= 0 and not self.options.paused:
            self._take(folder, file)
        else:
            due = now + timedelta(seconds=self.options.delay)
            heappush(self._due, (due, file.sequence, folder, file))

    def _is_temporary(self, file: StoredFile) -> bool:
        return file.name.endswith(self.options.temporary_suffixes)

    def _take(self, folder: Folder, file: StoredFile) -> None:
        if not self._state.folders.present(file):
            return
        now = self._state.clock.now()
        taken = _read(now, folder.path, file.name, file.data(now))
        self._state.folders.remove(file)
        key = (folder.path, taken.name, taken.controls)
        drops = self.options.deduplicate or folder.path in self.options.deduplicating
        repeated = drops and bool(taken.controls) and key in self._known
        self._known.add(key)
        row = taken.as_row()
        self._state.journal.write(system="cleo", kind="file.repeated" if repeated else "file.consumed", data=row)
        if repeated:
            self.repeats.append(taken)
            return
        self.taken.append(taken)
        for tell in self.on_taken:
            tell(taken)


def _read(now: datetime, folder: str, name: str, data: bytes) -> Taken:
    error = ""
    interchanges: list[Interchange] = []
    try:
        interchanges = read(data)
    except BadX12 as problem:
        error = str(problem)
    documents = tuple(
        (each.kind, *(order_number(each) if each.kind in {"850", "860"} else ("", "")))
        for interchange in interchanges
        for group in interchange.groups
        for each in group.sets
    )
    digest = hashlib.sha256(data).hexdigest()
    return Taken(now, folder, name, data, digest, tuple(interchanges), documents, error)
