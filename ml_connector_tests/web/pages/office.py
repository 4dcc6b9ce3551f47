"""A deployment with a posted and a held invoice, and its pages, in this process."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from lxml import html
from starlette.applications import Starlette

from ml_connector.flows import operator_actions
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.web.pages.opening import opened
from ml_connector_tests.flows.scenes import Scene, scene

Page = httpx.Response


@dataclass
class Browser:
    """A person's browser: follows links, fills in forms, keeps cookies."""

    client: httpx.AsyncClient

    def ask(self, method: str, path: str, **more: Any) -> Page:
        return asyncio.run(self.client.request(method, path, **more))

    def get(self, path: str, **more: Any) -> Page:
        return self.ask("GET", path, **more)

    def post(self, path: str, fields: Mapping[str, str] | None = None, *, on: str = "/", **more: Any) -> Page:
        """Send a form with the token that the page `on` has."""
        return self.ask("POST", path, data={"csrf": self.token(on), **(fields or {})}, **more)

    def token(self, on: str = "/") -> str:
        """The token that forms of this session carry."""
        shown = html.fromstring(self.get(on).text)
        found = shown.xpath("//input[@name='csrf']/@value")
        if found:
            return str(found[0])
        return ""


def text_of(page: Page) -> str:
    """What a person reads on a page, blanks folded."""
    return re.sub(r"\s+", " ", html.fromstring(page.text).text_content()).strip()


@dataclass
class Office:
    """What stands in the deployment."""

    scene: Scene
    app: Starlette
    posted: DocumentRow
    held: DocumentRow
    order: str
    #: The held invoice's order, as its partner knows it.
    ordered: Mapping[str, Any]
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def browser(self, peer: str = "127.0.0.1", host: str = "localhost", **headers: str) -> Browser:
        transport = httpx.ASGITransport(self.app, client=(peer, 50_000))
        return Browser(httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers))

    def mend(self) -> None:
        """The buyer agrees to what the held invoice asks for: the order's prices are raised."""
        exact = self.scene.sandbox.exact
        for line in self.ordered["lines"]:
            price = (Decimal(line["price"]) * Decimal("1.125")).quantize(Decimal("0.0001"))
            number = int(self.ordered["number"])
            self.scene.sandbox.call(user.change_order_line, exact, number, int(line["number"]), price=price)

    def now(self, row: DocumentRow) -> DocumentRow:
        with self.scene.deployment.ledger.read() as tx:
            found = documents.get(tx, row.id)
        assert found is not None
        return found


def errand_in_scene(stage: Scene, asked: list[Mapping[str, Any]]) -> Any:
    """Errands done by the scene's own worker: no process, no Dagster."""

    def run(work: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(dict(work))
        if work["kind"] == "reference" or work.get("reference"):
            for table in stage.integration.erp.tables:
                sync_table(stage.integration.ledger, stage.integration.erp, table)
        if work["kind"] == "replay":
            with stage.deployment.ledger.read() as tx:
                rows = documents.get_many(tx, work["ids"])
            by = stage.work.__class__(**{**stage.work.__dict__, "actor": work["who"]})
            operator_actions.prepare_replay(stage.integration, by, rows)
            stage.inbound(documents=tuple(work["ids"]), replay=True, actor=work["who"])
        return {"ok": True, "messages": [], "documents": []}

    return run


@contextmanager
def open_office(home: Path, **options: Any) -> Iterator[Office]:
    with scene(home, **options) as made:
        orders = made.orders(2)
        made.invoice(orders[:1])
        made.invoice(orders[1:], {"overcharge_percent": "12.5"})
        made.inbound()
        rows = made.documents("invoices_in")
        [posted] = [row for row in rows if row.state.value == "posted"]
        [held] = [row for row in rows if row.state.value == "quarantined"]
        asked: list[Mapping[str, Any]] = []
        with opened(made.deployment, local="tester", run=errand_in_scene(made, asked)) as app:
            yield Office(made, app, posted, held, str(orders[0]["order_number"]), orders[1], asked)
