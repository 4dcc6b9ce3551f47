"""X12 as the ledger can hold it: NUL is no text, and in UTF-16 it is half of every letter."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.edi import ReceivedSet, read_interchanges
from ml_connector.flows.inbound.format_detection import Storable
from ml_connector_tests.hostile.interchanges import Envelope

BODY = ["BIG*20261120*N-1", "IT1*1*10*EA*14.75**VP*NW-R48", "PID*F****größe Ω", "TDS*14750"]
PLAIN = Envelope().wrapped([["ST*810*0001", *BODY, "SE*6*0001"]]).decode("latin-1").replace("gr", "gr\x00")
TEXT = PLAIN.encode("utf-8").decode("utf-8")


def read(data: bytes, size: int) -> bytes:
    source, found = Storable(io.BytesIO(data)), b""
    while part := source.read(size):
        found += part
    return found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8"])
def test_an_interchange_is_read_whatever_its_encoding_and_holds_no_nul(encoding: str) -> None:
    source = io.BytesIO(read(TEXT.encode(encoding), 512))
    (received,) = [one for one in read_interchanges(source) if isinstance(one, ReceivedSet)]
    assert received.accepted
    assert "\x00" not in str(received.document)
    assert "N-1" in str(received.document)


@given(st.text(max_size=20), st.sampled_from(["utf-16-le", "utf-16-be"]), st.integers(1, 7))
def test_in_utf_16_only_the_character_nul_is_replaced(text: str, encoding: str, size: int) -> None:
    """However the file is cut while it is read."""
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    sent = "ISA" + text
    found = read(mark + sent.encode(encoding, "replace"), max(size, 4))
    assert found.decode("utf-16") == sent.encode("utf-16", "replace").decode("utf-16").replace("\x00", "\x1a")


def test_elsewhere_a_nul_is_replaced_and_places_stay() -> None:
    assert read(b"ISA*\x00*\x00", 3) == b"ISA*\x1a*\x1a"
