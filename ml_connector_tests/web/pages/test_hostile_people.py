"""What a stranger or a neighbour tries on the pages: nothing is shown, done or told that should not be."""

from collections.abc import Iterator

import pytest

from ml_connector.config.web import WebSettings
from ml_connector.credentials.secrets import Secret
from ml_connector.errors import ConfigError
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.web.access.doors import COOKIE, Doors
from ml_connector.web.access.passwords import hashed
from ml_connector.web.access.sessions import Sessions
from ml_connector_tests.web.pages.guarded import ACTS, PASSWORD, PROXY, csrf_of, guarded_office, inside, is_out
from ml_connector_tests.web.pages.office import Office, text_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with guarded_office(tmp_path_factory.mktemp("office")) as made:
        yield made


# Who is in


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/documents",
        "/find?q=northwind",
        "/documents/1",
        "/documents/2",
        "/documents/1/bytes",
        "/documents/2/replay",
    ],
)
def test_without_a_log_in_nothing_is_shown(office: Office, path: str) -> None:
    assert is_out(office.browser(peer="192.0.2.9").get(path))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-User": "clara", "X-Forwarded-Groups": "clerks"},
        {"X-Forwarded-For": PROXY, "X-Forwarded-User": "clara", "X-Forwarded-Groups": "clerks"},
        {"Forwarded": f"for={PROXY}", "X-Forwarded-User": "clara", "X-Forwarded-Groups": "clerks"},
        {"X-Real-IP": PROXY, "X-Forwarded-User": "clara", "X-Forwarded-Groups": "clerks"},
        {"Remote-User": "clara"},
        {"Authorization": "Basic Y2xhcmE6Y2xhcmE="},
        {"Cookie": f"{COOKIE}=clara"},
        {"Cookie": f"{COOKIE}="},
    ],
)
@pytest.mark.parametrize("peer", ["192.0.2.9", "127.0.0.1", "10.1.2.4", "::ffff:192.0.2.9"])
def test_a_header_that_anybody_can_write_lets_nobody_in(office: Office, peer: str, headers: dict[str, str]) -> None:
    assert is_out(office.browser(peer=peer, **headers).get("/"))


@pytest.mark.parametrize("peer", [PROXY, f"::ffff:{PROXY}"])
def test_the_proxys_own_word_counts(office: Office, peer: str) -> None:
    answer = office.browser(peer=peer, **{"X-Forwarded-User": "paul", "X-Forwarded-Groups": "x, clerks"}).get("/")
    assert answer.status_code == 200
    assert "paul" in text_of(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-User": "paul"},
        {"X-Forwarded-User": "paul", "X-Forwarded-Groups": "nobody"},
        {"X-Forwarded-User": "", "X-Forwarded-Groups": "clerks"},
        {"X-Forwarded-User": " ", "X-Forwarded-Groups": "clerks"},
        {"X-Forwarded-User": "x" * 200, "X-Forwarded-Groups": "clerks"},
    ],
)
def test_whom_the_proxy_does_not_place_in_a_group_is_not_in(office: Office, headers: dict[str, str]) -> None:
    assert is_out(office.browser(peer=PROXY, **headers).get("/"))


def test_two_names_of_one_person_are_none(office: Office) -> None:
    browser = office.browser(peer=PROXY)
    headers = [("X-Forwarded-User", "paul"), ("X-Forwarded-User", "root"), ("X-Forwarded-Groups", "clerks")]
    assert is_out(browser.get("/", headers=headers))


@pytest.mark.parametrize(
    ("name", "password"),
    [("clara", "wrong password"), ("nobody", PASSWORD), ("", ""), ("clara", "x" * 60_000), ("clara\x00", PASSWORD)],
)
def test_a_wrong_log_in_lets_nobody_in_and_tells_nothing(office: Office, name: str, password: str) -> None:
    browser = office.browser(peer="198.51.100.1")
    answer = browser.ask("POST", "/login", data={"name": name, "password": password, "to": "/"})
    assert answer.status_code in {400, 401}
    assert "do not fit together" in answer.text or answer.status_code == 400
    assert is_out(browser.get("/"))


def test_passwords_cannot_be_tried_one_after_another(office: Office) -> None:
    browser = office.browser(peer="198.51.100.2")
    tries = [browser.ask("POST", "/login", data={"name": f"n{n}", "password": "w" * 12, "to": "/"}) for n in range(7)]
    assert [one.status_code for one in tries][-2:] == [429, 429]
    right = browser.ask("POST", "/login", data={"name": "clara", "password": PASSWORD, "to": "/"})
    assert right.status_code == 429


def test_wrong_passwords_of_one_behind_the_proxy_shut_nobody_else_out(office: Office) -> None:
    def enter(name: str, password: str, address: str) -> int:
        browser = office.browser(peer=PROXY, **{"X-Forwarded-For": address})
        fields = {"name": name, "password": password, "to": "/"}
        return browser.ask("POST", "/login", data=fields).status_code

    tries = [enter(f"n{n}", "w" * 12, "203.0.113.5") for n in range(6)]
    assert tries == [401] * 5 + [429]
    assert enter("clara", PASSWORD, "203.0.113.6") == 303
    assert enter("clara", PASSWORD, "203.0.113.5") == 429


