"""XML and JSON read against what was meant: however a file is written, it says the same (`oracle` knows no package)."""

from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts import load_layout, read_documents
from ml_connector_tests.layouts.oracle import Said, SaidLine, as_json, as_xml

UBL, JSON = load_layout("ubl_invoice"), load_layout("truecommerce_810_json")
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text("aZ09 -/\\'\"<>&|{}[]=;é€漢", min_size=1, max_size=12).map(lambda s: s.strip() or "A")
CENTS = st.decimals("-9999", "9999", places=2)
FINE = st.decimals("-9999", "9999", places=5)
BASES = st.sampled_from(["1", "12", "100", "1000", "0.25", "144"]).map(Decimal)
LINES = st.builds(SaidLine, NAMES, NAMES, FINE, FINE, BASES)


def invoices(lines: st.SearchStrategy[SaidLine] = LINES) -> st.SearchStrategy[Said]:
    amounts = st.lists(st.decimals("0.01", "999", places=2), max_size=3)
    days = st.dates(date(1990, 1, 1), date(2060, 12, 31)).map(str)
    return st.builds(
        Said,
        NAMES,
        days,
        CENTS,
        st.lists(CENTS, max_size=2),
        amounts,
        amounts,
        st.lists(lines, max_size=4),
        st.booleans(),
    )


def plain(invoice: Invoice) -> tuple[object, ...]:
    return (
        invoice.number,
        str(invoice.invoice_date),
        invoice.total,
        [one.amount for one in invoice.taxes],
        [(str(one.kind), one.amount) for one in invoice.allowances],
        [(one.number, one.vendors_item, one.quantity, one.price, one.divisor) for one in invoice.lines],
    )


def meant(said: Said) -> tuple[object, ...]:
    charges = [("A", one) for one in said.allowances] + [("C", one) for one in said.charges]
    lines = [(one.number, one.item, one.quantity, one.price, one.base) for one in said.lines]
    return (said.number, said.day, said.total, said.taxes, charges, lines)


@QUICK
@given(said=invoices(), seed=st.integers(0, 10_000), encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_xml_says_what_was_meant_however_it_is_written(said: Said, seed: int, encoding: str) -> None:
    text = as_xml(said, seed)
    (found,) = read_documents(text.encode(encoding), UBL)
    assert [one.message for one in found.findings if one.is_error] == []
    assert isinstance(found.document, Invoice)
    assert plain(found.document) == meant(said)
    assert found.document.type == ("CR" if said.credit else "DI")


@QUICK
@given(said=st.lists(invoices(), min_size=1, max_size=3), seed=st.integers(0, 10_000))
def test_json_says_what_was_meant_however_it_is_written(said: list[Said], seed: int) -> None:
    for one in said:
        one.allowances, one.charges, one.taxes = [], [], one.taxes[:1]
        for line in one.lines:
            line.base = Decimal(1)
    found = list(read_documents(as_json(said, seed).encode(), JSON))
    assert [[f.message for f in one.findings if f.is_error] for one in found] == [[] for _ in said]
    assert [plain(one.document) for one in found if isinstance(one.document, Invoice)] == [meant(one) for one in said]


@QUICK
@given(said=invoices(), seed=st.integers(0, 10_000), cut=st.floats(0, 1, exclude_max=True))
def test_of_a_file_that_was_cut_nothing_is_taken(said: Said, seed: int, cut: float) -> None:
    for text, layout in ((as_xml(said, seed), UBL), (as_json([said], seed), JSON)):
        end = text.rstrip().removesuffix("<!-- end -->").rstrip()
        try:
            found = list(read_documents(end[: int(len(end) * cut)].encode(), layout))
        except SenderMustCorrect:
            continue
        raise AssertionError(f"{len(found)} documents of a part of {end!r}")
