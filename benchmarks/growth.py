"""Growth of the ledger: the same work on 200,000 documents and on 2,000, pair by pair in one run.

    .venv/bin/python -m benchmarks.growth [--database postgresql] [--small 2000] [--large 200000] [--rounds 7]

Two deployments, each with a sandbox of its own and the same few documents, which are copied day by day into the past by
SQL. Then, turn by turn on either: a sync of 100 invoices, what a sensor tick asks, all asset checks, and each list. The
ratio is the median of the pairs'; the aim is 1.15 for each.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.sandbox_process import SandboxProcess
from benchmarks.speed import arrive, connector, deployment_over
from ml_connector.composition import Deployment
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.flows import registry
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.audit.upkeep import upkeep
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search import accounted, queries
from ml_connector.ledger.search.listing import DocumentFilter
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.states import STANDING
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime import checks
from ml_connector.orchestration.runtime.ledger_metrics import newest_event
from ml_connector.orchestration.sensors import pending_work
from ml_connector_tests.support.deployment import INTEGRATION
from ml_connector_tests.support.history import multiply

CONCURRENCY = 8
BASE = 20
#: Questions are asked so many times in a row: one alone is shorter than what else the machine does.
ASKED = 20


@dataclass
class Side:
    """One of the two deployments."""

    deployment: Deployment
    sandbox: SandboxProcess
    seed: int = 0

    def sync(self, invoices: int) -> float:
        self.seed += 1
        arrive(self.deployment, self.sandbox, invoices, 10, seed=self.seed)
        seconds = invoices / connector(self.deployment, self.sandbox, invoices)
        upkeep(self.deployment.ledger)
        return seconds

    def ask(self, question: Callable[["Side"], Any]) -> float:
        began = time.perf_counter()
        for _ in range(ASKED):
            question(self)
        return (time.perf_counter() - began) / ASKED

    def read(self, question: Callable[[Tx], Any]) -> None:
        with self.deployment.ledger.read() as tx:
            question(tx)


def _tick(side: Side) -> None:
    integration = side.deployment.integration(INTEGRATION)
    pending_work.inbound_work(integration)
    pending_work.outbound_work(integration, look=False)
    side.read(lambda tx: newest_event(tx, INTEGRATION))


def _checks(side: Side) -> None:
    checks.ask(side.deployment.ledger, INTEGRATION, checks.of_flows(INTEGRATION, registry.shipped()), [])


def _page(wanted: DocumentFilter) -> Callable[[Side], None]:
    def ask(side: Side) -> None:
        side.read(lambda tx: (queries.list_documents(tx, wanted), queries.count_documents(tx, wanted)))

    return ask


def questions(deployment: Deployment) -> dict[str, Callable[[Side], None]]:
    """By name: what is asked of either side."""
    today = deployment.clock.now().date()
    week = today - timedelta(days=7)
    with deployment.ledger.read() as tx:
        number = queries.list_documents(tx, DocumentFilter(flows=("invoices_in",)), limit=1).rows[0].number
    pages = {
        "list": DocumentFilter(),
        "list --integration": DocumentFilter(integration=INTEGRATION),
        "list --flow": DocumentFilter(flows=("invoices_in",)),
        "list --state posted": DocumentFilter(states=(S.POSTED,)),
        "list --state rejected": DocumentFilter(states=(S.REJECTED,)),
        "list --held": DocumentFilter(states=STANDING),
        "list --reason": DocumentFilter(reasons=("duplicate_invoice_number",)),
        "list --kind": DocumentFilter(kinds=(DocumentKind.INVOICE,)),
        "list --direction": DocumentFilter(direction=Direction.OUT),
        "list --partner": DocumentFilter(partner="northwind"),
        "list --partner --state": DocumentFilter(partner="northwind", states=(S.POSTED,)),
        "list --date": DocumentFilter(partition_from=today, partition_to=today),
        "list --from": DocumentFilter(partition_from=week),
        "list --number": DocumentFilter(text=number),
    }
    found: dict[str, Callable[[Side], None]] = {"sensor tick": _tick, "asset checks": _checks}
    found |= {name: _page(wanted) for name, wanted in pages.items()}
    return found | {
        "overdue": lambda side: side.read(lambda tx: queries.overdue(tx, INTEGRATION)),
        "standing": lambda side: side.read(lambda tx: queries.standing(tx, INTEGRATION)),
        "trace": lambda side: side.read(lambda tx: queries.trace(tx, number)),
        "totals": lambda side: side.read(lambda tx: queries.control_totals(tx, INTEGRATION)),
        "totals --date": lambda side: side.read(lambda tx: queries.control_totals(tx, INTEGRATION, today)),
        "counts": lambda side: side.read(lambda tx: queries.counts(tx, ["flow", "state", "reason"])),
    }


@contextmanager
def side_of(size: int, database: str) -> Iterator[Side]:
    """A deployment whose ledger holds about so many documents."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-growth-"))
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(home / "clock"))
        url = stack.enter_context(ledger_database(database)) or f"sqlite:///{home / 'ledger.db'}"
        deployment = stack.enter_context(deployment_over(sandbox, home, url, CONCURRENCY))
        warm_up(deployment.integration(INTEGRATION))
        side = Side(deployment, sandbox)
        side.sync(BASE)
        with deployment.ledger.read() as tx:
            base = sum(tallies.of_documents(tx).values())
        multiply(deployment.ledger, size // base)
        # What was copied is of today and has the lowest ids; the mark would wait for it to be older.
        accounted.YOUNG = timedelta(0)
        upkeep(deployment.ledger)
        side.sync(BASE)
        yield side


def measure(database: str, small: int, large: int, rounds: int, only: Sequence[str]) -> list[dict[str, Any]]:
    with side_of(small, database) as few, side_of(large, database) as many:
        asked = questions(few.deployment)
        work: dict[str, Callable[[Side], float]] = {"sync of 100 invoices": lambda side: side.sync(100)}
        work |= {name: (lambda side, question=question: side.ask(question)) for name, question in asked.items()}
        work = {name: do for name, do in work.items() if not only or name in only}
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
        for turn in range(rounds):
            for name, do in work.items():
                first, second = (few, many) if turn % 2 else (many, few)
                took = {id(first): do(first), id(second): do(second)}
                seconds[name].append((took[id(few)], took[id(many)]))
        with few.deployment.ledger.read() as tx, many.deployment.ledger.read() as other:
            sizes = [sum(tallies.of_documents(one).values()) for one in (tx, other)]
    return [
        {
            "database": database,
            "what": name,
            "documents": sizes,
            "few_ms": round(statistics.median(one for one, _ in pairs) * 1000, 2),
            "many_ms": round(statistics.median(two for _, two in pairs) * 1000, 2),
            "ratio": round(statistics.median(two / one for one, two in pairs), 2),
        }
        for name, pairs in seconds.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--small", type=int, default=2000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this; may be repeated")
    given = parser.parse_args()
    for row in measure(given.database, given.small, given.large, given.rounds, given.only):
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
