"""What may be done with a stored token at this moment: pure rules, no network and no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from ml_connector.clock import CLOCK_DOUBT
from ml_connector.credentials.tokens import StoredToken, TokenState
from ml_connector.transport.tokens.endpoint import TokenAnswer, usable_token

#: After so many 401 for one young token it is not offered again before it may be refreshed.
MOST_REFUSALS = 3
#: How long a token that somebody is just refreshing is used before the row is read again.
BRIEFLY = timedelta(seconds=2)
#: How long a token whose age cannot be told is used before the row is read again.
LOOK_AGAIN = timedelta(seconds=30)
#: A token that was refused right after the server called it good is not asked about again sooner.
AFTER_TOO_EARLY = timedelta(seconds=10)
#: Why a person must authorize a connection again, in words.
CAUSES = {
    "never authorized": "it was never authorized",
    "interrupted": "a refresh was interrupted, and the server may have replaced the token meanwhile",
    "answer lost": "the answer to a refresh was lost, and the server may have replaced the token meanwhile",
    "no refresh token": "no refresh token is stored",
}


class TokenStep(Enum):
    """What is done about a token."""

    USE = auto()  # the stored access token, until `until`
    REFRESH = auto()  # ask for a new pair
    WAIT = auto()  # nothing may be asked before `until`
    SETTLE = auto()  # somebody is refreshing, or died over it
    AUTHORIZE = auto()  # a person must act


@dataclass(frozen=True)
class TokenDecision:
    """What is done about a token, and until when."""

    step: TokenStep
    until: datetime
    why: str = ""


def decide(
    row: StoredToken | None, now: datetime, refresh_age: timedelta, rejected: str | None = None
) -> TokenDecision:
    """Never a refresh below the minimum age, never a second use of a refresh token (DESIGN section 3).

    rejected: the access token to which the server has just answered 401.
    """
    if row is None or row.access is None:
        return TokenDecision(TokenStep.AUTHORIZE, now, "never authorized")
    refused = rejected is not None and row.access == rejected
    worn_out = refused or int(row.detail.get("refusals", 0)) >= MOST_REFUSALS
    alive = row.alive(now) and not worn_out
    if row.state is TokenState.AUTHORIZE_AGAIN:
        until = row.expires_at or now + BRIEFLY
        return (
            TokenDecision(TokenStep.USE, until)
            if alive
            else TokenDecision(TokenStep.AUTHORIZE, now, str(row.detail.get("cause", "")))
        )
    if row.state is TokenState.REFRESHING:
        return TokenDecision(TokenStep.USE, now + BRIEFLY) if alive else TokenDecision(TokenStep.SETTLE, now)
    return _of_valid(row, now, refresh_age, unusable=worn_out)


def _of_valid(row: StoredToken, now: datetime, refresh_age: timedelta, *, unusable: bool) -> TokenDecision:
    if row.issued_at is None or row.issued_at > now + CLOCK_DOUBT:
        # Its age cannot be told here: use it until the server refuses it.
        return TokenDecision(TokenStep.REFRESH, now) if unusable else TokenDecision(TokenStep.USE, now + LOOK_AGAIN)
    by_age = row.issued_at + refresh_age
    due = by_age if row.expires_at is None else min(by_age, row.expires_at)
    if now < due:
        why = "the server refuses a token that is too young to be replaced"
        return TokenDecision(TokenStep.WAIT, due, why) if unusable else TokenDecision(TokenStep.USE, due)
    cooling = row.moment("cooling_until")
    began = row.moment("cooling_from")
    put_back = began is not None and began > now + CLOCK_DOUBT
    if cooling is None or now >= cooling or put_back:
        return TokenDecision(TokenStep.REFRESH, now)
    because = str(row.detail.get("cooling_because", ""))
    if because == TOO_EARLY:
        return _after_too_early(row, now, cooling, unusable=unusable)
    return (
        TokenDecision(TokenStep.USE, cooling)
        if row.alive(now) and not unusable
        else TokenDecision(TokenStep.WAIT, cooling, because)
    )


def _after_too_early(row: StoredToken, now: datetime, cooling: datetime, *, unusable: bool) -> TokenDecision:
    """The server said that the token is good: it is used, whatever our clock says, until the server refuses it."""
    if not unusable:
        return TokenDecision(TokenStep.USE, cooling)
    since = row.moment("cooling_from")
    if since is None or now >= since + AFTER_TOO_EARLY:
        return TokenDecision(TokenStep.REFRESH, now)
    return TokenDecision(
        TokenStep.WAIT, since + AFTER_TOO_EARLY, "the server refuses the token and says that it is not expired"
    )


class TokenVerdict(Enum):
    """What an answer to a refresh means for the stored pair."""

    NEW_PAIR = auto()
    TOO_EARLY = auto()  # the stored pair stays valid
    BUSY = auto()  # refused before it was handled: the stored pair stays valid
    LOST = auto()  # a gateway gave up: the server may have rotated
    CHAIN_BROKEN = auto()  # the refresh token is used, expired or unknown
    BAD_CLIENT = auto()  # client id or secret is wrong


TOO_EARLY = "too early"


def judge(answer: TokenAnswer, too_early: Sequence[str] = ()) -> TokenVerdict:
    """Read an answer of the token endpoint. too_early: words of a refusal that leaves the stored pair as it is.

    A gateway's 502 and 504 leave open whether the server behind it rotated; a 500, a 503 or a maintenance page
    says that it did not get so far.
    """
    if answer.status == 200:
        return _judge_good(answer)
    if answer.status in (502, 504):
        return TokenVerdict.LOST
    if answer.status in (400, 401, 403):
        return _judge_refusal(answer, too_early)
    return TokenVerdict.BUSY


def _judge_good(answer: TokenAnswer) -> TokenVerdict:
    if usable_token(answer.fields.get("access_token")):
        return TokenVerdict.NEW_PAIR
    return TokenVerdict.LOST if answer.fields else TokenVerdict.BUSY


def _judge_refusal(answer: TokenAnswer, too_early: Sequence[str]) -> TokenVerdict:
    said = f"{answer.said} {answer.reason}".lower().replace("_", " ")
    if any(words in said for words in too_early):
        return TokenVerdict.TOO_EARLY
    if not answer.error:
        return TokenVerdict.BUSY  # not the token endpoint's own words: a firewall, a page
    if answer.error == "invalid_client" or (answer.error == "invalid_request" and "refresh token" not in said):
        return TokenVerdict.BAD_CLIENT
    return TokenVerdict.CHAIN_BROKEN


def cool_down(failures: int, asked: float | None = None) -> timedelta:
    """How long to leave the endpoint alone after the n-th failure in a row: 5 s, doubled each time, at most 5 min.

    asked: what the server asked for, between a second and an hour: without a token nothing else goes on.
    """
    if asked is not None:
        return timedelta(seconds=min(max(1.0, asked), 3600.0))
    return timedelta(seconds=min(300.0, 5.0 * 2 ** min(failures, 6)))


def early_pause(failures: int) -> timedelta:
    """How long a pair is kept after the n-th refusal as too early: each one counts as an error (exact-online 2.3).

    Two minutes, so that clocks that differ by that much cost one error a token, not ten an hour.
    """
    return timedelta(seconds=min(480.0, 120.0 * 2 ** min(failures - 1, 6)))
