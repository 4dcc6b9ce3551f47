"""docs/for-clerks.md: what it tells a clerk to look for is on the pages, in these words."""

import re
from collections.abc import Iterator

import pytest

from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.web.pages.every_page import story
from ml_connector_tests.web.pages.office import Office, text_of

PAGE = (ROOT / "docs" / "for-clerks.md").read_text(encoding="utf-8")
TEMPLATES = ROOT / "ml_connector" / "web" / "pages" / "templates"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with story(tmp_path_factory.mktemp("story")) as made:
        yield made


def named() -> set[str]:
    """What the page names in italics."""
    plain = re.sub(r"\*\*[^*]+\*\*", "", " ".join(PAGE.split()))
    return {words.strip(" .:,") for words in re.findall(r"\*([^*]+)\*", plain)}


def test_everything_that_it_names_is_on_the_page_where_a_clerk_looks(office: Office) -> None:
    held, posted = f"/documents/{office.held.id}", f"/documents/{office.posted.id}"
    order = next(row for row in office.scene.documents() if row.kind.value == "order")
    places = {
        "Home": "/",
        "Find": "/",
        "a person": "/",
        "Replay: see first what it would do": held,
        "Read the ERP's data again": f"{held}/replay",
        "Replay": f"{held}/replay",
        "Discard": held,
        "Take it": held,
        "Comment": held,
        "What was decided, and where it came from": posted,
        "The chain": f"/documents/{order.id}",
        "acknowledged": f"/documents/{order.id}",
    }
    browser = office.browser()
    for words, path in places.items():
        assert words in named(), words
        assert words in text_of(browser.get(path)), (words, path)


def test_what_is_not_always_there_is_called_so(office: Office) -> None:
    """A section that stands on a page only when it has something to say, and states and moves that others have."""
    templates = " ".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    assert "Due to partners" in named()
    assert "Due to partners" in templates
    from ml_connector.operating import whose_move

    moves = " ".join(whose_move._MOVES.values()) + f" {whose_move._RECEIVABLES} {whose_move._SALES}"
    for words in ("the buyer", "accounts receivable", "sales"):
        assert words in named(), words
        assert words in moves, words


def test_nothing_that_it_names_was_left_out_here() -> None:
    told = {
        *("Home", "Find", "Replay: see first what it would do", "Read the ERP's data again", "Replay", "Discard"),
        *("Take it", "Comment", "What was decided, and where it came from", "The chain", "acknowledged", "Sent"),
        *("a person", "the buyer", "accounts receivable", "sales", "Due to partners"),
    }
    assert named() == told
