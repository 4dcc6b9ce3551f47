"""Reading lists: page by page by record number, so that nothing shifts when a record vanishes (intacct 6.1, 6.4)."""

from dataclasses import replace

from ml_connector.systems.sage_intacct.wire.client import Gateway
from ml_connector.systems.sage_intacct.wire.queries import Query, above
from ml_connector.systems.sage_intacct.wire.values import key
from ml_connector.systems.sage_intacct.wire.xml import UnreadableXmlError

NUMBER = "RECORDNO"
#: Pages of one list; more means that its end never comes.
MOST_PAGES = 100_000


def whole_list(gateway: Gateway, query: Query) -> list[dict[str, str]]:
    """All records that a query finds, each once. Raises as `Gateway.ask`; UnreadableXmlError: it is no list."""
    found: dict[str, dict[str, str]] = {}
    last = ""
    for _ in range(MOST_PAGES):
        asked = query if not last else query.also(above(NUMBER, last))
        rows, remaining = page(gateway, asked)
        found.update({key(row, NUMBER): row for row in rows})
        if not remaining:
            return list(found.values())
        newest = key(rows[-1], NUMBER) if rows else last
        if newest == last or not rows:
            raise UnreadableXmlError("a list that has more to come and does not go on")
        last = newest
    raise UnreadableXmlError("a list that never ends")


def page(gateway: Gateway, query: Query) -> tuple[list[dict[str, str]], int]:
    """One page, and how many records come after it."""
    asked = replace(query, select=(NUMBER, *query.select))
    result = gateway.ask(asked.element(), f"query {query.object}")
    rows, told = result.rows(), result.page()
    if told.count != len(rows):
        raise UnreadableXmlError(f"a list of {told.count} records that has {len(rows)}")
    return rows, told.remaining


def newest(gateway: Gateway, query: Query, field: str) -> str:
    """The highest value of a field among what a query finds; empty where it finds nothing."""
    asked = replace(query, select=(field,), order=(field,), descending=True, page_size=1)
    rows, _ = page(gateway, asked)
    return rows[0].get(field, "") if rows else ""
