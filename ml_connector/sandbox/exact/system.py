"""The Exact stand-in as the sandbox serves it."""

import json
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from ml_connector.sandbox.exact.control import routes
from ml_connector.sandbox.exact.http.app import create_app
from ml_connector.sandbox.exact.seed import seed_exact
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.middleware import App, Headers
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.system import Ground, HttpSystem, SandboxSystem


class ExactSystem(HttpSystem):
    """One simulated account, with seed data."""

    name = "exact"

    def __init__(self, state: ExactState) -> None:
        self.state = state

    def logins(self) -> dict[str, str]:
        options = self.state.options
        return {
            "client_id": options.client_id,
            "client_secret": options.client_secret,
            "webhook_secret": options.webhook_secret,
            "division": str(self.state.main.code),
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
        return self._headers(status), _body(status)

    def _headers(self, status: int) -> Headers:
        if status != 429:
            return [(b"content-type", b"application/json;charset=utf-8" if status == 500 else b"text/html")]
        # A minute 429 has an empty body and only the Minutely headers (exact-online 5). The ordered one
        # lasts a second: a fault stands for a refusal, not for a minute of waiting.
        reset_at = int((self.state.clock.now().timestamp() + 1) * 1000)
        return [
            (b"x-ratelimit-minutely-limit", b"60"),
            (b"x-ratelimit-minutely-remaining", b"0"),
            (b"x-ratelimit-minutely-reset", str(reset_at).encode()),
        ]

    def signs_in(self, path: str) -> bool:
        return "/oauth2/" in path

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return [self.state.webhooks.run()]


def _body(status: int) -> bytes:
    if status == 429:
        return b""
    if status != 500:
        return b"<html><body>" + str(status).encode() + b"</body></html>"
    text = "A problem has occurred. The cause of this issue will be investigated as soon as possible."
    return json.dumps({"error": {"code": "", "message": {"lang": "", "value": text}}}).encode()


def make(ground: Ground, options: SandboxOptions, others: Mapping[str, SandboxSystem]) -> ExactSystem:  # noqa: ARG001
    """The stand-in with its seed data."""
    state = ExactState(clock=ground.clock, journal=ground.journal, options=options.exact, seed=ground.seed)
    seed_exact(state)
    return ExactSystem(state)
