"""Routes of the control port for TrueCommerce: /truecommerce/... and /state/truecommerce."""

import base64
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.cleo.control import refusing
from ml_connector.sandbox.cleo.files import Content, Filler, Growth
from ml_connector.sandbox.sftp.tree import Link

if TYPE_CHECKING:
    from ml_connector.sandbox.truecommerce.service import TrueCommerce


def routes(service: "TrueCommerce") -> list[Route]:
    """The routes, over this service."""
    control = TrueCommerceControl(service)
    return [
        Route("/state/truecommerce", refusing(control.show)),
        Route("/truecommerce/files", refusing(control.files), methods=["GET", "POST"]),
        Route("/truecommerce/fill", refusing(control.fill), methods=["POST"]),
        Route("/truecommerce/links", refusing(control.links), methods=["POST"]),
        Route("/truecommerce/folders", refusing(control.folders), methods=["POST"]),
        Route("/truecommerce/imported", refusing(control.imported)),
        Route("/truecommerce/export-again", refusing(control.export_again), methods=["POST"]),
        Route("/truecommerce/options", refusing(control.options), methods=["POST"]),
        Route("/truecommerce/manager", refusing(control.manager), methods=["POST"]),
        Route("/truecommerce/host-key", refusing(control.host_key), methods=["POST"]),
        Route("/truecommerce/cut", refusing(control.cut), methods=["POST"]),
        Route("/truecommerce/suppliers", refusing(control.suppliers), methods=["POST"]),
        Route("/truecommerce/flush", refusing(control.flush), methods=["POST"]),
        Route("/truecommerce/reset", refusing(control.reset), methods=["POST"]),
    ]


class TrueCommerceControl:
    """What tests and the demo tell the stand-in and ask of it."""

    def __init__(self, service: "TrueCommerce") -> None:
        self._service = service

    async def show(self, _request: Request) -> Response:
        """Counts of everything."""
        state = self._service.state
        paths = {"export_path": state.export_path, "import_path": state.import_path}
        return JSONResponse({**self._service.manager.summary(), **paths, "fingerprint": state.fingerprint})

    async def files(self, request: Request) -> Response:
        """GET ?folder=: names, sizes. POST {"name", "text" | "base64" | "size", "folder", "growth", "listed_size"}."""
        state = self._service.state
        if request.method == "GET":
            folder = request.query_params.get("folder", state.export_path)
            now = state.clock.now()
            found = [{"name": name, "size": file.size(now)} for name, file in state.tree.files(folder)]
            return JSONResponse(found)
        body = await request.json()
        growth = body.get("growth")
        file = state.deliver(
            body["name"],
            _content(body),
            growth=Growth(**growth) if growth else None,
            listed_size=body.get("listed_size"),
            folder=body.get("folder", ""),
        )
        return JSONResponse({"name": body["name"], "size": file.whole_size}, 201)

    async def fill(self, request: Request) -> Response:
        """Many files in Export at once: {"count", "name": "x_{n}.edi", "text"}."""
        body = await request.json()
        count, name, text = int(body["count"]), body.get("name", "file_{n}.edi"), body.get("text", "x")
        self._service.fill(count, name, text.encode())
        return JSONResponse({"count": count}, 201)

    async def links(self, request: Request) -> Response:
        """A symbolic link in Export: {"name", "target"}."""
        body = await request.json()
        state = self._service.state
        link = Link(str(body["target"]), state.clock.now())
        state.tree.folder(state.export_path).entries[str(body["name"])] = link
        return JSONResponse({"name": body["name"]}, 201)

    async def folders(self, request: Request) -> Response:
        """Make a folder, or change it: {"path", "readable", "writable", "endless"}."""
        body = await request.json()
        folder = self._service.state.tree.make(body.pop("path"))
        for name, value in body.items():
            _set(folder, name, value, ("readable", "writable", "endless"))
        return JSONResponse({})

    async def imported(self, _request: Request) -> Response:
        """Files that were taken from Import."""
        return JSONResponse([one.as_row() for one in self._service.manager.imported])

    async def export_again(self, request: Request) -> Response:
        """A person exports a document once more: {"name", "under"}."""
        body = await request.json()
        return JSONResponse({"name": self._service.manager.export_again(body["name"], under=body.get("under", ""))})

    async def options(self, request: Request) -> Response:
        """Settings of the server, those of `ServerOptions` that can be changed."""
        known = ("rename", "remove", "write", "login", "quota", "max_sessions", "purge_days")
        for name, value in (await request.json()).items():
            _set(self._service.state.options, name, value, known)
        return JSONResponse({name: getattr(self._service.state.options, name) for name in known})

    async def manager(self, request: Request) -> Response:
        """Settings of Transaction Manager, those of `ManagerOptions`."""
        options = self._service.manager.options
        for name, value in (await request.json()).items():
            _set(options, name, value, tuple(options.__dict__))
        return JSONResponse(options.__dict__)

    async def host_key(self, _request: Request) -> Response:
        """Another host key from now on, as if another server answered."""
        return JSONResponse({"fingerprint": self._service.state.change_host_key()})

    async def cut(self, _request: Request) -> Response:
        """Cut every connection now."""
        return JSONResponse({"cut": self._service.cut_all()})

    async def suppliers(self, _request: Request) -> Response:
        """Make the partners suppliers of the company in Exact."""
        return JSONResponse({"added": self._service.add_suppliers()})

    async def flush(self, _request: Request) -> Response:
        """Do everything that waits, now."""
        self._service.manager.flush()
        return JSONResponse(self._service.manager.summary())

    async def reset(self, _request: Request) -> Response:
        """Take away files and what was remembered of them."""
        self._service.reset()
        return JSONResponse({})


def _set(target: object, name: str, value: Any, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{name} is not a setting; they are {', '.join(known)}")
    setattr(target, name, tuple(value) if isinstance(value, list) else value)


def _content(body: dict[str, Any]) -> bytes | Content:
    """`base64`, or `text`, or `size` bytes of filling behind `text`."""
    if "base64" in body:
        return base64.b64decode(body["base64"], validate=True)
    text = str(body.get("text", "")).encode()
    return Filler(int(body["size"]), text) if "size" in body else text
