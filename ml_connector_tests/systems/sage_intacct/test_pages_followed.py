"""docs/vendors-in.md and docs/reference-data.md, followed word by word by whoever buys for the company behind Cleo."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.systems.sage_intacct.stage import INTEGRATION, Stage, open_stage

#: Who buys in the sandbox has this folder.
BUYER = {"/BUYRIGHT/": f"/{ACMEBUY.name}/"}


def buys(home: Path, settings: dict[str, Any], page: FollowedPage) -> None:
    """What a page tells to write: flows into the integration, and the file of the partner in place of the one there."""
    flows, partner = page.settings[:2]
    settings["integrations"][INTEGRATION]["flows"] |= flows["flows"]
    folder = home / "partners" / INTEGRATION
    (folder / f"{ACMEBUY.name.lower()}.yaml").unlink()
    (folder / f"{partner['name']}.yaml").write_text(yaml.safe_dump(partner), encoding="utf-8")


def well() -> None:
    """What was written is what `check` expects."""
    checked = say("check", "--json")
    assert checked.code == 0, [one for one in checked.json["findings"] if one["level"] != "good"]
    assert [one for one in checked.json["findings"] if one["level"] not in {"good", "advice"}] == []


def ids(*args: str) -> dict[str, str]:
    """Ids of documents by their numbers."""
    return {row["number"]: str(row["id"]) for row in say("documents", "list", *args, "--json").json["documents"]}


def send(stage: Stage, columns: str, *rows: str) -> None:
    """The partner leaves a file of its vendors."""
    folders = stage.sandbox.cleo.folders
    folder = folders.folder(f"/{ACMEBUY.name}/inbox")
    data = "\n".join((columns, *rows, "")).encode()
    stage.sandbox.call(lambda: folders.put(folder, "vendors.csv", data, owner="partner"))


def states(stage: Stage) -> dict[str, S]:
    return {row.number: row.state for row in stage.documents("vendors_in")}


def test_vendors_come_in_as_the_page_says(tmp_path: Path) -> None:
    """One is new, one is ours by its tax number, and a person says what three others are."""
    page = FollowedPage("vendors-in.md", BUYER)
    with open_stage(tmp_path, change=lambda home, settings: buys(home, settings, page)) as stage:
        well()
        stage.run()
        send(
            stage,
            "Vendor,Name,TaxNumber,Street,PostalCode,City,Country,PaymentTerms",
            "1,Dayton Forge Inc.,52-1112223,12 Anvil Rd,45402,Dayton,US,30 days",
            "2,Ironworks of Lakeside,38-1234567,,,,,",
            "3,Precision Fasteners,,,,,,",
            "4,Somewhere Else,,,,,,",
            "5,Nobody Wants Ltd,,,,,,",
        )
        stage.run()
        held = ids("--flow", "vendors_in", "--held")
        assert sorted(held) == ["3", "4", "5"]
        listed = page.run("documents list").out
        assert all(name in listed for name in held)
        (vendor,) = stage.rows("VENDOR", NAME="Dayton Forge Inc.")
        assert (vendor.text("VENDORID"), vendor.text("TERMNAME")) == ("E-1", "Net 30")
        show, link, create, discard = page.commands[1:]
        assert "V-18" in page.say(show.replace("4711", held["3"])).out, "with the candidates"
        page.say(link.replace("4711 V-17", f"{held['3']} V-18"))
        page.say(create.replace("4711", held["4"]))
        page.say(discard.replace("4711", held["5"]))
        stage.run()
        assert states(stage) == {
            "1": S.APPLIED, "2": S.APPLIED, "3": S.APPLIED, "4": S.APPLIED, "5": S.DISCARDED,
        }  # fmt: skip
        assert "not bought from" in say("documents", "show", held["5"]).out
        assert len(stage.rows("VENDOR", NAME="Somewhere Else")) == 1
        assert stage.rows("VENDOR", NAME="Nobody Wants Ltd") == []


def told(stage: Stage, table: str) -> list[list[dict[str, str]]]:
    """Rows of each CSV file of a table that arrived, oldest first."""
    return [
        list(csv.DictReader(io.StringIO(file.data.decode())))
        for file in stage.world.consumer.taken
        if file.folder == f"/{ACMEBUY.name}/outbox" and f"_{table}_" in file.name
    ]


def test_tables_leave_as_the_page_says(tmp_path: Path) -> None:
    page = FollowedPage("reference-data.md", BUYER)
    _, partner, layout = page.settings

    def change(home: Path, settings: dict[str, Any]) -> None:
        buys(home, settings, page)
        own = home / "partners" / INTEGRATION / partner["reference_data"]["items"]["layout"]
        own.write_text(yaml.safe_dump({"name": own.stem, "extends": "items_csv"}), encoding="utf-8")

    with open_stage(tmp_path, change=change) as stage:
        well()
        stage.run()
        listed = page.named("ml-connector reference list").out
        assert [table for table in partner["reference_data"] if table not in listed] == []
        (whole,) = told(stage, "vendors")
        assert {row["Scope"] for row in whole} == {"whole"}
        assert "TaxNumber" not in whole[0]
        (items,) = told(stage, "items")
        assert "Name" in items[0], "by the layout that lies beside the partner's file"
        page.run("reference resend")
        page.run("sync")
        page.done()
        assert [{row["Scope"] for row in rows} for rows in told(stage, "vendors")] == [{"whole"}, {"whole"}]
        assert "vendors" in page.named("ml-connector documents list --flow reference_out").out

        folder = tmp_path / "partners" / INTEGRATION
        (folder / "tax.yaml").write_text(yaml.safe_dump(layout), encoding="utf-8")
        partner["reference_data"]["vendors"] = {"layout": "tax.yaml", "fields": ["name", "vat_number"]}
        (folder / "buyright.yaml").write_text(yaml.safe_dump(partner), encoding="utf-8")
        assert say("sync").code == 0
        numbers = {row["Code"]: row["TaxNumber"] for row in told(stage, "vendors")[-1]}
        assert numbers["V-17"] == "38-1234567", "where it is named, and the layout has a place for it"
