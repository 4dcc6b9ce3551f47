"""Webhook subscriptions and deliveries (exact-online 8)."""

import asyncio
import hashlib
import hmac
import json
import logging
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import ENTITIES
from ml_connector.sandbox.exact.wire.errors import BusinessError
from ml_connector.sandbox.exact.wire.wire import Row, iso_wall
from ml_connector.sandbox.journal import Journal
from ml_connector.transport.tls import trusted

logger = logging.getLogger(__name__)

SUBSCRIPTIONS = "webhooks/WebhookSubscriptions"
TOPICS = frozenset(
    {
        "Accounts",
        "BankAccounts",
        "BankEntries",
        "CashEntries",
        "Contacts",
        "CostTransactions",
        "DocumentAttachments",
        "Documents",
        "FinancialTransactions",
        "GLAccounts",
        "GeneralJournalEntries",
        "GoodsDeliveries",
        "Items",
        "Opportunities",
        "ProjectPlanning",
        "PurchaseEntries",
        "PurchaseOrders",
        "Quotations",
        "SalesEntries",
        "SalesInvoices",
        "SalesOrders",
        "StockPositions",
        "Subscriptions",
        "TimeTransactions",
    }
)


@dataclass(frozen=True, slots=True)
class Delivery:
    url: str
    body: bytes
    topic: str
    action: str
    key: str


def sign(secret: str, content: bytes) -> str:
    """Upper-case hex HMAC-SHA256 over the raw bytes of the Content object (exact-online 8.3)."""
    return hmac.new(secret.encode("utf-8"), content, hashlib.sha256).hexdigest().upper()


def signed_body(secret: str, content: dict[str, Any]) -> bytes:
    """The compact body with HashCode last."""
    raw = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    return b'{"Content":' + raw + b',"HashCode":"' + sign(secret, raw).encode() + b'"}'


class Webhooks:
    """Takes what changed in a division, and posts it to whoever subscribed."""

    def __init__(self, clock: FileClock, journal: Journal, options: ExactOptions, rng: random.Random) -> None:
        self._clock = clock
        self._journal = journal
        self._options = options
        self._random = rng
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delivered = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        """Deliveries not finished yet."""
        return self._queue.qsize() + len(self._tasks)

    def publish(self, company: Company, root: str) -> None:
        """Queue deliveries for everything that changed in the division since the last call."""
        events, company.pending = company.pending, {}
        subscriptions = company.table(SUBSCRIPTIONS)
        if not subscriptions.rows:
            return
        for (topic, key), (action, path) in events.items():
            for subscription in subscriptions.where("Topic", topic):
                content = self._content(company, subscription, topic, key, action, path, root)
                body = signed_body(self._options.webhook_secret, content)
                self._queue.put_nowait(Delivery(subscription["CallbackURL"], body, topic, action, key))

    def _content(
        self, company: Company, subscription: Row, topic: str, key: str, action: str, path: str, root: str
    ) -> dict[str, Any]:
        address = f"{root}/api/v1/{company.code}/{ENTITIES[path].path}(guid'{key}')"
        return {
            "Topic": topic,
            "ClientId": subscription["ClientID"],
            "Division": company.code,
            "Action": action,
            "Key": key,
            "ExactOnlineEndpoint": address,
            "EventCreatedOn": iso_wall(company.now_ms()),
        }

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=10, trust_env=False, verify=trusted()) as client:
            while True:
                batch = [await self._queue.get()]
                await asyncio.sleep(self._options.webhook_seconds)
                while not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                batch += [one for one in batch if self._random.random() < self._options.webhook_repeat]
                if self._options.webhook_disorder:
                    self._random.shuffle(batch)
                for one in batch:
                    await self._start(client, one)

    async def _start(self, client: httpx.AsyncClient, one: Delivery) -> None:
        if not await self._deliver(client, one):
            task = asyncio.create_task(self._retry(client, one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _retry(self, client: httpx.AsyncClient, one: Delivery) -> None:
        for _ in range(self._options.webhook_retries):
            await asyncio.sleep(self._options.webhook_retry_seconds)
            if await self._deliver(client, one):
                return
        self.failed += 1
        logger.warning("webhook %s %s given up", one.topic, one.action)

    async def _deliver(self, client: httpx.AsyncClient, one: Delivery) -> bool:
        try:
            answer = await client.post(one.url, content=one.body, headers={"Content-Type": "application/json"})
            status: int | None = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = None
        self._journal.write(
            system="exact",
            kind="webhook_delivery",
            data={"topic": one.topic, "action": one.action, "key": one.key, "status": status},
        )
        good = status is not None and 200 <= status < 300
        self.delivered += good
        return good

    async def subscribe(self, company: Company, values: Row, client_id: str) -> Row:
        """Check and keep a subscription; the callback is asked with an empty POST (exact-online 8.1)."""
        url, topic = values.get("CallbackURL") or "", values.get("Topic") or ""
        if topic not in TOPICS:
            raise BusinessError(("invalid", "Topic"))
        if not _acceptable(url, https_only=self._options.webhook_https_only):
            raise BusinessError(("invalid", "CallbackURL"))
        if company.table(SUBSCRIPTIONS).equal("Topic", topic):
            raise BusinessError(("exists", "Topic"))
        if not self._options.webhook_late_check:
            await self._validate(url)
        row = company.add(
            SUBSCRIPTIONS,
            {**values, "ClientID": client_id, "UserID": company.user.id, "Description": None},
        )
        if self._options.webhook_late_check:
            task = asyncio.create_task(self._validate_later(url))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return row

    async def _validate(self, url: str) -> None:
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False, verify=trusted()) as client:
                answer = await client.post(url, content=b"")
        except (httpx.HTTPError, httpx.InvalidURL):
            raise BusinessError(("callback", "504 Gateway Timeout")) from None
        if not 200 <= answer.status_code < 300:
            raise BusinessError(("callback", f"{answer.status_code} {answer.reason_phrase}"))

    async def _validate_later(self, url: str) -> None:
        await asyncio.sleep(1)
        try:
            await self._validate(url)
        except BusinessError as error:
            logger.warning("webhook callback not validated: %s", error)

    def replay(self, url: str, content: dict[str, Any], *, secret: str | None = None) -> Delivery:
        """A delivery made by a test: of any content, signed with any secret, queued at once."""
        body = signed_body(secret or self._options.webhook_secret, content)
        one = Delivery(url, body, str(content.get("Topic")), str(content.get("Action")), str(content.get("Key")))
        self._queue.put_nowait(one)
        return one


def _acceptable(url: str, *, https_only: bool) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return not https_only and parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
