"""What people call segments, elements and codes (edi/definitions/names.yaml): for showing, never for deciding."""

from functools import cache
from importlib import resources
from typing import Any

from ml_connector.edi.validation.schema import segment_rules

_VERSION = "004010"


@cache
def _names() -> dict[str, dict[str, Any]]:
    import yaml  # only where names are first shown

    text = resources.files("ml_connector.edi").joinpath("definitions", "names.yaml").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return loaded


def segment_name(segment_id: str) -> str:
    """What a segment is; empty for one that has no name here."""
    return str(_names()["segments"].get(segment_id, ""))


def element_name(segment_id: str, position: int) -> str:
    """What an element of a segment is, counted from 1; empty where that is not known."""
    return str(_names()["elements"].get(_number(segment_id, position), ""))


def value_meaning(segment_id: str, position: int, value: str) -> str:
    """What a code means; empty for what is no code, or has no meaning here."""
    meanings = _names()["codes"].get(_number(segment_id, position), {})
    return str(meanings.get(value, ""))


def _number(segment_id: str, position: int) -> str:
    """The number of an element in the dictionary; empty for one that the definitions do not have."""
    rule = segment_rules(_VERSION).get(segment_id)
    if rule is None or not 1 <= position <= len(rule.elements):
        return ""
    return rule.elements[position - 1][0].number
