"""From what the reader hands over to ledger rows: interchanges, groups, documents, answers."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.json import dump
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    ReceivedSet,
    StrayText,
)
from ml_connector.errors import ConnectorError, NeedsCorrection, Reason, reason_detail
from ml_connector.flows.core.document_identity import Identity, identity_of
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.flows.core.quarantine import PERSON_ONLY
from ml_connector.flows.core.spec import OUTBOUND, UNREADABLE_FLOW
from ml_connector.flows.inbound.envelope_policy import EnvelopeVerdict
from ml_connector.flows.inbound.format_detection import FileFormat, candidates, fingerprint
from ml_connector.flows.inbound.miscounts import miscounted
from ml_connector.flows.inbound.readers.reader import Reader
from ml_connector.flows.meaning import deadlines
from ml_connector.flows.meaning.unhandled import unhandled
from ml_connector.layouts import ReadDocument
from ml_connector.ledger.exchange.envelopes import NewGroup, NewInterchange
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.documents import NewDocument
from ml_connector.ledger.work.states import DocumentState as S

FINDINGS_KEPT = 50
#: Of the ledger's column of amounts.
MOST_AMOUNT = Decimal(10) ** 20


@dataclass
class ParsedInterchange:
    """An interchange while it is read."""

    start: InterchangeStart
    verdict: EnvelopeVerdict
    position: int
    groups: list["ParsedGroup"] = field(default_factory=list)
    end: InterchangeEnd | None = None
    id: int = 0

    @property
    def complete(self) -> bool:
        return self.end is not None and self.end.complete

    @property
    def state(self) -> str:
        if self.verdict.repeated:
            return "repeated"
        if self.verdict.held is not None:
            return "held"
        if not self.complete:
            return "incomplete"
        sets = sum(group.received for group in self.groups)
        return "rejected" if sets and all(group.accepted == 0 for group in self.groups) else "accepted"

    @property
    def findings(self) -> list[dict[str, Any]]:
        return _findings(self.end.findings if self.end else ())

    def new(self, integration: Integration, row: FileRow) -> NewInterchange:
        start = self.start
        return NewInterchange(
            file_id=row.id,
            position=self.position,
            direction="in",
            integration=integration.name,
            partner=self.verdict.partner.name if self.verdict.partner else None,
            # As long as the columns: what is longer is nobody's identity and no number of ours.
            sender=f"{start.sender_qualifier}/{start.sender_id}"[:40],
            receiver=f"{start.receiver_qualifier}/{start.receiver_id}"[:40],
            control_number=start.control_number[:20],
            version=start.version[:12],
            usage=start.usage if len(start.usage) <= 1 else "?",
            state="held" if self.verdict.held else "accepted",
        )


@dataclass
class ParsedGroup:
    """A group while it is read."""

    start: GroupStart
    interchange: ParsedInterchange
    position: int
    end: GroupEnd | None = None
    bad: int = 0
    id: int = 0

    @property
    def announced(self) -> int | None:
        return self.end.announced if self.end else None

    @property
    def received(self) -> int:
        return self.end.received if self.end else 0

    @property
    def accepted(self) -> int:
        return self.end.accepted if self.end else 0

    @property
    def findings(self) -> list[dict[str, Any]]:
        return _findings(self.end.findings if self.end else ())

    def new(self, integration: Integration, interchange_id: int) -> NewGroup:
        partner = self.interchange.verdict.partner
        number = self.start.control_number.strip()
        return NewGroup(
            interchange_id=interchange_id,
            position=self.position,
            direction="in",
            integration=integration.name,
            partner=partner.name if partner else None,
            functional_id=self.start.functional_id[:2],
            control_number=int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else 0,
            version=self.start.version[:12],
        )


@dataclass
class ParsedFile:
    """A file as far as it is parsed. skip: sets staged by an earlier try that died."""

    row: FileRow
    reader: Reader
    skip: int = 0
    staged: bool = False
    sets: int = 0
    interchanges: list[ParsedInterchange] = field(default_factory=list)
    pending: list[tuple[ParsedGroup, ReceivedSet]] = field(default_factory=list)
    #: Without envelopes: the format it has, and its documents that are read and not yet in the ledger.
    format: FileFormat | None = None
    flat: list[ReadDocument] = field(default_factory=list)
    error: ConnectorError | None = None
    #: Whose documents are in it.
    senders: set[str] = field(default_factory=set)
    #: Why it is not read at all.
    held: NeedsCorrection | None = None
    stray: StrayText | None = None
    ended: bool = False

    @property
    def says_nothing(self) -> bool:
        """It was read to its end, and there is no document in it: a batch that was emptied."""
        wrong = self.error is not None or self.held is not None or self.stray is not None
        return self.ended and not wrong and not self.interchanges and not self.sets


def _findings(findings: Any) -> list[dict[str, Any]]:
    return [finding.as_dict() for finding in findings][:FINDINGS_KEPT]


def set_document(
    integration: Integration,
    row: FileRow,
    group: ParsedGroup,
    received: ReceivedSet,
    *,
    staged: bool,
    whole: bool,
    ended: bool,
) -> NewDocument:
    """The ledger row of one received transaction set, in the state it starts in."""
    verdict = group.interchange.verdict
    partner = verdict.partner.name if verdict.partner else ""
    canonical = dump(received.document) if received.document is not None else ""
    identity = (
        identity_of(received.document, canonical)
        if received.document is not None
        else Identity(number=f"{received.set_type} {received.control_number}")
    )
    flow = integration.flows.flow_for(received.kind, verdict.partner.role if verdict.partner else "")
    state, held = _start_state(
        received,
        verdict,
        handled=flow is not None,
        staged=staged,
        whole=whole,
        ended=ended,
        complete=group.interchange.complete,
        version=group.start.version,
    )
    keyed = state in {S.PARSED, S.RECEIVED}
    key = integration.business_key(partner, received.kind, identity.number, identity.distinct) if keyed else None
    retry = held is not None and state is S.QUARANTINED and held.reason not in PERSON_ONLY
    again = timedelta(minutes=integration.settings.quarantine_retry_minutes)
    now = integration.clock.now()
    return NewDocument(
        kind=received.kind,
        direction=Direction.IN,
        flow=flow or UNREADABLE_FLOW,
        **integration.scope,
        **integration.party(partner),
        number=(identity.number or f"{received.set_type} {received.control_number}")[:80],
        order_number=identity.order_number[:80],
        business_key=key,
        business_date=identity.day,
        currency=identity.currency[:3] or None,
        amount=storable(identity.amount),
        state=state,
        reason=str(held.reason) if held else None,
        reason_detail=held.detail if held else None,
        held_step=str(S.PARSED) if state is S.QUARANTINED else None,
        next_attempt_at=now + again if retry else None,
        canonical=canonical,
        content_hash=hashlib.sha256(canonical.encode()).hexdigest(),
        file_id=row.id,
        interchange_id=group.interchange.id,
        group_id=group.id,
        set_control=received.control_number[:12],
        byte_start=received.offset_start,
        byte_end=received.offset_end,
        due_at=answer_owed(integration, partner, received.kind, row.created_at) if state is not S.REJECTED else None,
        action=str(state),
    )


def answer_owed(integration: Integration, partner: str, kind: DocumentKind, came_at: datetime) -> datetime | None:
    """By when a partner wants to have our acknowledgment of an order that came; None where it gets none."""
    known = integration.partners.get(partner)
    if kind is not DocumentKind.ORDER or known is None or not known.takes_order_acks:
        return None
    on = any(DocumentKind.ORDER_ACKNOWLEDGMENT in flow.kinds for flow in integration.flows.running(OUTBOUND))
    return deadlines.due(known, DocumentKind.ORDER_ACKNOWLEDGMENT, came_at) if on else None


def storable(amount: Decimal | None) -> Decimal | None:
    """An amount as the ledger's column holds it; None for one beyond all reason, which the document still tells."""
    return amount if amount is not None and abs(amount) < MOST_AMOUNT else None


