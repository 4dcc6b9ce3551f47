"""The connection: whom we talk to before anything is said, how we log in, and one connection for all threads."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import paramiko
import pytest

from ml_connector.errors import AuthorizationNeeded, ConfigError, TryAgain
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.truecommerce.state import Account
from ml_connector.systems.sftp.hostkeys import HostKey, Pin
from ml_connector.systems.sftp.login import host_key_of
from ml_connector_tests.systems.truecommerce.bench import Bench, fetched, listed

ACCEPT = "ml-connector credentials accept-host-key tc_prod"


def key_text(key: paramiko.PKey, phrase: str | None = None) -> str:
    out = io.StringIO()
    key.write_private_key(out, phrase)
    return out.getvalue()


# ---------------------------------------------------------------------- the host key


def test_an_unknown_host_key_is_refused_with_the_command_that_accepts_it(tc: Bench) -> None:
    network = tc.network(pin=lambda: Pin(None))
    with pytest.raises(AuthorizationNeeded) as caught:
        listed(network)
    assert tc.service.state.fingerprint in caught.value.message
    assert ACCEPT in caught.value.remedy


def test_a_changed_host_key_is_refused_before_anything_is_said(tc: Bench) -> None:
    old = tc.service.state.fingerprint
    network = tc.network(pin=lambda: Pin(HostKey("ecdsa-sha2-nistp256", old)))
    listed(network)
    new = tc.service.state.change_host_key()
    tc.service.cut_all()
    logins = tc.calls("LOGIN")
    with pytest.raises(AuthorizationNeeded, match="CHANGED") as caught:
        listed(network)
    assert old in caught.value.message
    assert new in caught.value.message
    assert ACCEPT in caught.value.remedy
    assert tc.calls("LOGIN") == logins


def test_a_configured_fingerprint_is_mended_in_the_configuration(tc: Bench) -> None:
    network = tc.network(host_key_fingerprint="SHA256:" + "A" * 43)
    with pytest.raises(AuthorizationNeeded, match="CHANGED") as caught:
        listed(network)
    assert "host_key_fingerprint" in caught.value.remedy


def test_the_key_can_be_asked_for_without_saying_who_asks(tc: Bench) -> None:
    shown = host_key_of("tc_prod", tc.settings())
    assert shown.fingerprint == tc.service.state.fingerprint
    assert tc.calls("LOGIN") == 0


# ---------------------------------------------------------------------- logging in


def test_a_wrong_password_is_told_once_and_shown_nowhere(tc: Bench) -> None:
    network = tc.network(password="hunter2-not-it", private_key=None)
    with pytest.raises(AuthorizationNeeded, match="refused the log-in of voltwerk") as caught:
        listed(network)
    assert "hunter2" not in str(caught.value)
    assert tc.calls("LOGIN") == 1


@pytest.mark.parametrize("phrase", [None, "open sesame"])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_key_logs_in(tc: Bench, kind: str, phrase: str | None) -> None:
    key: paramiko.PKey = paramiko.RSAKey.generate(2048) if kind == "rsa" else paramiko.ECDSAKey.generate()
    tc.service.state.add(Account("keys", None, "/", {f"{key.get_name()} {key.get_base64()}"}))
    network = tc.network(username="keys", password=None, private_key=key_text(key, phrase), passphrase=phrase)
    assert listed(network) == {}


def test_an_encrypted_key_without_its_passphrase_says_so_and_shows_nothing(tc: Bench) -> None:
    text = key_text(paramiko.ECDSAKey.generate(), "open sesame")
    with pytest.raises(ConfigError, match=r"encrypted.*private_key_passphrase"):
        listed(tc.network(password=None, private_key=text))
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        listed(tc.network(password=None, private_key=text, passphrase="wrong"))
    assert "wrong" not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        listed(tc.network(password=None, private_key="not a key"))


def test_a_closed_account_is_for_a_person(tc: Bench) -> None:
    tc.service.state.options.login = False
    with pytest.raises(AuthorizationNeeded):
        listed(tc.network())


def test_a_connection_that_breaks_during_the_log_in_refuses_nobody(tc: Bench) -> None:
    tc.fault(FaultKind.RESET_BEFORE, "LOGIN")
    with pytest.raises(TryAgain, match="broke off during the log-in"):
        listed(tc.network())


# ---------------------------------------------------------------------- servers that are none


@contextmanager
def answering(data: bytes, *, silent: bool = False) -> Iterator[int]:
    """A server that says these bytes to whoever comes, then closes, or says nothing more."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(8)
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                one, _ = bound.accept()
            except OSError:
                return
            kept.append(one)
            one.sendall(data)
            if not silent:
                one.shutdown(socket.SHUT_RDWR)
                one.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield bound.getsockname()[1]
    finally:
        bound.shutdown(socket.SHUT_RDWR)
        bound.close()
        thread.join(5)
        for one in kept:
            one.close()


