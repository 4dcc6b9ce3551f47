"""A folder that is misspelt or closed to us is told, and keeps nobody else's files from being read."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ml_connector.errors import AuthorizationNeeded, ConfigError
from ml_connector.flows import monitoring
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.inbound import polling, receiving
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene


def with_misspelt(integration: Integration, name: str) -> Integration:
    """The integration, a partner of which names a folder that is not there."""
    partner = integration.partners[name]
    channels = partner.channels.model_copy(update={"receive": ("/NOBODY/inbox",)})
    partners = {**integration.partners, name: partner.model_copy(update={"channels": channels})}
    return replace(integration, partners=partners)


def closed(stage: Scene) -> Integration:
    """The server refuses the first folder that is listed."""
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="GET", path="*/files", status=403))
    return stage.integration


def refused(stage: Scene) -> Integration:
    """The server makes nothing of the listing of the first folder."""
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="GET", path="*/files", status=400))
    return stage.integration


def misspelt(stage: Scene) -> Integration:
    first = next(iter(stage.integration.partners))
    assert first != "northwind", "the one whose files come is behind it"
    return with_misspelt(stage.integration, first)


@pytest.mark.parametrize("trouble", [misspelt, closed, refused])
def test_the_others_files_are_read(stage: Scene, trouble: Callable[[Scene], Integration]) -> None:
    stage.invoice(stage.orders(1))
    report = receiving.receive(trouble(stage), stage.work)
    assert (report.counts["folder_unusable"], report.counts["fetched"]) == (1, 1)
    assert len(report.notes) == 1


@pytest.mark.parametrize("trouble", [misspelt, closed, refused])
def test_the_sensor_sees_the_others_files(stage: Scene, trouble: Callable[[Scene], Integration]) -> None:
    from ml_connector.orchestration.sensors.pending_work import inbound_work

    stage.invoice(stage.orders(1))
    work = inbound_work(trouble(stage))
    assert "1 new file(s)" in work.reasons
    assert work.closed
    assert (work.unreachable, work.away) == ("", False)


def test_it_is_an_alert_until_it_can_be_used(stage: Scene) -> None:
    integration = misspelt(stage)
    polling.look_at_all(integration)
    (cause,) = monitoring.standing_causes(integration)
    assert cause.cause == "exact_cleo/folder//NOBODY/inbox"
    assert "there is no folder" in cause.lines[0]
    folder = next(iter(stage.integration.partners.values())).channels.receive[0]
    closed(stage)
    polling.look_at_all(stage.integration)
    assert list(polling.unusable_folders(stage.integration)) == [folder]
    polling.look_at_all(stage.integration)
    assert polling.unusable_folders(stage.integration) == {}


def test_where_no_folder_can_be_used_a_person_is_asked_for(stage: Scene) -> None:
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="GET", path="*/files", status=403, count=50))
    with pytest.raises(AuthorizationNeeded):
        receiving.receive(stage.integration, stage.work)
    with pytest.raises(AuthorizationNeeded):
        polling.look_at_all(stage.integration)


def test_a_log_in_that_is_refused_is_no_trouble_of_a_folder(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AuthorizationNeeded("cleo_prod: the server refuses the password.", remedy="Correct it.")

    monkeypatch.setattr(type(stage.integration.network), "list_files", refuse)
    with pytest.raises(AuthorizationNeeded):
        receiving.receive(stage.integration, stage.work)
    with pytest.raises(AuthorizationNeeded):
        receiving.receive(stage.integration, RunScope(stage.work.holder, dry_run=True))
    assert polling.unusable_folders(stage.integration) == {}


def test_a_dry_run_tells_it_too(stage: Scene) -> None:
    integration = misspelt(stage)
    report = receiving.receive(integration, RunScope(stage.work.holder, dry_run=True))
    assert report.counts["folder_unusable"] == 1
    assert polling.unusable_folders(integration) == {}, "a dry run writes nothing"


def test_where_every_folder_is_misspelt_the_configuration_is_wrong(stage: Scene) -> None:
    integration = stage.integration
    for name in integration.partners:
        integration = with_misspelt(integration, name)
    with pytest.raises(ConfigError):
        polling.look_at_all(integration)
