"""A connection is checked, logs in once for all its processes, and gives its seat back."""

import pytest

from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.access.wire import CookieEndpoint
from ml_connector.systems.acumatica.wire.answers import SeatRefused
from ml_connector.systems.results import CheckLevel, CheckResult
from ml_connector_tests.credentials.support import Answer, TokenServer
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.transport.conftest import StillClock


def of(found: list[CheckResult], aspect: str) -> list[CheckResult]:
    return [one for one in found if one.aspect == aspect]


def test_check_finds_everything_right(bench: Bench) -> None:
    found = bench.check()
    assert [one for one in found if one.level is not CheckLevel.GOOD] == []
    assert {one.aspect for one in found} == {"version", "authorized", "branch", "fields", "readable"}


def test_check_names_the_versions_that_the_site_offers_and_takes_none_of_them(bench: Bench) -> None:
    found = bench.check(version="25.200.001")
    assert [one.level for one in found] == [CheckLevel.BAD]
    assert "does not offer Default 25.200.001" in found[0].message
    assert "24.200.001" in found[0].remedy
    assert bench.living() == 0


def test_check_reads_the_list_of_an_old_build(bench: Bench) -> None:
    bench.options.bare_endpoint_list = True
    assert of(bench.check(), "version")[0].level is CheckLevel.GOOD


def test_check_tells_the_fields_that_an_older_version_lacks_with_who_needs_them(bench: Bench) -> None:
    lacking = [one for one in of(bench.check(version="23.200.001"), "fields") if one.level is CheckLevel.BAD]
    assert any("CustomerLocation.ExtRefNbr: customer locations need it" in one.message for one in lacking)
    assert any("units need it" in one.message or "UnitsOfMeasure" in one.message for one in lacking)


def test_check_tells_a_branch_that_is_not_there(bench: Bench) -> None:
    found = of(bench.check(branch="NOWHERE"), "branch")
    assert found[0].level is CheckLevel.BAD
    assert "HEADOFFICE, NORTH" in found[0].remedy


def test_check_tells_a_form_that_the_user_may_not_open(bench: Bench) -> None:
    bench.options.forbidden = {"TaxZone"}
    found = of(bench.check(), "readable")
    assert [one.level for one in found] == [CheckLevel.BAD]
    assert "insufficient rights" in found[0].message
    assert "without: [tax_zones]" in found[0].remedy


def test_check_tells_documents_that_the_user_may_not_read(bench: Bench) -> None:
    bench.options.forbidden = {"SalesInvoice"}
    found = of(bench.check(), "readable")
    assert [one.level for one in found] == [CheckLevel.BAD]
    assert "SalesInvoice" in found[0].message


def test_a_wrong_password_is_asked_once_and_told(bench: Bench) -> None:
    wrong = {"password": {"file": bench.secret("wrong", "not-it")}}
    for _ in range(3):
        found = of(bench.check(**wrong), "authorized")
        assert found[0].level is CheckLevel.BAD
        assert "user name or password" in found[0].message
    assert bench.state.oauth.counts["refused"] == 1


def test_a_wrong_application_is_told_from_a_wrong_password(bench: Bench) -> None:
    erp = bench.erp(client_secret={"file": bench.secret("wrong", "not-it")})
    with pytest.raises(AuthorizationNeeded, match="refuses the application"):
        erp.client.schema("Vendor")


@pytest.mark.parametrize("login", ["password", "cookie"])
def test_all_processes_share_one_session_and_the_last_one_logs_out(bench: Bench, login: str) -> None:
    one, two, three = (bench.erp(login=login) for _ in range(3))
    for erp in (one, two, three):
        assert erp.client.schema("Vendor")
    assert (bench.living(), bench.state.sessions.most_at_once) == (1, 1)
    one.close()
    two.close()
    assert bench.living() == 1
    assert three.client.schema("Vendor")
    three.close()
    assert (bench.living(), bench.state.sessions.counts["opened"]) == (0, 1)


def test_the_session_of_a_process_that_was_killed_is_taken_up_again(bench: Bench) -> None:
    killed = bench.erp()
    assert killed.client.schema("Vendor")
    bench.made.clear()  # it says nothing any more: no log-out
    after = bench.erp()
    assert after.client.schema("Vendor")
    assert bench.state.sessions.counts["opened"] == 1
    killed.close()


@pytest.mark.parametrize("login", ["password", "cookie"])
def test_a_session_that_the_site_has_ended_is_replaced_once(bench: Bench, login: str) -> None:
    one, two = bench.erp(login=login), bench.erp(login=login)
    assert one.client.schema("Vendor")
    assert two.client.schema("Vendor")
    bench.state.sessions.end_all()
    assert one.client.schema("Vendor")
    assert two.client.schema("Vendor")
    assert bench.living() == 1
    assert bench.state.sessions.counts["opened"] <= 2


