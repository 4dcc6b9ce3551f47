"""From documents of flat files to ledger rows. There is no envelope: who sent one stands in the document, or in the
folder; that it came before is told by its business key: partner, kind, number, revision (truecommerce 5).
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction
from ml_connector.documents.json import dump
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.document_identity import Identity, identity_of
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import PERSON_ONLY
from ml_connector.flows.core.spec import UNREADABLE_FLOW
from ml_connector.flows.core.strangers import stopped_by_file, stopped_in_folder
from ml_connector.flows.inbound.format_detection import FileFormat, names_of, senders
from ml_connector.flows.inbound.x12_documents import FINDINGS_KEPT, answer_owed, storable
from ml_connector.layouts import ReadDocument
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.documents import NewDocument
from ml_connector.ledger.work.states import DocumentState as S

MOST_REVISION = 2**31 - 1
#: Notes of one document that are kept with it.
NOTES_KEPT = 10


def flat_document(
    integration: Integration, row: FileRow, candidate: FileFormat, read: ReadDocument, *, staged: bool
) -> NewDocument:
    """The ledger row of one document of a flat file, in the state it starts in."""
    canonical = dump(read.document) if read.document is not None else ""
    place = read.place.told()
    identity = identity_of(read.document, canonical) if read.document is not None else Identity(number=place)
    partner: Partner | None = None
    held = _wrong(read)
    try:
        partner = sender_of(integration, row, read.partner, candidate.name)
        held = held or _without_flow(integration, read, candidate) or _other_currency(partner, candidate)
    except NeedsCorrection as stranger:
        held = held or stranger
    name = partner.name if partner is not None else ""
    revision = int(read.revision) if _is_number(read.revision) else 0
    distinct = identity.distinct or revision or ("" if _is_number(read.revision) else read.revision)
    key = integration.business_key(name, read.kind, identity.number, distinct)
    retry = held is not None and held.reason not in PERSON_ONLY
    again = integration.clock.now() + timedelta(minutes=integration.settings.quarantine_retry_minutes)
    flow = integration.flows.flow_for(read.kind, partner.role if partner else "") or UNREADABLE_FLOW
    readable = held is None or read.accepted
    return NewDocument(
        kind=read.kind,
        direction=Direction.IN,
        flow=flow if readable else UNREADABLE_FLOW,
        **integration.scope,
        **integration.party(name),
        number=(identity.number or place)[:80],
        revision=revision,
        order_number=identity.order_number[:80],
        business_key=key if held is None else None,
        business_date=identity.day,
        currency=identity.currency[:3] or None,
        amount=storable(identity.amount),
        state=S.QUARANTINED if held else S.RECEIVED if staged else S.PARSED,
        reason=str(held.reason) if held else None,
        reason_detail=held.detail if held else None,
        held_step=str(S.PARSED) if held else None,
        next_attempt_at=again if retry else None,
        canonical=canonical,
        source_id=identity.source_id[:120] or None,
        content_hash=hashlib.sha256(canonical.encode()).hexdigest(),
        file_id=row.id,
        due_at=answer_owed(integration, name, read.kind, row.created_at),
        action="held" if held else "received" if staged else "parsed",
        detail={"layout": candidate.name, "place": place} | _notes(read),
    )


def _notes(read: ReadDocument) -> dict[str, list[str]]:
    """What was told of a document that is in order all the same, for whoever looks at it later."""
    told = [finding.message for finding in read.findings if not finding.is_error][:NOTES_KEPT]
    return {"notes": told} if told else {}


def _is_number(text: str) -> bool:
    """Whether a revision fits the ledger's column of numbers; any other text is kept as it stands."""
    return text.isascii() and text.isdigit() and len(text) <= len(str(MOST_REVISION)) and int(text) <= MOST_REVISION


def sender_of(integration: Integration, row: FileRow, said: str, layout: str) -> Partner:
    """Whose a document is: of the partners of its folder with this layout, the one that it names, or the only one.

    Raises:
        NeedsCorrection: nobody's, of several perhaps, or of a partner's test identity.
    """
    known = senders(integration, row)
    if layout not in {one.name for one in integration.file_formats}:
        known = [one for one in known if layout in {integration.layouts[name].name for name in one.layouts.receive}]
    wanted = said.strip().casefold()
    if not wanted and len(known) == 1 and stopped_in_folder(integration, row) is None:
        return known[0]
    found = [partner for partner in known if wanted and wanted in names_of(partner)]
    stopped = stopped_in_folder(integration, row) if len(found) != 1 else None
    if stopped is not None:
        raise stopped_by_file(stopped, {"sender": said[:60], "layout": layout})
    if len(found) != 1:
        raise _unknown(said, layout, row, known)
    ours, test = found[0].identity, found[0].test_identity
    trial = test is not None and ours is not None and wanted == test.id.casefold() != ours.id.casefold()
    if trial and integration.settings.environment == "production":
        raise _trial(said, layout)
    return found[0]


def _unknown(said: str, layout: str, row: FileRow, known: Sequence[Partner]) -> NeedsCorrection:
    named = f"names {said[:60]!r}" if said.strip() else "names nobody"
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"The document {named} as its sender; of the partners of {row.channel} with layout {layout} none is known so.",
        remedy="Write the name it uses as identity.id or title of the partner's file, and the layout under "
        "layouts.receive.",
        data={"sender": said[:60], "layout": layout, "partners": [partner.name for partner in known][:20]},
    )


def _trial(said: str, layout: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.TEST_ON_PRODUCTION,
        f"The document is from {said[:60]}, the partner's test identity; this integration is production.",
        remedy="Ask the partner to send under its production identity; discard this.",
        data={"sender": said[:60], "layout": layout},
    )


def _wrong(read: ReadDocument) -> NeedsCorrection | None:
    """A document that is not as its layout says. Nobody tells the sender: flat files have no 997."""
    if read.accepted and read.document is not None:
        return None
    findings = [finding.as_dict() for finding in read.findings][:FINDINGS_KEPT]
    errors = [finding.message for finding in read.findings if finding.is_error]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"{errors[0] if errors else 'The document cannot be read.'}{more}",
        remedy="Tell the sender what is wrong, or mend the layout; a flat file has no 997 that would tell. "
        "Discard this "
        "when it came again.",
        data={"place": read.place.told(), "findings": findings},
    )


def _without_flow(integration: Integration, read: ReadDocument, candidate: FileFormat) -> NeedsCorrection | None:
    if read.kind in integration.flows.flow_of_kind:
        return None
    return NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"Layout {candidate.name} reads {read.kind}, which this integration does not take in.",
        remedy="Handle it by hand and discard it here, or ask the partner not to send it.",
        data={"layout": candidate.name},
    )


def _other_currency(partner: Partner, candidate: FileFormat) -> NeedsCorrection | None:
    """The layout leaves the currency to the partner's file, and the file was read with another partner's."""
    if not candidate.currency or partner.currency == candidate.currency:
        return None
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"The file was read in {candidate.currency}, {partner.name} has {partner.currency or 'no currency'} set.",
        remedy="Have each partner's documents come in files of their own, or with their currency.",
        data={"currency": candidate.currency, "partner": partner.name},
    )


def judge_flat(integration: Integration, row: FileRow, held: dict[str, Any]) -> Partner | None:
    """Whose a held document is, should that be known now; None for one that was not held for it.

    Raises:
        NeedsCorrection: it is still unknown.
    """
    data = held.get("data") or {}
    if "layout" not in data or "sender" not in data:
        return None
    return sender_of(integration, row, str(data["sender"]), str(data["layout"]))
