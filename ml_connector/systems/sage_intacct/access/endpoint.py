"""The log-in: getAPISession as what the shared token store asks, and where its session may be used (intacct 2)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from ml_connector.errors import AuthorizationNeeded, LeaseLost, OutcomeUnknown, TryAgain
from ml_connector.systems.reaching import is_private
from ml_connector.systems.sage_intacct.wire import errors, request, xml
from ml_connector.systems.sage_intacct.wire.client import (
    ANY_STATUS,
    HEADERS,
    TEMPLATE,
    read_reply,
    without_secrets,
)
from ml_connector.systems.sage_intacct.wire.errors import ErrorLevel, error_of, judge
from ml_connector.systems.sage_intacct.wire.reply import Reply, Result
from ml_connector.systems.sage_intacct.wire.request import Call, Sender
from ml_connector.transport.http import ApiClient
from ml_connector.transport.response_body import clean
from ml_connector.transport.responses import ApiResponse
from ml_connector.transport.tokens.endpoint import AnswerLost, NotSent, TokenAnswer, TokenEndpoint

LOGIN_SECONDS = 60.0
CONTROL_ID = "log-in"
#: Between the address and the number of a session, as one token; an address holds none.
SEPARATOR = "|"


class IntacctLogin(TokenEndpoint):
    """Logs in with the form that the token store makes of user and password.

    api: the HTTP client of the gateway. lifetime: seconds that a session is used. mark: says whose sessions these are;
    stands in the token.
    """

    def __init__(
        self,
        connection: str,
        url: str,
        *,
        api: ApiClient,
        domain: str,
        entity: str,
        lifetime: float,
        mark: str,
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__(url, deadline=LOGIN_SECONDS)
        self._connection = connection
        self._api = api
        self._domain = domain
        self._entity = entity
        self._lifetime = lifetime
        self._mark = mark
        self._turn = turn

    def post(self, form: Mapping[str, str]) -> TokenAnswer:
        """Log in once; getAPISession stands alone in its request.

        Raises:
            NotSent, AnswerLost: see `TokenEndpoint`. AuthorizationNeeded: a person must act. TryAgain: not now.
        """
        place = f"{self._connection}: the log-in"
        secrets = (form["sender_password"], form["password"])
        try:
            with self._turn():
                answer = self._api.request(
                    "POST",
                    self.url,
                    template=TEMPLATE,
                    data=self._body(form),
                    headers=HEADERS,
                    accept=ANY_STATUS,
                    expect="any",
                )
            found = read_reply(place, _hidden(answer, secrets), write=False)
        except LeaseLost as error:
            raise NotSent(error.message) from error
        except OutcomeUnknown as error:
            raise AnswerLost(error.message) from error
        return self._told(place, form, found)

    def _body(self, form: Mapping[str, str]) -> bytes:
        sender = Sender(form["sender_id"], form["sender_password"])
        login = request.user_login(form["username"], form["company"], form["password"], form["entity"])
        return request.request(sender, login, [Call(CONTROL_ID, xml.built("getAPISession", []))], unique=False)

    def _told(self, place: str, form: Mapping[str, str], found: Reply) -> TokenAnswer:
        if found.level is not None:
            judged = judge(found.level, found.errors)
            if judged.meaning.what == "sign_in":
                # The store remembers it, so that a wrong password is not tried again before it changes.
                return TokenAnswer(401, {"error_description": judged.said})
            raise error_of(place, judged, write=False)
        if found.company and found.company.casefold() != form["company"].casefold():
            raise TryAgain(f"{place} was answered by company {found.company[:40]!r}.", after_seconds=60)
        result = found.results[0]
        if not result.good:
            raise error_of(place, judge(ErrorLevel.FUNCTION, result.errors), write=False)
        return self._session(place, result)

    def _session(self, place: str, result: Result) -> TokenAnswer:
        api = xml.child(result.data, "api")
        session, endpoint = xml.words(api, "sessionid"), xml.words(api, "endpoint")
        if not session:
            raise TryAgain(f"{place} was answered without a session.", after_seconds=60, remedy=errors.IF_IT_LASTS)
        self._check_entity(place, xml.words(api, "locationid"))
        address = endpoint or self.url
        self._check_address(place, address)
        token = SEPARATOR.join((self._mark, address, session))
        return TokenAnswer(200, {"access_token": token, "expires_in": int(self._lifetime)})

    def _check_entity(self, place: str, told: str) -> None:
        """A session at another level would book into another entity's books (intacct 2)."""
        if told.casefold() == self._entity.casefold():
            return
        where = f"entity {told}" if told else "the top level"
        wanted = f"entity {self._entity}" if self._entity else "the top level"
        raise AuthorizationNeeded(
            f"{place} gave a session at {where}, the connection is for {wanted}.",
            remedy="See which entities the web-services user may work in, and `entity` of the connection.",
        )

    def _check_address(self, place: str, address: str) -> None:
        """Sender password and session go there with every request: only the vendor's own, or this machine."""
        if in_domain(address, self._domain) or _on_this_machine(address, self.url):
            return
        raise AuthorizationNeeded(
            f"{place} wants requests sent to {clean(address, 120)}, which is not of {self._domain}.",
            remedy="Nothing was sent there. See base_url of the connection, and what stands between it and Intacct.",
        )


def in_domain(address: str, domain: str) -> bool:
    """Whether an address is https:// of a domain."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").lower()
        _port = parts.port
    except ValueError:
        return False
    plain = not parts.username and not parts.password
    return parts.scheme == "https" and plain and (host == domain or host.endswith(f".{domain}"))


def _on_this_machine(address: str, base: str) -> bool:
    """A stand-in: only where the connection itself is on this machine."""
    try:
        return all(urlsplit(one).scheme == "http" and is_private(one) for one in (address, base))
    except ValueError:
        return False


def _hidden(answer: ApiResponse, secrets: tuple[str, ...]) -> ApiResponse:
    return ApiResponse(answer.status, answer.headers, content=without_secrets(answer.content, secrets))
