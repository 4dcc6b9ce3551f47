"""The token endpoint keeps every rule of exact-online section 2, over real sockets and a movable clock."""

import base64
from pathlib import Path

import httpx
import pytest

from ml_connector_tests.sandbox.exact_bench import REDIRECT, ExactBench, exact_bench, options


def _works(exact: ExactBench, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    return exact.http.get("/api/v1/current/Me", headers=headers).status_code


def test_consent_returns_the_state_unchanged_and_a_code_that_must_be_decoded(exact: ExactBench) -> None:
    back = exact.code(state="a b&c", force_login="1")
    assert back.params["state"] == "a b&c"
    assert b"%21" in back.query  # the code holds an exclamation mark
    assert exact.exchange(back.params["code"]).status_code == 200


def test_client_id_is_accepted_in_braces(exact: ExactBench) -> None:
    back = exact.code(client_id="{" + exact.options.client_id.upper() + "}")
    assert "code" in back.params


def test_denied_consent_has_no_code(exact: ExactBench) -> None:
    back = exact.code(deny="1", state="s")
    assert "code" not in back.params
    assert back.params["error"] == "access_denied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "00000000-0000-0000-0000-000000000000"},
        {"response_type": "banana"},
        {"redirect_uri": "http://elsewhere.example/cb"},
        {"redirect_uri": "not a url"},
    ],
)
def test_consent_refuses_what_is_not_registered(exact: ExactBench, wrong: dict[str, str]) -> None:
    query = {"client_id": exact.options.client_id, "redirect_uri": REDIRECT, "response_type": "code", **wrong}
    assert exact.http.get("/api/oauth2/auth", params=query).status_code == 400


def test_a_registered_redirect_must_match_exactly(tmp_path: Path) -> None:
    with exact_bench(tmp_path, options(redirect_uri=REDIRECT)) as exact:
        query = {
            "client_id": exact.options.client_id,
            "redirect_uri": REDIRECT + "/more",
            "response_type": "code",
        }
        assert exact.http.get("/api/oauth2/auth", params=query).status_code == 400


def test_expires_in_is_a_string(exact: ExactBench) -> None:
    answer = exact.exchange(exact.code().params["code"])
    assert answer.json()["expires_in"] == "600"
    assert answer.json()["token_type"].lower() == "bearer"


def test_a_code_works_once(exact: ExactBench) -> None:
    code = exact.code().params["code"]
    assert exact.exchange(code).status_code == 200
    again = exact.exchange(code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    assert again.headers["reason"].startswith("Unknown:")


def test_a_code_lives_three_minutes(exact: ExactBench) -> None:
    young, old = exact.code().params["code"], exact.code().params["code"]
    exact.clock.move(170)
    assert exact.exchange(young).status_code == 200
    exact.clock.move(11)
    assert exact.exchange(old).json()["error"] == "invalid_grant"


def test_a_code_belongs_to_its_redirect_address(exact: ExactBench) -> None:
    code = exact.code().params["code"]
    answer = exact.ask_token(grant_type="authorization_code", code=code, redirect_uri="https://b.example/")
    assert answer.status_code == 400


def test_credentials_come_in_the_form_or_as_basic(exact: ExactBench) -> None:
    pair = f"{exact.options.client_id}:{exact.options.client_secret}"
    basic = base64.b64encode(pair.encode()).decode()
    form = {
        "grant_type": "authorization_code",
        "code": exact.code().params["code"],
        "redirect_uri": REDIRECT,
    }
    headers = {"Authorization": f"Basic {basic}"}
    assert exact.http.post("/api/oauth2/token", data=form, headers=headers).status_code == 200


def test_a_bearer_header_is_refused_at_the_token_endpoint(exact: ExactBench) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": exact.token["refresh_token"]}
    headers = {"Authorization": f"Bearer {exact.token['access_token']}"}
    assert exact.http.post("/api/oauth2/token", data=form, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "password", "username": "u", "password": "p"},
        {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "wrong"},
        {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "wrong"},
    ],
)
def test_malformed_requests_and_bad_clients_are_400(exact: ExactBench, form: dict[str, str]) -> None:
    answer = exact.ask_token(**form)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_json_body_is_no_token_request(exact: ExactBench) -> None:
    body = {"grant_type": "refresh_token", "refresh_token": exact.token["refresh_token"]}
    assert exact.http.post("/api/oauth2/token", json=body).status_code == 400


