"""What a try tells, as models: the JSON of `try --json` and its schema in docs/schemas are made of these."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from ml_connector.documents.common import Direction
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.posting.postings import operation_key
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.trying.explain import Decided, decisions

#: What stands in payloads for the key of a write: a run gives each its own.
NO_KEY = "mlc-" + "0" * 20
#: These ask for a person or for data.
_WRONG = frozenset({S.QUARANTINED, S.REJECTED, S.UNKNOWN_OUTCOME, S.REFUSED})


class Told(BaseModel):
    """A value of the result; nothing beside what stands here is in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(Told):
    """Why a document would not go on, and what a person does about it."""

    code: str
    message: str = ""
    remedy: str = Field(default="", serialization_alias="mend", description="The remedy, in an accountant's words")
    data: dict[str, Any] = Field(default_factory=dict)


class Write(Told):
    """A write that would be made at the ERP or the network."""

    kind: str = Field(description="purchase_invoice, goods_receipt, upload ...")
    target: str = Field(description="Company and entity, or folder and file name")
    payload: str = Field(description="Exactly the text that would be sent, JSON or a file; keys stand as mlc-000...")
    done: bool = Field(description="Whether a run would have come to it; false: planned behind one that stops")


class TriedDecision(Told):
    """One value that was decided, and where it came from (docs/coding.md)."""

    what: str = Field(
        description="order_line, gl_account, a dimension (cost_center ...), vat_code, tax, mode, quantity ..."
    )
    place: str = Field(description="Which line or charge; empty: the whole document")
    value: str
    came_from: str


class TriedStep(Told):
    """One event of the document: what a run would note of it."""

    action: str
    state: str
    detail: dict[str, Any] = Field(default_factory=dict)


class TriedDocument(Told):
    """What would become of one document."""

    file: str = Field(description="The given file it came in; of an answer, empty")
    position: int = Field(description="1 for the first document of the whole try")
    kind: str
    direction: Literal["in", "out"]
    flow: str
    partner: str
    number: str
    order_number: str
    date: date | None
    currency: str
    amount: Decimal | None
    state: str = Field(description="As in the ledger after a run; held documents are `quarantined`")
    reason: Reason | None
    refers_to: int | None = Field(description="The ledger's document that it repeats, answers or revises")
    refers_to_position: int | None = Field(description="The same, where it is a document of this try")
    canonical: Any = Field(description="The document as it was read")
    work: Any = Field(description="What matching and coding decided; null where nothing was")
    decisions: list[TriedDecision]
    snapshots: dict[str, int] = Field(description="Versions of the reference tables that decided")
    steps: list[TriedStep]
    writes: list[Write]


class Effect(Told):
    """A document of the ledger, not of the given files, that a run would move."""

    document: int
    kind: str
    partner: str
    number: str
    before: str
    after: str
    reason: Reason | None


class TriedFile(Told):
    """A file as it was tried."""

    name: str
    partner: str
    folder: str
    size: int
    sha256: str
    state: str = Field(description="parsed, repeated (the same bytes came before), rejected, incomplete")
    findings: list[dict[str, Any]] = Field(description="What was found in its envelopes")


class Reference(Told):
    """The version of a reference table that was used."""

    table: str
    version: int
    taken_at: datetime
    checked_at: datetime = Field(description="When it was last found unchanged at the ERP")
    rows: int


class TryResult(Told):
    """What `ml-connector try --json` prints."""

    ok: bool = Field(description="Nothing would be held, rejected or in doubt")
    integration: str
    company: str
    as_of: date | None = Field(description="Reference data as of the end of this UTC day; null: the newest")
    reference: list[Reference]
    files: list[TriedFile]
    documents: list[TriedDocument]
    answers: list[TriedDocument] = Field(description="997, 999 and TA1 that would answer")
    effects: list[Effect]
    not_asked: list[str] = Field(description="What a run would ask outside and a try cannot know")


class Had(Told):
    """What a partner was told last of an order."""

    document: int
    partner: str
    revision: int
    state: str
    sent_as: str = Field(description="order or order_change")


class Differing(Told):
    """A value of an order that differs from what the partner has."""

    path: str = Field(description='Where, as in "line 1: quantity"')
    had: str | None
    would_have: str | None


class TryOrderResult(Told):
    """What `ml-connector try --order --json` prints, and with --invoice."""

    ok: bool = Field(description="Nothing would be held")
    integration: str
    company: str
    order: str = Field(description="The number of the order or sales invoice")
    read_at: datetime = Field(description="The moment of the reading that was tried")
    read_in: str = Field(description="purchase_orders (the snapshot), or the document whose record it is")
    had: Had | None = Field(description="What the partner has; null where it has nothing of the order")
    why_not: str = Field(description="Why nothing would leave; empty where something would")
    documents: list[TriedDocument] = Field(description="What would leave, or be held, with its exact file")
    differences: list[Differing]


class Named(Protocol):
    """A given file."""

    @property
    def path(self) -> str: ...


