"""The Cleo stand-in as the sandbox serves it, with the trading partners behind it."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Mount

from ml_connector.sandbox.cleo.control import routes
from ml_connector.sandbox.cleo.http.app import create_app
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD, SERVICE_USER, CleoState
from ml_connector.sandbox.middleware import App
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.partner.control import routes as partner_routes
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.system import Ground, HttpSystem, SandboxSystem


class CleoSystem(HttpSystem):
    """`partner` None: nobody takes or answers what lies in the folders."""

    name = "cleo"

    def __init__(self, state: CleoState, partner: PartnerWorld | None) -> None:
        self.state = state
        self.partner = partner

    def logins(self) -> dict[str, str]:
        return {"username": SERVICE_USER, "password": SERVICE_PASSWORD}

    def routes(self) -> Sequence[BaseRoute]:
        own: list[BaseRoute] = [*routes(self.state)]
        if self.partner is not None:
            own.append(Mount("/partner", routes=list(partner_routes(self.partner))))
        return own

    def limit(self, settings: dict[str, Any]) -> None:
        self.state.set_limits(**settings)

    def app(self) -> App:
        return create_app(self.state)

    def signs_in(self, path: str) -> bool:
        return path == "/api/authentication"

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return [self.partner.run()] if self.partner is not None else []


def make(ground: Ground, options: SandboxOptions, others: Mapping[str, SandboxSystem]) -> CleoSystem:  # noqa: ARG001
    """The stand-in, and its trading partners unless they are not wanted."""
    state = CleoState(ground.clock, ground.journal, options.cleo)
    partner = PartnerWorld(state, ground.clock, ground.journal, options.partner_options) if options.partner else None
    return CleoSystem(state, partner)
