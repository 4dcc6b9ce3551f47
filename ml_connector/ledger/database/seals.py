"""Seals: what the rows were that a transaction wrote, as hashes in an append-only table.

A document's own columns are hashed into its events. Everything else that is evidence (its names and keys, files,
envelopes, writes to other systems, control numbers, versions of reference tables, what names stood for, what a person
said of a restore ...) is changed without an event of
its own: whoever changes such a row says so with `note`, and the transaction leaves one seal with a hash of every row as
it stands at its end. `verify` compares the newest hash of each row with the row; the seals are exported with the chain
heads.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.tables.documents import (
    alert,
    booking,
    company_binding,
    counterparty,
    credential,
    departure,
    document,
    envelope_group,
    file,
    inbox,
    integration_binding,
    interchange,
    operation,
    position,
    renaming,
    restore,
    seal,
    sequence,
    snapshot,
)

#: Digits of a row's hash that are kept.
DIGITS = 32
#: Decimal places of amounts.
PLACES = 8
#: What stands for a row that was deleted on purpose.
GONE = ""
#: The execution option under which a writing transaction keeps what it touched.
TOUCHED = "ml_connector_touched"
#: In the seal that the migration left: the highest keys there were before rows had hashes.
BEFORE = "before"
_CHUNK = 500
#: Rows in one seal.
_MOST = 10_000
_LEAVE = sa.insert(seal)
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode

#: What has one form of JSON, whoever writes it; three times as fast as `_ENCODE`.
_AS_IT_IS = frozenset((str, int, date))
_row_json = msgspec.json.Encoder().encode

#: Rows that a transaction has touched, by table and key, with their hash where it is known already.
Touched = dict[str, dict[Any, str | None]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table whose rows are sealed: its key, and the columns that are evidence."""

    table: sa.Table
    key: str
    columns: tuple[str, ...]


def _all_of(table: sa.Table, *, but: Iterable[str] = ()) -> Sealed:
    (key,) = table.primary_key.columns
    left_out = {key.name, *but}
    return Sealed(table, key.name, tuple(column.name for column in table.columns if column.name not in left_out))


#: What a document is called by: taking over a name or a key changes them without an event.
LABELS = ("integration", "connection", "network", "partner", "partner_key", "business_key")
SEALED: Mapping[str, Sealed] = {
    one.table.name: one
    for one in (
        Sealed(document, "id", LABELS),
        _all_of(file),
        _all_of(interchange),
        _all_of(envelope_group),
        _all_of(operation),
        _all_of(snapshot),
        _all_of(sequence),
        _all_of(booking),
        _all_of(renaming),
        _all_of(company_binding),
        _all_of(integration_binding),
        _all_of(counterparty),
        _all_of(restore),
        _all_of(departure),
        _all_of(inbox),
        # One that stands open keeps silent about its cause.
        _all_of(alert),
        # Encrypted, and still: an earlier value of the same name could be decrypted.
        _all_of(credential),
        # When a position was last put says nothing; most are put again unchanged.
        _all_of(position, but=("updated_at",)),
    )
}


def note(tx: sa.Connection, table: str, keys: Iterable[Any]) -> None:
    """These rows were added, changed or deleted: the transaction's seal names them as they are at its end."""
    touched: Touched = tx.get_execution_options()[TOUCHED]
    touched.setdefault(table, {}).update(dict.fromkeys(keys))


def note_read(tx: sa.Connection, table: str, rows: Mapping[Any, Sequence[Any]]) -> None:
    """The same, where the transaction has the rows as they stand: their columns by key, as `Sealed.columns` has them.

    They need not be read again, unless they are noted again. The rows must be locked by this transaction.
    """
    columns = SEALED[table].columns
    touched: Touched = tx.get_execution_options()[TOUCHED]
    touched.setdefault(table, {}).update((key, digest(columns, values)) for key, values in rows.items())


def noted(tx: sa.Connection, table: str) -> list[Any]:
    """The rows of a table that this transaction has touched so far, by rising key."""
    touched: Touched = tx.get_execution_options()[TOUCHED]
    return sorted(touched.get(table, ()))


