"""The page that ends an authorization, as a person's browser shows it."""

from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import html

from ml_connector_tests.web.browser import HOW, find_chromium, page_in_browser
from ml_connector_tests.web.stage import Deployed, callback_of

pytestmark = pytest.mark.skipif(find_chromium() is None, reason=HOW)


def test_a_person_who_consented_reads_that_it_is_done(deployed: Deployed, address: str, tmp_path: Path) -> None:
    shown = html.fromstring(page_in_browser(callback_of(deployed, address), tmp_path))
    assert shown.findtext(".//title") == shown.findtext(".//h1") == "Authorized"
    assert "exact_nl is authorized" in shown.findtext(".//p")
    assert deployed.exact.works(deployed.exact.tokens().token())


@pytest.mark.parametrize(
    "planted",
    [
        "<script>document.title = 'taken over'</script>",
        "<img src=x onerror=\"document.title='taken over'\">",
        "</p><h1>taken over</h1>",
        "</title><meta http-equiv=refresh content=0;url=http://127.0.0.1:9/>",
    ],
)
def test_what_a_stranger_puts_into_the_link_is_text(address: str, tmp_path: Path, planted: str) -> None:
    page = page_in_browser(f"{address}/oauth/callback?error={quote(planted)}&state=exact_nl~x", tmp_path)
    shown = html.fromstring(page)
    assert shown.findtext(".//title") == shown.findtext(".//h1") == "Not authorized"
    assert {element.tag for element in shown.iter()} == {"html", "head", "meta", "title", "body", "h1", "p"}
    assert planted in shown.findtext(".//p")
    assert "ml-connector credentials authorize exact_nl" in shown.findtext(".//p")
