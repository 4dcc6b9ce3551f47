"""Reads files in a format of a system's own (`flows.core.ports.OwnFormat`)."""

from dataclasses import dataclass

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import OwnFormat
from ml_connector.flows.core.strangers import stopped_in_folder
from ml_connector.flows.inbound.format_detection import Begun, NamedFormat
from ml_connector.flows.inbound.readers.reader import Reading
from ml_connector.ledger.exchange.files import FileRow


@dataclass(frozen=True)
class OwnFormatReader:
    """Files that the system's format claims by how they begin."""

    format: OwnFormat
    unreadable = Reason.NO_LAYOUT_FITS

    def fits(self, integration: Integration, row: FileRow, head: bytes) -> bool:
        del integration, row
        return self.format.fits(head)

    def stopped(self, integration: Integration, row: FileRow, head: bytes) -> PartnerProblem | None:
        del head
        return stopped_in_folder(integration, row)

    def read(self, integration: Integration, row: FileRow, source: Begun) -> Reading:
        del integration, row
        return Reading(self.format.read(source), NamedFormat(self.format.name))
