"""A question that only a person can answer: told as an alert, once for all that wait for it, and by the sensors."""

import pytest
import yaml

from ml_connector.errors import DecisionNeeded
from ml_connector.ledger.coordination import alerts
from ml_connector.orchestration.jobs.maintenance_job import decision_causes
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.orchestration.stage import Stage


def give(stage: Stage, division: int) -> None:
    """The company that connections.yaml says."""
    path = stage.scene.bench.config
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["connections"]["exact_nl"]["division"] = division
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture
def asked(stage: Stage) -> Stage:
    """A held invoice that was told, and then another company under the connection."""
    give(stage, DIVISION)
    stage.scene.invoice(stage.scene.orders(1), {"overcharge_percent": "12.5"})
    assert stage.inbound().success
    assert stage.plain("standing").success
    give(stage, SECOND_DIVISION)
    return stage


def causes(stage: Stage) -> dict[str, alerts.Alert]:
    with stage.scene.deployment.ledger.read() as tx:
        return {one.cause: one for one in alerts.open_alerts(tx)}


HELD = "exact_cleo/invoices_in/quarantined/price_tolerance"


def test_a_question_is_an_alert_until_it_is_decided(asked: Stage) -> None:
    assert HELD in causes(asked)
    for _ in range(2):
        assert asked.plain("standing").success
    told = causes(asked)
    assert set(told) == {HELD, "decisions/exact_nl"}, "what is held is not told as recovered"
    message, remedy = told["decisions/exact_nl"].detail["lines"]
    assert str(SECOND_DIVISION) in message
    assert "ml-connector ledger move --company exact_nl" in remedy
    give(asked, DIVISION)
    assert asked.plain("standing").success
    assert set(causes(asked)) == {HELD}


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_sensor_says_what_is_asked(asked: Stage, direction: str) -> None:
    said = asked.tick(f"exact_cleo_{direction}_sensor").skip_message
    assert f"exact_cleo {direction}: Connection exact_nl had company" in said
    assert "ml-connector ledger move --company exact_nl" in said


def test_one_question_that_stops_several_is_told_once() -> None:
    question = DecisionNeeded("Which?", remedy="Say.", data={"connection": "exact_nl"})
    other = DecisionNeeded("What?", remedy="Tell.", data={"integration": "c"})
    first, second = decision_causes([("a", question), ("b", question), ("c", other)])
    assert (first.cause, first.count) == ("decisions/exact_nl", 2)
    assert first.title.startswith("a, b asked")
    assert list(first.lines) == ["Which?", "To fix: Say."]
    assert (second.cause, second.count) == ("decisions/c", 1)
