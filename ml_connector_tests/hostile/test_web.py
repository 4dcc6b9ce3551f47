"""What anybody may send to the receiver's address: webhooks and the OAuth callback of a whole deployment."""

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from ml_connector.ledger.tables.documents import inbox
from ml_connector.sandbox.exact.options import CLIENT_ID
from ml_connector_tests.hostile.stage import Stage
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.web.stage import DIVISION, SECRET, serving

GUID = "11111111-2222-3333-4444-555555555555"
HOOK = "/webhooks/exact/exact_nl"


@pytest.fixture(scope="module")
def address(stage: Stage) -> Iterator[str]:
    with serving(stage.scene.deployment) as url:
        yield url


def content(**changes: Any) -> bytes:
    good = {"Topic": "PurchaseOrders", "ClientId": CLIENT_ID, "Division": DIVISION, "Action": "Update", "Key": GUID}
    return json.dumps({**good, **changes}, separators=(",", ":")).encode()


def signed(inner: bytes, *, secret: str = SECRET, upper: bool = True) -> bytes:
    """A notice over these bytes, with the deployment's secret unless told otherwise."""
    code = hmac.new(secret.encode(), inner, hashlib.sha256).hexdigest()
    return b'{"Content":' + inner + b',"HashCode":"' + (code.upper() if upper else code).encode() + b'"}'


GOOD = signed(content())

#: id -> body, status
NOTICES: dict[str, tuple[bytes, int]] = {
    "wrong secret": (signed(content(), secret="wrong"), 401),
    "signature of nothing": (b'{"Content":' + content() + b',"HashCode":""}', 401),
    "signature of zeros": (b'{"Content":' + content() + b',"HashCode":"' + b"0" * 64 + b'"}', 401),
    "signature over other bytes": (GOOD.replace(b"Update", b"Delete"), 401),
    "a blank more": (GOOD.replace(b'"Topic":"', b'"Topic": "'), 401),
    "lower case": (signed(content(), upper=False), 401),
    "no signature": (b'{"Content":' + content() + b"}", 401),
    "signature first": (b'{"HashCode":"' + b"A" * 64 + b'","Content":' + content() + b"}", 401),
    "signature twice": (GOOD[:-1] + b',"HashCode":"' + b"A" * 64 + b'"}', 401),
    "content twice": (GOOD.replace(b"{", b'{"Content":{},', 1), 401),
    "text behind": (GOOD + b"\n", 401),
    "binary": (bytes(range(256)), 401),
    "xml": (b"<?xml version='1.0'?><x/>", 401),
    "html form": (b"Content=x&HashCode=y", 401),
    "deep json unsigned": (b"[" * 60_000, 401),
    "signed nothing": (signed(b"{}"), 400),
    "signed list in braces": (signed(b"{[]}"), 400),
    "signed deep json": (signed(b'{"a":' * 5_000 + b"1" + b"}" * 5_000), 400),
    "signed NaN": (signed(content().replace(str(DIVISION).encode(), b"NaN")), 400),
    "signed 1e400": (signed(content().replace(str(DIVISION).encode(), b"1e400")), 400),
    "signed broken utf-8": (signed(b'{"Topic":"\xff\xfe"}'), 400),
    "division is text": (signed(content(Division=str(DIVISION))), 400),
    "division is true": (signed(content(Division=True)), 400),
    "division is a list": (signed(content(Division=[DIVISION])), 400),
    "key is a path": (signed(content(Key="../../../x")), 400),
    "key is sql": (signed(content(Key="' OR 1=1 --")), 400),
    "action with a NUL": (signed(content(Action="Up\x00date")), 400),
    "topic with a line break": (signed(content(Topic="A\r\nB")), 400),
    "topic of 5,000 letters": (signed(content(Topic="T" * 5000)), 400),
    "another app": (signed(content(ClientId="11111111-0000-0000-0000-000000000000")), 403),
    "another division": (signed(content(Division=999999)), 403),
    "division below nothing": (signed(content(Division=-1)), 403),
    "division of 59 digits": (signed(content(Division=10**58)), 403),
    "division last, twice": (signed(content()[:-1] + b',"Division":999999}'), 403),
    "oversize": (signed(content(EventCreatedOn="x" * 70_000)), 413),
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_that_is_not_exacts_is_refused_and_not_stored(clean: Stage, address: str, name: str) -> None:
    body, status = NOTICES[name]
    before = len(clean.rows(inbox))
    answer = httpx.post(address + HOOK, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert len(answer.text) < 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(clean.rows(inbox)) == before


#: Signed, and odd all the same: stored as they came, and no run breaks over them.
ODD_NOTICES = {
    "unknown topic": signed(content(Topic="NoSuchTopic")),
    "unknown action": signed(content(Action="Explode")),
    "key of nothing": signed(content(Key="00000000-0000-0000-0000-000000000000")),
    "very old": signed(content(EventCreatedOn="1970-01-01T00:00:00")),
    "of the year 9999": signed(content(EventCreatedOn="9999-12-31T23:59:59")),
    "time is an object": signed(content(EventCreatedOn={"a": 1})),
    "key twice": signed(content()[:-1] + b',"Key":"' + GUID.encode() + b'"}'),
    "more than is known": signed(content(__proto__={"x": 1}, constructor="x", Script="<script>")),
    "markup as topic": signed(content(Topic="<b>Orders</b>")),
}


@pytest.mark.parametrize("name", ODD_NOTICES)
def test_an_odd_notice_of_exact_is_stored_and_breaks_no_run(clean: Stage, address: str, name: str) -> None:
    before = len(clean.rows(inbox))
    assert [httpx.post(address + HOOK, content=ODD_NOTICES[name]).status_code for _ in range(2)] == [200, 200]
    stored = clean.rows(inbox)[before:]
    assert [row["body"].encode() for row in stored] == [ODD_NOTICES[name]] * 2
    assert clean.ended(clean.scene.outbound) is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", HOOK, 405),
        ("PUT", HOOK, 405),
        ("DELETE", HOOK, 405),
        ("OPTIONS", HOOK, 405),
        ("POST", "/webhooks/exact/cleo_prod", 404),
        ("POST", "/webhooks/exact/nobody", 404),
        ("POST", "/webhooks/exact/..%2F..%2Fexact_nl", 404),
        ("POST", "/webhooks/exact/exact_nl%00", 404),
        ("POST", "/webhooks/exact/" + "x" * 5_000, 404),
        ("POST", "/webhooks/exact/constructor", 404),
        ("POST", "/oauth/callback", 405),
        ("GET", "/.env", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "//evil.example/x", 404),
    ],
)
def test_other_addresses_and_methods_are_refused(
    clean: Stage, address: str, method: str, path: str, status: int
) -> None:
    with httpx.Client() as client:
        request = client.build_request(method, address + path, content=GOOD if method != "GET" else None)
        assert client.send(request).status_code == status
    assert not clean.exact.calls, "nothing is asked of Exact for it"


