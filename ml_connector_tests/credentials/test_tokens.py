"""The token row: one refresh a generation whoever asks, late answers count, state parameters work once."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.credentials.expiry import Health, expiry_report
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import NewPair, TokenState, TokenStore, connection_of_state
from ml_connector.systems.authorized import stored_authorization
from ml_connector.systems.results import CheckLevel, Mender
from ml_connector_tests.credentials.support import Room, pair_of, room


@pytest.fixture
def place(tmp_path: Path, fresh_url: str) -> Iterator[Room]:
    with room(tmp_path, fresh_url) as made:
        yield made


@pytest.fixture
def store(place: Room) -> TokenStore:
    made = TokenStore(place.ledger, place.vault, "exact_nl")
    made.store_pair(new_pair(place, "a1", "r1"), generation=None)
    return made


def new_pair(place: Room, access: str, refresh: str) -> NewPair:
    now = place.clock.now()
    ends = now + timedelta(seconds=600)
    return NewPair(Secret(access), Secret(refresh), now, ends, now + timedelta(days=30))


def generation(store: TokenStore) -> int:
    row = store.read()
    assert row is not None
    return row.generation


def test_many_threads_begin_one_refresh(store: TokenStore) -> None:
    begun: list[bool] = []
    start = threading.Barrier(12)

    def begin() -> None:
        start.wait()
        begun.append(store.begin_refresh(1))

    threads = [threading.Thread(target=begin) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [False] * 11 + [True]


def test_a_new_pair_raises_the_generation_and_clears_troubles(place: Room, store: TokenStore) -> None:
    assert store.begin_refresh(1)
    store.note(1, refusals=2, companies={"1": "kept"})
    assert store.store_pair(new_pair(place, "a2", "r2"), generation=1)
    row = store.read()
    assert row is not None
    assert (row.generation, row.state, *pair_of(row)) == (2, TokenState.VALID, "a2", "r2")
    assert row.detail == {"companies": {"1": "kept"}}
    assert not store.begin_refresh(1)


def test_an_answer_that_comes_late_still_counts(place: Room, store: TokenStore) -> None:
    store.begin_refresh(1)
    store.authorize_again(1, "interrupted")
    assert store.store_pair(new_pair(place, "a2", "r2"), generation=1)
    row = store.read()
    assert row is not None
    assert (row.state, pair_of(row)[0]) == (TokenState.VALID, "a2")
    assert "cause" not in row.detail


def test_a_new_authorization_wins_over_a_refresh_on_its_way(place: Room, store: TokenStore) -> None:
    store.begin_refresh(1)
    store.store_pair(new_pair(place, "person", "r9"), generation=None)
    assert not store.store_pair(new_pair(place, "late", "r2"), generation=1)
    assert not store.keep_pair(1)
    assert not store.authorize_again(1, "late")
    row = store.read()
    assert row is not None
    assert (row.generation, pair_of(row)[0]) == (2, "person")


def test_keeping_the_pair_only_ends_a_refresh(store: TokenStore) -> None:
    assert not store.keep_pair(1)
    store.begin_refresh(1)
    assert store.keep_pair(1, failures=1)
    row = store.read()
    assert row is not None
    assert (row.state, row.detail["failures"]) == (TokenState.VALID, 1)


def test_without_a_new_refresh_token_the_old_one_is_kept(place: Room, store: TokenStore) -> None:
    store.begin_refresh(1)
    store.store_pair(NewPair(Secret("a2"), None, place.clock.now(), None), generation=1)
    row = store.read()
    assert row is not None
    assert pair_of(row) == ("a2", "r1")


def test_a_state_parameter_works_once(store: TokenStore) -> None:
    state = store.new_state()
    assert connection_of_state(state) == "exact_nl"
    assert not store.take_state(state[:-1])
    assert store.take_state(state)
    assert not store.take_state(state)


def test_a_state_parameter_ends_after_half_an_hour(place: Room, store: TokenStore) -> None:
    early, late = store.new_state(), store.new_state()
    place.clock.move(29 * 60)
    assert store.take_state(early)
    place.clock.move(2 * 60)
    assert not store.take_state(late)


def test_several_links_can_be_open_but_not_any_number(store: TokenStore) -> None:
    states = [store.new_state() for _ in range(7)]
    assert [store.take_state(state) for state in states] == [False] * 2 + [True] * 5


def test_a_link_for_one_connection_does_not_work_for_another(place: Room, store: TokenStore) -> None:
    other = TokenStore(place.ledger, place.vault, "exact_be")
    assert not other.take_state(store.new_state())


def test_the_report_names_who_must_act_and_warns_before_the_end(place: Room, store: TokenStore) -> None:
    for name in ("warned", "broken", "stuck"):
        TokenStore(place.ledger, place.vault, name).store_pair(new_pair(place, "a", "r"), generation=None)
    TokenStore(place.ledger, place.vault, "only_a_link_was_made").new_state()
    place.clock.move(23.5 * 86_400)
    store.store_pair(new_pair(place, "a2", "r2"), generation=None)
    TokenStore(place.ledger, place.vault, "broken").authorize_again(1, "interrupted")
    TokenStore(place.ledger, place.vault, "stuck").begin_refresh(1)
    place.clock.move(300)
    report = expiry_report(place.ledger, warning=timedelta(days=7))
    assert [(one.connection, one.health) for one in report] == [
        ("broken", Health.ACT),
        ("stuck", Health.ACT),
        ("warned", Health.WARN),
        ("exact_nl", Health.GOOD),
    ]
    assert report[0].remedy == "Run `ml-connector credentials authorize broken`."
    assert report[2].days_left == pytest.approx(6.5, abs=0.01)
    told = {name: list(stored_authorization(name, place.ledger, 7)) for name in ("exact_nl", "warned", "stuck")}
    assert told["exact_nl"] == []
    assert [(one.level, one.mender) for one in told["warned"]] == [(CheckLevel.WARN, None)]
    assert [(one.level, one.mender) for one in told["stuck"]] == [(CheckLevel.BAD, Mender.AUTHORIZE)]
    place.clock.move(7 * 86_400)
    ended = {one.connection: one.message for one in expiry_report(place.ledger)}
    assert ended["warned"].startswith("the authorization ended on")


def test_forgetting_leaves_nothing(store: TokenStore) -> None:
    assert store.forget()
    assert store.read() is None
    assert not store.forget()
