"""`documents`, `trace`, `ledger`, `reference`: posted and held invoices, looked at from all sides."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.clock import FileClock
from ml_connector.documents.reference import ReferenceTable
from ml_connector.ledger.work.states import DocumentState
from ml_connector.operating.tracing import spellings
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.ledger.tamper import rewrite


@dataclass
class Office:
    """What stands in the deployment: a posted invoice, a held one, their orders and numbers."""

    scene: Scene
    posted: str
    held: str
    order: str

    def row(self, number: str) -> dict[str, Any]:
        [row] = [
            r
            for r in say("documents", "list", "--number", number, "--json").json["documents"]
            if r["kind"] == "invoice"
        ]
        return dict(row)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with scene(tmp_path_factory.mktemp("office")) as made:
        orders = made.orders(2)
        [posted] = made.invoice(orders[:1])
        [held] = made.invoice(orders[1:], {"overcharge_percent": "12.5"})
        made.inbound()
        yield Office(made, posted, held, str(orders[0]["order_number"]))


def test_list_shows_what_was_received_newest_first(office: Office) -> None:
    told = say("documents", "list", "--flow", "invoices_in", "--json").json
    ids = [row["id"] for row in told["documents"]]
    assert ids == sorted(ids, reverse=True)
    assert told["total"] == len(ids) == 2
    assert {row["number"] for row in told["documents"]} == {office.posted, office.held}


def test_list_held_says_why_and_whose_move_it_is(office: Office) -> None:
    said = say("documents", "list", "--held")
    assert office.held in said.out
    assert office.posted not in said.out
    assert "price_tolerance" in said.out
    [row] = say("documents", "list", "--held", "--json").json["documents"]
    assert row["whose_move"].startswith("a person")
    assert row["reason_detail"]["mend"]


@pytest.mark.parametrize(
    ("args", "count"),
    [
        (["--state", "posted", "--kind", "invoice"], 1),
        (["--reason", "price_tolerance"], 1),
        (["--reason", "unknown_supplier"], 0),
        (["--partner", "northwind", "--flow", "invoices_in"], 2),
        (["--partner", "acme"], 0),
        (["--flow", "invoices_in", "--direction", "out"], 0),
        (["--from", "2000-01-01", "--to", "2000-12-31"], 0),
        (["--integration", "exact_cleo", "--flow", "invoices_in"], 2),
    ],
)
def test_filters(office: Office, args: list[str], count: int) -> None:
    assert say("documents", "list", *args, "--json").json["total"] == count


def test_pages_go_on_where_the_one_before_ended(office: Office) -> None:
    whole = [row["id"] for row in say("documents", "list", "--json").json["documents"]]
    paged: list[int] = []
    args: list[object] = []
    while True:
        page = say("documents", "list", "--limit", 1, *args, "--json").json
        paged += [row["id"] for row in page["documents"]]
        if page["next_before"] is None:
            break
        args = ["--before", page["next_before"]]
    assert paged == whole


def test_show_tells_the_whole_story(office: Office) -> None:
    row = office.row(office.posted)
    told = say("documents", "show", row["id"], "--json").json
    assert told["state"] == "posted"
    assert told["file"]["sha256"]
    assert [write["state"] for write in told["writes"]] == ["done"]
    assert told["writes"][0]["outside_id"]
    assert [event["state"] for event in told["events"]][-1] == "posted"
    assert told["snapshots"]
    said = say("documents", "show", office.posted)
    assert said.code == 0
    for word in ("posted", told["file"]["sha256"], told["writes"][0]["outside_id"], "decided with"):
        assert word in said.out


def test_show_of_a_held_one_says_what_to_do(office: Office) -> None:
    said = say("documents", "show", office.held)
    detail = office.row(office.held)["reason_detail"]
    assert detail["message"] in said.out
    assert detail["mend"] in said.out


def test_show_content_and_payloads(office: Office) -> None:
    row = office.row(office.posted)
    told = say("documents", "show", row["id"], "--content", "--payloads", "--json").json
    assert told["canonical"]["number"] == office.posted
    assert json.loads(told["writes"][0]["payload"])
    assert "canonical" not in say("documents", "show", row["id"], "--json").json


def test_show_bytes_are_exactly_those_that_came(office: Office) -> None:
    said = say("documents", "show", office.posted, "--bytes")
    assert said.raw.startswith(b"ST*810")
    assert b"SE*" in said.raw
    assert office.posted.encode() in said.raw


@pytest.mark.parametrize("given", ["999999", "no-such-number"])
def test_show_of_nothing(office: Office, given: str) -> None:
    said = say("documents", "show", given)
    assert said.code == 2
    assert given in said.err


def test_trace_gathers_everything_of_an_order_in_time_order(office: Office) -> None:
    said = say("trace", office.order, "--json")
    assert said.code == 0
    moments = [entry["at"] for entry in said.json["entries"]]
    assert moments == sorted(moments)
    assert {row["kind"] for row in said.json["documents"]} >= {"invoice", "functional_acknowledgment"}
    assert any(entry["what"].startswith("write purchase_invoice") for entry in said.json["entries"])
    assert office.posted in say("trace", f"PO-{office.order}").out


def test_trace_of_nothing(office: Office) -> None:
    assert say("trace", "0815-none").code == 1
    assert say("trace", "0815-none", "--json").code == 1


@pytest.mark.parametrize("given", ["4711", "PO-4711", "PO 4711", "PO4711", "#4711", "po-4711"])
def test_an_order_is_found_however_people_write_its_number(given: str) -> None:
    assert "4711" in spellings(given)
    assert "PO-4711" in spellings(given)
    assert spellings(given)[0] == given


def test_ledger_verify_is_clean_and_totals_add_up(office: Office) -> None:
    said = say("ledger", "verify", "--json")
    assert said.code == 0
    assert said.json["clean"] is True
    assert said.json["checked"]["documents"] > 0
    totals = say("ledger", "totals", "--json")
    assert totals.code == 0
    [one] = totals.json
    assert one["adds_up"] is True
    assert one["files_received"]["parsed"] == 2
    assert "Everything adds up." in say("ledger", "totals").out
    assert say("ledger", "totals", "--integration", "nowhere").code == 2


def test_control_numbers_are_shown_and_go_on_from_a_higher_one(office: Office) -> None:
    numbers = say("ledger", "numbers", "--json").json["numbers"]
    name, before = numbers[0]["name"], numbers[0]["next"]
    assert name.startswith("GS06:ZZ/")
    assert say("ledger", "numbers", name, "--next", str(before + 500)).code == 0
    assert say("ledger", "numbers", "--json").json["numbers"][0]["next"] == before + 500
    lower = say("ledger", "numbers", name, "--next", str(before))
    assert lower.code == 2
    assert "given twice" in lower.err
    assert say("ledger", "numbers", name).code == 2


def test_ledger_verify_notices_a_rewritten_past(office: Office) -> None:
    """An auditor's question: the export outside the database disagrees with what stands in it now."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import event

    exported = say("ledger", "export-heads", "--json").json
    assert exported["export"]["events"] > 0
    heads = office.scene.bench.home / "a-copy.jsonl"
    heads.write_bytes(Path(exported["file"]).read_bytes())
    assert say("ledger", "verify", "--heads", heads).code == 0
    ledger = office.scene.deployment.ledger
    with ledger.read() as tx:
        row = tx.execute(sa.select(event.c.id, event.c.actor).order_by(event.c.id).limit(1)).one()
    change = sa.update(event).where(event.c.id == row.id)
    rewrite(ledger, change.values(actor="nobody"))
    try:
        said = say("ledger", "verify", "--heads", heads, "--json")
        assert said.code == 1
        assert any(problem["check"] == "chain" for problem in said.json["problems"])
    finally:
        rewrite(ledger, change.values(actor=row.actor))
    assert say("ledger", "verify", "--heads", heads).code == 0
    missing = say("ledger", "verify", "--heads", heads.with_name("mistyped.jsonl"))
    assert (missing.code, "does not exist" in missing.err) == (2, True)


