"""The crash test of Sage Intacct and Cleo in small (the whole is benchmarks/fault_intacct.py)."""

from dataclasses import replace

import pytest

from benchmarks.fault_intacct import Settings, run


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_killed_again_and_again_everything_arrives_once(empty_url: str) -> None:
    small = Settings(bills=8, receipts=3, vendors=10, changes=10, kills=3)
    settings = replace(small, longest_life=2.5, share=0.25, lag=2.0, drain_seconds=300)
    result = run(settings, empty_url)
    assert result["ok"], {
        name: result[name]
        for name in ("wrong", "without_bill", "other_entities", "held", "unfinished", "ledger_problems")
    }
    assert [result[name]["once"] for name in ("bills", "receipts")] == [8, 3]
    assert (result["vendors"]["right"], result["vendors"]["made"], result["tables"]["changes"]) == (10, 6, 10)
    assert result["kills"] == 3
    assert result["most_at_once"] == {"AcmeMfg": 1}
