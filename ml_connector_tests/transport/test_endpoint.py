"""One POST to a token endpoint over real sockets: answered, certainly not sent, or lost."""

import traceback
from datetime import UTC, datetime

import pytest

from ml_connector.transport.tokens.endpoint import AnswerLost, NotSent, TokenEndpoint
from ml_connector_tests.credentials.support import Answer, TokenServer, closed_port, pair
from ml_connector_tests.support.clocks import StillClock

FORM = {"grant_type": "refresh_token", "refresh_token": "very-secret-refresh-token"}


def test_a_good_answer_is_read_and_the_form_is_sent_without_authorization() -> None:
    with TokenServer(pair("a", "r")) as server:
        answer = TokenEndpoint(server.url).post(FORM)
    assert (answer.status, answer.fields["access_token"]) == (200, "a")
    assert server.forms == [FORM]
    assert "authorization" not in server.heads[0].lower()
    assert "application/x-www-form-urlencoded" in server.heads[0]


def test_nobody_listening_means_not_sent() -> None:
    with pytest.raises(NotSent):
        TokenEndpoint(closed_port()).post(FORM)


@pytest.mark.parametrize("url", ["http://host.invalid/token", "ftp://127.0.0.1/token", "http://127.0.0.1:99999/"])
def test_an_address_that_leads_nowhere_means_not_sent(url: str) -> None:
    with pytest.raises(NotSent):
        TokenEndpoint(url).post(FORM)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(end="reset"),
        Answer(end="hang"),
        Answer({"a": "b"}, headers={"Content-Length": "5000"}),
        Answer(b'{"access_token": "half', headers={"Content-Type": "application/json"}),
        Answer(b"x" * 100_000),
    ],
    ids=["reset", "hang", "cut short", "broken JSON", "too large"],
)
def test_whatever_may_have_been_handled_counts_as_lost(answer: Answer) -> None:
    with TokenServer(answer) as server, pytest.raises(AnswerLost) as caught:
        TokenEndpoint(server.url, deadline=0.5).post(FORM)
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))
    assert len(server.forms) == 1


def test_redirects_are_not_followed_because_the_form_holds_secrets() -> None:
    with TokenServer(pair("a")) as elsewhere, TokenServer() as server:
        server.script = [Answer(status=307, headers={"Location": elsewhere.url})]
        assert TokenEndpoint(server.url).post(FORM).status == 307
        assert elsewhere.forms == []


def test_a_page_instead_of_json_is_an_answer_without_fields() -> None:
    with TokenServer(Answer(b"<html>Maintenance</html>")) as server:
        answer = TokenEndpoint(server.url).post(FORM)
    assert (answer.status, dict(answer.fields), answer.content_type) == (200, {}, "text/html")


def test_what_the_server_said_is_cut_and_cleaned() -> None:
    said = {"error": "bad\x00\n", "error_description": "word " * 500}
    with TokenServer(Answer(said, 400, {"Reason": "why", "Retry-After": "7"})) as server:
        answer = TokenEndpoint(server.url).post(FORM)
    assert len(answer.said) <= 420
    assert answer.said.isprintable()
    assert answer.reason == "why"
    assert answer.retry_after == 7


@pytest.mark.parametrize(
    ("asked", "seconds"), [("Fri, 20 Nov 2026 09:00:40 GMT", 40), ("Fri, 20 Nov 2026 08:00:00 GMT", 0), ("soon", None)]
)
def test_a_pause_is_read_in_every_form_that_a_server_may_write_it(asked: str, seconds: float | None) -> None:
    """By the one reader of Retry-After (`answers.retry_after`), and by the clock of the deployment."""
    clock = StillClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    with TokenServer(Answer({"error": "later"}, 503, {"Retry-After": asked})) as server:
        answer = TokenEndpoint(server.url, clock=clock).post(FORM)
    assert answer.retry_after == seconds