def test_ledger_upgrade_tells_the_version(office: Office) -> None:
    said = say("ledger", "upgrade", "--json")
    assert said.code == 0
    assert said.json["version"]


def test_reference_tables_as_last_read(office: Office) -> None:
    listed = {row["table"]: row for row in say("reference", "list", "--json").json}
    assert set(listed) == set(ReferenceTable)
    assert listed["vendors"]["rows"] > 0
    found = say("reference", "show", "vendors", "--find", "northwind", "--json").json
    assert found["matching"] == 1
    assert found["rows"][0]["code"] == "20011"
    assert "Northwind" in say("reference", "show", "vendors").out
    today = datetime.now(UTC).date() + timedelta(days=1)
    assert say("reference", "show", "vendors", "--date", today).code == 0
    assert say("reference", "show", "vendors", "--date", date(2000, 1, 1)).code == 1
    assert say("reference", "show", "vendors", "--version", 99).code == 1


def test_replay_wants_to_know_which(office: Office) -> None:
    assert say("documents", "replay").code == 2
    assert say("documents", "replay", 999_999).code == 2


def test_replay_dry_run_tells_and_changes_nothing(office: Office) -> None:
    before = say("documents", "list", "--json").json
    said = say("documents", "replay", "--flow", "invoices_in", "--dry-run", "--json")
    assert said.code == 0
    actions = {one["number"]: one["action"] for one in said.json["documents"]}
    assert actions[office.posted].startswith("confirm")
    assert actions[office.held].startswith("take up")
    assert say("documents", "list", "--json").json == before


