"""Forms that actions lock, consent in a browser, seats under many threads, and calls that queue."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ml_connector.errors import AuthorizationNeeded, CallLimitReached, TryAgain
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.access.authorization import LeasedForm, consent_tokens
from ml_connector.systems.acumatica.access.forms import Forms
from ml_connector.systems.acumatica.wire.answers import NotThere
from ml_connector.systems.acumatica.wire.client import Query
from ml_connector.systems.acumatica.wire.limits import SiteLimiter
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, account_line, bill_of, plan
from ml_connector_tests.transport.conftest import StillClock

BACK = "https://connector.example.com/oauth/acumatica"


class NoLease:
    """Nobody else works in this session."""

    def take(self) -> bool:
        """Always."""
        return True

    def give(self) -> None:
        """Nothing to give."""

    def is_taken(self) -> bool:
        """Never."""
        return False


@pytest.fixture
def forms() -> Forms:
    return Forms("acu", lambda form: NoLease(), StillClock(), acts=True, patience=2.0)


@contextmanager
def held(forms: Forms, use: str) -> Iterator[None]:
    """Another thread is on the form meanwhile."""
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with forms.use("Bill", use):  # type: ignore[arg-type]
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(10)
    try:
        yield
    finally:
        leave.set()
        thread.join(10)


def test_calls_share_a_form_and_an_action_has_it_alone(forms: Forms) -> None:
    with held(forms, "call"), forms.use("Bill", "call"):
        pass
    with held(forms, "call"), pytest.raises(TryAgain, match="an action runs on the form of Bill"):
        forms.use("Bill", "act").__enter__()
    with held(forms, "act"):
        with forms.use("PurchaseReceipt", "act"), forms.use("Vendor", "call"):
            pass
        for use in ("call", "act"):
            with pytest.raises(TryAgain, match="nothing was sent"):
                forms.use("Bill", use).__enter__()  # type: ignore[arg-type]
    with forms.use("Bill", "act"):
        pass


def test_patience_is_counted_in_time_and_not_in_what_happens_on_the_form() -> None:
    """A form where action follows action wakes up whoever waits for it again and again."""
    forms = Forms("acu", lambda form: NoLease(), StillClock(), acts=True, patience=20.0)
    form = forms._forms["AP301000"]
    with ThreadPoolExecutor(1) as pool:
        with forms.use("Bill", "act"):
            waiting = pool.submit(lambda: forms.use("Bill", "call").__enter__())
            for _ in range(2000):
                with form.changed:
                    form.changed.notify_all()
            assert not waiting.done()
        waiting.result(10)


def test_an_action_is_not_overtaken_by_calls_that_come_later() -> None:
    forms = Forms("acu", lambda form: NoLease(), StillClock(), acts=True, patience=20.0)
    came = list[str]()

    def use(kind: Literal["call", "act"]) -> None:
        with forms.use("Bill", kind):
            came.append(kind)

    with ThreadPoolExecutor(2) as pool, held(forms, "call"):
        action = pool.submit(use, "act")
        while not forms._forms["AP301000"]._acting:
            pass
        later = pool.submit(use, "call")
    action.result(10)
    later.result(10)
    assert came == ["act", "call"]


class Interrupting(NoLease):
    """Whoever waits for it is interrupted, once."""

    def __init__(self) -> None:
        self.interrupts = 1

    def take(self) -> bool:
        return not self.is_taken()

    def is_taken(self) -> bool:
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        return False


@pytest.mark.parametrize("use", ["call", "act"])
def test_whoever_is_interrupted_while_waiting_leaves_the_form_free(use: Literal["call", "act"]) -> None:
    forms = Forms("acu", lambda form: Interrupting(), StillClock(), acts=True, patience=0.0)
    with pytest.raises(KeyboardInterrupt), forms.use("Bill", use):
        pass
    with forms.use("Bill", "act"):
        pass
    with pytest.raises(ValueError, match="of the work"), forms.use("Bill", use):
        raise ValueError("of the work")
    with forms.use("Bill", "act"):
        pass


def test_an_action_of_another_process_is_seen_by_its_lease(bench: Bench) -> None:
    def lease(form: str) -> LeasedForm:
        return LeasedForm(bench.parts.ledger, bench.name, form)

    ours, theirs = (Forms(bench.name, lease, bench.parts.clock, acts=True, patience=0.5) for _ in range(2))
    with ours.use("Bill", "act"):
        for use in ("call", "act"):
            with pytest.raises(TryAgain, match="nothing was sent"):
                theirs.use("Bill", use).__enter__()  # type: ignore[arg-type]
        with theirs.use("Shipment", "act"):
            pass
    with theirs.use("Bill", "act"):
        pass


@pytest.mark.parametrize("status", [500, 409])
def test_many_bills_are_released_side_by_side_without_meeting_a_lock(bench: Bench, status: int) -> None:
    bench.options.lock_status = status
    erp = bench.erp(after_bill="released", poll_seconds=0.3)
    bills = [bill_of(BY_ORDER, account_line()) for _ in range(4)]

    def post(at: int) -> str:
        done = bench.post(erp, plan(erp, bills[at], f"mlc-{at:020x}"))
        return str(done[-1][1].detail["status"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(post, range(4))) == ["Open"] * 4


def test_a_call_that_meets_a_lock_all_the_same_is_tried_again(bench: Bench) -> None:
    body = (
        '{"message": "An error has occurred.", "exceptionMessage": "The previous operation has not been completed'
        ' yet.", "exceptionType": "PX.Data.PXException"}'
    )
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.STATUS, status=500, body=body, path="*/Bill")
    assert erp.client.rows("Bill", Query(top=1)) is not None


def test_consent_in_a_browser_logs_in_and_stands_after_a_log_out(bench: Bench) -> None:
    more = {"login": "code", "redirect_uri": BACK}
    before = bench.erp(**more)
    with pytest.raises(AuthorizationNeeded, match="authorize"):
        before.client.schema("Vendor")
    before.close()
    tokens = consent_tokens(bench.name, bench.settings(**more), bench.parts)
    link = tokens.authorize_url()
    asked = parse_qs(urlsplit(link).query)
    assert (asked["scope"], asked["client_id"]) == (["api offline_access"], [bench.site.login["client_id"]])
    answer = httpx.get(link, follow_redirects=False)
    given = parse_qs(urlsplit(answer.headers["location"]).query)
    tokens.exchange_code(given["code"][0], given["state"][0])
    first = bench.erp(**more)
    assert first.client.schema("Vendor")
    first.close()
    assert bench.living() == 0
    second = bench.erp(**more)
    assert second.client.schema("Vendor")
    assert bench.living() == 1
    second.close()
    assert bench.living() == 0


@pytest.mark.parametrize("login", ["password", "cookie"])
def test_many_threads_and_processes_take_one_seat(bench: Bench, login: str) -> None:
    bench.options.seats = 1
    erps = [bench.erp(login=login) for _ in range(3)]
    with ThreadPoolExecutor(9) as pool:
        assert all(pool.map(lambda at: bool(erps[at % 3].client.schema("Vendor")), range(18)))
    assert (bench.state.sessions.counts["opened"], bench.state.sessions.most_at_once) == (1, 1)
    assert bench.state.sessions.counts["refused"] == 0


def test_a_session_that_another_sign_in_throws_out_is_no_storm(bench: Bench) -> None:
    bench.options.seats = 1
    bench.options.seat_refusal = "evict"
    erp = bench.erp()
    for _ in range(3):
        assert erp.client.schema("Vendor")
        bench.site.authorize()
    assert bench.state.sessions.counts["opened"] <= 6


def test_log_ins_that_never_hold_end_in_a_clear_message(bench: Bench) -> None:
    erp = bench.erp(logins_per_minute=2)
    erp.client.schema("Vendor")
    bench.fault(FaultKind.EXPIRED_TOKEN, path="*/entity/Default/*", count=None)
    bench.fault(FaultKind.STATUS, status=400, body='{"error": "invalid_grant"}', path="*/token", count=3)
    opened = bench.state.sessions.counts["opened"]
    for _ in range(6):
        with pytest.raises((TryAgain, AuthorizationNeeded)):
            erp.client.rows("Vendor", Query(top=1))
    assert bench.state.sessions.counts["opened"] - opened <= 3


def test_a_log_out_that_is_lost_leaves_the_session_to_whoever_comes_next(bench: Bench) -> None:
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.STATUS, status=503, path="*/logout", count=3)
    erp.close()
    assert bench.living() == 1
    after = bench.erp()
    assert after.client.schema("Vendor")
    assert bench.state.sessions.counts["opened"] == 1
    after.close()
    assert bench.living() == 0


def test_a_connection_that_keeps_its_seat_does_not_log_out(bench: Bench) -> None:
    erp = bench.erp(log_out=False)
    erp.client.schema("Vendor")
    erp.close()
    assert bench.living() == 1


def test_a_record_that_is_not_there_is_none_and_no_failure(bench: Bench) -> None:
    client = bench.erp().client
    assert client.record("Vendor", "V999999") is None
    client.delete("Bill", "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001")
    with pytest.raises(NotThere):
        client.act("Bill", "ReleaseBill", '{"entity": {"id": "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"}}')


def test_a_pause_longer_than_one_may_wait_goes_on_to_the_caller() -> None:
    clock = StillClock()
    limiter = SiteLimiter("acu", None, clock, pause_seconds=300, longest_wait=65)
    limiter.acquire("Vendor")
    assert limiter.observe("Vendor", 429, {}) == 300
    with pytest.raises(CallLimitReached) as told:
        limiter.acquire("Bill")
    assert told.value.after_seconds == 300
    limiter.acquire("/entity/auth/logout")
    clock.move(301)
    limiter.acquire("Bill")


def test_a_budget_a_minute_holds_over_all_paths() -> None:
    clock = StillClock()
    limiter = SiteLimiter("acu", 60, clock)
    begin = clock.now()
    for at in range(5):
        limiter.acquire(f"Entity{at}")
    assert (clock.now() - begin).total_seconds() >= 4


def test_the_waiting_of_a_queue_is_no_failure(bench: Bench) -> None:
    """Nothing tells of it: the answer comes late (acumatica 1.3)."""
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.QUEUED, seconds=0.5, path="*/Bill")
    bill = bill_of(BY_ORDER, account_line())
    assert bench.post(erp, plan(erp, bill))
    assert len(bench.rows("Bill", VendorRef=bill.number)) == 1


def test_the_defaults_wait_longer_than_a_queue_does() -> None:
    from ml_connector.systems.acumatica.settings import AcumaticaConnection

    fields = AcumaticaConnection.model_fields
    assert fields["timeout_seconds"].default > 600
    assert fields["settle_seconds"].default > 600
