"""Connections to PostgreSQL that end in bounded time, whatever the network does.

psycopg2 waits for an answer without end. Keep-alives and `tcp_user_timeout` notice a peer that is gone, server limits
a statement that takes too long; neither helps where something between still confirms every byte and passes none on.
So the socket of a statement that has had no answer for too long is shut down: the wait ends with an error.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import connection, cursor

#: How often the watch looks; a wait lasts so much longer at most.
LOOK_SECONDS = 0.25


class _Watch:
    """Waits that are under way, and the thread that ends those that last too long. One in a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[int, tuple[float, PatientConnection]] = {}
        self._thread: threading.Thread | None = None

    def begin(self, waiting: "PatientConnection", seconds: float) -> None:
        with self._lock:
            self._waits[id(waiting)] = (time.monotonic() + seconds, waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ledger watch", daemon=True)
                self._thread.start()

    def end(self, waiting: "PatientConnection") -> None:
        with self._lock:
            self._waits.pop(id(waiting), None)

    def forget(self) -> None:
        """In a forked process: its parent's waits and thread are not there."""
        self._lock = threading.Lock()
        self._waits = {}
        self._thread = None

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                now = time.monotonic()
                for key, (until, waiting) in list(self._waits.items()):
                    if now >= until:
                        del self._waits[key]
                        # Under the lock the waiter is still in its call, so that the descriptor is still its own.
                        waiting.cut()


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.forget)


class PatientCursor(cursor):
    """A cursor whose calls wait no longer than its connection allows."""

    def execute(self, query: Any, vars: Any = None) -> None:
        with _patiently(self.connection):
            super().execute(query, vars)

    def fetchone(self) -> Any:
        with _patiently(self.connection if self.name else None):
            return super().fetchone()

    def fetchmany(self, size: int | None = None) -> Any:
        with _patiently(self.connection if self.name else None):
            return super().fetchmany(self.arraysize if size is None else size)

    def fetchall(self) -> Any:
        with _patiently(self.connection if self.name else None):
            return super().fetchall()


class PatientConnection(connection):
    """patience: seconds that one answer may take; None waits for ever."""

    patience: float | None = None

    def commit(self) -> None:
        with _patiently(self):
            super().commit()

    def rollback(self) -> None:
        with _patiently(self):
            super().rollback()

    def cut(self) -> None:
        """End the wait for an answer, from another thread; the connection is of no more use."""
        try:
            peer = socket.socket(fileno=os.dup(self.fileno()))
        except OSError:
            return  # it ended by itself in this moment
        with peer:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # likewise


@contextmanager
def _patiently(waiting: Any) -> Iterator[None]:
    seconds = waiting.patience if isinstance(waiting, PatientConnection) else None
    if seconds is None:
        yield
        return
    _watch.begin(waiting, seconds)
    try:
        yield
    finally:
        _watch.end(waiting)


def connection_class(patience: float | None) -> type[PatientConnection]:
    """What psycopg2 makes connections of, patient from their first statement on."""
    return type("PatientConnection", (PatientConnection,), {"patience": patience})
