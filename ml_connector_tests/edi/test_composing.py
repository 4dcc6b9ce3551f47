"""Writing by made functions gives byte for byte what writing element by element gives, or leaves the set to it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from benchmarks.edi_files import interchange
from ml_connector.documents.common import ItemId, KeptElement, KeptSegment, Record
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.edi.writing import composing
from ml_connector.edi.writing.checked_writer import SetWriter
from ml_connector.edi.writing.composing import COMPOSERS, Composer
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import ConnectorError
from ml_connector_tests.edi.made import ALL
from ml_connector_tests.edi.odd import BODIES, Style, spell
from ml_connector_tests.support.examples import some

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
ENVELOPE = Envelope("ZZ", "SENDER", "01", "123456789", suffix="\n")

#: What a text, a number, a day or a tuple of a document may become.
_TEXTS = [
    "", " ", "A*B", "A~", "A>B", "A^B", " A", "A ", "é", "ß", "€", "中", "²", "\n", "\x1f", "\x1d", "\x85", "\xad",
    "X" * 300,
]  # fmt: skip
_NUMBERS = [None, "0", "-0", "0.00", "0.5", "-0.5", "1E+3", "1E-9", "12.50", "1.234", "9" * 16, "9.99E+30", "NaN"]
_DAYS = [None, date(1, 1, 1), date(1999, 2, 28), date(2024, 2, 29), date(9999, 12, 31)]
_KEPT = [
    KeptSegment(segment_id="TD5", elements=("", "2", "UPSN")),
    KeptSegment(segment_id="FOB", elements=("PP", "", "")),
    KeptSegment(segment_id="REF", elements=("ZZ", "1", "", "BM\x1f2")),
    KeptSegment(segment_id="ZZZ", elements=("1",)),
    KeptSegment(segment_id="CTT", inside=(KeptSegment(segment_id="AMT", elements=("1", "5")),)),
    KeptSegment(segment_id="N9", elements=("L1", "NOTES"), inside=(KeptSegment(segment_id="MSG", elements=("a",)),)),
    KeptSegment(segment_id="PO1", elements=("1", "2", "EA")),
]

_settings = settings(
    max_examples=some(60),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture(autouse=True)
def _made_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(composing, "PAYS_AFTER", 0)
    COMPOSERS.clear()
    yield
    COMPOSERS.clear()


def outcome(documents: list[Record], envelope: Envelope) -> Any:
    """What is written, or why it cannot be."""
    try:
        return write_interchange(envelope, ControlNumbers(7, 9), documents, AT)
    except ConnectorError as error:
        return type(error), str(error), error.data


def slowly(documents: list[Record], envelope: Envelope) -> Any:
    """The same, element by element."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SetWriter, "_composer", lambda *_: None)
        return outcome(documents, envelope)


def _text(chance: random.Random) -> str:
    """A text that may be too long by one, a code that no list has, or one with something odd in it."""
    return chance.choice(_TEXTS) if chance.random() < 0.6 else "X" * chance.randrange(1, 110)


def damaged(record: Any, chance: random.Random) -> Any:
    """The record with one of its values, or of a record inside it, changed."""
    values = dict(record.__dict__)
    inside = [name for name, value in values.items() if isinstance(value, tuple) and value]
    if inside and chance.random() < 0.6:
        name = chance.choice(inside)
        items = list(values[name])
        at = chance.randrange(len(items))
        one = items[at]
        items[at] = damaged(one, chance) if isinstance(one, BaseModel) else _text(chance)
        return record.of({**values, name: tuple(items)})
    name = chance.choice(list(values))
    kind, value = type(record).model_fields[name].annotation, values[name]
    if name == "extras":
        changed: Any = (chance.choice(_KEPT), *value)
    elif name == "kept":
        head = chance.choice(["BEG", "PO1", "N1", "REF", "CTT", "BSN", "LIN", "TDS", "SN1"])
        changed = (*value, KeptElement(segment_id=head, position=chance.randrange(1, 12), value=_text(chance)))
    elif name == "items" and "ItemId" in str(kind):
        changed = (*value, *[ItemId(qualifier="ZZ", value="1")] * chance.randrange(1, 12))
    elif isinstance(value, tuple):
        changed = (*value, *value, *value) if chance.random() < 0.5 else ()
    elif isinstance(value, Decimal) or "Decimal" in str(kind):
        text = chance.choice(_NUMBERS)
        changed = None if text is None else Decimal(text)
    elif isinstance(value, date) or "datetime.date" in str(kind):
        changed = chance.choice(_DAYS)
    elif isinstance(value, str):
        changed = _text(chance)
    else:
        return record
    return record.of({**values, name: changed})


