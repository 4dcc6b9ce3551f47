"""The pages as somebody at this machine sees them: what waits, lists, one document."""

import pytest
from lxml import html

from ml_connector_tests.web.pages.office import Office, text_of


def test_home_tells_what_waits_with_its_money_and_whose_move_it_is(office: Office) -> None:
    page = office.browser().get("/")
    assert page.status_code == 200
    shown = text_of(page)
    assert "price tolerance" in shown
    assert "a person, or reference data" in shown
    assert office.held.amount is not None
    assert f"{office.held.amount:.2f}"[-2:] in shown
    assert "northwind" in shown


def test_each_number_of_home_leads_to_its_list(office: Office) -> None:
    browser = office.browser()
    links = html.fromstring(browser.get("/").text).xpath("//main//td[@data-label='Documents']/a/@href")
    assert links
    for link in links:
        assert office.held.number in text_of(browser.get(link))
        assert office.posted.number not in text_of(browser.get(link))


@pytest.mark.parametrize("what", ["number", "outside", "amount", "id", "control", "file"])
def test_the_find_box_leads_to_a_document_by_what_somebody_has(office: Office, what: str) -> None:
    row = office.posted
    with office.scene.deployment.ledger.read() as tx:
        from ml_connector.ledger.work import operations

        outside = [one.outside_id for one in operations.of_documents(tx, [row.id]) if one.outside_id]
    asked = {
        "number": row.number,
        "outside": outside[0],
        "amount": f"{row.amount}",
        "id": str(row.id),
        "control": control_of(office),
        "file": "810_000000001.edi",
    }[what]
    page = office.browser().get("/find", params={"q": asked})
    if page.status_code == 303:
        assert page.headers["location"] == f"/documents/{row.id}"
    else:
        assert f"/documents/{row.id}" in page.text


def control_of(office: Office) -> str:
    from ml_connector.ledger.exchange import envelopes

    with office.scene.deployment.ledger.read() as tx:
        assert office.posted.interchange_id is not None
        found = envelopes.interchange_row(tx, office.posted.interchange_id)
    assert found is not None
    return found.control_number


def test_a_held_document_says_why_what_to_do_and_what_it_says(office: Office) -> None:
    shown = text_of(office.browser().get(f"/documents/{office.held.id}"))
    detail = office.held.reason_detail
    assert detail is not None
    for text in (detail["message"], detail["mend"], "To fix", office.held.number, "received"):
        assert text in shown


def test_a_posted_document_shows_decisions_writes_segments_and_its_chain(office: Office) -> None:
    page = office.browser().get(f"/documents/{office.posted.id}")
    shown = text_of(page)
    assert "gl account" in shown
    assert "order line" in shown
    assert "purchase invoice" in shown
    segments = html.fromstring(page.text).xpath("//span[@class='segment']/text()")
    assert {"ST", "BIG", "IT1", "TDS", "SE"} <= set(segments)
    assert "invoice header" in shown


def test_a_document_leads_to_its_day_and_its_runs_in_dagster(office: Office) -> None:
    row = office.posted
    links = html.fromstring(office.browser().get(f"/documents/{row.id}").text).xpath("//main//a/@href")
    [day] = [link for link in links if "/assets/" in link]
    expected = f"/assets/exact_cleo/purchase_invoices?view=partitions&partition={row.partition_date}"
    assert day == f"http://127.0.0.1:3000{expected}"


def test_the_bytes_come_as_a_file_and_never_as_a_page(office: Office) -> None:
    page = office.browser().get(f"/documents/{office.held.id}/bytes")
    assert page.content.startswith(b"ST")
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("path", ["/", "/documents", "/find?q=x", "/static/style.css", "/nowhere", "/login"])
def test_every_answer_forbids_what_a_page_does_not_need(office: Office, path: str) -> None:
    headers = office.browser().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_pages_hold_no_script_or_style_of_their_own(office: Office) -> None:
    for path in ("/", "/documents", f"/documents/{office.held.id}", f"/documents/{office.held.id}/replay"):
        page = html.fromstring(office.browser().get(path).text)
        assert page.xpath("//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]") == []


@pytest.mark.parametrize(
    "path", ["/documents/999999", "/documents/x", "/documents?state=nothing", "/documents?before=x"]
)
def test_what_there_is_not_is_told_as_a_page(office: Office, path: str) -> None:
    page = office.browser().get(path)
    assert page.status_code in {400, 404}
    assert html.fromstring(page.text).findtext(".//h1")
