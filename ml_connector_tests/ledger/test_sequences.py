"""Control numbers: in order, wrapping, and never given twice."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.errors import ConfigError, WeAreWrong
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.support.examples import some


def test_numbers_begin_at_one_and_go_on(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert sequences.all_next(tx) == []
        assert sequences.reserve(tx, "ISA13:a") == [1]
        assert sequences.reserve(tx, "ISA13:a", 3) == [2, 3, 4]
        assert sequences.reserve(tx, "ISA13:b") == [1]
        assert sequences.all_next(tx) == [("ISA13:a", 5), ("ISA13:b", 2)]


def test_after_the_maximum_comes_one(ledger: Ledger) -> None:
    """edi-operations 5: 999999999 -> 1 must be legal."""
    with ledger.write() as tx:
        sequences.set_next(tx, "ISA13:a", 999_999_998)
        assert sequences.reserve(tx, "ISA13:a", 4) == [999_999_998, 999_999_999, 1, 2]
        sequences.set_next(tx, "ISA13:a", 999_999_999)
        assert sequences.reserve(tx, "ISA13:a") == [999_999_999]
        assert sequences.reserve(tx, "ISA13:a") == [1]


def test_a_rolled_back_transaction_gives_its_numbers_back(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        _reserve_and_fail(ledger)
    with ledger.write() as tx:
        assert sequences.reserve(tx, "ISA13:a") == [1]


def _reserve_and_fail(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sequences.reserve(tx, "ISA13:a", 5)
        raise KeyError


@pytest.mark.parametrize("count", [0, -1, 11])
def test_impossible_counts_are_refused(ledger: Ledger, count: int) -> None:
    with pytest.raises(WeAreWrong), ledger.write() as tx:
        sequences.reserve(tx, "small", count, maximum=10)


@settings(max_examples=some(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(maximum=st.integers(1, 20), start=st.integers(1, 20), counts=st.lists(st.integers(1, 20), max_size=8))
def test_reserving_is_counting_round(sqlite_ledger: Ledger, maximum: int, start: int, counts: list[int]) -> None:
    first = min(start, maximum)
    wanted = [min(count, maximum) for count in counts]
    got: list[int] = []
    with sqlite_ledger.write() as tx:
        sequences.set_next(tx, "small", first)
        for count in wanted:
            got += sequences.reserve(tx, "small", count, maximum)
    assert got == [(first - 1 + step) % maximum + 1 for step in range(sum(wanted))]


def test_a_sequence_goes_on_from_a_higher_number_and_never_from_a_lower_one(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sequences.reserve(tx, "a", 5)
        sequences.raise_to(tx, "a", 100)
        assert sequences.all_next(tx) == [("a", 100)]
        assert sequences.reserve(tx, "a") == [100]
        refused = "not a control number"
        for value, words in ((100, "would be given twice"), (0, refused), (10**9, refused)):
            with pytest.raises(ConfigError, match=words):
                sequences.raise_to(tx, "a", value)
        with pytest.raises(ConfigError, match="no sequence b"):
            sequences.raise_to(tx, "b", 7)
        assert sequences.all_next(tx) == [("a", 101)]
