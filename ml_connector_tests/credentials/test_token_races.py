"""Bar 3, small: eight processes across several expiries; and a process killed in the middle of a refresh."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ml_connector.clock import FileClock
from ml_connector.errors import AuthorizationNeeded
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.credentials.support import Answer, TokenServer
from ml_connector_tests.credentials.token_race import make_seat, process, read_tally, run_race
from ml_connector_tests.support.waiting import wait_until


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    exact = ExactOptions(minute_limit=None, day_limit=None)
    options = SandboxOptions(clock_file=tmp_path / "clock", partner=False, exact=exact)
    with Sandbox(options, stand_ins=registry.of("exact")) as made:
        yield made


@pytest.mark.timeout(240)
def test_eight_processes_never_use_a_refresh_token_twice(tmp_path: Path, sandbox: Sandbox, empty_url: str) -> None:
    result = run_race(tmp_path, sandbox, empty_url, processes=8, expiries=5)
    assert result.failures == []
    assert result.second_uses == 0
    assert result.too_early == 0
    assert result.youngest_refresh is not None
    assert result.youngest_refresh >= 570
    assert result.refreshes == 5
    assert result.calls > 8 * 5


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rotated", [True, False], ids=["after the server rotated", "before the server rotated"])
def test_killed_during_a_refresh_ends_in_a_request_to_authorize_again(
    tmp_path: Path, sandbox: Sandbox, rotated: bool
) -> None:
    """The dead process took the answer with it. The old token is used up; nobody tries the refresh token again."""
    seat = make_seat(tmp_path, sandbox, f"sqlite:///{tmp_path / 'ledger.db'}")
    clock = FileClock(Path(seat.clock_file))
    ledger = seat.open()
    after = seat.tokens(ledger, deadline=3.0)
    first = after.token()
    if rotated:
        sandbox.faults.add(Fault(FaultKind.SLOW, system="exact", path="/api/oauth2/token", seconds=60.0))
    with TokenServer(Answer(end="hang")) as silent:
        dying = seat if rotated else replace(seat, token_url=silent.url)
        counts = sandbox.exact.oauth.counts
        with process(dying, 0) as child:
            wait_until(lambda: read_tally(seat, 0).calls > 0, "the process does not work")
            clock.move(580)
            wait_until(lambda: counts.refreshed == 1 if rotated else silent.forms != [], "nobody refreshes")
            child.kill()
            child.wait()
    assert after.token() == first
    clock.move(60)
    with pytest.raises(AuthorizationNeeded, match="a refresh was interrupted") as caught:
        after.token()
    assert "`ml-connector credentials authorize exact_nl`" in str(caught.value)
    assert counts.old_refresh_token == 0
    assert counts.refreshed == (1 if rotated else 0)
    after.exchange_pasted(sandbox.call(sandbox.exact.oauth.new_code, seat.app().redirect_uri))
    with process(seat, 1):
        wait_until(lambda: read_tally(seat, 1).calls > 5, "work does not go on")
    assert read_tally(seat, 1).failures == []
    ledger.close()


@pytest.mark.timeout(120)
def test_a_slow_refresh_whose_lease_ran_out_is_waited_for_and_its_pair_counts(tmp_path: Path, sandbox: Sandbox) -> None:
    """A clock that is put on ends every lease; the process that is refreshing is alive all the same."""
    seat = make_seat(tmp_path, sandbox, f"sqlite:///{tmp_path / 'ledger.db'}")
    clock = FileClock(Path(seat.clock_file))
    ledger = seat.open()
    slow, waiting = seat.tokens(ledger), seat.tokens(ledger)
    sandbox.faults.add(Fault(FaultKind.SLOW, system="exact", path="/api/oauth2/token", seconds=1.5))
    clock.move(580)
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(slow.token()))
    thread.start()
    wait_until(lambda: sandbox.exact.oauth.counts.refreshed == 1, "nobody refreshes")
    clock.move(100)
    assert waiting.token() == slow.store.read().access  # type: ignore[union-attr]
    thread.join()
    assert [waiting.token()] == got
    assert sandbox.exact.oauth.counts.old_refresh_token == 0
    ledger.close()
