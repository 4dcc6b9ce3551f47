"""How its answers look: pages, results, exceptions (avidxchange 3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.avidxchange.options import AvidOptions

_encode = msgspec.json.Encoder(decimal_format="number").encode


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, amounts as exact numbers."""
    return Response(_encode(value), status, dict(headers or {}), media_type="application/json")


def refused(status: int, reason: str, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    return answer({"exception": {"reason": reason, "detail": detail}}, status, headers)


def page(request: Request, rows: Sequence[Any], options: AvidOptions) -> Response:
    """One page of a list, with the way to the next."""
    size = min(int(request.query_params.get("pageSize", options.page_size)), options.page_size)
    number = int(request.query_params.get("pageNumber", "1"))
    pages = max(1, -(-len(rows) // size))
    shown: Any = list(rows[(number - 1) * size : number * size])
    if options.one_as_object and len(shown) == 1:
        shown = shown[0]
    if options.paging == "none":
        return answer({"Items": list(rows) if len(rows) != 1 or not options.one_as_object else rows[0]})
    paging: dict[str, Any] = {
        "PageNumber": number,
        "PageSize": size,
        "PageCount": pages,
        "TotalItems": len(rows),
    }
    if options.paging == "links":
        query = {**request.query_params, "pageNumber": str(number + 1)}
        links = [{"Rel": "next", "Href": f"{request.url.path}?{urlencode(query)}"}] if number < pages else []
        paging["Links"] = [{"Rel": "first", "Href": request.url.path}, *links]
    return answer({"Items": shown, "Paging": paging})


def results(options: AvidOptions, *items: tuple[bool, Any]) -> Response:
    """What became of a write: HTTP 200, whatever it is."""
    made = [
        {
            "Successful": str(taken).lower() if options.words else taken,
            "Errors": [] if taken else [{"Message": one}],
            "Item": one if taken else None,
        }
        for taken, one in items
    ]
    return answer({"Results": made[0] if options.one_as_object and len(made) == 1 else made})
