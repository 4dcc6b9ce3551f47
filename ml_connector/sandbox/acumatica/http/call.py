"""One call on the endpoint: who calls, on what, in which version; and responses in the site's manner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.acumatica.access.sessions import Session
from ml_connector.sandbox.acumatica.books.forms import Form
from ml_connector.sandbox.acumatica.books.saving import Refusal
from ml_connector.sandbox.acumatica.books.screens import form_of
from ml_connector.sandbox.acumatica.books.tenant import Tenant, Work
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.contract import Entity
from ml_connector.sandbox.acumatica.wire.errors import ApiError, no_entity
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.shapes import Printer
from ml_connector.sandbox.acumatica.wire.values import to_json


@dataclass(frozen=True, slots=True)
class Call:
    """`rest`: the path's parts after the entity. `root`: the endpoint's site-absolute path."""

    state: AcumaticaState
    tenant: Tenant
    session: Session
    work: Work
    entity: Entity
    rest: tuple[str, ...]
    root: str
    query: str
    request: Request

    @property
    def form(self) -> Form:
        return form_of(self.entity.name)

    @property
    def printer(self) -> Printer:
        return Printer(self.entity, self.root, ZoneInfo(self.state.options.time_zone))

    def record(self) -> Record:
        """The record that the path names, by id or by keys. Raises ApiError 500 (acumatica 2)."""
        if self.entity.is_inquiry:
            raise no_entity()
        table = self.tenant.table(self.entity.name)
        found = table.by_id(self.rest[0]) if len(self.rest) == 1 else None
        if found is None:
            found = table.by_key(*self.rest)
        if found is None or self.tenant.is_hidden(self.entity.name, found):
            raise no_entity()
        return found


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(content), status_code=status, media_type="application/json", headers=headers)


def empty_response(headers: dict[str, str] | None = None, status: int = 204) -> Response:
    return Response(status_code=status, headers=headers)


def failure(error: ApiError, call: Call | None = None) -> Response:
    """The response of a refusal."""
    if isinstance(error, Refusal) and call is not None:
        return json_response(call.printer.refused(error.row), 422)
    if error.text is not None:
        return Response(error.text, status_code=error.status, media_type="text/html", headers=error.headers)
    if error.body is None:
        return Response(status_code=error.status, headers=error.headers)
    return json_response(error.body, error.status, error.headers)


def arrival(state: AcumaticaState, request: Request) -> datetime:
    """When the call came in: a late commit is judged by the session that it came with."""
    arrived = request.scope.get("sandbox.accepted_at")
    return arrived if isinstance(arrived, datetime) else state.clock.now()
