"""The manual on the pages: every reason leads to how it is put right, every link to a place that is there."""

import re

import pytest
from lxml import html

from ml_connector.errors import Reason
from ml_connector.operating import manual
from ml_connector_tests.web.pages.office import Office, text_of


def test_a_held_document_leads_to_the_place_of_its_reason(office: Office) -> None:
    browser = office.browser()
    shown = html.fromstring(browser.get(f"/documents/{office.held.id}").text)
    (link,) = shown.xpath("//a[contains(., 'how it is put right')]/@href")
    page, _, place = str(link).partition("#")
    assert place == office.held.reason
    found = html.fromstring(browser.get(page).text).xpath("//*[@id=$place]", place=place)
    assert [one.text_content() for one in found] == [place]


def test_every_reason_has_a_place(office: Office) -> None:
    shown = html.fromstring(office.browser().get("/manual/held-documents").text)
    places = set(shown.xpath("//@id"))
    assert [str(reason) for reason in Reason if str(reason) not in places] == []
    assert len(places) == len(shown.xpath("//@id")), "a place that stands twice"


def test_every_page_is_shown_and_its_links_lead_somewhere(office: Office) -> None:
    browser = office.browser()
    index = html.fromstring(browser.get("/manual").text)
    assert sorted(str(link) for link in index.xpath("//main//li/a/@href")) == [
        f"/manual/{one}" for one in manual.names()
    ]
    pages = {name: html.fromstring(browser.get(f"/manual/{name}").text) for name in manual.names()}
    there = {f"/manual/{name}" for name in pages}
    there |= {f"/manual/{name}#{place}" for name, page in pages.items() for place in page.xpath("//@id")}
    broken = [
        f"{name}: {link}"
        for name, page in pages.items()
        for link in page.xpath("//div[@class='manual']//a/@href")
        if not str(link).startswith("https:")
        and (f"/manual/{name}{link}" if str(link).startswith("#") else str(link)) not in there
    ]
    assert broken == []


@pytest.mark.parametrize(
    "name",
    ["nothing", "../README", "..%2F..%2Fpyproject", "held-documents.md", "/etc/passwd", "%2e%2e/README", "a" * 3000],
)
def test_what_is_no_page_of_the_manual_is_not_there(office: Office, name: str) -> None:
    page = office.browser().get(f"/manual/{name}")
    assert page.status_code in {404, 414}
    assert "Apache" not in page.text


def test_markup_in_a_page_stays_text(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = (
        "# <b id=x>T</b>\n\n<script>1</script> [a](javascript:alert(1)) ![p](https://else/where.png) <img src=x>\n"
    )
    monkeypatch.setattr(manual, "text", lambda name: planted)
    page = office.browser().get("/manual/ledger")
    main = html.fromstring(page.text).xpath("//main")[0]
    assert main.xpath(".//script | .//img | .//b") == []
    assert main.xpath(".//a[starts-with(@href, 'javascript')]") == []
    assert "<script>1</script>" in text_of(page)


def test_the_command_line_tells_where_its_pages_are() -> None:
    from click.testing import CliRunner

    from ml_connector.cli.app import root

    told = CliRunner().invoke(root, ["--help"]).output
    assert re.search(r"docs/\.\.\.\): .*docs", told)
