"""The Sage Intacct stand-in as the sandbox serves it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from ml_connector.sandbox.middleware import App, Headers
from ml_connector.sandbox.options import SandboxOptions
from ml_connector.sandbox.sage_intacct.control import routes
from ml_connector.sandbox.sage_intacct.http.app import create_app
from ml_connector.sandbox.sage_intacct.http.held import held_keys
from ml_connector.sandbox.sage_intacct.options import COMPANY, SECOND_COMPANY, SageIntacctOptions
from ml_connector.sandbox.sage_intacct.seed import seed_sage_intacct
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire import reply
from ml_connector.sandbox.sage_intacct.wire.errors import Refused, session_rejected, too_many
from ml_connector.sandbox.sage_intacct.wire.reply import Manner
from ml_connector.sandbox.sage_intacct.wire.xml import render
from ml_connector.sandbox.system import Ground, HttpSystem, SandboxSystem


class SageIntacctSystem(HttpSystem):
    """One gateway with two companies, with seed data."""

    name = "sage_intacct"

    def __init__(self, state: SageIntacctState) -> None:
        self.state = state

    def address(self, host: str, port: int) -> dict[str, str]:
        """The gateway's general address."""
        return {self.name: f"http://{host}:{port}{self.state.options.path}"}

    def logins(self) -> dict[str, str]:
        options = self.state.options
        return {
            "sender_id": options.sender,
            "sender_password": options.sender_password,
            "company_id": COMPANY,
            "second_company_id": SECOND_COMPANY,
            "user_id": options.user,
            "user_password": options.password,
            "entity": self.state.main.entities()[0],
        }

    def routes(self) -> Sequence[BaseRoute]:
        return routes(self.state)

    def limit(self, settings: dict[str, Any]) -> None:
        known = {"concurrent", "turn_seconds"}
        if not set(settings) <= known:
            raise TypeError(f"{self.name} has the limits {', '.join(sorted(known))}")
        for name, value in settings.items():
            setattr(self.state.options, name, value)

    def limits(self) -> dict[str, Any]:
        options = self.state.options
        return {"concurrent": options.concurrent, "turn_seconds": options.turn_seconds}

    def app(self) -> App:
        return create_app(self.state)

    def held(self, body: bytes) -> None:
        """A request whose connection is gone and that is handled later: its ids count as running (sage-intacct 5)."""
        if self.state.options.late_in_process:
            self.state.control_ids.begin(held_keys(self.state, body))

    def canned(self, status: int) -> tuple[Headers, bytes]:
        """Gateway errors carry XML; what a proxy in front or a crash answers does not (sage-intacct 1)."""
        refusal: Refused | None = None
        if status == 429:
            refusal = too_many(uuid.uuid4().hex[:12])
        elif status == 401:
            refusal = session_rejected()
        if refusal is not None:
            body = render(reply.refused(refusal, None, Manner()))
            return [(b"content-type", b"text/xml; charset=utf-8")], body
        page = f"<html><head><title>{status}</title></head><body>Ray ID: {uuid.uuid4().hex[:16]}</body></html>"
        return [(b"content-type", b"text/html; charset=utf-8")], page.encode()


def make(
    ground: Ground,
    options: SandboxOptions,
    others: Mapping[str, SandboxSystem],  # noqa: ARG001 - it stands alone
) -> SageIntacctSystem:
    """The stand-in with its seed data."""
    chosen = options.sage_intacct or SageIntacctOptions()
    state = SageIntacctState(clock=ground.clock, journal=ground.journal, options=chosen, seed=ground.seed)
    seed_sage_intacct(state)
    return SageIntacctSystem(state)
