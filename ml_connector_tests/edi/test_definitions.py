"""The definitions are whole: every set loads, every segment in them is known, every element has a type."""

from importlib import resources

import pytest
import yaml

from ml_connector.edi.mapping.registry import KINDS
from ml_connector.edi.validation.schema import (
    SUPPORTED_SETS,
    LoopRule,
    own_dictionary,
    segment_rules,
    set_rule,
    well_formed,
)

FOLDER = resources.files("ml_connector.edi").joinpath("definitions")


def source(name: str) -> dict:  # type: ignore[type-arg]
    return yaml.safe_load(FOLDER.joinpath(name).read_text("utf-8"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("version", ["004010", "005010", "003010", "006040", "004010VICS"])
@pytest.mark.parametrize("set_type", SUPPORTED_SETS)
def test_every_set_compiles_in_every_version(set_type: str, version: str) -> None:
    rule = set_rule(set_type, version)
    assert rule is not None
    assert (rule.root.nodes[0].segment_id, rule.root.nodes[-1].segment_id) == ("ST", "SE")
    assert rule.kind == KINDS[set_type].value
    assert rule.members <= rule.known


@pytest.mark.parametrize("set_type", SUPPORTED_SETS)
def test_every_segment_is_described_or_said_to_be_unchecked(set_type: str) -> None:
    rule = set_rule(set_type, "004010")
    assert rule is not None
    unchecked = set(source("segments.yaml")["unchecked"].split())
    assert rule.members - set(rule.segments) - unchecked == set()


@pytest.mark.parametrize("set_type", SUPPORTED_SETS)
def test_a_segment_stands_once_in_a_loop(set_type: str) -> None:
    """Writing places segments by their id: that must be one place."""
    rule = set_rule(set_type, "004010")
    assert rule is not None

    def check(loop: LoopRule) -> None:
        ids = [node.segment_id for node in loop.nodes]
        assert len(ids) == len(set(ids)), loop.loop_id
        for node in loop.nodes:
            if node.loop:
                assert node.loop.nodes[0].segment_id == node.segment_id
                check(node.loop)

    check(rule.root)


def test_notation_has_no_misspelt_keys() -> None:
    known = {"elements", "pairs", "to", "rest", "conditions", "when", "from", "changed"}
    for segment_id, rule in source("segments.yaml")["segments"].items():
        assert set(rule) <= known, segment_id
    for name in SUPPORTED_SETS:
        assert set(source(f"{name}.yaml")) <= {"set", "name", "group", "kind", "counted", "quantity", "segments"}


def test_conditions_are_about_elements_that_exist() -> None:
    for version in ("004010", "005010"):
        for rule in segment_rules(version).values():
            for condition in rule.conditions:
                assert condition.kind in "PRCLE"
                assert max(condition.positions) <= len(rule.elements), rule.segment_id


def test_lengths_that_differ_by_version() -> None:
    """x12-procurement 13."""
    old, new = segment_rules("004010"), segment_rules("005010")
    assert (old["REF"].elements[1][0].most, new["REF"].elements[1][0].most) == (30, 50)
    assert (old["IT1"].elements[1][0].most, new["IT1"].elements[1][0].most) == (10, 15)
    assert (len(old["AK1"].elements), len(new["AK1"].elements)) == (2, 3)


@pytest.mark.parametrize(
    ("version", "formed", "own"),
    [
        ("004010", True, True),
        ("004010VICS", True, True),
        ("005010X231A1", True, True),
        ("003010", True, False),
        ("006040", True, False),
        ("40", False, False),
        ("", False, False),
        ("OO4010", False, False),
        ("990000", False, False),
    ],
)
def test_versions(version: str, formed: bool, own: bool) -> None:
    assert (well_formed(version), own_dictionary(version)) == (formed, own)


def test_an_unknown_set_has_no_definition() -> None:
    assert set_rule("832", "004010") is None
