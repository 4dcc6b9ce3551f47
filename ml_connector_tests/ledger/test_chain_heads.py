"""Exported heads: a past that was rewritten shows, even with every hash in the database made to fit."""

import json
import resource
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import chain_head, event
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, invoice, walk
from ml_connector_tests.ledger.tamper import forge, rewrite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outside" / "heads.jsonl"


@pytest.fixture
def exported(ledger: Ledger, path: Path) -> Ledger:
    """Three exports over six documents."""
    for number in range(3):
        pair = add(ledger, invoice(f"{number}a"), invoice(f"{number}b"))
        walk(ledger, pair[0].id, S.MATCHED)
        assert chain_heads.export_heads(ledger, path) is not None
    return ledger


def test_each_export_covers_what_came_since_the_last(exported: Ledger, path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["after_event"], line["last_event"], line["events"], line["documents"]) for line in lines] == [
        (0, 3, 3, 2),
        (3, 6, 3, 2),
        (6, 9, 3, 2),
    ]
    assert [line["previous"] for line in lines] == ["", lines[0]["hash"], lines[1]["hash"]]
    assert chain_heads.export_heads(exported, path) is None
    assert chain_heads.compare_heads(exported, path).problems == []


def test_events_after_the_last_export_are_not_missed(exported: Ledger, path: Path) -> None:
    add(exported, invoice("later"))
    assert chain_heads.compare_heads(exported, path).problems == []


def test_a_forged_event_shows_in_the_line_that_covers_it(exported: Ledger, path: Path) -> None:
    forge(exported, 3, "never happened")
    with exported.read() as tx:
        assert list(events.verify_chain(tx)) == []
    (problem,) = chain_heads.compare_heads(exported, path).problems
    assert ":2: events 4 to 6 are not those that were exported" in problem
    assert "(changed)" in problem


def test_a_deleted_document_shows(exported: Ledger, path: Path) -> None:
    rewrite(exported, "DELETE FROM event WHERE document_id = 6")
    rewrite(exported, "DELETE FROM document WHERE id = 6")
    with exported.read() as tx:
        assert list(events.verify_chain(tx)) == []
    (problem,) = chain_heads.compare_heads(exported, path).problems
    assert "(1 missing or added)" in problem


def test_a_missing_file_a_missing_line_and_a_changed_line_show(exported: Ledger, path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])
    found = chain_heads.compare_heads(exported, path).problems
    assert any("does not follow any line before it" in problem for problem in found)
    assert any("the line of export 2" in problem for problem in found)
    path.write_text(lines[0] + lines[1].replace('"hash": "', '"hash": "0') + lines[2])
    assert any(":2: events" in problem for problem in chain_heads.compare_heads(exported, path).problems)
    path.write_text("".join(lines) + '{"export": 4, "at": ')
    assert chain_heads.compare_heads(exported, path).problems == [f"{path}:4: not a line of an export"]
    path.unlink()
    assert chain_heads.compare_heads(exported, path).problems == [f"{path} is missing"]


def test_a_ledger_without_exports_needs_no_file(ledger: Ledger, path: Path) -> None:
    assert chain_heads.compare_heads(ledger, path).problems == []
    assert chain_heads.export_heads(ledger, path) is None


def test_a_file_that_cannot_be_written_leaves_no_note(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        chain_heads.export_heads(ledger, tmp_path / "file" / "heads.jsonl")
    assert chain_heads.export_heads(ledger, tmp_path / "heads.jsonl") is not None, "nothing counts as exported"


@pytest.mark.parametrize("cut", [True, False], ids=["file can be cut", "append only"])
def test_an_export_that_a_full_disk_broke_off_is_made_again(
    exported: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    """The next one stands on a line of its own, and nothing of the accident is a problem for good."""
    add(exported, invoice("later"))
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not cut:
        monkeypatch.setattr(chain_heads, "_cut", lambda *_: None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 40, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            chain_heads._append(path, "x" * 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (path.read_bytes() == whole) == cut
    assert chain_heads.export_heads(exported, path) is not None
    assert chain_heads.compare_heads(exported, path).problems == []


def test_a_file_that_was_given_another_place_goes_on_from_the_first(exported: Ledger, path: Path) -> None:
    """`ledger.heads_file` changed: what was exported before stands where it stood, and that is said."""
    moved = path.with_name("moved.jsonl")
    for number in range(2):
        add(exported, invoice(f"later {number}"))
        assert chain_heads.export_heads(exported, moved) is not None
    report = verify(exported, heads_file=moved)
    assert report.clean, report.problems
    assert f"{moved}:1 goes on from {path} (ledger.heads_file was changed)" in report.facts[0]
    assert verify(exported, heads_file=path).clean
    lines = moved.read_text().splitlines()
    moved.write_text(f"{lines[1]}\n")
    assert any("does not follow" in one.message for one in verify(exported, heads_file=moved).problems)


def test_a_line_that_was_made_unreadable_shows_though_the_chain_goes_on(exported: Ledger, path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:50], lines[2], ""]))
    problems = chain_heads.compare_heads(exported, path).problems
    assert any("does not follow" in one for one in problems)
    assert any("export 2" in one and "is missing" in one for one in problems)


def test_a_crash_between_the_line_and_the_commit_is_harmless(ledger: Ledger, path: Path) -> None:
    """The line stands in the file, the row is not there: the next export covers the same events again."""
    add(ledger)
    chain_heads.export_heads(ledger, path)
    add(ledger, invoice("2"))
    chain_heads.export_heads(ledger, path)
    with ledger.write() as tx:
        tx.execute(sa.delete(chain_head).where(chain_head.c.id == 2))
    add(ledger, invoice("3"))
    assert chain_heads.export_heads(ledger, path) is not None
    assert chain_heads.compare_heads(ledger, path).problems == []
    assert len(path.read_text().splitlines()) == 3


def test_two_exporters_at_once_leave_one_chain(ledger: Ledger, path: Path) -> None:
    add(ledger, *[invoice(str(n)) for n in range(50)])
    barrier = threading.Barrier(4)
    results: list[chain_heads.Head | None] = []

    def export() -> None:
        barrier.wait()
        results.append(chain_heads.export_heads(ledger, path))

    threads = [threading.Thread(target=export) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in results if one is not None]) == 1
    assert chain_heads.compare_heads(ledger, path).problems == []


def test_an_event_still_being_written_is_waited_for(postgres_ledger: Ledger, path: Path) -> None:
    """PostgreSQL hands out event ids before the commit: a lower id may become visible after a higher one."""
    add(postgres_ledger)
    began, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with postgres_ledger.engine.begin() as connection:
            connection.execute(
                sa.insert(event).values(
                    document_id=1, seq=2, at=postgres_ledger.clock.now(), action="x", state="parsed", actor="", hash="h"
                )
            )
            began.set()
            go_on.wait(20)

    def export() -> None:
        results.append(chain_heads.export_heads(postgres_ledger, path))

    results: list[chain_heads.Head | None] = []
    writer, exporter = threading.Thread(target=slow), threading.Thread(target=export)
    writer.start()
    began.wait(20)
    exporter.start()
    exporter.join(0.3)
    assert exporter.is_alive()
    go_on.set()
    writer.join()
    exporter.join()
    assert results[0] is not None
    assert results[0].events == 2
