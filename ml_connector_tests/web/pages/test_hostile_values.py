"""What a sender writes, and what nobody would ask, on the pages: it stays text, and finds and does nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from lxml import html

from ml_connector.errors import ConfigError
from ml_connector.ledger.tables.documents import alert, document, file, operation
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.events import Actor
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.web.access.passwords import hashed
from ml_connector_tests.web.pages.guarded import PASSWORD, csrf_of, guarded_office, inside, nothing_planted
from ml_connector_tests.web.pages.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with guarded_office(tmp_path_factory.mktemp("office")) as made:
        yield made


#: What would take a page over if any field were not escaped.
MARKUP = [
    "<script>document.title='taken'</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><b id=planted>x</b>",
    "</title><h1 id=planted>x</h1>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b id=planted&gt;",
]
#: Columns of a document that a sender, an ERP or another program fills.
FIELDS = ["number", "order_number", "partner", "currency", "reason", "flow", "claimed_by", "company"]


@pytest.mark.parametrize("planted", MARKUP)
@pytest.mark.parametrize("field", FIELDS)
def test_markup_in_a_column_stays_text(office: Office, field: str, planted: str) -> None:
    cut = planted[: 3 if field == "currency" else 40]
    with changed(office, document, office.held.id, {field: cut}):
        browser = inside(office)
        for path in ("/", "/documents", f"/documents/{office.held.id}", "/find?q=invoice"):
            nothing_planted(browser.get(path))


@pytest.mark.parametrize("planted", MARKUP)
def test_markup_in_what_a_document_says_stays_text(office: Office, planted: str) -> None:
    canonical = json.loads(office.held.canonical)
    canonical["notes"] = [planted]
    canonical["lines"][0]["description"] = planted
    values = {
        "canonical": json.dumps(canonical),
        "reason_detail": {"message": planted, "mend": planted, "data": {planted: [planted]}},
        "work": planted,
        "source": planted,
    }
    with changed(office, document, office.held.id, values):
        page = inside(office).get(f"/documents/{office.held.id}")
        nothing_planted(page)
        assert planted in html.fromstring(page.text).text_content()


@pytest.mark.parametrize("planted", MARKUP)
def test_markup_in_events_writes_files_and_alerts_stays_text(office: Office, planted: str) -> None:
    with office.scene.deployment.ledger.write() as tx:
        documents.note(tx, office.posted.id, planted[:40], {planted: planted}, Actor(planted, planted, planted))
    with office.scene.deployment.ledger.write() as tx:
        tx.execute(
            sa.insert(alert).values(
                cause=f"exact_cleo/{planted}"[:200],
                open_cause=planted,
                opened_at=datetime.now(UTC),
                detail={"title": planted, "lines": [planted]},
            )
        )
    try:
        with (
            changed_where(office, operation, operation.c.document_id == office.posted.id, {"target": planted}),
            changed_where(office, file, file.c.id == office.posted.file_id, {"name": planted, "channel": planted}),
        ):
            browser = inside(office)
            for path in ("/", f"/documents/{office.posted.id}"):
                nothing_planted(browser.get(path))
    finally:
        with office.scene.deployment.ledger.write() as tx:
            tx.execute(sa.delete(alert).where(alert.c.open_cause == planted))


@pytest.mark.parametrize("planted", MARKUP)
@pytest.mark.parametrize("place", ["/find?q={}", "/documents?number={}", "/documents?partner={}", "/login?to={}"])
def test_markup_in_an_address_stays_text(office: Office, place: str, planted: str) -> None:
    nothing_planted(inside(office).get(place.format(quote(planted))))


class changed_where:  # noqa: N801 - reads like the function that it is
    """Rows changed behind the ledger's back, and put back."""

    def __init__(self, office: Office, table: sa.Table, which: sa.ColumnElement[bool], values: dict[str, object]):
        self._ledger = office.scene.deployment.ledger
        self._table, self._which, self._values = table, which, values

    def __enter__(self) -> None:
        columns = [self._table.c.id, *(self._table.c[name] for name in self._values)]
        with self._ledger.write() as tx:
            self._before = [dict(row) for row in tx.execute(sa.select(*columns).where(self._which)).mappings()]
            tx.execute(sa.update(self._table).where(self._which).values(self._values))

    def __exit__(self, *exc: object) -> None:
        with self._ledger.write() as tx:
            for row in self._before:
                tx.execute(sa.update(self._table).where(self._table.c.id == row["id"]).values(row))


