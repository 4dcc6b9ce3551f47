"""The demo's stage: whatever ends it, what it started is stopped."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ml_connector import own_signals
from ml_connector_tests.cli.processes import running

_BLOCK = """
import time
from ml_connector.demo.stage import sigterm_ends
with sigterm_ends():
    try:
        print("started", flush=True)
        time.sleep(60)
    finally:
        print("stopped", flush=True)
"""


def test_sigterm_stops_what_was_started() -> None:
    with subprocess.Popen([sys.executable, "-c", _BLOCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.terminate()
        assert process.stdout.read() == "stopped\n"
        assert process.wait(20) == 128 + signal.SIGTERM


_UNTIL_CTRL_C = """
import time
try:
    print("started", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.fixture
def ignoring() -> Iterator[None]:
    """This process ignores Ctrl-C, as one does that runs in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignoring")
def test_what_the_stage_starts_ends_on_ctrl_c_whatever_its_caller_ignores() -> None:
    program = own_signals.command([sys.executable, "-c", _UNTIL_CTRL_C])
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait(20) == 0


@pytest.mark.usefixtures("ignoring")
def test_programs_that_tests_start_end_on_ctrl_c_whatever_their_caller_ignores() -> None:
    with running("sandbox", "--no-partner") as command:
        assert command.line()
        assert command.interrupt() in (0, 130)
