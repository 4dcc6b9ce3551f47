"""Two files are compared by what they say, not by how."""

from ml_connector.edi.tools.diff import differences, documents_of
from ml_connector_tests.edi.building import INVOICE, ORDER, invoice, order
from ml_connector_tests.edi.samples import read


def told(first: bytes, second: bytes) -> list[tuple[str, str, str | None, str | None]]:
    found = differences(documents_of(read(first)), documents_of(read(second)))
    return [(d.document, d.path, d.first, d.second) for d in found]


def test_separators_versions_and_envelopes_make_no_difference() -> None:
    other = order(version="005010").replace(b"*", b"|").replace(b"~", b"\n").replace(b"77", b"78")
    assert told(order(), other) == []


def test_values_of_header_party_and_line() -> None:
    changed = ORDER.replace("CUR*BY*USD", "CUR*BY*EUR").replace("COLUMBUS", "DAYTON").replace("*60*EA", "*61*EA")
    name = "order 4500000042"
    found = told(order(), order(changed))
    assert (name, "currency", "USD", "EUR") in found
    assert (name, "party ST: city", "COLUMBUS", "DAYTON") in found
    assert (name, "line 2: quantity", "60", "61") in found
    assert not [d for d in found if d[1].startswith("line 1")]


def test_a_line_that_only_one_has() -> None:
    shorter = ORDER.replace("PO1*2*60*EA*.33**VP*BRKT-050~", "").replace("CTT*2*160", "CTT*1*100")
    lines = [d for d in told(order(), order(shorter)) if d[1].startswith("line ")]
    assert [(path, second) for _, path, _, second in lines] == [("line 2", None)]


def test_a_document_that_only_one_has() -> None:
    assert told(order(), invoice()) == [
        ("order 4500000042", "", "there", None),
        ("invoice INV-1", "", None, "there"),
    ]
    assert told(invoice(), invoice(INVOICE.replace("INV-1", "INV-2"))) == [
        ("invoice INV-1", "", "there", None),
        ("invoice INV-2", "", None, "there"),
    ]
