"""The calls of the folder API, with every path, and the way files are sent, as the connection's settings say.

None of these calls is public (cleo 6): defaults are the sheet's proposal, and nothing here relies on more of an
answer than it needs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import RemoteFile, Written
from ml_connector.systems.cleo.names import filled, usable_id, whole_number
from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.transport.http import ApiClient
from ml_connector.transport.response_body import UnreadableReplyError, is_json, parse_json
from ml_connector.transport.responses import ApiResponse, Problem, explain
from ml_connector.transport.retries import retried
from ml_connector.transport.safe_names import clean_name

#: A folder tree is read at most so many pages wide.
MAX_FOLDER_PAGES = 100
#: Seconds that a read waits before it is made again; a longer wait that the server asks for is the caller's.
LONGEST_WAIT = 2.0
_GONE = (404, 410)


@dataclass(frozen=True)
class Folder:
    """A folder as the server describes it. upload, download: None when it does not say."""

    id: str
    name: str
    path: str = ""
    upload: bool | None = None
    download: bool | None = None
    children: str | None = None


@dataclass(frozen=True)
class CleoPage:
    """One page of a collection: raw resources, and where the next one starts (None: this was the last)."""

    resources: Sequence[Mapping[str, Any]]
    next_start: int | None
    total: int | None = None
    owner: Mapping[str, Any] = field(default_factory=dict)


class CleoClient:
    """Typed calls over `ApiClient`. `folder` arguments are already encoded for the path."""

    def __init__(self, api: ApiClient, settings: CleoConnection) -> None:
        self.api = api
        self.settings = settings
        self._paths = settings.paths

    # ------------------------------------------------------------------ reading

    def page(
        self, path: str, template: str, *, start: int, count: int, filter_: str = "", collection: bool = True
    ) -> CleoPage:
        """One page of a collection: 0-based, stops at `totalResults` or at an empty page (cleo 4).

        collection: something else is no empty folder but a wrong path. Raises TryAgain then.
        """
        params = {"startIndex": str(start), "count": str(count)}
        if filter_:
            params["filter"] = filter_
        data = self._read(path, template, params)
        body: Mapping[str, Any] = data if isinstance(data, dict) else {}
        found = data if isinstance(data, list) else body.get("resources")
        if collection and not isinstance(found, list):
            raise TryAgain(
                f"{self.api.name}: GET {template} was answered with JSON that is not a collection of resources.",
                after_seconds=60,
                remedy="Check the connection's paths.",
            )
        resources = found if isinstance(found, list) else []
        total = whole_number(body.get("totalResults"))
        if isinstance(data, list):
            total = len(data)
        reached = start + len(resources)
        more = bool(resources) and (total is None or reached < total)
        usable = [resource for resource in resources if isinstance(resource, dict)]
        return CleoPage(usable, reached if more else None, total, body)

    def _read(self, path: str, template: str, params: Mapping[str, str] | None = None) -> Any:
        """What a GET is answered with; made once more when the first got no usable answer.

        A look at a few folders is ten calls: without it, one in ten that fails would spoil most looks.
        """
        return retried(
            lambda: self.api.request("GET", path, template=template, params=params).data,
            clock=self.api.clock,
            attempts=2,
            longest_wait=LONGEST_WAIT,
        )

    def list_files(self, folder: str, *, start: int, count: int, filter_: str = "") -> CleoPage:
        """One page of a folder's files."""
        path = self._paths.files.replace("{folder}", folder)
        return self.page(path, self._paths.files, start=start, count=count, filter_=filter_)

    def root_folders(self) -> Iterator[Folder]:
        """The folders at the top that this account sees."""
        yield from self._folders(self._paths.root, self._paths.root)

    def folders_in(self, folder: Folder) -> Iterator[Folder]:
        """The folders in a folder: from its own resource, or by the link that it gives."""
        path = filled(self._paths.folder, folder=folder.id)
        first = self.page(path, self._paths.folder, start=0, count=self.settings.page_size, collection=False)
        if "resources" in first.owner or not first.owner:
            yield from self._folders(path, self._paths.folder, first)
            return
        link = folder.children or _link(first.owner, "folders")
        if link is not None and link.startswith("/"):
            yield from self._folders(link, f"{self._paths.folder}/folders")

    def folder(self, key: str) -> Folder | None:
        """A folder by its encoded id or path; None when the server does not describe it by itself."""
        path = self._paths.folder.replace("{folder}", key)
        data = self._read(path, self._paths.folder)
        return folder_of(data) if isinstance(data, dict) else None

    def _folders(self, path: str, template: str, first: CleoPage | None = None) -> Iterator[Folder]:
        page = first or self.page(path, template, start=0, count=self.settings.page_size)
        for _ in range(MAX_FOLDER_PAGES):
            for resource in page.resources:
                if (folder := folder_of(resource)) is not None:
                    yield folder
            if page.next_start is None:
                return
            page = self.page(path, template, start=page.next_start, count=self.settings.page_size)

    def download(self, file_id: str, max_bytes: int) -> Iterator[bytes]:
        """A file's bytes in chunks. Raises RefusedBySystem with status 404 in its data when it is not there."""
        path = filled(self._paths.content, file=file_id)
        yield from self.api.download(
            path,
            template=self._paths.content,
            headers={"Accept": "application/octet-stream, */*"},
            max_bytes=max_bytes,
        )

    # ------------------------------------------------------------------ writing

    def upload(self, folder: str, name: str, data: bytes) -> Written:
        """Store one file.

        Raises:
            OutcomeUnknown: the answer was lost or says nothing usable. RefusedBySystem: refused, not stored.
        """
        path = self._paths.upload.replace("{folder}", folder)
        body, headers, params = self._body(name, data)
        answer = self.api.request(
            "POST",
            path,
            template=self._paths.upload,
            params=params,
            headers=headers,
            write=True,
            accept=(200, 201, 202, 204),
            expect="any",
            **body,
        )
        resource = _object(answer)
        if resource is None and answer.status == 200:
            raise OutcomeUnknown(
                f"{self.api.name}: the upload was answered with 200 and something that is not a file resource.",
                remedy="Check base_url and paths.upload; the folder is looked at before anything is sent again.",
            )
        found = usable_id((resource or {}).get("id")) or _last_part(answer.headers.get("location", ""))
        return Written(found or name[:200], {"name": name, "size": len(data)})

    def _body(self, name: str, data: bytes) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """The request's body, headers and query, by `upload_mode`, `upload_part` and `upload_name`."""
        settings = self.settings
        if settings.upload_mode == "multipart":
            part = (name, data, "application/octet-stream")
            return {"files": {settings.upload_part: part}}, {}, {}
        headers = {"Content-Type": "application/octet-stream"}
        if settings.upload_name == "query":
            return {"data": data}, headers, {settings.upload_name_key: name}
        return {"data": data}, {**headers, settings.upload_name_key: quote(name, safe=" !#$&+,;=@()'-._~")}, {}

    def delete(self, file_id: str) -> bool:
        """Take a file away; False when the server says that it has none of that id."""
        path = filled(self._paths.delete, file=file_id)
        answer = self.api.request(
            "DELETE", path, template=self._paths.delete, accept=(200, 202, 204, *_GONE), expect="any"
        )
        return answer.status not in _GONE

    def move(self, file_id: str, name: str, folder_id: str | None) -> bool:
        """Rename a file, and move it when a folder is given; False when there is none of that id.

        Raises:
            RefusedBySystem: the name is taken (status 409 in its data) or the server does not allow it.
        """
        path = filled(self._paths.move, file=file_id)
        fields = {"name": name} if folder_id is None else {"name": name, "folder": folder_id}
        answer = self.api.request(
            "PUT",
            path,
            template=self._paths.move,
            json_text=json.dumps(fields),
            accept=(200, 201, 204, *_GONE),
            expect="any",
        )
        return answer.status not in _GONE


