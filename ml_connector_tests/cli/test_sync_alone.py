"""`sync` alone, without Dagster's daemon: master data, the calendar, the standing work, what is held."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.config.integrations import ProcurementCalendar
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.sandbox.exact import user
from ml_connector_tests.cli.conftest import NO_COMPUTE_LOGS, create_orders
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.support.deployment import Bench, open_bench
from ml_connector_tests.support.followed_page import FollowedPage


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with open_bench(tmp_path / "deployment") as made:
        monkeypatch.setenv("DAGSTER_HOME", str(made.home / "dagster"))
        (made.home / "dagster.yaml").write_text(NO_COMPUTE_LOGS, encoding="ascii")
        monkeypatch.setenv("ML_CONNECTOR_CONFIG", os.environ["ML_CONNECTOR_CONFIG"])
        yield made


def jobs(said: Said) -> list[str]:
    return [run["job"] for run in said.json["runs"]]


def count(said: Said, name: str) -> int:
    assets = [asset for run in said.json["runs"] for asset in run["assets"].values()]
    return sum(asset["counts"].get(name, 0) for asset in assets)


def orders_sent(said: Said) -> int:
    """Of the outbound run: 997s are sent inbound."""
    assets = [run["assets"].get("exact_cleo/sent_orders") for run in said.json["runs"]]
    return sum(asset["counts"].get("sent", 0) for asset in assets if asset)


def documents(*args: object) -> list[dict[str, Any]]:
    return list(say("documents", "list", *args, "--json").json["documents"])


def change(path: Path, **settings: Any) -> None:
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **settings}))


def only_orders(bench: Bench, *, calendar: dict[str, Any] | None = None, seldom: bool = True) -> None:
    """Of the flows only this one; seldom: what stands on a schedule is due at the first run and then no more."""
    config = yaml.safe_load(bench.config.read_text())
    flows = config["integrations"]["exact_cleo"]["flows"]
    for name in ("invoices_in", "shipments_in", "acknowledgments_in"):
        flows[name] = {"enabled": False}
    if calendar is not None:
        flows["orders_out"]["calendar"] = calendar
    if seldom:
        config["orchestration"] |= dict.fromkeys(("reference_cron", "standing_cron", "prune_cron"), "0 0 29 2 *")
    bench.config.write_text(yaml.safe_dump(config))


def test_the_cron_line_of_the_page_is_a_whole_deployment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/without-a-daemon.md, in the deployment's folder: everything comes and leaves, and what waits is said."""
    (line,) = [one for one in FollowedPage("without-a-daemon.md", {}).text.splitlines() if one.startswith("*/5 ")]
    schedule, _, act = line.partition("  ")
    assert len(schedule.split()) == 5
    place, _, call = act.partition(" && ")
    assert place == "cd /srv/ml-connector"
    words, _, output = call.partition(" >> ")
    assert output == "sync.log 2>> sync.err", "standard output is JSON alone"
    monkeypatch.chdir(bench.home)
    monkeypatch.delenv("ML_CONNECTOR_CONFIG")
    assert say(*words.split()[1:]).code == 0  # from here on orders are new
    create_orders(bench, 1)
    said = say(*words.split()[1:])
    assert (said.code, orders_sent(said)) == (0, 1)
    assert "waiting" in said.json


def test_what_is_due_is_done_and_nothing_more(bench: Bench) -> None:
    only_orders(bench, seldom=False)
    # Right after noon: no half hour may pass between the first two, nor the night's pruning at all.
    now = bench.sandbox.clock.now()
    noon = (now + timedelta(days=1)).replace(hour=12, minute=0, second=30)
    bench.sandbox.clock.move((noon - now).total_seconds())
    first = say("sync", "--json")
    assert first.code == 0, first.err
    assert jobs(first) == ["exact_nl_reference", "exact_cleo_inbound", "exact_cleo_outbound", "standing", "prune"]
    again = say("sync", "--json")
    assert again.code == 0, again.err
    assert jobs(again) == ["exact_cleo_inbound", "exact_cleo_outbound"], "nothing else is due yet"
    bench.sandbox.clock.move(1900)
    assert jobs(say("sync", "--json")) == [
        "exact_nl_reference",
        "exact_cleo_inbound",
        "exact_cleo_outbound",
        "standing",
    ]
    assert jobs(say("sync", "--dry-run", "--json")) == ["exact_cleo_inbound", "exact_cleo_outbound"]


