"""Any damage to a file ends in documents and findings, or in SenderMustCorrect: never in another exception, and never
in another value of a set that was not touched."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.json import dump, kind_of, load
from ml_connector.edi.interchange import Item
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import SenderMustCorrect
from ml_connector_tests.edi.building import INVOICE, ORDER, group, interchange, transaction
from ml_connector_tests.edi.samples import NAMES, group_ends, read, sample, sets
from ml_connector_tests.support.examples import some

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
ASN = (
    "BSN*00*SHIP-1*20261121*0215*0001~HL*1**S*1~HL*2*1*O*1~PRF*PO-1~HL*3*2*P*1~MAN*GM*00300000000000000011~"
    "HL*4*3*I*0~LIN*1*VP*A~SN1**10*EA~CTT*4*10~"
)
CHANGE = "BCH*04*SA*PO-1***20261101~POC*1*QD*80*80*EA>1*12.5**VP*X~CTT*1~"
ANSWER = "BAK*00*AC*PO-1*20261121~PO1*1*100*EA*12.5~ACK*IA*60*EA*067*20261215~CTT*1~"
ACK = "AK1*PO*77~AK2*850*0001~AK3*PO1*7**8~AK4*5>1*355*5*EACH~AK5*R*5~AK9*R*1*1*0~"

MADE = interchange(
    group("PO", *(transaction("850", ORDER, f"000{n}") for n in (1, 2, 3))),
    group("IN", transaction("810", INVOICE), control="78"),
    group("SH", transaction("856", ASN), control="79"),
    group("PC", transaction("860", CHANGE), control="80"),
    group("PR", transaction("855", ANSWER), control="81"),
    group("FA", transaction("997", ACK), control="82"),
)
FILES = [MADE, *(sample(name) for name in NAMES)]

_bytes = st.one_of(st.sampled_from(list(b"~*>^\n\r 09AZ-.:UIST")), st.integers(0, 255))
_changes = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "add", "copy"]), st.integers(0, 1 << 16), _bytes, st.integers(1, 80)),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, changes: list[tuple[str, int, int, int]]) -> bytes:
    """The file with bytes changed, cut out, put in or doubled."""
    result = bytearray(data)
    for what, where, byte, length in changes:
        place = where % (len(result) + 1)
        if what == "set" and place < len(result):
            result[place] = byte
        elif what == "cut":
            del result[place : place + length % 20 + 1]
        elif what == "add":
            result[place:place] = bytes([byte])
        else:
            result[place:place] = result[place : place + length]
    return bytes(result)


def survey(items: list[Item]) -> None:
    """Everything that was read can be kept, and every answer can be sent."""
    for received in sets(items):
        assert received.accepted <= (received.document is not None)
        if received.document is not None:
            assert load(kind_of(received.document), dump(received.document)) == received.document
    answers = [end.acknowledgment for end in group_ends(items) if end.acknowledgment is not None]
    if answers:
        written = write_interchange(
            Envelope("ZZ", "BUYER", "ZZ", "SELLER", character_set="basic"), ControlNumbers(1, 1), answers, AT
        )
        assert all(s.accepted for s in sets(read(written.data, "strict")))


@settings(max_examples=some(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(FILES),
    _changes,
    st.sampled_from(["strict", "standard", "lenient"]),
    st.sampled_from(["latin-1", "utf-8", "ascii"]),
)
def test_any_damage_is_told_and_nothing_else_happens(
    data: bytes, changes: list[tuple[str, int, int, int]], mode: str, encoding: str
) -> None:
    try:
        items = read(damaged(data, changes), mode, encoding=encoding)
    except SenderMustCorrect:
        return
    survey(items)


@settings(max_examples=some(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 16), _bytes, st.sampled_from(["set", "cut", "add"]))
def test_damage_in_one_set_leaves_all_others_as_they_were(where: int, byte: int, what: str) -> None:
    """One byte between ST and SE of the second set; a line of it may now look like the end of a set, no more."""
    before = sets(read(MADE))
    start = before[1].offset_start + len("ST*850*0002~")
    end = before[1].offset_end - len("~SE*11*0002~")
    changed = damaged(MADE[start:end], [(what, where, byte, 1)])
    after = sets(read(MADE[:start] + changed + MADE[end:]))
    untouched = [s for i, s in enumerate(before) if i != 1]
    found = [(s.set_type, s.control_number, s.document) for s in after if s.accepted]
    for received in untouched:
        assert (received.set_type, received.control_number, received.document) in found


@settings(max_examples=some(200), deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for candidate in (data, MADE[:120] + data, MADE[:400] + data):
        try:
            survey(read(candidate))
        except SenderMustCorrect:
            assert candidate is data or b"ISA" not in candidate[:3]
