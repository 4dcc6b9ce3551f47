"""Actions that take their time, locked forms, call limits, faults and the control port (acumatica 1.3, 6)."""

import threading
from typing import Any

import httpx
import pytest

from ml_connector.sandbox.acumatica.seed import BY_RECEIPT, SERVICES
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, Body, bearer, value
from ml_connector_tests.support.waiting import wait_until

LINE = {"Account": "61000", "Qty": 1, "UnitCost": 15}


def new_bill(acumatica: AcumaticaBench, **more: Any) -> Body:
    body = {"Vendor": SERVICES, "Hold": False, "Details": [LINE], **more}
    made = acumatica.made("Bill", body, select="ReferenceNbr")
    return {"Type": "Bill", "ReferenceNbr": value(made, "ReferenceNbr")}


def status_of(acumatica: AcumaticaBench, key: Body) -> Any:
    return value(acumatica.record(f"Bill/Bill/{key['ReferenceNbr']}"), "Status")


def test_a_long_action_is_202_polled_204_and_forgotten(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=5.0)
    key = new_bill(acumatica)
    started = acumatica.act("Bill", "ReleaseBill", key)
    assert started.status_code == 202
    location = started.headers["location"]
    assert location.startswith("/AcmeERP/entity/Default/24.200.001/Bill/ReleaseBill/status/")
    poll = acumatica.origin + location
    assert acumatica.call("GET", poll).status_code == 202
    acumatica.clock.move(6)
    assert acumatica.call("GET", poll).status_code == 204
    assert status_of(acumatica, key) == "Open"
    acumatica.clock.move(601)
    assert acumatica.call("GET", poll).status_code == 404


def test_while_an_action_runs_its_own_session_meets_a_locked_form_and_others_do_not(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=5.0)
    key = new_bill(acumatica)
    acumatica.act("Bill", "ReleaseBill", key)
    locked = acumatica.call("GET", "Bill")
    assert (locked.status_code, "locked" in locked.text) == (500, True)
    assert acumatica.call("GET", "Vendor").status_code == 200  # another form
    other = bearer(acumatica.password_token().json())
    assert acumatica.call("GET", "Bill", headers=other).status_code == 200
    acumatica.clock.move(6)
    assert acumatica.call("GET", "Bill").status_code == 200


def test_an_action_that_fails_says_so_when_it_is_polled(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=1.0)
    key = new_bill(acumatica, Hold=True)
    location = acumatica.act("Bill", "ReleaseBill", key).headers["location"]
    acumatica.clock.move(2)
    failed = acumatica.call("GET", acumatica.origin + location)
    assert failed.json()["exceptionMessage"] == "Document is On Hold and cannot be released."


def test_a_204_may_mean_that_nothing_was_started(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0, action_not_created=1)
    key = new_bill(acumatica)
    assert acumatica.act("Bill", "ReleaseBill", key).status_code == 204
    assert status_of(acumatica, key) == "Balanced"
    assert acumatica.act("Bill", "ReleaseBill", key).status_code == 204
    assert status_of(acumatica, key) == "Open"


def test_a_204_may_carry_a_place_that_leads_nowhere(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0, location_on_204=True)
    done = acumatica.act("Bill", "ReleaseBill", new_bill(acumatica))
    assert done.status_code == 204
    assert acumatica.call("GET", acumatica.origin + done.headers["location"]).status_code == 404


def test_what_is_no_action_is_told(acumatica: AcumaticaBench) -> None:
    assert acumatica.act("Bill", "Explode", {"ReferenceNbr": "1"}).status_code == 404
    assert acumatica.call("POST", "Bill", json={}).status_code == 406
    assert acumatica.act("Bill", "ReleaseBill", {"ReferenceNbr": "NONE"}).status_code == 500


# limits


