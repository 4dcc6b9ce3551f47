"""A clerk in a real browser: finds a held invoice, reads why, sees what a replay would do, replays, sees it posted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.web.browser import HOW, find_chromium
from ml_connector_tests.web.chromium import Chromium, chromium
from ml_connector_tests.web.pages.every_page import served
from ml_connector_tests.web.pages.office import Office, open_office

WHY = "Why (kept in the ledger, with your name)"

pytestmark = [pytest.mark.skipif(find_chromium() is None, reason=HOW), pytest.mark.timeout(300)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path / "office") as made:
        yield made


def wait_until_done(browser: Chromium) -> None:
    """A page with something under way looks again by itself."""
    while browser.js("!!document.querySelector('meta[http-equiv=refresh]')"):
        browser.wait_for_load()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_clerk_gets_a_held_invoice_posted_without_a_terminal(office: Office, tmp_path: Path, script: bool) -> None:
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        if not script:
            browser.without_script()
        browser.go(address)
        browser.fill("q", office.held.number)
        browser.follow("Find")
        # The order of the same number, too, or the document at once.
        if not browser.path.startswith("/documents/"):
            browser.follow(f"invoice {office.held.number}")
        assert "price tolerance" in browser.text
        assert "To fix:" in browser.text
        office.mend()
        browser.follow("Replay: see first what it would do")
        assert "It would be held" in browser.text
        browser.follow("Read the ERP's data again, and show this again")
        wait_until_done(browser)
        assert "It would be posted" in browser.text, browser.text
        browser.fill("why", "the buyer agreed to the price")
        browser.follow("Replay")
        wait_until_done(browser)
        assert "Nobody has to do anything." in browser.text
        assert office.now(office.held).state is S.POSTED
        assert len(office.scene.posted()) == 2
        assert browser.asked_elsewhere(address) == set()
        assert browser.complaints == []


def enter(browser: Chromium) -> None:
    with browser.loading():
        browser.press("Enter")


def test_the_keyboard_alone_is_enough_from_home_to_posted(office: Office, tmp_path: Path) -> None:
    """Tab, Enter and typing: no pointer, and no address of a page beyond the first."""
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.go(address)
        browser.tab_to("Find")
        browser.type(office.held.number)
        enter(browser)
        if not browser.path.startswith("/documents/"):
            browser.tab_to(f"invoice {office.held.number}")
            enter(browser)
        assert browser.path == f"/documents/{office.held.id}"
        assert "To fix:" in browser.text
        office.mend()
        browser.tab_to("Replay: see first what it would do")
        enter(browser)
        assert "It would be held" in browser.text
        browser.tab_to("Read the ERP's data again, and show this again")
        enter(browser)
        wait_until_done(browser)
        assert "It would be posted" in browser.text, browser.text
        browser.tab_to(WHY)
        browser.type("the buyer agreed to the price")
        enter(browser)
        wait_until_done(browser)
        assert "Nobody has to do anything." in browser.text
        assert office.now(office.held).state is S.POSTED
        assert browser.asked_elsewhere(address) == set()
        assert browser.complaints == []


def test_what_is_folded_opens_by_the_keyboard(office: Office, tmp_path: Path) -> None:
    path = f"/documents/{office.held.id}"
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.go(address + path)
        browser.tab_to("Discard")
        browser.press("Enter")
        browser.tab_to(WHY)
        browser.type("sent twice")
        enter(browser)
        assert office.now(office.held).state is S.DISCARDED
