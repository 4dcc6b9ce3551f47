"""The two networks of the crash test: how each is set up, what fails there, and what must have come to its partners."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.sandbox.truecommerce.flat_files import FORMATS, Format
from ml_connector.sandbox.truecommerce.state import PASSWORD
from ml_connector_tests.support.deployment import INTEGRATION, Bench, open_bench, open_over
from ml_connector_tests.systems.truecommerce import stage as truecommerce

#: What every integration of the test has.
EXACT = {"settle_seconds": 6, "concurrency": 4}
PARTNERS = {"orders": {"deduplicates": True}}


def flows() -> dict[str, Any]:
    return {"batch_size": 25, "flows": {"orders_out": {"poll_seconds": 30}}}


def http_faults() -> list[Fault]:
    """One of each kind; together they hit the share of all business calls that is asked for."""
    return [
        Fault(FaultKind.STATUS, status=429),
        Fault(FaultKind.STATUS, status=500),
        Fault(FaultKind.RESET_BEFORE),
        Fault(FaultKind.RESET_AFTER),
        Fault(FaultKind.LATE_COMMIT, seconds=2.0),
    ]


@dataclass
class FaultNetwork:
    """One network.

    suppliers: whose orders go over it. opened: a sandbox and a deployment over it. world: its partners. disturb: make
    the share of its calls fail. before_portion: what changes as work is given out. by_hand: what a person does once
    the faults are over. check: what is wrong beside the numbers.
    """

    integration: str
    suppliers: tuple[str, ...]
    opened: Callable[[Path, str], AbstractContextManager[Bench]]
    world: Callable[[Sandbox], PartnerWorld]
    disturb: Callable[[Sandbox, float], None]
    before_portion: Callable[[Sandbox, int], None] = lambda _sandbox, _portion: None
    by_hand: Callable[[Bench], int] = lambda _bench: 0
    check: Callable[[Bench], list[str]] = field(default=lambda _bench: [])


# ---------------------------------------------------------------------- Cleo


def _open_cleo(home: Path, url: str) -> AbstractContextManager[Bench]:
    cleo = {"after_read": "delete", "concurrency": 4}
    changes = {"connections": {"exact_nl": EXACT, "cleo_prod": cleo}, "integrations": {INTEGRATION: flows()}}
    return open_bench(home, ledger_url=url, changes=changes, partner_changes=PARTNERS)


def _cleo_world(sandbox: Sandbox) -> PartnerWorld:
    assert sandbox.partner is not None
    return sandbox.partner


def _disturb_cleo(sandbox: Sandbox, share: float) -> None:
    sandbox.faults.mix("cleo", share, http_faults(), exclude="/api/authentication")


CLEO = FaultNetwork(INTEGRATION, ("20011", "20012", "20013"), _open_cleo, _cleo_world, _disturb_cleo)


# -------------------------------------------------------------- TrueCommerce


@contextmanager
def _open_truecommerce(home: Path, url: str) -> Iterator[Bench]:
    """The second integration, with a partner in X12 and one in every flat format."""
    names = [f"truecommerce_{kind}_{form}" for form in FORMATS if form != "x12" for kind in ("810", "855", "856")]
    lumen = {"layouts": {"receive": names, "send": {"order": "truecommerce_850_csv_full"}}}
    truecommerce.write_partners(home, {"lumen": lumen})
    exact = ExactOptions(minute_limit=None, day_limit=None)
    options = SandboxOptions(exact=exact, clock_file=home / "clock", truecommerce=truecommerce.quick())
    with Sandbox(options) as sandbox:
        sandbox.call(sandbox.truecommerce.add_suppliers)
        addresses = sandbox.addresses()
        changes = truecommerce.changes(addresses, home, concurrency=4)
        changes["connections"]["exact_nl"] = EXACT
        integration = changes["integrations"][truecommerce.INTEGRATION]
        integration["batch_size"] = 25
        integration["flows"]["orders_out"]["poll_seconds"] = 30
        with open_over(home, addresses, ledger_url=url, changes=changes, exact=exact) as (config, environment):
            bench = Bench(sandbox, home, config, environment)
            with bench.open() as deployment:
                deployment.vault.put("tc_prod_password", Secret(PASSWORD))
            yield bench


def _disturb_truecommerce(sandbox: Sandbox, share: float) -> None:
    """Renames and deletes that are refused, connections cut before and behind an act, and in the middle of a file."""
    refused = (("RENAME", 0.05), ("REMOVE", 0.10))
    for method, probability in refused:
        sandbox.faults.add(
            Fault(FaultKind.STATUS, "truecommerce", method, count=None, probability=probability, status=3)
        )
    cuts = [Fault(FaultKind.RESET_BEFORE), Fault(FaultKind.RESET_AFTER), Fault(FaultKind.HALF_WRITTEN)]
    # A session makes many requests, and a cut ends all that are under way over its connection.
    sandbox.faults.mix("truecommerce", share / 4, cuts)


def _next_format(sandbox: Sandbox, portion: int) -> None:
    flat: list[Format] = [form for form in FORMATS if form != "x12"]
    sandbox.call(sandbox.truecommerce.manager.options.formats.update, {"LUMEN": flat[portion % len(flat)]})


def _replay_refused(bench: Bench) -> int:
    """A person has renaming allowed again, and replays what was held for it: orders and 997s; how many."""
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(truecommerce.INTEGRATION)
        held = _held(deployment)
        if held:
            work = RunScope(holder=lease.name, actor="person:test", documents=held, replay=True)
            for steps in (pipeline.OUTBOUND, pipeline.INBOUND):
                pipeline.run(integration, work, steps)
        return len(held)


def _held(deployment: Deployment) -> tuple[int, ...]:
    wanted = queries.DocumentFilter(flows=("orders_out", "acknowledgments_out"), states=(S.QUARANTINED,))
    with deployment.ledger.read() as tx:
        return tuple(row.id for row in queries.list_documents(tx, wanted, limit=1000).rows)


def _whole_files(bench: Bench) -> list[str]:
    """No half file read, none under a final name: what we kept is what was exported, what was taken is what we sent."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import file

    manager = bench.sandbox.truecommerce.manager
    with bench.open() as deployment, deployment.ledger.read() as tx:
        known = tx.execute(sa.select(file.c.direction, file.c.sha256, file.c.name)).all()
    exported = {hashlib.sha256(one.data).hexdigest() for one in manager.exported.values()}
    sent = {sha256 for direction, sha256, _ in known if direction == "out"}
    problems = [
        f"half read: {name}" for direction, sha256, name in known if direction == "in" and sha256 not in exported
    ]
    problems += [f"half written: {one.name}" for one in manager.imported if one.sha256 not in sent]
    problems += [f"refused by Transaction Manager: {one.name} {one.error}" for one in manager.errors]
    return problems


TRUECOMMERCE = FaultNetwork(
    truecommerce.INTEGRATION,
    ("20021", "20022"),
    _open_truecommerce,
    lambda sandbox: sandbox.truecommerce.partners,
    _disturb_truecommerce,
    _next_format,
    _replay_refused,
    _whole_files,
)
NETWORKS = {"cleo": CLEO, "truecommerce": TRUECOMMERCE}
