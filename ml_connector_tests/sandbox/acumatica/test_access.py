"""Log-in, log-out, tokens, seats in all their faces (acumatica 1)."""

from typing import Any

import httpx
import pytest

from ml_connector.sandbox.acumatica.options import SECOND_CLIENT_GUID, SECOND_TENANT
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, bearer

WHERE = "https://client.example/callback"


def anonymous(acumatica: AcumaticaBench, **more: Any) -> httpx.Client:
    """A client without the bench's token and with cookies of its own."""
    return httpx.Client(base_url=acumatica.base, trust_env=False, timeout=20, **more)


def log_in(http: httpx.Client, acumatica: AcumaticaBench, **more: str) -> httpx.Response:
    name = {"name": acumatica.login["username"], "password": acumatica.login["password"]}
    return http.post("/entity/auth/login", json={**name, "tenant": acumatica.login["tenant"], **more})


def test_the_password_grant_gives_a_token_and_with_offline_access_a_refresh_token(acumatica: AcumaticaBench) -> None:
    tokens = acumatica.password_token().json()
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    assert set(tokens["scope"].split()) == {"api", "offline_access"}
    assert "refresh_token" not in acumatica.password_token("api").json()
    acumatica.headers = bearer(tokens)
    assert acumatica.rows("Warehouse", top="1")


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ({"password": "wrong"}, {"error": "invalid_grant", "error_description": "invalid_username_or_password"}),
        ({"client_secret": "wrong"}, {"error": "invalid_client"}),
        ({"client_id": "00000000-3C7B-4E0A-9A61-0C8D5B7F2E11@AcmeFoods"}, {"error": "invalid_client"}),
        (
            {"client_id": "5D6E2A1F-3C7B-4E0A-9A61-0C8D5B7F2E11@Nobody"},
            {"error": "invalid_grant", "error_description": "invalid_username_or_password"},
        ),
        ({"grant_type": "client_credentials"}, {"error": "unsupported_grant_type"}),
        ({"scope": "openid"}, {"error": "invalid_scope"}),
    ],
)
def test_what_is_wrong_with_a_token_request_is_told_with_400(
    acumatica: AcumaticaBench, form: dict[str, str], body: dict[str, str]
) -> None:
    answer = acumatica.password_token(**form)
    assert (answer.status_code, answer.json()) == (400, body)


def test_the_code_of_the_sign_in_page_is_good_once_and_for_its_redirect_address(acumatica: AcumaticaBench) -> None:
    query = {"client_id": acumatica.login["client_id"], "redirect_uri": WHERE, "response_type": "code"}
    asked = {**query, "scope": "api offline_access", "state": "a b"}
    back = acumatica.http.get("/identity/connect/authorize", params=asked).headers["location"]
    assert back.startswith(f"{WHERE}?code=")
    params = httpx.URL(back).params
    assert params["state"] == "a b"
    form = {"grant_type": "authorization_code", "code": params["code"], "redirect_uri": WHERE}
    tokens = acumatica.ask_token(**form)
    assert tokens.json()["refresh_token"]
    assert acumatica.ask_token(**form).json() == {"error": "invalid_grant"}
    other = acumatica.http.get("/identity/connect/authorize", params=asked).headers["location"]
    wrong = {**form, "code": httpx.URL(other).params["code"], "redirect_uri": "https://else.example/"}
    assert acumatica.ask_token(**wrong).status_code == 400
    denied = acumatica.http.get("/identity/connect/authorize", params={**asked, "deny": "1"}).headers["location"]
    assert "error=access_denied" in denied


def test_discovery_names_the_endpoints_below_the_virtual_directory(acumatica: AcumaticaBench) -> None:
    found = acumatica.http.get("/identity/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == acumatica.base + "/identity/connect/token"


def test_a_refresh_keeps_the_session_and_its_seat_and_each_refresh_token_is_good_once(fresh: AcumaticaBench) -> None:
    tokens = fresh.authorize()
    opened = fresh.state.sessions.counts["opened"]
    fresh.clock.move(3500)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = fresh.ask_token(**form).json()
    assert fresh.state.sessions.counts["opened"] == opened
    assert fresh.ask_token(**form).json() == {"error": "invalid_grant"}
    assert fresh.state.oauth.counts["spent_refresh_token"] == 1
    fresh.headers = bearer(again)
    fresh.clock.move(200)  # the first token would have ended
    assert fresh.rows("Warehouse", top="1")
    fresh.clock.move(3600)
    assert fresh.call("GET", "Warehouse").status_code == 401
    fresh.clock.move(31 * 24 * 3600)
    last = {"grant_type": "refresh_token", "refresh_token": again["refresh_token"]}
    assert fresh.ask_token(**last).status_code == 400  # the chain lives 30 days


def test_a_log_out_ends_the_session_and_the_token_but_revoking_a_token_ends_no_session(fresh: AcumaticaBench) -> None:
    tokens = fresh.authorize()
    living = len(fresh.state.sessions.living())
    revoked = fresh.http.post("/identity/connect/revocation", data={"token": tokens["access_token"]})
    assert revoked.status_code == 200
    assert fresh.call("GET", "Warehouse").status_code == 401
    assert len(fresh.state.sessions.living()) == living
    fresh.authorize()
    assert fresh.http.post("/entity/auth/logout", headers=fresh.headers).status_code == 204
    assert fresh.call("GET", "Warehouse").json() == {"message": "You are not logged in."}


def test_with_concurrent_access_each_cookie_jar_is_a_session(fresh: AcumaticaBench) -> None:
    fresh.state.sessions.end_all()
    token = bearer(fresh.password_token("api api:concurrent_access").json())
    assert fresh.state.sessions.living() == []
    with anonymous(fresh, headers=token) as one, anonymous(fresh, headers=token) as two:
        for http in (one, one, two):
            assert http.get("/entity/Default/24.200.001/Warehouse").status_code == 200
        assert len(fresh.state.sessions.living()) == 2
        assert one.post("/entity/auth/logout").status_code == 204
    assert len(fresh.state.sessions.living()) == 1


# cookies


def test_the_cookie_log_in_answers_204_with_cookies_and_the_log_out_wants_a_length(acumatica: AcumaticaBench) -> None:
    with anonymous(acumatica) as http:
        answer = log_in(http, acumatica, branch="NORTH")
        assert (answer.status_code, answer.content) == (204, b"")
        assert {"ASP.NET_SessionId", ".ASPXAUTH", "UserBranch"} <= set(answer.cookies)
        made = http.put("/entity/Default/24.200.001/Bill?$select=BranchID", json={"Vendor": {"value": "V000017"}})
        assert made.json()["BranchID"] == {"value": "NORTH"}
        chunked = http.post("/entity/auth/logout", content=iter([b""]))
        assert chunked.status_code == 411
        assert http.post("/entity/auth/logout").status_code == 204
        assert http.get("/entity/Default/24.200.001/Warehouse").status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"password": "wrong"}, 500, "Error: Invalid credentials. Please try again."),
        ({"tenant": "Nobody"}, 500, "PXUndefinedCompanyException"),
        ({"company": "AcmeFoods"}, 400, "Only one of tenant and company"),
        ({"branch": "MOON"}, 500, "branch 'MOON'"),
    ],
)
def test_a_wrong_log_in_is_told_apart_by_its_text(
    acumatica: AcumaticaBench, change: dict[str, str], status: int, text: str
) -> None:
    with anonymous(acumatica) as http:
        answer = log_in(http, acumatica, **change)
    assert answer.status_code == status
    assert text in answer.text


