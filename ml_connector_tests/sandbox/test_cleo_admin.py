"""Cleo's administration, events and action runs (cleo 5, 6, 10)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.sandbox.cleo_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path).serving() as bench:
        bench.log_in()
        yield bench


def run_link(bench: Bench) -> str:
    actions = bench.http.get("/api/actions", params={"filter": 'connection.alias eq "ACME AS2"'}).json()
    assert actions["totalResults"] == 1
    return str(actions["resources"][0]["_links"]["run"]["href"])


def test_an_action_runs_and_succeeds(bench: Bench) -> None:
    answer = bench.http.post(run_link(bench), params={"timeout": 5, "messagesCount": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["result"], len(body["messages"])) == ("completed", "success", 1)


def test_an_action_can_fail_and_time_out(bench: Bench) -> None:
    link = run_link(bench)
    bench.state.admin.outcome["send"] = "failure"
    assert bench.http.post(link).json()["result"] == "failure"
    bench.state.admin.outcome["send"] = "timeout"
    body = bench.http.post(link, params={"timeout": 0}).json()
    assert (body["status"], body["result"]) == ("running", "")


def test_connections_can_be_made_changed_and_deleted(bench: Bench) -> None:
    made = bench.http.post("/api/connections", json={"alias": "New AS2", "type": "as2", "id": "mine"})
    assert made.status_code == 201
    resource = made.json()
    assert len(resource["id"]) == 22
    assert resource["meta"]["resourceType"] == "connection"
    link = resource["_links"]["self"]["href"]
    changed = bench.http.put(link, json={**resource, "partnerName": "THEM", "ready": False})
    assert changed.status_code == 200
    assert (changed.json()["partnerName"], changed.json()["ready"]) == ("THEM", True)
    deleted = bench.http.delete(link)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert bench.http.get(link).status_code == 404


def test_a_name_that_is_taken_is_409(bench: Bench) -> None:
    body = {"alias": "ACME AS2", "type": "as2"}
    assert bench.http.post("/api/connections", json=body).status_code == 409
    certificate = {"requestType": "importCert", "import": "TUlJQw=="}
    assert bench.http.post("/api/certs", json=certificate).status_code == 201
    assert bench.http.post("/api/certs", json=certificate).status_code == 409


def test_users_are_made_under_their_authenticator(bench: Bench) -> None:
    authenticator = bench.http.get("/api/authenticators").json()["resources"][0]
    link = authenticator["_links"]["users"]["href"]
    before = bench.http.get(link).json()["totalResults"]
    made = bench.http.post(link, json={"username": "fourth"})
    assert made.status_code == 201
    assert made.json()["_links"]["authenticator"]["href"] == authenticator["_links"]["self"]["href"]
    assert bench.http.get(link).json()["totalResults"] == before + 1
    found = bench.http.get("/api/users", params={"filter": 'username eq "fourth"'}).json()
    assert found["totalResults"] == 1


@pytest.mark.parametrize("body", [b"[1]", b"{", b"[" * 100_000])
def test_bodies_that_are_no_object_are_400(bench: Bench, body: bytes) -> None:
    assert bench.http.post("/api/connections", content=body).status_code == 400


def test_events_tell_what_happened_to_files_in_pages(bench: Bench) -> None:
    bench.upload("/NORTHWIND/outbox", "a.edi", b"not X12")
    file = bench.call(lambda: bench.state.deliver(bench.state.inbox("NORTHWIND"), "b.edi", b"xx"))
    bench.http.get(f"/api/files/{file.id}/content")
    bench.http.delete(f"/api/files/{file.id}")
    page = bench.http.get("/api/events", params={"startIndex": 1, "count": 2}).json()
    assert (page["totalResults"], [row["type"] for row in page["resources"]]) == (
        4,
        ["file.received", "file.downloaded"],
    )
    mine = bench.http.get("/api/events", params={"filter": 'file.name eq "b.edi" and type sw "file.d"'}).json()
    assert [row["type"] for row in mine["resources"]] == ["file.downloaded", "file.deleted"]
    assert bench.http.get("/api/transfers").json()["totalResults"] == 3
    assert bench.http.get("/api/events", params={"filter": 'nothing eq "x"'}).status_code == 400


def test_the_journal_holds_what_was_written_and_no_secret(bench: Bench) -> None:
    bench.upload("/NORTHWIND/outbox", "a.edi", b"data")
    kinds = [write.kind for write in bench.journal.writes]
    assert kinds == ["file.uploaded", "file.consumed"]
    assert "sandbox-cleo-password" not in repr(bench.journal.writes)