def test_from_half_of_the_minutes_limit_on_calls_are_delayed_by_the_rest_of_the_minute(fresh: AcumaticaBench) -> None:
    """The sheet's example: limit 50, 25 done, 20 seconds left: 0.8 seconds."""
    limits = fresh.state.limits
    limits.configure(per_minute=50)
    for _ in range(25):
        assert limits.delay() == 0.0
        fresh.call("GET", "Warehouse", params={"$top": "1"})
    fresh.clock.move(40)
    assert 0.7 < limits.delay() <= 0.8  # the rest of the minute over what is left of the limit


def test_a_delayed_call_is_answered_when_its_time_has_come(fresh: AcumaticaBench) -> None:
    fresh.control.post("/limits", json={"acumatica": {"per_minute": 2}}).raise_for_status()
    assert fresh.control.post("/limits", json={"acumatica": {}}).json()["acumatica"] == {
        "per_minute": None,
        "concurrent": None,
    }
    fresh.state.limits.configure(per_minute=2)
    fresh.call("GET", "Warehouse")
    with pytest.raises(httpx.ReadTimeout):
        fresh.call("GET", "Warehouse", timeout=2)  # nobody tells the client why
    assert fresh.state.limits.delayed == 1
    fresh.clock.move(61)
    # What its client has given up is answered, and counts as a call of the next minute.
    wait_until(lambda: not fresh.state.limits._queue and not fresh.state.limits._working, "the delayed call")
    fresh.clock.move(61)
    assert fresh.call("GET", "Warehouse").status_code == 200


def test_429_comes_when_the_queue_is_full_with_and_without_retry_after(fresh: AcumaticaBench) -> None:
    fresh.switch(per_minute=1, queue_length=0)
    assert fresh.call("GET", "Warehouse").status_code == 200
    refused = fresh.call("GET", "Warehouse")
    assert (refused.status_code, "retry-after" in refused.headers) == (429, False)
    fresh.switch(retry_after="7")
    assert fresh.call("GET", "Warehouse").headers["retry-after"] == "7"
    assert fresh.http.post("/entity/auth/logout", headers=fresh.headers).status_code == 204  # skips the queue
    assert fresh.state.limits.refused == 2


def test_calls_beyond_the_concurrent_ones_queue_and_are_refused_after_ten_minutes(fresh: AcumaticaBench) -> None:
    fresh.state.limits.configure(concurrent=1)
    fresh.state.limits._working = 1  # somebody is at work
    seen: list[int] = []
    waiting = threading.Thread(target=lambda: seen.append(fresh.call("GET", "Warehouse").status_code))
    waiting.start()
    while fresh.state.limits.queued == 0:
        waiting.join(0.01)
    fresh.clock.move(601)
    waiting.join(10)
    assert seen == [429]
    fresh.state.limits._working = 0
    assert fresh.call("GET", "Warehouse").status_code == 200


# faults


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.LATE_COMMIT])
def test_a_lost_answer_leaves_a_bill_or_none_or_one_later(acumatica: AcumaticaBench, kind: FaultKind) -> None:
    ref = f"LOST-{kind.value}"
    fault = Fault(kind, system="acumatica", method="PUT", path="*/Bill", seconds=5, real_time=False)
    acumatica.sandbox.faults.add(fault)
    with pytest.raises(httpx.TransportError):
        new_bill(acumatica, VendorRef=ref)
    text = f"VendorRef eq '{ref}'"
    assert len(acumatica.rows("Bill", filter=text)) == (kind is FaultKind.RESET_AFTER)
    if kind is FaultKind.LATE_COMMIT:
        acumatica.http.post("/entity/auth/logout", headers=acumatica.headers)  # the accepted call works on
        acumatica.authorize()
        acumatica.clock.move(6)
        while acumatica.sandbox.late_commits():
            acumatica.rows("Warehouse", top="1")
        assert len(acumatica.rows("Bill", filter=text)) == 1