def test_a_supplier_that_was_blocked_meanwhile_is_held(bench: Bench) -> None:
    """Blocked in Exact between two calls: the next one knows it."""
    from ml_connector.documents.reference import ReferenceTable
    from ml_connector.flows.reference.lookup import ReferenceBook

    only_orders(bench, seldom=False)
    say("sync", "--json")
    exact = bench.sandbox.exact
    bench.sandbox.call(lambda: user.edit(exact, "crm/Accounts", "20011", {"Blocked": True}))
    bench.sandbox.clock.move(2 * 3600)
    assert "exact_nl_reference" in jobs(say("sync", "--json"))
    with bench.open() as deployment:
        book = ReferenceBook(deployment.ledger, "exact_nl", deployment.erp("exact_nl").company)
        assert book.table(ReferenceTable.VENDORS).get("20011").blocked  # type: ignore[union-attr]


def test_what_is_due_turns_overdue(bench: Bench) -> None:
    path = bench.home / "partners"
    for file in path.glob("*.yaml"):
        change(file, acknowledgments={"overdue_after_hours": 1})
    only_orders(bench, seldom=False)
    create_orders(bench, 1)
    assert say("sync", "--flow", "orders_out", "--json").code == 0
    bench.sandbox.clock.move(3 * 3600)
    # Nothing of what the partners answered is fetched.
    with bench.open() as deployment:
        from ml_connector.ledger.coordination.leases import Lease
        from ml_connector.orchestration.runtime.names import channel_lease

        with Lease(deployment.ledger, channel_lease("exact_cleo", "inbound")):
            say("sync", "--json")
    assert {row["state"] for row in documents("--flow", "orders_out")} == {"overdue"}


def test_something_held_at_parsing_ends_with_1_and_is_told(bench: Bench) -> None:
    say("sync", "--json")
    cleo = bench.sandbox.cleo
    bench.sandbox.call(lambda: cleo.deliver(cleo.inbox("NORTHWIND"), "garbage.edi", b"not an interchange at all"))
    said = say("sync")
    assert said.code == Exit.WRONG
    assert "held: " in said.out
    assert "garbage.edi" in said.out
    assert said.out.endswith(
        "1 wait:\n  1 held, not x12 (northwind): a person\nSee `ml-connector documents list --held`.\n"
    )
    again = say("sync", "exact_cleo")
    assert again.code == 0, "told once"
    assert again.out.endswith("See `ml-connector documents list --held --integration exact_cleo`.\n"), "but it waits"


def test_sync_ends_with_what_waits_and_when_it_is_looked_at_again(bench: Bench) -> None:
    only_orders(bench)
    nothing = say("sync", "--json")
    assert nothing.json["waiting"] == []
    assert "wait:" not in say("sync").out
    exact = bench.sandbox.exact
    create_orders(bench, 2)
    for account in list(exact.main.table("crm/Accounts")):
        bench.sandbox.call(user.edit, exact, "crm/Accounts", account["Code"].strip(), {"Blocked": True})
    with bench.open() as deployment:
        sync_table(deployment.ledger, deployment.erp("exact_nl"), "vendors")
    assert "waiting" not in say("sync", "--dry-run", "--json").json, "a dry run holds nothing"
    said = say("sync", "--json")
    assert said.code == Exit.WRONG
    told = said.json["waiting"]
    assert sum(one["count"] for one in told) == 2
    assert {(one["state"], one["reason"]) for one in told} == {("quarantined", "supplier_blocked")}
    now = bench.sandbox.clock.now()
    for one in told:
        again = datetime.fromisoformat(one["looked_at_again"])
        assert timedelta(minutes=5) < again - now < timedelta(minutes=15), "quarantine_retry_minutes"
        assert f"looked at again from {again:%H:%M} UTC" in one["next"]
    in_words = say("sync").out
    assert "2 wait:\n" in in_words
    assert all(f"({one['partner']}): {one['next']}\n" in in_words for one in told)
    bench.sandbox.clock.move(3600)
    with bench.open() as deployment, deployment.ledger.read() as tx:
        from ml_connector.cli.shared.what_waits import what_comes
        from ml_connector.ledger.search.waiting import waiting

        groups = waiting(tx).groups
        assert {what_comes(one, deployment.clock.now()) for one in groups} == {"looked at again by the next run"}


