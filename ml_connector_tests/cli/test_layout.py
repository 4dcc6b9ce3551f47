"""`layout list`, `show` and `try`: what a layout makes of a file, in words and as JSON."""

from pathlib import Path

import pytest

from ml_connector.layouts import load_layout, shipped_names
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.layouts.files import csv_rows, row


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.csv"
    file.write_bytes(csv_rows(row("I1"), row("I1", line="2", SubTotal="30")))
    return file


def test_try_shows_documents_in_business_terms(good: Path) -> None:
    said = say("layout", "try", "truecommerce_810_csv", good)
    assert said.code == 0
    assert "invoice I1, rows 2 to 3, partner ACME: accepted" in said.out
    assert "invoice_date" in said.out
    assert "items[VP]" in said.out
    assert "1 documents, 0 not accepted." in said.out
    assert "items[VP]" not in say("layout", "try", "truecommerce_810_csv", good, "--no-content").out


def test_try_names_row_and_column_of_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(csv_rows(row("I1"), row("I2", Quantity="\x1b[31mmany")))
    said = say("layout", "try", "truecommerce_810_csv", file)
    assert said.code == 1
    assert "row 3, column Quantity: is not a number" in said.out
    assert "\x1b[31m" not in said.out
    told = say("layout", "try", "truecommerce_810_csv", file, "--json").json
    assert told["ok"] is False
    assert [one["accepted"] for one in told["documents"]] == [True, False]
    [finding] = told["documents"][1]["findings"]
    assert (finding["row"], finding["column"], finding["code"]) == (3, "Quantity", "not_a_number")


def test_try_reads_standard_input_and_a_layout_of_ones_own(good: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\nextends: truecommerce_810_csv\n", encoding="utf-8")
    told = say("layout", "try", mine, "-", "--json", given=good.read_bytes()).json
    assert told["layout"] == "mine"
    assert told["documents"][0]["document"]["number"] == "I1"


def test_a_file_of_another_kind_is_said_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html>login</html>", encoding="ascii")
    said = say("layout", "try", "truecommerce_810_csv", file)
    assert said.code == 1
    assert 'column "InvoiceNumber" is missing' in said.err
    assert say("layout", "try", "truecommerce_810_xml", file, "--json").json["error"]["kind"] == "SenderMustCorrect"


def test_an_unknown_layout_is_wrong_usage(good: Path) -> None:
    said = say("layout", "try", "nothing", good)
    assert said.code == 2
    assert "layout list" in said.err


def test_list_names_every_shipped_layout() -> None:
    assert {one["name"] for one in say("layout", "list", "--json").json} == set(shipped_names())
    assert "truecommerce_eu_order_xml" in say("layout", "list").out


@pytest.mark.parametrize("name", shipped_names())
def test_show_tells_where_each_field_stands(name: str) -> None:
    said = say("layout", "show", name)
    assert said.code == 0
    fields = [one for level in load_layout(name).document.all() for one in level.fields]
    assert [one.name for one in fields if one.name not in said.out] == []
    assert "//" not in said.out.split("stands at")[1]
    assert say("layout", "show", name, "--json").json["name"] == name
