"""The Acumatica stand-in as the sandbox serves it."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from ml_connector.sandbox.acumatica.control import routes
from ml_connector.sandbox.acumatica.http.app import create_app
from ml_connector.sandbox.acumatica.options import CLIENT_GUID, TENANT, AcumaticaOptions
from ml_connector.sandbox.acumatica.seed import seed_acumatica
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.errors import exception_body
from ml_connector.sandbox.acumatica.wire.values import to_json
from ml_connector.sandbox.middleware import App, Headers
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.system import Ground, HttpSystem, SandboxSystem


class AcumaticaSystem(HttpSystem):
    """One site with two tenants, with seed data."""

    name = "acumatica"

    def __init__(self, state: AcumaticaState) -> None:
        self.state = state

    def address(self, host: str, port: int) -> dict[str, str]:
        """The base URL, virtual directory included."""
        return {self.name: f"http://{host}:{port}{self.state.options.directory}"}

    def logins(self) -> dict[str, str]:
        options = self.state.options
        return {
            "client_id": f"{CLIENT_GUID}@{TENANT}",
            "client_secret": options.client_secret,
            "username": options.user,
            "password": options.password,
            "tenant": TENANT,
            "branch": self.state.main.branches[0]["BranchID"],
            "endpoint_version": options.versions[-1],
        }

    def routes(self) -> Sequence[BaseRoute]:
        return routes(self.state)

    def limit(self, settings: dict[str, Any]) -> None:
        self.state.limits.configure(**settings)

    def limits(self) -> dict[str, Any]:
        return {**self.state.limits.settings()}

    def app(self) -> App:
        return create_app(self.state)

    def canned(self, status: int) -> tuple[Headers, bytes]:
        json = [(b"content-type", b"application/json; charset=utf-8")]
        if status == 500:
            return json, to_json(exception_body("Error: An error occurred."))
        if status in {502, 503, 504}:  # of IIS in front of it, not of the application
            return [(b"content-type", b"text/html")], f"<html><body>{status}</body></html>".encode()
        return json, to_json({"message": "Too many requests." if status == 429 else f"Status {status}."})

    def signs_in(self, path: str) -> bool:
        return "/identity/" in path or "/entity/auth/" in path


def make(
    ground: Ground,
    options: SandboxOptions,
    others: Mapping[str, SandboxSystem],  # noqa: ARG001 - it stands alone
) -> AcumaticaSystem:
    """The stand-in with its seed data."""
    chosen = options.acumatica or AcumaticaOptions()
    state = AcumaticaState(clock=ground.clock, journal=ground.journal, options=chosen, seed=ground.seed)
    seed_acumatica(state)
    return AcumaticaSystem(state)
