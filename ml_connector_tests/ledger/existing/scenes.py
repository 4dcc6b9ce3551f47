"""The world of the existing ledger: what stood in Exact when it was made, so that a test can set it up again.

The sandbox gives the same ids for the same acts in the same order, and the clock begins at the same moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_connector.demo.scenario import TROUBLES
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.systems.truecommerce import stage as truecommerce

#: When the ledger's story begins.
BEGIN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
#: Orders by network; of the first, each trouble of the demo has one.
CLEO_ORDERS, TRUECOMMERCE_ORDERS = len(TROUBLES) + 6, 4


#: More numbers of a kind than the story gives on its way.
MADE_LATER = 100


def set_clock(home: Path, moment: datetime) -> Path:
    """A clock file that makes it this moment now."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "clock"
    file.write_text(f"{(moment - datetime.now(UTC)).total_seconds():.3f}", encoding="ascii")
    return file


@contextmanager
def sandbox_of_then(home: Path, moment: datetime = BEGIN) -> Iterator[Sandbox]:
    """The sandbox with the orders of the existing ledger, and nothing that came after them."""
    options = SandboxOptions(
        exact=ExactOptions(minute_limit=None, day_limit=None),
        clock_file=set_clock(home, BEGIN),
        truecommerce=truecommerce.quick(),
    )
    with Sandbox(options, stand_ins=registry.of("exact", "cleo", "truecommerce")) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        sandbox.call(sandbox.truecommerce.add_suppliers)
        sandbox.call(_orders(sandbox))
        if moment > BEGIN:
            sandbox.clock.move((moment - sandbox.clock.now()).total_seconds())
            sandbox.call(_use_up_numbers(sandbox))
        yield sandbox


def _orders(sandbox: Sandbox) -> Callable[[], None]:
    def make() -> None:
        world = sandbox.partner
        assert world is not None
        made = user.create_orders(sandbox.exact, CLEO_ORDERS)
        facts = [user.order_facts(sandbox.exact, order) for order in made]
        partners = {profile.supplier: profile.name for profile in world.options.profiles}
        for trouble, order in zip(TROUBLES, facts, strict=False):
            world.behave(partners[order["supplier"]], dict(trouble.behaviour), order=str(order["order_number"]))
        user.create_orders(sandbox.exact, TRUECOMMERCE_ORDERS, seed=2, suppliers=("20021", "20022"))

    return make


def _use_up_numbers(sandbox: Sandbox) -> Callable[[], None]:
    """Numbers that were given later than BEGIN, by the buyers and by the partners: nothing new may have them."""

    def use_up() -> None:
        for _ in range(MADE_LATER):
            sandbox.exact.main.next_number("order 26")
        for world in (sandbox.partner, sandbox.truecommerce.partners):
            for partner in world.partners.values() if world is not None else ():
                for _ in range(MADE_LATER):
                    partner.control()
                for kind in ("I", "S", "D", "C", "X"):
                    partner.count(kind, MADE_LATER)

    return use_up


def configuration(sandbox: Sandbox, home: Path) -> dict[str, Any]:
    """Both integrations; all lines of an 855's change are written to the order."""
    changes = truecommerce.changes(sandbox.addresses(), home)
    changes["integrations"]["exact_cleo"] = {"flows": {"acknowledgments_in": {"order_changes": "write_back"}}}
    return changes
