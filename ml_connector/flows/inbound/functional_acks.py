"""Answers to what was received, and TA1s that came: both hang on the envelope, not on a transaction set."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.json import dump, kind_of
from ml_connector.flows.core.document_identity import identity_of
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import PERSON_ONLY
from ml_connector.flows.core.spec import ANSWERS_FLOW, UNREADABLE_FLOW
from ml_connector.flows.inbound.x12_documents import ParsedGroup, ParsedInterchange, incomplete_file
from ml_connector.flows.meaning import deadlines
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.documents import NewDocument
from ml_connector.ledger.work.states import DocumentState as S


def interchange_answer_document(
    integration: Integration, row: FileRow, interchange: ParsedInterchange, answer: InterchangeAcknowledgment
) -> NewDocument:
    """A TA1 that came: what our partner says of an interchange of ours."""
    verdict = interchange.verdict
    partner = verdict.partner.name if verdict.partner else ""
    canonical = dump(answer)
    identity = identity_of(answer, canonical)
    kind = DocumentKind.INTERCHANGE_ACKNOWLEDGMENT
    held = verdict.held if verdict.held is not None or interchange.complete else incomplete_file()
    retry = held is not None and held.reason not in PERSON_ONLY
    again = integration.clock.now() + timedelta(minutes=integration.settings.quarantine_retry_minutes)
    return NewDocument(
        kind=kind,
        direction=Direction.IN,
        flow=integration.flows.flow_of_kind.get(kind, UNREADABLE_FLOW),
        **integration.scope,
        **integration.party(partner),
        number=identity.number[:80],
        business_key=integration.business_key(partner, kind, identity.number, identity.distinct) if not held else None,
        state=S.QUARANTINED if held else S.PARSED,
        reason=str(held.reason) if held else None,
        reason_detail=held.detail if held else None,
        held_step=str(S.PARSED) if held else None,
        next_attempt_at=again if retry else None,
        canonical=canonical,
        content_hash=hashlib.sha256(canonical.encode()).hexdigest(),
        file_id=row.id,
        interchange_id=interchange.id,
        action="held" if held else "parsed",
    )


def answer_interchange_document(
    integration: Integration, row: FileRow, interchange: ParsedInterchange, answer: InterchangeAcknowledgment
) -> NewDocument:
    """The TA1 that answers an interchange, ready to be rendered."""
    return _answer(integration, row, interchange, answer, f"ISA {answer.control_number}", "TA1")


def answer_document(
    integration: Integration, row: FileRow, group: ParsedGroup, answer: FunctionalAcknowledgment
) -> NewDocument:
    """The 997 that answers a group, ready to be rendered and sent with others to the same partner."""
    number = f"{answer.functional_id} {answer.group_control}"
    made = _answer(integration, row, group.interchange, answer, number, str(group.position))
    return replace(made, answers_group_id=group.id)


def _answer(
    integration: Integration,
    row: FileRow,
    interchange: ParsedInterchange,
    answer: FunctionalAcknowledgment | InterchangeAcknowledgment,
    number: str,
    place: str,
) -> NewDocument:
    """place: what tells it from other answers to the same interchange."""
    partner = interchange.verdict.partner
    name = partner.name if partner else ""
    return NewDocument(
        kind=kind_of(answer),
        direction=Direction.OUT,
        flow=ANSWERS_FLOW,
        **integration.scope,
        **integration.party(name),
        number=number[:80],
        business_key=f"answer|{row.id}|{interchange.position}|{place}",
        state=S.RESOLVED,
        canonical=dump(answer),
        due_at=deadlines.due(partner, kind_of(answer), row.created_at) if partner else None,
        action="answered",
    )
