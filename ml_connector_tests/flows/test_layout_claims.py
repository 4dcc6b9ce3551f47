"""Which layout a file is of: never one that is not its own, never one of two, and of none one thing is told."""

from typing import Any

import pytest

from ml_connector.config.partners import Channels, Partner, X12Identity
from ml_connector.errors import SenderMustCorrect
from ml_connector.flows.inbound.format_detection import Candidate
from ml_connector.flows.inbound.layout_claims import read_flat
from ml_connector.layouts import Layout, WriteContext, load_layout, shipped_names, write_documents
from ml_connector_tests.layouts.files import changed, csv_rows, read, row

SHIPPED = [load_layout(name) for name in shipped_names()]
ROWS = [one for one in SHIPPED if one.format not in {"xml", "json"}]
FOREIGN = {
    "an account statement": "Datum;Konto;Betrag\r\n" + "28.11.2026;4711;12,00\r\n" * 50,
    "prose": "Hello,\nplease find the list attached.\nThanks\nLisa\n",
    "a table without headings": "1,2,3\n" * 60,
    "parted by bars": "X|1|2\nH2|a|b\n" * 30,
    "records that begin as ours": "Hotel;12\nLunch;8\nTaxi;20\n" * 20,
    "a long line of digits": "0" * 900 + "\n",
    "one word": "x",
}


def partner(name: str) -> Partner:
    """As far as a claim looks at one."""
    identity = X12Identity(qualifier="ZZ", id=name)
    return Partner(name=name.lower(), vendor="1", identity=identity, channels=Channels())


def claimed(data: str | bytes, *layouts: Layout | Candidate) -> tuple[str, list[Any]]:
    known = [one if isinstance(one, Candidate) else Candidate(one, "EUR") for one in layouts]
    chosen, documents = read_flat(data if isinstance(data, bytes) else data.encode(), known)
    return chosen.layout.name, list(documents)


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("alone", ["all", *(one.name for one in ROWS)])
def test_a_file_of_no_layout_is_told_once_with_the_reason_of_each(text: str, alone: str) -> None:
    """Also where there is one layout only, which cuts anything into its fields."""
    known = ROWS if alone == "all" else [load_layout(alone)]
    with pytest.raises(SenderMustCorrect, match="No layout fits") as caught:
        claimed(text, *known)
    assert [reason.split(":")[0] for reason in caught.value.data["layouts"]] == [one.name for one in known][:20]


@pytest.mark.parametrize("text", ['{"a": 1}', '[{"header": {"x": 2}}]', "[1, 2]"])
def test_json_of_no_layout_is_told_once(text: str) -> None:
    with pytest.raises(SenderMustCorrect, match="No layout fits"):
        claimed(text, *(one for one in SHIPPED if one.format == "json"))


def test_layouts_of_other_shapes_are_named_too() -> None:
    with pytest.raises(SenderMustCorrect, match="truecommerce_810_xml: is for xml, the file is rows"):
        claimed(FOREIGN["prose"], *SHIPPED[:20])


GOOD = read(csv_rows(row("I1", VendorItem="NW-1"), row("I1", line="2", VendorItem="NW-2")))[0].document


