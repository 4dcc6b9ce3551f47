"""Damage to the envelope is told, and never takes a neighbour along."""

import io
from pathlib import Path

import pytest

from ml_connector.edi.framing import byte_window
from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
from ml_connector.errors import ConfigError, SenderMustCorrect
from ml_connector_tests.edi.building import INVOICE, ORDER, group, interchange, invoice, one, order, transaction
from ml_connector_tests.edi.samples import ends, group_ends, group_starts, read, sets, starts, strays

THREE = interchange(
    group("PO", *(transaction("850", ORDER.replace("4500000042", f"PO-{n}"), f"000{n}") for n in (1, 2, 3)))
)


def numbers(data: bytes) -> list[str]:
    """Numbers of the accepted documents of a file."""
    return [s.document.number for s in sets(read(data)) if s.accepted and s.document]  # type: ignore[attr-defined]


def set_codes(data: bytes) -> list[list[str]]:
    return [[f.code for f in s.findings if f.level == "set"] for s in sets(read(data))]


def interchange_codes(data: bytes) -> list[list[str]]:
    return [[f.code for f in end.findings] for end in ends(read(data))]


def group_codes(data: bytes) -> list[list[str]]:
    return [[f.code for f in end.findings] for end in group_ends(read(data))]


def test_offsets_cut_the_set_out_of_the_file() -> None:
    for received in sets(read(THREE)):
        piece = THREE[received.offset_start : received.offset_end]
        assert piece.startswith(b"ST*850*" + received.control_number.encode())
        assert piece.endswith(b"*" + received.control_number.encode() + b"~")


def test_a_missing_se() -> None:
    data = THREE.replace(b"SE*11*0002~", b"")
    assert numbers(data) == ["PO-1", "PO-3"]
    assert set_codes(data) == [[], ["2"], []]


def test_a_missing_st() -> None:
    data = THREE.replace(b"ST*850*0002~", b"")
    assert numbers(data) == ["PO-1", "PO-3"]
    assert set_codes(data) == [[], ["6"], []]


def test_wrong_counts_and_numbers_of_a_set() -> None:
    assert set_codes(THREE.replace(b"SE*11*0002", b"SE*12*0002")) == [[], ["4"], []]
    assert set_codes(THREE.replace(b"SE*11*0002", b"SE*11*002")) == [[], ["3"], []]
    assert set_codes(THREE.replace(b"SE*11*0002", b"SE*x*0002")) == [[], ["4"], []]
    assert set_codes(THREE.replace(b"*0002", b"*0001")) == [[], ["23"], []]
    assert set_codes(THREE.replace(b"ST*850*0002", b"ST*777*0002")) == [[], ["1"], []]
    assert set_codes(THREE.replace(b"ST*850*0002", b"ST*85*0002")) == [[], ["6", "1"], []]
    assert set_codes(THREE.replace(b"*0002", b"*2")) == [[], ["7"], []]


def test_control_numbers_of_sets_are_compared_as_text() -> None:
    """SE02 = ST02, zeros included (x12-procurement 2)."""
    assert set_codes(THREE.replace(b"SE*11*0002", b"SE*11*00002"))[1] == ["3"]


def test_a_terminator_lost_before_st_damages_only_the_two_it_joins() -> None:
    data = THREE.replace(b"SE*11*0001~ST*850*0002~", b"SE*11*0001ST*850*0002~")
    assert numbers(data) == ["PO-3"]


def test_a_missing_ge() -> None:
    data = THREE.replace(b"GE*3*77~", b"")
    assert group_codes(data) == [["3"]]
    assert len(numbers(data)) == 3


def test_wrong_counts_and_numbers_of_a_group() -> None:
    assert group_codes(THREE.replace(b"GE*3*77", b"GE*2*77")) == [["5"]]
    assert group_codes(THREE.replace(b"GE*3*77", b"GE*3*78")) == [["4"]]
    assert group_codes(THREE.replace(b"GE*3*77", b"GE*3*0077")) == [[]]
    assert group_codes(THREE.replace(b"*77*X*", b"*7A*X*").replace(b"GE*3*77", b"GE*3*7A")) == [["6"]]
    assert group_codes(THREE.replace(b"X*004010", b"X*40")) == [["2"]]


