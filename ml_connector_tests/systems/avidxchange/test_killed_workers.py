"""The crash test of Exact Online and AvidXchange in small (the whole is benchmarks/fault_avidxchange.py)."""

from typing import Any

import pytest

from benchmarks.fault_avidxchange import Settings, run

SMALL: dict[str, Any] = {
    "invoices": 10,
    "coded": 6,
    "payments": 9,
    "parts": 2,
    "many": 1,
    "foreign": 1,
    "voided": 2,
    "reissued": 1,
    "by_hand": 1,
    "kills": 3,
    "longest_life": 2.5,
    "drain_seconds": 300,
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("mode", "share", "empty_url"),
    [("api", 0.2, "postgresql"), ("files", 0.1, "sqlite")],
    indirect=["empty_url"],
)
def test_killed_again_and_again_both_books_agree_to_the_cent(mode: str, share: float, empty_url: str) -> None:
    """In `files` one of the log-ins is refused, and nothing is exchanged until one is tried again."""
    result = run(Settings(**SMALL, mode=mode, share=share, every=1 if mode == "files" else 5), empty_url)
    assert result["ok"], {name: result[name] for name in ("wrong", "held", "unfinished", "ledger_problems", "listed")}
    assert (result["sent"], result["coded"], result["kills"]) == (10, 6, 3)
    assert result["payments"] >= 9