envelopes = st.builds(
    Envelope,
    st.just("ZZ"),
    st.just("SENDER"),
    st.just("01"),
    st.just("123456789"),
    version=st.sampled_from(["004010", "005010", "004010VICS"]),
    element_separator=st.sampled_from(["*", "|", '"', "{", "\\", "'", "\x1d"]),
    terminator=st.sampled_from(["~", "\n", "\x1c"]),
    suffix=st.sampled_from(["", "\r", "\r\n"]),
    character_set=st.sampled_from(["extended", "basic", "utf-8"]),
    encoding=st.sampled_from(["latin-1", "cp1252", "ascii"]),
    hash_totals=st.booleans(),
)


@pytest.mark.parametrize("name", ALL)
def test_both_ways_write_the_same_of_any_document(name: str) -> None:
    @_settings
    @given(st.lists(ALL[name], min_size=1, max_size=2), envelopes, st.integers(0, 1 << 30), st.integers(0, 2))
    def check(documents: list[Record], envelope: Envelope, seed: int, times: int) -> None:
        chance = random.Random(seed)
        for _ in range(times):
            documents[0] = damaged(documents[0], chance)
        assert outcome(documents, envelope) == slowly(documents, envelope)

    check()


@pytest.mark.parametrize("set_type", sorted(BODIES))
def test_both_ways_write_the_same_of_what_was_read(set_type: str) -> None:
    """Documents of files with kept segments, trees and notes, each damaged in many ways."""
    [received] = _read(spell(Style(suffixes=("\n",)), (set_type,)))
    assert received.document is not None
    for seed in range(300):
        document = damaged(received.document, random.Random(seed))
        for version in ("004010", "005010"):
            envelope = replace(ENVELOPE, version=version, hash_totals=seed % 2 == 0)
            assert outcome([document], envelope) == slowly([document], envelope), seed


def test_plain_documents_are_written_by_made_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the tests above would compare the slow way with itself."""
    went: list[tuple[str, bool]] = []
    original = Composer.text

    def spied(self: Composer, *given: Any, **named: Any) -> str | None:
        text = original(self, *given, **named)
        went.append((self._rule.set_type, text is not None))
        return text

    monkeypatch.setattr(Composer, "text", spied)
    data, expected = interchange(40, lines=6)
    documents = [received.document for received in _read(data)]
    written = write_interchange(ENVELOPE, ControlNumbers(7, 9), [d for d in documents if d is not None], AT)
    assert sum(expected.documents.values()) == len(went) == 40
    assert all(made for _, made in went)
    assert written == slowly([d for d in documents if d is not None], ENVELOPE)


def test_every_set_with_a_scope_has_functions() -> None:
    data = [spell(Style(), (kind,)) for kind in sorted(BODIES)]
    for one in data:
        outcome([received.document for received in _read(one) if received.document is not None], ENVELOPE)
    tables = {key[0] for key, composer in COMPOSERS._made.items() if composer._body == composer._by_tables}
    assert tables == {"997"}
    assert {key[0] for key in COMPOSERS._made} == set(BODIES)


def test_functions_are_made_once_enough_sets_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "PAYS_AFTER", 2)
    [received] = _read(spell(Style(), ("850",)))
    assert received.document is not None
    written = []
    for _ in range(4):
        written.append(outcome([received.document], ENVELOPE).data)
        if len(written) == 2:
            assert not COMPOSERS._made
    assert len(COMPOSERS._made) == 1
    assert len(set(written)) == 1


def _read(data: bytes) -> list[ReceivedSet]:
    return [item for item in read_interchanges(data) if isinstance(item, ReceivedSet)]
