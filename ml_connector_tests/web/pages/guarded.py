"""Pages with a log-in, a proxy and people of every kind; for what strangers and neighbours try."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from lxml import html

from ml_connector.config.web import WebSettings
from ml_connector.credentials.secrets import Secret
from ml_connector.web.access.doors import COOKIE
from ml_connector.web.access.passwords import hashed
from ml_connector.web.frame.log_ins import kept_password, mark_of
from ml_connector_tests.web.pages.office import Browser, Office, open_office

PASSWORD = "correct horse battery"
PROXY = "10.1.2.3"


@contextmanager
def guarded_office(folder: Path) -> Iterator[Office]:
    """With a log-in, a proxy, and people of every kind."""
    with open_office(folder) as made:
        vault = made.scene.deployment.vault
        vault.put("web_any", Secret(hashed(PASSWORD)))
        any_password = {"password": {"store": "web_any"}}
        settings = WebSettings.model_validate(
            {
                "users": {
                    "clara": {"role": "clerk", **any_password},
                    "vera": {"role": "viewer", **any_password},
                    "olga": {"role": "clerk", "integrations": ["elsewhere"], **any_password},
                    "ida": {"role": "viewer", "integrations": ["exact_cleo"], **any_password},
                },
                "proxy": {"addresses": [PROXY]},
                "groups": {"clerks": {"role": "clerk"}, "others": {"role": "administrator", "integrations": ["gone"]}},
            }
        )
        doors = made.app.state.pages.doors
        doors.renew(settings)
        loaded = made.scene.deployment.loaded
        changed = loaded.settings.model_copy(update={"web": settings})
        object.__setattr__(loaded, "settings", changed)
        yield made


def inside(office: Office, name: str = "clara") -> Browser:
    """Somebody who has logged in."""
    pages = office.app.state.pages
    mark = mark_of(kept_password(pages.deployment, pages.doors.settings, name))
    token, _ = pages.doors.sessions.begin(name, password=mark)
    browser = office.browser(peer="192.0.2.9")
    browser.client.cookies.set(COOKIE, token)
    return browser


def is_out(answer: httpx.Response) -> bool:
    return answer.status_code in {303, 401, 403} and "northwind" not in answer.text


# Markup in every field


def nothing_planted(page: httpx.Response) -> None:
    shown = html.fromstring(page.text)
    assert shown.xpath("//*[@id='planted'] | //script[not(@src='/static/script.js')] | //svg | //img | //iframe") == []
    assert shown.xpath("//@*[starts-with(name(), 'on')] | //a[starts-with(@href, 'javascript')]") == []
    assert "49" not in (shown.findtext(".//title") or "")


# Forms from elsewhere

ACTS = ["discard", "replay", "comment", "take", "reference", "arrived", "not-arrived", "counts-once", "as-it-stands"]


def csrf_of(office: Office, browser: Browser) -> str:
    session = office.app.state.pages.doors.sessions.find(browser.client.cookies[COOKIE])
    assert session is not None
    return str(session.csrf)