def collect(
    made: Integration,
    came: Mapping[str, Named],
    before: Mapping[int, str],
    *,
    reference: Sequence[Reference],
    as_of: date | None,
    not_asked: Sequence[str],
) -> TryResult:
    """The result out of the scratch ledger. came: given files by folder and remote id. before: what was copied."""
    book = ReferenceBook.of(made)
    with made.ledger.read() as tx:
        query = sa.select(*DOCUMENT_COLUMNS).order_by(t.document.c.id)
        rows = [document_row(row) for row in tx.execute(query)]
    decided = {row.id: decisions(made, book, row) for row in rows if row.id not in before}
    with made.ledger.read() as tx:
        new = [row for row in rows if row.id not in before]
        places = {row.id: place for place, row in enumerate(new, 1)}
        files = [dict(one) for one in tx.execute(sa.select(t.file).where(t.file.c.direction == "in")).mappings()]
        ours = {file["id"]: came[key] for file in files if (key := f"{file['channel']}\n{file['remote_id']}") in came}
        made_of = [_document(tx, row, places, ours, before, decided[row.id]) for row in new]
        told_files = [_file(tx, file, ours[file["id"]]) for file in files if file["id"] in ours]
        effects = [_effect(row, before[row.id]) for row in rows if before.get(row.id, row.state) != row.state]
    received = [one for one in made_of if one.direction == "in"]
    wrong = {str(state) for state in _WRONG}
    return TryResult(
        ok=not any(one.state in wrong for one in made_of) and not any(one.after in wrong for one in effects),
        integration=made.name,
        company=made.books.company,
        as_of=as_of,
        reference=list(reference),
        files=told_files,
        documents=received,
        answers=[one for one in made_of if one.direction == "out"],
        effects=effects,
        not_asked=list(not_asked),
    )


def told_document(tx: Tx, row: DocumentRow) -> TriedDocument:
    """One document by itself."""
    return _document(tx, row, {row.id: 1}, {}, {row.parent_id: ""} if row.parent_id is not None else {})


def _document(
    tx: Tx,
    row: DocumentRow,
    places: Mapping[int, int],
    ours: Mapping[int, Named],
    before: Mapping[int, str],
    decided: Sequence[Decided] = (),
) -> TriedDocument:
    parent = row.parent_id
    given = ours.get(row.file_id or 0) if row.direction is Direction.IN else None
    return TriedDocument(
        file=given.path if given is not None else "",
        position=places[row.id],
        kind=str(row.kind),
        direction=row.direction.value,
        flow=row.flow,
        partner=row.partner,
        number=row.number,
        order_number=row.order_number,
        date=row.business_date,
        currency=row.currency or "",
        amount=row.amount,
        state=str(row.state),
        reason=reason_of(row),
        refers_to=parent if parent in before else None,
        refers_to_position=places.get(parent) if parent is not None else None,
        canonical=_json(row.canonical),
        work=_json(row.work),
        decisions=[
            TriedDecision(what=what, place=place, value=value, came_from=origin)
            for what, place, value, origin in decided
        ],
        snapshots=dict(row.snapshots or {}),
        steps=_steps(tx, row),
        writes=writes_of(tx, row),
    )


def reason_of(row: DocumentRow) -> Reason | None:
    """Why a document does not go on; None where nothing is said."""
    if not row.reason:
        return None
    detail = row.reason_detail or {}
    return Reason(
        code=row.reason,
        message=detail.get("message") or "",
        remedy=detail.get("mend") or "",
        data=detail.get("data") or {},
    )


def _steps(tx: Tx, row: DocumentRow) -> list[TriedStep]:
    e = t.event.c
    query = sa.select(e.action, e.state, e.detail).where(e.document_id == row.id).order_by(e.seq)
    return [
        TriedStep(action=action, state=state, detail=json.loads(detail)) for action, state, detail in tx.execute(query)
    ]


def writes_of(tx: Tx, row: DocumentRow, without: Collection[int] = ()) -> list[Write]:
    """What is or would be written for a document. without: operations that are not told."""
    o = t.operation.c
    query = sa.select(o.id, o.kind, o.target, o.payload, o.state).where(o.document_id == row.id).order_by(o.position)
    return [
        Write(kind=kind, target=target, payload=_payload(tx, row, kind, payload), done=state == "done")
        for key, kind, target, payload, state in tx.execute(query)
        if state != "void" and key not in without
    ]


def _payload(tx: Tx, row: DocumentRow, kind: str, payload: str) -> str:
    """What would be sent: the text of a file, else the JSON with the placeholder for its key."""
    if kind == "upload":
        return blobs.read_blob(tx, json.loads(payload)["sha256"]).decode("utf-8", "backslashreplace")
    return payload.replace(operation_key(row), NO_KEY)


def _json(text: str | None) -> Any:
    """JSON with its numbers as they are written; text that is none stays text."""
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _file(tx: Tx, file: Mapping[str, Any], given: Named) -> TriedFile:
    i, g = t.interchange.c, t.envelope_group.c
    findings: list[dict[str, Any]] = []
    for key, own in tx.execute(sa.select(i.id, i.findings).where(i.file_id == file["id"]).order_by(i.position)):
        findings += own
        for of_group in tx.execute(sa.select(g.findings).where(g.interchange_id == key).order_by(g.position)).scalars():
            findings += of_group
    return TriedFile(
        name=given.path,
        partner=file["partner"] or "",
        folder=file["channel"],
        size=file["size"],
        sha256=file["sha256"],
        state=file["state"],
        findings=findings,
    )


def _effect(row: DocumentRow, before: str) -> Effect:
    return Effect(
        document=row.id,
        kind=str(row.kind),
        partner=row.partner,
        number=row.number,
        before=before,
        after=str(row.state),
        reason=reason_of(row),
    )