def _start_state(
    received: ReceivedSet,
    verdict: EnvelopeVerdict,
    *,
    handled: bool,
    staged: bool,
    whole: bool,
    ended: bool,
    complete: bool,
    version: str,
) -> tuple[S, NeedsCorrection | None]:
    if not received.accepted or whole:
        return S.REJECTED, _rejection(received, version, whole=whole)
    if verdict.held is not None:
        return S.QUARANTINED, verdict.held
    if ended and not complete:
        return S.QUARANTINED, incomplete_file()
    if received.document is None or not handled:
        return S.QUARANTINED, unhandled(received.document, received.set_type, received.control_number)
    doubtful = miscounted(received)
    if doubtful is not None:
        return S.QUARANTINED, doubtful
    return (S.RECEIVED if staged else S.PARSED), None


def incomplete_file() -> NeedsCorrection:
    """For sets of an interchange that never ended."""
    return NeedsCorrection(
        Reason.INCOMPLETE_FILE,
        "The interchange has no end (IEA): the file was cut off.",
        remedy="Ask the partner to send it again whole; then discard this document.",
    )


def _rejection(received: ReceivedSet, version: str, *, whole: bool) -> NeedsCorrection:
    findings = _findings(received.findings)
    message = next((f["message"] for f in findings if f["severity"] == "error"), "")
    if not message and whole:
        return whole_rejection()
    if not message:
        message = f"The set is not readable: its group names version {version[:12]!r} (GS08)."
    return NeedsCorrection(
        Reason.BAD_VALUE,
        message,
        remedy="The 997 tells the sender, who must mend it and send it again.",
        data={"findings": findings},
    )


