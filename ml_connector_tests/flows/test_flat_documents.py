"""Rows of flat files: what stands in a file never reaches a column that cannot hold it."""

from dataclasses import replace

import pytest

from ml_connector.flows.inbound.flat_documents import MOST_REVISION, flat_document
from ml_connector.flows.inbound.format_detection import Candidate
from ml_connector.layouts import load_layout, read_documents
from ml_connector.ledger.exchange import files
from ml_connector.ledger.work import documents
from ml_connector_tests.flows.scenes import Scene

pytestmark = pytest.mark.both_databases

INVOICE = (
    "TradingPartner,InvoiceNumber,InvoiceDate,PONumber,PODate,Currency,Terms,DueDate,SubTotal,Tax,Freight,Total,"
    "LineNumber,VendorItem,Quantity,UOM,UnitPrice,Extended\r\n"
    "NORTHWIND,I-1,2026-11-20,26000001,,EUR,,,,,,10,1,NW-1,1,EA,10,10\r\n"
)


@pytest.mark.parametrize(
    ("revision", "stored"),
    [
        ("7", 7),
        ("007", 7),
        (str(MOST_REVISION), MOST_REVISION),
        (str(MOST_REVISION + 1), 0),
        ("0" * 12 + "9" * 12, 0),
        ("0" * 5000, 0),
        ("B", 0),
    ],
)
def test_a_revision_of_any_size_can_be_stored(stage: Scene, revision: str, stored: int) -> None:
    """A number that the column cannot hold would end the parsing of every file behind it."""
    layout = load_layout("truecommerce_810_csv")
    (read,) = read_documents(INVOICE.encode(), layout)
    with stage.deployment.ledger.write() as tx:
        sha256 = files.put_blob(tx, INVOICE.encode())
        key = files.add_file(tx, files.NewFile("in", "exact_cleo", "cleo_prod", "/x", "i.csv", 1, sha256, "stored"))
        row = files.get(tx, key)
        assert row is not None
        new = flat_document(stage.integration, row, Candidate(layout), replace(read, revision=revision), staged=False)
        (added,) = documents.add_documents(tx, [new], stage.work)
        document = documents.get(tx, added.id)
    assert document is not None
    assert document.revision == stored
