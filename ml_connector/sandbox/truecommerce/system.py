"""The TrueCommerce stand-in as the sandbox serves it: SFTP, in threads of its own."""

import socket
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Mount

from ml_connector.sandbox.exact.system import ExactSystem
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.partner.control import routes as partner_routes
from ml_connector.sandbox.system import Caller, Ground, HttpSystem, SandboxSystem
from ml_connector.sandbox.truecommerce.control import routes
from ml_connector.sandbox.truecommerce.service import TrueCommerce
from ml_connector.sandbox.truecommerce.state import PASSWORD, USER


class TrueCommerceSystem(HttpSystem):
    """`runs`: whether its Transaction Manager and the partners behind it work by themselves."""

    name = "truecommerce"

    def __init__(self, service: TrueCommerce, *, runs: bool) -> None:
        self.service = service
        self._runs = runs

    def address(self, host: str, port: int) -> dict[str, str]:
        return {
            "truecommerce": f"sftp://{host}:{port}",
            "truecommerce_host_key": self.service.state.fingerprint,
        }

    def logins(self) -> dict[str, str]:
        options = self.service.state.options
        return {
            "username": USER,
            "password": PASSWORD,
            "account": options.account,
            "company_folder": options.company,
        }

    def routes(self) -> Sequence[BaseRoute]:
        partners = Mount("/truecommerce/partner", routes=list(partner_routes(self.service.partners)))
        return [partners, *routes(self.service)]

    def app(self) -> None:
        """It does not speak HTTP."""

    def serve(self, bound: socket.socket, call: Caller) -> None:
        self.service.serve(bound, call)

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return [self.service.manager.run()] if self._runs else []

    def close(self) -> None:
        self.service.stop()


def make(ground: Ground, options: SandboxOptions, others: Mapping[str, SandboxSystem]) -> TrueCommerceSystem:
    """The stand-in; its partners can become suppliers in Exact."""
    exact = others.get("exact")
    state = exact.state if isinstance(exact, ExactSystem) else None
    service = TrueCommerce(ground.clock, ground.journal, ground.faults, state, options.truecommerce)
    return TrueCommerceSystem(service, runs=options.partner)
