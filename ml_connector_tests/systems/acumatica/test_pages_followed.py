"""docs/sales-orders.md, followed word by word: a grocery chain orders, and one of its orders waits."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.sandbox.acumatica.partners import HILLMART
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.systems.acumatica.stage import INTEGRATION, Stage, open_stage

#: The page's company, its units and its customer's folders, as they are called in the sandbox.
HERE = {
    "acme_grocery": INTEGRATION,
    "{EACH: EA, CASE: CA}": "{EA: EA, CS: CA, HOUR: HR}",
    "/HARVEST/": f"/{HILLMART.name}/",
}
GOOD = {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CS", "price": "90"}
UNKNOWN = {**GOOD, "item": "HM-NOBODY"}


def as_the_page_says(home: Path, settings: dict[str, Any], page: FollowedPage) -> None:
    given, partner = page.settings
    (integration,) = given["integrations"]
    settings["integrations"][integration]["flows"] |= given["integrations"][integration]["flows"]
    folder = home / "partners" / INTEGRATION
    (folder / f"{HILLMART.name.lower()}.yaml").unlink()
    (folder / f"{partner['name']}.yaml").write_text(yaml.safe_dump(partner), encoding="utf-8")


def ordered(stage: Stage, number: str, line: dict[str, str]) -> bytes:
    """The customer's 850, as it lies in its folder."""
    stage.sandbox.call(stage.world.order, HILLMART.name, number, [line], store="0012")
    folder = stage.sandbox.cleo.folders.folder(f"/{HILLMART.name}/inbox")
    return stage.sandbox.call(lambda: b"".join(list(folder.files)[-1].content.chunks(10_000)))


def test_customers_orders_are_looked_at_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = FollowedPage("sales-orders.md", HERE)
    with open_stage(tmp_path / "home", change=lambda home, settings: as_the_page_says(home, settings, page)) as stage:
        stage.run()  # from here on orders are new
        checked = say("check", "--json")
        assert checked.code == 0, [one for one in checked.json["findings"] if one["level"] != "good"]
        monkeypatch.chdir(tmp_path)
        ordered(stage, "PO-7781", UNKNOWN)
        stage.run()
        listed = page.run("documents list").out
        assert "PO-7781" in listed
        assert "unknown_item" in listed
        assert "HM-NOBODY" in page.run("documents show").out, "with the number to enter"
        (tmp_path / "po-7781.edi").write_bytes(ordered(stage, "PO-7782", GOOD))
        tried = page.run("try").out
        page.done()
        assert "PO-7782" in tried
        assert "OLIVEOIL1L" in tried
        assert stage.rows("SalesOrder") == [], "nothing is posted by trying"
        stage.run()
        (order,) = stage.rows("SalesOrder", CustomerOrder="PO-7782")
        (line,) = order.details()
        assert (line.text("InventoryID"), line.text("UOM")) == ("OLIVEOIL1L", "CS")
        assert len(stage.rows("SalesOrder")) == 1
