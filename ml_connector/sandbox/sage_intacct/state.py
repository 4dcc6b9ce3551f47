"""Everything the Sage Intacct stand-in holds: companies, sessions, used control ids, turns, troubles."""

from collections import Counter

from ml_connector.clock import FileClock
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.sage_intacct.access.control_ids import ControlIds
from ml_connector.sandbox.sage_intacct.access.sessions import Sessions
from ml_connector.sandbox.sage_intacct.access.troubles import Troubles
from ml_connector.sandbox.sage_intacct.access.turns import Turns
from ml_connector.sandbox.sage_intacct.books.company import Company, Work
from ml_connector.sandbox.sage_intacct.functions.results import Results
from ml_connector.sandbox.sage_intacct.options import COMPANY, SECOND_COMPANY, SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.values import Formats


class SageIntacctState:
    """The gateway with two companies."""

    def __init__(self, *, clock: FileClock, journal: Journal, options: SageIntacctOptions, seed: int) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options
        self.seed = seed
        self.sessions = Sessions(clock, options)
        self.control_ids = ControlIds(clock, options)
        self.turns = Turns(options)
        self.troubles = Troubles(options, seed)
        self.calls: Counter[str] = Counter()  # by the name of the function
        self.results = Results(clock, options)
        self.companies = {
            name: Company(name, clock=clock, journal=journal, options=options) for name in (COMPANY, SECOND_COMPANY)
        }

    @property
    def main(self) -> Company:
        """The company that tests and the demo work in."""
        return self.companies[COMPANY]

    def company(self, name: str) -> Company | None:
        """By its id, without regard to case."""
        return next((one for known, one in self.companies.items() if known.casefold() == name.casefold()), None)

    @property
    def formats(self) -> Formats:
        """Those of the user (sage-intacct 6.4)."""
        options = self.options
        return Formats(options.date_format, options.clock, options.gmt_offset)

    def work(self, company: Company | None = None, entity: str = "") -> Work:
        """The work of a person at the screens."""
        return Work(company or self.main, self.options.user, entity)