@pytest.mark.parametrize(
    "greeting", [b"220 FTP server ready\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00" * 999]
)
def test_a_server_that_is_no_ssh_server_is_away(tc: Bench, greeting: bytes) -> None:
    with answering(greeting) as port, pytest.raises(TryAgain, match=f"127.0.0.1:{port}"):
        listed(tc.network(port=port, timeout_seconds=3))


def test_a_silent_server_is_given_up(tc: Bench) -> None:
    with answering(b"", silent=True) as port, pytest.raises(TryAgain):
        listed(tc.network(port=port, timeout_seconds=0.5))


def test_a_port_where_nobody_listens_is_away(tc: Bench) -> None:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    bound.close()
    with pytest.raises(TryAgain, match="cannot be reached"):
        listed(tc.network(port=port))


def test_a_server_that_stops_answering_in_the_middle_is_given_up(tc: Bench) -> None:
    network = tc.network(timeout_seconds=0.5)
    listed(network)
    tc.fault(FaultKind.SLOW, "LIST", seconds=2.0, count=None)
    with pytest.raises(TryAgain, match="broke"):
        listed(network)


# ---------------------------------------------------------------------- one connection for all


def test_threads_share_one_connection(tc: Bench) -> None:
    tc.service.fill(60, "f_{n}.edi", b"", lambda n: str(n).encode() * 50)
    network = tc.network(concurrency=4)
    files = listed(network)
    with ThreadPoolExecutor(12) as pool:
        contents = list(pool.map(lambda file: fetched(network, file), files.values()))
    assert sorted(contents) == sorted(str(n).encode() * 50 for n in range(60))
    assert network.pool.connects == 1
    assert tc.service.state.logins == 1


def test_a_server_that_allows_one_session_only_is_enough(tc: Bench) -> None:
    tc.service.state.options.max_sessions = 1
    tc.service.fill(20, "f_{n}.edi", b"x")
    network = tc.network(concurrency=4)
    files = listed(network)
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda file: fetched(network, file), files.values()))
    assert contents == [b"x"] * 20
    assert network.pool.connects == 1


def test_a_connection_that_was_lost_while_idle_is_opened_again(tc: Bench) -> None:
    network = tc.network()
    tc.put("a.edi", b"x")
    assert list(listed(network)) == ["a.edi"]
    assert tc.service.cut_all() == 1
    assert list(listed(network)) == ["a.edi"]
    network.close()
    assert list(listed(network)) == ["a.edi"]
    assert network.pool.connects == 3


def test_cuts_under_load_lose_no_file_and_mix_none_up(tc: Bench) -> None:
    tc.service.fill(120, "f_{n}.edi", b"", lambda n: (f"{n:06d}" * 2000).encode())
    network = tc.network(concurrency=4)
    files = list(listed(network).values())
    for skip in range(0, 400, 40):
        tc.fault(FaultKind.RESET_BEFORE, "READ", skip=skip)

    def read(position: int) -> bytes:
        for _ in range(20):
            try:
                return fetched(network, files[position])
            except TryAgain:
                continue
        raise AssertionError("never came")

    with ThreadPoolExecutor(6) as pool:
        contents = list(pool.map(read, range(len(files))))
    assert contents == [(f"{int(file.name[2:8]):06d}" * 2000).encode() for file in files]


def test_the_connection_says_that_it_is_alive_as_often_as_it_is_told_to(tc: Bench) -> None:
    """Between two files of a long run firewalls must not forget it."""
    network = tc.network(keepalive_seconds=1)
    listed(network)
    transport = network.pool._connected()
    heard: list[str] = []
    real = transport.global_request

    def hear(kind: str, *more: object, **named: object) -> object:
        heard.append(kind)
        return real(kind, *more, **named)

    transport.global_request = hear  # type: ignore[method-assign, assignment]
    until = time.monotonic() + 10
    while not heard and time.monotonic() < until:
        time.sleep(0.05)
    assert heard[:1] == ["keepalive@lag.net"]
    listed(network)
    assert network.pool.connects == 1
