"""The HTTP face of the gateway: POST of one XML document, judged level by level (sage-intacct 1, 3)."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.sage_intacct.access.control_ids import Key
from ml_connector.sandbox.sage_intacct.access.sessions import Session
from ml_connector.sandbox.sage_intacct.books.company import Company
from ml_connector.sandbox.sage_intacct.functions.call import boolean
from ml_connector.sandbox.sage_intacct.functions.dispatch import READS
from ml_connector.sandbox.sage_intacct.http.held import held_keys
from ml_connector.sandbox.sage_intacct.http.running import Running, operation_keys
from ml_connector.sandbox.sage_intacct.http.signing import api_session, check_authentication, check_control, sign_in
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire import reply
from ml_connector.sandbox.sage_intacct.wire.errors import Refused, SignInFailed, dead_session, invalid_request
from ml_connector.sandbox.sage_intacct.wire.orders import check_functions, check_order
from ml_connector.sandbox.sage_intacct.wire.reply import Manner, Result
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node, parse, render

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that could be read."""

    root: Node
    control: Node
    manner: Manner
    path: str
    origin: str
    at: datetime


class _TooLarge(Exception):
    """A body beyond the bound."""


def create_app(state: SageIntacctState) -> Starlette:
    """The app of the gateway."""
    return Starlette(routes=[Route("/{path:path}", _Face(state).handle, methods=_METHODS)])


class _Face:
    def __init__(self, state: SageIntacctState) -> None:
        self._state = state

    async def handle(self, request: Request) -> Response:
        options, path = self._state.options, request.scope["path"]
        if path not in {options.path, options.session_path}:
            return HTMLResponse("<html><body>404 Not Found</body></html>", status_code=404)
        if request.method != "POST":  # refused since January 2023 (sage-intacct 1)
            return HTMLResponse("<html><body>Only POST is accepted.</body></html>", status_code=405)
        try:
            body = await _body(request, options.max_body)
        except _TooLarge:
            return HTMLResponse("<html><body>413 Request Entity Too Large</body></html>", status_code=413)
        if request.scope.get("sandbox.late"):
            self._state.control_ids.end(held_keys(self._state, body))
        manner = Manner(support_ids=options.support_ids)
        root: Node | None = None
        try:
            if not body.strip():
                raise invalid_request(uuid.uuid4().hex[:12])
            root = parse(body)
            control = self._check(root)
            whitespace = boolean(control.value("includewhitespace"), default=True)
            manner = Manner(boolean(control.value("showadditionalerrorinfo")), options.support_ids)
            asked = _Asked(root, control, manner, path, _origin(request), _arrival(self._state, request))
            operations = [await self._operation(asked, one) for one in root.all("operation")]
        except Refused as error:
            return _xml(reply.refused(error, root, manner), error.status)
        if len(operations) == 1 and isinstance(operations[0], Response):
            return operations[0]
        inner = [one for one in operations if isinstance(one, Node)]
        return _xml(node("response", reply.control(root, "success"), *inner), whitespace=whitespace)

    def _check(self, root: Node) -> Node:
        """Everything that rejects the whole request. Raises Refused."""
        if root.tag != "request":
            raise invalid_request(uuid.uuid4().hex[:12])
        check_order(root)
        control = root.find("control") or node("control")
        check_control(self._state, control)
        for operation in root.all("operation"):
            check_authentication(operation.find("authentication"), operation)
            check_functions(operation.find("content") or node("content"))
        return control

    async def _operation(self, asked: _Asked, operation: Node) -> Node | Response:
        """Raises Refused."""
        state, control = self._state, asked.control
        way = check_authentication(operation.find("authentication"), operation)
        content = operation.find("content") or node("content")
        sender, unique = control.value("senderid"), boolean(control.value("uniqueid"), default=True)
        trouble = state.troubles.draw(_possible(way, content, unique=unique))
        if trouble == "rate":
            state.turns.refuse()
        try:
            if trouble == "dead_session":
                state.sessions.end(way.text.strip())
                raise dead_session(way.text.strip()[:40])
            company, session = sign_in(state, way, sender, asked.path, asked.at)
        except SignInFailed as error:
            return _not_signed_in(error, asked.manner)
        keys = operation_keys(state, content, sender, company.name, control.value("controlid")) if unique else []
        busy = state.control_ids.running(keys)
        running = Running(
            state, company, session, content, sender, control.value("controlid"), unique,
            boolean(operation.attributes.get("transaction", "")), busy, trouble,
            lambda call: api_session(state, call, session, company, asked.origin),
        )  # fmt: skip
        try:
            results = await self._run(running, keys, company)
        except SignInFailed as error:
            return _not_signed_in(error, asked.manner)
        plain = _without_envelope(content, results)
        return plain or _answered(results, session, company, asked.manner)

    async def _run(self, running: Running, keys: list[Key], company: Company) -> list[Result]:
        """In one's turn; ids count as running from the arrival on."""
        state = self._state
        state.control_ids.begin(keys)
        try:
            await state.turns.enter(company.name)
            try:
                if state.options.work_seconds > 0:
                    await asyncio.sleep(state.options.work_seconds)
                return running.run()
            finally:
                state.turns.leave(company.name)
        finally:
            state.control_ids.end(keys)


def _possible(way: Node, content: Node, *, unique: bool) -> set[str]:
    """Which troubles this operation can meet."""
    possible = {"rate"}
    if way.tag == "sessionid":
        possible.add("dead_session")
    if any(function.children[0].tag not in READS for function in content.children):
        possible |= {"passing", "rolled_back"} | ({"concurrent"} if unique else set())
    return possible


def _not_signed_in(error: SignInFailed, manner: Manner) -> Node:
    return node(
        "operation",
        reply.authentication("failure", error.user, error.company),
        reply.errors([error.entry], manner),
    )


def _answered(results: Sequence[Result], session: Session, company: Company, manner: Manner) -> Node:
    began, ends = (f"{moment:%Y-%m-%dT%H:%M:%S}+00:00" for moment in (session.began, session.ends))
    return node(
        "operation",
        reply.authentication(
            "success", session.user, company.name, node("locationid", session.entity), node("sessiontimestamp", began),
            node("sessiontimeout", ends),
        ),
        *(reply.result(one, manner) for one in results),
    )  # fmt: skip


def _without_envelope(content: Node, results: Sequence[Result]) -> Response | None:
    """A query's rows as json or csv; its errors come as XML all the same (sage-intacct 6.1, 6.4)."""
    call = content.children[0].children[0]
    options = call.find("options")
    if len(results) != 1 or call.tag != "query" or options is None or results[0].status != "success":
        return None
    form, data = options.value("returnformat"), results[0].data
    if form not in {"json", "csv"} or data is None:
        return None
    rows = [{field.tag: field.text for field in row.children} for row in data.children]
    if form == "json":
        return Response(json.dumps(rows), media_type="application/json")
    names = list(rows[0]) if rows else []
    lines = [names, *([row[name] for name in names] for row in rows)]
    text = "\r\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    return Response(text, media_type="text/csv")


async def _body(request: Request, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)


def _xml(root: Node, status: int = 200, *, whitespace: bool = False) -> Response:
    return Response(render(root, whitespace=whitespace), status_code=status, media_type="text/xml")


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _arrival(state: SageIntacctState, request: Request) -> datetime:
    """When the call came in: a late commit is judged by the session that it came with."""
    arrived = request.scope.get("sandbox.accepted_at")
    return arrived if isinstance(arrived, datetime) else state.clock.now()
