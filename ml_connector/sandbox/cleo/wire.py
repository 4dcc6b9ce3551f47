"""Shared by the API's pages: the envelope of a call, collections, resources of folders and files."""

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.cleo.accounts import User
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.events import stamp
from ml_connector.sandbox.cleo.files import StoredFile
from ml_connector.sandbox.cleo.folders import Folder
from ml_connector.sandbox.cleo.state import CleoState

Handler = Callable[["Call"], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
FILE_ATTRIBUTES = frozenset({"id", "name", "size", "lastModified", "folder.id", "folder.path", "meta.resourceType"})
FOLDER_ATTRIBUTES = frozenset({"id", "name", "path", "meta.resourceType", "permissions.upload", "permissions.download"})


@dataclass(frozen=True)
class Call:
    """One authorized call."""

    request: Request
    state: CleoState
    user: User

    def parameter(self, name: str) -> str:
        return str(self.request.path_params[name])

    def folder(self, key: str) -> Folder:
        """The folder named in the path, by id or path. Raises ApiError 404, also for one the user may not see."""
        folder = self.state.folders.folder(key)
        if not self.user.sees(folder.path):
            raise ApiError(404, "Folder not found")
        return folder

    def file(self, file_id: str) -> tuple[Folder, StoredFile]:
        """The file named in the path and its folder. Raises ApiError 404."""
        file = self.state.folders.file(file_id)
        folder = self.state.folders.folder(file.folder_id)
        if not self.user.sees(folder.path):
            raise ApiError(404, "File not found")
        return folder, file


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Response(body, status, headers, "application/json")


def refusal(error: ApiError) -> Response:
    return reply({"errorCode": error.status, "message": error.message}, error.status, error.headers)


def endpoint(state: CleoState, template: str, handler: Handler, *, administrator: bool = False) -> Endpoint:
    """Wrap a page: token, privilege, limit of the path template, then the page, with refusals as JSON."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        user = state.accounts.authorize(request.headers.get("authorization"), request.scope.get("sandbox.accepted_at"))
        state.limiter.take(template, user.username)
        if administrator and not user.administrator:
            raise ApiError(403, "Administrator privileges are required")
        return await handler(Call(request, state, user))

    return answer


def paging(request: Request, state: CleoState) -> tuple[int, int]:
    """StartIndex (0-based, cleo 4) and count. Raises ApiError 400."""
    start = _number(request, "startIndex", 0)
    count = _number(request, "count", state.options.page_size)
    return start, min(count, state.options.max_page_size)


def collection(resources: Sequence[Any], *, total: int, start: int) -> dict[str, Any]:
    """The envelope of a page of resources (cleo 4)."""
    return {
        "totalResults": total,
        "startIndex": start,
        "count": len(resources),
        "resources": list(resources),
    }


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ApiError(400, f"{name} must be a number of 0 or more")
    return int(text)


def folder_resource(folder: Folder) -> dict[str, Any]:
    href = f"/api/folders/{folder.id}"
    return {
        "id": folder.id,
        "name": folder.name,
        "path": folder.path,
        "meta": {"resourceType": "folder"},
        "permissions": {"upload": folder.upload, "download": folder.download},
        "_links": {
            "self": {"href": href},
            "files": {"href": f"{href}/files"},
            "folders": {"href": f"{href}/folders"},
        },
    }


def folder_attribute(folder: Folder, name: str) -> Any:
    return {
        "id": folder.id,
        "name": folder.name,
        "path": folder.path,
        "meta.resourceType": "folder",
        "permissions.upload": folder.upload,
        "permissions.download": folder.download,
    }[name]


def file_resource(state: CleoState, folder: Folder, file: StoredFile) -> dict[str, Any]:
    href = f"/api/files/{file.id}"
    now = state.clock.now()
    return {
        "id": file.id,
        "name": file.name,
        "size": file.size(now) if file.listed_size is None else file.listed_size,
        "lastModified": stamp(file.last_modified(now)),
        "folder": {"id": folder.id, "path": folder.path},
        "meta": {"resourceType": "file"},
        "_links": {"self": {"href": href}, "content": {"href": f"{href}/content"}},
    }


def file_attribute(state: CleoState, folder: Folder, file: StoredFile, name: str) -> Any:
    if name == "name":
        return file.name
    now = state.clock.now()
    return {
        "id": file.id,
        "size": file.size(now),
        "lastModified": stamp(file.last_modified(now)),
        "folder.id": folder.id,
        "folder.path": folder.path,
        "meta.resourceType": "file",
    }[name]