def explain_cleo(problem: Problem) -> ConnectorError:
    """What a status means here: a forbidden upload concerns one folder or file name, not the whole account."""
    if problem.status == 403 and problem.write:
        return RefusedBySystem(
            f"{problem.call} was answered with {problem.said}.",
            remedy="The account may not upload to this folder, or the mailbox does not accept files of this name.",
            data={"status": problem.status, "messages": list(problem.lines)},
        )
    return explain(problem)


def folder_of(resource: Mapping[str, Any]) -> Folder | None:
    """A folder resource; None when it has no usable identity."""
    identity = usable_id(resource.get("id"))
    if identity is None:
        return None
    permissions = resource.get("permissions")
    allowed = permissions if isinstance(permissions, dict) else {}
    return Folder(
        id=identity,
        name=clean_name(resource.get("name") or resource.get("alias")),
        path=clean_name(resource.get("path")),
        upload=_flag(allowed.get("upload")),
        download=_flag(allowed.get("download")),
        children=_link(resource, "folders"),
    )


def file_of(resource: Mapping[str, Any]) -> RemoteFile | None:
    """A file resource; None when it has no usable identity."""
    identity = usable_id(resource.get("id"))
    if identity is None:
        return None
    return RemoteFile(
        remote_id=identity,
        name=clean_name(resource.get("name")),
        size=whole_number(resource.get("size")) or 0,
        modified=clean_name(resource.get("lastModified"))[:40],
    )


def is_missing(error: RefusedBySystem) -> bool:
    """Whether a refusal says that the thing is not there."""
    return error.data.get("status") in _GONE


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _link(resource: Mapping[str, Any], name: str) -> str | None:
    links = resource.get("_links")
    link = links.get(name) if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else None
    return href if isinstance(href, str) else None


def _object(answer: ApiResponse) -> Mapping[str, Any] | None:
    if not is_json(answer.headers.get("content-type", "")):
        return None
    try:
        value = parse_json(answer.content)
    except UnreadableReplyError:
        return None
    return value if isinstance(value, dict) else None


def _last_part(location: str) -> str | None:
    return usable_id(location.rstrip("/").rpartition("/")[2])
