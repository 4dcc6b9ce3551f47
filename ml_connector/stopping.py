"""A process that is asked to end: it begins nothing new, commits what is known, gives back what it has taken.

The first signal (SIGTERM, Ctrl-C) is only noted here, and whatever loops or waits asks. One that comes later ends the
process at once, as a kill would.

Signals are heard by their wakeup descriptor (`signal.set_wakeup_fd`), not by a handler: Dagster exchanges handlers at
every border of an op, and no handler runs while the main thread waits inside a library of C.
"""

import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, TypeVar

from ml_connector.errors import Stopped

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])

SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: One that follows so soon is the same request: `timeout` sends its signal to the command and to the command's group.
SAME_SECONDS = 1.0
_AT_ONCE = b"Ended at once. What was on the wire is looked up by the next run.\n"

_asked = threading.Event()
_listening = False
_finishing: ContextVar[bool] = ContextVar("finishing", default=False)


def asked() -> bool:
    """Whether this process was asked to end."""
    return _asked.is_set()


def check() -> None:
    """Call before something is begun.

    Raises:
        Stopped: this process was asked to end; nothing was begun.
    """
    if _asked.is_set() and not _finishing.get():
        raise Stopped


def pause(seconds: float) -> None:
    """Wait; a request to end ends it.

    Raises:
        Stopped: this process was asked to end.
    """
    if _finishing.get():
        time.sleep(max(0.0, seconds))
    elif _asked.wait(max(0.0, seconds)):
        raise Stopped


@contextmanager
def finishing() -> Iterator[None]:
    """For the rest of what was begun, where it would be in doubt without: this block goes to its end."""
    before = _finishing.set(True)
    try:
        yield
    finally:
        _finishing.reset(before)


@contextmanager
def listening() -> Iterator[None]:
    """Heed signals in this block; also where one is inside another. In a thread there is nothing to hear."""
    global _listening  # noqa: PLW0603 - signals are the process's
    if _listening or threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, wakes = socket.socketpair()
    wakes.setblocking(False)
    listener = threading.Thread(target=_listen, args=(ours,), name="stopping", daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    _listening = True
    try:
        yield
    finally:
        _listening = False
        signal.set_wakeup_fd(before)
        wakes.close()
        listener.join()
        ours.close()
        _asked.clear()


@contextmanager
def undisturbed() -> Iterator[None]:
    """No signal raises anything in this block; who listens hears it all the same. What is ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, _heard)
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def heeding(function: F) -> F:
    """A function that is asked to stop by signals, and not torn away by them."""

    @functools.wraps(function)
    def heeds(*args: Any, **named: Any) -> Any:
        with listening(), undisturbed():
            return function(*args, **named)

    return heeds  # type: ignore[return-value]


def _heard(_number: int, _frame: FrameType | None) -> None:
    """The listener does what is to be done."""


def _listen(signals: socket.socket) -> None:
    first = 0.0
    while heard := signals.recv(1):
        if heard[0] not in SIGNALS:
            continue
        if not _asked.is_set():
            first = time.monotonic()
            _asked.set()
            log.warning("asked to end by %s: what is on the wire is finished", signal.Signals(heard[0]).name)
        elif time.monotonic() - first >= SAME_SECONDS:
            os.write(2, _AT_ONCE)
            os._exit(128 + heard[0])
