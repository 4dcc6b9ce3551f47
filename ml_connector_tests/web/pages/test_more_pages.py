"""Partners, connections, days, and trying a file, as somebody at this machine sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from ml_connector.errors import ConfigError
from ml_connector.operating.facts import original_bytes
from ml_connector_tests.web.pages.office import Office, open_office, text_of


def whole_file(office: Office) -> bytes:
    """The file of the held invoice."""
    from ml_connector.ledger.exchange import blobs, files

    with office.scene.deployment.ledger.read() as tx:
        assert office.held.file_id is not None
        file = files.get(tx, office.held.file_id)
        assert file is not None
        return bytes(blobs.read_blob(tx, file.sha256))


def test_partners_tell_when_they_sent_last_and_what_waits(office: Office) -> None:
    page = office.browser().get("/partners")
    shown = text_of(page)
    assert "northwind" in shown
    [link] = html.fromstring(page.text).xpath("//tr[contains(., 'northwind')]//td[@data-label='Waiting']/a/@href")
    assert office.held.number in office.browser().get(link).text


def test_a_partner_shows_its_file_and_how_it_goes(office: Office) -> None:
    shown = text_of(office.browser().get("/partners/exact_cleo/northwind"))
    assert "name: northwind" in shown
    assert "50 %" in shown  # one of two invoices went through at once


@pytest.mark.parametrize(
    "path", ["/partners/exact_cleo/nobody", "/partners/elsewhere/northwind", "/connections/nowhere"]
)
def test_what_is_not_configured_has_no_page(office: Office, path: str) -> None:
    assert office.browser().get(path).status_code == 404


def test_a_file_is_tried_and_leaves_no_trace(office: Office) -> None:
    data = whole_file(office).replace(b"NORTHWIND-I00002", b"NORTHWIND-I77777").replace(b"*000000002*", b"*000000777*")
    before = office.scene.documents()
    browser = office.browser()
    answer = browser.post("/try", {"integration": "exact_cleo"}, on="/try", files={"file": ("a <b>.edi", data)})
    shown = text_of(answer)
    assert answer.status_code == 200
    assert "NORTHWIND-I77777" in shown
    assert "price tolerance" in shown
    assert "Something would be held or rejected" in shown
    assert "a <b>.edi" in shown
    assert [row.id for row in office.scene.documents()] == [row.id for row in before]


@pytest.mark.parametrize("data", [b"", b"\x00" * 2_000, b"ISA*", b"<html>", b"%PDF-1.4"])
def test_rubbish_is_tried_and_told(office: Office, data: bytes) -> None:
    answer = office.browser().post("/try", {"integration": "exact_cleo"}, on="/try", files={"file": ("x", data)})
    assert answer.status_code in {200, 400}
    assert "Traceback" not in answer.text


def test_a_file_that_is_too_large_is_not_read(office: Office) -> None:
    answer = office.browser().post("/try", on="/try", files={"file": ("x", b"x" * 20_100_000)})
    assert answer.status_code == 413


def test_a_connection_tells_its_authorization_and_reference_data(office: Office) -> None:
    shown = text_of(office.browser().get("/connections/exact_nl"))
    assert "authorized" in shown
    assert "vendors" in shown
    assert "all its secrets are there" in shown


def test_check_asks_the_other_side(office: Office) -> None:
    path = "/connections/cleo_prod"
    shown = text_of(office.browser().post(f"{path}/check", on=path))
    assert "What check says" in shown
    assert "reachable" in shown


def test_a_day_adds_up_and_leads_to_its_documents(office: Office) -> None:
    browser = office.browser()
    links = html.fromstring(browser.get("/days").text).xpath("//td[@data-label='Day']/a/@href")
    assert links == [f"/days/exact_cleo/{office.held.partition_date}"]
    shown = text_of(browser.get(links[0]))
    assert "Everything that came and left is accounted for." in shown
    assert "Documents received: 2" in shown


def test_a_day_is_replayed_with_the_reason(office: Office) -> None:
    path = f"/days/exact_cleo/{office.held.partition_date}"
    browser = office.browser()
    answer = browser.post(f"{path}/replay", {"why": "the supplier was created"}, on=path)
    assert answer.headers["location"] == path
    office.app.state.pages.errands.settle()
    assert office.asked[-1] == {
        "kind": "day",
        "integration": "exact_cleo",
        "day": office.held.partition_date.isoformat(),
        "who": "person:tester",
        "why": "the supplier was created",
    }


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


def test_an_administrator_stores_a_secret_that_is_never_shown(own: Office) -> None:
    path, secret = "/connections/cleo_prod", "new-&-<secret>"
    browser = own.browser()
    answer = browser.post(f"{path}/secret", {"key": "password", "value": secret}, on=path)
    assert answer.headers["location"] == path
    page = browser.get(path)
    assert secret not in html.fromstring(page.text).text_content()
    assert "Stored cleo_prod_password" in text_of(page)
    assert own.scene.deployment.vault.get("cleo_prod_password").reveal() == secret


@pytest.mark.parametrize("key", ["", "base_url", "username", "../x"])
def test_only_secrets_that_the_configuration_refers_to_are_stored(own: Office, key: str) -> None:
    path = "/connections/cleo_prod"
    before = own.scene.deployment.vault.names()
    assert own.browser().post(f"{path}/secret", {"key": key, "value": "x"}, on=path).status_code == 404
    assert own.scene.deployment.vault.names() == before


def test_the_link_to_the_consent_page_is_a_link_and_no_redirect(own: Office) -> None:
    path = "/connections/exact_nl"
    answer = own.browser().post(f"{path}/authorize", on=path)
    [link] = html.fromstring(answer.text).xpath("//a[contains(., 'consent page')]/@href")
    assert link.startswith(own.scene.sandbox.addresses()["exact"])


def test_the_bytes_of_what_came_are_those(office: Office) -> None:
    assert original_bytes(office.scene.deployment.ledger, office.held) in whole_file(office)
    with pytest.raises(ConfigError):
        original_bytes(office.scene.deployment.ledger, office.held.having(file_id=None))
