"""Reference data that changes at Intacct's screens while workers are killed, and what its reader makes of the files.

The reader drops what repeats a name, and applies the rest in the order in which it came: a whole table, or rows that
were added, changed or removed. In the end its tables are those of the books.
"""

import csv
import hashlib
import io
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ml_connector.sandbox.partner.consumer import Taken
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY
from ml_connector.sandbox.server import Sandbox


@dataclass(frozen=True)
class Told:
    """A table as its reader gets it: the object in the books, its key, and the fields of both sides by column."""

    object: str
    key: str
    name: str
    more: Mapping[str, str] = field(default_factory=dict)
    entered: Mapping[str, str] = field(default_factory=dict)


_ADDRESS = "DISPLAYCONTACT.MAILADDRESS."
TABLES: Mapping[str, Told] = {
    "vendors": Told(
        "VENDOR",
        "VENDORID",
        "NAME",
        more={
            "Street": f"{_ADDRESS}ADDRESS1",
            "PostalCode": f"{_ADDRESS}ZIP",
            "City": f"{_ADDRESS}CITY",
            "Region": f"{_ADDRESS}STATE",
            "Country": f"{_ADDRESS}COUNTRYCODE",
            "Currency": "CURRENCY",
            "PaymentTerms": "TERMNAME",
        },
    ),
    "gl_accounts": Told(
        "GLACCOUNT",
        "ACCOUNTNO",
        "TITLE",
        entered={"NORMALBALANCE": "debit", "CLOSINGTYPE": "non-closing account", "ACCOUNTTYPE": "balancesheet"},
    ),
    "departments": Told("DEPARTMENT", "DEPARTMENTID", "TITLE"),
    "locations": Told("LOCATION", "LOCATIONID", "NAME"),
    "items": Told(
        "ITEM",
        "ITEMID",
        "NAME",
        more={"Unit": "BASEUOM", "Barcode": "UPC"},
        entered={"ITEMTYPE": "Non-Inventory", "BASEUOM": "Each"},
    ),
}
ACTS = ("rename", "add", "remove", "deactivate")


@dataclass
class TableChanges:
    """Somebody works at the screens, in portions. done: changes so far."""

    sandbox: Sandbox
    count: int
    done: int = 0

    def __post_init__(self) -> None:
        self.sandbox.call(self._enter_first)

    def _enter_first(self) -> None:
        """What is renamed, deactivated or removed later."""
        for at in range(self.count):
            if _act(at) != "add":
                self._enter(at, f"Before {at}")

    def portion(self, share: float) -> None:
        """So much (0..1) more."""
        upto = min(self.count, self.done + math.ceil(self.count * share))
        for at in range(self.done, upto):
            self.sandbox.call(self._change, at)
        self.done = upto

    def _change(self, at: int) -> None:
        told, state, act = _table(at), self.sandbox.sage_intacct, _act(at)
        if act == "remove":
            user.remove(state, told.object, _code(at))
        elif act == "deactivate":
            user.put(state, told.object, {told.key: _code(at), "STATUS": "inactive"})
        elif act == "rename":
            user.put(state, told.object, {told.key: _code(at), told.name: f'After {at}, "Söhne" & more'})
        else:
            self._enter(at, f"Added {at}; new")

    def _enter(self, at: int, name: str) -> None:
        told = _table(at)
        user.put(self.sandbox.sage_intacct, told.object, {told.key: _code(at), told.name: name, **told.entered})


def _table(at: int) -> Told:
    return tuple(TABLES.values())[at % len(TABLES)]


