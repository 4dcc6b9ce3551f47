"""A gateway in memory: what a connection sends is kept, what it gets is told; sessions, clocks and turns are plain."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from lxml import etree

from ml_connector.systems.sage_intacct.wire.client import Gateway, Session
from ml_connector.systems.sage_intacct.wire.request import Sender
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited

ENDPOINT = "http://127.0.0.1:9/ia/xml/xmlgw.phtml"
PASSWORD = "sender-password-&-very-secret"
Answer = Callable[[Any], httpx.Response]


def response(result: str, control_id: str = "read", *, company: str = "acme", outer: str | None = None) -> str:
    """A reply whose control and log-in are good."""
    return (
        f"<response><control><status>success</status><controlid>{outer or control_id}</controlid></control><operation>"
        f"<authentication><status>success</status><userid>u</userid><companyid>{company}</companyid></authentication>"
        f"{result}</operation></response>"
    )


def good(data: str, control_id: str = "read", function: str = "query") -> str:
    return response(
        f"<result><status>success</status><function>{function}</function><controlid>{control_id}</controlid>"
        f"{data}</result>",
        control_id,
    )


def bad(errors: str, control_id: str = "read", status: str = "failure") -> str:
    return response(
        f"<result><status>{status}</status><function>x</function><controlid>{control_id}</controlid>"
        f"<errormessage>{errors}</errormessage></result>",
        control_id,
    )


def error(number: str, text: str) -> str:
    return f"<error><errorno>{number}</errorno><description2>{text}</description2></error>"


def refused(level: str, errors: str) -> str:
    """A reply that fails before any function."""
    if level == "control":
        return f"<response><control><status>failure</status></control><errormessage>{errors}</errormessage></response>"
    return (
        "<response><control><status>success</status></control><operation><authentication><status>failure</status>"
        f"<userid/><companyid/></authentication><errormessage>{errors}</errormessage></operation></response>"
    )


class Clock:
    """Waiting moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class Sessions:
    """Sessions by number."""

    made: int = 0
    dead: list[str] = field(default_factory=list)

    def current(self) -> Session:
        return Session(ENDPOINT, f"session-{self.made}-of-many", f"token-{self.made}")

    def ended(self, session: Session) -> Session:
        self.dead.append(session.id)
        if session.token == f"token-{self.made}":
            self.made += 1
        return self.current()


class Wire:
    """What was sent, and what is answered next; the last answer is given again."""

    def __init__(self, *answers: str | bytes | httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[Any] = []
        self.bodies: list[bytes] = []
        self.clock = Clock()
        self.sessions = Sessions()
        self.at_once = 0
        self.most_at_once = 0
        transport = httpx.MockTransport(self._answer)
        self.api = ApiClient(
            "acme",
            "http://127.0.0.1:9",
            authentication=None,
            limiter=Unlimited(),
            clock=self.clock,
            transport=transport,
            max_body=1_000_000,
        )
        self.gateway = Gateway(
            "acme",
            "acme",
            self.sessions,
            sender=lambda: Sender("snd", PASSWORD),
            api=lambda _: self.api,
            clock=self.clock,
            turn=self._turn,
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            yield
        finally:
            self.at_once -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert self.at_once == 1, "sent without a turn"
        self.bodies.append(request.content)
        self.sent.append(etree.fromstring(request.content))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, content=answer, headers={"content-type": "text/xml"})