def test_a_mended_partner_file_takes_up_at_once(bench: Bench) -> None:
    only_orders(bench)
    say("sync", "--json")
    path = bench.home / "partners" / "northwind.yaml"
    good = path.read_text()
    change(path, sintax="strict")
    create_orders(bench, 3)
    broken = say("sync", "--flow", "orders_out", "--json")
    assert broken.code == Exit.WRONG
    assert "Partner northwind stopped" in broken.err
    assert count(broken, "held") + count(broken, "sent") == 3
    path.write_text(good)
    said = say("sync", "--flow", "orders_out", "--json")
    assert said.code == 0, said.err
    assert count(said, "sent") == count(broken, "held")
    assert {row["state"] for row in documents("--flow", "orders_out")} == {"sent"}


@pytest.mark.parametrize("hour", [9, 23])
def test_orders_leave_at_the_cut_off(bench: Bench, hour: int) -> None:
    """Also where the first cut-off comes after midnight: what was approved while it was waited for is the flow's."""
    now = bench.sandbox.clock.now()
    start = (now + timedelta(days=1)).replace(hour=hour, minute=0)
    bench.sandbox.clock.move((start - now).total_seconds())
    now = bench.sandbox.clock.now()
    cut_off = now + timedelta(hours=2)
    calendar = {
        "cut_offs": [f"{cut_off:%H:%M}"],
        "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "time_zone": "UTC",
    }
    only_orders(bench, calendar=calendar)
    create_orders(bench, 1)
    assert orders_sent(say("sync", "--json")) == 0, "the first cut-off is waited for"
    bench.sandbox.clock.move(7300)
    assert orders_sent(say("sync", "--json")) == 1
    create_orders(bench, 1)
    bench.sandbox.clock.move(3600)
    assert orders_sent(say("sync", "--json")) == 0, "approved after the cut-off: the next one"
    assert orders_sent(say("sync", "--flow", "orders_out", "--json")) == 1, "a person wants it at once"


def test_what_a_clock_wrote_that_ran_ahead_keeps_nothing_from_being_due(bench: Bench) -> None:
    """Else alerts, heads and master data would be silent for as long as it was ahead."""
    from ml_connector.flows.core.cut_offs import note_served
    from ml_connector.orchestration.jobs.due import STANDING, cut_off_is_due, job_is_due, note_done, reference_is_due

    calendar = ProcurementCalendar(cut_offs=("11:00", "16:30"))
    with bench.open() as deployment:
        integration = deployment.integration("exact_cleo")
        bench.sandbox.clock.move(3 * 86_400)
        for table in integration.erp.tables:
            sync_table(deployment.ledger, integration.erp, table)
        assert not reference_is_due(deployment, integration.erp.connection)
        note_done(deployment.ledger, STANDING)
        note_served(integration, "orders_out")
        bench.sandbox.clock.move(-3 * 86_400)
        assert job_is_due(deployment, STANDING, "*/10 * * * *")
        assert reference_is_due(deployment, integration.erp.connection)
        assert not cut_off_is_due(integration, "orders_out", calendar), "the next one is waited for"
        bench.sandbox.clock.move(86_400)
        assert cut_off_is_due(integration, "orders_out", calendar)


@pytest.mark.parametrize(
    ("moment", "served", "due"),
    [
        ("2026-12-24T15:30", "2026-12-24T10:30", True),
        ("2026-12-24T15:30", "2026-12-24T15:30", False),
        ("2026-12-26T09:00", "2026-12-24T15:31", False),  # the 25th is a holiday, the 26th a Saturday
        ("2026-12-28T10:00", "2026-12-24T15:31", True),
        ("2026-12-28T09:59", "2026-12-24T15:31", False),
    ],
)
def test_cut_offs_skip_holidays_and_week_ends(bench: Bench, moment: str, served: str, due: bool) -> None:
    from dataclasses import replace

    from ml_connector.flows.core.cut_offs import note_served
    from ml_connector.ledger.coordination import cursors
    from ml_connector.orchestration.jobs.due import cut_off_is_due
    from ml_connector_tests.support.clocks import StillClock

    calendar = ProcurementCalendar(cut_offs=("11:00", "16:30"), holidays=(datetime(2026, 12, 25, tzinfo=UTC).date(),))
    with bench.open() as deployment:
        integration = replace(
            deployment.integration("exact_cleo"), clock=StillClock(datetime.fromisoformat(f"{moment}+00:00"))
        )
        with deployment.ledger.write() as tx:
            # As a ledger has it from before calendars stood by flow.
            cursors.put(tx, "exact_cleo:cut_off", f"{served}:00+00:00")
        assert cut_off_is_due(integration, "orders_out", calendar) is due
        note_served(integration, "orders_out")
        assert not cut_off_is_due(integration, "orders_out", calendar)
