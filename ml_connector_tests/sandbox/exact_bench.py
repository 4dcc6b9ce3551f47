"""The whole sandbox on real sockets, authorized as a plain HTTP client would be, for the tests of Exact."""

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.seed import DIVISION, orders
from ml_connector.sandbox.server import Sandbox, SandboxOptions

REDIRECT = "https://app.example/callback"


class ExactBench:
    """A running sandbox and short ways to call its Exact."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.state = sandbox.exact
        self.options = sandbox.exact.options
        self.clock = sandbox.clock
        self.base = sandbox.addresses()["exact"]
        self.control = httpx.Client(base_url=sandbox.addresses()["control"], timeout=30, trust_env=False)
        self.http = httpx.Client(base_url=self.base, timeout=30, trust_env=False)
        self.token: dict[str, str] = {}

    def close(self) -> None:
        self.http.close()
        self.control.close()

    # OAuth

    def code(self, **more: str) -> httpx.URL:
        """Where the consent page sends the user."""
        query = {
            "client_id": self.options.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            **more,
        }
        answer = self.http.get("/api/oauth2/auth", params=query)
        assert answer.status_code == 302, answer.text
        return httpx.URL(answer.headers["location"])

    def ask_token(self, **form: str) -> httpx.Response:
        credentials = {"client_id": self.options.client_id, "client_secret": self.options.client_secret}
        return self.http.post("/api/oauth2/token", data={**credentials, **form})

    def exchange(self, code: str) -> httpx.Response:
        return self.ask_token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)

    def refresh(self, token: str | None = None) -> httpx.Response:
        return self.ask_token(grant_type="refresh_token", refresh_token=token or self.token["refresh_token"])

    def authorize(self) -> None:
        answer = self.exchange(self.code().params["code"])
        assert answer.status_code == 200, answer.text
        self.token = answer.json()

    # calls

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call to the main division, or to any path that begins with /api."""
        url = path if path.startswith(("/api", "http")) else f"/api/v1/{DIVISION}/{path}"
        headers = {
            "Authorization": f"Bearer {self.token['access_token']}",
            "Accept": "application/json",
            **more.pop("headers", {}),
        }
        kept = {name: value for name, value in headers.items() if value is not None}
        return self.http.request(method, url, headers=kept, **more)

    def get(self, path: str, **options: str) -> httpx.Response:
        """GET with options named without their dollar sign."""
        return self.call("GET", path, params={f"${name}": value for name, value in options.items()} or None)

    def rows(self, path: str, **options: str) -> list[dict[str, Any]]:
        """The rows of one page, whichever shape it has."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        found = answer.json()["d"]
        return list(found["results"] if isinstance(found, dict) else found)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.call("POST", path, json=body, headers=headers)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """The entity of a successful POST."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        entity: dict[str, Any] = answer.json()["d"]
        return entity

    def refused(self, path: str, body: Any, status: int = 500) -> str:
        """The message of a POST that was refused."""
        answer = self.post(path, body)
        assert answer.status_code == status, answer.text
        return str(answer.json()["error"]["message"]["value"])

    # books

    def orders(self, count: int = 1, **more: Any) -> list[dict[str, Any]]:
        return self.sandbox.call(orders, self.state, count, **more)

    def order(self, number: int) -> dict[str, Any]:
        row = self.sandbox.call(user.order_by_number, self.state.main, number)
        return self.sandbox.call(user.order_facts, self.state, row)

    def header(self, number: int) -> dict[str, Any]:
        return self.rows("purchaseorder/PurchaseOrders", filter=f"OrderNumber eq {number}")[0]

    def guid(self, path: str, code: str) -> str:
        """The guid of a master record by its code."""
        padded = code.rjust(18) if path == "crm/Accounts" else code
        row = self.state.main.by_code(path, padded)
        assert row is not None, f"no {path} {code}"
        return str(row["ID"])

    def supplier(self, code: str = "20011") -> str:
        return self.guid("crm/Accounts", code)

    def account(self, code: str = "4406") -> str:
        return self.guid("financial/GLAccounts", code)

    def item(self, code: str) -> str:
        return self.guid("logistics/Items", code)

    def invoice(self, order: dict[str, Any], your_ref: str, **line: Any) -> dict[str, Any]:
        """The body of an invoice over the first line of an order."""
        first = order["lines"][0]
        body = {
            "PurchaseOrderLine": first["id"],
            "Quantity": int(first["quantity"]),
            "Amount": float(first["quantity"] * first["price"]),
            "VATCode": "2",
            **line,
        }
        return {
            "Journal": "60",
            "Supplier": self.supplier(order["supplier"]),
            "Type": 8033,
            "InvoiceDate": "2026-07-03",
            "YourRef": your_ref,
            "PurchaseInvoiceLines": [body],
        }

    def entry(self, **line: Any) -> dict[str, Any]:
        """The body of a purchase entry with one line."""
        return {
            "Journal": "60",
            "Supplier": self.supplier(),
            "EntryDate": "2026-07-03",
            "YourRef": "INV-1",
            "PurchaseEntryLines": [
                {"GLAccount": self.account(), "AmountFC": 750.0, "VATCode": "2", "CostCenter": "OPS", **line}
            ],
        }


def options(**more: Any) -> ExactOptions:
    """Without limits, unless told."""
    return ExactOptions(**{"minute_limit": None, "day_limit": None, **more})


@contextlib.contextmanager
def exact_bench(folder: Path, exact: ExactOptions | None = None, *, alone: bool = True) -> Iterator[ExactBench]:
    """A fresh sandbox, authorized. alone: of this stand-in only."""
    chosen = SandboxOptions(exact=exact or options(), clock_file=folder / "clock")
    with Sandbox(chosen, stand_ins=registry.of("exact") if alone else None) as sandbox:
        bench = ExactBench(sandbox)
        try:
            bench.authorize()
            yield bench
        finally:
            bench.close()


def dec(value: float) -> Decimal:
    """A JSON number as a decimal of its digits."""
    return Decimal(str(value))