def _act(at: int) -> str:
    return ACTS[(at // len(TABLES) + at % len(TABLES)) % len(ACTS)]


def _code(at: int) -> str:
    return f"X{at:04d}"


# ------------------------------------------------------------------ judging

Row = Mapping[str, str]


@dataclass
class Reader:
    """Whoever works with our tables. files: that count, by table; problems: what it could not make sense of."""

    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    problems: list[str] = field(default_factory=list)
    _versions: dict[str, int] = field(default_factory=dict)

    def take(self, name: str, data: bytes) -> None:
        """Apply a file."""
        table, scope, version, rows = _read(name, data)
        self.files[table] += 1
        if version <= self._versions.get(table, 0):
            self.problems.append(f"{name}: version {version} after {self._versions[table]}")
        self._versions[table] = version
        kept = {} if scope == "whole" else self.tables[table]
        for code, change, row in rows:
            expected = {"": code in kept, "added": code in kept, "changed": code not in kept}
            if expected.get(change, code not in kept):
                self.problems.append(f"{name}: {code} {change or 'whole'}")
            if change == "removed":
                kept.pop(code, None)
            else:
                kept[code] = row
        self.tables[table] = kept


def judge_tables(changes: TableChanges, entity: str) -> dict[str, Any]:
    """What the reader has beside the books, table by table; `wrong` says what differs."""
    sandbox = changes.sandbox
    assert sandbox.partner is not None
    taken = [one for one in sandbox.partner.consumer.taken if one.folder == f"/{ACMEBUY.name}/outbox"]
    reader, problems = Reader(), _crossed(taken)
    first: dict[str, bytes] = {}
    for one in taken:
        first.setdefault(one.name, one.data)
    for name, data in first.items():
        reader.take(name, data)
    books = {name: sandbox.call(_books, sandbox, told, entity) for name, told in TABLES.items()}
    wrong = {
        f"{name} {code}": f"{reader.tables[name].get(code)} for {books[name].get(code)}"
        for name in TABLES
        for code in sorted({*reader.tables[name], *books[name]})
        if reader.tables[name].get(code) != books[name].get(code)
    }
    return {
        "changes": changes.done,
        "files": dict(reader.files),
        "repeats": len(taken) - sum(reader.files.values()),
        "rows": {name: len(rows) for name, rows in reader.tables.items()},
        "wrong": wrong | {f"file {at}": text for at, text in enumerate(problems + reader.problems)},
    }


def _crossed(taken: Sequence[Taken]) -> list[str]:
    """Names with different bytes, and bytes under different names."""
    hashes, names = defaultdict(set), defaultdict(set)
    for one in taken:
        digest = hashlib.sha256(one.data).hexdigest()
        hashes[one.name].add(digest)
        names[digest].add(one.name)
    told = [f"{name} came with {len(found)} contents" for name, found in hashes.items() if len(found) > 1]
    return told + [f"one content came as {sorted(found)}" for found in names.values() if len(found) > 1]


def _books(sandbox: Sandbox, told: Told, entity: str) -> dict[str, Row]:
    """The table as the books have it, of what the connection's entity sees."""
    rows = [row for row in sandbox.sage_intacct.main.tables[told.object] if row.owner in ("", entity)]
    return {row.text(told.key): _row(row, told) for row in rows}


def _row(row: Record, told: Told) -> Row:
    values = {
        "Code": row.text(told.key),
        "Name": row.text(told.name),
        "Status": "inactive" if row.text("STATUS") == "inactive" else "active",
        **{column: row.text(name) for column, name in told.more.items()},
    }
    return {name: text for name, text in values.items() if text}


def _read(name: str, data: bytes) -> tuple[str, str, int, list[tuple[str, str, Row]]]:
    """Table, scope, version, and each row with its code and what became of it."""
    head, rows = _READERS[name.rpartition(".")[2]](data)
    return head["Table"], head["Scope"], int(head["Version"]), [_cut(row) for row in rows]


def _cut(row: Mapping[str, Any]) -> tuple[str, str, Row]:
    left = {name: str(text) for name, text in row.items() if text and name not in ("Table", "Scope", "Version")}
    return left["Code"], left.pop("Change", ""), left


def _csv(data: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    rows: list[Mapping[str, Any]] = list(csv.DictReader(io.StringIO(data.decode())))
    return rows[0], rows


def _json(data: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    value = json.loads(data)
    return value, value["Rows"]


def _xml(data: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    (table,) = etree.fromstring(data)
    head = {"Table": table.get("name"), "Scope": table.get("scope"), "Version": table.get("version")}
    return head, [dict(_texts(row)) for row in table]


def _texts(row: Any) -> Iterator[tuple[str, str]]:
    for value in row:
        yield str(value.tag), value.text or ""


_READERS = {"csv": _csv, "json": _json, "xml": _xml}
