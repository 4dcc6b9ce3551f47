"""Whatever the token endpoint of Exact answers to a refresh: no call is lost, nothing is thrown but a clear request,
and the old token is used as long as it is good.
"""

import re
from urllib.parse import unquote_plus

import pytest

from ml_connector.clock import FileClock
from ml_connector.demo.stage import authorize
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, TryAgain
from ml_connector.flows.core.ports import table_of
from ml_connector_tests.hostile.stage import Reply, Stage

TOKEN = "*/oauth2/token"
REFUSED = {"error": "invalid_grant"}

#: id -> answer, the error when the old token has expired too, words of it
REFRESHES: dict[str, tuple[Reply, type[ConnectorError], str]] = {
    "html": (Reply(b"<html>Maintenance</html>", content_type="text/html"), TryAgain, "token endpoint answered 200"),
    "empty": (Reply(b""), AuthorizationNeeded, "answer to a refresh was lost"),
    "broken json": (Reply(b'{"access_token":"'), AuthorizationNeeded, "answer to a refresh was lost"),
    "deep json": (Reply(b"[" * 60_000), AuthorizationNeeded, "answer to a refresh was lost"),
    "a list": (Reply([1, 2]), TryAgain, "token endpoint answered 200"),
    "no token": (Reply({"token_type": "Bearer"}), AuthorizationNeeded, "answer to a refresh was lost"),
    "token is an object": (Reply({"access_token": {"a": 1}}), AuthorizationNeeded, "lost"),
    "token breaks a header": (Reply({"access_token": "abcdefgh\r\nX-Evil: 1"}), AuthorizationNeeded, "lost"),
    "token in other letters": (Reply({"access_token": "abcdefgh\u20ac\ud800"}), AuthorizationNeeded, "lost"),
    "token of a megabyte": (Reply({"access_token": "t" * 1_000_000}), AuthorizationNeeded, "lost"),
    "redirect": (Reply(status=302, headers=(("Location", "http://evil.example/"),)), TryAgain, "answered 302"),
    "500": (Reply(b"", status=500), TryAgain, "answered 500"),
    "503 for 30 years": (Reply(b"", status=503, headers=(("Retry-After", "999999999"),)), TryAgain, "answered 503"),
    "503 for a superscript": (Reply(b"", status=503, headers=(("Retry-After", "\xb2"),)), TryAgain, "answered 503"),
    "502": (Reply(b"", status=502), AuthorizationNeeded, "answer to a refresh was lost"),
    "400 of html": (Reply(b"<html>", status=400, content_type="text/html"), TryAgain, "answered 400"),
    "refused": (Reply(REFUSED, status=400), AuthorizationNeeded, "invalid_grant"),
    "refused with markup": (
        Reply({**REFUSED, "error_description": "<script>\x1b[2J\r\nno"}, status=400),
        AuthorizationNeeded,
        "invalid_grant",
    ),
    "refused with a megabyte": (
        Reply({**REFUSED, "error_description": "x" * 60_000}, status=400),
        AuthorizationNeeded,
        "invalid_grant",
    ),
    "refused quoting the secret": (
        Reply({**REFUSED, "error_description": "client_secret=sandbox-client-secret is bad"}, status=400),
        AuthorizationNeeded,
        "invalid_grant",
    ),
    "refused quoting all that was sent": (
        Reply(
            status=400, echo=lambda _, body: {**REFUSED, "error_description": f"bad: {unquote_plus(body)} or {body}"}
        ),
        AuthorizationNeeded,
        "invalid_grant",
    ),
    "client refused": (Reply({"error": "invalid_client"}, status=401), ConfigError, "client id or client secret"),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileClock, "sleep", lambda self, seconds: self.move(max(seconds, 0.001)))


@pytest.mark.parametrize("name", REFRESHES)
def test_a_refresh_answered_with_rubbish_ends_in_a_clear_request(clean: Stage, name: str) -> None:
    reply, kind, words = REFRESHES[name]
    _authorize(clean)
    clean.forget_limits()
    reply.path = TOKEN
    clean.exact.replies.append(reply)
    clean.scene.sandbox.clock.move(580)
    early = _read(clean)
    assert early is None or isinstance(early, ConfigError), "the old token is good for some seconds yet"
    clean.scene.sandbox.clock.move(30)
    error = _read(clean)
    assert reply.played > 0
    assert isinstance(error, kind), repr(error)
    assert re.search(words, error.message), error.message
    assert "exact_nl" in error.message
    assert error.remedy
    assert str(error).isprintable()
    assert len(str(error)) < 1500
    clean.reset()
    clean.scene.sandbox.clock.move(4000)
    if kind is not TryAgain:
        _authorize(clean)
    assert _read(clean) is None, "work goes on"


@pytest.mark.parametrize(
    "expires_in",
    ["soon", "", None, -5, 0, 10**40, "9" * 400, 1.5, True, {"a": 1}, "\xb2", "600 "],
    ids=lambda v: repr(v)[:12],
)
def test_a_lifetime_that_is_none_does_no_harm(clean: Stage, expires_in: object) -> None:
    _authorize(clean)
    clean.forget_limits()
    clean.exact.replies.append(Reply(path=TOKEN, change=lambda answer: {**answer, "expires_in": expires_in}))
    clean.scene.sandbox.clock.move(601)
    assert _read(clean) is None
    clean.reset()
    clean.scene.sandbox.clock.move(700)
    assert _read(clean) is None


@pytest.mark.parametrize("refresh", [None, "", 7, ["x"], "a b", "\ud800", "x" * 60_000], ids=lambda v: repr(v)[:12])
def test_a_pair_without_a_usable_refresh_token_works_until_it_ends(clean: Stage, refresh: object) -> None:
    _authorize(clean)
    clean.forget_limits()
    clean.exact.replies.append(Reply(path=TOKEN, change=lambda answer: {**answer, "refresh_token": refresh}))
    clean.scene.sandbox.clock.move(601)
    assert _read(clean) is None
    clean.reset()
    clean.scene.sandbox.clock.move(4000)
    error = _read(clean)
    assert isinstance(error, AuthorizationNeeded)
    assert "no refresh token is stored" in error.message
    _authorize(clean)
    assert _read(clean) is None


def _read(stage: Stage) -> ConnectorError | None:
    stage.forget_limits()
    return stage.ended(lambda: table_of(stage.scene.integration.erp, ReferenceTable.COST_CENTERS).read(None))


def _authorize(stage: Stage) -> None:
    """As a person does; the client's own log while it plays the browser is not ours."""
    with stage.log.paused():
        authorize(stage.scene.deployment, "exact_nl")
    held = stage.scene.integration.erp.client.api._authentication._tokens  # type: ignore[attr-defined]
    held._held = None
