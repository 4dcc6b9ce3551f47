"""Reading records of an entity, whole lists or some by key, also where a list cannot have all that is asked for."""

from collections.abc import Sequence
from dataclasses import replace

from ml_connector.systems.acumatica.wire.answers import NotOptimized
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.filters import all_of, any_of, chunks, equals, length
from ml_connector.systems.acumatica.wire.paging import whole_list
from ml_connector.systems.acumatica.wire.values import Row, identity


def read_list(
    client: AcumaticaClient, entity: str, key: str | tuple[str, ...], query: Query, *, size: int
) -> list[Row]:
    """All records that the query finds; one by one where a list cannot have its fields (acumatica 3)."""
    try:
        return whole_list(client, entity, key, query, size=size)
    except NotOptimized:
        names = [key] if isinstance(key, str) else list(key)
        keys = whole_list(client, entity, key, replace(query, select=names, expand=(), custom=()), size=size)
    one = replace(query, filter="", top=None)
    found = (client.record(entity, identity(row), one) for row in keys)
    return [row for row in found if row is not None]


def read_by_keys(
    client: AcumaticaClient,
    entity: str,
    key: str,
    values: Sequence[str],
    query: Query,
    *,
    size: int,
) -> list[Row]:
    """The records with these values in a field, in as few reads as their addresses allow."""
    found: list[Row] = []
    most = query.room - length(all_of([query.filter, "()"]))
    for conditions in chunks([equals(key, value) for value in dict.fromkeys(values) if value], most=most):
        asked = replace(query, filter=all_of([query.filter, any_of(conditions)]))
        found += read_list(client, entity, key, asked, size=size)
    return found
