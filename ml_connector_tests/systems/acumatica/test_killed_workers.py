"""The crash test of Acumatica and Cleo in small (the whole is benchmarks/fault_acumatica.py)."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.fault_acumatica import Settings, run, seats
from ml_connector.sandbox.acumatica.access.sessions import Session

START = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_killed_again_and_again_everything_arrives_once_in_one_session(empty_url: str) -> None:
    settings = Settings(orders=6, bills=5, receipts=3, invoices=4, kills=3, longest_life=2.5, share=0.25)
    result = run(settings, empty_url)
    assert result["ok"], {
        name: result[name]
        for name in ("wrong", "not_released", "sessions", "held", "unfinished", "ledger_problems", "stand_in_errors")
    }
    assert [result[name]["once"] for name in ("orders", "bills", "receipts", "invoices")] == [6, 5, 3, 4]
    assert result["kills"] == 3


def session(began: int, ended: int | None, *, used: bool = True) -> Session:
    """In use from one minute to another; None: nobody has ended it."""
    opened = START + timedelta(minutes=began)
    closed = None if ended is None else START + timedelta(minutes=ended)
    made = Session(
        "s", "AcmeFoods", "edi", "", "api", opened, opened, ends=START + timedelta(minutes=60), closed=closed
    )
    made.used += timedelta(seconds=1 if used else 0)
    return made


def test_the_judge_tells_a_second_session_from_a_log_in_without_an_answer() -> None:
    now = START + timedelta(minutes=30)
    one_after_another = [session(0, 10), session(10, 20)]
    assert seats(one_after_another, now)["most_at_once"] == 1
    assert seats([*one_after_another, session(5, 15)], now)["most_at_once"] == 2
    lost = seats([*one_after_another, session(5, None, used=False)], now)
    assert (lost["most_at_once"], lost["log_ins_without_an_answer"], lost["open"]) == (1, 1, 1)
    assert seats([session(0, None)], now)["open"] == 1
