"""Administration, events and transfers over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from ml_connector.sandbox.cleo import admin
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.events import ATTRIBUTES as EVENT_ATTRIBUTES
from ml_connector.sandbox.cleo.filters import parse_filter
from ml_connector.sandbox.cleo.http.pages import json_object
from ml_connector.sandbox.cleo.wire import Call, collection, paging, reply

TRANSFERS = frozenset({"file.uploaded", "file.received", "file.downloaded"})
MAX_RUN_SECONDS = 600


def list_of(name: str) -> Callable[[Call], Awaitable[Response]]:
    """GET /api/<name>."""

    async def page(call: Call) -> Response:
        return reply(_list(call, name, list(call.state.admin.resources[name].values())))

    return page


def create_in(name: str) -> Callable[[Call], Awaitable[Response]]:
    """POST /api/<name>: 201 with the resource; certs by importCert (cleo 6)."""

    async def page(call: Call) -> Response:
        body = await json_object(call.request)
        if name == "certs":
            body = _certificate(body)
        return reply(call.state.admin.create(name, body), 201)

    return page


def _certificate(body: dict[str, Any]) -> dict[str, Any]:
    text = body.get("import")
    if body.get("requestType") != "importCert" or not isinstance(text, str) or not text:
        raise ApiError(400, "requestType must be importCert, with the certificate in import")
    return {"serialNumber": f"{hash(text) & 0xFFFFFFFFFFFF:012x}", "alias": "certificate", "type": "user"}


def one_of(name: str) -> Callable[[Call], Awaitable[Response]]:
    """GET, PUT and DELETE /api/<name>/{id}."""

    async def page(call: Call) -> Response:
        resource_id = call.parameter("id")
        if call.request.method == "DELETE":
            call.state.admin.delete(name, resource_id)
            return Response(status_code=204)
        if call.request.method == "PUT":
            return reply(call.state.admin.replace(name, resource_id, await json_object(call.request)))
        return reply(call.state.admin.get(name, resource_id))

    return page


async def users_of_authenticator(call: Call) -> Response:
    """GET and POST <authenticator._links.users.href>."""
    parent = call.state.admin.get("authenticators", call.parameter("id"))
    href = parent["_links"]["self"]["href"]
    if call.request.method == "POST":
        body = await json_object(call.request)
        body["authenticator"] = {"href": href, "alias": parent["alias"]}
        return reply(call.state.admin.create("users", body), 201)
    users = call.state.admin.resources["users"].values()
    found = [user for user in users if admin.attribute(user, "authenticator.href") == href]
    return reply(_list(call, "users", found))


async def run_action(call: Call) -> Response:
    """POST <action._links.run.href>?timeout&messagesCount: 200; one that times out blocks that long (cleo 6, 9)."""
    timeout = _bounded(call.request.query_params.get("timeout"), 30, MAX_RUN_SECONDS)
    messages = _bounded(call.request.query_params.get("messagesCount"), 100, 10_000)
    answer = call.state.admin.run(call.parameter("id"), messages=messages)
    if answer["status"] == "running":
        await asyncio.sleep(timeout)
    return reply(answer)


def _bounded(text: str | None, default: int, most: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text[:12]) > most:
        raise ApiError(400, f"A number from 0 to {most} is due")
    return int(text)


async def list_events(call: Call) -> Response:
    """GET /api/events: what happened to files, oldest first."""
    return reply(_events(call, None))


async def list_transfers(call: Call) -> Response:
    """GET /api/transfers: the events that moved bytes."""
    return reply(_events(call, TRANSFERS))


def _events(call: Call, kinds: frozenset[str] | None) -> dict[str, Any]:
    start, count = paging(call.request, call.state)
    wanted = parse_filter(call.request.query_params.get("filter"), EVENT_ATTRIBUTES)
    found = [
        event
        for event in call.state.events.events
        if call.user.sees(event.folder)
        and (kinds is None or event.kind in kinds)
        and (wanted is None or wanted.matches(event.get))
    ]
    page = [event.as_resource() for event in found[start : start + count]]
    return collection(page, total=len(found), start=start)


def _list(call: Call, name: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    start, count = paging(call.request, call.state)
    wanted = parse_filter(call.request.query_params.get("filter"), admin.ATTRIBUTES[name])
    if wanted is not None:
        resources = [
            resource
            for resource in resources
            if wanted.matches(lambda attribute, resource=resource: admin.attribute(resource, attribute))  # type: ignore[misc]
        ]
    return collection(resources[start : start + count], total=len(resources), start=start)