@pytest.mark.parametrize("digits", [18, 19, 5000])
def test_an_id_of_any_length_is_of_no_document(office: Office, digits: int) -> None:
    for browser in (inside(office), office.browser(peer="198.51.100.1")):
        for page in ("", "/bytes", "/replay"):
            assert browser.get(f"/documents/{'1' * digits}{page}").status_code in {303, 404}


def test_a_session_planted_before_the_log_in_is_not_the_one_after_it(office: Office) -> None:
    planted, _ = office.app.state.pages.doors.sessions.begin("vera", password="planted")
    browser = office.browser(peer="192.0.2.9")
    browser.client.cookies.set(COOKIE, planted)
    browser.ask("POST", "/login", data={"name": "clara", "password": PASSWORD, "to": "/"})
    given = [one.value for one in browser.client.cookies.jar if one.name == COOKIE and one.value != planted]
    assert len(given) == 1
    assert office.app.state.pages.doors.sessions.find(planted) is None


def test_a_session_of_a_person_who_is_in_no_configuration_any_more_is_none(office: Office) -> None:
    token, _ = office.app.state.pages.doors.sessions.begin("gone", password="gone")
    browser = office.browser(peer="192.0.2.9")
    browser.client.cookies.set(COOKIE, token)
    assert is_out(browser.get("/"))


def test_who_has_an_old_password_is_out_as_soon_as_it_is_changed(office: Office) -> None:
    """Whoever knew the old one is out too, in every browser."""
    vault = office.scene.deployment.vault
    browser = inside(office)
    assert browser.get("/").status_code == 200
    token = browser.token()
    try:
        vault.put("web_any", Secret(hashed("another horse battery")))
        assert is_out(browser.get("/"))
        act = browser.ask("POST", f"/documents/{office.held.id}/comment", data={"csrf": token, "comment": "x"})
        assert act.status_code == 401
    finally:
        vault.put("web_any", Secret(hashed(PASSWORD)))
    assert is_out(browser.get("/")), "a new hash of the same password is a new one"


def test_a_session_through_the_proxy_is_no_log_in_from_elsewhere(office: Office) -> None:
    through = office.browser(peer=PROXY, **{"X-Forwarded-User": "clara", "X-Forwarded-Groups": "clerks"})
    through.get("/")
    browser = office.browser(peer="192.0.2.9")
    browser.client.cookies = through.client.cookies
    assert is_out(browser.get("/"))


def test_after_the_log_out_the_cookie_opens_nothing(office: Office) -> None:
    browser = inside(office)
    kept = browser.client.cookies[COOKIE]
    browser.post("/logout", on="/")
    browser.client.cookies.set(COOKIE, kept)
    assert is_out(browser.get("/"))


