"""Folders and files over HTTP (cleo 6: the proposed default paths)."""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.files import StoredFile
from ml_connector.sandbox.cleo.filters import Filter, parse_filter
from ml_connector.sandbox.cleo.folders import Folder
from ml_connector.sandbox.cleo.wire import (
    FILE_ATTRIBUTES,
    FOLDER_ATTRIBUTES,
    Call,
    collection,
    file_attribute,
    file_resource,
    folder_attribute,
    folder_resource,
    paging,
    reply,
)

#: Where raw uploads may carry the file's name (cleo 6: header or query).
NAME_HEADERS = ("x-file-name", "x-filename", "slug")
NAME_QUERIES = ("name", "fileName", "filename")
MAX_NAME = 255
_UNPRINTABLE = re.compile(r"[^ !#-\[\]-~]")


async def list_root(call: Call) -> Response:
    """GET /api/folders: the folders at the top that the user sees."""
    return reply(_children(call, call.state.folders.root))


async def get_folder(call: Call) -> Response:
    """GET /api/folders/{folder}: the folder, with the collection of its children in it."""
    folder = call.folder(call.parameter("folder"))
    return reply({**folder_resource(folder), **_children(call, folder)})


async def list_folders(call: Call) -> Response:
    """GET /api/folders/{folder}/folders: the children alone."""
    return reply(_children(call, call.folder(call.parameter("folder"))))


def _children(call: Call, parent: Folder) -> dict[str, Any]:
    start, count = paging(call.request, call.state)
    wanted = parse_filter(call.request.query_params.get("filter"), FOLDER_ATTRIBUTES)
    found = [
        folder
        for folder in parent.children.values()
        if call.user.sees(folder.path) and (wanted is None or wanted.matches(_folder_getter(folder)))
    ]
    page = [folder_resource(folder) for folder in found[start : start + count]]
    return collection(page, total=len(found), start=start)


def _folder_getter(folder: Folder) -> Any:
    return lambda name: folder_attribute(folder, name)


async def list_files(call: Call) -> Response:
    """GET /api/folders/{folder}/files. A file that grows by polls grows a step each time it is listed."""
    state = call.state
    folder = call.folder(call.parameter("folder"))
    if not folder.download and not (folder.upload and state.options.list_upload_folders):
        raise ApiError(403, "You do not have permission to list this folder")
    start, count = paging(call.request, state)
    wanted = parse_filter(call.request.query_params.get("filter"), FILE_ATTRIBUTES)
    page, total = _page(call, folder, wanted, start, count)
    resources = [file_resource(state, folder, file) for file in page]
    now = state.clock.now()
    for file in page:
        file.listed(now)
    return reply(collection(resources, total=total, start=start))


def _page(call: Call, folder: Folder, wanted: Filter | None, start: int, count: int) -> tuple[list[StoredFile], int]:
    """One page of files and how many there are. Without a filter it costs the page, not the folder."""
    order = _order(call)
    if wanted is None and order in {"oldest_first", "newest_first"}:
        cut = folder.files.slice if order == "oldest_first" else folder.files.newest
        return cut(start, count), len(folder.files)
    found = list(folder.files)
    if wanted is not None:
        named = wanted.equal.get("name")
        candidates = folder.files.named(named) if isinstance(named, str) else found
        found = [
            file
            for file in candidates
            if wanted.matches(lambda name, file=file: file_attribute(call.state, folder, file, name))  # type: ignore[misc]
        ]
    if order == "newest_first":
        found.reverse()
    elif order != "oldest_first":
        now = call.state.clock.now()
        keys = {"name": lambda f: f.name, "size": lambda f: f.size(now), "lastModified": lambda f: f.last_modified(now)}
        attribute, _, direction = order.partition(" ")
        found.sort(key=keys[attribute], reverse=direction == "descending")
    return found[start : start + count], len(found)


def _order(call: Call) -> str:
    """SortBy and sortOrder of the query, else the setting."""
    attribute = call.request.query_params.get("sortBy")
    if not attribute:
        return call.state.options.order
    if attribute not in {"name", "size", "lastModified"}:
        raise ApiError(400, f"Invalid sortBy attribute: {attribute[:40]}")
    direction = call.request.query_params.get("sortOrder", "ascending")
    if direction not in {"ascending", "descending"}:
        raise ApiError(400, "sortOrder must be ascending or descending")
    return f"{attribute} {direction}"


