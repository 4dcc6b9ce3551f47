"""HTTP answers in Exact's manner."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.exact.wire.wire import Row, to_json

_JSON = "application/json;charset=utf-8"


def json_answer(body: Row, headers: Mapping[str, str], status: int = 200) -> Response:
    return Response(to_json(body), status_code=status, headers={**headers, "Content-Type": _JSON})


def failure(error: ApiError, language: str, headers: Mapping[str, str]) -> Response:
    """The JSON error shape, in the user's language; unknown paths answer with a page."""
    extra = dict(headers)
    if error.reason is not None:
        extra["Reason"] = error.reason
    text = error.text(language)
    if text is None:
        page = f"<html><body><h1>{error.status}</h1></body></html>".encode()
        return Response(page, status_code=error.status, headers={**extra, "Content-Type": "text/html"})
    body: Row = {"error": {"code": "", "message": {"lang": "", "value": text}}}
    return json_answer(body, extra, error.status)


def accepts_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "").lower()


def refuses_atom(request: Request) -> bool:
    """Whether Accept names neither JSON nor Atom nor anything: application/xml is refused (exact-online 4.1)."""
    accept = request.headers.get("accept", "*/*").lower()
    return not any(kind in accept for kind in ("application/json", "application/atom+xml", "*/*"))
