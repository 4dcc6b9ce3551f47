"""Writing: whole under the final name or not there, whatever breaks; nothing of somebody else is written over."""

from typing import Any

import pytest

from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    ConnectorError,
    OutcomeUnknown,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.truecommerce.bench import Bench

DATA = b"ISA*00*" * 20_000


def test_an_upload_stands_whole_under_its_name_and_leaves_nothing_else(tc: Bench) -> None:
    written = tc.network().upload("Import", "850 one.edi", DATA)
    assert written.outside_id == "850 one.edi"
    assert tc.imported() == {"850 one.edi": DATA}
    assert tc.calls("RENAME") == 1


def test_staged_bytes_have_a_temporary_name_until_they_are_published(tc: Bench) -> None:
    network = tc.network(temp_prefix=".", temp_suffix=".filepart")
    staged = network.stage("Import", "a.edi", DATA)
    assert staged == ".a.edi.filepart"
    assert set(tc.imported()) == {staged}
    network.publish("Import", staged, "a.edi")
    assert tc.imported() == {"a.edi": DATA}


def test_staging_again_replaces_what_a_crash_left(tc: Bench) -> None:
    network = tc.network()
    network.stage("Import", "a.edi", DATA[:100])
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    network.publish("Import", staged, "a.edi")
    assert tc.imported() == {"a.edi": DATA}


def test_a_late_write_of_an_earlier_attempt_cuts_nothing_off(tc: Bench) -> None:
    """A worker that was paused in its write goes on while the one that took over is about to publish."""
    network = tc.network()
    first = network.stage("Import", "a.edi", DATA, attempt=1)
    second = network.stage("Import", "a.edi", DATA, attempt=2)
    assert second is not None
    assert set(tc.imported()) == {second} != {first}, "what the first left is taken away"
    network.stage("Import", "a.edi", DATA[:100], attempt=1)
    network.publish("Import", second, "a.edi")
    assert tc.imported()["a.edi"] == DATA


@pytest.mark.parametrize("attempt", [1, 2])
def test_what_a_lost_connection_had_asked_for_is_done_late_and_cuts_nothing_off(tc: Bench, attempt: int) -> None:
    """A busy server empties the temporary name for the connection that we gave up, behind our second try."""
    network = tc.network()
    network.find("Import", "warm", 1)
    tc.fault(FaultKind.RESET_BEFORE, "OPEN", "*.tmp")
    staged = network.stage("Import", "a.edi", DATA, attempt=attempt)
    assert staged is not None
    (asked,) = {one.path for one in tc.journal.requests if one.method == "OPEN" and one.fault is not None}
    tc.tree.put(asked, b"")
    network.publish("Import", staged, "a.edi")
    assert tc.imported()["a.edi"] == DATA


def test_publishing_again_after_it_was_taken_is_published(tc: Bench) -> None:
    """A missing temporary file means sent: nobody but us takes it away."""
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    network.publish("Import", staged, "a.edi")
    tc.service.state.tree.remove(f"{tc.service.state.import_path}/a.edi")
    assert network.publish("Import", staged, "a.edi").detail["found_published"] is True
    assert tc.imported() == {}


def test_a_missing_folder_never_counts_as_sent(tc: Bench) -> None:
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    parent, name = tc.tree.parent(tc.service.state.import_path)
    parent.entries["gone"] = parent.entries.pop(name)
    with pytest.raises((OutcomeUnknown, ConfigError)):
        network.publish("Import", staged, "a.edi")


@pytest.mark.parametrize("method", ["OPEN", "WRITE", "RENAME", "STAT"])
@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.HALF_WRITTEN])
def test_a_cut_at_any_step_is_mended_at_once_and_nothing_is_there_twice_or_half(
    tc: Bench, method: str, kind: FaultKind
) -> None:
    network = tc.network()
    network.find("Import", "warm", 1)
    tc.fault(kind, method, "*.tmp*" if method != "STAT" else "*")
    network.upload("Import", "a.edi", DATA)
    assert tc.imported() == {"a.edi": DATA}


@pytest.mark.parametrize("method", ["OPEN", "WRITE", "RENAME"])
@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.HALF_WRITTEN])
def test_while_cuts_last_nothing_half_stands_under_the_final_name(tc: Bench, method: str, kind: FaultKind) -> None:
    network = tc.network()
    tc.fault(kind, method, count=None)
    with pytest.raises(OutcomeUnknown if method == "RENAME" else TryAgain):
        network.upload("Import", "a.edi", DATA)
    assert tc.imported().get("a.edi") in {None, DATA}
    tc.faults.clear()
    staged = network.stage("Import", "b.edi", DATA)
    assert staged is not None


def test_an_unknown_rename_is_settled_by_publishing_again(tc: Bench) -> None:
    """The connection broke after the rename, and Transaction Manager took the file before we came back."""
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    tc.fault(FaultKind.RESET_AFTER, "RENAME", count=2)
    tc.fault(FaultKind.RESET_BEFORE, "STAT", count=None)
    with pytest.raises(OutcomeUnknown):
        network.publish("Import", staged, "a.edi")
    tc.faults.clear()
    tc.tree.remove(f"{tc.service.state.import_path}/a.edi")
    assert network.publish("Import", staged, "a.edi").detail["found_published"] is True


