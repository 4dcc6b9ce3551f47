"""The two ways to AvidXchange in its crash test: its API, and files over SFTP (`mode: files`)."""

import base64
import csv
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from benchmarks.fault_avidxchange_books import Books
from benchmarks.fault_networks import http_faults
from ml_connector.sandbox.avidxchange.files.exchange import Exchange
from ml_connector.sandbox.avidxchange.files.place import FROM, LOADED, TO, TreePlace
from ml_connector.sandbox.avidxchange.options import AvidOptions
from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.exact.books.writes import _attachment
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox
from ml_connector.sandbox.sftp.tree import NoSuchFileError, RefusedError, Tree

#: A log-in that was refused is not tried again before this many seconds have passed (systems.sftp.factory).
REFUSED_FOR = 16 * 60
PDF = b"%PDF-1.7 "
#: What the other side stumbles over in a file that is not whole.
_NOT_READ = (ValueError, LookupError, ArithmeticError, csv.Error, NoSuchFileError, RefusedError)


class Way(Protocol):
    """How both sides exchange, what fails on it, and what is to be counted there."""

    options: AvidOptions
    connection: Mapping[str, Any]

    def disturb(self, sandbox: Sandbox, share: float) -> None:
        """The share of all that is asked at AvidXchange fails, in every way."""
        ...

    def next_portion(self, sandbox: Sandbox) -> None:
        """New work is about to come."""
        ...

    def calm(self, sandbox: Sandbox) -> None:
        """From now on nothing fails that is not on the wire."""
        ...

    def entered(self, sandbox: Sandbox, entry: dict[str, Any], at: int) -> None:
        """A clerk entered an invoice, the so manieth. Called in the sandbox's loop."""
        ...

    @contextmanager
    def at_work(self, sandbox: Sandbox) -> Iterator[None]:
        """What goes on there by itself meanwhile."""
        ...

    def night(self, sandbox: Sandbox) -> None:
        """All that lies there is taken, all that is new is laid out."""
        ...

    def wrong(self, sandbox: Sandbox, books: Books) -> dict[str, list[str]]: ...


class OverApi:
    """Asked and told call by call: nothing lies anywhere."""

    options = AvidOptions()
    connection: Mapping[str, Any] = {}

    def disturb(self, sandbox: Sandbox, share: float) -> None:
        sandbox.faults.mix("avidxchange", share, broken_answers(), exclude="/v1/authorizations")

    def next_portion(self, sandbox: Sandbox) -> None:
        """Nothing changes."""

    def calm(self, sandbox: Sandbox) -> None:
        """Nothing but its answers failed."""

    def entered(self, sandbox: Sandbox, entry: dict[str, Any], at: int) -> None:
        """Without a PDF."""

    @contextmanager
    def at_work(self, sandbox: Sandbox) -> Iterator[None]:  # noqa: ARG002
        yield

    def night(self, sandbox: Sandbox) -> None:
        """Nobody waits for one."""

    def wrong(self, sandbox: Sandbox, books: Books) -> dict[str, list[str]]:  # noqa: ARG002
        return {"batches": books.not_acknowledged()}


def broken_answers() -> list[Fault]:
    """What fails over HTTP, at either side."""
    more = (FaultKind.HTML, FaultKind.HALF_WRITTEN, FaultKind.ERROR_AFTER, FaultKind.EXPIRED_TOKEN)
    return [*http_faults(), *(Fault(kind, status=503) for kind in more)]


