"""What a server answered, and what it means when it was not what we wanted."""

import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.clock import Clock
from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.transport.response_body import clean

#: Seconds. A server that asks for more is asked again all the same: its clock, or what stands before it, is wrong.
LONGEST_ASKED = 86_400.0
IF_IT_LASTS = "If it lasts, look at base_url of the connection and at the system's status page."


@dataclass(frozen=True)
class ApiResponse:
    """An accepted answer. `data` is the parsed JSON (None when the body is empty), `content` the bytes of others."""

    status: int
    headers: Mapping[str, str]
    data: Any = None
    content: bytes = b""


@dataclass(frozen=True)
class Problem:
    """An answer that was not accepted, for a system to explain. `lines` is the server's message, line by line."""

    connection: str
    method: str
    template: str
    status: int
    write: bool
    headers: Mapping[str, str]
    content_type: str
    lines: tuple[str, ...] = ()
    came: str = ""
    after_seconds: float | None = None

    @property
    def call(self) -> str:
        return f"{self.connection}: {self.method} {self.template}"

    @property
    def said(self) -> str:
        """What the server said, in one line, for error texts."""
        text = clean("; ".join(self.lines)) or self.came
        return f"{self.status}: {text}" if text else str(self.status)


Explain = Callable[[Problem], ConnectorError]


def explain(problem: Problem) -> ConnectorError:
    """The usual meaning of a status, for systems without rules of their own."""
    text = f"{problem.call} was answered with {problem.said}."
    data = {"status": problem.status, "messages": list(problem.lines)}
    if problem.status >= 500 or 300 <= problem.status < 400:
        if problem.write:
            return OutcomeUnknown(text, remedy="It is looked up before it is sent again.", data=data)
        return TryAgain(text, after_seconds=problem.after_seconds, data=data, remedy=IF_IT_LASTS)
    if problem.status == 408:
        return TryAgain(text, after_seconds=problem.after_seconds, data=data, remedy=IF_IT_LASTS)
    if problem.status == 401:
        return TryAgain(text, after_seconds=60, data=data, remedy="If it lasts, authorize the connection again.")
    if problem.status == 403:
        return AuthorizationNeeded(text, remedy="Give the account of this connection the right to do this.", data=data)
    return RefusedBySystem(text, data=data, remedy="Look at what it says, and at base_url and paths of the connection.")


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Seconds that a Retry-After header asks for (a number or a date), a day at most; None without a usable one."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_ASKED)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return min(max(0.0, (moment - clock.now()).total_seconds()), LONGEST_ASKED)
