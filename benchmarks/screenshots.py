"""The pictures of docs/, made anew by `make screenshots`: the pages over the sandbox, as a clerk sees them."""

import sys
import tempfile
from pathlib import Path

from ml_connector.config.web import WebSettings
from ml_connector.credentials.secrets import Secret
from ml_connector.web.access.passwords import hashed
from ml_connector_tests.web.browser import HOW, find_chromium
from ml_connector_tests.web.chromium import Chromium, chromium
from ml_connector_tests.web.pages.every_page import served, story
from ml_connector_tests.web.pages.office import Office

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
WIDTH, HEIGHT = 1200, 800
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
    return 0


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
