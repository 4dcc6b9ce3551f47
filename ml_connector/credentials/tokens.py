"""Rotating tokens in the ledger: one row a connection, every change guarded by the row's generation.

A refresh token may be used once (exact-online 2.2), and an answer that got lost took the new one with it. So the
row tells, before the call, that generation N is being refreshed: whoever finds that later knows that the stored
refresh token may be used up, and does not use it a second time.

    valid --begin_refresh--> refreshing --store_pair--> valid (generation + 1)
                             refreshing --keep_pair--> valid (certainly nothing happened)
                             refreshing --authorize_again--> authorize_again --store_pair--> valid
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Database, Vault
from ml_connector.ledger.tables.documents import token as token_table

#: How long a person may take between the link and the consent.
STATE_LIFETIME = timedelta(minutes=30)
_PENDING_KEPT = 5
_SEPARATOR = "~"


class TokenState(StrEnum):
    """What may be done with the kept token."""

    VALID = "valid"
    REFRESHING = "refreshing"
    AUTHORIZE_AGAIN = "authorize_again"


@dataclass(frozen=True)
class NewPair:
    """What a token endpoint gave. Times are UTC; None = the server did not say."""

    access: Secret
    refresh: Secret | None
    issued_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True)
class StoredToken:
    """The row of a connection. `detail` holds facts that are no secrets."""

    connection: str
    generation: int
    state: TokenState
    access: Secret | None
    refresh: Secret | None
    issued_at: datetime | None
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    updated_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)

    def alive(self, now: datetime) -> bool:
        """Whether the access token is not known to have expired."""
        return self.access is not None and (self.expires_at is None or now < self.expires_at)

    def moment(self, key: str) -> datetime | None:
        """A moment kept in `detail`."""
        value = self.detail.get(key)
        return datetime.fromisoformat(value) if isinstance(value, str) else None


class TokenStore:
    """Reads and moves the token row of one connection."""

    def __init__(self, database: Database, vault: Vault, connection: str) -> None:
        self._database = database
        self._vault = vault
        self.connection = connection
        self._mine = token_table.c.connection == connection

    def read(self) -> StoredToken | None:
        """The row as it is now; None when the connection was never authorized."""
        with self._database.read() as tx:
            row = tx.execute(sa.select(token_table).where(self._mine)).mappings().one_or_none()
        if row is None:
            return None
        return StoredToken(
            connection=self.connection,
            generation=row["generation"],
            state=TokenState(row["state"]),
            access=self._opened("access", row["access"]),
            refresh=self._opened("refresh", row["refresh"]),
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
            refresh_expires_at=row["refresh_expires_at"],
            updated_at=row["updated_at"],
            detail=row["detail"] or {},
        )

    def begin_refresh(self, generation: int) -> bool:
        """Tell, before the call, that this generation is being refreshed. False: somebody else was first."""
        where = (self._mine, token_table.c.generation == generation, token_table.c.state == TokenState.VALID)
        values = {"state": TokenState.REFRESHING, "updated_at": self._database.clock.now()}
        with self._database.write() as tx:
            return bool(tx.execute(sa.update(token_table).where(*where).values(**values)).rowcount)

    def store_pair(
        self,
        pair: NewPair,
        *,
        generation: int | None,
        forget: tuple[str, ...] = (),
        rotates: bool = False,
        client: str | None = None,
    ) -> bool:
        """Make `pair` the valid one.

        client: fingerprint of the app's id and secret that the server gave it for.

        rotates: a refresh token works once, so that a pair without one leaves none; else the old one stays.

        generation: the one it was refreshed from. It counts whatever the row's state is by now, because it is the
        truth of the server; only a newer generation (somebody authorized again) wins over it. None: a new
        authorization, which wins over everything.
        """
        values: dict[str, Any] = {
            "state": TokenState.VALID,
            "access": self._vault.encrypt(f"access:{self.connection}", pair.access.reveal()),
            "issued_at": pair.issued_at,
            "expires_at": pair.expires_at,
        }
        if pair.refresh is not None:
            values["refresh"] = self._vault.encrypt(f"refresh:{self.connection}", pair.refresh.reveal())
            values["refresh_expires_at"] = pair.refresh_expires_at
        elif rotates or generation is None:
            values |= {"refresh": None, "refresh_expires_at": None}
        detail = {} if client is None else {"client_accepted": client}
        return self._change(generation, values, detail, forget=_TROUBLES + forget, rise=True)

    def keep_pair(self, generation: int, **detail: Any) -> bool:
        """The refresh certainly did not happen: the stored pair stays the valid one."""
        return self._change(generation, {"state": TokenState.VALID}, detail, only=TokenState.REFRESHING)

    def authorize_again(self, generation: int, cause: str) -> bool:
        """A person must authorize again. The access token stays until it expires."""
        return self._change(generation, {"state": TokenState.AUTHORIZE_AGAIN}, {"cause": cause})

    def note(self, generation: int, **detail: Any) -> bool:
        """Keep facts beside the token (None takes one away); nothing is kept when the generation moved on."""
        return self._change(generation, {}, detail)

    def add_list(self, key: str, value: str, *, keep: int) -> list[str]:
        """Append to a short list of texts in the detail, across processes; the list after it."""
        result: list[str] = []

        def change(detail: dict[str, Any]) -> None:
            result[:] = [*detail.get(key, []), value][-keep:]
            detail[key] = list(result)

        self._change_detail(change)
        return result

    def new_state(self) -> str:
        """A random OAuth state parameter for this connection; only its hash is kept, for half an hour."""
        state = f"{self.connection}{_SEPARATOR}{secrets.token_urlsafe(32)}"
        now = self._database.clock.now()

        def change(detail: dict[str, Any]) -> None:
            pending = [item for item in detail.get("pending", []) if datetime.fromisoformat(item["until"]) > now]
            pending.append({"hash": _hash(state), "until": (now + STATE_LIFETIME).isoformat()})
            detail["pending"] = pending[-_PENDING_KEPT:]

        self._change_detail(change)
        return state

    def take_state(self, state: str) -> bool:
        """Whether this state parameter was given out and is fresh. It counts once."""
        now = self._database.clock.now()
        given = _hash(state)
        found = False

        def change(detail: dict[str, Any]) -> None:
            nonlocal found
            pending = detail.get("pending", [])
            rest = []
            for item in pending:
                same = hmac.compare_digest(item["hash"], given)
                if same and datetime.fromisoformat(item["until"]) > now:
                    found = True
                elif not same:
                    rest.append(item)
            detail["pending"] = rest

        self._change_detail(change)
        return found

    def end_access(self, generation: int) -> bool:
        """The server has ended what the access token stands for: another is asked for before the next call."""
        long_ago = datetime(1970, 1, 1, tzinfo=UTC)
        return self._change(generation, {"issued_at": long_ago, "expires_at": long_ago}, {})

    def forget(self) -> bool:
        """Drop the connection's tokens; False when there were none."""
        with self._database.write() as tx:
            return bool(tx.execute(sa.delete(token_table).where(self._mine)).rowcount)

    def _opened(self, kind: str, ciphertext: bytes | None) -> Secret | None:
        return None if ciphertext is None else self._vault.decrypt(f"{kind}:{self.connection}", ciphertext)

    def _change_detail(self, change: Callable[[dict[str, Any]], None]) -> None:
        with self._database.write() as tx:
            self._ensure_row(tx)
            detail = dict(tx.execute(sa.select(token_table.c.detail).where(self._mine).with_for_update()).scalar_one())
            change(detail)
            tx.execute(sa.update(token_table).where(self._mine).values(detail=detail))

    def _change(
        self,
        generation: int | None,
        values: Mapping[str, Any],
        detail: Mapping[str, Any],
        *,
        forget: tuple[str, ...] = (),
        only: TokenState | None = None,
        rise: bool = False,
    ) -> bool:
        with self._database.write() as tx:
            if generation is None:
                self._ensure_row(tx)
            columns = (token_table.c.generation, token_table.c.state, token_table.c.detail)
            row = tx.execute(sa.select(*columns).where(self._mine).with_for_update()).one_or_none()
            if row is None or generation not in (None, row.generation) or only not in (None, TokenState(row.state)):
                return False
            merged = {key: value for key, value in {**row.detail, **detail}.items() if value is not None}
            for key in forget:
                merged.pop(key, None)
            changes = {**values, "detail": merged, "updated_at": self._database.clock.now()}
            if rise:
                changes["generation"] = row.generation + 1
            tx.execute(sa.update(token_table).where(self._mine).values(**changes))
            return True

    def _ensure_row(self, tx: sa.Connection) -> None:
        """A row of generation 0 for a connection that was never authorized."""
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        tx.execute(
            insert(token_table)
            .values(
                connection=self.connection,
                generation=0,
                state=TokenState.AUTHORIZE_AGAIN,
                updated_at=self._database.clock.now(),
                detail={},
            )
            .on_conflict_do_nothing()
        )


