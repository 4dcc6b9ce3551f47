"""A partner's overlay adds codes, narrows them, forgives what is missing, and ignores what is known."""

import pytest

from ml_connector.edi.overlay import Overlay, overlay_from
from ml_connector.errors import ConfigError
from ml_connector_tests.edi.building import ORDER, codes, one, order


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
