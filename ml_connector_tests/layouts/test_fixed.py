"""Fixed lines: a record that ends inside a field is damaged, and nothing that stands elsewhere becomes a value."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import Record
from ml_connector.documents.invoices import Invoice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts import Layout, load_layout, read_documents, write_documents
from ml_connector.layouts.spec.compiled_layout import Contradiction
from ml_connector_tests.layouts.files import changed, csv_rows, errors, read, row

FIXED = load_layout("truecommerce_810_fixed")
#: The last field of its lines stands left, so that blanks behind it may be cut off.
NOTICE = changed(
    "truecommerce_856_csv",
    {
        "format": "fixed",
        "document": {
            "fields": {name: {"length": 12} for name in ("TradingPartner", "ShipmentNumber", "ShipDate", "ShipToCode")}
            | dict.fromkeys(("EstimatedDelivery", "CarrierCode", "TrackingNumber", "BOL")),
            "repeats": {
                "orders": {
                    "fields": {"PONumber": {"length": 12}},
                    "repeats": {
                        "items": {
                            "fields": {
                                "CartonSSCC": None,
                                "LineNumber": {"length": 6},
                                "UPC": None,
                                "QuantityShipped": {"length": 10},
                                "UOM": {"length": 3},
                                "VendorItem": {"length": 10},
                                "Lot": {"length": 10},
                            }
                        }
                    },
                }
            },
        },
    },
)
LINE = "ACME        LS-1        2026-11-28  01          4711        {line:6}{item:10}{quantity:>10}EA {lot:10}"


def invoice(**cells: str) -> Record:
    [one] = read(csv_rows(row("A-1", Total="17.85", Tax="3.10", **cells)))
    assert one.document is not None
    return one.document


def written(layout: Layout = FIXED, **cells: str) -> bytes:
    return write_documents([invoice(**cells)], layout)


def accepted(data: bytes, layout: Layout) -> list[Any]:
    try:
        return [one.document for one in read_documents(data, layout) if one.accepted]
    except SenderMustCorrect:
        return []


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_of_an_invoice_cut_anywhere_nothing_else_is_read(ends: str) -> None:
    """The field index: 17.85 was read as 0.17. Here every place of the file is tried."""
    data = written(changed("truecommerce_810_fixed", {"fixed": {"terminator": ends}}))
    whole = invoice()
    found = [at for at in range(len(data)) if accepted(data[:at], FIXED) not in ([], [whole])]
    assert found == []
    assert accepted(data.rstrip(), FIXED) == [whole]


def test_of_an_invoice_whose_last_record_is_cut_and_ended_nothing_is_read() -> None:
    data = written().rstrip()
    start = data.rindex(b"\n") + 1
    assert [at for at in range(start + 1, len(data)) if accepted(data[:at] + b"\r\n", FIXED)] == []


def test_a_record_that_ends_inside_a_number_names_it() -> None:
    [one] = read(written().rstrip()[:-2], FIXED)
    assert errors(one) == [
        'row 3, column Total: the record ends inside this field; it may be cut off, found "0000000000017", expected '
        "15 characters, 47 to 61."
    ]


@pytest.mark.parametrize("lines", [1, 3])
def test_of_a_notice_cut_anywhere_no_other_quantity_or_key_is_read(lines: int) -> None:
    """Also of one whose last field stands left: with whole lines above it, nothing was cut off but the file."""
    rows = [LINE.format(line=str(n), quantity="160", item=f"NW-R{n}8", lot="L-2026-77") for n in range(lines)]
    data = "\r\n".join(rows).encode()
    [whole] = accepted(data, NOTICE)
    last = data.rindex(b"ACME")
    # Where one line is all there is, that it ends where a field begins tells nothing.
    starts = [one.start for level in NOTICE.document.chain() for one in level.fields]
    untold = () if lines > 1 else starts
    tried = [at for at in range(last + 1, len(data)) if at not in untold]
    found = [at for at in tried if accepted(data[:at], NOTICE) not in ([], [whole])]
    assert found == []


def test_blanks_that_were_cut_off_are_no_damage() -> None:
    lines = [LINE.format(line="1", quantity="160", item="NW-R48", lot=lot).rstrip() for lot in ("L", "M")]
    data = "\r\n".join(lines)
    [one] = read(data + "\r\n", NOTICE)
    assert errors(one) == []


@pytest.mark.parametrize("shift", [" ", "x", "  "])
def test_text_that_moved_everything_along_is_told(shift: str) -> None:
    data = written().decode()
    start = data.index("\nT") + 2
    [one] = read(data[:start] + shift + data[start:], FIXED)
    assert any("goes on behind its last field" in message for message in errors(one))


def test_text_behind_the_last_field_may_be_meant() -> None:
    layout = changed("truecommerce_810_fixed", {"fixed": {"long_lines": "ignore"}})
    data = written().replace(b"\r\n", b"  0001\r\n")
    [one] = read(data, layout)
    assert one.document == invoice()


def test_a_tab_leaves_nothing_where_it_should_be() -> None:
    [one] = read(written().replace(b"  EA", b"\tEA").replace(b"        ", b"\t", 1), FIXED)
    assert any("holds a tab" in message for message in errors(one))


def test_what_nobody_sees_moves_a_line_along() -> None:
    data = written().decode()
    [one] = read(data.replace("A-1 ", "A-1\u200b ", 1), FIXED)
    assert any("what nobody sees" in message for message in errors(one))
    [one] = read(data.replace("A-1 ", "A-1\u200b", 1), FIXED)
    assert isinstance(one.document, Invoice)
    assert (errors(one), one.document.number) == ([], "A-1")


def test_positions_may_count_bytes() -> None:
    """A letter of two bytes takes two positions, read and written; the quantity behind it is right."""
    layout = changed("truecommerce_810_fixed", {"fixed": {"positions": "bytes"}})
    data = written(layout, VendorItem="Dübel-größe", Quantity="160")
    assert len({len(line) for line in data.split(b"\r\n") if line.startswith(b"L")}) == 1
    assert max(map(len, data.decode().split("\r\n"))) == max(map(len, data.split(b"\r\n")))
    [one] = read(data, layout)
    assert isinstance(one.document, Invoice)
    assert (one.document.lines[0].vendors_item, one.document.lines[0].quantity) == ("Dübel-größe", Decimal(160))


def test_bytes_read_as_characters_are_told_and_the_setting_named() -> None:
    counted = changed("truecommerce_810_fixed", {"fixed": {"positions": "bytes"}})
    [one] = read(written(counted, VendorItem="Dübel", Quantity="160"), FIXED)
    assert any("positions: bytes" in message for message in errors(one))


def test_contradictory_settings_are_refused() -> None:
    with pytest.raises(Contradiction, match="UTF-16"):
        changed("truecommerce_810_fixed", {"fixed": {"positions": "bytes"}, "text": {"encoding": "utf-16"}})
    with pytest.raises(Contradiction, match="filled up with digits"):
        changed(
            "truecommerce_810_fixed",
            {"document": {"fields": {"Tax": {"number": {"thousands": ",", "implied_decimals": 0}}}}},
        )


def test_lines_above_the_first_record_may_be_skipped() -> None:
    layout = changed("truecommerce_810_fixed", {"fixed": {"skip_lines": 2}})
    [one] = read(b"Invoices November\r\n\r\n" + written(), layout)
    assert one.document == invoice()
    assert one.place.row == 3


def test_a_letter_that_a_field_cuts_in_two_is_no_key() -> None:
    """Where positions count bytes and the sender counted characters, the last letter of a full field is half there."""
    layout = changed("truecommerce_810_fixed", {"fixed": {"positions": "bytes"}})
    item = next(one for level in layout.document.all() for one in level.fields if one.name == "VendorItem")
    whole = "A" * (item.length - 2) + "ü"
    [one] = read(written(layout, VendorItem=whole, Quantity="160"), layout)
    assert one.accepted
    data = written(layout, VendorItem=whole, Quantity="160").replace(whole.encode(), f"A{whole}".encode())
    [one] = read(data, layout)
    assert any("VendorItem: cannot be read: U+FFFD" in message for message in errors(one))
