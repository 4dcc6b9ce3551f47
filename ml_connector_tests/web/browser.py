"""A real browser, without a screen: what a page has become in it."""

import shutil
import subprocess
from pathlib import Path

HOW = "there is no Chromium on this machine: install one (Debian: apt-get install chromium) or put it on the PATH"

#: Nothing is fetched but the page: no updates, no lists, no other hosts.
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What it would ask its maker all the same finds no name.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-dev-shm-usage",
    # It does not start as root, nor in many containers, with its own sandbox. The pages are ours.
    "--no-sandbox",
)


def find_chromium() -> str | None:
    """Its name differs between distributions."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for found in map(shutil.which, names) if found), None)


def page_in_browser(url: str, folder: Path) -> str:
    """The document after the browser has loaded it and run what it runs, as HTML. `folder` takes the profile."""
    chromium = find_chromium()
    assert chromium is not None
    command = [chromium, *FLAGS, f"--user-data-dir={folder}", "--dump-dom", url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
