"""Bytes received or sent, content-addressed by SHA-256, in chunks so that a large file needs little memory."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import blob
from ml_connector.ledger.work.transitions import chunks

CHUNK_BYTES = 1 << 20


def put_blob(tx: Tx, data: bytes | BinaryIO) -> str:
    """Store bytes, or a seekable binary file from its beginning; the SHA-256 in hex. Known content is kept once."""
    if isinstance(data, bytes):
        return put_blobs(tx, [data])[0]
    digest = hashlib.sha256()
    data.seek(0)
    while part := data.read(CHUNK_BYTES):
        digest.update(part)
    sha256 = digest.hexdigest()
    if not held(tx, [sha256]):
        data.seek(0)
        position = 0
        while (part := data.read(CHUNK_BYTES)) or position == 0:
            _insert(tx, [{"sha256": sha256, "chunk": position, "data": part}])
            position += 1
    return sha256


def put_blobs(tx: Tx, contents: Sequence[bytes]) -> list[str]:
    """Store several small contents in few statements; their SHA-256 in the order given."""
    hashes = [hashlib.sha256(data).hexdigest() for data in contents]
    new = dict(zip(hashes, contents, strict=True))
    for sha256 in held(tx, list(new)):
        del new[sha256]
    rows: list[dict[str, object]] = []
    size = 0
    for sha256, data in new.items():
        for position, start in enumerate(range(0, len(data) or 1, CHUNK_BYTES)):
            rows.append({"sha256": sha256, "chunk": position, "data": data[start : start + CHUNK_BYTES]})
            size += len(rows[-1]["data"])  # type: ignore[arg-type]
            if size >= CHUNK_BYTES * 8:
                _insert(tx, rows)
                rows, size = [], 0
    _insert(tx, rows)
    return hashes


def held(tx: Tx, hashes: Sequence[str], *, to_delete: bool = False) -> list[str]:
    """Those of these contents that are stored, kept as they are until the transaction ends (SQLite has one writer).

    Who stores a content that is there already relies on it: retention, which locks it `to_delete`, waits, and then
    sees the new row that shows it; or has gone before, and the content is stored anew.
    """
    found: list[str] = []
    for part in chunks(sorted(set(hashes))):
        query = sa.select(blob.c.sha256).where(blob.c.sha256.in_(part), blob.c.chunk == 0).order_by(blob.c.sha256)
        found += tx.execute(query.with_for_update(read=not to_delete)).scalars()
    return found


def _insert(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Two processes may store the same content at once."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    if rows:
        tx.execute(insert(blob).on_conflict_do_nothing(), list(rows))


def has_blob(tx: Tx, sha256: str) -> bool:
    """Whether the content is stored."""
    query = sa.select(blob.c.sha256).where(blob.c.sha256 == sha256, blob.c.chunk == 0)
    return tx.execute(query).first() is not None


def stream_blob(tx: Tx, sha256: str) -> Iterator[bytes]:
    """The content in chunks of at most 1 MiB.

    Raises:
        WeAreWrong: there is no such content (retention may have taken it away).
    """
    position = 0
    while True:
        query = sa.select(blob.c.data).where(blob.c.sha256 == sha256, blob.c.chunk == position)
        part = tx.execute(query).scalar_one_or_none()
        if part is None:
            break
        yield bytes(part)
        position += 1
    if position == 0:
        raise WeAreWrong(f"The ledger has no content {sha256[:16]}.")


def read_blob(tx: Tx, sha256: str) -> bytes:
    """The whole content. Raises WeAreWrong when there is none."""
    return read_blobs(tx, [sha256])[sha256]


def reader_of(ledger: Ledger) -> Callable[[str], bytes]:
    """Reads stored bytes by their SHA-256, for who has no transaction."""

    def read(sha256: str) -> bytes:
        with ledger.read() as tx:
            return read_blob(tx, sha256)

    return read


def read_blobs(tx: Tx, hashes: Sequence[str]) -> dict[str, bytes]:
    """Several whole contents, by their SHA-256. Raises WeAreWrong when one is not there."""
    parts: dict[str, list[bytes]] = {sha256: [] for sha256 in hashes}
    for wanted in chunks(list(parts)):
        query = sa.select(blob.c.sha256, blob.c.data).where(blob.c.sha256.in_(wanted))
        for sha256, data in tx.execute(query.order_by(blob.c.sha256, blob.c.chunk)):
            parts[sha256].append(bytes(data))
    for sha256, found in parts.items():
        if not found:
            raise WeAreWrong(f"The ledger has no content {sha256[:16]}.")
    return {sha256: found[0] if len(found) == 1 else b"".join(found) for sha256, found in parts.items()}


def open_blob(ledger: Ledger, sha256: str) -> BinaryIO:
    """A stored content as a readable, seekable binary file that keeps one chunk in memory, outside any transaction.

    Raises:
        WeAreWrong: there is no such content.
    """
    with ledger.read() as tx:
        if not has_blob(tx, sha256):
            raise WeAreWrong(f"The ledger has no content {sha256[:16]}.")
        length = sa.select(sa.func.sum(sa.func.length(blob.c.data))).where(blob.c.sha256 == sha256)
        size = int(tx.execute(length).scalar_one() or 0)
    return cast(BinaryIO, io.BufferedReader(_BlobReader(ledger, sha256, size), CHUNK_BYTES))


class _BlobReader(io.RawIOBase):
    """Reads chunk by chunk, each in a short transaction of its own."""

    def __init__(self, ledger: Ledger, sha256: str, size: int) -> None:
        super().__init__()
        self._ledger = ledger
        self._sha256 = sha256
        self._size = size
        self._at = 0
        self._chunk: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        index, offset = divmod(self._at, CHUNK_BYTES)
        if self._chunk[0] != index:
            with self._ledger.read() as tx:
                query = sa.select(blob.c.data).where(blob.c.sha256 == self._sha256, blob.c.chunk == index)
                self._chunk = (index, bytes(tx.execute(query).scalar_one()))
        part = self._chunk[1][offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def check_blob(tx: Tx, sha256: str) -> bool | None:
    """Whether stored content still has its hash; None when it is not stored."""
    if not has_blob(tx, sha256):
        return None
    digest = hashlib.sha256()
    for part in stream_blob(tx, sha256):
        digest.update(part)
    return digest.hexdigest() == sha256
