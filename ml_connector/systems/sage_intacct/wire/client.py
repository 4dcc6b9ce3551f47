"""The gateway: one call, with the session it needs, and what its reply means at each level (intacct 1 to 5)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NoReturn, Protocol
from xml.sax.saxutils import escape

from ml_connector.clock import Clock
from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.systems.sage_intacct.wire import errors, reply, request
from ml_connector.systems.sage_intacct.wire.errors import IF_IT_LASTS, ErrorLevel, error_of, judge
from ml_connector.systems.sage_intacct.wire.reply import Reply, Result
from ml_connector.systems.sage_intacct.wire.request import Call, Sender
from ml_connector.systems.sage_intacct.wire.together import Asked, Outcome, Together
from ml_connector.systems.sage_intacct.wire.xml import Element, UnreadableXmlError
from ml_connector.systems.unreadable import LOOKED_UP, Replies
from ml_connector.transport.http import ApiClient
from ml_connector.transport.response_body import describe_body
from ml_connector.transport.responses import ApiResponse
from ml_connector.transport.retries import retried

HEADERS = {"Content-Type": "application/xml; charset=UTF-8", "Accept": "text/xml, application/xml"}
TEMPLATE = "xmlgw.phtml"
#: Every status is read: business errors come with 200, and errors of the gateway may have an XML body (intacct 1).
ANY_STATUS = range(200, 600)
ATTEMPTS = 4
#: A dead session is renewed so often for one request.
_SESSIONS = 3
#: A shorter secret is too likely to stand in a reply by chance.
_LEAST_SECRET = 4


@dataclass(frozen=True)
class Session:
    """A session and the address where it is used (intacct 2). token: as it is stored."""

    endpoint: str
    id: str
    token: str


class Sessions(Protocol):
    """Where sessions come from, shared by all processes."""

    def current(self) -> Session:
        """One that stands; logs in where none does. Raises AuthorizationNeeded, TryAgain."""
        ...

    def ended(self, session: Session) -> Session:
        """The gateway says that this one is dead: another."""
        ...


Turn = Callable[[], AbstractContextManager[None]]


def no_turns() -> AbstractContextManager[None]:
    """Nobody waits."""
    return nullcontext()


class Gateway:
    """Calls to one company. Safe to use from several threads.

    api: the HTTP client of an address. sender: of each request. turn: held while a request is on the wire. company: id
    that replies must name. together: documents in one request at most.
    """

    def __init__(
        self,
        connection: str,
        company: str,
        sessions: Sessions,
        *,
        sender: Callable[[], Sender],
        api: Callable[[str], ApiClient],
        clock: Clock,
        turn: Turn = no_turns,
        longest_wait: float = 65.0,
        attempts: int = ATTEMPTS,
        together: int = 1,
    ) -> None:
        self.connection = connection
        self._company = company
        self._sessions = sessions
        self._sender = sender
        self._api = api
        self._clock = clock
        self._turn = turn
        self._longest_wait = longest_wait
        self._attempts = attempts
        self.calls = 0
        self._together = Together(self._several, together) if together > 1 else None

    def ask(self, element: Element, what: str, control_id: str = "read") -> Result:
        """A call without an effect.

        Raises:
            TryAgain, AuthorizationNeeded, RefusedBySystem.
        """
        asked = Asked(Call(control_id, element), what)
        return self._tried(lambda: self._alone(asked, write=False))

    def do(self, element: Element, what: str, control_id: str) -> Result:
        """A call with an effect, under a control id that is never used for anything else (intacct 5).

        Raises:
            OutcomeUnknown, TryAgain, AuthorizationNeeded, RefusedBySystem. AlreadyRecorded: it was done before.
        """
        asked = Asked(Call(control_id, element), what)
        together = self._together
        if together is not None:
            return self._tried(lambda: together.do(asked))
        return self._tried(lambda: self._alone(asked, write=True))

    def _tried(self, attempt: Callable[[], Outcome]) -> Result:
        def result() -> Result:
            found = attempt()
            if isinstance(found, ConnectorError):
                raise found
            return found

        return retried(result, clock=self._clock, attempts=self._attempts, longest_wait=self._longest_wait)

    def _alone(self, asked: Asked, *, write: bool) -> Outcome:
        try:
            return self._request([asked], write=write)[0]
        except ConnectorError as error:
            return error

    def _several(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Several writes in one request. One that is malformed has the whole refused (intacct 3): nothing was done, and
        each is sent by itself.
        """
        try:
            return self._request(asked, write=True)
        except _MalformedError:
            return [self._alone(one, write=True) for one in asked]

    def _request(self, asked: Sequence[Asked], *, write: bool) -> list[Outcome]:
        """A dead session is renewed, and this request alone is made again: nothing of it was done (intacct 2)."""
        session = self._sessions.current()
        for _ in range(_SESSIONS):
            try:
                return self._sent(asked, session, write=write)
            except _DeadSessionError:
                session = self._sessions.ended(session)
        raise TryAgain(
            f"{self.connection}: the gateway ends each session at once.",
            after_seconds=120,
            remedy="Look at the web-services user's rights and session settings in Sage Intacct.",
        )

    def _sent(self, asked: Sequence[Asked], session: Session, *, write: bool) -> list[Outcome]:
        sender = self._sender()
        calls = [one.call for one in asked]
        body = request.request(sender, request.session_login(session.id), calls, unique=write)
        api = self._api(session.endpoint)
        self.calls += 1
        with self._turn():
            answer = api.request(
                "POST",
                session.endpoint,
                template=TEMPLATE,
                data=body,
                headers=HEADERS,
                write=write,
                accept=ANY_STATUS,
                expect="any",
            )
        return self._outcomes(asked, _hidden(answer, (sender.password, session.id)), write=write)

    def _outcomes(self, asked: Sequence[Asked], answer: ApiResponse, *, write: bool) -> list[Outcome]:
        what = asked[0].what if len(asked) == 1 else f"a request of {len(asked)} documents"
        place = f"{self.connection}: {what}"
        found = read_reply(place, answer, write=write)
        if found.level is not None:
            judged = judge(found.level, found.errors)
            if judged.meaning in (errors.DEAD_SESSION, errors.REJECTED_SESSION):
                raise _DeadSessionError
            if judged.meaning.what == "malformed" and len(asked) > 1:
                raise _MalformedError
            raise error_of(place, judged, write=write)
        self._check(place, asked, found, write=write)
        return [self._outcome(one, result, write=write) for one, result in zip(asked, found.results, strict=True)]

    def _outcome(self, asked: Asked, result: Result, *, write: bool) -> Outcome:
        place = f"{self.connection}: {asked.what}"
        if result.good:
            return result
        judged = judge(ErrorLevel.FUNCTION, result.errors)
        if judged.meaning is errors.RECORDED and write:
            return AlreadyRecorded(f"{place} was done before.", remedy=judged.remedy)
        return error_of(place, judged, write=write)

    def _check(self, place: str, asked: Sequence[Asked], found: Reply, *, write: bool) -> None:
        """Whether it is the answer to these calls, of this company: never take another's for ours."""
        if found.company and found.company.casefold() != self._company.casefold():
            lost(place, f"was answered by company {found.company[:40]!r}", write=write)
        ids = [result.control_id for result in found.results]
        outer = request.outer_id([one.call for one in asked])
        if ids != [one.call.control_id for one in asked] or found.control_id not in ("", outer):
            lost(place, "was answered with the result of another call", write=write)


