"""The AvidXchange stand-in as the sandbox serves it."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from ml_connector.sandbox.avidxchange.control import routes
from ml_connector.sandbox.avidxchange.desk import Desk
from ml_connector.sandbox.avidxchange.files.exchange import Exchange
from ml_connector.sandbox.avidxchange.files.service import FileService
from ml_connector.sandbox.avidxchange.http.app import create_app
from ml_connector.sandbox.avidxchange.options import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANY_TOKEN,
    GATEWAY_KEY,
    PASSWORD,
    USER,
    USER_TOKEN,
    AvidOptions,
)
from ml_connector.sandbox.avidxchange.state import AvidState
from ml_connector.sandbox.middleware import App
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.system import Caller, Ground, HttpSystem, SandboxSystem


class AvidXchangeSystem(HttpSystem):
    """`desk`: the people there, who can be ordered about. `service`, `exchange`: in mode `files` the server behind the
    port, and what works with the files there.
    """

    name = "avidxchange"

    def __init__(self, state: AvidState, service: FileService) -> None:
        self.state = state
        self.desk = Desk(state)
        self.service = service
        self.exchange = Exchange(state, service.state.place)

    @property
    def _files(self) -> bool:
        return self.state.options.mode == "files"

    def address(self, host: str, port: int) -> dict[str, str]:
        if not self._files:
            return super().address(host, port)
        return {
            "avidxchange": f"sftp://{host}:{port}",
            "avidxchange_host_key": self.service.state.fingerprint,
        }

    def logins(self) -> dict[str, str]:
        return {
            "gateway_key": GATEWAY_KEY,
            "username": USER,
            "password": PASSWORD,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "company_token": COMPANY_TOKEN,
            "user_token": USER_TOKEN,
        }

    def routes(self) -> Sequence[BaseRoute]:
        return routes(self.state, self.exchange)

    def app(self) -> App | None:
        return None if self._files else create_app(self.state)

    def serve(self, bound: socket.socket, call: Caller) -> None:
        self.service.serve(bound, call)

    def close(self) -> None:
        self.service.stop()

    def signs_in(self, path: str) -> bool:
        return path in {"/v1/authorizations", "/oauth2/token"}

    def limits(self) -> dict[str, Any]:
        return {}


def make(ground: Ground, options: SandboxOptions, others: Mapping[str, SandboxSystem]) -> AvidXchangeSystem:  # noqa: ARG001
    """The stand-in, empty."""
    state = AvidState(ground.clock, ground.journal, options.avidxchange or AvidOptions())
    return AvidXchangeSystem(state, FileService(ground.clock, ground.journal, ground.faults))
