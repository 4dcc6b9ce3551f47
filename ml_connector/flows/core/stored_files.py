"""Stored files opened for reading: small ones fetched from the ledger together, large ones as a stream."""

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.spec import UNREADABLE_FLOW
from ml_connector.ledger.exchange import files
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work import documents

#: Larger files are read as a stream; smaller ones together, up to so many bytes.
SMALL_BYTES = 8_000_000


def opened(integration: Integration, rows: Sequence[FileRow]) -> Iterator[tuple[FileRow, int, BinaryIO]]:
    """Each file with what of it is staged already and its bytes: small ones together, large ones as a stream."""
    with integration.ledger.read() as tx:
        staged = documents.counts_of_files(tx, [row.id for row in rows], without=UNREADABLE_FLOW)
    for group in _small_together(rows):
        small = [row.sha256 for row in group if row.size < SMALL_BYTES]
        with integration.ledger.read() as tx:
            contents = files.read_blobs(tx, small)
        for row in group:
            known = contents.get(row.sha256)
            source = io.BytesIO(known) if known is not None else files.open_blob(integration.ledger, row.sha256)
            yield row, staged.get(row.id, 0), source


def _small_together(rows: Sequence[FileRow]) -> Iterator[list[FileRow]]:
    group: list[FileRow] = []
    size = 0
    for row in rows:
        if group and size + row.size > SMALL_BYTES:
            yield group
            group, size = [], 0
        group.append(row)
        size += row.size
    if group:
        yield group
