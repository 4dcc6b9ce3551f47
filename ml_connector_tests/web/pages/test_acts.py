"""What a clerk does on the pages: sees what a replay would do, replays, discards, comments; all of it with why."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from ml_connector.ledger.work import events
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.web.pages.office import Browser, Office, open_office, text_of


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


def story(office: Office, row: DocumentRow) -> list[tuple[str, str, dict[str, object]]]:
    with office.scene.deployment.ledger.read() as tx:
        return [(one.action, one.actor, one.data) for one in events.history(tx, row.id)]


def test_a_dry_run_tells_what_holds_it_and_writes_nothing(office: Office) -> None:
    before = story(office, office.held)
    shown = text_of(office.browser().get(f"/documents/{office.held.id}/replay"))
    assert "It would be held" in shown
    assert "price tolerance" in shown
    assert "take up from where it stands" in shown
    assert story(office, office.held) == before
    assert len(office.scene.posted()) == 1


def test_a_discarded_document_keeps_the_reason_and_the_person(office: Office) -> None:
    browser = office.browser()
    path = f"/documents/{office.held.id}"
    answer = browser.post(f"{path}/discard", {"why": "sent twice <b>by</b> mistake"}, on=path)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert office.now(office.held).state is S.DISCARDED
    action, actor, detail = story(office, office.held)[-1]
    assert (action, actor, detail["why"]) == ("discarded", "person:tester", "sent twice <b>by</b> mistake")
    page = browser.get(path)
    assert "<b>by</b>" not in page.text
    assert "sent twice <b>by</b> mistake" in text_of(page)


def test_a_comment_changes_nothing_but_is_kept(office: Office) -> None:
    path = f"/documents/{office.held.id}"
    office.browser().post(f"{path}/comment", {"why": "asked the supplier"}, on=path)
    assert story(office, office.held)[-1] == ("comment", "person:tester", {"text": "asked the supplier"})
    assert office.now(office.held).state is S.QUARANTINED


@pytest.mark.parametrize("why", ["", "   ", "x" * 501])
def test_an_act_without_a_reason_is_not_done(office: Office, why: str) -> None:
    path = f"/documents/{office.held.id}"
    answer = office.browser().post(f"{path}/discard", {"why": why}, on=path)
    assert answer.status_code == 400
    assert office.now(office.held).state is S.QUARANTINED


def test_what_is_posted_is_not_discarded_and_the_page_says_why(office: Office) -> None:
    path = f"/documents/{office.posted.id}"
    browser = office.browser()
    answer = browser.post(f"{path}/discard", {"why": "a mistake"}, on=path)
    assert answer.status_code == 409
    assert "reversed in the ERP" in text_of(answer)
    assert office.now(office.posted).state is S.POSTED
    assert f"{path}/discard" not in browser.get(path).text


def test_a_clerk_mends_the_cause_sees_what_a_replay_would_do_replays_and_sees_it_posted(office: Office) -> None:
    path = f"/documents/{office.held.id}"
    browser = office.browser()
    assert "price tolerance" in text_of(browser.get(path))
    office.mend()
    assert "It would be held" in text_of(browser.get(f"{path}/replay"))
    answer = browser.post(f"{path}/reference", on=f"{path}/replay")
    assert answer.headers["location"] == f"{path}/replay"
    shown = wait_until_done(office, browser, f"{path}/replay")
    assert "It would be posted" in shown
    assert "Would post purchase invoice" in shown
    assert len(office.scene.posted()) == 1
    answer = browser.post(f"{path}/replay", {"why": "price agreed with the buyer"}, on=f"{path}/replay")
    assert answer.headers["location"] == path
    shown = wait_until_done(office, browser, path)
    assert "Nobody has to do anything" in shown
    assert len(office.scene.posted()) == 2
    assert office.now(office.held).state is S.POSTED
    told = story(office, office.held)
    assert any(actor == "person:tester" for _, actor, _ in told)
    assert office.asked[-1]["why"] == "price agreed with the buyer"


def wait_until_done(office: Office, browser: Browser, path: str) -> str:
    """What the page says once it does not look again by itself."""
    office.app.state.pages.errands.settle()
    page = browser.get(path)
    assert "http-equiv" not in page.text
    return text_of(page)


def test_while_something_is_under_way_the_page_looks_again_by_itself(office: Office) -> None:
    gate = threading.Event()
    errands = office.app.state.pages.errands
    before, errands.run = errands.run, lambda _work: {"ok": gate.wait(30), "messages": []}
    path = f"/documents/{office.held.id}"
    browser = office.browser()
    browser.post(f"{path}/replay", {"why": "again"}, on=path)
    page = browser.get(path)
    assert html.fromstring(page.text).xpath("//meta[@http-equiv='refresh']/@content") == ["2"]
    assert "is under way" in text_of(page)
    gate.set()
    errands.run = before
    assert "Replay of" in wait_until_done(office, browser, path)


def test_a_replay_with_the_data_of_another_day_is_shown(office: Office) -> None:
    shown = text_of(office.browser().get(f"/documents/{office.held.id}/replay?as_of=2000-01-01"))
    assert "Nothing was read" in shown


def test_several_are_shown_and_then_done_with_one_reason(office: Office) -> None:
    browser = office.browser()
    ids = [row.id for row in office.scene.documents("invoices_in")]
    ticked = html.fromstring(browser.get("/documents?kind=invoice").text).xpath("//input[@name='id']/@value")
    assert sorted(map(int, ticked)) == sorted(ids)
    path = "/several?" + "&".join(f"id={key}" for key in ids)
    assert "confirm: finished, nothing is written" in text_of(browser.get(path))
    tried = text_of(browser.get(f"{path}&tried=1"))
    assert "too far above the order's" in tried, tried
    office.mend()
    fields = {"ids": ",".join(map(str, ids)), "why": "prices agreed", "reference": "1"}
    answer = browser.post("/several/replay", fields, on=path)
    assert answer.status_code == 303
    shown = wait_until_done(office, browser, answer.headers["location"])
    assert "Replay of 2 documents is done" in shown
    assert office.now(office.held).state is S.POSTED
    assert len(office.scene.posted()) == 2


def test_all_of_a_filter_are_discarded_but_for_those_that_cannot_be(office: Office) -> None:
    browser = office.browser()
    [link] = html.fromstring(browser.get("/documents?kind=invoice").text).xpath(
        "//a[starts-with(@href, '/several')]/@href"
    )
    page = browser.get(link)
    [ids] = set(html.fromstring(page.text).xpath("//input[@name='ids']/@value"))
    answer = browser.post("/several/discard", {"ids": ids, "why": "of a test"}, on=link)
    shown = text_of(browser.get(answer.headers["location"]))
    assert "1 of 2: discarded." in shown
    assert "reversed in the ERP" in shown
    assert office.now(office.held).state is S.DISCARDED
    assert office.now(office.posted).state is S.POSTED


@pytest.mark.parametrize("ids", ["", "x", "1,x", "999999", ",".join(map(str, range(1, 300))), "-1", "1e3"])
def test_ids_that_are_none_do_nothing(office: Office, ids: str) -> None:
    answer = office.browser().post("/several/discard", {"ids": ids, "why": "x"}, on=f"/several?id={office.held.id}")
    assert answer.status_code in {400, 404}
    assert office.now(office.held).state is S.QUARANTINED


def test_a_document_is_taken_and_given_back(office: Office) -> None:
    path = f"/documents/{office.held.id}"
    browser = office.browser()
    browser.post(f"{path}/take", {"to": "anna"}, on=path)
    assert "Taken by anna" in text_of(browser.get(path))
    assert story(office, office.held)[-1] == ("assigned", "person:tester", {"to": "anna"})
    browser.post(f"{path}/take", {"to": ""}, on=path)
    assert "Taken by" not in text_of(browser.get(path))