def _raw(address: str, *parts: bytes, pause: float = 0.0) -> bytes:
    """What comes back for these bytes."""
    where = urlsplit(address)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        connection.settimeout(5)
        try:
            return connection.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return b""


_HEAD = b"POST /webhooks/exact/exact_nl HTTP/1.1\r\nHost: x\r\n"

#: id -> what is sent, statuses that may come (nothing: the connection is closed)
RAW: dict[str, tuple[tuple[bytes, ...], set[bytes]]] = {
    "length beyond counting": ((_HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",), {b"413", b"400"}),
    "length less than nothing": ((_HEAD + b"Content-Length: -1\r\n\r\n",), {b"400"}),
    "length is a word": ((_HEAD + b"Content-Length: many\r\n\r\n",), {b"400"}),
    "two lengths": ((_HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",), {b"400"}),
    "no length": ((_HEAD + b"\r\n",), {b"200", b"401", b"411"}),
    "length and chunks": (
        (_HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",),
        {b"400", b"401"},
    ),
    "chunks that are none": ((_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",), {b"400"}),
    "chunks in small pieces": (
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 20, b"0\r\n\r\n"),
        {b"401"},
    ),
    "no http": ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",), {b"400"}),
    "a header without end": ((_HEAD + b"X: ", *[b"x" * 65_536] * 160), {b"400", b"431"}),
    "headers without end": ((_HEAD, *[b"X: y\r\n" * 10_000] * 160), {b"400", b"431"}),
    "http/9.9": ((b"POST / HTTP/9.9\r\n\r\n",), {b"400", b"404", b"505"}),
}


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_no_request_harm_nobody(clean: Stage, address: str, name: str) -> None:
    sent, statuses = RAW[name]
    before = len(clean.rows(inbox))
    try:
        answer = _raw(address, *sent)
    except (ConnectionResetError, BrokenPipeError):
        answer = b""
    assert answer == b"" or answer.split(b" ", 2)[1] in statuses, answer[:100]
    assert len(clean.rows(inbox)) == before
    assert httpx.get(f"{address}/healthz").status_code == 200


def test_a_sender_without_end_holds_nobody_up(clean: Stage, address: str) -> None:
    where = urlsplit(address)
    before = len(clean.rows(inbox))
    slow = [socket.create_connection((str(where.hostname), int(where.port or 0))) for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(_HEAD + b"Content-Length: 500\r\n\r\n{")
        assert httpx.post(address + HOOK, content=GOOD).status_code == 200
    finally:
        for connection in slow:
            connection.close()
    assert len(clean.rows(inbox)) == before + 1


# ---------------------------------------------------------------- the callback


def _link_state(stage: Stage) -> str:
    """The state of a fresh link."""
    tokens = stage.scene.deployment.authorization("exact_nl")
    assert tokens is not None
    query = urlsplit(tokens.authorize_url()).query
    return next(part.partition("=")[2] for part in query.split("&") if part.startswith("state=")).replace("%7E", "~")


#: id -> the query for a good state
CALLBACKS: dict[str, Callable[[str], dict[str, str]]] = {
    "nothing": lambda _: {},
    "no code": lambda state: {"state": state},
    "no state": lambda _: {"code": "abcdefgh"},
    "wrong state": lambda _: {"code": "abcdefgh", "state": "exact_nl~forgedforged"},
    "state of nobody": lambda _: {"code": "abcdefgh", "state": "nobody~x"},
    "state of cleo": lambda _: {"code": "abcdefgh", "state": "cleo_prod~x"},
    "state is markup": lambda _: {"code": "abcdefgh", "state": "<script>alert(1)</script>~x"},
    "state is sql": lambda _: {"code": "abcdefgh", "state": "exact_nl~' OR '1'='1"},
    "state with a NUL": lambda _: {"code": "abcdefgh", "state": "exact_nl~\x00"},
    "state of 5,000 letters": lambda _: {"code": "abcdefgh", "state": "exact_nl~" + "x" * 5000},
    "code nobody gave out": lambda state: {"code": "abcdefghijkl", "state": state},
    "code is markup": lambda state: {"code": "<img src=x onerror=alert(1)>", "state": state},
    "code with line breaks": lambda state: {"code": "a\r\nHost: evil.example\r\n\r\n", "state": state},
    "code with a NUL": lambda state: {"code": "abcdefgh\x00", "state": state},
    "code in other letters": lambda state: {"code": "\u202eabcdefgh\U0001f4a3", "state": state},
    "code of 5,000 letters": lambda state: {"code": "c" * 5000, "state": state},
    "refused": lambda state: {"error": "access_denied", "state": state},
    "error is markup": lambda state: {"error": "<script>alert(1)</script>", "state": state},
    "error quotes a token": lambda state: {"error": "Bearer AAEAsecretsecret", "state": state},
    "error and code": lambda state: {"error": "x", "code": "abcdefgh", "state": state},
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_an_answer_that_is_not_the_consent_pages_changes_nothing(clean: Stage, address: str, name: str) -> None:
    tokens = clean.scene.deployment.authorization("exact_nl")
    assert tokens is not None
    before = tokens.store.read()
    query = CALLBACKS[name](_link_state(clean))
    page = httpx.get(f"{address}/oauth/callback?{urlencode(query)}")
    assert page.status_code == 400
    for hostile in ("<script", "<img", "AAEAsecretsecret", "evil.example"):
        assert hostile not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    after = tokens.store.read()
    assert before is not None
    assert after is not None
    assert after.access == before.access
    clean.eavesdropper.learn(query.get("code") if len(query.get("code", "")) > 10 else None)


def test_one_answer_works_once(clean: Stage, address: str) -> None:
    tokens = clean.scene.deployment.authorization("exact_nl")
    assert tokens is not None
    with clean.log.paused():
        back = httpx.get(tokens.authorize_url(), follow_redirects=False).headers["location"]
    url = f"{address}/oauth/callback?{urlsplit(back).query}"
    assert [httpx.get(url).status_code for _ in range(3)] == [200, 400, 400]
    assert clean.ended(clean.inbound) is None


def test_parameters_that_come_twice_are_taken_once(clean: Stage, address: str) -> None:
    state = _link_state(clean)
    page = httpx.get(f"{address}/oauth/callback?state={state}&state=nobody~x&code=abcdefgh&code=x")
    assert page.status_code == 400


def test_the_log_tells_paths_and_statuses_and_never_a_query(clean: Stage, address: str) -> None:
    before = len(clean.log.lines)
    httpx.get(f"{address}/oauth/callback?code=verysecretcode1&state=exact_nl~verysecretstate")
    seen = '"path": "/oauth/callback", "status": 400'
    wait_until(lambda: any(seen in line for line in clean.log.lines[before:]), "no log line")
    ours = [line for line in clean.log.lines[before:] if "ml_connector" in line or "uvicorn" in line]
    assert not any("verysecret" in line for line in ours)
