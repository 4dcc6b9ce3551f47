"""A partner's overlay adds codes, narrows them, forgives what is missing, and ignores what is known."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from ml_connector.config.partners import Partner, X12Guide
from ml_connector.edi.interchange import read_interchanges
from ml_connector.edi.validation.overlay import Overlay, overlay_from
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import ConfigError
from ml_connector.flows.inbound.readers.x12 import options_for
from ml_connector_tests.edi.building import ORDER, codes, one, order
from ml_connector_tests.edi.samples import ends, group_ends, read, sets


def test_added_codes() -> None:
    data = order(ORDER.replace("BEG*00*SA", "BEG*00*QQ"))
    overlay = overlay_from({"codes": {"92": ["QQ"]}})
    assert one(data).findings
    assert one(data, overlay=overlay).findings == ()


def test_a_list_that_a_partner_closes() -> None:
    overlay = overlay_from({"only": {"355": ["CA"]}})
    received = one(order(), "strict", overlay=overlay)
    assert ("element", "7", "PO103") in codes(received)
    assert not received.accepted


def test_a_mandatory_element_or_segment_made_optional() -> None:
    data = order(ORDER.replace("**20261121~", "~"))
    assert not one(data).accepted
    assert one(data, overlay=overlay_from({"optional": ["BEG05"]})).accepted


@pytest.mark.parametrize("ignored", ["PO103:5", "PO1:5", "*:5"])
def test_findings_that_are_ignored(ignored: str) -> None:
    data = order(ORDER.replace("*EA*12.5", "*EACH*12.5"))
    assert one(data, "strict", overlay=overlay_from({"ignore": [ignored]})).findings == ()


def test_segments_that_are_ignored() -> None:
    data = order(ORDER.replace("CUR*BY*USD~", "CUR*BY*USD~ZQ*1~"))
    assert one(data, "strict", overlay=overlay_from({"ignore": ["ZQ:1"]})).accepted


def test_an_empty_overlay_changes_nothing() -> None:
    assert overlay_from(None) == Overlay()


@pytest.mark.parametrize(
    "values", [{"kodes": {}}, {"codes": ["355"]}, {"codes": {"355": "EA"}}, {"optional": "BEG05"}, {"ignore": 7}]
)
def test_a_wrong_overlay_names_its_key(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="overlay"):
        overlay_from(values)


def test_a_partners_file_carries_its_overlay() -> None:
    """`guide` of a partner file: codes, mandatory made optional, findings ignored; wrong ones are refused."""
    partner = Partner.model_validate(
        {
            "name": "acme",
            "vendor": "1",
            "identity": {"qualifier": "ZZ", "id": "SELLER"},
            "channels": {"receive": ["in"], "send": "out"},
            "guide": {"codes": {"92": ["QQ"]}, "optional": ["BEG05"], "ignore": ["PO103:5"]},
        }
    )
    odd = order(ORDER.replace("BEG*00*SA", "BEG*00*QQ").replace("**20261121~", "~").replace("*EA*12.5", "*EACH*12.5"))
    assert not one(odd, "strict").accepted
    options = replace(options_for(partner), mode="strict")
    [received] = sets(list(read_interchanges(odd, options)))
    assert (received.accepted, received.findings) == (True, ())
    wrongs: list[dict[str, object]] = [{"optional": ["beg5"]}, {"ignore": ["PO103"]}, {"kodes": {}}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            X12Guide.model_validate(wrong)


def test_a_partner_that_wants_999_gets_it() -> None:
    end = group_ends(read(order(version="005010"), acknowledge_with="999"))[0]
    assert end.acknowledgment is not None
    envelope = Envelope("ZZ", "BUYER", "ZZ", "SELLER", version="005010")
    written = write_interchange(envelope, ControlNumbers(1, 1), [end.acknowledgment], datetime(2026, 1, 1, tzinfo=UTC))
    assert b"~ST*999*0001~AK1*PO*77*005010~AK2*850*0001~IK5*A~AK9*A*1*1*1~" in written.data
    assert one(written.data, "strict").document == end.acknowledgment


@pytest.mark.parametrize(("wanted", "made"), [("asked", False), ("always", True), ("never", False)])
def test_a_partner_that_wants_a_ta1_for_everything(wanted: str, made: bool) -> None:
    end = ends(read(order(), acknowledge_interchanges=wanted))[0]
    assert (end.acknowledgment is not None) == made
