"""Runs a program with its signals given back: `python -m ml_connector.own_signals PROGRAM ARGUMENTS...`.

What runs in the background of a script, or under nohup, inherits that Ctrl-C is ignored, and so do its children: one
that is to be ended by it would never end.
"""

import os
import signal
import sys
from collections.abc import Sequence

#: What asks a program to end. Not SIGHUP: nohup is told to ignore that.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


def take_back() -> None:
    """Between fork and exec: nothing that asks to end is ignored or blocked."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def command(program: Sequence[str]) -> list[str]:
    """A command line that runs a program with its signals given back, under the same process id."""
    return [sys.executable, "-m", "ml_connector.own_signals", *program]


if __name__ == "__main__":
    take_back()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the program that our own code named
