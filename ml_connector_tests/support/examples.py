"""How many examples property tests try: a quarter of what each names, the same ones in every run of the same tests.

A commit that was green once stays green, so a failure is always of the change at hand. ML_CONNECTOR_TEST_EXAMPLES names
another percentage; with all of them (`make test-long`) others are tried in every run, to find what is not known yet.
"""

import os

from hypothesis import settings

SETTING = "ML_CONNECTOR_TEST_EXAMPLES"
_PERCENT = 25
_FEWEST = 5
#: Of tests that name no number, as hypothesis has it.
_USUAL = 100


def _percent() -> int:
    return int(os.environ.get(SETTING, _PERCENT))


def all_of_them() -> bool:
    """Whether this run leaves nothing out."""
    return _percent() >= 100


def some(number: int) -> int:
    """Of so many examples the share of this run."""
    return max(min(number, _FEWEST), number * _percent() // 100)


def share() -> None:
    """From now on, for tests that name no number; loaded before any test is, for each inherits what it does not say."""
    settings.register_profile("share", max_examples=some(_USUAL), derandomize=not all_of_them())
    settings.load_profile("share")
