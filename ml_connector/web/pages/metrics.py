"""`/healthz`, `/readyz` and `/metrics`: for machines that look after the pages. Figures are the ledger's own."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ml_connector.errors import ConnectorError
from ml_connector.ledger.coordination import alerts, leases
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.figures import oldest_waiting, seconds_to_post, windows
from ml_connector.ledger.work import tallies
from ml_connector.web.access.doors import Entered, is_loopback
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Pages

#: What Prometheus reads.
_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Posted documents whose time from seen to posted is told.
LATELY = timedelta(hours=1)

Sample = tuple[Mapping[str, str], float | int]


class Monitoring:
    """The three of them. Metrics name integrations and partners' states, so they are for this machine, for the proxy,
    and for people who are in; health tells nothing and is for everybody.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def healthz(self, _request: Request) -> Response:
        """GET /healthz: this process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _request: Request) -> Response:
        """GET /readyz: the ledger answers too."""
        try:
            await run_in_threadpool(self._ask)
        except (ConnectorError, SQLAlchemyError):
            return JSONResponse({"status": "the ledger does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    def _ask(self) -> None:
        with self._pages.deployment.ledger.read() as tx:
            tx.execute(sa.select(1))

    async def metrics(self, request: Request) -> Response:
        """GET /metrics."""
        if not self._may_read(request):
            return PlainTextResponse("Not allowed.", 403)
        try:
            return PlainTextResponse(await run_in_threadpool(self._text), media_type=_TYPE)
        except (ConnectorError, SQLAlchemyError):
            return PlainTextResponse("The ledger does not answer.", 503)

    def _may_read(self, request: Request) -> bool:
        """What watches from this machine, and people who may see everything. Through a proxy everybody looks local."""
        entered = self._pages.doors.enter(request)
        if isinstance(entered, Entered):
            return entered.person.may_everywhere(Role.VIEWER)
        peer = request.client.host if request.client else ""
        forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
        return is_loopback(peer) and not forwarded and not self._pages.doors.is_proxy(peer)

    def _text(self) -> str:
        with self._pages.deployment.ledger.read() as tx:
            return "".join(_lines(tx))


def _lines(tx: Tx) -> Iterable[str]:
    names = ("integration", "flow", "kind", "direction", "state", "reason")
    documents = tallies.of_documents(tx)
    yield from _family(
        "ml_connector_documents",
        "Documents in the ledger by where they stand.",
        [({name: str(getattr(sort, name) or "") for name in names}, count) for sort, count in documents.items()],
    )
    yield from _family(
        "ml_connector_files",
        "Files in the ledger by state.",
        [
            ({"integration": sort.integration, "direction": sort.direction, "state": sort.state}, count)
            for sort, count in tallies.of_files(tx).items()
        ],
    )
    yield from _family(
        "ml_connector_oldest_waiting_seconds",
        "Age of what has waited longest for somebody, by state.",
        [({"state": state}, seconds) for state, seconds in oldest_waiting(tx).items()],
    )
    total, count = seconds_to_post(tx, LATELY)
    yield from _family("ml_connector_seen_to_posted_seconds_sum", "Of what was posted in the last hour.", [({}, total)])
    yield from _family("ml_connector_seen_to_posted_seconds_count", "How many those are.", [({}, count)])
    limits = windows(tx)
    yield from _family(
        "ml_connector_calls_left",
        "Calls left until a limit begins anew.",
        [({"limit": n}, w.remaining) for n, w in limits],
    )
    yield from _family(
        "ml_connector_calls_allowed", "Calls that a limit allows.", [({"limit": n}, w.limit) for n, w in limits]
    )
    yield from _family("ml_connector_leases", "Leases that are held now.", [({}, len(leases.held(tx)))])
    yield from _family("ml_connector_alerts_open", "Open alerts.", [({}, len(alerts.open_alerts(tx)))])


def _family(name: str, told: str, samples: Iterable[Sample]) -> Iterable[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n"


def _escaped(text: Any) -> str:
    """A label's value as Prometheus wants it."""
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
