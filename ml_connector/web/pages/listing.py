"""Lists of documents with filters, and one box that finds by whatever somebody has in hand."""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from starlette.responses import Response

from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.ledger.names.naming import companies
from ml_connector.ledger.search.document_summary import DocumentSummary
from ml_connector.ledger.search.finding import found_otherwise
from ml_connector.ledger.search.queries import DocumentFilter, count_documents, list_documents, search
from ml_connector.ledger.work.states import STANDING, DocumentState
from ml_connector.operating.whose_move import whose_move
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked, PageError, link, not_there, to

PAGE = 50
E = TypeVar("E", bound=Enum)


def documents(asked: Asked) -> Response:
    """GET /documents: newest first, a page at a time."""
    wanted = filter_of(asked)
    before = asked.query("before")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise not_there()
    with asked.deployment.ledger.read() as tx:
        page = list_documents(tx, wanted, limit=PAGE, before=int(before) if before else None)
        total = count_documents(tx, wanted)
        named = companies(tx)
    given = {name: asked.query(name) for name in _GIVEN}
    return asked.page(
        "documents.html",
        title="Documents",
        now=asked.deployment.clock.now(),
        rows=[(row, whose_move(row), named.get(row.books, "")) for row in page.rows],
        total=total,
        next=link("/documents", **{**given, "before": page.next_before}) if page.next_before else "",
        given=given,
        several_of=link("/several", **given) if any(given.values()) else "",
        integrations=asked.person.sees(asked.pages.integrations),
        states=[state.value for state in DocumentState],
        kinds=[kind.value for kind in DocumentKind],
        may_act=asked.person.highest >= Role.CLERK,
        several=bool(named),
    )


_GIVEN = (
    *("integration", "flow", "state", "held", "reason", "kind", "partner", "number", "direction"),
    *("date", "from", "to"),
)


def filter_of(asked: Asked) -> DocumentFilter:
    """The filter that the address has."""
    held = asked.query("held") == "1"
    states = _one_of(DocumentState, asked.query("state"))
    flow, reason = asked.query("flow", 60), asked.query("reason", 60)
    day = _day(asked.query("date"))
    return DocumentFilter(
        integration=integration_of(asked, asked.query("integration", 80)),
        flows=(flow,) if flow else (),
        states=states or (STANDING if held else ()),
        kinds=_one_of(DocumentKind, asked.query("kind")),
        reasons=(reason,) if reason else (),
        direction=next(iter(_one_of(Direction, asked.query("direction"))), None),
        partner=asked.query("partner", 80) or None,
        partition_from=day or _day(asked.query("from")),
        partition_to=day or _day(asked.query("to")),
        text=asked.query("number", 120),
    )


def integration_of(asked: Asked, named: str) -> str | None:
    """The integration of a list: as named, if it may be seen; else all, or the first of those that may be seen."""
    if named:
        asked.needs(Role.VIEWER, named)
        return named
    if asked.person.may_everywhere(Role.VIEWER):
        return None
    mine = asked.person.sees(asked.pages.integrations)
    if not mine:
        raise PageError(403, "Nothing to see", "None of the integrations you may see is configured.")
    return mine[0]


def _one_of(kind: type[E], text: str) -> tuple[E, ...]:
    """The value that a text names; a text that names none finds nothing, not everything.

    Raises:
        PageError: there is no such value.
    """
    if not text:
        return ()
    try:
        return (kind(text),)
    except ValueError as error:
        raise PageError(400, "Not understood", "The address names a state or kind that there is not.") from error


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PageError(400, "Not understood", "Write days as YYYY-MM-DD.") from error


def find(asked: Asked) -> Response:
    """GET /find?q=: documents by number, partner, amount, control number, file name, outside id or id."""
    text = asked.query("q", 120)
    rows = _found(asked, text) if text else []
    if len(rows) == 1:
        return to(f"/documents/{rows[0].id}")
    with asked.deployment.ledger.read() as tx:
        named = companies(tx)
    return asked.page(
        "find.html",
        title="Find",
        now=asked.deployment.clock.now(),
        text=text,
        rows=[(row, whose_move(row), named.get(row.books, "")) for row in rows],
        several=bool(named),
        limit=PAGE,
    )


def _found(asked: Asked, text: str) -> Sequence[DocumentSummary]:
    """What may be seen of what fits; for somebody who sees some integrations, each of them is searched."""
    found: dict[int, Any] = {}
    with asked.deployment.ledger.read() as tx:
        if asked.person.may_everywhere(Role.VIEWER):
            rows = search(tx, text, limit=PAGE)
        else:
            rows = [
                row
                for name in asked.person.sees(asked.pages.integrations)
                for row in list_documents(tx, DocumentFilter(integration=name, text=text), limit=PAGE).rows
            ]
        for row in (*rows, *found_otherwise(tx, text, limit=PAGE)):
            if asked.person.may(Role.VIEWER, row.integration):
                found.setdefault(row.id, row)
    return [found[key] for key in sorted(found, reverse=True)][:PAGE]
