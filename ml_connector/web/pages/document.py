"""The page of one document: what it says, where it stands and why, what was decided, what happened, its chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from ml_connector.documents.json import load
from ml_connector.documents.kinds import Direction
from ml_connector.edi.tools.summary import summary
from ml_connector.errors import ConnectorError, NotPossibleError
from ml_connector.flows.posting.partially_posted import standing
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.names.naming import companies
from ml_connector.ledger.work import documents, events, operations
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import FINISHED
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating.acting import ASSIGNED
from ml_connector.operating.facts import original_bytes
from ml_connector.operating.tracing import chain_of
from ml_connector.operating.whose_move import whose_move
from ml_connector.trying.explain import Decided, decisions
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked, not_there
from ml_connector.web.frame.dagster_links import of_flow
from ml_connector.web.pages.reading import Reading, reading_of

#: Documents of a chain, and characters of a payload, that are shown.
CHAIN, PAYLOAD = 200, 200_000


def row_of(asked: Asked, role: Role = Role.VIEWER) -> DocumentRow:
    """The document that the address names.

    Raises:
        PageError: there is none, or this person may not see it or do that.
    """
    with asked.deployment.ledger.read() as tx:
        row = documents.get(tx, int(asked.request.path_params["document"]))
    if row is None:
        raise not_there()
    asked.needs(role, row.integration)
    return row


@dataclass(frozen=True)
class Write:
    """One write to an outside system. record: its address there, where the configuration tells how to find it."""

    operation: StoredOperation
    payload: str
    record: str


def document(asked: Asked) -> Response:
    """GET /documents/{document}."""
    # Before anything is looked at: what ends meanwhile has the page look again.
    errands = asked.pages.errands.of_document(int(asked.request.path_params["document"]))
    under_way = any(one.under_way for one in errands)
    row = row_of(asked)
    deployment = asked.deployment
    with deployment.ledger.read() as tx:
        file = files.get(tx, row.file_id) if row.file_id is not None else None
        writes = operations.of_documents(tx, [row.id])
        history = events.history(tx, row.id)
        chain = _chain(tx, asked, row)
        named = companies(tx)
    detail = row.reason_detail or {}
    decided, why_not = _decided(asked, row)
    return asked.page(
        "document.html",
        title=f"{row.kind.value.replace('_', ' ')} {row.number}",
        row=row,
        company=named.get(row.books, ""),
        now=deployment.clock.now(),
        move=whose_move(row),
        detail=detail,
        facts=flat(detail.get("data")),
        says=says(row),
        decided=by_place(decided),
        why_not_decided=why_not,
        work=pretty(row.work),
        source=pretty(row.source),
        file=file,
        reading=_reading(asked, row, file),
        writes=[Write(one, pretty(one.payload)[:PAYLOAD], _record(asked, row, one)) for one in writes],
        history=[(event, flat(event.data)) for event in history],
        chain=chain,
        errands=errands[:3],
        refresh=2 if under_way else 0,
        acts=acts_of(asked, row, writes),
        assigned=next((str(one.data.get("to", "")) for one in reversed(history) if one.action == ASSIGNED), ""),
        dagster=of_flow(asked.dagster, row.integration, row.flow, row.partition_date),
    )


def as_bytes(asked: Asked) -> Response:
    """GET /documents/{document}/bytes: those it came or left in, as they are, to be kept as a file."""
    row = row_of(asked)
    data = original_bytes(asked.deployment.ledger, row)
    name = f"document-{row.id}.bin"
    # Never shown by the browser: what a stranger sent must not become a page of ours.
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return Response(data, media_type="application/octet-stream", headers=headers)


def _chain(tx: Tx, asked: Asked, row: DocumentRow) -> list[Any]:
    """Everything of its order, or of itself; only what this person may see."""
    found = chain_of(tx, row).documents
    return [one for one in found if asked.person.may(Role.VIEWER, one.integration)][:CHAIN]


def _reading(asked: Asked, row: DocumentRow, file: FileRow | None) -> Reading | None:
    if file is None or file.pruned_at is not None:
        return None
    try:
        data = original_bytes(asked.deployment.ledger, row)
    except ConnectorError:
        return None
    return reading_of(asked.deployment, row, file, data)


def says(row: DocumentRow) -> Mapping[str, Any]:
    """The document in business terms; empty where retention took it away, or it was never readable."""
    try:
        return summary(load(row.kind, row.canonical)) if row.canonical.strip() else {}
    except (ConnectorError, msgspec.MsgspecError):
        return {}


def _decided(asked: Asked, row: DocumentRow) -> tuple[Sequence[Decided], str]:
    """What was decided and where it came from; or why that cannot be told now."""
    if not row.work or row.integration not in asked.pages.integrations:
        return [], ""
    try:
        made = asked.deployment.integration(row.integration)
        book = ReferenceBook(made.ledger, made.erp.connection, row.company)
        return decisions(made, book, row), ""
    except ConnectorError as error:
        return [], error.message
    except (msgspec.MsgspecError, LookupError, ValueError):
        # Of another version, or written over: the page has everything else of it.
        return [], "What the ledger keeps of it cannot be read."


def by_place(decided: Sequence[Decided]) -> list[tuple[str, list[Decided]]]:
    """Decisions by the line or charge they are about; those of the whole document first."""
    places: dict[str, list[Decided]] = {}
    for one in decided:
        if one[2]:
            places.setdefault(one[1], []).append(one)
    return sorted(places.items(), key=lambda place: place[0] != "")


def _record(asked: Asked, row: DocumentRow, one: StoredOperation) -> str:
    """Where a written record can be looked at in its own system."""
    templates = asked.deployment.loaded.settings.web.records.get(row.connection, {})
    template = templates.get(one.kind, "") if one.outside_id else ""
    return template.replace("{id}", quote(one.outside_id or "", safe="")) if template else ""


@dataclass(frozen=True)
class Act:
    """Something this person may do with the document now. name: its address; text: what it means."""

    name: str
    label: str
    text: str


def acts_of(asked: Asked, row: DocumentRow, writes: Sequence[StoredOperation]) -> list[Act]:
    """What can be done, and may be done by this person. The ledger has the last word when it is done."""
    if not asked.person.may(Role.CLERK, row.integration):
        return []
    found: list[Act] = []
    if row.state is S.UNKNOWN_OUTCOME and row.direction is Direction.OUT:
        found.append(Act("arrived", "It arrived", "The partner has it; you asked there."))
        found.append(Act("not-arrived", "It did not arrive", "The partner does not have it; it is sent again."))
    if row.state is S.QUARANTINED and any(one.state == "done" for one in writes) and _stands(asked, row):
        found.append(Act("as-it-stands", "Leave as it stands", "What the ERP has of it is all that it gets."))
    given_up = row.state in FINISHED - {S.DUPLICATE, S.OVERDUE, S.REFUSED} or row.state in {S.POSTING, S.SENDING}
    if not given_up and row.state is not S.UNKNOWN_OUTCOME:
        found.append(Act("discard", "Discard", "Give it up: it is never posted or sent. Its bytes and events stay."))
    return found


def _stands(asked: Asked, row: DocumentRow) -> bool:
    if row.integration not in asked.pages.integrations:
        return False
    try:
        integration = asked.deployment.integration(row.integration)
        with asked.deployment.ledger.read() as tx:
            return bool(standing(integration, tx, row))
    except (ConnectorError, NotPossibleError):
        return False


def flat(values: Any) -> list[tuple[str, str]]:
    """Small facts as names and texts."""
    if not isinstance(values, dict):
        return [("", str(values))] if values not in (None, "", [], {}) else []
    return [(str(key), _text(value)) for key, value in values.items() if value not in (None, "", [], {})]


def _text(value: Any) -> str:
    """Nested facts on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(one)}".replace("_", " ") for key, one in value.items())
    return "; ".join(map(_text, value)) if isinstance(value, list) else str(value)


def pretty(text: str | None) -> str:
    """JSON with a line for each value, fractions as they are written; other text as it is."""
    if not text:
        return ""
    try:
        return json.dumps(json.loads(text, parse_float=str), indent=2, ensure_ascii=False)
    except ValueError:
        return text
