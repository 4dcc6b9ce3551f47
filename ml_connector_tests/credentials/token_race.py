"""Bar 3: several processes and the sandbox on one movable clock, across many token expiries.

`run_race` starts the processes and moves the clock; `work` is what each of them does: business calls without pause, as
a connection does: through ApiClient, with a token source of its own.
"""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from ml_connector.clock import FileClock
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Vault
from ml_connector.errors import ConnectorError
from ml_connector.ledger.database.store import Ledger
from ml_connector.sandbox.server import Sandbox
from ml_connector.systems.exact_online.authorization import GRANT
from ml_connector.transport.authentication import BearerToken
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.transport.tokens.endpoint import TokenEndpoint
from ml_connector.transport.tokens.oauth_app import OAuthApp
from ml_connector_tests.support.forked import Forked
from ml_connector_tests.support.waiting import wait_until

CALLS_BETWEEN = 3
#: How far the clock is put on: into the 30 s in which a refresh is asked for early, and beyond the expiry.
JUMPS = (577.0, 590.0, 610.0, 2_000.0)


@dataclass
class Tally:
    """What one process did. failures: business calls that did not succeed, with what they said."""

    calls: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RaceResult:
    """What the sandbox and the processes counted."""

    processes: int
    expiries: int
    calls: int
    failures: list[str]
    refreshes: int
    second_uses: int
    too_early: int
    youngest_refresh: float | None
    seconds: float

    @property
    def clean(self) -> bool:
        """Every point of bar 3."""
        old_enough = self.youngest_refresh is not None and self.youngest_refresh >= 570
        return (
            not self.failures
            and self.second_uses == 0
            and self.too_early == 0
            and old_enough
            and self.refreshes == self.expiries
        )


@dataclass(frozen=True)
class Seat:
    """What a process needs to take part."""

    ledger_url: str
    clock_file: str
    exact_url: str
    key: str
    tally: str
    token_url: str = ""

    def app(self) -> OAuthApp:
        return OAuthApp(
            connection="exact_nl",
            authorize_url=f"{self.exact_url}/api/oauth2/auth",
            token_url=self.token_url or f"{self.exact_url}/api/oauth2/token",
            client_id="b81cc4de-d192-400e-bcb4-09254394c52a",
            redirect_uri="https://connector.example/oauth/callback",
            refresh_age_seconds=575,
            **GRANT,
        )

    def tokens(self, ledger: Ledger, *, deadline: float = 20.0) -> AuthorizationCodeTokens:
        vault = Vault(ledger, [self.key.encode()])
        app = self.app()
        endpoint = TokenEndpoint(app.token_url, deadline=deadline)
        return AuthorizationCodeTokens(app, ledger, vault, lambda: Secret("sandbox-client-secret"), endpoint=endpoint)

    def open(self) -> Ledger:
        return Ledger.open(self.ledger_url, FileClock(Path(self.clock_file)), create=False)


def make_seat(folder: Path, sandbox: Sandbox, ledger_url: str) -> Seat:
    """A ledger with an authorized connection."""
    addresses = sandbox.addresses()
    seat = Seat(ledger_url, addresses["clock_file"], addresses["exact"], Fernet.generate_key().decode(), str(folder))
    ledger = Ledger.open(ledger_url, FileClock(Path(seat.clock_file)))
    code = sandbox.call(sandbox.exact.oauth.new_code, seat.app().redirect_uri)
    seat.tokens(ledger).exchange_pasted(code)
    ledger.close()
    return seat


@contextmanager
def process(seat: Seat, number: int) -> Iterator[Forked]:
    """One process that works until it is told to stop."""
    child = Forked("ml_connector_tests.credentials.token_race:work", seat, number)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def read_tally(seat: Seat, number: int) -> Tally:
    path = Path(seat.tally) / f"tally-{number}.json"
    return Tally(**json.loads(path.read_text())) if path.exists() else Tally()


def run_race(
    folder: Path,
    sandbox: Sandbox,
    ledger_url: str,
    *,
    processes: int,
    expiries: int,
    seed: int = 1,
    told: Callable[[str], None] = lambda _line: None,
) -> RaceResult:
    """Let the processes work while the clock passes `expiries` ages of the token."""
    seat = make_seat(folder, sandbox, ledger_url)
    clock = FileClock(Path(seat.clock_file))
    drawn = random.Random(seed)
    began = time.monotonic()
    numbers = range(processes)
    with ExitStack() as running:
        for number in numbers:
            running.enter_context(process(seat, number))

        def all_worked(since: list[int]) -> bool:
            return all(read_tally(seat, n).calls >= since[n] + CALLS_BETWEEN for n in numbers)

        for expiry in range(expiries):
            since = [read_tally(seat, n).calls for n in numbers]
            wait_until(lambda s=since: all_worked(s), "the processes stand still")  # type: ignore[misc]
            before = sandbox.exact.oauth.counts.refreshed
            clock.move(drawn.choice(JUMPS))
            wait_until(
                lambda b=before: sandbox.exact.oauth.counts.refreshed > b,  # type: ignore[misc]
                "nobody refreshed",
            )
            told(f"{expiry + 1}/{expiries} expiries, {sum(since)} calls")
        since = [read_tally(seat, n).calls for n in numbers]
        wait_until(lambda: all_worked(since), "the processes stand still")
    tallies = [read_tally(seat, n) for n in numbers]
    counts = sandbox.exact.oauth.summary()
    return RaceResult(
        processes=processes,
        expiries=expiries,
        calls=sum(tally.calls for tally in tallies),
        failures=[failure for tally in tallies for failure in tally.failures],
        refreshes=counts["refreshed"],
        second_uses=counts["old_refresh_token"],
        too_early=counts["too_early"],
        youngest_refresh=counts["youngest_refreshed"],
        seconds=time.monotonic() - began,
    )


def work(seat: Seat, number: int) -> None:
    """Business calls until SIGTERM; the tally is written after each."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    ledger = seat.open()
    api = ApiClient(
        "exact_nl",
        seat.exact_url,
        authentication=BearerToken(seat.tokens(ledger)),
        limiter=Unlimited(),
        clock=ledger.clock,
    )
    tally = Tally()
    path = Path(seat.tally) / f"tally-{number}.json"
    while not stopping:
        try:
            api.request("GET", "/api/v1/current/Me", template="current/Me", headers={"Accept": "application/json"})
            tally.calls += 1
        except ConnectorError as error:
            tally.failures.append(str(error)[:300])
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(asdict(tally)))
        beside.replace(path)
        time.sleep(0.01)
    ledger.close()
