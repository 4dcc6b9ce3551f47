"""Reads X12. Only X12 has envelopes, their rules, and 997s."""

from typing import BinaryIO, cast

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.config.partners import Partner
from ml_connector.edi.interchange import ReadOptions, read_interchanges
from ml_connector.edi.validation.overlay import overlay_from
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.strangers import sender_stopped, stopped_in_folder
from ml_connector.flows.inbound.format_detection import Begun, Storable, isa_sender, looks_like_x12
from ml_connector.flows.inbound.readers.reader import Reading
from ml_connector.ledger.exchange.files import FileRow


class X12Reader:
    """Interchanges, by the settings of the partner that the first one names, else of the folder's."""

    unreadable = Reason.NOT_X12

    def fits(self, integration: Integration, row: FileRow, head: bytes) -> bool:
        del integration, row
        return looks_like_x12(head)

    def stopped(self, integration: Integration, row: FileRow, head: bytes) -> PartnerProblem | None:
        """Also of what is none at all, and lies in the folder of a partner that is stopped."""
        if looks_like_x12(head):
            return sender_stopped(integration, isa_sender(head))
        return stopped_in_folder(integration, row)

    def read(self, integration: Integration, row: FileRow, source: Begun) -> Reading:
        options = options_for(settings_of(integration, row, source.head))
        return Reading(read_interchanges(cast("BinaryIO", Storable(source)), options))


def settings_of(integration: Integration, row: FileRow, head: bytes) -> Partner | None:
    """The partner by whose settings a file is read: the one its envelope names, else the one of its folder."""
    return integration.partner_of_identity(isa_sender(head)) or integration.partners.get(row.partner or "")


def options_for(partner: Partner | None) -> ReadOptions:
    """How a partner's files are read."""
    if partner is None:
        return ReadOptions()
    return ReadOptions(
        mode=partner.syntax,
        encoding=partner.x12.encoding,
        detect_utf8=partner.x12.detect_utf8,
        overlay=overlay_from(partner.guide.model_dump(), where="guide"),
        acknowledge_accepted=partner.acknowledgments.list_accepted_sets,
        acknowledge_with=partner.acknowledgments.form,
        acknowledge_interchanges=partner.acknowledgments.interchanges,
    )