def changed(office: Office, table: sa.Table, key: int, values: dict[str, object]) -> changed_where:
    return changed_where(office, table, table.c.id == key, values)


@pytest.mark.parametrize("planted", MARKUP)
def test_markup_in_a_partners_name_and_in_a_files_name_stays_text(office: Office, planted: str) -> None:
    browser = inside(office)
    nothing_planted(browser.get("/partners/exact_cleo/" + quote(planted, safe="")))
    files = {"file": (planted, b"ISA*00*" + planted.encode())}
    fields = {"csrf": csrf_of(office, browser), "partner": planted, "integration": "exact_cleo"}
    nothing_planted(browser.ask("POST", "/try", data=fields, files=files))


# Paths, sizes, methods


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/style.css%00.html",
        "/documents/-1",
        "/documents/99999999999999999999999999",
        "/documents/1e3",
        "/documents/1/../2/nothing",
        "/documents/٣",
        "/documents?before=99999999999999999999",
        "/documents?date=9999-99-99",
        "/documents?state=posted'--",
        "/documents/1/unknown-act",
    ],
)
def test_a_crooked_path_leads_to_nothing(office: Office, path: str) -> None:
    answer = inside(office).get(path)
    assert answer.status_code in {400, 404}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        f"/find?q={'9' * 5_000}",
        f"/find?q={'%25' * 500}",
        "/find?q=%27%20OR%201=1%20--",
        "/find?q=%00",
        "/find?q=" + quote("𝒳" * 200),
        f"/documents?number={'a' * 3_000}",
        f"/documents?partner={'x' * 3_000}&reason={'y' * 3_000}",
        "/documents?" + "&".join(f"state=posted{n}" for n in range(500)),
        "/find?q=1e999999999",
        "/find?q=NaN",
    ],
)
def test_a_huge_or_odd_question_is_answered_and_finds_nothing(office: Office, path: str) -> None:
    answer = inside(office).get(path)
    assert answer.status_code in {200, 400}
    assert f"/documents/{office.held.id}" not in answer.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=" + b"x" * 70_000),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"&".join(b"a%d=1" % n for n in range(5_000))),
        ({"Content-Type": "multipart/form-data"}, b"--x"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nContent-Disposition: nonsense\r\n\r\n\r\n"),
        ({"Content-Type": "application/json"}, b'{"csrf": "x"}'),
        ({"Content-Type": "text/plain"}, b"csrf=x"),
        ({}, b"\xff\xfe"),
    ],
)
def test_a_body_that_is_no_form_does_nothing(office: Office, headers: dict[str, str], body: bytes) -> None:
    answer = inside(office).ask("POST", f"/documents/{office.held.id}/discard", content=body, headers=headers)
    assert answer.status_code in {400, 403, 413}
    assert office.now(office.held) == office.held


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"])
def test_other_methods_do_nothing(office: Office, method: str) -> None:
    answer = inside(office).ask(method, f"/documents/{office.held.id}")
    assert answer.status_code == 405


# Secrets


def test_no_page_shows_a_secret(office: Office) -> None:
    browser = inside(office)
    vault = office.scene.deployment.vault
    secrets = [vault.get(name).reveal() for name in vault.names()]
    assert len(secrets) >= 4
    for path in (
        "/",
        "/documents",
        f"/documents/{office.posted.id}",
        f"/documents/{office.held.id}/replay",
        "/metrics",
    ):
        page = browser.get(path).text
        assert [one for one in secrets if one in page] == []


def test_a_password_is_kept_as_a_hash_that_does_not_hold_it(tmp_path: Path) -> None:
    del tmp_path
    kept = hashed(PASSWORD)
    assert PASSWORD not in kept
    assert kept != hashed(PASSWORD)
    with pytest.raises(ConfigError, match="characters"):
        hashed("short")


def test_nothing_was_done_by_all_this(office: Office) -> None:
    assert office.now(office.held).state is S.QUARANTINED
    assert office.asked == []
    assert len(office.scene.posted()) == 1
