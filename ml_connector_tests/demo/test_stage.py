"""The demo's stage: whatever ends it, what it started is stopped."""

import signal
import subprocess
import sys

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
