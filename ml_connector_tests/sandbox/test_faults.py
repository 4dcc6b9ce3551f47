"""Ordered faults over real sockets: what the client sees, and what really happened behind it."""

import socket
from typing import Any

import httpx
import pytest

from ml_connector.sandbox.exact.seed import DIVISION
from ml_connector.sandbox.faults import Fault, FaultKind, FaultPlan
from ml_connector_tests.sandbox.exact_bench import ExactBench
from ml_connector_tests.support.waiting import wait_until

CENTER = {"Code": "F", "Description": "Fault"}
PATH = "hrm/Costcenters"


def _order(exact: ExactBench, **fault: Any) -> None:
    body = {"system": "exact", "method": "POST", "path": "*/Costcenters", **fault}
    exact.control.post("/faults", json=body).raise_for_status()


def _centers(exact: ExactBench) -> int:
    return len(exact.rows(PATH, filter="Code eq 'F'", select="ID"))


def _wait_for(exact: ExactBench, count: int) -> None:
    wait_until(lambda: _centers(exact) == count, f"{count} cost centers")


def test_a_reset_before_has_no_effect(exact: ExactBench) -> None:
    _order(exact, kind="reset_before")
    with pytest.raises(httpx.TransportError):
        exact.post(PATH, CENTER)
    assert _centers(exact) == 0
    exact.made(PATH, CENTER)  # the fault is used up


def test_a_reset_after_has_its_effect(exact: ExactBench) -> None:
    _order(exact, kind="reset_after")
    with pytest.raises(httpx.TransportError):
        exact.post(PATH, CENTER)
    assert _centers(exact) == 1


def test_a_late_commit_has_its_effect_seconds_later(exact: ExactBench) -> None:
    _order(exact, kind="late_commit", seconds=0.5)
    with pytest.raises(httpx.TransportError):
        exact.post(PATH, CENTER)
    assert _centers(exact) == 0
    assert exact.control.get("/journal/counts").json()["late_commits"] == 1
    _wait_for(exact, 1)
    counts = exact.control.get("/journal/counts").json()
    assert counts["late_commits"] == 0
    assert counts["faults"] == {"exact late_commit": 1, "exact late_commit done": 1}


def test_a_late_commit_by_the_sandboxs_clock_waits_for_it(exact: ExactBench) -> None:
    _order(exact, kind="late_commit", seconds=3600, real_time=False)
    with pytest.raises(httpx.TransportError):
        exact.post(PATH, CENTER)
    assert _centers(exact) == 0
    exact.clock.move(3600)
    # The token of the lost call has expired by now; it was good when the call arrived.
    exact.authorize()
    _wait_for(exact, 1)


def test_a_429_in_exacts_manner(exact: ExactBench) -> None:
    _order(exact, kind="status", status=429)
    answer = exact.post(PATH, CENTER)
    assert (answer.status_code, answer.content) == (429, b"")
    assert answer.headers["x-ratelimit-minutely-remaining"] == "0"
    assert "retry-after" not in answer.headers
    assert _centers(exact) == 0


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors(exact: ExactBench, status: int) -> None:
    _order(exact, kind="status", status=status)
    answer = exact.post(PATH, CENTER)
    assert answer.status_code == status
    if status == 500:
        assert answer.json()["error"]["message"]["value"].startswith("A problem has occurred.")
    assert _centers(exact) == 0


