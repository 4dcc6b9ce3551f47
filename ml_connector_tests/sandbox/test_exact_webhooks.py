"""Webhooks: subscription, validation call, signed bodies, retries, repeats, disorder (exact-online 8)."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ml_connector.sandbox.exact.seed import DIVISION
from ml_connector_tests.sandbox.exact_bench import ExactBench
from ml_connector_tests.support.waiting import wait_until

SUBSCRIPTIONS = "webhooks/WebhookSubscriptions"
BODY = re.compile(rb'\{"Content":(?P<content>\{.*\}),"HashCode":"(?P<hash>[0-9A-F]{64})"\}')


class Receiver:
    """A callback address that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.validations = 0
        self.statuses: list[int] = []  # answers to give first, then 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if not body:
                    receiver.validations += 1
                elif status == 200:
                    receiver.bodies.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def contents(self) -> list[dict[str, Any]]:
        return [json.loads(body)["Content"] for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)


def _subscribe(exact: ExactBench, receiver: Receiver, topic: str = "PurchaseOrders") -> dict[str, Any]:
    return exact.made(SUBSCRIPTIONS, {"CallbackURL": receiver.url, "Topic": topic})


def test_subscribing_validates_the_callback_with_an_empty_post(exact: ExactBench, receiver: Receiver) -> None:
    made = _subscribe(exact, receiver)
    assert receiver.validations == 1
    assert made["ClientID"] == exact.options.client_id
    assert made["Division"] == DIVISION
    (listed,) = exact.rows(SUBSCRIPTIONS)
    assert (listed["Topic"], listed["CallbackURL"]) == ("PurchaseOrders", receiver.url)
    assert exact.call("DELETE", f"{SUBSCRIPTIONS}(guid'{made['ID']}')").status_code == 204
    assert exact.rows(SUBSCRIPTIONS) == []


