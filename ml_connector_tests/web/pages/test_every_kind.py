"""A whole story, orders out to invoices in: each document of it has its page, and its replay a preview."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from lxml import html

from ml_connector.ledger.work.records import DocumentRow
from ml_connector.web.pages.opening import opened
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.web.pages.office import Office, errand_in_scene, text_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with scene(tmp_path_factory.mktemp("story")) as made:
        orders = made.orders(2, received=False)
        for _ in range(4):
            made.outbound()
            made.sandbox.clock.move(30)
            made.sandbox.call(made.world.flush)
            made.inbound()
        made.receive(orders[:1])
        made.inbound()
        rows = made.documents()
        asked: list[Mapping[str, Any]] = []
        with opened(made.deployment, local="tester", run=errand_in_scene(made, asked)) as app:
            yield Office(made, app, rows[0], rows[0], "", orders[0], asked)


def kinds(made: Scene) -> dict[tuple[str, str], DocumentRow]:
    return {(row.kind.value, row.direction.value): row for row in made.documents()}


def test_each_kind_has_its_page_and_its_replay_a_preview(office: Office) -> None:
    found = kinds(office.scene)
    assert {("order", "out"), ("order_acknowledgment", "in"), ("ship_notice", "in"), ("invoice", "in")} <= set(found)
    assert {("functional_acknowledgment", "in"), ("functional_acknowledgment", "out")} <= set(found)
    browser = office.browser()
    for kind, row in found.items():
        page = browser.get(f"/documents/{row.id}")
        assert page.status_code == 200, kind
        assert "What it says" in text_of(page), kind
        assert html.fromstring(page.text).xpath("//ol[@class='segments']/li"), kind
        shown = browser.get(f"/documents/{row.id}/replay")
        assert shown.status_code == 200, kind
        assert "This cannot be tried" not in text_of(shown), (kind, text_of(shown))


def test_the_chain_of_an_order_leads_to_all_that_belongs_to_it(office: Office) -> None:
    order = kinds(office.scene)["order", "out"]
    page = html.fromstring(office.browser().get(f"/documents/{order.id}").text)
    chain = page.xpath("//section[@aria-labelledby='chain']//td[@data-label='Document']")
    told = {cell.text_content().rsplit(" ", 1)[0] for cell in chain}
    assert {"order", "order acknowledgment", "ship notice", "invoice"} <= told


def test_previews_wrote_nothing(office: Office) -> None:
    before = {row.id: (row.state, row.events) for row in office.scene.documents()}
    browser = office.browser()
    for key in before:
        browser.get(f"/documents/{key}/replay")
    assert {row.id: (row.state, row.events) for row in office.scene.documents()} == before