def test_a_form_beyond_64_kilobytes_is_refused(exact: ExactBench) -> None:
    assert exact.ask_token(grant_type="refresh_token", refresh_token="x" * 70_000).status_code == 413


def test_refresh_before_570_seconds_is_refused_and_the_old_pair_stays_good(exact: ExactBench) -> None:
    exact.clock.move(565)
    answer = exact.refresh()
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "access_denied",
        "error_description": "Rate limit exceeded: access_token not expired",
    }
    assert answer.headers["reason"].startswith("TooEarlyToRefreshTokens:")
    assert _works(exact, exact.token["access_token"]) == 200
    exact.clock.move(6)
    assert exact.refresh().status_code == 200
    assert exact.state.oauth.counts.too_early == 1


def test_the_early_refusal_can_be_a_401(exact: ExactBench) -> None:
    exact.options.early_refresh_status = 401
    assert exact.refresh().status_code == 401


def test_refresh_tokens_rotate_and_an_old_one_is_never_accepted(exact: ExactBench) -> None:
    first = exact.token["refresh_token"]
    exact.clock.move(575)
    exact.token = exact.refresh().json()
    assert exact.token["refresh_token"] != first
    for _ in range(2):
        exact.clock.move(600)
        old = exact.refresh(first)
        assert old.status_code == 401
        assert old.json() == {
            "error": "unauthorized_client",
            "error_description": "Old refresh token used.",
        }
    assert exact.refresh().status_code == 200  # the chain itself lives on
    assert exact.state.oauth.counts.old_refresh_token == 2


def test_the_access_token_ends_after_600_seconds(exact: ExactBench) -> None:
    exact.clock.move(595)
    assert _works(exact, exact.token["access_token"]) == 200
    exact.clock.move(6)
    assert _works(exact, exact.token["access_token"]) == 401
    assert exact.refresh().status_code == 200  # after expiry a refresh is fine


def test_a_refresh_token_lives_thirty_days_unused(exact: ExactBench) -> None:
    exact.clock.move(29 * 86_400)
    exact.token = exact.refresh().json()
    exact.clock.move(30 * 86_400 + 1)
    answer = exact.refresh()
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"].startswith("The refresh token expired at ")


def test_a_revoked_consent_breaks_the_chain(exact: ExactBench) -> None:
    exact.control.post("/exact/tokens/revoke").raise_for_status()
    assert _works(exact, exact.token["access_token"]) == 401
    exact.clock.move(600)
    answer = exact.refresh()
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_tokens_can_be_ended_by_order(exact: ExactBench) -> None:
    exact.control.post("/exact/tokens/expire").raise_for_status()
    assert _works(exact, exact.token["access_token"]) == 401
    assert exact.refresh().status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5"])
def test_without_a_good_token_every_call_is_401(exact: ExactBench, header: str) -> None:
    headers = {"Accept": "application/json"} | ({"Authorization": header} if header else {})
    for path in ("/api/v1/current/Me", "/api/v1/124132/crm/Accounts"):
        answer = exact.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.content == b""


def test_no_token_is_kept_in_the_journal_or_shown_by_the_control_port(exact: ExactBench) -> None:
    exact.clock.move(580)
    pairs = [exact.token, exact.refresh().json()]
    shown = exact.control.get("/journal").text + exact.control.get("/state/exact/summary").text
    for pair in pairs:
        assert pair["access_token"] not in shown
        assert pair["refresh_token"] not in shown
    assert exact.options.client_secret not in shown


def test_refresh_ages_are_counted_for_the_token_test(exact: ExactBench) -> None:
    exact.clock.move(580)
    exact.refresh()
    tokens = exact.control.get("/state/exact/summary").json()["tokens"]
    assert tokens["refreshed"] == 1
    assert 580 <= tokens["youngest_refreshed"] < 600


def test_concurrent_use_of_one_refresh_token_gives_one_pair(exact: ExactBench) -> None:
    """Two workers that refresh together: one gets the pair, the other is told that the token is old."""
    exact.clock.move(600)
    token = exact.token["refresh_token"]
    answers: list[httpx.Response] = [exact.refresh(token) for _ in range(2)]
    assert sorted(answer.status_code for answer in answers) == [200, 401]