def test_a_group_of_an_impossible_version_is_read_but_not_accepted() -> None:
    data = THREE.replace(b"X*004010", b"X*40")
    assert [s.document is not None for s in sets(read(data))] == [True, True, True]
    assert numbers(data) == []
    answer = group_ends(read(data))[0].acknowledgment
    assert answer is not None
    assert (answer.code, answer.reasons) == ("R", ("2",))


def test_a_missing_gs() -> None:
    data = THREE.replace(b"GS*PO*SELLER*BUYER*20261121*0215*77*X*004010~", b"")
    items = read(data)
    assert len(sets(items)) == 3
    assert "024" in [f.code for f in ends(items)[0].findings]
    assert [g.acknowledgment for g in group_ends(items)] == [None]


def test_a_missing_iea_is_an_incomplete_interchange() -> None:
    data = THREE.replace(b"IEA*1*000000077~", b"")
    assert [(e.complete, [f.code for f in e.findings]) for e in ends(read(data))] == [(False, ["023"])]


def test_wrong_counts_and_numbers_of_an_interchange() -> None:
    assert interchange_codes(THREE.replace(b"IEA*1*", b"IEA*2*")) == [["021"]]
    assert interchange_codes(THREE.replace(b"IEA*1*000000077", b"IEA*1*000000078")) == [["001"]]
    assert interchange_codes(THREE.replace(b"*000000077*0*P", b"*00000A077*0*P"))[0][:1] == ["018"]
    assert interchange_codes(THREE.replace(b"*261121*0215*U", b"*261321*2515*U")) == [["014", "015"]]
    assert interchange_codes(THREE.replace(b"*0*P*>", b"*0*Q*>")) == [["020"]]


def test_two_interchanges_with_other_separators_and_text_around_them() -> None:
    other = invoice().replace(b"*", b"|").replace(b"~", b"\n").replace(b"000000077", b"000000078")
    data = b"From: partner\r\n\r\n" + THREE + b"\r\nsome text\r\n" + other + b"bye"
    items = read(data)
    assert [s.text for s in strays(items)] == ["From: partner", "some text", "bye"]
    assert [s.separators.element for s in starts(items)] == ["*", "|"]
    assert [s.set_type for s in sets(items)] == ["850"] * 3 + ["810"]
    assert all(s.accepted for s in sets(items))


def test_an_interchange_cut_off_before_the_next() -> None:
    for cut in (len(THREE) - 20, len(THREE) - 60, 400, 130):
        data = THREE[:cut] + invoice().replace(b"000000077", b"000000078")
        items = read(data)
        assert [e.complete for e in ends(items)] == [False, True], cut
        last = sets(items)[-1]
        assert (last.set_type, last.accepted) == ("810", True), cut


def test_interchanges_without_the_last_terminator_one_behind_the_other() -> None:
    data = THREE[:-1] + invoice().replace(b"000000077", b"000000078")
    assert [(e.complete, e.findings) for e in ends(read(data))] == [(True, ()), (True, ())]


def test_the_same_control_number_twice_is_told_at_the_start() -> None:
    first, second = starts(read(THREE + THREE))
    assert [f.code for f in first.findings] == []
    assert [f.code for f in second.findings] == ["025"]
    # other partners may use the same number
    other = THREE.replace(b"*SELLER         *", b"*SELLER2        *")
    assert [f.code for s in starts(read(THREE + other)) for f in s.findings] == []


def test_two_groups_of_different_versions() -> None:
    data = interchange(
        group("PO", transaction("850", ORDER), control="1", version="005010"),
        group("IN", transaction("810", INVOICE), control="2"),
    )
    items = read(data)
    assert [(g.functional_id, g.version) for g in group_starts(items)] == [("PO", "005010"), ("IN", "004010")]
    assert all(s.accepted for s in sets(items))


def test_a_functional_id_that_does_not_fit_is_a_warning() -> None:
    received = one(order().replace(b"GS*PO", b"GS*IN"))
    assert received.accepted
    assert [(f.code, f.severity.value) for f in received.findings] == [("functional_group", "warning")]


def test_text_between_sets_is_stray_and_the_sets_are_read() -> None:
    data = THREE.replace(b"ST*850*0002", b"XX*1*2~YY~ST*850*0002")
    items = read(data)
    assert [s.text for s in strays(items)] == ["XX*1*2~YY~"]
    assert numbers(data) == ["PO-1", "PO-2", "PO-3"]


