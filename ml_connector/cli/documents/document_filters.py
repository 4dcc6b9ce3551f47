"""Which documents a command is about: filters, ids, days. Shared by `documents` commands."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ml_connector.cli.shared.flow_names import FlowName
from ml_connector.cli.shared.output import tell
from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.errors import ConfigError
from ml_connector.ledger.work.states import STANDING, DocumentState

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.ledger.database.store import Tx
    from ml_connector.ledger.search.queries import DocumentFilter
    from ml_connector.ledger.work.records import DocumentRow

F = TypeVar("F", bound=Callable[..., Any])
#: A command never works on more at once than a person can have meant.
MOST = 10_000
DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True)
class Picked:
    """What was asked for, as given."""

    integration: str | None
    flows: tuple[str, ...]
    states: tuple[str, ...]
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    partner: str | None
    number: str
    day: date | None
    since: date | None
    until: date | None
    held: bool
    direction: str | None
    company: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but the integration was given."""
        return self != replace(NOTHING, integration=self.integration)

    @property
    def only_day(self) -> bool:
        """Whether a whole day (perhaps of one partner) is meant: what materializing its partition does."""
        return self.day is not None and replace(self, day=None, partner=None) == replace(
            NOTHING, integration=self.integration
        )

    def filter(self) -> "DocumentFilter":
        from ml_connector.ledger.search.queries import DocumentFilter

        states = tuple(DocumentState(state) for state in self.states) or (STANDING if self.held else ())
        return DocumentFilter(
            integration=self.integration,
            flows=self.flows,
            states=states,
            kinds=tuple(DocumentKind(kind) for kind in self.kinds),
            reasons=self.reasons,
            direction=Direction(self.direction) if self.direction else None,
            company=self.company,
            partner=self.partner,
            partition_from=self.day or self.since,
            partition_to=self.day or self.until,
            text=self.number,
        )


NOTHING = Picked(None, (), (), (), (), None, "", None, None, None, False, None)


def filters(function: F) -> F:
    """The options that pick documents; the command gets them as one `picked`."""

    @click.option("--integration", help="Integration.")
    @click.option("--flow", "flows", multiple=True, type=FlowName(), help="Flow; may be repeated.")
    @click.option(
        "--state",
        "states",
        multiple=True,
        metavar="STATE",
        type=click.Choice([state.value for state in DocumentState]),
        help="State, e.g. quarantined, posted, sent, overdue; may be repeated.",
    )
    @click.option(
        "--held", is_flag=True, help="All that waits for somebody: quarantined, unknown outcome, overdue, refused."
    )
    @click.option(
        "--reason",
        "reasons",
        multiple=True,
        metavar="REASON",
        help="Why it is held, e.g. unknown_supplier (docs/held-documents.md); may be repeated.",
    )
    @click.option(
        "--kind",
        "kinds",
        multiple=True,
        metavar="KIND",
        type=click.Choice([kind.value for kind in DocumentKind]),
        help="Kind, e.g. invoice, order, ship_notice; may be repeated.",
    )
    @click.option("--company", help="Company, as the ERP names it: its code, or its name.")
    @click.option("--partner", help="Partner's short name.")
    @click.option("--number", default="", help="Order, invoice or shipment number, an amount, or the other side's id.")
    @click.option("--direction", type=click.Choice(["in", "out"]), help="Received or sent.")
    @click.option("--date", "day", type=DAY, help="Day of its first ledger row (UTC), YYYY-MM-DD.")
    @click.option("--from", "since", type=DAY, help="From this day on.")
    @click.option("--to", "until", type=DAY, help="Up to this day.")
    @functools.wraps(function)
    def command(*args: Any, **named: Any) -> Any:
        keys = (
            "integration",
            "flows",
            "states",
            "kinds",
            "reasons",
            "partner",
            "number",
            "held",
            "direction",
            "company",
        )
        given: dict[str, Any] = {key: named.pop(key) for key in keys}
        given |= {key: _day(named.pop(key)) for key in ("day", "since", "until")}
        return function(*args, picked=Picked(**given), **named)

    return command  # type: ignore[return-value]


def _day(value: datetime | None) -> date | None:
    return None if value is None else value.date()


def company_code(deployment: "Deployment", given: str | None) -> str | None:
    """The code of a company that was named by its code or its name.

    Raises:
        ConfigError: the ledger has none of that name.
    """
    from ml_connector.ledger.names.naming import company_bindings

    if given is None:
        return None
    with deployment.ledger.read() as tx:
        known = company_bindings(tx)
    for one in known:
        if given.casefold() in (one.company.casefold(), one.title.casefold()):
            return one.company
    told = ", ".join(dict.fromkeys(one.told for one in known)) or "none"
    raise ConfigError(f"The ledger has no company {given}.", remedy=f"Known are: {told}.")


