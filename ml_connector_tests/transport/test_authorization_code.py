"""The authorization code grant against the Exact stand-in, over real sockets and with real faults."""

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from ml_connector.credentials.tokens import TokenState
from ml_connector.errors import AuthorizationNeeded, ConfigError, RefusedBySystem, TryAgain
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.transport.tokens.oauth_app import OAuthApp
from ml_connector_tests.credentials.sandboxes import Exact, exact_sandbox
from ml_connector_tests.credentials.support import closed_port, everything_on_disk

TOKEN_PATH = "/api/oauth2/token"


@pytest.fixture
def exact(tmp_path: Path) -> Iterator[Exact]:
    with exact_sandbox(tmp_path) as made:
        yield made


def fault(exact: Exact, kind: FaultKind, **more: object) -> None:
    exact.sandbox.faults.add(Fault(kind, system="exact", path=TOKEN_PATH, **more))  # type: ignore[arg-type]


def state_of(tokens: AuthorizationCodeTokens) -> TokenState:
    row = tokens.store.read()
    assert row is not None
    return row.state


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


def interrupt_when(happened: Callable[[], object]) -> None:
    """Press Ctrl-C as soon as it happened."""
    ends = time.monotonic() + 20
    while not happened() and time.monotonic() < ends:
        time.sleep(0.01)
    _thread.interrupt_main()


# ---------------------------------------------------------------- authorizing


def test_the_link_leads_to_a_token_that_works(exact: Exact) -> None:
    tokens = exact.tokens()
    query = parse_qs(urlsplit(tokens.authorize_url()).query)
    assert query["response_type"] == ["code"]
    assert query["redirect_uri"] == ["https://connector.example/oauth/callback"]
    assert exact.works(exact.authorized().token())


def test_a_code_may_be_pasted_bare_encoded_or_as_the_whole_address(exact: Exact) -> None:
    tokens = exact.tokens()
    for how in (
        code_of,
        lambda address: quote(code_of(address), safe=""),
        lambda address: f"  {address}\n",
    ):
        tokens.exchange_pasted(how(exact.consent(tokens.authorize_url())))
        assert exact.works(exact.tokens().token())
    stateless = tokens.needed("never authorized").data["link"]
    tokens.exchange_pasted(exact.consent(str(stateless)))
    assert exact.works(exact.tokens().token())


def test_an_answer_to_no_link_of_ours_is_refused_before_its_code_is_used(exact: Exact) -> None:
    tokens = exact.tokens()
    address = exact.consent(tokens.authorize_url())
    state = parse_qs(urlsplit(address).query)["state"][0]
    for forged in ("", "exact_nl", "exact_nl~guess", "other~" + state, state + "x"):
        with pytest.raises(AuthorizationNeeded, match="no link of ours"):
            tokens.exchange_code(code_of(address), forged)
    tokens.exchange_code(code_of(address), state)
    with pytest.raises(AuthorizationNeeded, match="no link of ours"):
        tokens.exchange_code(code_of(address), state)
    assert exact.works(tokens.token())


def test_a_code_that_is_too_old_gives_advice(exact: Exact) -> None:
    tokens = exact.tokens()
    address = exact.consent(tokens.authorize_url())
    exact.clock.move(181)
    with pytest.raises(AuthorizationNeeded, match="ml-connector credentials authorize exact_nl"):
        tokens.exchange_pasted(address)


@pytest.mark.parametrize(
    "pasted", ["", "   ", "x" * 9000, "https://connector.example/oauth/callback?error=access_denied"]
)
def test_rubbish_is_refused(exact: Exact, pasted: str) -> None:
    with pytest.raises(AuthorizationNeeded):
        exact.tokens().exchange_pasted(pasted)


def test_without_authorization_the_command_and_the_link_are_named(exact: Exact) -> None:
    with pytest.raises(AuthorizationNeeded) as caught:
        exact.tokens().token()
    assert "`ml-connector credentials authorize exact_nl`" in str(caught.value)
    assert str(caught.value.data["link"]).startswith(f"{exact.url}/api/oauth2/auth?")
    assert str(caught.value.data["link"]) in str(caught.value)


def test_an_age_below_the_floor_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="570"):
        OAuthApp("exact_nl", "a", "t", "c", "r", refresh_age_seconds=480, refresh_floor_seconds=570)


# ---------------------------------------------------------------- refreshing


