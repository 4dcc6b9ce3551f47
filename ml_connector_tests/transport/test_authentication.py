"""Ways of saying who calls: each in its place, renewed after a 401 where that can be, and never in an error."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import ConnectorError, TryAgain, WeAreWrong
from ml_connector.transport.authentication import (
    Authentication,
    BearerToken,
    CookieSession,
    InBody,
    LocalSession,
    StaticHeaders,
    Together,
)
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import Unlimited
from ml_connector_tests.transport.conftest import NumberedTokens, StillClock
from ml_connector_tests.transport.local_server import LocalServer, answer, json_answer


class Ways:
    """Every way, and what the server sees of it before and after a 401 (None: there is nothing else to try)."""

    def __init__(self) -> None:
        self.log_ins = 0
        self.company, self.user = Secret("company-secret"), Secret("user-secret")

    def log_in(self) -> Mapping[str, str]:
        self.log_ins += 1
        return {"SESSION": f"secret-session-{self.log_ins}", "BRANCH": "1"}

    def all(self) -> dict[str, tuple[Authentication, Any, Any]]:
        def put(body: bytes, token: str) -> bytes:
            return body.replace(b"</request>", f"<sessionid>{token}</sessionid></request>".encode())

        bearer, dual = BearerToken(NumberedTokens()), BearerToken(NumberedTokens(), header="X-User", word="")
        static = StaticHeaders({"CompanyToken": lambda: self.company, "UserToken": lambda: self.user})
        gateway = StaticHeaders({"Authorization": lambda: Secret("Bearer gateway-secret")})
        first, second = "secret-token-1", "secret-token-2"
        return {
            "bearer": (bearer, f"Bearer {first}", f"Bearer {second}"),
            "two headers": (static, "company-secret user-secret", None),
            "cookies": (
                CookieSession(LocalSession(self.log_in)),
                "SESSION=secret-session-1; BRANCH=1",
                "SESSION=secret-session-2; BRANCH=1",
            ),
            "body": (
                InBody(put, NumberedTokens()),
                f"<request><sessionid>{first}</sessionid></request>",
                f"<request><sessionid>{second}</sessionid></request>",
            ),
            "together": (Together(gateway, dual), f"Bearer gateway-secret {first}", f"Bearer gateway-secret {second}"),
        }


WAYS = sorted(Ways().all())


def shown(way: str, seen: Any) -> str:
    """Where this way puts what the server is to see."""
    headers = seen.headers
    return {
        "bearer": lambda: headers["authorization"],
        "two headers": lambda: f"{headers['companytoken']} {headers['usertoken']}",
        "cookies": lambda: headers["cookie"],
        "body": seen.body.decode,
        "together": lambda: f"{headers['authorization']} {headers['x-user']}",
    }[way]()


@contextmanager
def serving(authentication: Authentication, *actions: Any) -> Iterator[tuple[ApiClient, LocalServer]]:
    with LocalServer(list(actions)) as server:
        client = ApiClient("conn", server.url, authentication=authentication, limiter=Unlimited(), clock=StillClock())
        with client:
            yield client, server


def post(client: ApiClient) -> Any:
    return client.request("POST", "/x", template="x", data=b"<request></request>", write=True).data


@pytest.mark.parametrize("way", WAYS)
def test_a_call_says_who_makes_it_and_once_more_after_a_401(way: str) -> None:
    authentication, first, second = Ways().all()[way]
    with serving(authentication, json_answer({"ok": 1}), answer(401, b""), json_answer({"ok": 2})) as (client, server):
        assert post(client) == {"ok": 1}
        if second is None:
            with pytest.raises(TryAgain):
                post(client)
        else:
            assert post(client) == {"ok": 2}
    assert [shown(way, seen) for seen in server.seen] == [one for one in (first, first, second) if one is not None]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_server_that_quotes_them_gives_nothing_away(way: str, status: int) -> None:
    authentication, first, _ = Ways().all()[way]
    quoted = f'{{"message": "refused: {first} and BRANCH"}}'.encode()
    with serving(authentication, answer(status, quoted)) as (client, _), pytest.raises(ConnectorError) as raised:
        post(client)
    assert "secret" not in f"{raised.value} {raised.value.data}"


def test_a_secret_that_was_changed_meanwhile_is_tried_after_a_401() -> None:
    ways = Ways()
    static = ways.all()["two headers"][0]
    used = static.credentials()
    assert static.refused(used) is None
    ways.user = Secret("user-secret-2")
    renewed = static.refused(used)
    assert renewed is not None
    assert renewed.headers["UserToken"] == "user-secret-2"


def test_many_calls_that_were_refused_together_log_in_once() -> None:
    """Each log-in may cost a seat."""
    ways, together = Ways(), threading.Barrier(8)
    sessions = CookieSession(LocalSession(ways.log_in))
    used = sessions.credentials()

    def refused(_: int) -> str:
        together.wait()
        return sessions.refused(used).cookies["SESSION"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(refused, range(8))) == {"secret-session-2"}
    assert ways.log_ins == 2


def test_a_body_that_cannot_be_filled_is_never_sent() -> None:
    with serving(Ways().all()["body"][0]) as (client, server), pytest.raises(WeAreWrong):
        client.request("GET", "/x", template="x")
    assert server.seen == []
