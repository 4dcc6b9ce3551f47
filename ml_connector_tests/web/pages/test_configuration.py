"""Files of the configuration that are changed while the pages run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.credentials.secrets import Secret
from ml_connector.web.access.passwords import hashed
from ml_connector.web.frame import configuration
from ml_connector_tests.web.pages.office import Office, open_office, text_of


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(configuration, "SECONDS", 0.0)
    with open_office(tmp_path) as made:
        yield made


def test_a_partners_file_that_was_mended_is_known_to_the_next_page(office: Office) -> None:
    path = office.scene.bench.home / "partners" / "northwind.yaml"
    good, browser = path.read_text(), office.browser()
    path.write_text(good + "\ntolerances: {price: nonsense}\n")
    shown = text_of(browser.get("/partners/exact_cleo/northwind"))
    assert "Its file stops it" in shown
    assert "price: nonsense" in shown
    path.write_text(good)
    assert "Its file stops it" not in text_of(browser.get("/partners/exact_cleo/northwind"))


def test_what_a_dry_run_tells_follows_the_partners_file(office: Office) -> None:
    path = office.scene.bench.home / "partners" / "northwind.yaml"
    browser, page = office.browser(), f"/documents/{office.held.id}/replay"
    assert "It would be held" in text_of(browser.get(page))
    path.write_text(path.read_text() + "\ntolerances: {price: {percent: 50}}\n")
    assert "It would be posted" in text_of(browser.get(page))


def test_a_wrong_configuration_is_told_and_the_last_good_one_stays(office: Office) -> None:
    path, browser = office.scene.bench.config, office.browser()
    good = path.read_text()
    path.write_text(good + "\nnonsense: true\n")
    shown = text_of(browser.get("/"))
    assert "The configuration cannot be used as it is now" in shown
    assert "nonsense" in shown
    assert "price tolerance" in shown
    path.write_text(good + "\n")
    assert "cannot be used as it is now" not in text_of(browser.get("/"))


def test_who_is_taken_out_of_the_configuration_is_out_at_once(office: Office) -> None:
    path = office.scene.bench.config
    good = path.read_text()
    browser = office.browser(peer="192.0.2.9")
    office.scene.deployment.vault.put("annas", Secret(hashed("correct horse battery")))
    path.write_text(good.replace("web:", "web:\n  users: {anna: {role: viewer, password: {store: annas}}}", 1))
    browser.ask("POST", "/login", data={"name": "anna", "password": "correct horse battery", "to": "/"})
    assert browser.get("/").status_code == 200
    path.write_text(good)
    assert browser.get("/").status_code == 403
