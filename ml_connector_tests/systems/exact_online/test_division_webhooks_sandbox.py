"""The division and webhook subscriptions against the sandbox, and the signature of a notice it sends."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ml_connector.errors import AuthorizationNeeded
from ml_connector.sandbox.exact.seed import DIVISION, FOREIGN_DIVISION, SECOND_DIVISION
from ml_connector.systems.exact_online.notices import webhooks
from ml_connector.systems.exact_online.wire.division import current_user
from ml_connector_tests.systems.exact_online.conftest import Bench, make_erp


class Receiver:
    """Keeps the bodies posted to it."""

    def __init__(self) -> None:
        bodies = self.bodies = []  # type: ignore[var-annotated]
        arrived = self.arrived = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                bodies.append(body)
                self.send_response(200)
                self.end_headers()
                if body:
                    arrived.set()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_current_division_is_asked_once_and_kept(bench: Bench) -> None:
    erp, notes, _ = make_erp(bench.sandbox, division=None)
    assert erp.company == str(DIVISION)
    bench.sandbox.exact.current_division = SECOND_DIVISION
    assert current_user(erp.client.api).division == SECOND_DIVISION
    assert erp.company == str(DIVISION)
    assert erp.divisions.division() == DIVISION
    assert notes.get("exact_nl/division") == str(DIVISION)
    bench.sandbox.exact.current_division = DIVISION


def test_asking_for_the_user_does_not_count(bench: Bench) -> None:
    before = bench.calls()
    assert current_user(bench.erp.client.api).name == "Sandbox Buyer"
    assert bench.calls() == before


def test_a_division_in_reach_is_validated(bench: Bench) -> None:
    facts = bench.erp.divisions.validate()
    assert (facts.code, facts.description, facts.currency) == (DIVISION, "Voltwerk Industries BV", "EUR")
    assert bench.erp.divisions.facts() == facts


@pytest.mark.parametrize("division", [FOREIGN_DIVISION, 777777])
def test_a_division_out_of_reach_names_what_to_do(bench: Bench, division: int) -> None:
    erp, _, _ = make_erp(bench.sandbox, division=division)
    with pytest.raises(AuthorizationNeeded, match=str(division)):
        erp.divisions.validate()
    assert erp.divisions.moved() == ""


def test_a_foreign_division_is_not_taken_for_a_missing_login(bench: Bench) -> None:
    erp, _, _ = make_erp(bench.sandbox, division=FOREIGN_DIVISION)
    with pytest.raises(AuthorizationNeeded) as forbidden:
        erp.client.rows("hrm/Costcenters", {"$select": "ID"})
    assert forbidden.value.data["reason"] == "NoDivisionAccess"
    assert "division" in forbidden.value.remedy


def test_subscribing_twice_is_one_subscription(bench: Bench, receiver: Receiver) -> None:
    client = bench.erp.client
    first = webhooks.subscribe(client, "PurchaseOrders", receiver.url)
    assert webhooks.subscribe(client, "PurchaseOrders", receiver.url) == first
    moved = webhooks.subscribe(client, "PurchaseOrders", receiver.url + "/other")
    assert webhooks.subscriptions(client) == [moved]
    webhooks.unsubscribe(client, moved.id)
    assert webhooks.subscriptions(client) == []


def test_a_notice_of_the_sandbox_is_verified_and_read(bench: Bench, receiver: Receiver) -> None:
    webhooks.subscribe(bench.erp.client, "PurchaseOrders", receiver.url)
    [order] = bench.orders(1)
    assert receiver.arrived.wait(10)
    assert receiver.bodies[0] == b""
    body = receiver.bodies[1]
    secret = bench.sandbox.exact.options.webhook_secret.encode()
    content = webhooks.verify(body, secret)
    assert content is not None
    notice = webhooks.parse_notice(content)
    assert (notice.topic, notice.division, notice.key) == ("PurchaseOrders", DIVISION, order["PurchaseOrderID"])
    assert notice.client_id == bench.sandbox.exact.options.client_id
    assert webhooks.verify(body.replace(b"124132", b"124133"), secret) is None
    assert webhooks.verify(body, b"another secret") is None