@pytest.mark.parametrize(
    "layout", [one for one in SHIPPED if one.name.startswith("truecommerce_810")], ids=lambda one: one.name
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_file_is_claimed_by_its_own_layout_whatever_stands_beside_it(layout: Layout, order: int) -> None:
    assert GOOD is not None
    data = write_documents([GOOD], layout, WriteContext(partner="ACME"))
    name, documents = claimed(data, *SHIPPED[::order])
    assert name == layout.name
    assert [one.document for one in documents] == [GOOD]


@pytest.mark.parametrize("layout", ["truecommerce_810_csv", "truecommerce_810_fixed", "truecommerce_810_parent_child"])
def test_a_wrong_value_takes_no_file_away_from_its_layout(layout: str) -> None:
    assert GOOD is not None
    data = write_documents([GOOD], load_layout(layout), WriteContext(partner="ACME"))
    name, (one,) = claimed(data.replace(b"3", b"x", 1), *ROWS)
    assert name == layout
    assert not one.accepted


PLAIN = load_layout("truecommerce_810_csv")
GERMAN = changed("truecommerce_810_csv", {"name": "german", "values": {"number": {"decimal": ",", "thousands": "."}}})


def test_a_file_that_two_layouts_read_as_two_things_is_of_neither() -> None:
    text = csv_rows(row(Quantity="1.500", SubTotal="", Extended=""))
    with pytest.raises(SenderMustCorrect, match=r"both fit .* lines\[0\].quantity is 1.5 and 1500") as caught:
        claimed(text, load_layout("truecommerce_810_csv"), GERMAN)
    assert caught.value.data["layouts"] == ["truecommerce_810_csv", "german"]


def test_a_file_that_two_layouts_read_alike_is_of_the_first() -> None:
    text = csv_rows(row())
    assert claimed(text, GERMAN, load_layout("truecommerce_810_csv"))[0] == "german"


def test_of_two_layouts_the_one_that_leaves_nothing_unread_counts() -> None:
    orders = load_layout("truecommerce_850_csv_full"), load_layout("truecommerce_850_csv")
    heads = [one.heading for level in orders[0].document.chain() for one in level.fields if not one.settings.same_as]
    values = {
        "PONumber": "1",
        "PODate": "2026-11-21",
        "Currency": "EUR",
        "Quantity": "1",
        "LineNumber": "1",
        "UnitPrice": "2",
        "UOM": "EA",
    }
    text = ",".join(heads) + "\n" + ",".join(values.get(name, "") for name in heads) + "\n"
    assert claimed(text, *orders)[0] == claimed(text, *orders[::-1])[0] == "truecommerce_850_csv_full"


def test_a_file_is_of_the_layout_of_the_partner_that_it_names() -> None:
    """Also where another partner's layout reads it without a complaint: 0.500 is wrong in ours, a half in theirs."""
    ours, theirs = (
        Candidate(GERMAN, "", (partner("ACME"),)),
        Candidate(PLAIN, "", (partner("OTHER"),)),
    )
    name, (one,) = claimed(csv_rows(row(Quantity="0.500")), theirs, ours)
    assert (name, one.accepted) == ("german", False)
    assert claimed(csv_rows(row(Quantity="1.500")), theirs, ours)[0] == "german"


def test_where_nobody_is_named_rightly_who_reads_it_counts() -> None:
    ours, theirs = (
        Candidate(GERMAN, "", (partner("X"),)),
        Candidate(PLAIN, "", (partner("Y"),)),
    )
    text = csv_rows(row(Quantity="0.500", SubTotal="", Extended=""))
    assert claimed(text, ours, theirs)[0] == PLAIN.name


def test_of_the_same_layout_in_two_currencies_that_of_the_named_partner_counts() -> None:
    layout = changed(
        "truecommerce_810_csv", {"currency": {"from": "caller"}, "document": {"fields": {"Currency": None}}}
    )
    known = [Candidate(layout, "USD", (partner("OTHER"),)), Candidate(layout, "EUR", (partner("ACME"),))]
    _, (one,) = claimed(csv_rows(row()), *known)
    assert one.document.currency == "EUR"


def test_rows_before_the_first_record_are_one_thing_that_is_wrong() -> None:
    text = "Invoices\nof November\n" * 40 + "H|ACME|I1|2026-11-21|4711||EUR||\nL|1|A-1|3|EA|10|30\nT|30|||30\n"
    _, (stray, one) = claimed(text, load_layout("truecommerce_810_parent_child"))
    assert (stray.accepted, len(stray.findings), one.accepted) == (False, 51, True)
    assert "of no document" in stray.findings[-1].message
