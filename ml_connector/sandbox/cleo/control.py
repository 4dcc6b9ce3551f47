"""Routes of the control port for the simulated Cleo: /cleo/... and /state/cleo."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.cleo.accounts import AccountOptions
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.files import Content, Filler, Growth
from ml_connector.sandbox.cleo.folders import Folder
from ml_connector.sandbox.cleo.state import LISTING_ORDERS, CleoState

_FOLDER_FLAGS = ("upload", "download", "delete", "rename", "overwrite", "patterns", "space")
_OPTIONS = ("page_size", "max_page_size", "max_upload_bytes", "order", "list_upload_folders")
Handler = Callable[[Request], Awaitable[Response]]


def routes(state: CleoState) -> list[Route]:
    """The routes, over this state."""
    control = CleoControl(state)
    return [
        Route("/state/cleo", refusing(control.show)),
        Route("/cleo/folders", refusing(control.folders), methods=["POST"]),
        Route("/cleo/files", refusing(control.files), methods=["GET", "POST"]),
        Route("/cleo/files/{file}", refusing(control.content)),
        Route("/cleo/fill", refusing(control.fill), methods=["POST"]),
        Route("/cleo/options", refusing(control.options), methods=["GET", "POST"]),
        Route("/cleo/accounts", refusing(control.accounts), methods=["GET", "POST"]),
        Route("/cleo/tokens/expire", refusing(control.expire), methods=["POST"]),
        Route("/cleo/actions", refusing(control.actions), methods=["POST"]),
        Route("/cleo/reset", refusing(control.reset), methods=["POST"]),
    ]


def refusing(handler: Handler) -> Handler:
    """Wrong orders are 400 with the reason."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            return JSONResponse({"error": error.message}, error.status)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return answer


class CleoControl:
    """What tests and the demo tell the stand-in."""

    def __init__(self, state: CleoState) -> None:
        self._state = state

    async def show(self, _request: Request) -> Response:
        """Folders with counts, logins, refusals of the limiter."""
        state = self._state
        return JSONResponse(
            {
                "folders": [_folder_row(folder) for folder in state.folders.folders()],
                "logins": state.accounts.logins,
                "refreshes": state.accounts.refreshes,
                "refused_by_limit": state.limiter.refused,
                "events": len(state.events.events),
                "action_runs": state.admin.runs,
            }
        )

    async def folders(self, request: Request) -> Response:
        """Make or change a folder: {"path", upload, download, delete, rename, overwrite, patterns, space, growth}.

        growth: {"polls": n} or {"seconds": x} for every file that arrives here from a partner; null: none.
        """
        body = await request.json()
        folder = self._state.folders.create(body.pop("path"))
        if "growth" in body:
            growth = body.pop("growth")
            folder.growth = Growth(**growth) if growth is not None else None
        for name, value in body.items():
            _change(folder, name, value, _FOLDER_FLAGS)
        return JSONResponse(_folder_row(folder))

    async def files(self, request: Request) -> Response:
        """GET ?folder=: what lies there. POST: put a file there (see `_content`)."""
        state = self._state
        if request.method == "GET":
            folder = state.folders.folder(request.query_params.get("folder", "/"))
            now = state.clock.now()
            return JSONResponse([{"id": file.id, "name": file.name, "size": file.size(now)} for file in folder.files])
        body = await request.json()
        growth = body.get("growth")
        file = state.deliver(
            state.folders.folder(body["folder"]),
            body["name"],
            _content(body),
            growth=Growth(**growth) if growth else None,
            listed_size=body.get("listed_size"),
        )
        return JSONResponse({"id": file.id, "name": file.name}, 201)

    async def content(self, request: Request) -> Response:
        """The bytes of a file, whatever the permissions."""
        file = self._state.folders.file(request.path_params["file"])
        return Response(file.data(self._state.clock.now()), media_type="application/octet-stream")

    async def fill(self, request: Request) -> Response:
        """Many files at once: {"folder", "count", "name": "x_{n}.edi", "text"}."""
        body = await request.json()
        folder = self._state.folders.folder(body["folder"])
        fill(self._state, folder, int(body["count"]), body.get("name", "file_{n}.edi"), body.get("text", "x"))
        return JSONResponse(_folder_row(folder))

    async def options(self, request: Request) -> Response:
        """Settings; POST changes the ones named, `accounts` being an object of its own."""
        options = self._state.options
        if request.method == "POST":
            body = await request.json()
            accounts = body.pop("accounts", {})
            for name, value in body.items():
                if name == "order" and value not in LISTING_ORDERS:
                    raise ValueError(f"order must be one of {', '.join(LISTING_ORDERS)}")
                _change(options, name, value, _OPTIONS)
            options.accounts = replace(options.accounts, **accounts)
            self._state.accounts.options = options.accounts
        return JSONResponse(asdict(options))

    async def accounts(self, request: Request) -> Response:
        """Names of the users; POST {"username", "password"} changes a password."""
        users = self._state.accounts.users
        if request.method == "POST":
            body = await request.json()
            users[body["username"]] = replace(users[body["username"]], password=str(body["password"]))
        return JSONResponse({"users": sorted(users), "settings": [f.name for f in fields(AccountOptions)]})

    async def expire(self, request: Request) -> Response:
        """End every access token now; {"refresh": true} ends the refresh tokens too."""
        body = await request.json() if await request.body() else {}
        self._state.accounts.expire_tokens(refresh_too=bool(body.get("refresh", False)))
        return JSONResponse({})

    async def actions(self, request: Request) -> Response:
        """What runs of an action answer: {"alias", "outcome": success | failure | timeout}."""
        body = await request.json()
        if body["outcome"] not in {"success", "failure", "timeout"}:
            raise ValueError("outcome must be success, failure or timeout")
        self._state.admin.outcome[body["alias"]] = body["outcome"]
        return JSONResponse(self._state.admin.outcome)

    async def reset(self, _request: Request) -> Response:
        """Take away files and events."""
        self._state.reset()
        return JSONResponse({})


def _change(target: object, name: str, value: Any, known: tuple[str, ...]) -> None:
    """Set an attribute to another value of its type. Raises ValueError."""
    if name not in known:
        raise ValueError(f"{name} is not a setting; they are {', '.join(known)}")
    if type(value) is not type(getattr(target, name)):
        raise ValueError(f"{name} must be of type {type(getattr(target, name)).__name__}")
    setattr(target, name, value)


def _content(body: dict[str, Any]) -> bytes | Content:
    """`base64`, or `text`, or `size` bytes of filling behind `text`."""
    if "base64" in body:
        return base64.b64decode(body["base64"], validate=True)
    text = str(body.get("text", "")).encode("utf-8")
    return Filler(int(body["size"]), text) if "size" in body else text


def fill(state: CleoState, folder: Folder, count: int, name: str, text: str) -> None:
    """Put that many small files into a folder, without an event for each."""
    data = text.encode("utf-8")
    for number in range(count):
        state.folders.put(folder, name.replace("{n}", f"{number:06d}"), data, owner="partner")


def _folder_row(folder: Folder) -> dict[str, Any]:
    return {
        "id": folder.id,
        "path": folder.path,
        "files": len(folder.files),
        **{name: getattr(folder, name) for name in _FOLDER_FLAGS},
    }
