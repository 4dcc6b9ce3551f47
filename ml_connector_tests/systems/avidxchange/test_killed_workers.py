"""The crash test of Exact Online and AvidXchange in small (the whole is benchmarks/fault_avidxchange.py)."""

import pytest

from benchmarks.fault_avidxchange import Settings, run


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_killed_again_and_again_both_books_agree_to_the_cent(empty_url: str) -> None:
    settings = Settings(
        invoices=10,
        coded=6,
        payments=9,
        parts=2,
        many=1,
        foreign=1,
        voided=2,
        reissued=1,
        by_hand=1,
        kills=3,
        longest_life=2.5,
        share=0.2,
        drain_seconds=300,
    )
    result = run(settings, empty_url)
    assert result["ok"], {name: result[name] for name in ("wrong", "held", "unfinished", "ledger_problems", "listed")}
    assert (result["sent"], result["coded"], result["kills"]) == (10, 6, 3)
    assert result["payments"] >= 9
