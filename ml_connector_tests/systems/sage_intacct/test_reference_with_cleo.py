"""Vendors and codes of Sage Intacct as files in the Cleo folder of whoever works with them (issue 16, 1)."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from lxml import etree

from ml_connector.errors import TryAgain
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.flows.reference_out.history import History
from ml_connector.flows.reference_out.telling import tell
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.systems.sage_intacct.stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        made.run()
        yield made


def files(stage: Stage, table: str) -> list[str]:
    """What arrived of a table, oldest first."""
    return [
        file.data.decode()
        for file in stage.world.consumer.taken
        if file.folder == f"/{ACMEBUY.name}/outbox" and f"_{table}_" in file.name
    ]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def change_vendor(stage: Stage, code: str, **values: object) -> None:
    """Somebody changes a vendor at the screen."""
    company = stage.sandbox.sage_intacct.main

    def change() -> None:
        with company.unit():
            (row,) = [one for one in company.tables["VENDOR"] if one.text("VENDORID") == code]
            company.change("VENDOR", row, values, user="jane")

    stage.sandbox.call(change)
    read_again(stage)


def read_again(stage: Stage) -> None:
    """The table is read by its schedule; whole, as it is every so often."""
    stage.sandbox.clock.move(25 * 3600)
    sync_table(stage.deployment.ledger, stage.integration.erp, "vendors")


def test_each_table_arrives_whole_once_in_its_layout_without_secrets(stage: Stage) -> None:
    (vendors,) = files(stage, "vendors")
    told = {row["Code"]: row for row in rows(vendors)}
    assert told["V-17"] == {
        "Table": "vendors",
        "Scope": "whole",
        "Version": "1",
        "Code": "V-17",
        "Change": "",
        "Name": "Lakeside Ironworks, Inc.",
        "Status": "active",
        "Street": "1 Foundry Rd",
        "PostalCode": "46402",
        "City": "Gary",
        "Region": "IN",
        "Country": "US",
        "Currency": "USD",
        "PaymentTerms": "Net 30",
    }
    assert told["V-21"]["Status"] == "inactive"
    assert [len(files(stage, one)) for one in ("gl_accounts", "departments", "locations", "items")] == [1, 1, 1, 1]
    stage.play(2)
    assert len(files(stage, "vendors")) == 1, "nothing changed"
    assert {row.state for row in stage.documents("reference_out")} == {S.SENT}

    # No bank account and no tax number leaves.
    everything = "\n".join(file.data.decode() for file in stage.world.consumer.taken)
    assert "Lakeside Ironworks" in everything
    for secret in ("38-1234567", "99887766", "071000013"):
        assert secret not in everything

    (departments,), (locations,) = files(stage, "departments"), files(stage, "locations")
    assert json.loads(departments)["Rows"][0] == {"Code": "10", "Name": "Purchasing", "Status": "active"}
    element = etree.fromstring(locations.encode())
    (table,) = element
    assert (table.get("name"), table.get("scope"), table[0].findtext("Code")) == ("locations", "whole", "100")


def test_a_change_is_told_as_soon_as_it_is_read_and_what_may_not_leave_is_none(stage: Stage) -> None:
    change_vendor(stage, "V-17", NAME="Lakeside Ironworks Group")
    stage.run()
    _, changes = files(stage, "vendors")
    (row,) = rows(changes)
    assert (row["Scope"], row["Code"], row["Change"], row["Name"]) == (
        "changes",
        "V-17",
        "changed",
        "Lakeside Ironworks Group",
    )

    change_vendor(stage, "V-17", TAXID="38-0000000")
    stage.run()
    assert len(files(stage, "vendors")) == 2, "what may not leave makes no file"
    assert len([row for row in stage.documents("reference_out") if row.number == "vendors"]) == 2


def test_additions_changes_and_removals_are_told_apart(stage: Stage) -> None:
    company = stage.sandbox.sage_intacct.main

    def act() -> None:
        with company.unit():
            named = {row.text("VENDORID"): row for row in company.tables["VENDOR"]}
            company.change("VENDOR", named["V-18"], {"STATUS": "inactive"}, user="jane")
            company.delete("VENDOR", named["V-20"], user="jane")
            made = {"VENDORID": "V-50", "NAME": "New Forge", "STATUS": "active", "TAXID": "99-9999999"}
            company.add("VENDOR", made, user="jane")

    stage.sandbox.call(act)
    read_again(stage)
    stage.run()
    _, changes = files(stage, "vendors")
    told = {row["Code"]: (row["Change"], row["Name"], row["Status"]) for row in rows(changes)}
    assert told == {
        "V-18": ("changed", "Precision Fasteners LLC", "inactive"),
        "V-20": ("removed", "Twin Cities Tooling", "active"),
        "V-50": ("added", "New Forge", "active"),
    }


def test_a_consumer_that_missed_a_file_is_given_the_whole_again(stage: Stage) -> None:
    change_vendor(stage, "V-17", NAME="Lakeside Group")
    stage.run()
    for _ in range(2):  # asked twice before it went: once
        assert say("reference", "resend", "acmebuy", "vendors").code == 0
    stage.play(1)
    whole, _, again = files(stage, "vendors")
    assert {row["Scope"] for row in rows(again)} == {"whole"}
    assert {row["Code"] for row in rows(again)} == {row["Code"] for row in rows(whole)}
    assert next(row for row in rows(again) if row["Code"] == "V-17")["Name"] == "Lakeside Group"
    asked = [row for row in stage.documents("reference_out") if json.loads(row.work or "{}")["asked"]]
    assert len(asked) == 1

    change_vendor(stage, "V-17", NAME="Lakeside Holding")
    stage.run()
    assert [row["Name"] for row in rows(files(stage, "vendors")[-1])] == ["Lakeside Holding"], "changes go on from it"

    for words, said in (
        (("acmebuy", "classes"), "departments, gl_accounts, items, locations, vendors"),
        (("ironworks", "vendors"), "it has none"),
        (("nobody", "vendors"), "it has none"),
    ):
        refused = say("reference", "resend", *words)
        assert refused.code != 0
        assert said in refused.err


def test_the_whole_goes_by_its_schedule_where_anything_changed_since(stage: Stage) -> None:
    company = stage.sandbox.sage_intacct.main

    def rename(name: str) -> None:
        with company.unit():
            row = next(one for one in company.tables["ITEM"] if one.text("ITEMID") == "COOLANT")
            company.change("ITEM", row, {"NAME": name}, user="jane")

    stage.sandbox.clock.move(8 * 86400)
    sync_table(stage.deployment.ledger, stage.integration.erp, "items")
    stage.run()
    assert len(files(stage, "items")) == 1, "a week is over, and nothing changed"
    stage.sandbox.call(rename, "Coolant, green")
    stage.sandbox.clock.move(25 * 3600)
    sync_table(stage.deployment.ledger, stage.integration.erp, "items")
    stage.play(2)
    assert [rows(text)[0]["Scope"] for text in files(stage, "items")] == ["whole", "whole"]
    stage.sandbox.call(rename, "Coolant, blue")
    stage.sandbox.clock.move(25 * 3600)
    sync_table(stage.deployment.ledger, stage.integration.erp, "items")
    stage.play(2)
    assert [rows(text)[0]["Scope"] for text in files(stage, "items")] == ["whole", "whole", "changes"]


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.LATE_COMMIT, FaultKind.STATUS]
)
def test_a_lost_answer_of_the_network_keeps_no_table_from_its_partner(stage: Stage, kind: FaultKind) -> None:
    """No 997 answers such a file: where nobody can tell whether it arrived, the same goes again under the same name."""
    change_vendor(stage, "V-17", NAME="Lakeside Group")
    stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="cleo", method="POST", path="*/files"))
    for _ in range(4):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(400)
    assert stage.sandbox.journal.faults[f"cleo {kind}"] == 1
    told = set(files(stage, "vendors"))
    assert len(told) == 2, "the whole table, and what changed"
    (row,) = [row for row in stage.documents("reference_out") if row.number == "vendors" and row.revision == 1]
    assert row.state is S.SENT
    change_vendor(stage, "V-17", NAME="Lakeside Holding")
    stage.play(2)
    assert len(set(files(stage, "vendors"))) == 3


def test_what_changes_while_a_file_is_on_its_way_is_told_after_it(stage: Stage) -> None:
    def work() -> None:
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(400)

    change_vendor(stage, "V-17", NAME="Lakeside Group")
    lost = Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files", count=None)
    stage.sandbox.call(stage.sandbox.faults.add, lost)
    work()
    change_vendor(stage, "V-17", NAME="Lakeside Holding")
    work()
    assert len(files(stage, "vendors")) == 1, "the first change is not there yet"
    stage.sandbox.faults.clear()
    for _ in range(4):
        work()
    assert [rows(text)[0]["Name"] for text in files(stage, "vendors")[1:]] == ["Lakeside Group", "Lakeside Holding"]


def test_two_workers_that_look_at_once_tell_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    change_vendor(stage, "V-17", NAME="Lakeside Group")
    with monkeypatch.context() as patch:
        patch.setattr(History, "read", lambda *_: History())  # as it was before the other one told
        with pytest.raises(TryAgain, match="Another worker"):
            tell(stage.integration, stage.work)
    stage.run()
    assert [row["Name"] for row in rows(files(stage, "vendors")[-1])] == ["Lakeside Group"]
