"""The home page tells what nobody has to look for: who is silent, what ends and when, what is nearly used up."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from lxml import html

from ml_connector.errors import ConfigError
from ml_connector.ledger.coordination import rate_budgets
from ml_connector.ledger.tables.documents import document
from ml_connector.orchestration.jobs.maintenance_job import token_causes
from ml_connector.web.frame import configuration
from ml_connector.web.pages import home
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.web.pages.guarded import guarded_office, inside
from ml_connector_tests.web.pages.office import Office, open_office, text_of


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(configuration, "SECONDS", 0.0)
    with open_office(tmp_path) as made:
        yield made


def section(office: Office, name: str) -> tuple[str, list[str]]:
    """What a section of the home page says, and where it leads; empty where it is not there."""
    page = office.browser().get("/")
    assert page.status_code == 200
    found = html.fromstring(page.text).xpath(f"//section[h2/text()='{name}']")
    if not found:
        return "", []
    return " ".join(found[0].text_content().split()), found[0].xpath(".//a/@href")


def test_a_partner_is_told_when_it_is_silent_for_longer_than_its_file_allows(office: Office) -> None:
    path = office.scene.bench.home / "partners" / "northwind.yaml"
    path.write_text(path.read_text() + "\nsilent_after_hours: 5\ncontact: edi@northwind.example\n")
    assert section(office, "Silent partners") == ("", []), "it has sent just now"
    office.scene.sandbox.clock.move(4 * 3600)
    assert section(office, "Silent partners") == ("", [])
    office.scene.sandbox.clock.move(2 * 3600)
    told, links = section(office, "Silent partners")
    assert "northwind: nothing came for 6 hours" in told
    assert "5 hours" in told
    assert "edi@northwind.example" in told
    assert links == ["/partners/exact_cleo/northwind"]


def change_connection(office: Office, name: str, **settings: object) -> None:
    path = office.scene.bench.config
    config = yaml.safe_load(path.read_text())
    config["connections"][name] |= settings
    path.write_text(yaml.safe_dump(config))


def test_the_calendar_tells_authorizations_and_secrets_by_their_end(office: Office) -> None:
    now = office.scene.sandbox.clock.now()
    far, near, past = (now.date() + timedelta(days=days) for days in (200, 20, -1))
    told, links = section(office, "What ends")
    assert "exact_nl: the authorization" in told
    assert links == ["/connections/exact_nl"]
    change_connection(office, "exact_nl", secrets_end={"client_secret": far.isoformat()})
    change_connection(office, "cleo_prod", secrets_end={"password": near.isoformat()})
    told, links = section(office, "What ends")
    lines = [
        f"{near} 00:00 cleo_prod: the password ends",
        "exact_nl: the authorization",
        f"{far} 00:00 exact_nl: the client",
    ]
    assert [told.index(line) for line in lines] == sorted(told.index(line) for line in lines), told
    assert "secrets_end.password" in told
    assert "secrets_end.client_secret" not in told, "it is far away"
    assert set(links) == {"/connections/exact_nl", "/connections/cleo_prod"}
    change_connection(office, "cleo_prod", secrets_end={"password": past.isoformat()})
    assert f"cleo_prod: the password ended on {past}" in section(office, "What ends")[0]


def test_an_end_that_is_near_is_an_alert_and_a_warning_of_check(office: Office) -> None:
    day = office.scene.sandbox.clock.now().date() + timedelta(days=30)
    change_connection(office, "cleo_prod", secrets_end={"password": day.isoformat()})
    with office.scene.bench.open() as deployment:
        [cause] = token_causes(deployment)
    assert cause.title == f"cleo_prod: the password ends on {day}"
    said = say("check", "--offline", "--json")
    [found] = [one for one in said.json["findings"] if one["level"] == "warn" and one["about"] == "cleo_prod"]
    assert found["message"] == f"the password ends on {day}"
    change_connection(office, "cleo_prod", secrets_end={"password": (day + timedelta(days=1)).isoformat()})
    with office.scene.bench.open() as deployment:
        assert token_causes(deployment) == []


def test_an_end_of_what_is_no_secret_is_refused(office: Office) -> None:
    change_connection(office, "cleo_prod", secrets_end={"base_url": "2027-01-01"})
    with pytest.raises(ConfigError, match=r"secrets_end.base_url is not a secret.*password"), office.scene.bench.open():
        pass


def test_a_limit_is_told_when_a_fifth_of_it_is_left_and_no_more_when_it_begins_anew(office: Office) -> None:
    now, ledger = office.scene.sandbox.clock.now(), office.scene.deployment.ledger
    for name, left in (("exact_nl:day", 60), ("exact_nl:minute", 13), ("cleo_prod/x", 5), ("nobody:day", 0)):
        with ledger.write() as tx:
            rate_budgets.store_window(tx, name, 60, left, now + timedelta(days=3))
    told, links = section(office, "Limits nearly used up")
    assert "cleo_prod/x: 5 of 60 calls left" in told
    assert links == ["/connections/cleo_prod"]
    office.scene.sandbox.clock.move(3 * 86_400 + 1)
    assert section(office, "Limits nearly used up") == ("", [])


def test_who_sees_one_integration_reads_of_its_connections_alone(tmp_path: Path) -> None:
    with guarded_office(tmp_path / "office") as made:
        now, ledger = made.scene.sandbox.clock.now(), made.scene.deployment.ledger
        with ledger.write() as tx:
            rate_budgets.store_window(tx, "exact_nl:day", 60, 0, now + timedelta(days=3))
        for name, sees in (("ida", True), ("olga", False)):
            shown = text_of(inside(made, name).get("/"))
            assert ("0 of 60 calls left" in shown) is sees
            assert ("exact_nl: the authorization" in shown) is sees


def test_deadlines_of_other_integrations_take_no_places(tmp_path: Path) -> None:
    """Whoever sees one integration is told what is due there, however much more is due elsewhere."""
    with guarded_office(tmp_path) as office:
        deployment = office.scene.deployment
        due = deployment.clock.now() + timedelta(hours=3)
        columns = [one for one in document.c if one.name not in {"id", "integration", "business_key", "due_at"}]
        with deployment.ledger.write() as tx:
            tx.execute(sa.update(document).where(document.c.id == office.held.id).values(due_at=due))
            row = tx.execute(sa.select(*columns).where(document.c.id == office.held.id)).one()
            elsewhere = {**row._mapping, "integration": "elsewhere", "due_at": due - timedelta(hours=1)}
            tx.execute(sa.insert(document), [elsewhere] * (4 * home.SHOWN))
        page = html.fromstring(inside(office, "ida").get("/").text)
        (section_,) = page.xpath("//section[.//a[contains(@href, '/documents/')] and h2[contains(., 'Due')]]")
        assert [str(one) for one in section_.xpath(".//a/@href")] == [f"/documents/{office.held.id}"]
