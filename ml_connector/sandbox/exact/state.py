"""Everything the Exact stand-in holds: divisions, users, tokens, limits."""

import random
from typing import Any

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.access.oauth import OAuth
from ml_connector.sandbox.exact.access.webhooks import Webhooks
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company, User
from ml_connector.sandbox.exact.wire.limits import Limits
from ml_connector.sandbox.exact.wire.wire import Row
from ml_connector.sandbox.journal import Journal

BUYER = User("11111111-0000-0000-0000-000000000001", "Sandbox Buyer", "sandbox.buyer")

# Columns that the state keeps for itself start with an underscore and never leave.


class ExactState:
    """The simulated account: one user, several divisions of which some are out of reach."""

    def __init__(self, *, clock: FileClock, journal: Journal, options: ExactOptions, seed: int) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options
        self.seed = seed
        self.rng = random.Random(seed)
        self.limits = Limits(clock, options)
        self.oauth = OAuth(clock, journal, options)
        self.webhooks = Webhooks(clock, journal, options, random.Random(seed + 1))
        self.companies: dict[int, Company] = {}
        self.current_division = 0
        self.division_rows: list[Row] = []
        self.user = BUYER
        self.root = "http://127.0.0.1"  # the address last called, for links made without a request

    def add_company(self, code: int, name: str, currency: str = "EUR") -> Company:
        company = Company(code=code, name=name, currency=currency, clock=self.clock, rng=self.rng, user=self.user)
        self.companies[code] = company
        return company

    @property
    def main(self) -> Company:
        """The division that the seed data are written for."""
        return self.companies[self.current_division]

    def publish(self, company: Company) -> None:
        """Tell webhook subscribers what has changed."""
        self.webhooks.publish(company, self.root)

    def wrote(self, kind: str, company: Company, data: dict[str, Any]) -> None:
        self.journal.write(system="exact", kind=kind, data={"division": company.code, **data})


def describe(path: str, row: Row) -> tuple[str, dict[str, Any]]:
    """Kind and facts of a committed write, for the journal."""
    kind = path.rpartition("/")[2]
    names = (
        "YourRef",
        "EntryNumber",
        "OrderNumber",
        "ReceiptNumber",
        "Supplier",
        "Amount",
        "AmountFC",
        "Type",
        "Code",
        "FileName",
        "Subject",
        "Topic",
    )
    facts: dict[str, Any] = {name: row[name] for name in names if row.get(name) is not None}
    return kind, {name: str(v) if not isinstance(v, int | str) else v for name, v in facts.items()}
