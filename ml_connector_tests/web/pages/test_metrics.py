"""What machines read: metrics that are the ledger's own figures, and whether the pages can work."""

import re

import sqlalchemy as sa

from ml_connector.errors import TryAgain
from ml_connector.ledger.search.totals import control_totals
from ml_connector.ledger.tables.documents import document
from ml_connector_tests.web.pages.office import Office


def samples(text: str, name: str) -> dict[frozenset[tuple[str, str]], float]:
    found = {}
    for labels, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.M):
        found[frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))] = float(value)
    return found


def test_metrics_agree_with_the_ledger(office: Office) -> None:
    text = office.browser().get("/metrics").text
    told = samples(text, "ml_connector_documents")
    with office.scene.deployment.ledger.read() as tx:
        d = document.c
        rows = tx.execute(sa.select(d.flow, d.state, sa.func.count()).group_by(d.flow, d.state)).all()
        totals = control_totals(tx, office.held.integration)
    counted: dict[tuple[str, str], float] = {}
    for labels, value in told.items():
        names = dict(labels)
        key = (names["flow"], names["state"])
        counted[key] = counted.get(key, 0) + value
    assert {(flow, state): float(count) for flow, state, count in rows} == {k: v for k, v in counted.items() if v}
    assert sum(told.values()) == sum(of["total"] for of in totals.documents.values())
    files = samples(text, "ml_connector_files")
    assert sum(files.values()) == sum(totals.files.values()) + sum(totals.sent_files.values())
    waiting = samples(text, "ml_connector_oldest_waiting_seconds")
    assert {dict(labels)["state"] for labels in waiting} == {"quarantined"}
    assert samples(text, "ml_connector_seen_to_posted_seconds_count") == {frozenset(): 1.0}


def test_each_family_says_what_it_is_once(office: Office) -> None:
    lines = office.browser().get("/metrics").text.splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert len(helped) == len(set(helped)) > 8
    assert {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")} <= set(helped)


def test_ready_means_that_the_ledger_answers(office: Office) -> None:
    browser = office.browser()
    assert browser.get("/readyz").status_code == browser.get("/healthz").status_code == 200
    configuration = office.app.state.pages.configuration
    deployment = configuration.deployment

    class Away:
        @property
        def ledger(self) -> None:
            raise TryAgain("The ledger is away.")

    configuration.deployment = Away()
    try:
        assert browser.get("/readyz").status_code == 503
        assert browser.get("/healthz").status_code == 200
        assert browser.get("/metrics").status_code == 503
    finally:
        configuration.deployment = deployment


def test_metrics_are_not_for_those_who_come_from_elsewhere(office: Office) -> None:
    assert office.browser(peer="192.0.2.7").get("/metrics").status_code == 403
