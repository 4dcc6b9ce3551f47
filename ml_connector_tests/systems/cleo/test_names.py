"""Names from a server are text and nothing else; identities never leave their place in an address."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import ConfigError
from ml_connector.sandbox.cleo.filters import parse_filter
from ml_connector.systems.cleo.names import (
    equals,
    filled,
    folder_in_path,
    segments,
    usable_id,
    whole_number,
)
from ml_connector.transport.safe_names import clean_name

anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


@given(anything)
def test_every_name_becomes_one_storable_line(name: str) -> None:
    cleaned = clean_name(name)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert len(cleaned.splitlines()) <= 1
    assert clean_name(cleaned) == cleaned


@given(anything)
def test_an_identity_stays_one_segment_of_the_path(identity: str) -> None:
    usable = usable_id(identity)
    if usable is None:
        return
    path = filled("/api/files/{file}/content", file=usable)
    parts = path.split("/")
    assert len(parts) == 5
    assert unquote(parts[3]) == identity
    assert parts[3] not in (".", "..", "")
    assert not set(path) & set("?#\\ ")


@pytest.mark.parametrize("identity", ["", ".", "..", None, True, 1.5, "a\nb", "x" * 401, ["a"]])
def test_unusable_identities_are_left_out(identity: object) -> None:
    assert usable_id(identity) is None


@given(anything.filter(lambda text: "\x00" not in text))
def test_any_name_can_stand_in_a_filter(name: str) -> None:
    """Read back by the stand-in's own parser: quotes and backslashes do not end the value."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return
    wanted = parse_filter(equals("name", name), frozenset({"name"}))
    assert wanted is not None
    assert wanted.matches(lambda _attribute: name)
    assert not wanted.matches(lambda _attribute: name + "x")


@pytest.mark.parametrize("path", ["", "/", "///", "/A/../B", "./A", "/A/."])
def test_odd_folder_paths_are_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="not a folder path"):
        segments(path)


def test_folder_paths_are_encoded_segment_by_segment() -> None:
    assert folder_in_path("/Partner Nord/in?box/") == "Partner%20Nord/in%3Fbox"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("5", 5),
        (" 7 ", 7),
        (0, 0),
        (-1, None),
        ("-1", None),
        ("x", None),
        (None, None),
        (True, None),
        (1.5, None),
    ],
)
def test_counts_arrive_as_number_or_text(value: object, number: int | None) -> None:
    assert whole_number(value) == number
