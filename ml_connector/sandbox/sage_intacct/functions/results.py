"""What readMore goes on with: the rows of a readByQuery, for one reader, for a time (sage-intacct 6.2)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.sage_intacct.books.record import Values
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.xml import Node

MOST_RESULTS = 200


@dataclass(slots=True)
class Result:
    """The rows as they were when they were asked for, and how each is shown."""

    listtype: str
    company: str
    rows: list[Values]
    show: Callable[[Values], Node]
    pagesize: int
    at: int
    ends: datetime


class Results:
    """By result id; the oldest goes when there are too many."""

    def __init__(self, clock: FileClock, options: SageIntacctOptions) -> None:
        self._clock = clock
        self._options = options
        self._kept: dict[str, Result] = {}

    def keep(
        self, listtype: str, company: str, rows: list[Values], show: Callable[[Values], Node], pagesize: int
    ) -> tuple[str, Result]:
        ends = self._clock.now() + timedelta(minutes=self._options.result_minutes)
        identity = secrets.token_hex(16)
        self._kept[identity] = result = Result(listtype, company, rows, show, pagesize, 0, ends)
        while len(self._kept) > MOST_RESULTS:
            self._kept.pop(next(iter(self._kept)))
        return identity, result

    def find(self, identity: str, company: str) -> Result | None:
        result = self._kept.get(identity)
        if result is None or result.company != company or self._clock.now() >= result.ends:
            return None
        return result

    def newest(self, listtype: str, company: str) -> tuple[str, Result | None]:
        """The newest result of that object, for a readMore that names the object alone."""
        for identity, result in reversed(self._kept.items()):
            if result.listtype == listtype.lower() and result.company == company:
                return identity, self.find(identity, company)
        return "", None

    def page(self, result: Result) -> tuple[list[Node], int]:
        """The next rows and how many are left after them."""
        rows = [result.show(values) for values in result.rows[result.at : result.at + result.pagesize]]
        result.at += len(rows)
        return rows, len(result.rows) - result.at
