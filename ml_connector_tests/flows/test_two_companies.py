"""Two companies in one ledger, their configuration edited at random between runs: the books and folders of both tell.

Nothing is sent twice, nothing is sent or posted in another company, and each refusal ends in a question with a mend.
Once the configuration says again what it said at first, everything that was under way has arrived, once.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ml_connector.cli.app import run as command
from ml_connector.errors import ConfigError, ConnectorError, DecisionNeeded
from ml_connector.ledger.audit.verify import verify
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.flows.renamed import Edited, Settings, two_companies
from ml_connector_tests.flows.scenes import UNITS
from ml_connector_tests.support import examples

STEPS = 8
COMPANIES = {1: (DIVISION, "20011", "/NORTHWIND/outbox"), 2: (SECOND_DIVISION, "20012", "/ACME/outbox")}


@dataclass
class Pair:
    """Both companies and what they are called at the moment."""

    stage: Edited
    rng: random.Random
    erps: dict[int, str] = field(default_factory=lambda: {1: "exact_nl", 2: "exact_two"})
    names: dict[int, str] = field(default_factory=lambda: {1: "one", 2: "two"})
    ordered: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)
    count: int = 0
    billed: int = 0

    def fresh(self, word: str) -> str:
        self.count += 1
        return f"{word}_{self.count}"

    # edits

    def rename_connection(self) -> None:
        which = self.rng.choice((1, 2))
        old, new = self.erps[which], self.fresh("erp")

        def change(settings: Settings) -> None:
            settings["connections"][new] = settings["connections"].pop(old)
            settings["integrations"][self.names[which]]["erp"] = new

        self.stage.edit(change)
        self.erps[which] = new

    def rename_integration(self) -> None:
        which = self.rng.choice((1, 2))
        old, new = self.names[which], self.fresh("int")
        self.stage.edit(lambda s: s["integrations"].update({new: s["integrations"].pop(old)}))
        self.names[which] = new

    def rename_partner(self) -> None:
        file = self.rng.choice(sorted(self.stage.bench.home.glob("partners_*/*.yaml")))
        self.stage.edit_partner(file, name=self.fresh("partner"))

    def rename_us(self) -> None:
        identity = {"qualifier": "ZZ", "id": self.fresh("US").upper()}
        self.stage.edit(lambda s: s["integrations"][self.names[2]].update(identity=identity))

    def rename_company(self) -> None:
        self.stage.edit(lambda s: s["integrations"][self.names[1]].update(company_name=self.fresh("Voltwerk")))

    def move_partner(self) -> None:
        folders = [self.stage.bench.home / f"partners_{which}" for which in (1, 2)]
        source, target = folders if self.rng.random() < 0.5 else folders[::-1]
        for file in sorted(source.glob("*.yaml"))[:1]:
            file.rename(target / file.name)

    def divisions(self, one: int, two: int) -> None:
        def change(settings: Settings) -> None:
            settings["connections"][self.erps[1]]["division"] = one
            settings["connections"][self.erps[2]]["division"] = two

        self.stage.edit(change)

    def swap(self) -> None:
        self.divisions(SECOND_DIVISION, DIVISION)

    def double(self) -> None:
        both = self.rng.choice((DIVISION, SECOND_DIVISION))
        self.divisions(both, both)

    def put_back(self) -> None:
        self.divisions(DIVISION, SECOND_DIVISION)

    # what happens between

    def order(self) -> None:
        for division, supplier, folder in COMPANIES.values():
            number = self.stage.order(supplier, division, seed=self.rng.randint(1, 10**6))
            self.ordered.append((folder, number))

    def invoice(self) -> None:
        """The goods of one of company 1's first orders come, and Northwind bills them."""
        state, world = self.stage.bench.sandbox.exact, self.stage.bench.sandbox.partner
        assert world is not None
        at, self.billed = self.billed, self.billed + 1

        def bill() -> None:
            order = list(state.main.table("purchaseorder/PurchaseOrders"))[at]
            for line in user.lines_of(state, order):
                add_quantity(state.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
            order_changed(state.main, order)
            facts: dict[str, Any] = user.order_facts(state, order)
            lines = [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]
            world.invoice_files([{**facts, "lines": lines}], ordered=True)

        self.stage.bench.sandbox.call(bill)

    def run(self) -> None:
        for which in (1, 2):
            refused: ConnectorError | None = None
            try:
                self.stage.run(self.names[which])
            except (DecisionNeeded, ConfigError) as asked:
                refused = asked
            if refused is not None:
                assert refused.remedy, refused
                self.asked.append(refused.message)

    def answer(self) -> None:
        """What the configuration says now is meant."""
        config = ["--config", str(self.stage.bench.config)]
        for _ in range(2):
            for which, (division, _, _) in COMPANIES.items():
                for move in (("--company", self.erps[which], str(division)), ("--books", self.names[which])):
                    with suppress(SystemExit):
                        command(["ledger", "move", *move, "--yes", *config])

    def sent(self) -> Counter[tuple[str, str]]:
        world = self.stage.bench.sandbox.partner
        assert world is not None
        self.stage.bench.sandbox.call(world.flush)
        return Counter(
            (taken.folder, number)
            for taken in world.consumer.taken
            for kind, purpose, number in taken.documents
            if (kind, purpose) == ("850", "00")
        )

    def check(self) -> None:
        """The sandbox's own books and folders."""
        world, state = self.stage.bench.sandbox.partner, self.stage.bench.sandbox.exact
        assert world is not None
        sent = self.sent()
        assert set(sent) <= set(self.ordered)
        assert set(sent.values()) <= {1}
        kinds = {kind for taken in world.consumer.taken for kind, _, _ in taken.documents}
        assert "860" not in kinds, "no order was changed"
        assert set(world.consumer.interchanges().values()) <= {1}
        names = Counter((taken.folder, taken.name) for taken in world.consumer.taken)
        assert set(names.values()) <= {1}
        main, second = state.companies[DIVISION], state.companies[SECOND_DIVISION]
        numbers = Counter(row["YourRef"] for row in main.table("purchase/PurchaseInvoices"))
        assert set(numbers.values()) <= {1}
        assert list(second.table("purchase/PurchaseInvoices")) == []
        assert list(second.table("purchaseentry/PurchaseEntries")) == []
        assert list(second.table("purchaseorder/GoodsReceipts")) == []


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Edited]:
    with two_companies(tmp_path / "home") as one:
        yield one


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3] if examples.all_of_them() else [2])
def test_edits_at_random_never_mix_the_books(stage: Edited, seed: int) -> None:
    pair = Pair(stage, random.Random(seed))
    edits: list[Callable[[], None]] = [
        pair.rename_connection,
        pair.rename_integration,
        pair.rename_partner,
        pair.rename_us,
        pair.rename_company,
        pair.move_partner,
        pair.swap,
        pair.double,
        pair.put_back,
    ]
    world = stage.bench.sandbox.partner
    assert world is not None
    for name in ("NORTHWIND", "ACME"):
        world.behave(name, {"ship": "never", "invoice": "never"})
    for _ in range(4):
        pair.order()
    pair.run()
    for step in range(STEPS):
        edit = pair.rng.choice(edits)
        edit()
        pair.edits.append(edit.__name__)
        pair.order()
        if step % 3 == 0:
            pair.invoice()
        pair.run()
        pair.check()
    pair.put_back()
    for file in stage.bench.home.glob("partners_*/*.yaml"):
        right = "partners_1" if file.stem == "northwind" else "partners_2"
        file.rename(stage.bench.home / right / file.name)
    pair.run()
    pair.answer()
    pair.invoice()
    for _ in range(2):
        stage.bench.sandbox.clock.move(700)
        pair.run()
    pair.check()
    assert pair.sent() == Counter(pair.ordered)
    assert bool(pair.asked) == bool({"swap", "double"} & set(pair.edits)), pair.edits
    assert len(list(stage.bench.sandbox.exact.main.table("purchase/PurchaseInvoices"))) > 0
    with stage.opened() as deployment:
        assert verify(deployment.ledger).problems == []
