"""What a request does to the tree, with the faults that were ordered. Knows nothing of the wire.

Each act runs between the sandbox's other work; only a slow fault waits, and it waits outside.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from ml_connector.sandbox.faults import Fault, FaultKind, FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.sftp.state import SftpState
from ml_connector.sandbox.sftp.tree import File, Folder, Link, Node, NoSuchFileError, RefusedError

T = TypeVar("T")
#: SFTP statuses (version 3).
OK, END, NO_SUCH_FILE, DENIED, FAILURE = 0, 1, 2, 3, 4


class CutError(Exception):
    """The connection is to be cut now, without an answer."""


class StatusError(Exception):
    """The request is answered with that status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"status {code}")
        self.code = code


class Caller(Protocol):
    """Runs a function where the state may be touched."""

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any: ...


class Acts:
    """The acts of the server, each journaled and open to faults."""

    def __init__(self, state: SftpState, faults: FaultPlan, journal: Journal, call: Caller) -> None:
        self.state = state
        self.faults = faults
        self.journal = journal
        self.call = call

    def do(self, method: str, path: str, act: Callable[[], T], half: Callable[[], T] | None = None) -> T:
        """Carry out one request.

        half: what half of it is, for a connection that is cut in the middle.

        Raises:
            StatusError: it is refused. CutError: no answer.
        """
        fault = self.call(self.faults.pick, self.state.system, method, path)
        started = time.monotonic()
        status: int | None = None
        try:
            outcome = self._with_fault(fault, act, half)
            status = OK
        except StatusError as error:
            status = error.code
            raise
        finally:
            self.call(self._note, method, path, status, fault, time.monotonic() - started)
        return outcome

    def _note(self, method: str, path: str, status: int | None, fault: Fault | None, seconds: float) -> None:
        name = str(fault.kind) if fault is not None else None
        self.journal.request(
            system=self.state.system, method=method, path=path, status=status, fault=name, seconds=seconds
        )

    def _with_fault(self, fault: Fault | None, act: Callable[[], T], half: Callable[[], T] | None) -> T:
        if fault is None:
            return self._act(act)
        match fault.kind:
            case FaultKind.STATUS:
                raise StatusError(fault.status if fault.status < 100 else FAILURE)
            case FaultKind.SLOW:
                time.sleep(fault.seconds)
                return self._act(act)
            case FaultKind.RESET_AFTER:
                with suppress(StatusError):
                    self._act(act)
            case FaultKind.LATE_COMMIT:
                threading.Timer(fault.seconds, self._late, [act]).start()
            case FaultKind.HALF_WRITTEN:
                with suppress(StatusError):
                    self._act(half or act)
            case _:
                pass
        raise CutError

    def _late(self, act: Callable[[], Any]) -> None:
        with suppress(StatusError):
            self._act(act)

    def _act(self, act: Callable[[], T]) -> T:
        try:
            result: T = self.call(act)
        except NoSuchFileError:
            raise StatusError(NO_SUCH_FILE) from None
        except RefusedError:
            raise StatusError(FAILURE) from None
        return result

    # ------------------------------------------------------------------ the acts themselves

    def entries(self, path: str) -> list[tuple[str, Node]] | None:
        """Names and nodes of a folder; None for one whose listing never ends."""

        def act() -> list[tuple[str, Node]] | None:
            folder = self.state.tree.folder(path)
            if not folder.readable:
                raise StatusError(DENIED)
            now = self.state.clock.now()
            for node in folder.entries.values():
                if isinstance(node, File):
                    node.listed(now)
            return None if folder.endless else list(folder.entries.items())

        return self.do("LIST", path, act)

    def look(self, path: str, *, follow: bool) -> Node:
        return self.do("STAT", path, lambda: self.state.tree.find(path, follow=follow))

    def open(self, path: str, *, write: bool, create: bool, truncate: bool, exclusive: bool) -> File:
        def act() -> File:
            tree = self.state.tree
            if not write:
                return tree.file(path)
            parent, _ = tree.parent(path)
            if not self.state.options.write or not parent.writable:
                raise StatusError(DENIED)
            try:
                file = tree.file(path)
            except NoSuchFileError:
                if not create:
                    raise
                file = tree.put(path, b"", owner="connector")
            else:
                if exclusive:
                    raise StatusError(FAILURE)
                if truncate:
                    # Whoever reads the old one goes on with it, as on a real server.
                    file = tree.put(path, b"", owner="connector")
            file.writers += 1
            return file

        return self.do("OPEN", path, act)

    def read(self, path: str, file: File, offset: int, length: int) -> bytes:
        now = self.state.clock.now
        return self.do(
            "READ",
            path,
            lambda: file.read(offset, length, now()),
            lambda: file.read(offset, length // 2, now()),
        )

    def write(self, path: str, file: File, offset: int, data: bytes) -> None:
        def act(part: bytes) -> None:
            quota = self.state.options.quota
            if quota is not None and self.state.used() + len(part) > quota:
                raise StatusError(FAILURE)
            file.write(offset, part, self.state.clock.now())

        self.do("WRITE", path, lambda: act(data), lambda: act(data[: len(data) // 2]))

    def closed(self, path: str, file: File, *, writing: bool) -> None:
        def act() -> None:
            if writing:
                file.writers -= 1
                folder, _, name = path.rpartition("/")
                self.state.note("file.written", folder, name, file)

        self.call(act)

    def rename(self, old: str, new: str) -> None:
        def act() -> None:
            if not self.state.options.rename:
                raise StatusError(DENIED)
            self.state.tree.rename(old, new)
            node = self.state.tree.find(new, follow=False)
            if isinstance(node, File):
                folder, _, name = new.rpartition("/")
                self.state.note("file.renamed", folder, name, node)

        self.do("RENAME", old, act)

    def remove(self, path: str) -> None:
        def act() -> None:
            if not self.state.options.remove:
                raise StatusError(DENIED)
            node = self.state.tree.remove(path)
            if isinstance(node, File):
                folder, _, name = path.rpartition("/")
                self.state.note("file.removed", folder, name, node)

        self.do("REMOVE", path, act)


def size_of(node: Node, acts: Acts) -> int:
    """The size that the server tells."""
    if isinstance(node, File):
        return node.listed_size if node.listed_size is not None else node.size(acts.state.clock.now())
    return 4096 if isinstance(node, Folder) else len(node.target)


def changed_at(node: Node, acts: Acts) -> int:
    moment = node.changed(acts.state.clock.now()) if isinstance(node, File) else node.modified
    return int(moment.timestamp())


def kind_of(node: Node) -> int:
    """The type and rights, as a server tells them."""
    if isinstance(node, Folder):
        return 0o040755
    return 0o120777 if isinstance(node, Link) else 0o100644
