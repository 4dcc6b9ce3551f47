"""Several documents at once: those ticked in a list, or all of a filter. Shown first, then done with a reason."""

from collections.abc import Sequence

from starlette.responses import Response

from ml_connector.errors import ConnectorError
from ml_connector.flows import operator_actions
from ml_connector.ledger.search.queries import list_documents
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.operating import acting
from ml_connector.trying.replays import MOST as MOST_TRIED
from ml_connector.trying.replays import Replayed, try_replay
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked, Handler, PageError, not_there, to
from ml_connector.web.pages.acts import too_much, why_of
from ml_connector.web.pages.listing import filter_of

#: As many as a person can have looked at.
MOST = 200


def shown(asked: Asked) -> Response:
    """GET /several: what a replay would do with each, and what else can be done with them."""
    rows = _picked(asked)
    tried: dict[int, Replayed] = {}
    trouble: ConnectorError | None = None
    if asked.query("tried") == "1":
        try:
            tried = {one.row.id: one for one in try_replay(asked.deployment, [row.id for row in rows]).documents}
        except ConnectorError as error:
            trouble = error
    errands = asked.pages.errands
    under_way = [one for one in errands.recent() if one.documents & {row.id for row in rows}]
    return asked.page(
        "several.html",
        title=f"{len(rows)} documents",
        rows=[
            (row, plan, tried.get(row.id)) for row, plan in zip(rows, operator_actions.plan_replay(rows), strict=True)
        ],
        ids=",".join(str(row.id) for row in rows),
        most_tried=MOST_TRIED,
        tried=bool(tried),
        trouble=trouble,
        now=asked.deployment.clock.now(),
        errands=under_way[:1],
        refresh=2 if any(one.under_way for one in under_way) else 0,
    )


def _picked(asked: Asked) -> list[DocumentRow]:
    """Those that the address names, or that its filter finds."""
    named = asked.request.query_params.getlist("id") or asked.query("ids", 4_000).split(",")
    named = [one for one in named if one]
    if named:
        return _rows(asked, named)
    with asked.deployment.ledger.read() as tx:
        page = list_documents(tx, filter_of(asked), limit=MOST)
        found = documents.get_many(tx, [row.id for row in page.rows])
    if page.next_before is not None:
        raise PageError(400, "Too many", f"More than {MOST} documents fit. Narrow the list, or replay whole days.")
    return _allowed(asked, found)


def _rows(asked: Asked, named: Sequence[str]) -> list[DocumentRow]:
    if len(named) > MOST or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in named):
        raise PageError(400, "Not understood", f"Take at most {MOST} documents by their ids.")
    wanted = sorted({int(one) for one in named})
    with asked.deployment.ledger.read() as tx:
        found = documents.get_many(tx, wanted)
    if len(found) != len(wanted):
        raise not_there()
    return _allowed(asked, found)


def _allowed(asked: Asked, rows: list[DocumentRow]) -> list[DocumentRow]:
    for integration in sorted({row.integration for row in rows}):
        asked.needs(Role.CLERK, integration)
    if not rows:
        raise PageError(404, "No document fits", "Go back and take others.")
    return rows


def replay(asked: Asked) -> Response:
    """POST /several/replay."""
    rows, why = _sent(asked), why_of(asked)
    ids = [row.id for row in rows]
    work = {
        "kind": "replay",
        "ids": ids,
        "who": asked.person.actor,
        "why": why,
        "reference": asked.text("reference") == "1",
    }
    title = f"Replay of {len(rows)} documents"
    if not asked.pages.errands.begin(title, work, integration="", documents=ids, who=asked.person.name):
        raise too_much()
    return to("/several", ids=",".join(map(str, ids)))


def decision(name: str) -> Handler:
    """POST /several/NAME."""

    def decide(asked: Asked) -> Response:
        rows = _sent(asked)
        acted = acting.decide(asked.deployment, rows, name, who=asked.person.actor, why=why_of(asked))
        for one in acted:
            if not one.done:
                asked.tell(one.message)
        asked.tell(f"{sum(one.done for one in acted)} of {len(acted)}: {acting.DECISIONS[name].told}.")
        return to("/several", ids=",".join(str(row.id) for row in rows))

    return decide


def comment(asked: Asked) -> Response:
    """POST /several/comment."""
    rows = _sent(asked)
    acting.comment(asked.deployment, rows, why_of(asked), who=asked.person.actor)
    return to("/several", ids=",".join(str(row.id) for row in rows))


def _sent(asked: Asked) -> list[DocumentRow]:
    return _rows(asked, [one for one in asked.text("ids", 4_000).split(",") if one])