def test_the_cookie_is_not_for_scripts_nor_for_other_sites(office: Office) -> None:
    browser = office.browser(peer="192.0.2.9")
    answer = browser.ask("POST", "/login", data={"name": "clara", "password": PASSWORD, "to": "/"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil", "/\t/evil", "a", ""]
)
def test_a_log_in_leads_nowhere_else(office: Office, to: str) -> None:
    answer = office.browser(peer="192.0.2.9").ask(
        "POST", "/login", data={"name": "clara", "password": PASSWORD, "to": to}
    )
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("token", [None, "", "x", "0" * 43])
def test_a_form_without_the_sessions_token_does_nothing(office: Office, act: str, token: str | None) -> None:
    fields = {"why": "forged"} | ({} if token is None else {"csrf": token})
    answer = inside(office).ask("POST", f"/documents/{office.held.id}/{act}", data=fields)
    assert answer.status_code == 403
    assert office.now(office.held) == office.held


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_does_nothing_even_with_the_token(office: Office, site: str) -> None:
    browser, path = inside(office), f"/documents/{office.held.id}"
    answer = browser.post(f"{path}/discard", {"why": "forged"}, on=path, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert office.now(office.held) == office.held


def test_another_persons_token_does_nothing(office: Office) -> None:
    path = f"/documents/{office.held.id}"
    token = inside(office).token(path)
    answer = inside(office).ask("POST", f"{path}/discard", data={"csrf": token, "why": "forged"})
    assert answer.status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_not_done_by_following_a_link(office: Office, act: str) -> None:
    answer = inside(office).get(f"/documents/{office.held.id}/{act}?why=forged&csrf=x")
    assert answer.status_code in ({200} if act == "replay" else {404, 405})
    assert office.now(office.held) == office.held


# What is another's


@pytest.mark.parametrize("path", ["", "/bytes", "/replay"])
def test_a_document_of_another_integration_is_as_if_it_were_not_there(office: Office, path: str) -> None:
    missing = inside(office, "olga").get(f"/documents/999999{path}")
    other = inside(office, "olga").get(f"/documents/{office.held.id}{path}")
    assert other.status_code == missing.status_code == 404
    assert text_of(other) == text_of(missing)


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_a_document_of_another_integration(office: Office, act: str) -> None:
    browser = inside(office, "olga")
    answer = browser.ask(
        "POST", f"/documents/{office.held.id}/{act}", data={"csrf": csrf_of(office, browser), "why": "not mine"}
    )
    assert answer.status_code == 404
    assert office.now(office.held) == office.held


@pytest.mark.parametrize("act", ACTS)
def test_who_may_only_look_does_nothing(office: Office, act: str) -> None:
    browser = inside(office, "vera")
    answer = browser.ask(
        "POST", f"/documents/{office.held.id}/{act}", data={"csrf": csrf_of(office, browser), "why": "just looking"}
    )
    assert answer.status_code == 403
    assert office.now(office.held) == office.held


@pytest.mark.parametrize("what", ["number", "id", "amount", "partner"])
def test_what_is_another_s_is_not_found(office: Office, what: str) -> None:
    row = office.held
    asked = {"number": row.number, "id": row.id, "amount": row.amount, "partner": row.partner}[what]
    page = inside(office, "olga").get("/find", params={"q": str(asked)})
    assert page.status_code in {200, 403}
    assert f"/documents/{row.id}" not in page.text


@pytest.mark.parametrize("path", ["/", "/documents", "/documents?integration=exact_cleo", "/documents?held=1"])
def test_lists_hold_nothing_of_another_integration(office: Office, path: str) -> None:
    page = inside(office, "olga").get(path)
    assert office.held.number not in page.text
    assert "northwind" not in page.text


def test_who_sees_one_integration_sees_it(office: Office) -> None:
    browser = inside(office, "ida")
    assert office.held.number in browser.get("/documents").text
    assert browser.get(f"/documents/{office.held.id}").status_code == 200
    assert browser.get("/metrics").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/partners/exact_cleo/northwind",
        "/connections/exact_nl",
        "/connections/cleo_prod",
        "/days/exact_cleo/2026-11-29",
        "/days?integration=exact_cleo",
        "/try?integration=exact_cleo",
    ],
)
def test_partners_connections_and_days_of_another_integration_are_not_there(office: Office, path: str) -> None:
    page = inside(office, "olga").get(path)
    assert page.status_code in {403, 404}
    assert "northwind" not in page.text


@pytest.mark.parametrize("path", ["/partners", "/connections", "/days"])
def test_their_lists_hold_nothing_of_another_integration(office: Office, path: str) -> None:
    page = inside(office, "olga").get(path)
    for name in ("northwind", "exact_nl", "cleo_prod", "exact_cleo"):
        assert name not in page.text


@pytest.mark.parametrize("act", ["secret", "authorize", "check"])
@pytest.mark.parametrize("name", ["vera", "clara", "olga"])
def test_only_an_administrator_changes_a_connection(office: Office, name: str, act: str) -> None:
    browser = inside(office, name)
    if (name, act) == ("clara", "check"):
        return  # a clerk may ask whether it works
    before = office.scene.deployment.vault.get("cleo_prod_password").reveal()
    fields = {"csrf": csrf_of(office, browser), "key": "password", "value": "planted"}
    answer = browser.ask("POST", f"/connections/cleo_prod/{act}", data=fields)
    assert answer.status_code in {403, 404}
    assert office.scene.deployment.vault.get("cleo_prod_password").reveal() == before


@pytest.mark.parametrize("name", ["vera", "olga"])
def test_a_day_is_not_replayed_by_who_may_not(office: Office, name: str) -> None:
    browser = inside(office, name)
    fields = {"csrf": csrf_of(office, browser), "why": "forged"}
    answer = browser.ask("POST", f"/days/exact_cleo/{office.held.partition_date}/replay", data=fields)
    assert answer.status_code in {403, 404}
    assert office.asked == []


# Nobody has to log in: this machine alone


@pytest.fixture
def unlocked(office: Office) -> Iterator[Office]:
    doors = office.app.state.pages.doors
    before = doors.settings
    doors.renew(WebSettings())
    yield office
    doors.renew(before)


@pytest.mark.parametrize("peer", ["192.0.2.9", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", ""])
def test_where_nobody_logs_in_others_are_not_let_in(unlocked: Office, peer: str) -> None:
    assert is_out(unlocked.browser(peer=peer).get("/"))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"])
def test_where_nobody_logs_in_a_foreign_name_of_this_machine_is_refused(unlocked: Office, host: str) -> None:
    """A foreign page whose name leads here (DNS rebinding) would else be of this site."""
    assert unlocked.browser(host=host).get("/").status_code == 400


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_where_nobody_logs_in_it_does_not_listen_for_others(host: str) -> None:
    doors = Doors(WebSettings(), Sessions(idle_seconds=1, most_seconds=1))
    with pytest.raises(ConfigError, match="open to everybody"):
        doors.must_stay_here(host)


def test_nothing_was_done_by_all_this(office: Office) -> None:
    assert office.now(office.held).state is S.QUARANTINED
    assert office.asked == []
    assert len(office.scene.posted()) == 1
