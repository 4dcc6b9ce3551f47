"""Cleo's folders and files: uploads, downloads, moves, growing files, limits (cleo 6, 7 and 10)."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.clock import FileClock
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.files import Filler, Growth
from ml_connector.sandbox.cleo.folders import Folder, FolderStore
from ml_connector.sandbox.cleo.http.pages import disposition
from ml_connector.sandbox.cleo.limiter import LimitOptions, PathLimiter
from ml_connector_tests.sandbox.cleo_bench import Bench

OUTBOX = "/NORTHWIND/outbox"
INBOX = "/NORTHWIND/inbox"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.world.consumer.options.paused = True
    with bench.serving():
        bench.log_in()
        yield bench


def test_a_multipart_upload_is_listed_with_its_size(bench: Bench) -> None:
    answer = bench.upload(OUTBOX, "850_1.edi", b"ISA*..~")
    assert answer.status_code == 201
    assert answer.json()["size"] == 7
    rows = bench.listing(OUTBOX)["resources"]
    assert [(row["id"], row["name"]) for row in rows] == [(answer.json()["id"], "850_1.edi")]


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"X-File-Name": "raw.edi"}, {}), ({}, {"name": "raw.edi"}), ({}, {"fileName": "raw.edi"})],
)
def test_a_raw_upload_carries_its_name_in_a_header_or_the_query(
    bench: Bench, headers: dict[str, str], query: dict[str, str]
) -> None:
    answer = bench.http.post(
        f"/api/folders/{bench.folder(OUTBOX)}/files",
        content=b"\x00raw\xff",
        params=query,
        headers={"Content-Type": "application/octet-stream", **headers},
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "raw.edi")
    assert bench.call(lambda: bench.state.folders.file(answer.json()["id"]).data(bench.clock.now())) == b"\x00raw\xff"


def test_the_same_name_again_is_a_second_file_with_an_id_of_its_own(bench: Bench) -> None:
    first, second = (bench.upload(OUTBOX, "same.edi", data).json() for data in (b"one", b"two!"))
    assert first["id"] != second["id"]
    assert [row["size"] for row in bench.listing(OUTBOX, filter='name eq "same.edi"')["resources"]] == [3, 4]


def test_overwriting_when_switched_on_leaves_the_last_one(bench: Bench) -> None:
    bench.state.folders.folder(OUTBOX).overwrite = True
    for data in (b"one", b"two!"):
        bench.upload(OUTBOX, "same.edi", data)
    assert [row["size"] for row in bench.listing(OUTBOX)["resources"]] == [4]


def test_uploads_without_a_part_a_name_or_permission_are_refused(bench: Bench) -> None:
    url = f"/api/folders/{bench.folder(OUTBOX)}/files"
    assert bench.http.post(url, files={"document": ("a.edi", b"x")}).status_code == 400
    assert bench.http.post(url, content=b"x", headers={"Content-Type": "application/json"}).status_code == 415
    octets = {"Content-Type": "application/octet-stream"}
    assert bench.http.post(url, content=b"x", headers=octets).status_code == 400
    assert bench.upload(INBOX, "a.edi", b"x").status_code == 403
    assert bench.http.post("/api/folders/nowhere/files", files={"file": ("a", b"x")}).status_code == 404
    assert bench.upload(OUTBOX, "../../etc/passwd", b"x").status_code in {201, 400}
    assert all("/" not in row["name"] for row in bench.listing(OUTBOX)["resources"])


def test_a_mailbox_takes_only_names_of_its_patterns(bench: Bench) -> None:
    bench.state.folders.folder(OUTBOX).patterns = r"*.edi; [\d{3}\.txt]"
    names = ("a.edi", "850.txt", "85.txt", "a.exe")
    assert [bench.upload(OUTBOX, name, b"x").status_code for name in names] == [201, 201, 403, 403]


def test_too_large_an_upload_is_413(bench: Bench) -> None:
    bench.state.options.max_upload_bytes = 1000
    assert bench.upload(OUTBOX, "big.edi", b"x" * 2000).status_code == 413
    assert bench.listing(OUTBOX)["totalResults"] == 0


def test_a_download_gives_the_bytes_and_the_name(bench: Bench) -> None:
    folder = bench.state.folders.folder(INBOX)
    file = bench.call(lambda: bench.state.deliver(folder, "Rechnung März.edi", b"\x00\xffdata"))
    answer = bench.http.get(f"/api/files/{file.id}/content")
    assert answer.content == b"\x00\xffdata"
    assert "filename*=UTF-8''Rechnung%20M%C3%A4rz.edi" in answer.headers["Content-Disposition"]


def test_what_was_uploaded_cannot_be_downloaded(bench: Bench) -> None:
    uploaded = bench.upload(OUTBOX, "a.edi", b"x").json()
    assert bench.http.get(f"/api/files/{uploaded['id']}/content").status_code == 403


def test_delete_is_204_once_and_then_404(bench: Bench) -> None:
    file = bench.call(lambda: bench.state.deliver(bench.state.inbox("NORTHWIND"), "a", b"x"))
    first = bench.http.delete(f"/api/files/{file.id}")
    assert (first.status_code, first.content) == (204, b"")
    assert bench.http.delete(f"/api/files/{file.id}").status_code == 404
    assert bench.http.get(f"/api/files/{file.id}/content").status_code == 404


def test_a_server_may_refuse_to_delete_and_to_rename(bench: Bench) -> None:
    folder = bench.state.folders.folder(INBOX)
    folder.delete = folder.rename = False
    file = bench.call(lambda: bench.state.deliver(folder, "a", b"x"))
    assert bench.http.delete(f"/api/files/{file.id}").status_code == 403
    assert bench.http.post(f"/api/files/{file.id}/move", json={"name": "b"}).status_code == 403
    assert bench.listing(INBOX)["totalResults"] == 1


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_moving_takes_a_file_to_another_folder_and_keeps_its_id(bench: Bench, method: str) -> None:
    file = bench.call(lambda: bench.state.deliver(bench.state.inbox("NORTHWIND"), "a", b"x"))
    target = bench.folder("/NORTHWIND/processed")
    answer = bench.http.request(method, f"/api/files/{file.id}/move", json={"folder": target})
    assert answer.status_code == 200
    assert bench.listing(INBOX)["totalResults"] == 0
    assert bench.listing("/NORTHWIND/processed")["resources"][0]["id"] == file.id


def test_a_name_that_is_taken_is_refused(bench: Bench) -> None:
    folder = bench.state.inbox("NORTHWIND")
    first = bench.call(lambda: bench.state.deliver(folder, "a", b"x"))
    bench.call(lambda: bench.state.deliver(folder, "b", b"x"))
    answer = bench.http.post(f"/api/files/{first.id}/move", json={"name": "b"})
    assert answer.status_code == 409
    assert answer.json()["message"]
    assert bench.http.post(f"/api/files/{first.id}/move", json={"name": "c"}).json()["name"] == "c"


def test_files_do_not_move_across_spaces(bench: Bench) -> None:
    bench.call(lambda: bench.state.folders.create("/Shared/box", download=True, space="Shared"))
    file = bench.call(lambda: bench.state.deliver(bench.state.inbox("NORTHWIND"), "a", b"x"))
    answer = bench.http.post(f"/api/files/{file.id}/move", json={"folder": "/Shared/box"})
    assert answer.status_code == 403


def test_a_slowly_written_file_grows_from_listing_to_listing(bench: Bench) -> None:
    """Downloads in between give the part that is there, a prefix of the whole."""
    folder, whole = bench.state.inbox("NORTHWIND"), b"0123456789ABCDEF"
    file = bench.call(lambda: bench.state.deliver(folder, "slow", whole, growth=Growth(polls=3)))
    sizes, parts = [], []
    for _ in range(5):
        sizes.append(bench.listing(INBOX)["resources"][0]["size"])
        parts.append(bench.http.get(f"/api/files/{file.id}/content").content)
    assert sizes == [4, 8, 12, 16, 16]
    assert all(whole.startswith(part) for part in parts)
    assert len(parts[0]) < len(whole)
    assert parts[-1] == whole


def test_a_file_grows_with_the_sandbox_clock_and_so_does_its_time_of_change(bench: Bench) -> None:
    folder = bench.state.inbox("NORTHWIND")
    bench.call(lambda: bench.state.deliver(folder, "slow", b"x" * 1000, growth=Growth(seconds=100)))
    bench.clock.move(50)
    half = bench.listing(INBOX)["resources"][0]
    bench.clock.move(100)
    whole = bench.listing(INBOX)["resources"][0]
    assert 500 <= half["size"] < 1000
    assert whole["size"] == 1000
    assert half["lastModified"] < whole["lastModified"]
    assert bench.listing(INBOX)["resources"][0]["lastModified"] == whole["lastModified"]


def test_a_file_that_never_ends_stays_half(bench: Bench) -> None:
    folder = bench.state.inbox("NORTHWIND")
    bench.call(lambda: bench.state.deliver(folder, "torn", b"x" * 100, growth=Growth()))
    bench.clock.move(3_000)
    assert [bench.listing(INBOX)["resources"][0]["size"] for _ in range(3)] == [50, 50, 50]


def test_a_huge_file_streams_and_may_lie_about_its_size(bench: Bench) -> None:
    folder = bench.state.inbox("NORTHWIND")
    file = bench.call(lambda: bench.state.deliver(folder, "huge", Filler(3_000_000, b"ISA"), listed_size=10))
    assert bench.listing(INBOX)["resources"][0]["size"] == 10
    with bench.http.stream("GET", f"/api/files/{file.id}/content") as answer:
        data = b"".join(answer.iter_bytes())
    assert len(data) == 3_000_000
    assert data.startswith(b"ISAAAA")


@pytest.mark.parametrize("retry_after", ["2", None])
def test_a_path_called_too_often_is_429_and_other_paths_are_not(bench: Bench, retry_after: str | None) -> None:
    bench.state.set_limits(per_second=0.001, burst=2, retry_after=retry_after)
    url = f"/api/folders/{bench.folder(INBOX)}/files"
    answers = [bench.http.get(url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers.get("Retry-After") == retry_after
    assert answers[2].json()["message"]
    other = f"/api/folders/{bench.folder('/ACME/inbox')}/files"
    assert bench.http.get(other).status_code == 429, "the limit is per path template"
    assert bench.http.get("/api/folders").status_code == 200


def test_the_bucket_fills_again_at_the_rate() -> None:
    now = 0.0
    limiter = PathLimiter(LimitOptions(per_second=5, burst=5), now=lambda: now)
    taken = 0
    for step in range(100):
        now = step * 0.05
        with contextlib.suppress(ApiError):
            limiter.take("/api/folders", "me")
            taken += 1
    assert taken == 5 + int(99 * 0.05 * 5)
    assert limiter.refused == 100 - taken


def test_unknown_paths_and_methods_are_json_too(bench: Bench) -> None:
    assert bench.http.get("/api/nothing").json()["message"] == "Not Found"
    assert bench.http.put("/api/folders").json()["message"] == "Method Not Allowed"


@given(name=st.text(min_size=1, max_size=40))
def test_any_name_makes_a_header_that_cannot_be_split(name: str) -> None:
    value = disposition(name)
    assert value.isascii()
    assert "\r" not in value
    assert "\n" not in value
    assert value.count('"') == 2


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "remove", "rename"]), st.integers(0, 30), st.sampled_from("abc")), max_size=60
    )
)
def test_the_file_index_keeps_order_and_names_under_any_changes(steps: list[tuple[str, int, str]]) -> None:
    """Against a plain list of (id, name)."""
    store = FolderStore(FileClock(Path("no-such-clock-file")))
    folder: Folder = store.create("/x")
    model: list[list[str]] = []
    for what, at, name in steps:
        if what == "put":
            model.append([store.put(folder, name, b"", owner="p").id, name])
        elif model:
            chosen = model[at % len(model)]
            file = store.file(chosen[0])
            if what == "remove":
                store.remove(file)
                model.remove(chosen)
            elif not folder.files.named(name):
                store.move(file, folder, name)
                chosen[1] = name
    assert [[file.id, file.name] for file in folder.files] == model
    assert [file.id for file in folder.files.newest(1, 3)] == [row[0] for row in model][::-1][1:4]
    for name in "abc":
        assert {file.id for file in folder.files.named(name)} == {row[0] for row in model if row[1] == name}
