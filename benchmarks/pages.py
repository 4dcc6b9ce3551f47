"""Pages over a long history: each page and search on 1,000,000 documents and on 10,000, pair by pair in one run.

    .venv/bin/python -m benchmarks.pages [--database postgresql] [--small 10000] [--large 1000000] [--rounds 7]

Two deployments as of `benchmarks.growth`: the same few documents, copied day by day into the past. Each page is asked
of either in turn, through the app and without a network. The ratio is the median of the pairs'; the aim is 2 for each.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.growth import Side, side_of
from ml_connector.ledger.search import queries
from ml_connector.ledger.search.listing import DocumentFilter
from ml_connector.ledger.work import documents, operations, tallies
from ml_connector.web.pages.opening import opened
from ml_connector_tests.support.deployment import INTEGRATION

#: A page is asked so many times in a row: one alone is shorter than what else the machine does.
ASKED = 5
Get = Callable[[str], float]


@contextmanager
def getting(side: Side) -> Iterator[Get]:
    """Asks a page of one side; seconds. What is no page ends the benchmark."""
    with opened(side.deployment, local="benchmark", run=lambda _work: {"ok": True, "messages": []}) as app:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")

        async def several(path: str) -> float:
            began = time.perf_counter()
            for _ in range(ASKED):
                answer = await client.get(path)
                assert answer.status_code in {200, 303}, f"{path}: {answer.status_code}"
            return (time.perf_counter() - began) / ASKED

        yield lambda path: asyncio.run(several(path))


def paths_of(side: Side) -> dict[str, str]:
    """By name, every page and search: of this side's own newest documents."""
    today = side.deployment.clock.now().date()
    with side.deployment.ledger.read() as tx:
        [newest] = queries.list_documents(tx, DocumentFilter(flows=("invoices_in",)), limit=1).rows
        [row] = documents.get_many(tx, [newest.id])
        written = next((one.outside_id for one in operations.of_documents(tx, [row.id]) if one.outside_id), "")
    lists = {
        "documents": "",
        "documents, held": "held=1",
        "documents, posted": "state=posted",
        "documents, of a partner": f"partner={row.partner}",
        "documents, of a day": f"date={today}",
        "documents, of a flow": "flow=invoices_in",
        "documents, of a kind": "kind=invoice",
        "documents, of a reason": "reason=duplicate_invoice_number",
    }
    finds = {
        "find, number": row.number,
        "find, beginning of a number": row.number[:6],
        "find, order": row.order_number,
        "find, partner": row.partner,
        "find, amount": str(row.amount),
        "find, outside id": written,
        "find, id": str(row.id),
        "find, control number": "000000001",
        "find, file name": "no such file.edi",
        "find, nothing": "no such thing",
    }
    return {
        "home": "/",
        **{name: f"/documents?{query}" for name, query in lists.items()},
        **{name: f"/find?q={text}" for name, text in finds.items()},
        "a document": f"/documents/{row.id}",
        "days": "/days",
        "a day": f"/days/{INTEGRATION}/{today}",
        "partners": "/partners",
        "a partner": f"/partners/{INTEGRATION}/{row.partner}",
        "connections": "/connections",
        "metrics": "/metrics",
        "ready": "/readyz",
    }


def measure(database: str, small: int, large: int, rounds: int, only: Sequence[str]) -> list[dict[str, Any]]:
    """Each page on either side, turn by turn."""
    with side_of(small, database) as few, side_of(large, database) as many, getting(few) as one, getting(many) as other:
        paths = {name: (path, paths_of(many)[name]) for name, path in paths_of(few).items()}
        paths = {name: both for name, both in paths.items() if not only or name in only}
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in paths}
        for turn in range(rounds):
            for name, (path, there) in paths.items():
                if turn % 2:
                    first = one(path)
                    seconds[name].append((first, other(there)))
                else:
                    second = other(there)
                    seconds[name].append((one(path), second))
        sizes = []
        for side in (few, many):
            with side.deployment.ledger.read() as tx:
                sizes.append(sum(tallies.of_documents(tx).values()))
    return [
        {
            "database": database,
            "what": name,
            "documents": sizes,
            "few_ms": round(statistics.median(first for first, _ in pairs) * 1000, 1),
            "many_ms": round(statistics.median(second for _, second in pairs) * 1000, 1),
            "ratio": round(statistics.median(second / first for first, second in pairs), 2),
        }
        for name, pairs in seconds.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this; may be repeated")
    given = parser.parse_args()
    rows = measure(given.database, given.small, given.large, given.rounds, given.only)
    for row in rows:
        print(json.dumps(row))
    return 0 if all(row["ratio"] <= 2 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
