"""The password grant against the Cleo stand-in: one log-in for all, and no hammering."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.errors import AuthorizationNeeded, ConfigError, TryAgain
from ml_connector.sandbox.cleo.accounts import totp
from ml_connector.sandbox.cleo.state import TOTP_PASSWORD, TOTP_SECRET, TOTP_USER
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.credentials.sandboxes import Cleo, cleo_sandbox
from ml_connector_tests.credentials.support import Answer, TokenServer, closed_port, everything_on_disk, pair


@pytest.fixture
def cleo(tmp_path: Path) -> Iterator[Cleo]:
    with cleo_sandbox(tmp_path) as made:
        yield made


def test_all_processes_and_threads_share_one_log_in(cleo: Cleo) -> None:
    sources = [cleo.tokens() for _ in range(4)]
    seen: list[str] = []
    threads = [threading.Thread(target=lambda s=source: seen.append(s.token())) for source in sources * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 12
    assert len(set(seen)) == 1
    assert cleo.works(seen[0])
    assert cleo.state.accounts.logins == 1


def test_a_token_is_replaced_before_use_once_it_has_expired(cleo: Cleo) -> None:
    tokens = cleo.tokens()
    first = tokens.token()
    cleo.room.clock.move(3601)
    second = tokens.token()
    assert cleo.works(second)
    assert second != first
    assert (cleo.state.accounts.logins, cleo.state.accounts.refreshes) == (1, 1)


def test_a_401_uses_the_refresh_token_and_then_the_password(cleo: Cleo) -> None:
    tokens, other = cleo.tokens(), cleo.tokens()
    first = tokens.token()
    assert other.token() == first
    cleo.state.accounts.expire_tokens()
    second = tokens.rejected(first)
    assert other.rejected(first) == second
    assert (cleo.state.accounts.logins, cleo.state.accounts.refreshes) == (1, 1)
    cleo.state.accounts.expire_tokens(refresh_too=True)
    third = tokens.rejected(second)
    assert cleo.works(third)
    assert (cleo.state.accounts.logins, cleo.state.accounts.refreshes) == (2, 1)


def test_a_server_that_tells_neither_expiry_nor_refresh_token_works_by_its_401(cleo: Cleo) -> None:
    cleo.state.accounts.options.give_expires_in = False
    cleo.state.accounts.options.give_refresh_token = False
    tokens = cleo.tokens()
    first = tokens.token()
    cleo.room.clock.move(10 * 86_400)
    assert tokens.token() == first
    assert not cleo.works(first)
    assert cleo.works(tokens.rejected(first))
    assert cleo.state.accounts.logins == 2


def test_a_process_that_died_in_a_refresh_costs_one_log_in(cleo: Cleo) -> None:
    tokens = cleo.tokens()
    first = tokens.token()
    tokens.store.begin_refresh(1)
    assert cleo.works(tokens.rejected(first))
    assert (cleo.state.accounts.logins, cleo.state.accounts.refreshes) == (2, 0)


def test_a_wrong_password_is_tried_once_until_it_changes(cleo: Cleo) -> None:
    """Five failures within a minute lock an account (cleo 5): several processes must not add up to that."""
    cleo.state.accounts.options.lockout = True
    for _ in range(6):
        with pytest.raises(AuthorizationNeeded, match="refuses the user name or password") as caught:
            cleo.tokens(password="hunter2").token()
        assert "hunter2" not in str(caught.value)
        assert "not tried again before it changes" in caught.value.remedy
    assert len(cleo.state.accounts._failures["svc-mlconnector"]) == 1
    assert cleo.works(cleo.tokens().token())
    assert b"hunter2" not in everything_on_disk(cleo.room.folder)


def test_a_locked_account_is_left_alone_for_a_quarter_of_an_hour(cleo: Cleo) -> None:
    cleo.state.accounts.options.lockout = True
    cleo.state.accounts._failures["svc-mlconnector"] = [cleo.room.clock.now()] * 5
    for _ in range(3):
        with pytest.raises(TryAgain, match="locked") as caught:
            cleo.tokens().token()
    assert caught.value.after_seconds == pytest.approx(900, abs=5)
    cleo.room.clock.move(901)
    assert cleo.works(cleo.tokens().token())


def test_an_account_with_two_factors_gets_the_advice_and_a_person_can_help(cleo: Cleo) -> None:
    tokens = cleo.tokens(user=TOTP_USER, password=TOTP_PASSWORD)
    for _ in range(2):
        with pytest.raises(AuthorizationNeeded, match="two-factor code") as caught:
            tokens.token()
    assert "service account" in caught.value.remedy
    assert caught.value.data == {"why": "totp"}
    tokens.log_in_with_code(totp(TOTP_SECRET, cleo.room.clock.now()))
    assert cleo.works(tokens.token())


def test_a_server_that_refuses_its_own_tokens_is_not_hammered(cleo: Cleo) -> None:
    tokens = cleo.tokens(logins_per_minute=5)
    access = tokens.token()
    cleo.state.accounts.options.give_refresh_token = False
    cleo.state.accounts.expire_tokens(refresh_too=True)
    for _ in range(4):
        access = tokens.rejected(access)
    with pytest.raises(TryAgain, match="5 log-ins within a minute"):
        tokens.rejected(access)
    assert cleo.state.accounts.logins == 5
    cleo.room.clock.move(61)
    assert cleo.works(tokens.rejected(access))


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.STATUS, FaultKind.HTML, FaultKind.HALF_WRITTEN]
)
def test_trouble_at_the_log_in_is_tried_again(cleo: Cleo, kind: FaultKind) -> None:
    cleo.sandbox.faults.add(Fault(kind, system="cleo", path="/api/authentication"))
    tokens = cleo.tokens()
    with pytest.raises(TryAgain):
        tokens.token()
    assert cleo.works(tokens.token())


def test_a_server_out_of_reach_is_tried_again(cleo: Cleo) -> None:
    with pytest.raises(TryAgain, match="cannot be reached"):
        cleo.tokens(url=closed_port()).token()


def test_a_wrong_address_says_which_settings_to_mend(cleo: Cleo) -> None:
    with pytest.raises(ConfigError, match=r"paths\.authentication"):
        cleo.tokens(url=f"{cleo.url}/api/nothing").token()


def test_an_expiry_as_text_or_number_is_understood(cleo: Cleo) -> None:
    for expires_in in ("60", 60):
        with TokenServer(pair("a", expires_in=expires_in), Answer(status=418)) as server:
            tokens = cleo.tokens(url=server.url)
            tokens.store.forget()
            tokens.token()
            row = tokens.store.read()
        assert row is not None
        assert row.expires_at is not None
        assert (row.expires_at - cleo.room.clock.now()).total_seconds() == pytest.approx(60, abs=5)