def test_an_idle_cookie_session_ends_and_a_form_is_taken_as_well(fresh: AcumaticaBench) -> None:
    with anonymous(fresh) as http:
        form = {"name": fresh.login["username"], "password": fresh.login["password"], "company": "AcmeFoods"}
        assert http.post("/entity/auth/login", data=form).status_code == 204
        for seconds, status in ((1100, 200), (1100, 200), (1300, 401)):
            fresh.clock.move(seconds)
            assert http.get("/entity/Default/24.200.001/Warehouse").status_code == status
        fresh.switch(cookie_login=False)
        assert http.post("/entity/auth/login", data=form).status_code == 404


# seats


@pytest.mark.parametrize(
    ("face", "status", "text"),
    [("500", 500, "API Login Limit"), ("429", 429, "concurrent API logins"), ("302", 302, "")],
)
def test_a_refused_seat_has_several_faces(fresh: AcumaticaBench, face: str, status: int, text: str) -> None:
    fresh.switch(seats=1, seat_refusal=face)
    with anonymous(fresh) as http:
        answer = log_in(http, fresh)
        assert answer.status_code == status
        assert text in answer.text
        if face == "302":
            assert answer.headers["location"].startswith("/AcmeERP/Frames/Error.aspx?")
    assert fresh.state.sessions.counts["refused"] == 1
    assert fresh.rows("Warehouse", top="1")  # who is in stays in


def test_a_token_request_without_a_seat_fails_until_somebody_has_left(fresh: AcumaticaBench) -> None:
    fresh.switch(seats=1)
    refused = fresh.password_token()
    assert (refused.status_code, refused.json()["error_description"]) == (400, "API Login Limit")
    fresh.http.post("/entity/auth/logout", headers=fresh.headers)
    assert fresh.password_token().status_code == 200
    assert fresh.password_token().status_code == 400
    fresh.clock.move(3601)  # or wait one hour
    assert fresh.password_token().status_code == 200
    assert fresh.state.sessions.most_at_once == 1


def test_a_new_sign_in_may_throw_the_oldest_out_and_a_user_may_have_a_limit_of_its_own(fresh: AcumaticaBench) -> None:
    fresh.switch(seats=1, seat_refusal="evict")
    tokens = fresh.password_token().json()
    assert fresh.call("GET", "Warehouse").status_code == 401
    fresh.headers = bearer(tokens)
    assert fresh.call("GET", "Warehouse").status_code == 200
    fresh.switch(seats=None, user_seats=1, seat_refusal="500")
    assert fresh.password_token().status_code == 400


def test_two_tenants_with_equal_numbers_are_never_crossed(fresh: AcumaticaBench) -> None:
    fresh.made("Bill", {"Vendor": "V000019", "VendorRef": "MINE", "Details": []})
    other = {"client_id": f"{SECOND_CLIENT_GUID}@{SECOND_TENANT}"}
    fresh.headers = bearer(fresh.password_token(**other).json())
    assert fresh.rows("Bill", filter="VendorRef eq 'MINE'") == []
    assert len(fresh.rows("Vendor")) == 5
    made = fresh.made("Bill", {"Vendor": "V000019", "VendorRef": "THEIRS", "Details": []}, select="ReferenceNbr")
    assert made["ReferenceNbr"] == {"value": "001201"}  # the number that the first tenant's has as well
    summary = fresh.control.get("/state/acumatica/summary").json()["tenants"]
    assert [summary[name]["documents"]["Bill"] for name in ("AcmeFoods", "AcmeTest")] == [1, 1]


def test_no_secret_is_kept_in_the_journal(fresh: AcumaticaBench) -> None:
    tokens = fresh.authorize()
    fresh.rows("Warehouse")
    shown = fresh.control.get("/journal").text + fresh.control.get("/state/acumatica/summary").text
    for secret in (tokens["access_token"], tokens["refresh_token"], fresh.login["password"]):
        assert secret not in shown
