"""Events: hash chains that notice what was changed behind their back."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.erp_postings import BillMode
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import document, event
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, invoice, walk
from ml_connector_tests.ledger.tamper import forge, rewrite


@pytest.fixture
def walked(ledger: Ledger) -> Ledger:
    """Three documents with three events each; the second is tampered with."""
    for one in add(ledger, invoice("1"), invoice("2"), invoice("3")):
        walk(ledger, one.id, S.MATCHED, S.CODED)
    return ledger


def _broken(ledger: Ledger, document_id: int | None = None) -> list[tuple[int, int]]:
    with ledger.read() as tx:
        return [(one.document_id, one.seq) for one in events.verify_chain(tx, document_id)]


def test_untouched_chains_are_whole(walked: Ledger) -> None:
    assert _broken(walked) == []


@pytest.mark.parametrize(
    "values",
    [
        {"action": "something else"},
        {"state": "parsed"},
        {"actor": "nobody"},
        {"run_id": ""},
        {"asset": "x"},
        {"detail": '{"x":1}'},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"hash": "0" * 64},
    ],
)
def test_any_changed_column_of_an_event_shows(walked: Ledger, values: dict[str, object]) -> None:
    rewrite(walked, sa.update(event).where(event.c.document_id == 2, event.c.seq == 2).values(values))
    assert _broken(walked) == [(2, 2)]
    assert _broken(walked, 2) == [(2, 2)]
    assert _broken(walked, 1) == []


def test_a_deleted_event_shows(walked: Ledger) -> None:
    rewrite(walked, "DELETE FROM event WHERE document_id = 2 AND seq = 2")
    assert _broken(walked) == [(2, 2)]


def test_a_deleted_last_event_shows(walked: Ledger) -> None:
    rewrite(walked, "DELETE FROM event WHERE document_id = 2 AND seq = 3")
    assert _broken(walked) == [(2, 2)]


def test_events_all_gone_show(walked: Ledger) -> None:
    rewrite(walked, "DELETE FROM event WHERE document_id = 2")
    assert _broken(walked) == [(2, 0)]


def test_a_state_set_past_the_ledger_shows(walked: Ledger) -> None:
    rewrite(walked, sa.update(document).where(document.c.id == 3).values(state="posted"))
    assert _broken(walked) == [(3, 3)]


def test_a_forged_chain_is_whole_in_itself(walked: Ledger) -> None:
    """Why heads are exported outside the database: see test_chain_heads."""
    forge(walked, 2, "never happened")
    assert _broken(walked) == []


def test_histories_of_several(walked: Ledger) -> None:
    with walked.read() as tx:
        found = events.histories(tx, [1, 3, 99])
        assert {key: [row.action for row in rows] for key, rows in found.items()} == {
            1: ["parsed", "matched", "coded"],
            3: ["parsed", "matched", "coded"],
            99: [],
        }
        assert [row.document_id for row in events.stream(tx, after=2, up_to=5)] == [3, 1, 1]


def test_details_are_canonical() -> None:
    detail = {
        "b": Decimal("1.10"),
        "a": date(2026, 1, 2),
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "mode": BillMode.CODED,
        "set": {"y", "x"},
        "list": (1, "ü"),
    }
    assert events.canonical(detail) == (
        '{"a":"2026-01-02","at":"2026-01-02T03:04:05+00:00","b":"1.1","list":[1,"ü"],"mode":"coded","set":["x","y"]}'
    )
    with pytest.raises(WeAreWrong, match="object"):
        events.canonical({"x": object()})


TEXTS = st.text(max_size=20)


@given(action=TEXTS, actor=TEXTS, run=TEXTS, asset=TEXTS, other=TEXTS, which=st.integers(0, 3))
def test_no_two_events_have_the_same_hash(
    action: str, actor: str, run: str, asset: str, other: str, which: int
) -> None:
    """Text cannot move from one field into its neighbour unnoticed."""
    fields = [action, actor, run, asset]
    changed = fields.copy()
    changed[which] = other

    def value(of: list[str]) -> str:
        by = events.Actor(of[1], of[2], of[3])
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return events.chained("", document_id=1, seq=1, at=at, action=of[0], state="parsed", by=by, detail="{}")

    assert (value(fields) == value(changed)) == (fields == changed)
