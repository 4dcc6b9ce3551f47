"""Processes of tests that are forked from one that has imported everything: importing takes longer than their work.

Each is a process of its own, with its own id, signals and end, and may be stopped and killed as any other. What a
program does from its first line on (its command line, its imports) is tested where it is started as a program.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from ml_connector.own_signals import take_back

PRELOADED = "ml_connector_tests.support.preloaded"


@cache
def server() -> ForkServerContext:
    """Also for tests that want queues and barriers between their processes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    return context


class Forked:
    """A function in a process of its own; of `subprocess.Popen` what tests use.

    function: "module:name". output: a file that gets what it writes, else it writes where the tests do.
    """

    def __init__(
        self,
        function: str,
        *arguments: Any,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        output: Path | None = None,
    ) -> None:
        told = dict(os.environ if environment is None else environment)
        self._process = server().Process(target=_run, args=(function, arguments, told, folder, output), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(
    function: str, arguments: tuple[Any, ...], environment: dict[str, str], folder: Path | None, output: Path | None
) -> None:
    """In the new process: as a program that was started so."""
    os.setsid()
    take_back()
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    if output is not None:
        written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)
        os.close(written)
    module, _, name = function.partition(":")
    getattr(importlib.import_module(module), name)(*arguments)
