"""The app of the pages: routes, safe headers, the style sheet."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ml_connector.operating.acting import DECISIONS
from ml_connector.web.access.doors import COOKIE, Entered
from ml_connector.web.app import Guard
from ml_connector.web.connections import Bounds
from ml_connector.web.frame.asking import Asked, Handler, PageError, Pages, endpoint, error_page, not_there, to
from ml_connector.web.pages import acts, connections, days, document, home, listing, manual, partners, several
from ml_connector.web.pages.login import Login
from ml_connector.web.pages.metrics import Monitoring


class IdConvertor(IntegerConvertor):
    """The id of a document in an address: no longer than one can be."""

    regex = "[0-9]{1,18}"


register_url_convertor("id", IdConvertor())

STATIC = Path(__file__).parent / "static"
#: Everything comes from here, nothing runs that stands in a page, nobody shows a page inside another.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": POLICY,
}


def create_pages(pages: Pages, *, bounds: Bounds | None = None) -> Starlette:
    """The pages over a deployment."""

    def get(path: str, handler: Handler) -> Route:
        return Route(path, endpoint(pages, handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(path, endpoint(pages, handler), methods=["POST"])

    login, monitoring = Login(pages), Monitoring(pages)
    one = "/documents/{document:id}"
    routes = [
        get("/", home.home),
        get("/documents", listing.documents),
        get("/find", listing.find),
        get(one, document.document),
        get(f"{one}/bytes", document.as_bytes),
        get(f"{one}/replay", acts.replay_shown),
        post(f"{one}/replay", acts.replay),
        post(f"{one}/reference", acts.read_reference),
        post(f"{one}/comment", acts.comment),
        get("/connections", connections.connections),
        get("/connections/{name}", connections.connection),
        post("/connections/{name}/check", connections.check),
        post("/connections/{name}/secret", connections.store_secret),
        post("/connections/{name}/authorize", connections.authorize),
        get("/partners", partners.partners),
        get("/partners/{integration}/{partner}", partners.partner),
        get("/try", partners.tried),
        Route("/try", endpoint(pages, partners.tried, uploads=True), methods=["POST"]),
        get("/days", days.days),
        get("/days/{integration}/{day}", days.day),
        post("/days/{integration}/{day}/replay", days.replay),
        post(f"{one}/take", acts.take),
        get(manual.ROOT, manual.index),
        get(f"{manual.ROOT}/{{name:path}}", manual.page),
        get("/several", several.shown),
        post("/several/replay", several.replay),
        post("/several/comment", several.comment),
        post("/several/discard", several.decision("discard")),
        Route("/login", login.show, methods=["GET"]),
        Route("/login", login.enter, methods=["POST"]),
        Route("/logout", endpoint(pages, logout), methods=["POST"]),
        Route("/healthz", monitoring.healthz, methods=["GET"]),
        Route("/readyz", monitoring.readyz, methods=["GET"]),
        Route("/metrics", monitoring.metrics, methods=["GET"]),
        Route("/static/{name}", static, methods=["GET"]),
    ]
    routes += [post(f"{one}/{name}", acts.decision(name)) for name in DECISIONS]

    async def missing(request: Request, _error: Exception) -> Response:
        entered = pages.doors.enter(request)
        return error_page(pages, not_there(), entered if isinstance(entered, Entered) else None)

    async def wrong_way(_request: Request, _error: Exception) -> Response:
        return error_page(pages, PageError(405, "Not possible here", "Use the forms of these pages."))

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, bounds=bounds or Bounds(), headers=HEADERS)],
        exception_handlers={404: missing, 405: wrong_way},
    )
    app.state.pages = pages
    return app


def logout(asked: Asked) -> Response:
    """POST /logout."""
    asked.pages.doors.sessions.end(asked.request.cookies.get(COOKIE, ""))
    return to("/login" if asked.session.logged_in else "/")


_KINDS = {"style.css": "text/css", "script.js": "text/javascript", "icon.svg": "image/svg+xml"}


async def static(request: Request) -> Response:
    """GET /static/...: the files that there are, and no others."""
    name = str(request.path_params["name"])
    if name not in _KINDS:
        return Response(status_code=404)
    return FileResponse(STATIC / name, media_type=_KINDS[name], headers={"Cache-Control": "max-age=3600"})
