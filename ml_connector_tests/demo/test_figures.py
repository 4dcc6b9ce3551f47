"""The demo's numbers: what is still on its way, so that the demo does not end before it."""

from collections import Counter

import pytest

from ml_connector.demo.figures import Figures
from ml_connector.ledger.work.states import DocumentState as S


@pytest.mark.parametrize("state", [S.PARSED, S.POSTING, S.SENDING, S.UNKNOWN_OUTCOME])
def test_what_is_on_its_way_or_in_doubt_is_in_work(state: S) -> None:
    assert Figures(by_integration={("exact_cleo", "orders_out"): Counter({state: 2})}).in_work == 2


@pytest.mark.parametrize("state", [S.POSTED, S.QUARANTINED, S.OVERDUE, S.DUPLICATE])
def test_what_rests_is_not_in_work_until_its_next_look_is_due(state: S) -> None:
    figures = Figures(by_integration={("exact_cleo", "orders_out"): Counter({state: 2})})
    assert figures.in_work == 0
    figures.due = 1
    assert figures.in_work == 1