def test_ordered_faults_answer_in_the_sites_own_manner(acumatica: AcumaticaBench) -> None:
    def next_fault(kind: FaultKind, **more: Any) -> httpx.Response:
        acumatica.sandbox.faults.add(Fault(kind, system="acumatica", **more))
        return acumatica.call("GET", "Warehouse")

    assert next_fault(FaultKind.STATUS, status=500).json()["exceptionType"] == "PX.Data.PXException"
    throttled = next_fault(FaultKind.STATUS, status=429, retry_after="3")
    assert (throttled.headers["retry-after"], throttled.json()) == ("3", {"message": "Too many requests."})
    assert "html" in next_fault(FaultKind.STATUS, status=503).headers["content-type"]
    page = next_fault(FaultKind.HTML)
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    assert next_fault(FaultKind.EXPIRED_TOKEN).status_code == 401


def test_a_call_may_be_queued_for_minutes_without_an_answer_and_be_done_then(acumatica: AcumaticaBench) -> None:
    queued = Fault(FaultKind.QUEUED, system="acumatica", method="PUT", path="*/Bill", seconds=500, real_time=False)
    acumatica.sandbox.faults.add(queued)
    body = {"Vendor": {"value": SERVICES}, "VendorRef": {"value": "QUEUED"}}
    with pytest.raises(httpx.ReadTimeout):
        acumatica.call("PUT", "Bill", json=body, timeout=2)
    text = "VendorRef eq 'QUEUED'"
    assert acumatica.rows("Bill", filter=text) == []
    acumatica.clock.move(501)
    while not acumatica.rows("Bill", filter=text):
        pass
    assert len(acumatica.rows("Bill", filter=text)) == 1


# control


def test_a_person_works_at_the_screens_by_the_control_port(acumatica: AcumaticaBench) -> None:
    def post(path: str, **body: Any) -> Any:
        answer = acumatica.control.post(f"/acumatica/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    (made,) = post("orders", count=1, vendors=[BY_RECEIPT])
    assert made["status"] == "Open"
    assert post("receipts", order=made["number"], ref="ASN")["Status"] == "Released"
    (invoice,) = post("sales", count=1)
    assert post("credit", invoice=invoice["ReferenceNbr"])["Type"] == "Credit Memo"
    vendor = post("put", entity="Vendor", values={"VendorName": "Typed"})
    assert (
        post("edit", entity="Vendor", key=[vendor["VendorID"]], values={"Status": "Inactive"})["Status"] == "Inactive"
    )
    changed = post("act", entity="PurchaseOrder", key=["Normal", post("orders")[0]["number"]], action="CancelOrder")
    assert changed["Status"] == "Canceled"
    rows = acumatica.control.get("/state/acumatica/AcmeFoods/Vendor").json()
    assert "Typed" in {row["VendorName"] for row in rows}
    assert post("sessions/end")["ended"] >= 1
    assert acumatica.call("GET", "Vendor").status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("options", {"colour": 1}),
        ("options", {"seats": "many"}),
        ("orders", {"count": "many"}),
        ("put", {"entity": "Bill", "values": {"Details": []}}),
        ("act", {"entity": "Bill", "key": ["Bill", "NONE"], "action": "Release"}),
        ("credit", {"invoice": "NONE"}),
    ],
)
def test_wrong_orders_to_the_control_port_are_400(acumatica: AcumaticaBench, path: str, body: Body) -> None:
    answer = acumatica.control.post(f"/acumatica/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_was_written_and_by_whom_stands_in_the_journal(acumatica: AcumaticaBench) -> None:
    new_bill(acumatica, VendorRef="JOURNAL")
    (write,) = [
        one
        for one in acumatica.sandbox.journal.written("acumatica", "Bill insert")
        if one.data.get("VendorRef") == "JOURNAL"
    ]
    assert write.data["tenant"] == "AcmeFoods"
    assert write.data["branch"] == "HEADOFFICE"
    assert write.data["session"] in acumatica.state.sessions.all
    assert write.data["Amount"] == "15.00"