def whole_rejection() -> NeedsCorrection:
    """For good sets of an interchange that the partner wants rejected whole."""
    return NeedsCorrection(
        Reason.BAD_VALUE,
        "Another part of the interchange is wrong.",
        remedy="The 997 tells the sender, who must mend it and send it again.",
        data={"findings": []},
    )


def unreadable_document(
    integration: Integration, row: FileRow, error: ConnectorError, *, reason: Reason = Reason.NOT_X12
) -> NewDocument:
    """A file that is no X12 at all, or of no layout: held, so that a person sees it; its bytes are kept.

    `tried` tells by which layouts it was read: with others it is read again (`rereading`).
    """
    return NewDocument(
        kind=DocumentKind.UNSUPPORTED,
        direction=Direction.IN,
        flow=UNREADABLE_FLOW,
        **integration.scope,
        **integration.party(row.partner or ""),
        number=row.name[:80],
        state=S.QUARANTINED,
        reason=str(reason),
        reason_detail=reason_detail(
            f"File {row.name[:80]!r} in {row.channel} cannot be read: {error.message}",
            error.remedy or "Ask the partner to send it again; discard this document.",
            {"file": row.name[:80], "size": row.size, "tried": fingerprint(candidates(integration, row))}
            | _known_of(reason, error),
        ),
        held_step=str(S.PARSED),
        canonical="",
        file_id=row.id,
        action="held",
    )


def _known_of(reason: Reason, error: ConnectorError) -> dict[str, Any]:
    """What each layout had against the file; which partner's file is to be mended."""
    if reason is Reason.PARTNER_FILE_WRONG:
        return error.data
    return {"layouts": error.data.get("layouts", [])} if reason is Reason.NO_LAYOUT_FITS else {}


def stray_document(integration: Integration, row: FileRow, stray: StrayText) -> NewDocument:
    """Text that belongs to no interchange: the rest of the file flows, a person looks at what this was."""
    error = NeedsCorrection(
        Reason.NOT_X12,
        stray.finding.message,
        remedy="Look whether a document is cut off there and ask the partner for it; then discard this.",
        data={"offset": stray.offset, "length": stray.length},
    )
    held = unreadable_document(integration, row, error)
    return replace(held, reason_detail=error.detail)


def unfetched_document(
    integration: Integration, channel: str, partner: str, file: RemoteFile, held: NeedsCorrection
) -> NewDocument:
    """A file that is not taken in at all (too large): held, so that a person sees it; it stays at the network."""
    return NewDocument(
        kind=DocumentKind.UNSUPPORTED,
        direction=Direction.IN,
        flow=UNREADABLE_FLOW,
        **integration.scope,
        **integration.party(partner),
        number=file.name[:80],
        business_key=f"unfetched|{integration.network.connection}|{channel}|{file.remote_id}"[:400],
        state=S.QUARANTINED,
        reason=str(held.reason),
        reason_detail=reason_detail(
            f"File {file.name[:80]!r} in {channel} is not taken in: {held.message}",
            held.remedy,
            {"file": file.name[:80], "size": file.size, **held.data},
        ),
        held_step=str(S.PARSED),
        canonical="",
        action="held",
    )
