"""The whole sandbox on real sockets, called as a plain HTTP client would, for the tests of Acumatica."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from ml_connector.sandbox import registry
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.server import Sandbox, SandboxOptions

VERSION = "24.200.001"
Body = dict[str, Any]


class AcumaticaBench:
    """A running sandbox and short ways to call its Acumatica with a token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.state: AcumaticaState = sandbox.acumatica
        self.options = self.state.options
        self.clock = sandbox.clock
        self.login = sandbox.logins()["acumatica"]
        self.base = sandbox.addresses()["acumatica"]
        self.control = httpx.Client(base_url=sandbox.addresses()["control"], timeout=30, trust_env=False)
        self.http = httpx.Client(base_url=self.base, timeout=30, trust_env=False)
        self.version = VERSION
        self.headers: dict[str, str] = {}

    def close(self) -> None:
        self.http.close()
        self.control.close()

    # access

    def ask_token(self, **form: str) -> httpx.Response:
        named = {name: self.login[name] for name in ("client_id", "client_secret")}
        return self.http.post("/identity/connect/token", data={**named, **form})

    def password_token(self, scope: str = "api offline_access", **form: str) -> httpx.Response:
        named = {name: self.login[name] for name in ("username", "password")}
        return self.ask_token(**{"grant_type": "password", "scope": scope, **named, **form})

    def authorize(self) -> dict[str, Any]:
        """Take a token by password; what came with it."""
        answer = self.password_token()
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        self.headers = bearer(tokens)
        return tokens

    # calls

    def url(self, path: str) -> str:
        return f"{self.base}/entity/Default/{self.version}/{path}"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        url = path if path.startswith("http") else self.url(path)
        headers = {"Accept": "application/json", **self.headers, **more.pop("headers", {})}
        return self.http.request(method, url, headers=headers, **more)

    def rows(self, entity: str, **options: str) -> list[dict[str, Any]]:
        """A list read, options named without their dollar sign."""
        answer = self.call("GET", entity, params={f"${name}": value for name, value in options.items()})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def record(self, path: str, **options: str) -> dict[str, Any]:
        answer = self.call("GET", path, params={f"${name}": value for name, value in options.items()})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def put(self, entity: str, body: dict[str, Any], method: str = "PUT", **options: str) -> httpx.Response:
        headers = {name.replace("_", "-"): options.pop(name) for name in list(options) if name.startswith(("If", "PX"))}
        params = {f"${name}": value for name, value in options.items()}
        return self.call(method, entity, json=wrap(body), params=params, headers=headers)

    def made(self, entity: str, body: dict[str, Any], **options: str) -> dict[str, Any]:
        """The reply of a PUT that succeeds."""
        answer = self.put(entity, body, **options)
        assert answer.status_code == 200, answer.text
        reply: dict[str, Any] = answer.json()
        return reply

    def refused(self, entity: str, body: dict[str, Any], **options: str) -> dict[str, Any]:
        """The record of a PUT that is refused by business logic."""
        answer = self.put(entity, body, **options)
        assert answer.status_code == 422, answer.text
        reply: dict[str, Any] = answer.json()
        return reply

    def act(
        self, entity: str, action: str, key: dict[str, Any], parameters: dict[str, Any] | None = None
    ) -> httpx.Response:
        body = {"entity": wrap(key), "parameters": wrap(parameters or {})}
        return self.call("POST", f"{entity}/{action}", json=body)

    def acted(self, entity: str, action: str, key: Body, parameters: Body | None = None) -> None:
        """An action, waited for by moving the clock."""
        answer = self.act(entity, action, key, parameters)
        if answer.status_code == 202:
            self.clock.move(self.options.action_seconds + 0.1)
            answer = self.call("GET", self.origin + answer.headers["location"])
        assert answer.status_code == 204, answer.text

    @property
    def origin(self) -> str:
        """Links are site-absolute: they are joined to the origin, not to the base URL."""
        return self.base.removesuffix(self.options.directory)

    # documents

    def order(self, vendor: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """An open purchase order, with its lines."""
        body = {"Type": "Normal", "VendorID": vendor, "Hold": False, "Details": list(lines), **more}
        return self.made("PurchaseOrder", body, select="OrderNbr,Status,OrderTotal", expand="Details")

    def receipt(self, order: dict[str, Any], *, release: bool = True, **line: Any) -> dict[str, Any]:
        """A receipt of an order's first line; released unless told."""
        number = value(order, "OrderNbr")
        body = {
            "VendorID": self.record(f"PurchaseOrder/Normal/{number}")["VendorID"]["value"],
            "VendorRef": "ASN-1",
            "CreateBill": False,
            "Hold": False,
            "Details": [{"POOrderType": "Normal", "POOrderNbr": number, "POLineNbr": 1, **line}],
        }
        made = self.made("PurchaseReceipt", body, select="ReceiptNbr,Status", expand="Details")
        if release:
            key = {"Type": "Receipt", "ReceiptNbr": value(made, "ReceiptNbr")}
            self.acted("PurchaseReceipt", "ReleasePurchaseReceipt", key)
        return made

    def switch(self, **options: Any) -> None:
        self.control.post("/acumatica/options", json=options).raise_for_status()


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def wrap(body: Any) -> Any:
    """Plain values as the wire has them."""
    if isinstance(body, dict):
        return {name: one if name in {"id", "delete", "custom"} else wrap(one) for name, one in body.items()}
    return [wrap(one) for one in body] if isinstance(body, list) else {"value": body}


def value(record: dict[str, Any], name: str) -> Any:
    """What a field holds; None for an empty one."""
    return record[name].get("value")


def options(**more: Any) -> AcumaticaOptions:
    """Enough seats for several clients, unless told."""
    return AcumaticaOptions(**{"seats": 10, **more})


@contextlib.contextmanager
def acumatica_bench(folder: Path, acumatica: AcumaticaOptions | None = None) -> Iterator[AcumaticaBench]:
    """A fresh sandbox, authorized."""
    chosen = SandboxOptions(acumatica=acumatica or options(), clock_file=folder / "clock", partner=False)
    with Sandbox(chosen, stand_ins=registry.of("acumatica")) as sandbox:
        bench = AcumaticaBench(sandbox)
        try:
            bench.authorize()
            yield bench
        finally:
            bench.close()