class OverFiles:
    """Connections that are cut, log-ins that are refused, files that are half there, that grow, that come late.

    Every fifth invoice has a PDF, which is a file of its own.
    """

    options = AvidOptions(mode="files")
    connection: Mapping[str, Any] = {"mode": "files", "stable_seconds": 1, "files": {"results": {"enabled": True}}}

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._place: SlowPlace | None = None
        self._portions = 0
        self._images: dict[str, bytes] = {}
        self._failed: list[str] = []

    def disturb(self, sandbox: Sandbox, share: float) -> None:
        cuts = [Fault(FaultKind.RESET_BEFORE), Fault(FaultKind.RESET_AFTER), Fault(FaultKind.HALF_WRITTEN)]
        # Of four requests that one file takes; and a cut ends all that are under way over its connection.
        sandbox.faults.mix("avidxchange", share / 4, cuts)
        exchange = sandbox.avidxchange.exchange
        assert isinstance(exchange.place, TreePlace)
        self._place = SlowPlace(exchange.place, sandbox.avidxchange.service.state.tree, self._random)
        exchange.place = self._place

    def next_portion(self, sandbox: Sandbox) -> None:
        """Every fourth time a log-in is refused; with the next portion it is late enough that one is tried again."""
        if self._portions % 4 == 1:
            refused = Fault(FaultKind.STATUS, "avidxchange", "LOGIN", count=1)
            sandbox.call(sandbox.faults.faults.insert, 0, refused)
        elif self._portions % 4 == 2:
            self._all_written(sandbox)  # nothing lies there half for a quarter of an hour
            sandbox.call(sandbox.clock.move, REFUSED_FOR)
        self._portions += 1

    def calm(self, sandbox: Sandbox) -> None:
        assert self._place is not None
        self._place.slow = False
        self._all_written(sandbox)

    def _all_written(self, sandbox: Sandbox) -> None:
        assert self._place is not None
        sandbox.call(self._place.finish)

    def entered(self, sandbox: Sandbox, entry: dict[str, Any], at: int) -> None:
        if at % 5:
            return
        data = PDF + str(entry["YourRef"]).encode() * self._random.randint(1, 10_000)
        values = {"Document": entry["Document"], "FileName": "scan.pdf", "Attachment": base64.b64encode(data).decode()}
        _attachment(sandbox.exact.main, sandbox.exact.options, values, [])
        self._images[str(entry["EntryID"])] = data

    @contextmanager
    def at_work(self, sandbox: Sandbox) -> Iterator[None]:
        """Its nights are short: every second or two it lays out its files, and takes ours or does not come to it."""
        ended = threading.Event()

        def nights() -> None:
            while not ended.wait(self._random.uniform(1, 2)):
                sandbox.call(self._short_night, sandbox.avidxchange.exchange)

        worker = threading.Thread(target=nights, name="nights", daemon=True)
        worker.start()
        try:
            yield
        finally:
            ended.set()
            worker.join()

    def _short_night(self, exchange: Exchange) -> None:
        if self._random.random() < 0.7:
            self._take(exchange)
        exchange.give()
        assert self._place is not None
        self._place.go_on()

    def night(self, sandbox: Sandbox) -> None:
        sandbox.call(self._night, sandbox.avidxchange.exchange)

    def _night(self, exchange: Exchange) -> None:
        self._take(exchange)
        exchange.give()
        assert self._place is not None
        self._place.finish()

    def _take(self, exchange: Exchange) -> None:
        try:
            exchange.take()
        except _NOT_READ as error:
            self._failed.append(f"{type(error).__name__}: {error}")

    def wrong(self, sandbox: Sandbox, books: Books) -> dict[str, list[str]]:
        return sandbox.call(self._wrong, sandbox, books)

    def _wrong(self, sandbox: Sandbox, books: Books) -> dict[str, list[str]]:
        exchange = sandbox.avidxchange.exchange
        files = [name for name in exchange.taken if name.startswith("Invoices_")]
        twice = sorted({name for name in files if files.count(name) > 1})
        count = [f"{len(files)} files of invoices were taken, of {len(books.people.entered)} invoices"]
        return {
            "files": [*twice, *(count if len(files) != len(books.people.entered) else ())],
            "refused": [*map(str, exchange.refused), *self._failed],
            "not_taken": [name for name in exchange.place.names(f"{TO}/Invoices") if name.endswith(".csv")],
            "not_marked": self._not_marked(),
            "images": self._wrong_images(sandbox, books),
        }

    def _not_marked(self) -> list[str]:
        """Files of theirs that do not bear the mark of what was read."""
        assert self._place is not None
        wrong = []
        for folder in ("Invoices", "Payments", "Results"):
            names = self._place.names(f"{FROM}/{folder}")
            wrong += [name for name in names if not name.endswith(LOADED)]
            laid = [name for of, name in self._place.laid if of == f"{FROM}/{folder}"]
            wrong += [f"{name} is gone" for name in laid if not any(one.endswith(f"{name}{LOADED}") for one in names)]
        return wrong

    def _wrong_images(self, sandbox: Sandbox, books: Books) -> list[str]:
        """PDFs that are not there whole, at the invoice that has them in Exact."""
        ids = {
            row["ExternalIdentifier"]["Value"]: str(row["Id"]) for row in books.invoices if "ExternalIdentifier" in row
        }
        there = sandbox.avidxchange.state.images
        wrong = [f"the PDF of {key}" for key, data in self._images.items() if there.get(ids.get(key, "")) != data]
        return [*wrong, *([f"{len(there)} PDFs, of {len(self._images)}"] if len(there) != len(self._images) else [])]


class SlowPlace:
    """Where files appear as a slow writer's do, one after the other: at once, half at first, growing, or later.

    Of two files of a folder the first is whole before the second begins: what is paid is told before what is voided.
    """

    def __init__(self, place: TreePlace, tree: Tree, source: random.Random) -> None:
        self._place = place
        self._tree = tree
        self._random = source
        self._to_come: dict[str, list[tuple[str, bytes]]] = {}
        self.laid: list[tuple[str, str]] = []
        self.slow = True

    def names(self, folder: str) -> list[str]:
        return self._place.names(folder)

    def read(self, folder: str, name: str) -> bytes:
        return self._place.read(folder, name)

    def mark(self, folder: str, name: str) -> None:
        self._place.mark(folder, name)

    def put(self, folder: str, name: str, data: bytes) -> None:
        self.laid.append((folder, name))
        self._to_come.setdefault(folder, []).append((name, data))

    def go_on(self) -> None:
        """Write in each folder until one of the files takes its time."""
        for folder, files in self._to_come.items():
            while files and self._is_whole(folder, *files[0]):
                files.pop(0)

    def finish(self) -> None:
        """All of it is there."""
        for folder, files in self._to_come.items():
            for name, data in files:
                self._place.put(folder, name, data)
            files.clear()

    def _is_whole(self, folder: str, name: str, data: bytes) -> bool:
        """Whether the next one may begin. One that grows is put again in its place when it is whole."""
        way = self._random.choice(("whole", "whole", "half", "grows", "late")) if self.slow else "whole"
        if way == "whole":
            self._place.put(folder, name, data)
        elif way == "half":
            self._place.put(folder, name, data[: len(data) // 2])
        elif way == "grows":
            self._tree.put(f"/{folder}/{name}", data, growth=Growth(seconds=2))
        return way == "whole"


WAYS = ("api", "files")


def way_of(mode: str, seed: int) -> Way:
    return OverFiles(seed) if mode == "files" else OverApi()
