"""How far records of a source were read, and from which day on they are looked at."""

from dataclasses import dataclass
from datetime import date

from ml_connector.flows.core.integration import Integration
from ml_connector.flows.reference.first_day import first_day
from ml_connector.ledger.coordination import cursors


@dataclass(frozen=True)
class Position:
    """Where a flow's reading of a source stands. setting: `start_date` of the flow; empty: the day it began counts."""

    integration: Integration
    flow: str
    source: str
    setting: str = ""

    @property
    def name(self) -> str:
        """Of the cursor that says it."""
        erp = self.integration.erp
        return f"{self.integration.name}:{erp.connection}:{erp.company}:{self.source}{cursors.POSITION}"

    def start(self, *, dry_run: bool = False) -> date:
        """What is dated before this day was told otherwise: the setting, or the day it began, kept."""
        return first_day(self.integration, self.flow, self.setting, self.name, dry_run=dry_run)

    def cursor(self, start: date) -> str | None:
        """Where polling goes on. None: at `start`, for nothing was read yet, or only from a later day on."""
        with self.integration.ledger.read() as tx:
            begun = cursors.get(tx, f"{self.name}:begun") or cursors.get(tx, f"{self.name}:since")
            if begun is not None and start < date.fromisoformat(begun):
                return None
            return cursors.get(tx, self.name)

    def put(self, cursor: str, *, from_start: date | None = None) -> None:
        """Keep how far was read."""
        with self.integration.ledger.write() as tx:
            cursors.put(tx, self.name, cursor)
            if from_start is not None:
                cursors.put(tx, f"{self.name}:begun", from_start.isoformat())


def hides_customers(integration: Integration) -> bool:
    """Whether there is a partner file of which not even the customer can be read: what is its own passes unseen."""
    return any(problem.hides_a_customer for problem in integration.problems)
