"""Cleo's token call: what it accepts, what it refuses, and how tokens end (cleo 3)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml_connector.sandbox.cleo.accounts import AccountOptions, totp
from ml_connector.sandbox.cleo.state import (
    MAILBOX_PASSWORD,
    MAILBOX_USER,
    SERVICE_PASSWORD,
    SERVICE_USER,
    TOTP_PASSWORD,
    TOTP_SECRET,
    TOTP_USER,
)
from ml_connector_tests.sandbox.cleo_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path).serving() as bench:
        yield bench


def test_password_grant_gives_a_token_that_opens_the_api(bench: Bench) -> None:
    assert bench.http.get("/api/folders").status_code == 401
    reply = bench.log_in().json()
    assert reply["token_type"] == "bearer"
    assert reply["expires_in"] == 3600
    assert bench.http.get("/api/folders").status_code == 200


def test_json_login_is_refused_because_the_form_is_the_only_way(bench: Bench) -> None:
    body = {"grant_type": "password", "username": SERVICE_USER, "password": SERVICE_PASSWORD}
    answer = bench.http.post("/api/authentication", json=body)
    assert answer.status_code == 415
    assert "message" in answer.json()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "password", "username": SERVICE_USER, "password": "wrong"}, 401),
        ({"grant_type": "password", "username": "nobody", "password": "x"}, 401),
        ({"grant_type": "password"}, 401),
        ({"grant_type": "client_credentials"}, 400),
        ({}, 400),
        ({"grant_type": "refresh_token", "refresh_token": "made-up"}, 401),
    ],
)
def test_wrong_logins_are_refused_with_a_message(bench: Bench, form: dict[str, str], status: int) -> None:
    answer = bench.http.post(
        "/api/authentication",
        content="&".join(f"{k}={v}" for k, v in form.items()),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == status
    assert answer.json()["message"]


def test_a_token_ends_after_its_lifetime_on_the_sandbox_clock(bench: Bench) -> None:
    bench.state.accounts.options.token_seconds = 120
    bench.log_in()
    bench.clock.move(119)
    assert bench.http.get("/api/folders").status_code == 200
    bench.clock.move(2)
    answer = bench.http.get("/api/folders")
    assert answer.status_code == 401
    assert answer.json()["message"]


def test_a_single_use_refresh_token_works_once(bench: Bench) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": bench.log_in().json()["refresh_token"]}
    first = bench.http.post("/api/authentication", data=refresh)
    assert first.status_code == 200
    assert bench.http.post("/api/authentication", data=refresh).status_code == 401
    again = {**refresh, "refresh_token": first.json()["refresh_token"]}
    assert bench.http.post("/api/authentication", data=again).status_code == 200


def test_a_reusable_refresh_token_works_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.state.accounts.options.refresh_single_use = False
    with bench.serving():
        refresh = {"grant_type": "refresh_token", "refresh_token": bench.log_in().json()["refresh_token"]}
        statuses = [bench.http.post("/api/authentication", data=refresh).status_code for _ in range(2)]
        assert statuses == [200, 200]


def test_reply_may_leave_out_expiry_and_refresh_token(bench: Bench) -> None:
    bench.state.accounts.options = AccountOptions(give_expires_in=False, give_refresh_token=False)
    bench.state.accounts.options.token_seconds = 60
    assert set(bench.log_in().json()) == {"access_token", "token_type"}


def test_two_factor_user_gets_in_only_with_the_code(bench: Bench) -> None:
    assert bench.log_in(TOTP_USER, TOTP_PASSWORD).status_code == 401
    assert bench.log_in(TOTP_USER, TOTP_PASSWORD, totp="000000").status_code == 401
    code = totp(TOTP_SECRET, bench.clock.now())
    assert bench.log_in(TOTP_USER, TOTP_PASSWORD, totp=code).status_code == 200


def test_totp_codes_are_those_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp(secret, datetime(1970, 1, 1, 0, 0, 59, tzinfo=UTC), digits=8) == "94287082"
    assert totp(secret, datetime(2005, 3, 18, 1, 58, 29, tzinfo=UTC), digits=8) == "07081804"


def test_a_mailbox_user_sees_its_own_folders_only_and_no_administration(bench: Bench) -> None:
    bench.log_in(MAILBOX_USER, MAILBOX_PASSWORD)
    names = [row["name"] for row in bench.http.get("/api/folders").json()["resources"]]
    assert names == ["NORTHWIND"]
    assert bench.http.get(f"/api/folders/{bench.folder('/ACME/inbox')}/files").status_code == 404
    assert bench.http.get("/api/connections").status_code == 403


def test_basic_credentials_are_accepted_only_when_switched_on(bench: Bench) -> None:
    credentials = (SERVICE_USER, SERVICE_PASSWORD)
    assert bench.http.get("/api/folders", auth=credentials).status_code == 401
    bench.state.accounts.options.basic = True
    assert bench.http.get("/api/folders", auth=credentials).status_code == 200


def test_lockout_refuses_the_right_password_too_until_it_is_over(bench: Bench) -> None:
    bench.state.accounts.options.lockout = True
    for _ in range(5):
        assert bench.log_in(password="wrong").status_code == 401
    assert bench.log_in().status_code == 401
    bench.clock.move(timedelta(minutes=16).total_seconds())
    assert bench.log_in().status_code == 200


def test_a_late_commit_is_judged_by_the_moment_its_call_arrived(bench: Bench) -> None:
    """A call accepted before its token ended still counts when it is handled later."""
    token = bench.log_in().json()["access_token"]
    accepted = bench.clock.now()
    bench.clock.move(4000)
    assert bench.state.accounts.authorize(f"Bearer {token}", accepted).username == SERVICE_USER