#: Notes about the previous pair, which a new pair makes untrue.
_TROUBLES = (
    "cause",
    "cooling_from",
    "cooling_until",
    "cooling_because",
    "failures",
    "refusals",
    "client_refused",
    "client_tried",
)


def connection_of_state(state: str) -> str:
    """The connection that a state parameter names; untrusted until `take_state` has accepted it."""
    return state.partition(_SEPARATOR)[0]


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def rename_token(tx: sa.Connection, vault: Vault, old: str, new: str) -> bool:
    """A connection has another name now: its tokens are encrypted anew under it. False: none to move, or one there."""
    c = token_table.c
    if tx.execute(sa.select(c.connection).where(c.connection == new)).first() is not None:
        return False
    row = tx.execute(sa.select(c.access, c.refresh).where(c.connection == old).with_for_update()).one_or_none()
    if row is None:
        return False

    def turned(kind: str, ciphertext: bytes | None) -> bytes | None:
        if ciphertext is None:
            return None
        return vault.encrypt(f"{kind}:{new}", vault.decrypt(f"{kind}:{old}", ciphertext).reveal())

    values = {"connection": new, "access": turned("access", row.access), "refresh": turned("refresh", row.refresh)}
    tx.execute(sa.update(token_table).where(c.connection == old).values(**values))
    return True
