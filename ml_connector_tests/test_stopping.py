"""Being asked to end: who hears it, what waits no longer, and what is finished all the same."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from ml_connector import stopping
from ml_connector.clock import SystemClock
from ml_connector.errors import Stopped, TryAgain
from ml_connector.flows.core.integration import RunScope, StopSignal
from ml_connector.transport.retries import retried

LONG = 60.0


@pytest.fixture
def unignored() -> Iterator[None]:
    """As in a process of its own: whoever started the tests may ignore signals, and what is ignored stays so."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in stopping.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@pytest.fixture
def heeding(unignored: None) -> Iterator[None]:
    with stopping.listening(), stopping.undisturbed():
        yield


def ask(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)
    with pytest.raises(Stopped):
        stopping.pause(LONG)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_is_heard_by_all_who_ask(heeding: None, number: int) -> None:
    assert not stopping.asked()
    stopping.check()
    ask(number)
    assert stopping.asked()
    assert StopSignal().is_set()
    assert RunScope(holder="").stopped()
    with pytest.raises(Stopped):
        stopping.check()


def test_two_at_once_are_one(heeding: None) -> None:
    """As of `timeout`; one by one, this process would have ended."""
    ask(signal.SIGTERM)
    ask(signal.SIGTERM)
    ask(signal.SIGINT)


def test_a_wait_ends_and_nothing_is_tried_again(heeding: None) -> None:
    calls: list[int] = []

    def busy() -> None:
        calls.append(1)
        raise TryAgain("busy", after_seconds=3)

    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        with pytest.raises(Stopped):
            retried(busy, clock=SystemClock())
    finally:
        timer.join()
    assert len(calls) == 1


def test_what_was_begun_is_finished(heeding: None) -> None:
    ask()
    with stopping.finishing():
        stopping.check()
        SystemClock().sleep(0.01)
    with pytest.raises(Stopped):
        stopping.check()


def test_handlers_and_hearing_are_as_before(unignored: None) -> None:
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    with stopping.listening(), stopping.undisturbed():
        with stopping.listening(), stopping.undisturbed():
            ask()
        assert stopping.asked(), "the outer one still has to know"
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before
    assert not stopping.asked()


def test_what_is_ignored_stays_ignored() -> None:
    """A command of a script in the background is not meant by Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.listening(), stopping.undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            stopping.pause(0.2)
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_a_thread_nothing_changes() -> None:
    heard: list[bool] = []

    def inside() -> None:
        with stopping.listening(), stopping.undisturbed():
            heard.append(stopping.asked())

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert heard == [False]
