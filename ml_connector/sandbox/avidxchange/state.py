"""What AvidXchange holds: vendors, codes, orders, receipts, invoices, batches, payments; and who is logged in."""

import secrets
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.clock import FileClock
from ml_connector.sandbox.avidxchange.options import AvidOptions
from ml_connector.sandbox.journal import Journal

Row = dict[str, Any]
TABLES = ("vendors", "glaccounts", "purchaseorders", "receipts", "invoices", "payments", "batches")


class AvidState:
    """Everything of one account. Change it in the sandbox's own loop."""

    def __init__(self, clock: FileClock, journal: Journal, options: AvidOptions | None = None) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options or AvidOptions()
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.tokens: dict[str, datetime] = {}
        self.exports: list[Row] = []
        self.images: dict[str, bytes] = {}
        self.logins = 0
        self._next = 1000

    def now(self) -> datetime:
        """UTC without a zone, as its answers have it."""
        return self.clock.now().astimezone(UTC).replace(tzinfo=None)

    def stamp(self) -> str:
        return self.now().isoformat(timespec="seconds")

    def number(self) -> int:
        self._next += 1
        return self._next

    def table(self, name: str) -> dict[str, Row]:
        return self.tables[name]

    def rows(self, name: str) -> Iterator[Row]:
        yield from list(self.tables[name].values())

    def add(self, name: str, row: Mapping[str, Any]) -> Row:
        """A new record with an id of its own; the moment at which it moved."""
        key = "PaymentId" if name == "payments" else "BatchGUID" if name == "batches" else "Id"
        made: Row = {key: str(uuid.uuid4()) if name == "batches" else self.number(), **row}
        made["LastModifiedDate"] = self.stamp()
        self.tables[name][str(made[key])] = made
        self.journal.write(system="avidxchange", kind=name, data={"id": made[key], "external_id": external_id(made)})
        return made

    def move(self, row: Row, **changes: Any) -> Row:
        """A record changes: polls by change see it again."""
        row.update(changes)
        row["LastModifiedDate"] = self.stamp()
        return row

    def by_external_id(self, name: str, wanted: str) -> list[Row]:
        return [row for row in self.tables[name].values() if external_id(row) == wanted]

    def invoice(self, key: str) -> Row:
        """By its id, our id of it, or its number. Raises KeyError."""
        for row in self.tables["invoices"].values():
            if key in (str(row["Id"]), external_id(row), row.get("Number")):
                return row
        raise KeyError(f"no invoice {key}")

    # who is logged in

    def grant(self) -> str:
        token = secrets.token_urlsafe(24)
        self.tokens[token] = self.clock.now() + timedelta(minutes=self.options.token_minutes)
        self.logins += 1
        return token

    def knows(self, token: str) -> bool:
        until = self.tokens.get(token)
        return until is not None and self.clock.now() < until


def external_id(row: Mapping[str, Any]) -> str:
    found = row.get("ExternalIdentifier")
    return str(found.get("Value", "")) if isinstance(found, dict) else str(found or "")


def money(value: Any) -> Decimal:
    """An amount as it was sent."""
    return Decimal(str(value))