async def upload(call: Call) -> Response:
    """POST /api/folders/{folder}/files: multipart part `file`, or the raw body with the name beside it."""
    folder = call.folder(call.parameter("folder"))
    if not folder.upload:
        raise ApiError(403, "You do not have permission to upload to this folder")
    name, data = await _received(call.request, call.state.options.max_upload_bytes)
    _check_name(folder, name)
    file = call.state.upload(folder, name, data, call.user.username)
    return reply(file_resource(call.state, folder, file), 201, {"Location": f"/api/files/{file.id}"})


async def _received(request: Request, limit: int) -> tuple[str, bytes]:
    """Name and bytes of an upload. Raises ApiError 400, 413 or 415."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit:
        raise ApiError(413, "The file is too large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request, limit)
    if kind not in {"application/octet-stream", "application/edi-x12", "text/plain", "application/xml"}:
        raise ApiError(415, "Content-Type must be multipart/form-data or application/octet-stream")
    # A header holds ASCII only: names come percent-encoded in it.
    headers = (unquote(request.headers.get(header, "")) for header in NAME_HEADERS)
    queries = (request.query_params.get(query) for query in NAME_QUERIES)
    name = next((value for value in (*headers, *queries) if value), "")
    return name, await _body(request, limit)


async def _body(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise ApiError(413, "The file is too large")
        parts.append(part)
    return b"".join(parts)


async def _multipart(request: Request, limit: int) -> tuple[str, bytes]:
    try:
        async with request.form(max_files=4, max_fields=20) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise ApiError(400, "The multipart part 'file' is missing")
            data = await part.read(limit + 1)
            name = part.filename or ""
    except MultiPartException as error:
        raise ApiError(400, "The multipart body cannot be read") from error
    if len(data) > limit:
        raise ApiError(413, "The file is too large")
    return name, data


def _check_name(folder: Folder, name: str) -> None:
    if not name or len(name) > MAX_NAME:
        raise ApiError(400, "A file name of 1 to 255 characters is required")
    if name in {".", ".."} or any(char in '/\\:*?"<>|' or ord(char) < 32 for char in name):
        raise ApiError(400, "The file name holds a character that is not allowed")
    if not folder.accepts(name):
        raise ApiError(403, "The mailbox does not accept files of that name")


async def get_file(call: Call) -> Response:
    """GET /api/files/{file}: the resource."""
    folder, file = call.file(call.parameter("file"))
    return reply(file_resource(call.state, folder, file))


async def download(call: Call) -> Response:
    """GET /api/files/{file}/content: the bytes that are there now, with the name in Content-Disposition."""
    folder, file = call.file(call.parameter("file"))
    if not folder.download:
        raise ApiError(403, "You do not have permission to download from this folder")
    now = call.state.clock.now()
    headers = {
        "Content-Disposition": disposition(file.name),
        "Content-Length": str(file.size(now)),
    }
    call.state.note("file.downloaded", call.user.username, folder, file)
    if file.size(now) <= 1_000_000:
        return Response(file.data(now), 200, headers, "application/octet-stream")
    return StreamingResponse(file.chunks(now), 200, headers, "application/octet-stream")


def disposition(name: str) -> str:
    """A Content-Disposition value: a harmless plain name, and the true one in UTF-8 (RFC 6266)."""
    plain = _UNPRINTABLE.sub("_", name)
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


async def delete(call: Call) -> Response:
    """DELETE /api/files/{file}: 204 without a body."""
    folder, file = call.file(call.parameter("file"))
    if not folder.delete:
        raise ApiError(403, "You do not have permission to delete from this folder")
    call.state.folders.remove(file)
    call.state.note("file.deleted", call.user.username, folder, file)
    return Response(status_code=204)


async def move(call: Call) -> Response:
    """PUT or POST /api/files/{file}/move with {name, folder}: a name that is taken is refused (cleo 6)."""
    folder, file = call.file(call.parameter("file"))
    if not folder.rename:
        raise ApiError(403, "You do not have permission to rename or move files of this folder")
    body = await json_object(call.request)
    name = body.get("name") or file.name
    if not isinstance(name, str):
        raise ApiError(400, "name must be text")
    target = call.folder(_folder_key(body.get("folder"), folder))
    _check_name(target, name)
    call.state.move(target, file, name, call.user.username)
    return reply(file_resource(call.state, target, file))


def _folder_key(value: Any, default: Folder) -> str:
    """The target folder: its id, its path, or an object with id, path or href."""
    if isinstance(value, dict):
        value = value.get("id") or value.get("path") or value.get("href")
    if value is None:
        return default.id
    if not isinstance(value, str):
        raise ApiError(400, "folder must be an id, a path or a link")
    return value.removeprefix("/api/folders/")


async def json_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Raises ApiError 400."""
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "The body is not JSON") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object")
    return body
