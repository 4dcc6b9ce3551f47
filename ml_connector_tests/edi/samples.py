"""Public sample files that live beside the project, not in it; tests that use them skip where they are not there."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReadOptions,
    ReceivedSet,
    StrayText,
    read_interchanges,
)

FOLDER = Path(os.environ.get("ML_CONNECTOR_SAMPLES", Path(__file__).resolve().parents[2] / "../shared/samples"))
NAMES = sorted(path.name for path in FOLDER.glob("*.edi")) if FOLDER.is_dir() else []

needs_samples = pytest.mark.skipif(
    not NAMES, reason=f"no X12 samples in {FOLDER}; set ML_CONNECTOR_SAMPLES to a folder that has them"
)


def sample(name: str) -> bytes:
    """Bytes of one sample."""
    return (FOLDER / name).read_bytes()


@cache
def expected() -> dict[str, Any]:
    """What people read from the samples by eye, by file name."""
    files: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text("utf-8"))["files"]
    return files


def read(data: bytes, mode: str = "standard", **options: Any) -> list[Item]:
    """All items of a file."""
    return list(read_interchanges(data, ReadOptions(mode=mode, **options)))


def sets(items: list[Item]) -> list[ReceivedSet]:
    return [item for item in items if isinstance(item, ReceivedSet)]


def starts(items: list[Item]) -> list[InterchangeStart]:
    return [item for item in items if isinstance(item, InterchangeStart)]


def ends(items: list[Item]) -> list[InterchangeEnd]:
    return [item for item in items if isinstance(item, InterchangeEnd)]


def group_starts(items: list[Item]) -> list[GroupStart]:
    return [item for item in items if isinstance(item, GroupStart)]


def group_ends(items: list[Item]) -> list[GroupEnd]:
    return [item for item in items if isinstance(item, GroupEnd)]


def strays(items: list[Item]) -> list[StrayText]:
    return [item for item in items if isinstance(item, StrayText)]
