"""Reads flat files by the layouts of their folder."""

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.inbound.format_detection import Begun, candidates
from ml_connector.flows.inbound.layout_claims import read_flat
from ml_connector.flows.inbound.readers.reader import Reading
from ml_connector.ledger.exchange.files import FileRow


class LayoutReader:
    """Whatever lies in a folder whose partners name layouts, and is for no other reader."""

    unreadable = Reason.NO_LAYOUT_FITS

    def fits(self, integration: Integration, row: FileRow, head: bytes) -> bool:
        del head
        return bool(candidates(integration, row))

    def stopped(self, integration: Integration, row: FileRow, head: bytes) -> PartnerProblem | None:
        """None: a partner of the folder whose file is in order says how it is read."""
        del integration, row, head
        return None

    def read(self, integration: Integration, row: FileRow, source: Begun) -> Reading:
        chosen, documents = read_flat(source.read(), candidates(integration, row))
        return Reading(documents, chosen)
