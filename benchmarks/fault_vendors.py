"""Vendors that purchasing tells of while workers are killed: what it tells, and what must have become of each.

New ones, some told again or changed later, some by two numbers at once; some that are in the books by another writing;
and some of which nothing but a name is known that a vendor of ours has: those are for a person.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import Reason
from ml_connector.flows.vendors_in.book import KIND
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.ledger.tables.documents import document
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY
from ml_connector.sandbox.server import Sandbox

COLUMNS = ("Vendor", "Change", "Name", "TaxNumber", "Street", "PostalCode", "City", "Region", "Country", "PaymentTerms")


class Case(StrEnum):
    """What a proposed vendor is."""

    NEW = "new"
    TOLD_TWICE = "told_twice"
    CHANGED_LATER = "changed_later"
    KNOWN_BY_NUMBER = "known_by_number"
    KNOWN_BY_ADDRESS = "known_by_address"
    FIRST_TWIN = "first_twin"
    SECOND_TWIN = "second_twin"
    NAME_ALONE = "name_alone"


#: One after another, so that also a few have all of them.
CASES = (
    *(Case.NEW, Case.TOLD_TWICE, Case.CHANGED_LATER, Case.KNOWN_BY_NUMBER, Case.KNOWN_BY_ADDRESS),
    *(Case.FIRST_TWIN, Case.SECOND_TWIN, Case.NAME_ALONE, Case.NEW, Case.NEW),
)
_KNOWN = frozenset({Case.KNOWN_BY_NUMBER, Case.KNOWN_BY_ADDRESS, Case.NAME_ALONE})
_STATES: Mapping[Case, tuple[str, ...]] = {
    Case.TOLD_TWICE: ("applied", "duplicate"),
    Case.CHANGED_LATER: ("applied", "applied"),
    Case.NAME_ALONE: ("quarantined",),
}


@dataclass(frozen=True)
class Proposed:
    """One of them. at: its place among all; first of its twins' places."""

    at: int
    case: Case

    @property
    def number(self) -> str:
        """Its number at the sender."""
        return f"B-{self.at:04d}"

    @property
    def who(self) -> int:
        """Of which vendor it is: twins are one."""
        return self.at - 1 if self.case is Case.SECOND_TWIN else self.at

    @property
    def tax_number(self) -> str:
        """Of the vendor."""
        return f"47-{2000000 + self.who * 7}"

    @property
    def ours(self) -> str:
        """Its code in the books, where it was there before."""
        return f"H-{self.who:04d}" if self.case in _KNOWN else ""

    def row(self, *, later: bool = False) -> str:
        """Its line of a file; what is told of it later, where something is."""
        name, tax, street, place = f"Juniper Supply {self.who} LLC", self.tax_number, *_place(self.who)
        if self.case is Case.KNOWN_BY_NUMBER:
            name, street, place = f"THE HARBOR WORKS {self.who}", "", ""
        elif self.case is Case.KNOWN_BY_ADDRESS:
            name, tax, street = f"Harbor Works {self.who}", "", street.replace("Road", "Rd.")
        elif self.case is Case.NAME_ALONE:
            name, tax, street, place = f"Harbor Works {self.who} Corp.", "", "", ""
        elif self.case is Case.SECOND_TWIN:
            name = f"JUNIPER SUPPLY {self.who} INC"
        changed = later and self.case is Case.CHANGED_LATER
        if changed:
            name = f"Juniper Group {self.who} LLC"
        city = "Gary" if place else ""
        values = (self.number, "changed" if changed else "", name, tax, street, place, city, "IN", "US", "30 days")
        return ",".join(values)


def _place(who: int) -> tuple[str, str]:
    """Street and postal code."""
    return f"{100 + who} Mill Road", f"{46000 + who}"


