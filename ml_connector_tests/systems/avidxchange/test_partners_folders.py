"""Partners' folders at AvidXchange: one, of approved invoices, is read; no file is ever put into any."""

import pytest

from ml_connector.errors import ConfigError, NotPossibleError
from ml_connector.systems.avidxchange.partners_folders import BATCHES, PartnersFolders


@pytest.fixture
def folders() -> PartnersFolders:
    made = PartnersFolders()
    made.connection, made.switch = "avid", "resources.batches.enabled"
    return made


def test_no_file_of_a_partners_is_put_there(folders: PartnersFolders) -> None:
    for act in (
        lambda: folders.stage("orders", "PO.edi", b"x"),
        lambda: folders.publish("orders", "PO.tmp", "PO.edi"),
        lambda: folders.upload("orders", "PO.edi", b"x"),
    ):
        with pytest.raises(NotPossibleError, match=r"PO\.edi is a partner's file, and records alone are sent here"):
            act()
    assert folders.find("orders", "PO.edi", 1) is None
    assert folders.copies("orders", ["PO.edi"]) == {}


@pytest.mark.parametrize(("channel", "on"), [("orders", True), (BATCHES, False)])
def test_a_folder_that_is_not_there_is_told_with_what_switches_it_on(
    folders: PartnersFolders, channel: str, on: bool
) -> None:
    with pytest.raises(ConfigError, match=f"avid: there is no folder '{channel}' here") as refused:
        folders.must_be_there(channel, on=on)
    assert "switch resources.batches.enabled on" in refused.value.remedy
    folders.must_be_there(BATCHES, on=True)


def test_folders_that_a_partners_file_names_for_nothing_are_told(folders: PartnersFolders) -> None:
    found = folders.of_others(receive=[BATCHES, "invoices"], send=["orders"])
    assert [(one.channel, one.ok) for one in found] == [("invoices", False), ("orders", False)]
    assert folders.of_others(receive=[BATCHES], send=[]) == []