@pytest.mark.parametrize("refusal", ["500", "429", "302"])
@pytest.mark.parametrize("login", ["password", "cookie"])
def test_a_refused_seat_is_told_as_that_and_tried_later(bench: Bench, refusal: str, login: str) -> None:
    bench.options.seats = 0
    bench.options.seat_refusal = refusal
    erp = bench.erp(login=login)
    with pytest.raises(SeatRefused, match="no seat is free") as told:
        erp.client.schema("Vendor")
    assert isinstance(told.value, TryAgain)
    assert told.value.after_seconds == pytest.approx(60, abs=2)
    assert "Active Users" in told.value.remedy
    bench.options.seats = 1
    assert erp.client.schema("Vendor")


@pytest.mark.parametrize(
    ("asked", "wait"),
    [("7", 7.0), ("Fri, 20 Nov 2026 10:01:00 GMT", 30.0), ("9" * 400, 86_400.0), ("\u00b2", None), ("soon", None)],
)
def test_a_wait_that_the_older_log_in_asks_for_is_kept_within_a_day(asked: str, wait: float | None) -> None:
    with TokenServer(Answer({"message": "later"}, 503, {"Retry-After": asked})) as server:
        base_url = server.url.removesuffix("/token")
        endpoint = CookieEndpoint(base_url, "AcmeFoods", "", StillClock(), after_seconds=60, deadline=10)
        answer = endpoint.post({"username": "edi", "password": "not-told"})
    assert (answer.status, answer.retry_after) == (503, wait)


def test_tokens_never_stand_in_the_ledger_in_clear(bench: Bench) -> None:
    erp = bench.erp()
    erp.client.schema("Vendor")
    tokens = [*bench.state.oauth.access, *bench.state.oauth.refresh]
    ledger = str(bench.parts.ledger.engine.url.database)
    from pathlib import Path

    stored = b"".join(path.read_bytes() for path in Path(ledger).parent.glob("ledger.db*"))
    assert tokens
    assert not [token for token in tokens if token.encode() in stored]


def test_a_token_that_has_ended_is_refreshed_in_the_same_session(bench: Bench) -> None:
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.EXPIRED_TOKEN, path="*/Vendor/*")
    assert erp.client.schema("Vendor")
    assert bench.state.sessions.counts["opened"] == 1
    assert bench.living() == 1


@pytest.mark.parametrize("lost", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
def test_a_refresh_without_an_answer_leaves_no_second_session(bench: Bench, lost: FaultKind) -> None:
    """Its session may live on: it is ended before another is begun."""
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.EXPIRED_TOKEN, path="*/Vendor/*")
    bench.fault(lost, path="*/connect/token")
    assert erp.client.schema("Vendor")
    assert (bench.living(), bench.state.sessions.most_at_once) == (1, 1)
    erp.close()
    assert bench.living() == 0


def test_a_cookie_session_that_is_refused_for_once_is_ended_before_another_begins(bench: Bench) -> None:
    erp = bench.erp(login="cookie")
    erp.client.schema("Vendor")
    bench.fault(FaultKind.EXPIRED_TOKEN, path="*/Vendor/*")
    assert erp.client.schema("Vendor")
    assert (bench.living(), bench.state.sessions.most_at_once) == (1, 1)


@pytest.mark.parametrize(("status", "sessions"), [(503, 1), (500, 2)])
def test_no_second_seat_is_taken_while_the_first_may_still_be_ended(bench: Bench, status: int, sessions: int) -> None:
    """A site that is away is waited for; one that answers a log-out with an error of its own says no more later."""
    erp = bench.erp()
    erp.client.schema("Vendor")
    bench.fault(FaultKind.EXPIRED_TOKEN, path="*/Vendor/*")
    bench.fault(FaultKind.RESET_AFTER, path="*/connect/token")
    bench.fault(FaultKind.STATUS, status=status, path="*/logout", count=3)
    assert erp.client.schema("Vendor")
    assert bench.state.sessions.most_at_once == sessions


def test_two_tenants_are_two_companies(bench: Bench) -> None:
    ours = bench.settings()
    other = bench.settings(tenant="AcmeTest", client_id="8B14C9D0-77E2-4F3B-8D52-61A0F4E9C730")
    north = bench.settings(branch="NORTH")
    assert len({ours.company, other.company, north.company}) == 3
    assert ours.company.endswith("/acmeerp:acmefoods:HEADOFFICE")
    assert other.application.endswith("@AcmeTest")


def test_a_company_with_a_long_name_still_fits_and_stays_unlike_its_neighbour(bench: Bench) -> None:
    names = {bench.settings(base_url=f"https://{'x' * 63}.{'y' * 60}.com/S{n}").company for n in range(3)}
    assert len(names) == 3
    assert max(map(len, names)) <= 80