@pytest.mark.parametrize(
    "data", [b"", b"   \r\n", b"<?xml version='1.0'?><a/>", b"UNB+UNOA:1+A+B'", b"ISA", b"ISA*00*", b"\x00" * 5000]
)
def test_what_is_not_x12_raises_and_says_how_it_begins(data: bytes) -> None:
    with pytest.raises(SenderMustCorrect) as caught:
        read(data)
    assert len(str(caught.value)) < 300


def test_a_binary_file_is_named_by_a_bounded_beginning() -> None:
    with pytest.raises(SenderMustCorrect) as caught:
        read(bytes(range(256)) * 4000)
    assert len(str(caught.value)) < 500


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ConfigError):
        read(THREE, mode="careless")
    with pytest.raises(ConfigError):
        read(THREE, encoding="klingon")


def test_a_set_longer_than_allowed_is_passed_by() -> None:
    long = transaction("850", ORDER.replace("PID*F****WIDGET~", "PID*F****WIDGET~" * 60000), "0002", count=60010)
    data = interchange(group("PO", transaction("850", ORDER), long, transaction("850", ORDER, "0003")))
    found = sets(read(data, max_set_bytes=400_000))
    assert [(s.accepted, s.document is not None) for s in found] == [(True, True), (False, False), (True, True)]
    assert "5" in [f.code for f in found[1].findings]
    assert data[found[2].offset_start :].startswith(b"ST*850*0003")


def test_a_set_of_more_segments_than_allowed_is_passed_by() -> None:
    long = transaction("850", ORDER.replace("PID*F****WIDGET~", "X~" * 5000), "0002")
    data = interchange(group("PO", transaction("850", ORDER), long))
    found = sets(read(data, max_segments=4000))
    assert [s.accepted for s in found] == [True, False]
    assert [f.code for f in found[1].findings] == ["5"]


def test_findings_of_a_set_are_bounded() -> None:
    received = one(order(ORDER.replace("PID*F****WIDGET~", "QQQ*1~" * 5000)))
    assert len(received.findings) == ReadOptions().max_findings


def test_reading_in_small_pieces_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"text\n" + THREE + b"\n\n" + invoice().replace(b"000000077", b"000000078") + b"end"
    whole = list(read_interchanges(data))
    for size in (1, 3, 50, 200):
        monkeypatch.setattr(byte_window, "CHUNK", size)
        assert list(read_interchanges(io.BytesIO(data))) == whole


def test_a_long_file_is_read_in_memory_bounded_by_its_sets(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "long.edi"
    body = [transaction("850", ORDER, f"{n:06d}") for n in range(2000)]
    path.write_bytes(interchange(group("PO", *body)))
    assert path.stat().st_size > 400_000
    count = 0
    with path.open("rb") as file:
        list(read_interchanges(order()))
        tracemalloc.start()
        for item in read_interchanges(file, ReadOptions(acknowledge_accepted=False)):
            count += isinstance(item, ReceivedSet)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 2000
    # a window of bytes, one set, and the control numbers seen
    assert peak < 2_500_000


@pytest.mark.parametrize("suffix", ["\n", "\r\n", " \n", "\n\n"])
@pytest.mark.parametrize("found", [b"SE*", b"ST*", b"GE*", b"IEA*", b"GS*"])
def test_a_read_may_end_anywhere_between_two_segments(suffix: str, found: bytes) -> None:
    """What is read at a time ends behind a terminator, within the line end or behind it: nothing is missed."""
    sets_of_three = [transaction("850", ORDER, f"000{n}") for n in (1, 2, 3)]
    data = interchange(group("PO", *sets_of_three), group("PO", *sets_of_three, control="78"))
    data = data.replace(b"~", b"~" + suffix.encode())
    place = data.rindex(found)
    assert place > 700
    for cut in range(place - len(suffix) - 1, place + len(found) + 1):
        items = list(read_interchanges(Pieces([data[:cut], data[cut:]])))  # type: ignore[arg-type]
        assert [s.accepted for s in sets(items)] == [True] * 6
        assert all(end.complete and not end.findings for end in ends(items))


class Pieces:
    """A stream that gives its pieces one by one."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [b"", *pieces]
        self._pieces.reverse()
        self._pieces.pop()

    def read(self, size: int) -> bytes:
        return self._pieces.pop() if self._pieces else b""

    def seekable(self) -> bool:
        return False
