"""Whether a received interchange may flow: whose it is, for whom, test or production, new or repeated."""

from dataclasses import dataclass
from datetime import timedelta

from ml_connector.config.partners import Partner
from ml_connector.edi.interchange import InterchangeStart
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.strangers import sender_stopped, stopped_by_file
from ml_connector.ledger.exchange import envelopes
from ml_connector.ledger.exchange.envelopes import InterchangeRow
from ml_connector.ledger.exchange.files import FileRow


@dataclass(frozen=True)
class EnvelopeVerdict:
    """partner: who sent it, if known. held: why its documents must wait. repeated: its control number was seen."""

    partner: Partner | None
    held: NeedsCorrection | None = None
    repeated: bool = False


def judge_interchange(
    integration: Integration, row: FileRow, start: InterchangeStart, seen: set[tuple[str, str, str]]
) -> EnvelopeVerdict:
    """The verdict on an interchange; `seen` holds those of the batch that the ledger does not know yet."""
    sender = f"{start.sender_qualifier}/{start.sender_id}"
    receiver = f"{start.receiver_qualifier}/{start.receiver_id}"
    partner = integration.partner_of_identity(sender)
    if partner is None:
        return EnvelopeVerdict(None, held=_not_usable(integration, sender, row))
    if not _may_come_from(partner, row):
        return EnvelopeVerdict(partner, held=_other_folder(integration, partner, row))
    ours = integration.settings.identity.key
    if not _is_ours(integration, receiver):
        return EnvelopeVerdict(partner, held=_other_receiver(receiver, ours))
    if start.usage != _wanted_usage(integration) or _is_trial(integration, partner, sender):
        return EnvelopeVerdict(partner, held=_other_environment(integration, start.usage, sender))
    key = (sender, receiver, start.control_number)
    known = _came_before(integration, partner, row, key)
    if known is not None or (partner.control_numbers == "checked" and key in seen):
        return EnvelopeVerdict(partner, held=_repeated(integration, start.control_number, known), repeated=True)
    seen.add(key)
    return EnvelopeVerdict(partner)


def judge_stored(integration: Integration, interchange: InterchangeRow, row: FileRow | None, held_for: str) -> Partner:
    """Whose an interchange is that was held before, if it may flow now. row: its file.

    Raises:
        NeedsCorrection: it may still not.
    """
    partner = integration.partner_of_identity(interchange.sender)
    if partner is None:
        raise _not_usable(integration, interchange.sender, row)
    if row is not None and not _may_come_from(partner, row):
        raise _other_folder(integration, partner, row)
    if not _is_ours(integration, interchange.receiver):
        raise _other_receiver(interchange.receiver, integration.settings.identity.key)
    if interchange.usage != _wanted_usage(integration) or _is_trial(integration, partner, interchange.sender):
        raise _other_environment(integration, interchange.usage, interchange.sender)
    if held_for == Reason.REPEATED_CONTROL_NUMBER:
        pair = (interchange.sender, interchange.receiver, interchange.control_number)
        known = None if row is None else _came_before(integration, partner, row, pair)
        if known is not None or partner.control_numbers == "checked":
            raise _repeated(integration, interchange.control_number, known)
    return partner


def _came_before(
    integration: Integration, partner: Partner, row: FileRow, key: tuple[str, str, str]
) -> envelopes.Seen | None:
    """Where the number of an interchange (sender, receiver, number) came before.

    Where a partner's numbers mean nothing, still: the very file that another integration read, left in its folder.
    """
    checked = partner.control_numbers == "checked"
    with integration.ledger.read() as tx:
        known = envelopes.seen_control_number(
            tx,
            *key,
            integration=integration.name if checked else "",
            connection=integration.network.connection if checked else "",
            sha256=row.sha256,
            other_than_file=row.id,
            since=integration.clock.now() - timedelta(days=partner.control_number_days),
        )
    return known if checked or (known is not None and known.integration != integration.name) else None


def _is_ours(integration: Integration, receiver: str) -> bool:
    """Whether we are meant: by our identity, or by one that we had and nobody has now; partners go on using it."""
    return receiver == integration.settings.identity.key or receiver in integration.belonging.former_identities


def _wanted_usage(integration: Integration) -> str:
    return "P" if integration.settings.environment == "production" else "T"


def _may_come_from(partner: Partner, row: FileRow) -> bool:
    """Whether a partner's documents may lie in this folder: nobody speaks for another through a folder of his own."""
    return row.partner == partner.name or row.channel in partner.channels.receive


def _other_folder(integration: Integration, partner: Partner, row: FileRow) -> NeedsCorrection:
    whose = f"a folder of {row.partner}" if row.partner else "a folder of others"
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"The interchange says it is from {partner.name}, and lay in {row.channel}, {whose}.",
        remedy=f"Ask who sent it. If the folder is theirs too, {_naming(integration, row)}.",
        data={"folder": row.channel, "partner": partner.name, "folder_of": row.partner},
    )


def _is_trial(integration: Integration, partner: Partner, sender: str) -> bool:
    """Whether a production integration is addressed under the partner's test identity."""
    theirs = partner.identity.key if partner.identity is not None else ""
    return integration.settings.environment == "production" and sender != theirs


def _naming(integration: Integration, row: FileRow) -> str:
    """What lets a partner's files come through the folder that this one lay in."""
    named = f"name {row.channel} under channels.receive of the partner's file"
    if integration.folders.shared:
        return named
    return f"{named}, and set `shares_folders: true` at connection {integration.network.connection}"


def _not_usable(integration: Integration, sender: str, row: FileRow | None) -> NeedsCorrection:
    problem = sender_stopped(integration, sender)
    if problem is not None:
        return stopped_by_file(problem, {"sender": sender})
    return _unknown_sender(integration, sender, row)


def _unknown_sender(integration: Integration, sender: str, row: FileRow | None) -> NeedsCorrection:
    also = f" ({_naming(integration, row)})" if row is not None else ""
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"No partner has the identity {sender}.",
        remedy=f"Write a partner file with this identity{also}, or tell the sender which identity to use.",
        data={"sender": sender},
    )


def _other_receiver(receiver: str, ours: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"The interchange is addressed to {receiver}, we are {ours}.",
        remedy="Ask the sender to address it to us, or mend `identity` of the integration.",
        data={"receiver": receiver, "ours": ours},
    )


def _other_environment(integration: Integration, usage: str, sender: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.TEST_ON_PRODUCTION,
        f"The interchange of {sender} is marked {usage!r}, this integration is {integration.settings.environment}.",
        remedy="Ask the partner to send with ISA15 P under its production identity, or run a test integration for it; "
        "discard these documents.",
        data={"usage": usage, "environment": integration.settings.environment},
    )


def _repeated(integration: Integration, control_number: str, known: envelopes.Seen | None) -> NeedsCorrection:
    if known is not None and known.same_bytes:
        elsewhere = f", and integration {known.integration} read it" * (known.integration != integration.name)
        return NeedsCorrection(
            Reason.REPEATED_CONTROL_NUMBER,
            f"Interchange {control_number} came before with the same content{elsewhere}.",
            remedy="Discard these documents: those of the first file count. Take the file out of the folder.",
            data={"control_number": control_number, "earlier_file": known.file_id, "read_by": known.integration},
        )
    return NeedsCorrection(
        Reason.REPEATED_CONTROL_NUMBER,
        f"Interchange {control_number} came before with other content.",
        remedy="Ask the partner which one counts; `control_numbers: ignored` for partners that repeat theirs.",
        data={"control_number": control_number, "earlier_file": None if known is None else known.file_id},
    )
