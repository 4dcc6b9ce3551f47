"""The rules of a rotating token, for any row at any moment; and what each answer of the endpoint means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import StoredToken, TokenState
from ml_connector.systems.exact_online.authorization import GRANT
from ml_connector.transport.tokens.endpoint import TokenAnswer
from ml_connector.transport.tokens.rules import (
    MOST_REFUSALS,
    TokenStep,
    TokenVerdict,
    cool_down,
    decide,
    early_pause,
    judge,
)
from ml_connector.transport.tokens.sources import lifetime_of

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGE = timedelta(seconds=575)

seconds = st.integers(min_value=-4000, max_value=4000)


@st.composite
def rows(draw: st.DrawFn) -> StoredToken:
    issued = START + timedelta(seconds=draw(seconds))
    lifetime = draw(st.none() | st.integers(min_value=1, max_value=3600))
    detail: dict[str, object] = {}
    if draw(st.booleans()):
        cooling = START + timedelta(seconds=draw(seconds))
        detail["cooling_from"] = (cooling - timedelta(seconds=draw(st.integers(0, 500)))).isoformat()
        detail["cooling_until"] = cooling.isoformat()
        detail["cooling_because"] = draw(st.sampled_from(["too early", "no connection"]))
    if draw(st.booleans()):
        detail["refusals"] = draw(st.integers(min_value=0, max_value=5))
    return StoredToken(
        connection="exact_nl",
        generation=1,
        state=draw(st.sampled_from(TokenState)),
        access=draw(st.sampled_from([Secret("mine"), None])),
        refresh=Secret("refresh"),
        issued_at=draw(st.sampled_from([issued, None])),
        expires_at=None if lifetime is None else issued + timedelta(seconds=lifetime),
        refresh_expires_at=None,
        updated_at=START,
        detail=detail,
    )


@given(row=rows(), now=seconds, rejected=st.sampled_from([None, "mine", "another"]))
def test_no_refresh_is_asked_for_a_young_token(row: StoredToken, now: int, rejected: str | None) -> None:
    """Whatever the row holds: below the age only when it expired, or when the server refused one of unknown age."""
    at = START + timedelta(seconds=now)
    if decide(row, at, AGE, rejected).step is not TokenStep.REFRESH:
        return
    assert row.state is TokenState.VALID
    age_unknown = row.issued_at is None or row.issued_at > at
    if age_unknown:
        assert rejected == "mine" or int(row.detail.get("refusals", 0)) >= MOST_REFUSALS
    else:
        assert row.issued_at is not None
        assert at - row.issued_at >= AGE or not row.alive(at)


@given(row=rows(), now=seconds)
def test_a_refused_token_is_never_handed_out_again(row: StoredToken, now: int) -> None:
    assert decide(row, START + timedelta(seconds=now), AGE, "mine").step is not TokenStep.USE


@given(row=rows(), now=seconds, rejected=st.sampled_from([None, "mine", "another"]))
def test_a_token_in_use_is_alive_or_known_good_and_looked_at_again(
    row: StoredToken, now: int, rejected: str | None
) -> None:
    at = START + timedelta(seconds=now)
    decision = decide(row, at, AGE, rejected)
    if decision.step in (TokenStep.USE, TokenStep.WAIT):
        assert decision.until > at
    if decision.step is TokenStep.USE:
        assert row.access is not None
        assert int(row.detail.get("refusals", 0)) < MOST_REFUSALS
        stamp_in_future = row.issued_at is None or row.issued_at > at
        assert row.alive(at) or row.detail.get("cooling_because") == "too early" or stamp_in_future


@given(row=rows(), now=seconds, rejected=st.sampled_from([None, "mine", "another"]))
def test_after_a_death_only_a_person_brings_a_new_pair(row: StoredToken, now: int, rejected: str | None) -> None:
    if row.state is not TokenState.VALID:
        step = decide(row, START + timedelta(seconds=now), AGE, rejected).step
        assert step in (TokenStep.USE, TokenStep.SETTLE, TokenStep.AUTHORIZE)


def test_a_connection_never_authorized_needs_a_person() -> None:
    assert decide(None, START, AGE).step is TokenStep.AUTHORIZE


EARLY = "Rate limit exceeded: access_token not expired"


@pytest.mark.parametrize(
    ("status", "fields", "reason", "verdict"),
    [
        (200, {"access_token": "a", "refresh_token": "r"}, "", TokenVerdict.NEW_PAIR),
        (200, {}, "", TokenVerdict.BUSY),
        (200, {"something": "else"}, "", TokenVerdict.LOST),
        (400, {"error": "access_denied", "error_description": EARLY}, f"TooEarlyToRefreshTokens: {EARLY}", "early"),
        (401, {"error": "access_denied", "error_description": EARLY}, "", "early"),
        (401, {}, "Access Token not expired", "early"),
        (401, {"error": "unauthorized_client", "error_description": "Old refresh token used."}, "", "broken"),
        (400, {"error": "unauthorized_client", "error_description": "Old refresh token used."}, "", "broken"),
        (
            400,
            {"error": "invalid_request", "error_description": "The refresh token expired at 10/11/2022 9:18:20 PM"},
            "",
            "broken",
        ),
        (400, {"error": "invalid_grant", "error_description": "invalid or empty chainId"}, "Unknown: x", "broken"),
        (400, {"error": "invalid_request"}, "", TokenVerdict.BAD_CLIENT),
        (401, {"error": "invalid_client"}, "", TokenVerdict.BAD_CLIENT),
        (403, {}, "", TokenVerdict.BUSY),
        (404, {}, "", TokenVerdict.BUSY),
        (302, {}, "", TokenVerdict.BUSY),
        (429, {}, "", TokenVerdict.BUSY),
        (500, {}, "", TokenVerdict.BUSY),
        (503, {}, "", TokenVerdict.BUSY),
        (502, {}, "", TokenVerdict.LOST),
        (504, {}, "", TokenVerdict.LOST),
    ],
)
def test_answers_mean_what_the_sheet_says(
    status: int, fields: dict[str, str], reason: str, verdict: TokenVerdict | str
) -> None:
    wanted = {"early": TokenVerdict.TOO_EARLY, "broken": TokenVerdict.CHAIN_BROKEN}.get(str(verdict), verdict)
    assert judge(TokenAnswer(status, fields, reason), GRANT["too_early"]) is wanted


def test_pauses_grow_to_a_limit_and_respect_what_was_asked() -> None:
    pauses = [cool_down(n).total_seconds() for n in range(1, 12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (10, 300)
    assert cool_down(1, 42.0).total_seconds() == 42
    assert cool_down(1, 0.0).total_seconds() == 1
    early = [early_pause(n).total_seconds() for n in range(1, 6)]
    assert early == [120, 240, 480, 480, 480]
    # After days of it too: a clock that stays wrong is refused again and again.
    assert (early_pause(5000).total_seconds(), cool_down(5000).total_seconds()) == (480, 300)


@pytest.mark.parametrize(
    ("given_", "seconds_"),
    [("600", 600), (600, 600), (" 600 ", 600), (0, None), ("-5", None), (None, None), (True, None)],
)
def test_expires_in_is_read_as_text_or_number(given_: object, seconds_: int | None) -> None:
    wanted = None if seconds_ is None else timedelta(seconds=seconds_)
    assert lifetime_of(given_) == wanted


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.integers())))
def test_any_expires_in_gives_a_sane_lifetime_or_none(value: object) -> None:
    lifetime = lifetime_of(value)
    assert lifetime is None or timedelta(0) < lifetime <= timedelta(days=3650)


def test_an_answer_with_tokens_in_it_is_never_quoted() -> None:
    answer = TokenAnswer(400, {"error": "x", "error_description": "y", "refresh_token": "secret"})
    assert answer.said == ""
    assert "secret" not in repr(answer)
