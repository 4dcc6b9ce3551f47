"""Commands that run until Ctrl-C, as processes of their own."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ml_connector.own_signals import take_back

WAIT = 60


class Running:
    """A command under way; its output line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> str:
        """The next line of output."""
        return self._lines.get(timeout=WAIT)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(WAIT)


@contextmanager
def running(*args: object, **environment: str) -> Iterator[Running]:
    """`ml-connector ARGS`, ended at the latest at the end of the block."""
    command = [sys.executable, "-c", "from ml_connector.cli import main; main()", *(str(arg) for arg in args)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=take_back,  # noqa: PLW1509 - system calls, no locks
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    )
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT)
        assert process.stdout is not None
        process.stdout.close()
