"""What a partner was told of a table so far. The version that it has stands with the documents that took it there."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_connector.config.partners import Partner, TableToPartner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.master.tables import Scope
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.records_out.history import HAS, ON_ITS_WAY
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work.earlier import ToldRow, told_of
from ml_connector.ledger.work.states import DocumentState as S

FLOW = "reference_out"
KIND = DocumentKind.REFERENCE_DATA
#: What the ledger keeps of what a document is of.
_LONGEST = 120


@dataclass(frozen=True)
class Told:
    """What one file tells: its scope, the version that it takes the partner to, and the fields that it has."""

    scope: str
    version: int
    fields: tuple[str, ...] = ()
    asked: bool = False

    @classmethod
    def of(cls, row: ToldRow) -> "Told":
        return cls.read(row.work)

    @classmethod
    def read(cls, work: str | None) -> "Told":
        """As `text` wrote it."""
        value = json.loads(work or "{}")
        return cls(
            value.get("scope", ""), value.get("version", 0), tuple(value.get("fields", ())), value.get("asked", False)
        )

    def text(self) -> str:
        """As the document's `work` has it."""
        value = {"scope": self.scope, "version": self.version, "fields": list(self.fields), "asked": self.asked}
        return json.dumps(value, sort_keys=True)


@dataclass(frozen=True)
class Subscription:
    """A table that a partner is told of."""

    partner: Partner
    table: str
    rule: TableToPartner
    #: The partner as the ledger knows it whatever its name, with the table.
    source_id: str

    @property
    def cursor(self) -> str:
        """Of the position that says which version was compared last."""
        return f"{FLOW}:{self.source_id}"


def subscriptions(integration: Integration) -> Iterator[Subscription]:
    """Every table that a partner of this integration is told of."""
    for partner in integration.partners.values():
        for table, rule in partner.reference_data.items():
            yield Subscription(partner, table, rule, source_id(integration, partner.name, table))


def source_id(integration: Integration, partner: str, table: str) -> str:
    """What the documents of a partner and table have in common."""
    return f"{table}@{integration.name}/{integration.belonging.keys.get(partner, partner)}"[:_LONGEST]


@dataclass(frozen=True)
class History:
    """The documents of a subscription, oldest to newest."""

    rows: Sequence[ToldRow] = ()

    @classmethod
    def read(cls, integration: Integration, tx: Tx, source: str) -> "History":
        return cls(told_of(tx, integration.books, FLOW, source))

    def before(self, revision: int) -> "History":
        """What there was before a revision."""
        return History([row for row in self.rows if row.revision < revision])

    @property
    def not_left(self) -> list[ToldRow]:
        """Those that have not left, or of which nobody knows whether they have."""
        return [row for row in self.rows if row.state in ON_ITS_WAY or row.state is S.QUARANTINED]

    @property
    def has(self) -> Told | None:
        """What took the partner to the version that it has."""
        return next((Told.of(row) for row in reversed(self.rows) if row.state in HAS), None)

    @property
    def last_whole(self) -> tuple[Told, datetime] | None:
        """The newest whole table that the partner has, and when it was begun."""
        for row in reversed(self.rows):
            if row.state in HAS and (told := Told.of(row)).scope == Scope.WHOLE:
                return told, row.created_at
        return None

    @property
    def next_revision(self) -> int:
        return max((row.revision for row in self.rows), default=-1) + 1
