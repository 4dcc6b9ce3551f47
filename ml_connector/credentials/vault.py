"""The encrypted store: credentials by name, and the encryption of rotating tokens.

Values are encrypted with Fernet (AES-128-CBC and HMAC-SHA256). What a value is for is encrypted with it, so that
a ciphertext copied into another row is noticed.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ml_connector.clock import Clock
from ml_connector.credentials.secrets import Secret
from ml_connector.errors import ConfigError, WeAreWrong
from ml_connector.ledger.database import seals
from ml_connector.ledger.tables.documents import credential, token

MAX_NAME = 120


class Database(Protocol):
    """What is needed of the ledger: its transactions and its clock."""

    clock: Clock

    def write(self) -> AbstractContextManager[sa.Connection]: ...

    def read(self) -> AbstractContextManager[sa.Connection]: ...


@dataclass(frozen=True)
class Rotated:
    """How many values were encrypted anew."""

    credentials: int
    tokens: int


class Vault:
    """Encrypts and decrypts; keeps credentials by name.

    keys: the keys, or a way to read them (`lambda: load_keys(home)`): then they are read when first needed, and again
    before a value is encrypted or when one does not open, because another process may have changed them meanwhile.
    """

    def __init__(self, database: Database, keys: Sequence[bytes] | Callable[[], Sequence[bytes]]) -> None:
        self._database = database
        self._read_keys = keys if callable(keys) else lambda: keys
        self._keys: tuple[bytes, ...] = ()

    def encrypt(self, purpose: str, value: str) -> bytes:
        """Ciphertext of `value`, bound to `purpose`, under the key that is the first now.

        A key that was dropped since it was read would make the value unreadable for all others.
        """
        plain = json.dumps({"for": purpose, "value": value}).encode()
        try:
            self._keys = tuple(self._read_keys())
        except ConfigError:
            if not self._keys:  # what is to be kept may be a pair that exists nowhere else
                raise
        return self._fernet().encrypt(plain)

    def decrypt(self, purpose: str, ciphertext: bytes) -> Secret:
        """The value that was encrypted for `purpose`.

        Raises:
            ConfigError: none of the keys opens it.
            WeAreWrong: it was encrypted for something else.
        """
        plain = json.loads(self._opened(purpose, ciphertext))
        if plain.get("for") != purpose:
            raise WeAreWrong(f"The stored value of {purpose} was encrypted for something else: a row was changed.")
        return Secret(plain["value"])

    def fingerprint(self, value: str) -> str:
        """A keyed hash of a secret, to tell whether it changed. Without the key nothing can be guessed from it."""
        return hmac.new(self._loaded()[0], b"fingerprint:" + value.encode(), hashlib.sha256).hexdigest()[:32]

    def put(self, name: str, value: Secret) -> None:
        """Store a credential, in place of an older one of that name."""
        _check_name(name)
        ciphertext = self.encrypt(f"credential:{name}", value.reveal())
        values = {"value": ciphertext, "updated_at": self._database.clock.now()}
        with self._database.write() as tx:
            if not tx.execute(sa.update(credential).where(credential.c.name == name).values(**values)).rowcount:
                tx.execute(sa.insert(credential).values(name=name, **values))
            seals.note(tx, "credential", [name])

    def get(self, name: str) -> Secret | None:
        """A credential, or None when there is none of that name."""
        with self._database.read() as tx:
            found = tx.execute(sa.select(credential.c.value).where(credential.c.name == name)).scalar_one_or_none()
        return None if found is None else self.decrypt(f"credential:{name}", found)

    def delete(self, name: str) -> bool:
        """Forget a credential; False when there was none."""
        with self._database.write() as tx:
            found = bool(tx.execute(sa.delete(credential).where(credential.c.name == name)).rowcount)
            seals.note(tx, "credential", [name] if found else [])
            return found

    def rename(self, tx: sa.Connection, old: str, new: str) -> bool:
        """A credential has another name now: it is encrypted anew under it. False: none to move, or one there."""
        _check_name(new)
        c = credential.c
        if tx.execute(sa.select(c.name).where(c.name == new)).first() is not None:
            return False
        value = tx.execute(sa.select(c.value).where(c.name == old).with_for_update()).scalar_one_or_none()
        if value is None:
            return False
        turned = self.encrypt(f"credential:{new}", self.decrypt(f"credential:{old}", value).reveal())
        tx.execute(sa.update(credential).where(c.name == old).values(name=new, value=turned))
        seals.note(tx, "credential", [old, new])
        return True

    def names(self) -> list[str]:
        """Names of the stored credentials."""
        with self._database.read() as tx:
            return list(tx.execute(sa.select(credential.c.name).order_by(credential.c.name)).scalars())

    def rotate(self) -> Rotated:
        """Encrypt every credential and token anew under the first key, in one transaction.

        The rows are locked: a token that another process refreshes meanwhile is not overwritten with its predecessor.
        """
        self._keys = ()
        fernet = self._fernet()
        with self._database.write() as tx:
            names = tx.execute(sa.select(credential.c.name, credential.c.value).with_for_update()).all()
            for name, value in names:
                turned = self._turned(fernet, f"credential:{name}", value)
                tx.execute(sa.update(credential).where(credential.c.name == name).values(value=turned))
                seals.note(tx, "credential", [name])
            tokens = tx.execute(sa.select(token.c.connection, token.c.access, token.c.refresh).with_for_update()).all()
            for connection, access, refresh in tokens:
                values = {
                    "access": access and self._turned(fernet, f"access:{connection}", access),
                    "refresh": refresh and self._turned(fernet, f"refresh:{connection}", refresh),
                }
                tx.execute(sa.update(token).where(token.c.connection == connection).values(**values))
        return Rotated(credentials=len(names), tokens=len(tokens))

    def under_old_keys(self) -> int:
        """How many stored values the first key alone does not open."""
        self._keys = ()
        first = Fernet(self._loaded()[0])
        with self._database.read() as tx:
            values = list(tx.execute(sa.select(credential.c.value)).scalars())
            for access, refresh in tx.execute(sa.select(token.c.access, token.c.refresh)):
                values += [value for value in (access, refresh) if value is not None]
        return sum(not _opens(first, value) for value in values)

    def _turned(self, fernet: MultiFernet, purpose: str, value: bytes) -> bytes:
        try:
            return fernet.rotate(value)
        except InvalidToken:
            raise _wrong_key(purpose) from None

    def _opened(self, purpose: str, ciphertext: bytes) -> bytes:
        try:
            return self._fernet().decrypt(ciphertext)
        except InvalidToken:
            self._keys = ()
        try:
            return self._fernet().decrypt(ciphertext)
        except InvalidToken:
            raise _wrong_key(purpose) from None

    def _loaded(self) -> tuple[bytes, ...]:
        if not self._keys:
            self._keys = tuple(self._read_keys())
        return self._keys

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self._loaded()])


def _wrong_key(purpose: str) -> ConfigError:
    return ConfigError(
        f"None of the keys opens the stored value of {purpose}.",
        remedy="Bring back its key (ML_CONNECTOR_KEY or the key file), or set the credential again.",
    )


def _opens(fernet: Fernet, value: bytes) -> bool:
    try:
        fernet.decrypt(value)
    except InvalidToken:
        return False
    return True


def _check_name(name: str) -> None:
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ConfigError(
            f"{name[:40]!r} is not a credential name.", remedy=f"Use 1 to {MAX_NAME} printable characters."
        )