def test_a_token_is_kept_until_the_age_and_replaced_after_it(exact: Exact) -> None:
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(560)
    assert tokens.token() == first
    exact.clock.move(16)
    second = tokens.token()
    assert second != first
    assert exact.works(second)
    exact.clock.move(4000)
    assert exact.works(tokens.token())
    counts = exact.sandbox.exact.oauth.summary()
    assert (counts["refreshed"], counts["too_early"], counts["old_refresh_token"]) == (2, 0, 0)
    assert counts["youngest_refreshed"] >= 570


def test_another_process_uses_what_the_first_one_stored(exact: Exact) -> None:
    one, two = exact.authorized(), exact.tokens()
    assert two.token() == one.token()
    exact.clock.move(580)
    renewed = one.token()
    assert two.token() == renewed
    assert exact.sandbox.exact.oauth.counts.refreshed == 1


def test_many_threads_refresh_once(exact: Exact) -> None:
    tokens = exact.authorized()
    exact.clock.move(580)
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(tokens.token())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len(set(seen)) == 1
    assert exact.sandbox.exact.oauth.counts.refreshed == 1


@pytest.mark.parametrize("status", [400, 401])
def test_a_refusal_as_too_early_keeps_the_pair_and_cools_down(exact: Exact, status: int) -> None:
    """The server counts from later than we do: its "not expired" means that the token is good (sheet 2.3)."""
    exact.sandbox.exact.options.early_refresh_status = status
    exact.sandbox.exact.options.early_refresh_seconds = 590
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(576)
    assert tokens.token() == first
    assert exact.tokens().token() == first
    assert exact.sandbox.exact.oauth.counts.too_early == 1
    exact.clock.move(31)
    assert not exact.works(first)
    assert exact.works(tokens.rejected(first))
    assert exact.sandbox.exact.oauth.counts.too_early == 1


def test_a_server_that_contradicts_itself_is_not_hammered(exact: Exact) -> None:
    """It calls the token good and refuses it all the same: one question in ten seconds at most."""
    exact.sandbox.exact.options.early_refresh_seconds = 5000
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(650)
    assert tokens.token() == first
    for _ in range(3):
        with pytest.raises(TryAgain) as caught:
            tokens.rejected(first)
        assert (caught.value.after_seconds or 0) <= 30
    assert exact.sandbox.exact.oauth.counts.too_early == 1


def test_a_stamp_from_a_clock_that_runs_ahead_costs_no_early_refresh(exact: Exact) -> None:
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(-300)
    assert exact.tokens().token() == first
    assert exact.sandbox.exact.oauth.counts.too_early == 0
    exact.clock.move(300 + 580)
    assert exact.works(exact.tokens().token())
    assert exact.sandbox.exact.oauth.counts.refreshed == 1


def test_a_401_for_a_young_token_never_asks_for_a_refresh(exact: Exact) -> None:
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(100)
    waits = []
    for _ in range(3):
        with pytest.raises(TryAgain) as caught:
            tokens.rejected(first)
        waits.append(caught.value.after_seconds)
    assert waits[0] == waits[1] == 30
    assert waits[2] == pytest.approx(475, abs=5)
    with pytest.raises(TryAgain):
        exact.tokens().token()
    assert exact.sandbox.exact.oauth.summary()["too_early"] == 0
    exact.clock.move(480)
    assert exact.works(tokens.token())


def test_a_401_for_an_old_token_gives_the_one_that_another_process_stored(exact: Exact) -> None:
    one, two = exact.authorized(), exact.tokens()
    old = two.token()
    exact.clock.move(601)
    renewed = one.token()
    assert two.rejected(old) == renewed
    assert exact.sandbox.exact.oauth.counts.refreshed == 1


def test_a_401_for_an_expired_token_refreshes(exact: Exact) -> None:
    tokens = exact.authorized()
    old = tokens.token()
    exact.clock.move(601)
    assert not exact.works(old)
    assert exact.works(tokens.rejected(old))


def test_what_the_hook_finds_is_kept_and_its_failure_stops_nothing(exact: Exact) -> None:
    tokens = exact.authorized()
    seen = []

    def hook() -> dict[str, object]:
        seen.append(tokens.token())
        if len(seen) == 2:
            raise RefusedBySystem("the division is gone")
        return {"124132": "Voltwerk"}

    tokens.after_refresh = hook
    for _ in range(2):
        exact.clock.move(580)
        assert tokens.token() == seen[-1]
    row = tokens.store.read()
    assert row is not None
    assert row.detail["companies"] == {"124132": "Voltwerk"}
    assert row.detail["companies_error"] == "the division is gone"