def document_named(deployment: "Deployment", given: str, company: str | None = None) -> "DocumentRow":
    """A document by id or number, of any company or of one.

    Raises:
        ConfigError: none, or several.
    """
    from ml_connector.ledger.names.naming import companies
    from ml_connector.ledger.search.queries import search
    from ml_connector.ledger.work import documents as stored

    with deployment.ledger.read() as tx:
        if _is_id(given):
            row = stored.get(tx, int(given))
            if row is not None and company in (None, row.company):
                return row
        found = [one for one in search(tx, given, limit=100) if given.casefold() == one.number.casefold()]
        found = [one for one in found if company in (None, one.company)]
        told = companies(tx)
        if len(found) == 1:
            row = stored.get(tx, found[0].id)
            if row is not None:
                return row
    if found:
        whose = {one.id: f", {told[one.books]}" if one.books in told else "" for one in found}
        ids = ", ".join(
            f"{one.id} ({one.kind.value}, {one.partner}, {one.state.value}{whose[one.id]})" for one in found[:10]
        )
        several = len({one.books for one in found}) > 1
        remedy = "Name one by its id, or say which company: --company." if several else "Name one by its id."
        raise ConfigError(f"{len(found)} documents have the number {given}: {ids}.", remedy=remedy)
    raise ConfigError(f"The ledger has no document {given}.", remedy="`ml-connector documents list --number` searches.")


def _is_id(given: str) -> bool:
    return given.isascii() and given.isdigit() and len(given) < 19


def documents_of(deployment: "Deployment", named: Sequence[str], picked: Picked) -> "list[DocumentRow]":
    """The documents named, or let through by the filters.

    Digits alone are an id and never a number: these are commands that act, and a mistyped id must not meet an order
    of that number.

    Raises:
        ConfigError: what the ledger does not have or has several of, documents of several companies, or more than one
            command works on.
    """
    picked = replace(picked, company=company_code(deployment, picked.company))
    rows = _documents_of(deployment, named, picked)
    _of_one_company(deployment, rows)
    return rows


def _of_one_company(deployment: "Deployment", rows: "Sequence[DocumentRow]") -> None:
    """An act is about one company: numbers exist twice, and an id is soon mistyped."""
    from ml_connector.ledger.names.naming import companies

    if len({row.books for row in rows}) < 2:
        return
    with deployment.ledger.read() as tx:
        told = companies(tx)
    by_company: dict[str, list[str]] = {}
    for row in rows:
        by_company.setdefault(told.get(row.books, row.company), []).append(f"{row.id} {row.number}")
    each = "; ".join(f"{name}: {', '.join(ids[:10])}" for name, ids in by_company.items())
    raise ConfigError(f"That is about {len(by_company)} companies: {each}.", remedy="Say which one: --company.")


def _tell_left_out(tx: "Tx", found: "Sequence[DocumentRow]", company: str | None) -> None:
    """What was named by its id and is of another company than was said."""
    from ml_connector.ledger.names.naming import companies

    told = companies(tx)
    for row in found:
        if company not in (None, row.company):
            tell(f"Left out: {row.id} {row.number} is of {told.get(row.books, row.company)}.")


def named_companies(deployment: "Deployment") -> "Callable[[DocumentRow], str]":
    """What to call a document's company; empty where the ledger has only one."""
    from ml_connector.ledger.names.naming import companies

    with deployment.ledger.read() as tx:
        told = companies(tx)
    return lambda row: told.get(row.books, row.company) if told else ""


def _documents_of(deployment: "Deployment", named: Sequence[str], picked: Picked) -> "list[DocumentRow]":
    from ml_connector.ledger.search.queries import list_documents
    from ml_connector.ledger.work import documents

    ids = [int(one) if _is_id(one) else document_named(deployment, one, picked.company).id for one in named]
    with deployment.ledger.read() as tx:
        if ids:
            found = documents.get_many(tx, ids)
            if missing := sorted(set(ids) - {row.id for row in found}):
                raise ConfigError(
                    f"The ledger has no document {missing[0]}.", remedy="`ml-connector documents list` shows their ids."
                )
            if not picked.narrows:
                return found
            wanted = replace(picked.filter(), ids=[row.id for row in found])
            _tell_left_out(tx, found, picked.company)
        else:
            wanted = picked.filter()
        page = list_documents(tx, wanted, limit=MOST)
        if page.next_before is not None:
            raise ConfigError(
                f"More than {MOST} documents fit.",
                remedy="Narrow it; a whole day: `ml-connector sync INTEGRATION --date DAY`.",
            )
        return documents.get_many(tx, [row.id for row in page.rows])
