"""Temporary files of the tests in memory: every commit of a ledger waits for the disk otherwise, and proves no more.

Only where /dev/shm has room, and TMPDIR names no other place.
"""

import os
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

_MEMORY = Path("/dev/shm")
_PREFIX = "ml-connector-tests-"
#: A whole run leaves about a tenth of it.
_ROOM = 4 * 1024**3


def make() -> Path | None:
    """A folder in memory as this process's TMPDIR and its children's; None where there is none to be had."""
    if "TMPDIR" in os.environ or not _has_room():
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = _MEMORY / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o711)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def take_away(folder: Path) -> None:
    """At the very end of the process: what its fork server left there is taken away before (exitpriority -100)."""
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=-200)


def _has_room() -> bool:
    try:
        return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    except OSError:
        return False
