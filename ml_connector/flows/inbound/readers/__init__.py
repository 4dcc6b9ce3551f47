"""Readers of incoming files, and which of them a file is for."""

from collections.abc import Sequence

from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.strangers import stopped_by_file
from ml_connector.flows.inbound.readers.layouts import LayoutReader
from ml_connector.flows.inbound.readers.own_format import OwnFormatReader
from ml_connector.flows.inbound.readers.reader import Reader
from ml_connector.flows.inbound.readers.x12 import X12Reader
from ml_connector.ledger.exchange.files import FileRow

_X12, _LAYOUTS = X12Reader(), LayoutReader()


def readers_of(integration: Integration) -> Sequence[Reader]:
    """Every reader of an integration, in the order in which a file is offered to them."""
    return (_X12, *(OwnFormatReader(one) for one in integration.file_formats), _LAYOUTS)


def reader_for(integration: Integration, row: FileRow, head: bytes) -> Reader:
    """The reader of a file that begins so. What is for none is for X12, which says why it is none."""
    return next((reader for reader in readers_of(integration) if reader.fits(integration, row, head)), _X12)


def not_to_be_read(integration: Integration, row: FileRow, reader: Reader, head: bytes) -> NeedsCorrection | None:
    """Why a file waits unread: it is of a partner whose file is wrong, and only that tells how it is to be read."""
    stopped = reader.stopped(integration, row, head)
    return stopped_by_file(stopped) if stopped is not None else None
