"""How many examples property tests try: a third of what each names, other ones in every run; all in `make test-long`.

ML_CONNECTOR_TEST_EXAMPLES names another percentage.
"""

import os

from hypothesis import settings

SETTING = "ML_CONNECTOR_TEST_EXAMPLES"
_PERCENT = 33
_FEWEST = 5
#: Of tests that name no number, as hypothesis has it.
_USUAL = 100


def some(number: int) -> int:
    """Of so many examples the share of this run."""
    return max(min(number, _FEWEST), number * int(os.environ.get(SETTING, _PERCENT)) // 100)


def share() -> None:
    """From now on, for tests that name no number."""
    settings.register_profile("share", max_examples=some(_USUAL))
    settings.load_profile("share")