# ---------------------------------------------------------------- trouble at the token endpoint


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.HALF_WRITTEN])
def test_a_lost_answer_uses_the_old_token_up_and_then_asks_a_person(exact: Exact, kind: FaultKind) -> None:
    """Nobody can know whether the server rotated: the stored refresh token is not used a second time."""
    tokens = exact.authorized()
    first = tokens.token()
    fault(exact, kind)
    exact.clock.move(576)
    assert tokens.token() == first
    assert exact.works(first)
    assert exact.tokens().token() == first
    exact.clock.move(30)
    for source in (tokens, exact.tokens()):
        with pytest.raises(AuthorizationNeeded, match="the answer to a refresh was lost"):
            source.token()
    assert exact.sandbox.exact.oauth.counts.old_refresh_token == 0
    exact.tokens().exchange_pasted(exact.consent(tokens.authorize_url()))
    assert exact.works(tokens.token())


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_left_alone_for_a_while(exact: Exact, status: int) -> None:
    tokens = exact.authorized()
    first = tokens.token()
    fault(exact, FaultKind.STATUS, status=status)
    exact.clock.move(576)
    assert tokens.token() == first
    exact.clock.move(25)
    assert exact.works(tokens.token())
    assert state_of(tokens) is TokenState.VALID


def test_a_maintenance_page_is_no_answer_about_the_token(exact: Exact) -> None:
    tokens = exact.authorized()
    tokens.token()
    fault(exact, FaultKind.HTML)
    exact.clock.move(700)
    with pytest.raises(TryAgain) as caught:
        tokens.token()
    exact.clock.move(caught.value.after_seconds or 0)
    assert exact.works(tokens.token())


def test_an_endpoint_out_of_reach_changes_nothing(exact: Exact) -> None:
    first = exact.authorized().token()
    away = exact.tokens(token_url=closed_port())
    exact.clock.move(576)
    assert away.token() == first
    exact.clock.move(60)
    with pytest.raises(TryAgain, match="cannot be reached"):
        away.token()
    exact.clock.move(60)
    assert exact.works(exact.tokens().token())


def test_a_broken_chain_asks_a_person_at_once_and_only_once(exact: Exact) -> None:
    tokens = exact.authorized()
    tokens.token()
    exact.sandbox.exact.oauth.revoke()
    exact.clock.move(700)
    for _ in range(3):
        with pytest.raises(AuthorizationNeeded, match="the server said"):
            tokens.token()
    assert exact.sandbox.exact.oauth.counts.refused == 1


def test_an_authorization_unused_for_thirty_days_ends(exact: Exact) -> None:
    tokens = exact.authorized()
    exact.clock.move(31 * 86_400)
    with pytest.raises(AuthorizationNeeded, match="expired"):
        tokens.token()


def test_a_wrong_client_secret_is_not_tried_again_before_it_changes(exact: Exact) -> None:
    exact.authorized()
    exact.clock.move(700)
    wrong = exact.tokens(secret="hunter2")
    for _ in range(3):
        with pytest.raises(ConfigError, match="client id or client secret") as caught:
            wrong.token()
        assert "hunter2" not in str(caught.value)
    assert exact.sandbox.exact.oauth.counts.refused == 1
    assert exact.works(exact.tokens().token())


def test_ctrl_c_during_a_refresh_does_not_lose_what_the_server_gave(exact: Exact) -> None:
    """The refresh runs on in its own thread; the interrupted caller is the only one who does not hear of it."""
    tokens = exact.authorized()
    first = tokens.token()
    fault(exact, FaultKind.SLOW, seconds=0.5)
    exact.clock.move(580)
    watcher = threading.Thread(target=interrupt_when, args=(lambda: exact.sandbox.exact.oauth.counts.refreshed,))
    watcher.start()
    # Whoever started the tests may ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            tokens.token()
        watcher.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert tokens.token() != first
    assert exact.works(exact.tokens().token())
    assert exact.sandbox.exact.oauth.counts.refreshed == 1


def test_nothing_of_it_stands_on_disk_in_clear(exact: Exact) -> None:
    tokens = exact.authorized()
    first = tokens.token()
    exact.clock.move(580)
    second = tokens.token()
    row = tokens.store.read()
    assert row is not None
    assert row.refresh is not None
    disk = everything_on_disk(exact.room.folder)
    for secret in (first, second, row.refresh.reveal(), "sandbox-client-secret"):
        assert secret.encode() not in disk
