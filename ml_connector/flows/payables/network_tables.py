"""Lists of a network, kept as reference tables are: each read whole once, and from then on by what changed."""

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from ml_connector.documents.common import Record
from ml_connector.documents.records import from_json, stored_values
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import SourceName, record_source, tells
from ml_connector.ledger.exchange import snapshots

R = TypeVar("R", bound=Record)
#: Names of the tables in the ledger.
NETWORK_VENDORS_TABLE, NETWORK_CODES_TABLE = "network_vendors", "network_codes"
#: No network of this kind has records that are older.
BEGINNING = date(2015, 1, 1)


def read_network(integration: Integration, source: SourceName[R], table: str) -> int:
    """Read what changed there, and keep it; the table's version."""
    connection, company = integration.network.connection, integration.books.company
    read = record_source(integration.network, source)
    with integration.ledger.read() as tx:
        cursor = snapshots.cursor(tx, connection, company, table) or read.begin(BEGINNING)
    rows: dict[str, dict[str, object]] = {}
    more = True
    while more:
        batch = read.changed(cursor)
        for one in batch.records:
            values = stored_values(one.document)
            rows[str(values["id"])] = values
        more, cursor = batch.more, batch.cursor or cursor
    with integration.ledger.write() as tx:
        return snapshots.store(
            tx, connection, company, table, list(rows.values()), complete=False, cursor=cursor
        ).version


def kept(integration: Integration, table: str, model: type[R]) -> Iterator[R]:
    """The records as read last."""
    with integration.ledger.read() as tx:
        found = snapshots.load_lines(tx, integration.network.connection, integration.books.company, table)
    return (from_json(model, line) for line in (found[1] if found else ()))


def network_rows(integration: Integration, source: SourceName[R], table: str, model: type[R]) -> list[R]:
    """All records that are there now; none where the network cannot be asked for them."""
    if not tells(integration.network, source):
        return []
    read_network(integration, source, table)
    return list(kept(integration, table, model))
