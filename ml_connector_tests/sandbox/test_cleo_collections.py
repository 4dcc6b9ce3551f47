"""Cleo's collections: 0-based paging, filters, links (cleo 4 and 5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.sandbox.cleo.control import fill
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.filters import parse_filter
from ml_connector_tests.sandbox.cleo_bench import Bench

INBOX = "/NORTHWIND/inbox"
NAMES = frozenset({"name", "size", "folder.path", "active"})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path).serving() as bench:
        bench.log_in()
        yield bench


def put(bench: Bench, *names: str) -> None:
    folder = bench.state.inbox("NORTHWIND")
    for name in names:
        bench.call(lambda name=name: bench.state.deliver(folder, name, b"data"))  # type: ignore[misc]


def names(page: dict[str, Any]) -> list[str]:
    return [row["name"] for row in page["resources"]]


def test_the_first_page_starts_at_zero_and_pages_join_without_gap(bench: Bench) -> None:
    put(bench, "a", "b", "c", "d", "e")
    first = bench.listing(INBOX, startIndex=0, count=2)
    assert (names(first), first["totalResults"], first["startIndex"], first["count"]) == (["a", "b"], 5, 0, 2)
    assert names(bench.listing(INBOX, startIndex=2, count=2)) == ["c", "d"]
    assert names(bench.listing(INBOX, startIndex=4, count=2)) == ["e"]
    past = bench.listing(INBOX, startIndex=9, count=2)
    assert (names(past), past["totalResults"]) == ([], 5)


def test_a_count_above_the_maximum_gives_the_maximum(bench: Bench) -> None:
    put(bench, *[f"f{n:03d}" for n in range(130)])
    assert len(bench.listing(INBOX, count=1000)["resources"]) == 100


def test_newest_first_and_by_name_are_other_orders_of_the_same_files(bench: Bench) -> None:
    put(bench, "b", "a", "c")
    bench.state.options.order = "newest_first"
    assert names(bench.listing(INBOX, startIndex=0, count=2)) == ["c", "a"]
    assert names(bench.listing(INBOX, startIndex=2, count=2)) == ["b"]
    bench.state.options.order = "name"
    assert names(bench.listing(INBOX)) == ["a", "b", "c"]
    assert names(bench.listing(INBOX, sortBy="name", sortOrder="descending")) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name eq "810_1.edi"', ["810_1.edi"]),
        ('name sw "810"', ["810_1.edi", "810_2.txt"]),
        ('name sw "810" and name ew "txt"', ["810_2.txt"]),
        ('(name eq "855.edi" or name eq "810_1.edi") and size gt 3', ["810_1.edi", "855.edi"]),
        ('not name sw "8"', ["other"]),
        ('folder.path eq "/NORTHWIND/inbox" and name co "th"', ["other"]),
        ('name eq "810_1.edi" and name eq "855.edi"', []),
        ("size gt 4", []),
        ("", ["810_1.edi", "810_2.txt", "855.edi", "other"]),
    ],
)
def test_filters_choose_files(bench: Bench, text: str, expected: list[str]) -> None:
    put(bench, "810_1.edi", "810_2.txt", "855.edi", "other")
    page = bench.listing(INBOX, filter=text)
    assert names(page) == expected
    assert page["totalResults"] == len(expected)


@pytest.mark.parametrize(
    "text",
    [
        'colour eq "red"',
        'name eq "x',
        "name eq red",
        'name is "x"',
        'name eq "x" or',
        '(name eq "x"',
        'name eq "x")',
        "name",
        '"name" eq "x"',
        "size gt",
        'size gt "x"',
    ],
)
def test_unknown_attributes_and_wrong_filters_are_400_with_a_message(bench: Bench, text: str) -> None:
    put(bench, "a")
    answer = bench.http.get(f"/api/folders/{bench.folder(INBOX)}/files", params={"filter": text})
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize("query", [{"startIndex": "-1"}, {"count": "many"}, {"startIndex": "1.5"}])
def test_wrong_paging_is_400(bench: Bench, query: dict[str, str]) -> None:
    assert bench.http.get("/api/folders", params=query).status_code == 400


def test_resources_carry_links_and_ids_of_22_characters(bench: Bench) -> None:
    put(bench, "a")
    root = bench.http.get("/api/folders").json()["resources"][0]
    assert len(root["id"]) == 22
    inside = bench.http.get(root["_links"]["self"]["href"]).json()
    boxes = {row["name"]: row for row in inside["resources"]}
    assert boxes["inbox"]["permissions"] == {"upload": False, "download": True}
    assert boxes["outbox"]["permissions"] == {"upload": True, "download": False}
    assert bench.http.get(root["_links"]["folders"]["href"]).json()["totalResults"] == 3
    file = bench.http.get(boxes["inbox"]["_links"]["files"]["href"]).json()["resources"][0]
    assert len(file["id"]) == 22
    assert file["lastModified"].endswith("Z")
    assert bench.http.get(file["_links"]["self"]["href"]).json() == file
    assert bench.http.get(file["_links"]["content"]["href"]).content == b"data"


@pytest.mark.parametrize("key", ["NORTHWIND/inbox", "/NORTHWIND/inbox", "%2FNORTHWIND%2Finbox"])
def test_a_folder_is_also_found_by_its_path(bench: Bench, key: str) -> None:
    put(bench, "a")
    assert bench.http.get(f"/api/folders/{key}/files").json()["totalResults"] == 1
    assert bench.http.get(f"/api/folders/{key}").json()["path"] == INBOX


def test_one_hundred_thousand_files_are_listed_page_by_page_and_each_exactly_once(bench: Bench) -> None:
    """Deep pages, with files taken away on the way: what is listed is what is there."""
    folder = bench.state.inbox("NORTHWIND")
    bench.call(lambda: fill(bench.state, folder, 100_000, "f{n}", "x"))
    deep = bench.listing(INBOX, startIndex=99_950)
    assert (names(deep)[0], len(deep["resources"]), deep["totalResults"]) == ("f099950", 50, 100_000)
    middle = bench.listing(INBOX, startIndex=50_000, count=3)
    for row in middle["resources"]:
        assert bench.http.delete(f"/api/files/{row['id']}").status_code == 204
    assert names(bench.listing(INBOX, startIndex=49_999, count=2)) == ["f049999", "f050003"]
    assert names(bench.listing(INBOX, filter='name eq "f077777"')) == ["f077777"]


values = st.text(max_size=12)
conditions = st.builds(
    lambda name, op, value: (name, op, value),
    st.sampled_from(["name", "folder.path"]),
    st.sampled_from(["eq", "sw"]),
    values,
)
trees = st.recursive(conditions, lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner), max_leaves=8)


def write(tree: Any) -> str:
    if tree[0] in {"and", "or"}:
        return f"({write(tree[1])} {tree[0]} {write(tree[2])})"
    name, op, value = tree
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} {op} "{quoted}"'


def holds(tree: Any, row: dict[str, str]) -> bool:
    if tree[0] in {"and", "or"}:
        left, right = holds(tree[1], row), holds(tree[2], row)
        return left and right if tree[0] == "and" else left or right
    name, op, value = tree
    return row[name] == value if op == "eq" else row[name].startswith(value)


@given(tree=trees, name=values, path=values)
def test_a_written_filter_means_what_its_tree_means(tree: Any, name: str, path: str) -> None:
    row = {"name": name, "folder.path": path}
    parsed = parse_filter(write(tree), NAMES)
    assert parsed is not None
    assert parsed.matches(row.__getitem__) == holds(tree, row)
    if parsed.matches(row.__getitem__):
        assert all(row[attribute] == value for attribute, value in parsed.equal.items())


@given(text=st.text(alphabet=' ()"\\abcdefnmorqs0123.', max_size=60))
def test_any_text_is_a_filter_or_a_400(text: str) -> None:
    refused: list[int] = []
    try:
        parse_filter(text, NAMES)
    except ApiError as error:
        refused.append(error.status)
    assert refused in ([], [400])
