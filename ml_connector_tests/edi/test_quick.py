"""The quick way passes only what the long way has nothing to say about, and makes the same documents."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.edi_files import interchange
from ml_connector.documents.common import changed
from ml_connector.documents.invoice_amounts import add_up
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.edi import interchange as interchange_module
from ml_connector.edi import transaction_set
from ml_connector.edi.closed import quick, setpattern
from ml_connector.edi.closed.setpattern import _choice
from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
from ml_connector.edi.validation.overlay import Overlay
from ml_connector.edi.writing.checked_writer import SetWriter
from ml_connector.edi.writing.write import ControlNumbers, Envelope, WrittenInterchange, write_interchange
from ml_connector.errors import NeedsCorrection, SenderMustCorrect
from ml_connector_tests.edi.made import ALL
from ml_connector_tests.edi.odd import BODIES, Style, spell
from ml_connector_tests.edi.test_mutations import damaged
from ml_connector_tests.support.examples import some

_PIECES = [
    "",
    "0",
    "12.5",
    "-3",
    ".5",
    "EA",
    "ZQ",
    "20261121",
    "20260230",
    "2515",
    "X" * 81,
    " A",
    "A ",
    ">",
    "é",
    "\x07",
    "*",
]


@pytest.fixture(autouse=True)
def _learn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setpattern, "PAYS_AFTER", 0)
    quick.quick_for.cache_clear()


def read(data: bytes) -> list[ReceivedSet]:
    return [item for item in read_interchanges(data, ReadOptions()) if isinstance(item, ReceivedSet)]


def slowly(data: bytes, monkeypatch: pytest.MonkeyPatch) -> list[ReceivedSet]:
    """As if there were no quick way."""
    with monkeypatch.context() as patched:
        patched.setattr(interchange_module, "recognized", lambda raw, context: None)
        return read(data)


def taught(data: bytes) -> None:
    """The patterns have seen the segments of a file."""
    for _ in range(3):
        read(data)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each set went the quick way."""
    went: list[bool] = []
    original = transaction_set.recognized

    def spied(raw: Any, context: Any) -> Any:
        found = original(raw, context)
        went.append(found is not None)
        return found

    monkeypatch.setattr(interchange_module, "recognized", spied)
    return went


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("set_type", sorted(set(BODIES) - {"820", "997", "860"}))
def test_right_sets_go_the_quick_way(
    set_type: str, version: str, quickly: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    style = Style(version=version, suffixes=("\n",))
    data = spell(style, (set_type,))
    taught(data)
    quickly.clear()
    found = read(data)
    assert quickly == [True]
    assert found == slowly(data, monkeypatch)


def test_generated_files_go_the_quick_way(quickly: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    data, expected = interchange(40, lines=6)
    taught(data)
    quickly.clear()
    found = read(data)
    assert quickly == [True] * sum(expected.documents.values())
    assert found == slowly(data, monkeypatch)


@settings(
    max_examples=some(400),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.sampled_from(sorted(BODIES)), st.integers(0, 1 << 30), st.sampled_from(["004010", "005010"]))
def test_what_goes_the_quick_way_is_right(set_type: str, seed: int, version: str) -> None:
    """Elements changed at random, segments left out, doubled and moved: either the long way agrees or it was asked."""
    chance = random.Random(seed)
    style = Style(version=version)
    clean = spell(style, (set_type,))
    taught(clean)
    text = clean.decode("latin-1")
    head, _, rest = text.partition("~BIG" if set_type == "810" else f"~{BODIES[set_type][:3].rstrip('*')}")
    segments = (text[len(head) + 1 :]).split("~")
    last = next(n for n, segment in enumerate(segments) if segment.startswith("SE*"))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(last)
        elements = segments[at].split("*")
        what = chance.randrange(5)
        if what < 3 and len(elements) > 1:
            elements[chance.randrange(1, len(elements))] = chance.choice(_PIECES)
            segments[at] = "*".join(elements)
        elif what == 3:
            segments.insert(chance.randrange(last), segments[at])
            last += 1
        else:
            del segments[at]
            last -= 1
        if last < 1:
            return
    segments[last] = f"SE*{last + 2}*0001"
    data = (head + "~" + "~".join(segments)).encode("latin-1")
    with pytest.MonkeyPatch.context() as patched:
        found = read(data)
        assert found == slowly(data, patched)
    assert rest


def invoice(lines: str, total: int, summary: str) -> bytes:
    """One 810; total in cents."""
    body = f"BIG*20261121*INV-1*20261101*PO-1~{lines}TDS*{total}~{summary}"
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(BODIES, "810", body)
        return spell(Style(), ("810",))


_TAX = st.sampled_from(["", "TXI*VA*21*21~", "TXI*VA*2.5~", "TXI*VA*21*.21****O~", "TXI*VA~"])
_LINE = st.tuples(
    st.sampled_from(["IT1*1*10*EA*10**VP*A~", "IT1*1*3*EA*.335**VP*A~", "IT1*1*10*EA***VP*A~"]),
    _TAX,
    st.sampled_from(["", "SAC*C*D240***500~", "SLN*1**I*1*EA*2~"]),
    _TAX,
).map("".join)
_SUMMARY = st.tuples(
    _TAX, _TAX, st.sampled_from(["", "SAC*C*D240***500~", "SAC*C*H850***500~", "SAC*A*C310***100~"]), _TAX
).map("".join)


@settings(max_examples=some(300), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(_LINE, min_size=1, max_size=3).map("".join), _SUMMARY, st.integers(-1, 1))
def test_taxes_wherever_they_stand_are_added_up_as_the_long_way_does(lines: str, summary: str, off: int) -> None:
    """The total is what the long way says it should be, or a cent from it."""
    with pytest.MonkeyPatch.context() as patched:
        [first] = slowly(invoice(lines, 1, summary), patched)
        assert isinstance(first.document, Invoice)
        total = int((add_up(first.document).computed * 100).to_integral_value())
        data = invoice(lines, total + off, summary)
        taught(data)
        assert read(data) == slowly(data, patched)


@pytest.mark.parametrize(
    ("lines", "total", "summary"),
    [
        ("IT1*1*10*EA*10**VP*A~", 12100, "TXI*VA*21*21~"),
        ("IT1*1*10*EA*10**VP*A~TXI*VA*21*21~", 12100, ""),
        ("IT1*1*10*EA*10**VP*A~TXI*VA*21*21~", 12100, "TXI*VA*21*21~"),
        ("IT1*1*10*EA*10**VP*A~", 12600, "TXI*VA*21*21~SAC*C*D240***500~"),
        ("IT1*1*-10*EA*10**VP*A~", -12100, "TXI*VA*-20*20~TXI*LS*-1*1~"),
    ],
)
def test_invoices_with_taxes_go_the_quick_way(lines: str, total: int, summary: str, quickly: list[bool]) -> None:
    taught(invoice(lines, total, summary))
    quickly.clear()
    [right] = read(invoice(lines, total, summary))
    [wrong] = read(invoice(lines, total + 1, summary))
    assert quickly == [True, False]
    assert right.findings == ()
    assert [finding.code for finding in wrong.findings] == ["invoice_total"]


@settings(max_examples=some(150), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "cut", "add", "copy"]),
            st.integers(0, 1 << 16),
            st.integers(0, 255),
            st.integers(1, 80),
        ),
        min_size=1,
        max_size=2,
    )
)
def test_damaged_files_are_read_the_same_both_ways(changes: list[tuple[str, int, int, int]]) -> None:
    clean = spell(Style(suffixes=("\r\n",)), ("850", "856", "810"))
    taught(clean)
    data = damaged(clean, changes)
    try:
        found = read(data)
    except SenderMustCorrect:
        return
    with pytest.MonkeyPatch.context() as patched:
        assert found == slowly(data, patched)