def test_a_publishing_that_was_begun_is_unknown_even_when_the_server_is_another_one_now(tc: Bench) -> None:
    """Were it told as not sent, the same order would go twice."""
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    tc.fault(FaultKind.RESET_AFTER, "RENAME")
    tc.service.state.change_host_key()
    with pytest.raises(OutcomeUnknown, match="CHANGED"):
        network.publish("Import", staged, "a.edi")
    assert tc.imported() == {"a.edi": DATA}


@pytest.mark.parametrize("change", ["host key", "login"])
def test_a_publishing_that_could_not_begin_is_not_sent(tc: Bench, change: str) -> None:
    staged = tc.network().stage("Import", "a.edi", DATA)
    assert staged is not None
    later = tc.network()
    if change == "login":
        tc.service.state.options.login = False
    else:
        tc.service.state.change_host_key()
    with pytest.raises(AuthorizationNeeded):
        later.publish("Import", staged, "a.edi")


def test_a_refused_rename_that_cannot_be_looked_after_is_unknown(tc: Bench) -> None:
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    tc.fault(FaultKind.STATUS, "RENAME", count=None)
    tc.fault(FaultKind.STATUS, "STAT", "*.tmp", status=3, count=None)
    with pytest.raises(OutcomeUnknown, match="tc_prod"):
        network.publish("Import", staged, "a.edi")


def test_a_rename_cut_between_its_two_names_is_finished(tc: Bench) -> None:
    """Some servers rename by a second name and the removal of the first: both may stand there after a cut."""
    network = tc.network()
    staged = network.stage("Import", "a.edi", DATA)
    assert staged is not None
    tc.tree.put(f"{tc.service.state.import_path}/a.edi", DATA)
    network.publish("Import", staged, "a.edi")
    assert tc.imported() == {"a.edi": DATA}


def test_a_name_that_is_taken_is_not_written_over(tc: Bench) -> None:
    tc.tree.put(f"{tc.service.state.import_path}/a.edi", b"somebody's")
    for network in (tc.network(), tc.network(use_rename=False)):
        with pytest.raises(RefusedBySystem, match="not written over"):
            network.upload("Import", "a.edi", b"x")
    assert tc.imported() == {"a.edi": b"somebody's"}


def test_a_refused_rename_refuses_the_upload_and_leaves_nothing(tc: Bench) -> None:
    tc.service.state.options.rename = False
    with pytest.raises(RefusedBySystem, match=r"refuses to rename.*write_directly_if_rename_refused"):
        tc.network().upload("Import", "a.edi", DATA)
    assert tc.imported() == {}


def test_where_renaming_is_refused_a_setting_writes_directly(tc: Bench) -> None:
    tc.service.state.options.rename = False
    tc.network(write_directly_if_rename_refused=True).upload("Import", "a.edi", DATA)
    assert tc.imported() == {"a.edi": DATA}


@pytest.mark.parametrize("changes", [{"use_rename": False}, {"temp_suffix": ""}])
def test_without_temporary_names_a_cut_upload_is_of_unknown_outcome(tc: Bench, changes: dict[str, Any]) -> None:
    network = tc.network(**changes)
    assert network.stage("Import", "a.edi", DATA) is None
    tc.fault(FaultKind.HALF_WRITTEN, "WRITE", skip=1)
    with pytest.raises(OutcomeUnknown, match="broke while"):
        network.upload("Import", "a.edi", DATA)
    assert network.find("Import", "a.edi", len(DATA)) is None
    assert 0 < len(tc.imported()["a.edi"]) < len(DATA)
    network.upload("Import", "a.edi", DATA)
    assert tc.imported() == {"a.edi": DATA}
    assert network.find("Import", "a.edi", len(DATA)) is not None


def test_a_full_folder_refuses_and_nothing_stays(tc: Bench) -> None:
    tc.service.state.options.quota = 50_000
    with pytest.raises(RefusedBySystem, match="cannot be written"):
        tc.network().upload("Import", "a.edi", DATA)
    assert tc.imported() == {}


def test_a_folder_closed_to_us_refuses(tc: Bench) -> None:
    tc.tree.folder(tc.service.state.import_path).writable = False
    with pytest.raises(RefusedBySystem, match="Permission denied"):
        tc.network().upload("Import", "a.edi", b"x")


@pytest.mark.parametrize("name", ["../a.edi", "a/b", "..", "", "a\nb", "a\\b"])
def test_a_name_that_is_a_path_is_never_written(tc: Bench, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a file's name"):
        tc.network().upload("Import", name, b"x")
    assert tc.calls("OPEN") == 0


def test_a_writer_that_is_taken_under_its_temporary_name_is_told(tc: Bench) -> None:
    """Nothing says that Transaction Manager leaves temporary names alone: the setting matters."""
    network = tc.network()
    tc.fault(FaultKind.STATUS, "STAT", "*.tmp", status=2)
    with pytest.raises(TryAgain, match="temp_suffix"):
        network.stage("Import", "a.edi", DATA)


@pytest.mark.parametrize("method", ["OPEN", "WRITE", "RENAME", "STAT"])
@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.RESET_BEFORE])
def test_every_failure_is_a_typed_error_that_names_the_connection(tc: Bench, method: str, kind: FaultKind) -> None:
    network = tc.network()
    tc.fault(kind, method, count=None)
    with pytest.raises(ConnectorError, match="tc_prod"):
        network.upload("Import", "a.edi", DATA)