def test_an_expired_token_and_a_maintenance_page(exact: ExactBench) -> None:
    _order(exact, kind="expired_token")
    assert exact.post(PATH, CENTER).status_code == 401
    _order(exact, kind="html")
    page = exact.post(PATH, CENTER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert _centers(exact) == 0


def test_a_slow_answer_comes_after_the_effect(exact: ExactBench) -> None:
    _order(exact, kind="slow", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        exact.call("POST", PATH, json=CENTER, timeout=2)
    assert _centers(exact) == 1


def test_a_half_written_answer(exact: ExactBench) -> None:
    _order(exact, kind="half_written", method="GET", path="*/Accounts")
    with pytest.raises(httpx.RemoteProtocolError):
        exact.get("crm/Accounts", select="ID")
    assert exact.get("crm/Accounts", select="ID").status_code == 200


def test_a_reset_after_a_token_refresh_loses_the_new_pair(exact: ExactBench) -> None:
    """Nothing can mend that but a new consent (exact-online 2.4)."""
    exact.clock.move(580)
    _order(exact, kind="reset_after", path="*/oauth2/token")
    with pytest.raises(httpx.TransportError):
        exact.refresh()
    exact.clock.move(600)
    assert exact.refresh().json()["error_description"] == "Old refresh token used."


def test_counts_skips_and_spared_paths(exact: ExactBench) -> None:
    _order(exact, kind="status", status=503, method="GET", path="*", count=2, skip=1, exclude="*/Costunits")
    statuses = [exact.get(path).status_code for path in ("hrm/Costunits", PATH, PATH, PATH, PATH)]
    assert statuses == [200, 200, 503, 503, 200]
    exact.control.delete("/faults").raise_for_status()
    assert exact.control.get("/faults").json() == []


def test_other_systems_are_spared(everything: ExactBench) -> None:
    everything.control.post("/faults", json={"kind": "status", "status": 503, "system": "cleo", "count": None})
    assert everything.get(PATH).status_code == 200
    cleo = httpx.post(everything.sandbox.addresses()["cleo"] + "/api/authentication", trust_env=False)
    assert cleo.status_code == 503


def test_wrong_orders_are_refused(exact: ExactBench) -> None:
    assert exact.control.post("/faults", json={"kind": "earthquake"}).status_code == 400
    assert exact.control.post("/faults", json={"kind": "status", "colour": 1}).status_code == 400


def test_every_request_is_in_the_journal_with_its_fault(exact: ExactBench) -> None:
    exact.control.post("/reset").raise_for_status()
    _order(exact, kind="reset_before")
    with pytest.raises(httpx.TransportError):
        exact.post(PATH, CENTER)
    exact.get(PATH)
    rows = exact.control.get("/journal").json()["requests"]
    assert [(row["method"], row["status"], row["fault"]) for row in rows] == [
        ("POST", None, "reset_before"),
        ("GET", 200, None),
    ]


def test_a_mix_hits_its_share_and_is_the_same_for_the_same_seed() -> None:
    def play(seed: int) -> list[FaultKind | None]:
        plan = FaultPlan(seed)
        kinds = [
            Fault(FaultKind.STATUS, status=429),
            Fault(FaultKind.RESET_BEFORE),
            Fault(FaultKind.RESET_AFTER),
            Fault(FaultKind.LATE_COMMIT),
        ]
        plan.mix("exact", 0.1, kinds, exclude="*/oauth2/*")
        picked = [plan.pick("exact", "POST", "/x") for _ in range(20_000)]
        assert plan.pick("cleo", "POST", "/x") is None
        assert not any(plan.pick("exact", "POST", "/api/oauth2/token") for _ in range(200))
        return [fault.kind if fault else None for fault in picked]

    first = play(3)
    assert first == play(3)
    for kind in (FaultKind.STATUS, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT):
        assert 0.015 < first.count(kind) / len(first) < 0.035


def test_who_goes_away_while_asking_leaves_no_error_behind(exact: ExactBench, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that is killed while it sends."""
    address = httpx.URL(exact.base)
    before = len(exact.sandbox.journal.requests)
    asked = f"POST /api/v1/{DIVISION}/{PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    with socket.create_connection((address.host, address.port or 80)) as gone:
        gone.sendall(f"{asked}Authorization: Bearer {exact.token['access_token']}\r\n\r\n{{".encode())
    wait_until(lambda: len(exact.sandbox.journal.requests) > before, "the request in the journal")
    assert [one for one in caplog.records if one.exc_info] == []
    assert _centers(exact) == 0
