"""Every page in a real browser: as narrow as a telephone, and as axe-core finds it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.exchange import blobs, files
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.web.browser import HOW, find_chromium
from ml_connector_tests.web.chromium import Chromium, chromium
from ml_connector_tests.web.pages.every_page import paths, routes, served, story
from ml_connector_tests.web.pages.guarded import guarded_office
from ml_connector_tests.web.pages.office import Office

in_a_browser = pytest.mark.skipif(find_chromium() is None, reason=HOW)
#: Fetched by `.ci/run`, where there is npm; its version and hash stand there.
AXE = ROOT / ".cache" / "axe-core" / "axe.min.js"
by_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not here, so nobody looked: .ci/run fetches it where there is npm"
)
#: Of axe-core's impacts those that keep somebody out, or that stand in somebody's way.
SERIOUS = {"moderate", "serious", "critical"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with story(tmp_path_factory.mktemp("story")) as made:
        yield made


def every_page(office: Office) -> list[str]:
    return [path for some in paths(office).values() for path in some]


def test_no_page_is_left_out(office: Office) -> None:
    assert set(paths(office)) == routes(office)
    for path in every_page(office):
        missing = path in {"/documents/999999"}
        assert office.browser().get(path).status_code == (404 if missing else 200), path


@in_a_browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_has_to_be_scrolled_sideways(office: Office, tmp_path: Path, width: int) -> None:
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.width(width)
        wide = []
        for path in every_page(office):
            browser.go(address + path)
            open_all(browser)
            wide += [path] if browser.overflows else []
        assert wide == []
        assert browser.asked_elsewhere(address) == set()
        assert [one for one in browser.complaints if "/documents/999999" not in one] == []


def open_all(browser: Chromium) -> None:
    """What is folded is seen too."""
    browser.js("document.querySelectorAll('details').forEach(one => { one.open = true })")


def found_by_axe(browser: Chromium) -> list[str]:
    """What keeps somebody out of the page as it is now, and where."""
    open_all(browser)
    browser.js(AXE.read_text(encoding="utf-8") + ";0")
    told: list[dict[str, Any]] = browser.later(
        "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(one => "
        "({id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html)})))"
    )
    return [f"{one['id']} ({one['impact']}): {one['nodes']}" for one in told if one["impact"] in SERIOUS]


@in_a_browser
@by_axe
@pytest.mark.timeout(900)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_serious(office: Office, tmp_path: Path, dark: bool, width: int) -> None:
    found: dict[str, list[str]] = {}
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.width(width)
        if dark:
            browser.dark()
        for path in every_page(office):
            browser.go(address + path)
            found |= {path: wrong} if (wrong := found_by_axe(browser)) else {}
    assert found == {}


@in_a_browser
@by_axe
@pytest.mark.timeout(300)
def test_axe_finds_nothing_serious_on_what_a_form_answers(office: Office, tmp_path: Path) -> None:
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.width(360)
        browser.go(f"{address}/connections/cleo_prod")
        browser.follow("Check now")
        assert "What check says" in browser.text
        assert found_by_axe(browser) == []
        with office.scene.deployment.ledger.read() as tx:
            file = files.get(tx, office.held.file_id or 0)
            assert file is not None
            (tmp_path / "810.edi").write_bytes(blobs.read_blob(tx, file.sha256))
        browser.go(f"{address}/try")
        browser.choose("file", tmp_path / "810.edi")
        browser.follow("Try")
        assert "810.edi" in browser.text
        assert not browser.overflows
        assert found_by_axe(browser) == []


@in_a_browser
@by_axe
def test_axe_sees_what_is_wrong(office: Office, tmp_path: Path) -> None:
    """It looks at all: a field without a name and a text that is too faint are told."""
    with served(office) as address, chromium(tmp_path / "profile") as browser:
        browser.go(address)
        browser.js("document.getElementById('main').insertAdjacentHTML('beforeend', '<p><input type=text></p>')")
        browser.js("document.querySelector('h1').attributeStyleMap.set('color', 'rgb(240, 240, 240)')")
        found = " ".join(found_by_axe(browser))
    assert "label (critical)" in found
    assert "color-contrast (serious)" in found


@in_a_browser
@by_axe
def test_axe_finds_nothing_serious_where_people_log_in(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with guarded_office(tmp_path / "guarded") as guarded, served(guarded) as address, chromium(profile) as browser:
        browser.width(360)
        browser.go(address)
        assert browser.path == "/login"
        assert not browser.overflows
        assert found_by_axe(browser) == []
        browser.fill("name", "nobody")
        browser.fill("password", "wrong")
        browser.follow("Log in")
        assert found_by_axe(browser) == []
