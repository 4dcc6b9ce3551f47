"""Reading a file without keeping the others from being read: one that this program stumbles over is held, and told."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ml_connector.edi.interchange import ReceivedSet
from ml_connector.errors import ConnectorError, NeedsCorrection, Reason, WeAreWrong
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.inbound.format_detection import Begun
from ml_connector.flows.inbound.readers.reader import Reader, Reading
from ml_connector.ledger.exchange.files import FileRow

log = logging.getLogger(__name__)


class ReadingFailed(Exception):
    """A defect of ours. held: what a person is told."""

    def __init__(self, held: NeedsCorrection) -> None:
        super().__init__(held.message)
        self.held = held


def read_guarded(reader: Reader, integration: Integration, row: FileRow, source: Begun) -> Reading:
    """What `reader` reads.

    Raises:
        SenderMustCorrect: as `Reader.read`. ReadingFailed: nobody foresaw what is in it; also while items are taken.
    """
    with _told(row):
        reading = reader.read(integration, row, source)
    return Reading(_items(reading, row), reading.format)


def _items(reading: Reading, row: FileRow) -> Iterator[Any]:
    with _told(row):
        items = iter(reading.items)
    while True:
        with _told(row):
            item = next(items, None)
            if isinstance(item, ReceivedSet):
                _ = item.document  # made here, where it is told what becomes of the file
        if item is None:
            return
        yield item


@contextmanager
def _told(row: FileRow) -> Iterator[None]:
    """What is typed, and what is the ledger's or the machine's, goes on as it is."""
    try:
        yield
    except (MemoryError, OSError, SQLAlchemyError):
        raise
    except Exception as error:
        if isinstance(error, ConnectorError) and not isinstance(error, WeAreWrong):
            raise
        log.exception("file %s was not read", row.id)
        raise ReadingFailed(_held(error)) from error


def _held(error: Exception) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.FILE_UNREADABLE,
        f"this program has a defect ({type(error).__name__}). What stands before the place was read, and nothing"
        " behind it.",
        remedy="Report it with the file (the log says where); settle by hand what is missing, then discard this.",
        data={"defect": type(error).__name__},
    )