def write(tx: sa.Connection, touched: Touched, at: datetime) -> None:
    """Leave the seal of a transaction that is about to end. For `Ledger.write` only."""
    hashes = {name: _hashes(tx, SEALED[name], rows) for name, rows in sorted(touched.items()) if rows}
    texts = [_ENCODE(body) for body in _parts(hashes)]
    if texts:
        tx.execute(_LEAVE, [{"at": at, "body": text, "hash": hash_of(at, text)} for text in texts])


def _parts(hashes: Mapping[str, dict[str, str]]) -> Iterator[dict[str, dict[str, str]]]:
    """One seal, unless the transaction wrote very many rows."""
    if sum(map(len, hashes.values())) <= _MOST:
        if hashes:
            yield dict(hashes)
        return
    for name, rows in hashes.items():
        ordered = sorted(rows.items())
        for start in range(0, len(ordered), _MOST):
            yield {name: dict(ordered[start : start + _MOST])}


def hash_of(at: datetime, body: str) -> str:
    """What a stored seal's own hash must be."""
    return hashlib.sha256(f"{_text_of(at)}|{body}".encode()).hexdigest()


def _hashes(tx: sa.Connection, sealed: Sealed, rows: Mapping[Any, str | None]) -> dict[str, str]:
    """Locked: whoever changes a row next leaves a younger seal, so that the newest one tells the row as it is."""
    found = {str(key): known or GONE for key, known in rows.items()}
    ordered = sorted(key for key, known in rows.items() if known is None)
    query = _look(sealed.table.name)
    for start in range(0, len(ordered), _CHUNK):
        for row in tx.execute(query, {"keys": ordered[start : start + _CHUNK]}).all():
            found[str(row[0])] = digest(sealed.columns, row[1:])
    return found


@cache
def _look(name: str) -> sa.Select[Any]:
    """Made once for each table: making it costs several times as much as carrying it out."""
    sealed = SEALED[name]
    key = sealed.table.c[sealed.key]
    query = sa.select(key, *(sealed.table.c[column] for column in sealed.columns)).order_by(key)
    return query.where(key.in_(sa.bindparam("keys", expanding=True))).with_for_update(key_share=True)


def digest(names: Sequence[str], values: Sequence[Any]) -> str:
    """One hash of a row's columns. Empty ones are left out, so that a new column leaves older hashes true.

    Of the row as canonical JSON (keys sorted, no blanks).
    """
    row = {
        name: value if type(value) in _AS_IT_IS else _column(value)
        for name, place in _in_order(tuple(names))
        if (value := values[place]) is not None
    }
    return hashlib.sha256(_row_json(row)).hexdigest()[:DIGITS]


@cache
def _in_order(names: tuple[str, ...]) -> Sequence[tuple[str, int]]:
    """The names, sorted, with their places."""
    return sorted(zip(names, range(len(names)), strict=True))


def _column(value: Any) -> Any:
    """A column's value where it has more than one form of JSON; short ways for what nearly every column holds."""
    kind = type(value)
    if kind is datetime:
        return _text_of(value)
    if kind is Decimal:
        return _amount(value)
    if kind is dict and all(type(one) is int or type(one) is str for one in value.values()):
        return dict(sorted(value.items()))
    return msgspec.Raw(_ENCODE(_plain(value)).encode())


def text_hash(text: str) -> str:
    """The hash of a text, as seals hold it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The same for a value to be stored and for what either database gives back for it."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, date):
        return _text_of(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal | bytes):
        return value.hex() if isinstance(value, bytes) else _amount(value)
    if isinstance(value, float):
        # PostgreSQL keeps numbers in JSON as decimals: 1e16 comes back as an integer.
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    raise WeAreWrong(f"A row holds a {type(value).__name__}, which has no form to be hashed.")


def _amount(value: Decimal) -> str:
    """As PostgreSQL keeps amounts: eight places."""
    text = str(value)
    if "E" in text or len(text) - text.find(".") > PLACES + 1:
        exponent = value.as_tuple().exponent
        finer = isinstance(exponent, int) and exponent < -PLACES
        value = value.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_UP) if finer else value
    return decimal_text(value)


def _text_of(at: datetime) -> str:
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")