def test_a_second_subscription_of_a_topic_is_refused(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    body = {"CallbackURL": receiver.url, "Topic": "PurchaseOrders"}
    assert exact.refused(SUBSCRIPTIONS, body) == "Data already exists."
    exact.options.language = "nl"
    assert exact.refused(SUBSCRIPTIONS, body) == "Gegeven bestaat reeds."
    _subscribe(exact, receiver, "PurchaseEntries")


def test_a_callback_that_fails_is_refused(exact: ExactBench, receiver: Receiver) -> None:
    receiver.statuses = [503]
    body = {"CallbackURL": receiver.url, "Topic": "Items"}
    message = exact.refused(SUBSCRIPTIONS, body)
    assert message == "Invalid: Post to callback URL endpoint returns 503 Service Unavailable"
    assert exact.rows(SUBSCRIPTIONS) == []
    nobody = {"CallbackURL": "http://127.0.0.1:9/hook", "Topic": "Items"}
    assert "Post to callback URL" in exact.refused(SUBSCRIPTIONS, nobody)


def test_the_late_check_comes_after_the_answer(exact: ExactBench, receiver: Receiver) -> None:
    exact.options.webhook_late_check = True
    receiver.statuses = [500]
    _subscribe(exact, receiver)
    assert receiver.validations == 0
    wait_until(lambda: receiver.validations == 1, "what Exact tells")


@pytest.mark.parametrize("topic", ["GoodsReceipts", "PurchaseInvoices", "Costcenters", "VATCodes", "Nonsense"])
def test_there_is_no_topic_for_these(exact: ExactBench, receiver: Receiver, topic: str) -> None:
    body = {"CallbackURL": receiver.url, "Topic": topic}
    assert exact.refused(SUBSCRIPTIONS, body) == "Invalid: Topic"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://elsewhere.example/x", "x", "https://"])
def test_callbacks_are_https_or_loopback(exact: ExactBench, url: str) -> None:
    assert exact.refused(SUBSCRIPTIONS, {"CallbackURL": url, "Topic": "Items"}) == "Invalid: CallbackURL"


def test_a_delivery_is_compact_signed_and_has_no_signature_header(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    (order,) = exact.orders()
    wait_until(lambda: len(receiver.bodies) == 1, "what Exact tells")
    match = BODY.fullmatch(receiver.bodies[0])
    assert match
    raw = match["content"]
    secret = exact.options.webhook_secret.encode()
    assert match["hash"].decode() == hmac.new(secret, raw, hashlib.sha256).hexdigest().upper()
    content = json.loads(raw)
    assert raw == json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    assert list(content) == [
        "Topic",
        "ClientId",
        "Division",
        "Action",
        "Key",
        "ExactOnlineEndpoint",
        "EventCreatedOn",
    ]
    assert (content["Topic"], content["Action"]) == ("PurchaseOrders", "Create")
    assert (content["Key"], content["Division"]) == (order["id"], DIVISION)
    assert exact.call("GET", content["ExactOnlineEndpoint"]).json()["d"]["OrderNumber"] == order["order_number"]


def test_create_update_delete_and_lines_tell_the_header(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    (order,) = exact.orders()
    address = f"purchaseorder/PurchaseOrderLines(guid'{order['lines'][0]['id']}')"
    exact.call("PUT", address, json={"NetPrice": 2})
    exact.call("DELETE", f"purchaseorder/PurchaseOrders(guid'{order['id']}')")
    wait_until(lambda: len(receiver.bodies) == 3, "what Exact tells")
    assert [content["Action"] for content in receiver.contents()] == ["Create", "Update", "Delete"]
    assert {content["Key"] for content in receiver.contents()} == {order["id"]}


def test_our_own_writes_are_news_too(exact: ExactBench, receiver: Receiver) -> None:
    """Receipts and invoices that were posted over REST tell of the order and of the entry."""
    (order,) = exact.orders()
    _subscribe(exact, receiver)
    _subscribe(exact, receiver, "PurchaseEntries")
    receipt = {
        "ReceiptDate": "2026-07-02",
        "GoodsReceiptLines": [{"PurchaseOrderLineID": order["lines"][0]["id"], "QuantityReceived": 1}],
    }
    exact.made("purchaseorder/GoodsReceipts", receipt)
    exact.made("purchase/PurchaseInvoices", exact.invoice(order, "I", Quantity=1, Amount=1))
    wait_until(lambda: len(receiver.bodies) == 3, "what Exact tells")
    told = sorted((content["Topic"], content["Action"]) for content in receiver.contents())
    assert told == [("PurchaseEntries", "Create"), ("PurchaseOrders", "Update"), ("PurchaseOrders", "Update")]


def test_other_topics_are_not_told(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver, "Items")
    exact.orders()
    exact.call("PUT", f"logistics/Items(guid'{exact.item('VW-1001')}')", json={"Notes": "x"})
    wait_until(lambda: len(receiver.bodies) == 1, "what Exact tells")
    assert receiver.contents()[0]["Topic"] == "Items"


def test_failed_deliveries_are_tried_again(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    exact.options.webhook_retry_seconds = 0.05
    receiver.statuses = [500, 503]
    exact.orders()
    journal = exact.sandbox.journal
    wait_until(lambda: len(list(journal.written("exact", "webhook_delivery"))) == 3, "what Exact tells")
    assert [w.data["status"] for w in journal.written("exact", "webhook_delivery")] == [500, 503, 200]
    assert len(receiver.bodies) == 1


def test_deliveries_are_given_up_after_the_retries(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    exact.options.webhook_retry_seconds = 0.01
    exact.options.webhook_retries = 2
    receiver.statuses = [500] * 3
    exact.orders()
    wait_until(lambda: exact.state.webhooks.failed == 1, "what Exact tells")
    assert receiver.bodies == []


def test_repeats_and_disorder_are_switches(exact: ExactBench, receiver: Receiver) -> None:
    _subscribe(exact, receiver)
    exact.options.webhook_repeat = 1.0
    exact.options.webhook_disorder = True
    exact.options.webhook_seconds = 0.3
    orders = exact.orders(12)
    wait_until(lambda: len(receiver.bodies) == 24, "what Exact tells")
    keys = [content["Key"] for content in receiver.contents()]
    assert sorted(keys) == sorted([order["id"] for order in orders] * 2)
    assert len(set(receiver.bodies)) == 12  # a repeat is the same bytes
    assert list(dict.fromkeys(keys)) != [order["id"] for order in orders]


def test_a_test_can_send_any_content_with_any_secret(exact: ExactBench, receiver: Receiver) -> None:
    content = {"Topic": "PurchaseOrders", "Division": 5, "Action": "Update", "Key": "k"}
    body = {"url": receiver.url, "content": content, "secret": "wrong"}
    exact.control.post("/exact/webhooks/deliver", json=body).raise_for_status()
    wait_until(lambda: len(receiver.bodies) == 1, "what Exact tells")
    match = BODY.fullmatch(receiver.bodies[0])
    assert match
    expected = hmac.new(b"wrong", match["content"], hashlib.sha256).hexdigest().upper()
    assert match["hash"].decode() == expected


def test_no_deliveries_wait_when_nobody_subscribed(exact: ExactBench) -> None:
    exact.orders(3)
    assert exact.state.webhooks.waiting == 0
    assert exact.state.main.pending == {}