@dataclass
class Proposals:
    """They come in portions, two files each: twins may be read in either order. given: those that came so far."""

    sandbox: Sandbox
    count: int
    given: list[Proposed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._all = [Proposed(at, CASES[at % len(CASES)]) for at in range(self.count - self.count % len(CASES))]
        self._later: list[str] = []
        self._files = 0
        self.sandbox.call(self._enter_known)

    def _enter_known(self) -> None:
        for one in self._all:
            if one.ours:
                street, place = _place(one.who)
                values = {"VENDORID": one.ours, "NAME": f"Harbor Works {one.who}, Inc.", "TAXID": one.tax_number}
                address = {"ADDRESS1": street, "ZIP": place, "CITY": "Gary", "STATE": "IN", "COUNTRYCODE": "US"}
                contact = {f"DISPLAYCONTACT.MAILADDRESS.{name}": text for name, text in address.items()}
                contact["DISPLAYCONTACT.PRINTAS"] = values["NAME"]
                user.put(self.sandbox.sage_intacct, "VENDOR", values | contact)

    def portion(self, share: float) -> None:
        """So much (0..1) of them more, and what is told of earlier ones again."""
        begun = len(self.given)
        new = self._all[begun : begun + math.ceil(len(self._all) * share)]
        self.given += new
        self._leave([*self._later, *(one.row() for one in new)])
        self._later = [one.row(later=True) for one in new if len(_STATES.get(one.case, ())) > 1]

    def rest(self) -> None:
        """All that is left."""
        self.portion(1.0)
        self.portion(0.0)

    def _leave(self, rows: Sequence[str]) -> None:
        for some in (rows[::2], rows[1::2]):
            if some:
                self._files += 1
                data = "\n".join((",".join(COLUMNS), *some, "")).encode()
                self.sandbox.call(self._put, f"vendors-{self._files:04d}.csv", data)

    def _put(self, name: str, data: bytes) -> None:
        folders = self.sandbox.cleo.folders
        folders.put(folders.folder(f"/{ACMEBUY.name}/inbox"), name, data, owner="partner")


# ------------------------------------------------------------------ judging


def judge_vendors(proposals: Proposals, deployment: Any) -> dict[str, Any]:
    """How many became what they are; `wrong` says the rest. Both sides' books are looked at."""
    wrong: dict[str, str] = {}
    told = _documents(deployment)
    books = proposals.sandbox.call(lambda: list(proposals.sandbox.sage_intacct.main.tables["VENDOR"]))
    numbers = Counter(row.text("TAXID") for row in books if row.text("TAXID"))
    codes = {row.text("VENDORID"): row.text("TAXID") for row in books}
    right: Counter[str] = Counter()
    for one in proposals.given:
        problem = _problem(one, told.get(one.number, []), numbers, codes)
        if problem:
            wrong[f"{one.number} {one.case}"] = problem
        else:
            right[one.case] += 1
    ours = {one.tax_number for one in proposals.given}
    wrong |= {f"tax number {number}": f"{count} vendors" for number, count in numbers.items() if count > 1}
    wrong |= {
        f"vendor {row.text('VENDORID')}": "nobody proposed it"
        for row in books
        if row.text("VENDORID").startswith("E-") and row.text("TAXID") not in ours
    }
    made = sum(1 for row in books if row.text("VENDORID").startswith("E-"))
    return {"given": len(proposals.given), "right": right.total(), "made": made, "wrong": wrong}


def expected_held(proposals: Proposals) -> dict[str, int]:
    """Those that only a person can decide about."""
    count = sum(1 for one in proposals.given if one.case is Case.NAME_ALONE)
    return {f"vendors_in/{Reason.VENDOR_CANDIDATES}": count} if count else {}


def _problem(
    one: Proposed, told: Sequence[tuple[str, str, Decided]], numbers: Mapping[str, int], codes: Mapping[str, str]
) -> str:
    """What is wrong with what became of one; empty where nothing is."""
    states = tuple(sorted(state for state, _, _ in told))
    if states != _STATES.get(one.case, ("applied",)):
        return f"{states}, {[reason for _, reason, _ in told]}"
    if numbers[one.tax_number] != 1:
        return f"{numbers[one.tax_number]} vendors in the books"
    linked = {decided.vendor for state, _, decided in told if state == "applied"}
    strange = {code for code in linked if codes.get(code) != one.tax_number}
    if strange or (one.ours and linked - {one.ours}):
        return f"linked with {sorted(linked)}"
    if one.case is Case.NAME_ALONE:
        return "" if {reason for _, reason, _ in told} == {Reason.VENDOR_CANDIDATES} else f"held for {told[0][1]}"
    return "" if len(linked) == 1 else f"linked with {sorted(linked)}"


def _documents(deployment: Any) -> dict[str, list[tuple[str, str, Decided]]]:
    """State, reason and decision of what came, by the sender's number."""
    query = sa.select(document.c.number, document.c.state, document.c.reason, document.c.work)
    found: dict[str, list[tuple[str, str, Decided]]] = defaultdict(list)
    with deployment.ledger.read() as tx:
        for number, state, reason, work in _rows(tx, query.where(document.c.kind == KIND)):
            found[number].append((str(state), str(reason or ""), Decided.read(work)))
    return found


def _rows(tx: Any, query: Any) -> Iterator[tuple[str, str, str | None, str | None]]:
    yield from tx.execute(query)
