"""Alerts: one message a cause, not again before its time, closed when it recovers, never lost."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ml_connector import alerting
from ml_connector.config.loading import AlertSettings
from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.errors import ConfigError
from ml_connector.flows.monitoring import Standing
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.support.clocks import StillClock

#: apprise's plugins use a module that newer Pythons drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

HELD = Standing("exact_cleo/invoices_in/held", "3 invoices held: no such order", 3, ["northwind 4711: no such order"])
LATE = Standing("exact_cleo/orders_out/overdue", "1 order overdue", 1, ["acme has not answered"])


class Mailbox:
    """Stands where apprise would; refuses while it is broken."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.broken = False

    def __call__(self, title: str, body: str) -> bool:
        if self.broken:
            return False
        self.messages.append((title, body))
        return True


def tell(ledger: Ledger, mailbox: Any, *causes: Standing) -> None:
    alerting.tell(ledger, causes, mailbox, prefix="exact_cleo/", repeat_hours=24)


def test_one_message_a_cause_and_not_again(ledger: Ledger) -> None:
    mailbox = Mailbox()
    for _ in range(3):
        tell(ledger, mailbox, HELD, LATE)
    assert [title for title, _ in mailbox.messages] == [f"ml-connector: {one.title}" for one in (HELD, LATE)]
    assert "northwind 4711" in mailbox.messages[0][1]


def test_a_cause_that_stays_is_told_again_after_its_time(ledger: Ledger, clock: StillClock) -> None:
    mailbox = Mailbox()
    tell(ledger, mailbox, HELD)
    clock.move(timedelta(hours=25).total_seconds())
    tell(ledger, mailbox, HELD)
    assert len(mailbox.messages) == 2


def test_a_recovery_is_told_once(ledger: Ledger) -> None:
    mailbox = Mailbox()
    tell(ledger, mailbox, HELD, LATE)
    for _ in range(2):
        tell(ledger, mailbox, LATE)
    assert mailbox.messages[2:] == [("ml-connector: recovered", HELD.title)]
    tell(ledger, mailbox, LATE, HELD)
    assert len(mailbox.messages) == 4, "it came again: another alert"


def test_what_was_not_delivered_is_tried_again(ledger: Ledger) -> None:
    mailbox = Mailbox()
    mailbox.broken = True
    tell(ledger, mailbox, HELD)
    mailbox.broken = False
    tell(ledger, mailbox, HELD)
    assert len(mailbox.messages) == 1


def test_what_nobody_was_told_of_is_not_told_as_recovered(ledger: Ledger) -> None:
    mailbox = Mailbox()
    mailbox.broken = True
    tell(ledger, mailbox, HELD)
    mailbox.broken = False
    tell(ledger, mailbox)
    assert mailbox.messages == []


def test_another_scope_is_left_alone(ledger: Ledger) -> None:
    mailbox = Mailbox()
    tell(ledger, mailbox, HELD)
    alerting.tell(ledger, [], mailbox, prefix="tokens/", repeat_hours=24)
    assert len(mailbox.messages) == 1


def test_without_addresses_alerts_stay_open_and_unsent(ledger: Ledger) -> None:
    assert alerting.sender(AlertSettings(), SecretResolver()) is None
    tell(ledger, None, HELD)
    mailbox = Mailbox()
    tell(ledger, mailbox, HELD)
    assert len(mailbox.messages) == 1, "the first sender that is configured gets what stands"


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://token-that-is-secret",
        "",
        "mailto://user:token-that-is-secret@example.com?to=nobody",
        "slack://token-that-is-secret",
        "json://token-that-is-secret:99999/",
        "ntfy://",
        "https://hooks.slack.com/token-that-is-secret",
    ],
)
def test_an_address_that_cannot_be_right_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ALERT_URL", url)
    settings = AlertSettings(urls=(SecretRef(env="ALERT_URL"),))
    with pytest.raises(ConfigError) as raised:
        alerting.sender(settings, SecretResolver())
    assert "ALERT_URL" in str(raised.value)
    assert "token-that-is-secret" not in str(raised.value)


def test_apprise_delivers_to_a_real_server(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Over a real socket: apprise's JSON notification."""
    import json
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        monkeypatch.setenv("ALERT_URL", f"json://127.0.0.1:{server.server_port}/")
        send = alerting.sender(AlertSettings(urls=(SecretRef(env="ALERT_URL"),)), SecretResolver())
        tell(ledger, send, HELD)
    finally:
        server.shutdown()
        server.server_close()
    assert [message["title"] for message in received] == [f"ml-connector: {HELD.title}"]


def test_each_address_is_tried_and_told_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a real socket: one that takes the message, one where nobody listens, one that is no address."""
    taken: list[bytes] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("GOOD", f"json://someone:secret-one@127.0.0.1:{server.server_address[1]}/")
    monkeypatch.setenv("AWAY", "json://someone:secret-two@127.0.0.1:9/")
    monkeypatch.setenv("WRONG", "nonsense secret-three")
    urls = tuple(SecretRef(env=name) for name in ("GOOD", "AWAY", "WRONG"))
    try:
        tried = alerting.try_addresses(AlertSettings(urls=urls), SecretResolver())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [one.delivered for one in tried] == [True, False, False]
    assert [bool(one.service) for one in tried] == [True, True, False]
    assert len(taken) == 1
    assert b"a test" in taken[0]
    assert "secret-" not in str(tried)