class AlreadyRecorded(OutcomeUnknown):
    """A call with this control id was completed before; the refusal carries no key (intacct 5)."""


class _DeadSessionError(Exception):
    """The session has ended; nothing was done."""


class _MalformedError(Exception):
    """One of several is malformed, and the whole request was refused."""


def read_reply(place: str, answer: ApiResponse, *, write: bool) -> Reply:
    """The reply in an answer.

    Raises:
        TryAgain, OutcomeUnknown: there is none.
    """
    status = answer.status
    try:
        found = reply.read(answer.content)
    except UnreadableXmlError as error:
        came = describe_body(answer.headers.get("content-type", ""), answer.content)
        if came == "XML":
            came = str(error)
        _without_reply(place, status, came, write=write)
    if status == 401 and found.level is None:
        lost(place, "was answered with 401 and a result", write=write)
    if status >= 400 and found.level is not None:
        return Reply(found.control_id, level=ErrorLevel.GATEWAY, errors=found.errors)
    if status >= 300 and found.level is None:
        lost(place, f"was answered with {status} and a result", write=write)
    return found


def _without_reply(place: str, status: int, came: str, *, write: bool) -> NoReturn:
    """An answer that is no reply: HTML of a proxy, half a reply (intacct 1)."""
    text = f"{place} was answered with {status} and {came}"
    if status == 413:
        raise RefusedBySystem(f"{text}.", remedy="The request is too large for the gateway: split the document.")
    if 400 <= status < 500 and status != 408:
        # Who answers so has not handed it on.
        raise TryAgain(f"{text}.", after_seconds=120, remedy=IF_IT_LASTS)
    lost(place, f"was answered with {status} and {came}", write=write)


def lost(place: str, what: str, *, write: bool) -> NoReturn:
    """Nobody can tell what became of a write; a read is made again."""
    if write:
        raise OutcomeUnknown(f"{place} {what}.", remedy=LOOKED_UP)
    raise TryAgain(f"{place} {what}.", after_seconds=10, remedy=IF_IT_LASTS)


def _hidden(answer: ApiResponse, secrets: tuple[str, ...]) -> ApiResponse:
    """An answer without what was sent: gateways quote what they refuse."""
    return ApiResponse(answer.status, answer.headers, content=without_secrets(answer.content, secrets))


def without_secrets(content: bytes, secrets: tuple[str, ...]) -> bytes:
    """Bytes without these texts, also as XML writes them."""
    shapes = {shape for secret in secrets for shape in (secret, escape(secret), escape(secret, {'"': "&quot;"}))}
    for shape in sorted(shapes, key=len, reverse=True):
        if len(shape) >= _LEAST_SECRET:
            content = content.replace(shape.encode(), b"(...)")
    return content


_REPLIES = Replies(IF_IT_LASTS, (WeAreWrong, UnreadableXmlError))
readable, answered = _REPLIES.readable, _REPLIES.answered