def test_commands_that_act_take_a_number_but_never_digits_for_one(office: Office) -> None:
    """The person has the invoice number in hand; a mistyped id must not meet the order of that number."""
    said = say("documents", "replay", office.held, "--dry-run", "--json")
    assert [one["number"] for one in said.json["documents"]] == [office.held]
    said = say("documents", "discard", office.order, "--why", "mistyped")
    assert said.code == 2
    assert f"no document {office.order}" in said.err
    assert say("documents", "settle", "NO-SUCH-1", "--arrived", "--why", "x").code == 2


def test_replay_posts_nothing_twice_and_says_what_is_still_held(office: Office) -> None:
    posted_before = len(office.scene.posted())
    ids = [office.row(office.posted)["id"], office.row(office.held)["id"]]
    said = say("documents", "replay", *ids, "--why", "tried again", "--json")
    assert said.code == 1, said.err
    states = {one["number"]: one["state"] for one in said.json["documents"]}
    assert states == {office.posted: "posted", office.held: "quarantined"}
    assert len(office.scene.posted()) == posted_before
    events = say("documents", "show", ids[1], "--json").json["events"]
    asked = [event for event in events if event["action"] == "replay asked for"]
    assert asked[-1]["detail"] == {"why": "tried again"}
    assert asked[-1]["actor"].startswith("person:")


def test_replay_of_a_day_is_what_materializing_its_partition_does(office: Office) -> None:
    day = office.row(office.posted)["partition_date"]
    before = len(office.scene.posted())
    said = say("documents", "replay", "--date", day, "--json")
    assert said.code == 1, said.err
    counts = {name: asset["counts"] for run in said.json["runs"] for name, asset in run["assets"].items()}
    assert counts["exact_cleo/purchase_invoices"]["confirmed"] == 1
    assert len(office.scene.posted()) == before


def test_discard_needs_a_reason_and_refuses_what_is_posted(office: Office) -> None:
    row = office.row(office.posted)
    assert say("documents", "discard", row["id"]).code == 2
    said = say("documents", "discard", row["id"], "--why", "no longer wanted", "--json")
    assert said.code == 1
    assert said.json[0]["done"] is False
    assert office.row(office.posted)["state"] == "posted"


def test_settle_refuses_what_is_not_in_doubt(office: Office) -> None:
    row = office.row(office.posted)
    said = say("documents", "settle", row["id"], "--arrived", "--why", "they said so", "--json")
    assert said.code == 1
    assert "not of unknown outcome" in said.json[0]["message"]
    said = say("documents", "settle", row["id"], "--as-it-stands", "--why", "that is all", "--json")
    assert said.code == 1
    assert "not one that the ERP took a part of" in said.json[0]["message"]
    assert say("documents", "settle", row["id"], "--as-it-stands", "--arrived", "--why", "x").code == 2


def test_discard_keeps_who_and_why(office: Office) -> None:
    row = office.row(office.held)
    assert say("documents", "discard", row["id"], "--why", "corrected invoice comes").code == 0
    told = say("documents", "show", row["id"], "--json").json
    assert told["state"] == DocumentState.DISCARDED
    assert told["events"][-1]["detail"] == {"why": "corrected invoice comes"}
    assert told["events"][-1]["actor"].startswith("person:")


def test_prune_takes_content_away_and_leaves_the_proof(office: Office) -> None:
    """The last test of this module: its days pass."""
    row = office.row(office.posted)
    events = len(say("documents", "show", row["id"], "--json").json["events"])
    FileClock(Path(office.scene.sandbox.addresses()["clock_file"])).move(3 * 86_400)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert say("ledger", "prune", "--before", tomorrow).code == 2
    assert say("ledger", "prune", "--before", "2999-01-01", "--yes").code == 2
    said = say("ledger", "prune", "--before", tomorrow, "--yes", "--json")
    assert said.code == 0, said.err
    assert said.json["documents"] >= 2
    told = say("documents", "show", row["id"], "--content", "--json").json
    assert told["pruned_at"]
    assert len(told["events"]) == events + 1
    assert told["events"][-1]["actor"].startswith("person:")
    gone = say("documents", "show", row["id"], "--bytes")
    assert gone.code == 2
    assert "retention" in gone.err
    assert (office.scene.bench.home / "tombstone-key").stat().st_mode & 0o077 == 0
    verified = say("ledger", "verify", "--json")
    assert verified.json["problems"] == []
