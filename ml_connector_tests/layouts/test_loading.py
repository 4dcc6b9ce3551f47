"""A wrong layout is refused when it is loaded: the file, the key, and what would do."""

from pathlib import Path

import pytest

from ml_connector.errors import ConfigError
from ml_connector.layouts import load_layout
from ml_connector_tests.layouts.files import layout_file

BASE = "name: mine\nextends: truecommerce_810_csv\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("document: {fields: {Tax: numbr}}", "Invoice has no 'numbr'; it has"),
        ("document: {fields: {Tax: 'references'}}", "write a key in brackets"),
        ("document: {fields: {Tax: '@sum'}}", "'@sum' is none of"),
        ("document: {fields: {Tax: total}}", "total is read from two fields"),
        ("currency: null", "say where the currency"),
        ("document: {fields: {Currency: null}}", "no field of the document has `to: currency`"),
        ("document: {fields: {InvoiceNumber: null}, key: []}", "Invoice needs number"),
        ("document: {key: [Foo]}", "there is no field 'Foo'"),
        ("document: {fields: {PODate: {date: dd/yyyy}}}", "needs a year"),
        ("document: {fields: {PODate: {date: dMyyyy}}}", "cannot be told apart"),
        ("document: {fields: {Tax: {number: {decimal: ',', thousands: ','}}}}", "must differ"),
        ("document: {fields: {PODate: {default: soon}}}", "'soon' is not a date"),
        ("document: {fields: {Tax: {column: InvoiceNumber}}}", "stands where InvoiceNumber stands"),
        ("document: {fields: {Tax: {same_as: Foo}}}", "there is no other field 'Foo'"),
        ("document: {repeats: {lines: null, terms: {fields: {}}}}", "already addresses terms"),
        ("document: {repeats: {lines: null, number: {}}}", "holds no list of records"),
        ("csv: {delimiter: '\"'}", "must differ"),
        ("csv: {delimiter: ab}", "at most 1 character"),
        ("text: {encoding: klingon}", "none of the encodings"),
        ("format: fixed", "needs its length"),
        ("format: parent_child", "needs the tag"),
        ("format: xml\ndocument: {fields: {Tax: {path: 'a//b'}}}", "is not a path"),
        ("document: {fields: {Total: null}}", "Invoice needs total"),
        ("colour: blue", "is not a setting here"),
        ("kind: letter", "kind"),
        ("document: {fields: {Tax: {on: write}}}", "put it in quotes"),
        ("extends: nowhere.yaml", "cannot be read"),
        (
            "document: {repeats: {lines: {repeats: {allowances: {fields: {Kind: kind}}}}}}",
            "rows are grouped into lines",
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, text: str, said: str) -> None:
    base = "name: mine\n" if text.startswith("extends") else BASE
    with pytest.raises(ConfigError) as caught:
        load_layout(layout_file(tmp_path, base + text))
    assert said in str(caught.value)
    assert "mine.yaml" in str(caught.value) or "nowhere.yaml" in str(caught.value)


def test_all_wrong_keys_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_layout(layout_file(tmp_path, BASE + "colour: blue\ncsv: {delimiter: ab}\nvalues: {date: x}"))
    assert len(caught.value.message.splitlines()) == 3


def test_an_unknown_name_points_at_the_list() -> None:
    with pytest.raises(ConfigError, match="ml-connector layout list"):
        load_layout("truecommerce_810_cvs")


def test_a_layout_may_extend_a_file_beside_it(tmp_path: Path) -> None:
    layout_file(tmp_path, BASE + "document: {fields: {PONumber: {column: Order}}}", "base")
    file = layout_file(tmp_path, "name: mine\nextends: base.yaml\ndocument: {fields: {Tax: null}}")
    headings = {one.name: one.heading for one in load_layout(file).document.fields}
    assert headings["PONumber"] == "Order"
    assert "Tax" not in headings
    assert load_layout("mine.yaml", tmp_path).name == "mine"


def test_layouts_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    layout_file(tmp_path, "name: a\nextends: b.yaml", "a")
    with pytest.raises(ConfigError, match="or itself"):
        load_layout(layout_file(tmp_path, "name: b\nextends: a.yaml", "b"))
