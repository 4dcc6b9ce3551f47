"""Bytes, files, and what was seen in the networks' folders."""

import hashlib
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs, files, remote_listing
from ml_connector.ledger.exchange.files import NewFile
from ml_connector.ledger.tables.documents import blob
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.support.examples import some


def new_file(sha256: str, **values: Any) -> NewFile:
    given: dict[str, Any] = {
        "direction": "in",
        "integration": "exact_cleo",
        "connection": "cleo_prod",
        "channel": "/in/acme",
        "partner": "acme",
        "remote_id": "r1",
        "name": "a.edi",
        "size": 3,
        "sha256": sha256,
        "state": "stored",
    }
    return NewFile(**{**given, **values})


@pytest.mark.parametrize("size", [0, 1, blobs.CHUNK_BYTES, blobs.CHUNK_BYTES + 1, 3 * blobs.CHUNK_BYTES + 7])
def test_bytes_come_back_whole(ledger: Ledger, size: int) -> None:
    data = bytes(n % 251 for n in range(1000)) * (size // 1000 + 1)
    data = data[:size]
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, data)
        assert files.put_blob(tx, io.BytesIO(data)) == sha256
    assert sha256 == hashlib.sha256(data).hexdigest()
    with ledger.read() as tx:
        assert files.read_blob(tx, sha256) == data
        assert max((len(part) for part in files.stream_blob(tx, sha256)), default=0) <= blobs.CHUNK_BYTES
        assert blobs.check_blob(tx, sha256) is True
        chunks = tx.execute(sa.select(sa.func.count()).select_from(blob)).scalar_one()
    assert chunks == max(1, -(-size // blobs.CHUNK_BYTES))
    with files.open_blob(ledger, sha256) as opened:
        assert opened.read() == data


def test_missing_and_damaged_bytes_show(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA*00")
        tx.execute(sa.update(blob).values(data=b"ISA*01"))
    with ledger.read() as tx:
        assert blobs.check_blob(tx, sha256) is False
        assert blobs.check_blob(tx, "0" * 64) is None
        with pytest.raises(WeAreWrong, match="no content"):
            files.read_blob(tx, "0" * 64)
    with pytest.raises(WeAreWrong, match="no content"):
        files.open_blob(ledger, "0" * 64)


@settings(max_examples=some(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=8))
def test_an_opened_blob_reads_like_a_file(sqlite_ledger: Ledger, steps: list[tuple[int, int]]) -> None:
    """Chunks of five bytes, so that reading crosses many borders."""
    data = bytes(range(33))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blobs, "CHUNK_BYTES", 5)
        with sqlite_ledger.write() as tx:
            sha256 = files.put_blob(tx, data)
        ours, theirs = files.open_blob(sqlite_ledger, sha256), io.BytesIO(data)
        for place, length in steps:
            assert ours.seek(place) == theirs.seek(place)
            assert ours.read(length) == theirs.read(length)
            assert ours.tell() == theirs.tell()
        assert ours.seek(0, io.SEEK_END) == theirs.seek(0, io.SEEK_END)


def test_files_and_their_states(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        first = files.add_file(tx, new_file(sha256))
        second = files.add_file(tx, new_file(sha256, remote_id="r2", removal="pending", detail={"repeats": first}))
        third = files.add_file(tx, new_file(sha256, remote_id=None, direction="out", state="planned"))
    with ledger.read() as tx:
        row = files.get(tx, second)
        assert row is not None
        assert (row.partition_date, row.created_at, row.detail) == (date(2026, 11, 20), clock.now(), {"repeats": first})
        assert [one.id for one in files.in_state(tx, "exact_cleo", "in", ("stored",))] == [first, second]
        assert [one.id for one in files.in_state(tx, "exact_cleo", "in", ("stored",), after_id=first)] == [second]
        assert files.in_state(tx, "exact_cleo", "in", ("stored",), partitions=(date(2026, 1, 1),)) == []
        assert files.in_state(tx, "exact_cleo", "in", ("stored",), created_before=clock.now() - timedelta(1)) == []
        same = files.same_content(tx, "cleo_prod", "/in/acme", sha256)
        assert same is not None
        assert same.id == first
        assert files.same_content(tx, "cleo_prod", "/in/other", sha256) is None
        assert [one.id for one in files.removals_pending(tx, "cleo_prod")] == [second]
        assert files.get(tx, 99) is None
    with ledger.write() as tx:
        files.mark_removed(tx, [second])
        files.set_state(tx, third, "sent", remote_id="network id", attempts=2)
        files.set_state(tx, None, "sent")
        assert files.removals_pending(tx, "cleo_prod") == []
        (sent,) = files.get_many(tx, [third])
    assert (sent.state, sent.remote_id, sent.detail) == ("sent", "network id", {"attempts": 2})


def test_the_same_remote_file_with_the_same_bytes_is_one_file(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sha256, other = files.put_blob(tx, b"ISA"), files.put_blob(tx, b"ISB")
        first = files.add_file(tx, new_file(sha256, removal="pending"))
        files.mark_removed(tx, [first])
        assert files.add_file(tx, new_file(sha256)) == first
        assert files.removals_pending(tx, "cleo_prod") == []
        assert files.add_file(tx, new_file(sha256, removal="pending")) == first
        assert [one.id for one in files.removals_pending(tx, "cleo_prod")] == [first]
        assert files.add_file(tx, new_file(other)) != first


@dataclass(frozen=True)
class Listed:
    remote_id: str
    size: int = 100
    modified: str = "m1"
    name: str = "name.edi"


STABLE = timedelta(seconds=5)


def _look(ledger: Ledger, *listed: Listed) -> int:
    with ledger.write() as tx:
        return remote_listing.note_listing(tx, "cleo_prod", "/in", listed)


def _ready(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        return [one.remote_id for one in remote_listing.ready_files(tx, "cleo_prod", "/in", STABLE)]


def test_a_file_is_ready_when_its_size_stood_still(ledger: Ledger, clock: StillClock) -> None:
    """edi-operations 1: a file growing over three polls."""
    assert _look(ledger, Listed("a", 10), Listed("b", 50)) == 2
    assert _ready(ledger) == []
    clock.move(4)
    assert _look(ledger, Listed("a", 20), Listed("b", 50)) == 1
    clock.move(1)
    assert _ready(ledger) == ["b"]
    clock.move(4)
    assert _look(ledger, Listed("a", 20)) == 0
    assert _ready(ledger) == ["a", "b"]
    with ledger.read() as tx:
        found = {one.remote_id: one.size for one in remote_listing.ready_files(tx, "cleo_prod", "/in", STABLE)}
    assert found == {"a": 20, "b": 50}


def test_what_was_dealt_with_does_not_wait(ledger: Ledger, clock: StillClock) -> None:
    _look(ledger, *[Listed(key) for key in "abcd"])
    clock.move(10)
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        remote_listing.mark_all_stored(tx, "cleo_prod", "/in", {"a": files.add_file(tx, new_file(sha256))})
        remote_listing.mark_ignored(tx, "cleo_prod", "/in", "b", "too large " * 100)
        remote_listing.mark_gone(tx, "cleo_prod", "/in", "c")
        assert remote_listing.count_waiting(tx, "cleo_prod", "/in") == 1
    assert _ready(ledger) == ["d"]
    assert _look(ledger, Listed("a"), Listed("b"), Listed("d")) == 0
    assert _ready(ledger) == ["d"]


def test_new_content_under_an_old_name_and_a_file_that_came_back_wait_again(ledger: Ledger, clock: StillClock) -> None:
    _look(ledger, Listed("a"), Listed("c"))
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        remote_listing.mark_all_stored(tx, "cleo_prod", "/in", {"a": files.add_file(tx, new_file(sha256))})
        remote_listing.mark_gone(tx, "cleo_prod", "/in", "c")
    assert _look(ledger, Listed("a", modified="m2"), Listed("c")) == 2
    assert _ready(ledger) == []
    clock.move(5)
    assert sorted(_ready(ledger)) == ["a", "c"]


def test_a_long_listing_and_folders_apart(ledger: Ledger) -> None:
    assert _look(ledger, *[Listed(str(n)) for n in range(1200)]) == 1200
    assert _look(ledger, *[Listed(str(n)) for n in range(1200)]) == 0
    with ledger.write() as tx:
        assert remote_listing.note_listing(tx, "cleo_prod", "/other", [Listed("1")]) == 1
        assert remote_listing.note_listing(tx, "cleo_prod", "/other", []) == 0
        assert remote_listing.count_waiting(tx, "cleo_prod", "/in") == 1200


def test_names_from_outside_are_kept_as_text(ledger: Ledger) -> None:
    """Hostile names are data: bounded, bound as parameters, never a path."""
    hostile = Listed("x'; DROP TABLE file; --", name="../../etc/passwd" + "n" * 500)
    assert _look(ledger, hostile) == 1
    with ledger.read() as tx:
        (seen,) = remote_listing.ready_files(tx, "cleo_prod", "/in", timedelta(0))
    assert seen.remote_id == hostile.remote_id
    assert seen.name == hostile.name[:400]
