"""The pictures of docs/, made anew by `make screenshots`: the pages over the sandbox, as a clerk sees them, and the
lineage of the demo in Dagster.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.lineage import dagster_pages
from ml_connector.config.web import WebSettings
from ml_connector.credentials.secrets import Secret
from ml_connector.web.access.passwords import hashed
from ml_connector_tests.web.browser import HOW, find_chromium
from ml_connector_tests.web.chromium import Chromium, chromium
from ml_connector_tests.web.pages.every_page import served, story
from ml_connector_tests.web.pages.office import Office

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
WIDTH, HEIGHT = 1200, 800
GRAPH_WIDTH, GRAPH_HEIGHT = 1300, 1040
#: What the drawn graph says, and for how many looks, a second apart, nothing of it may have changed.
GRAPH_SHOWS, DRAWN_STILL, DRAWN_TRIES = "exact_nl_sinks", 5, 300
PASSWORD = "of the pictures alone"


def main() -> int:
    """Make all of them; 1 where there is no browser."""
    if find_chromium() is None:
        sys.stderr.write(f"{HOW}\n")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, story(Path(folder) / "story") as office:
        _let_in(office)
        with served(office) as address, chromium(Path(folder) / "profile") as browser:
            browser.width(WIDTH, HEIGHT)
            browser.go(f"{address}/login")
            browser.fill("name", "anna")
            browser.fill("password", PASSWORD)
            browser.follow("Log in")
            for name, path, shown in _pages(office):
                browser.go(address + path)
                _take(browser, name, shown)
        with dagster_pages(Path(folder) / "demo") as address, chromium(Path(folder) / "dagster_profile") as browser:
            _take_lineage(browser, f"{address}/asset-groups")
    return 0


def _take_lineage(browser: Chromium, address: str) -> None:
    """The graph alone, without what stands beside and above it."""
    browser.width(GRAPH_WIDTH, GRAPH_HEIGHT)
    browser.go(address)
    _drawn(browser)
    browser.js("[...document.querySelectorAll('button')].find(one => one.innerText === 'Hide navigation').click()")
    browser.go(address)  # it is laid out for the room that there is now
    _drawn(browser)
    beside = "document.querySelector('input[placeholder^=Jump]').getBoundingClientRect()"
    left, top = int(browser.js(f"{beside}.right")) + 54, int(browser.js(f"{beside}.bottom")) + 16
    file = PICTURES / "lineage.png"
    browser.picture(file, left=left, top=top, width=GRAPH_WIDTH - left, height=GRAPH_HEIGHT - top)
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1024} kB\n")


def _drawn(browser: Chromium) -> None:
    """Wait until Dagster has laid the graph out and coloured it: what it shows has not changed for a while.

    Raises:
        RuntimeError: it does not come to rest.
    """
    before, still = "", 0
    for _ in range(DRAWN_TRIES):
        time.sleep(1)
        now = str(browser.js("document.body.innerText + document.querySelectorAll('svg path').length"))
        still = still + 1 if now == before and GRAPH_SHOWS in now else 0
        if still >= DRAWN_STILL:
            return
        before = now
    raise RuntimeError(f"Dagster does not show {GRAPH_SHOWS}: {before[:500]}")


def _let_in(office: Office) -> None:
    """A clerk with a log-in, as others than whoever sits at the machine have."""
    office.scene.deployment.vault.put("web_anna", Secret(hashed(PASSWORD)))
    users = {"anna": {"role": "clerk", "password": {"store": "web_anna"}}}
    settings = WebSettings.model_validate({"users": users})
    office.app.state.pages.doors.renew(settings)
    loaded = office.scene.deployment.loaded
    object.__setattr__(loaded, "settings", loaded.settings.model_copy(update={"web": settings}))


def _pages(office: Office) -> list[tuple[str, str, str]]:
    """Name of the picture, page, and what it is taken from on: a selector, or nothing for the page's beginning."""
    order = next(row for row in office.scene.documents() if row.kind.value == "order")
    held = office.held.id
    return [
        ("home", "/", ""),
        ("document", f"/documents/{held}", ""),
        ("segments", f"/documents/{held}", "#bytes"),
        ("decided", f"/documents/{office.posted.id}", "#decided"),
        ("chain", f"/documents/{order.id}", "#chain"),
        ("replay", f"/documents/{held}/replay", ""),
        ("connection", "/connections/exact_nl", ""),
    ]


def _take(browser: Chromium, name: str, shown: str) -> None:
    top = browser.js(f"Math.max(0, document.querySelector('{shown}').offsetTop - 16)") if shown else 0
    file = PICTURES / f"{name}.png"
    browser.picture(file, top=int(top), width=WIDTH, height=HEIGHT)
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    sys.exit(main())