def test_a_failure_at_the_end_of_a_long_set_is_found_at_once() -> None:
    """The patterns do not try again what they have passed: this would not end otherwise."""
    body, expected = interchange(4, lines=400)
    taught(body)
    broken = body.replace(b"CTT*", b"CTT*X")
    assert len(read(broken)) == sum(expected.documents.values())


@given(st.sets(st.text("AB12", min_size=1, max_size=3), min_size=1), st.text("AB12", min_size=1, max_size=4))
def test_a_tree_of_codes_matches_exactly_its_codes(codes: set[str], text: str) -> None:
    import re

    pattern = re.compile(_choice(codes) + r"(?=\*)")
    assert (pattern.match(text + "*") is not None) == (text in codes)


def test_a_receivedset_is_equal_to_another_by_what_it_holds() -> None:
    data = spell(Style(), ("850", "810"))
    assert read(data) == read(data)
    one, other = read(data)
    assert one != other
    assert hash(one) != hash(other)
    assert "850 0001 accepted" in repr(one)


def _written(document: Any, **style: Any) -> WrittenInterchange:
    envelope = Envelope("ZZ", "SENDER", "ZZ", "RECEIVER", suffix="\n", **style)
    return write_interchange(envelope, ControlNumbers(1, 1), [document], datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("text", ["A*B", "A~B", "A~\nN3*B", "A>B", "A*", "A ~", "N3*X~\nN3*Y", "Ü*"])
def test_a_separator_in_a_value_never_makes_two_of_it(text: str) -> None:
    """Patterns that have learned what is right do not let an order with a crafted street pass."""
    [order] = [s.document for s in read(spell(Style(), ("850",)))]
    assert isinstance(order, PurchaseOrder)
    for _ in range(3):
        _written(order)
    party = changed(order.parties[0], street=(text, "SUITE 4"))
    crafted = changed(order, parties=(party,))
    written = _written(crafted)
    assert len(written.replaced) == 1
    [again] = read(written.data)
    assert again.accepted
    assert len(again.document.parties[0].street) == 2  # type: ignore[union-attr]
    with pytest.raises(NeedsCorrection):
        _written(changed(order, number=f"45{text}"))


@pytest.mark.parametrize("set_type", sorted(BODIES))
@pytest.mark.parametrize("version", ["004010", "005010"])
def test_both_ways_of_writing_write_the_same(set_type: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [received] = read(spell(Style(), (set_type,)))
    for character_set in ("extended", "basic"):
        for _ in range(3):
            quickly = _written(received.document, version=version, character_set=character_set)
        with monkeypatch.context() as patched:
            patched.setattr(SetWriter, "_as_it_is", lambda *_: None)
            assert quickly == _written(received.document, version=version, character_set=character_set)


@settings(max_examples=some(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(ALL)).flatmap(lambda name: ALL[name]))
def test_whatever_a_document_holds_both_ways_write_the_same_or_refuse_it(document: Any) -> None:
    def outcome() -> WrittenInterchange | str:
        try:
            return _written(document)
        except NeedsCorrection as held:
            return str(held)

    for _ in range(2):
        quickly = outcome()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SetWriter, "_as_it_is", lambda *_: None)
        assert quickly == outcome()


def _lines(document: Any) -> list[Any]:
    items = [item for order in getattr(document, "orders", ()) for item in order.items]
    return [*getattr(document, "lines", ()), *items]


def test_both_ways_make_the_same_documents_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = interchange(12, lines=4, seed=5)
    for data in (made, *(spell(Style(suffixes=("\n",)), (kind,)) for kind in sorted(BODIES))):
        taught(data)
        for one, other in zip(read(data), slowly(data, monkeypatch), strict=True):
            assert one.document == other.document
            assert type(one.document) is type(other.document)
            assert one.document is one.document, "it is made once"


@pytest.mark.parametrize("set_type", ["850", "855", "856", "810"])
def test_a_guide_that_makes_all_optional_makes_no_document_fail(set_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets without their opening segment, without lines or levels: as the long way has it."""
    optional = frozenset({"BEG", "BAK", "BSN", "BIG", "PO1", "HL", "IT1", "TDS", "N1", "ACK"})
    options = ReadOptions(overlay=Overlay(optional=optional))
    data = spell(Style(suffixes=("\n",)), (set_type,))
    begin, _, rest = data.decode().partition("~\nST*")
    segments = ("ST*" + rest).split("~\n")
    last = next(at for at, segment in enumerate(segments) if segment.startswith("SE*"))
    tail = segments[last + 1 :]
    for kept in ([], segments[1:2], segments[2:last]):
        whole = [begin, segments[0], *kept, f"SE*{len(kept) + 2}*{segments[last].split('*')[2]}", *tail]
        made = "~\n".join(whole).encode()

        def found(made: bytes = made) -> list[Any]:
            return [i for i in read_interchanges(made, options) if isinstance(i, ReceivedSet)]

        for _ in range(3):
            found()
        for one, other in zip(found(), _slow(found, monkeypatch), strict=True):
            _lines(one.document)
            assert one == other


def _slow(action: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(interchange_module, "recognized", lambda raw, context: None)
        return action()
