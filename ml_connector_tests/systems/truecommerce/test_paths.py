"""Channels and names: no text, whoever wrote it, leads out of its folder or to the wrong side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import ConfigError
from ml_connector.systems.sftp.hostkeys import HostKey, pin_from
from ml_connector.systems.sftp.paths import usable
from ml_connector.systems.truecommerce.paths import segments_of
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
fingerprints = st.binary(min_size=1, max_size=200).map(lambda blob: HostKey.of_blob("ssh-ed25519", blob))


def settings(**changes: object) -> TrueCommerceConnection:
    values = {"system": "truecommerce", "username": "u", "password": {"env": "X"}, "company_folder": "Acme & Co"}
    return TrueCommerceConnection.model_validate({**values, **changes})


@given(anything)
def test_a_usable_name_is_one_name_that_every_place_can_keep(name: str) -> None:
    if not usable(name):
        return
    name.encode("utf-8")
    assert "/" not in name
    assert "\\" not in name
    assert name not in {"", ".", ".."}
    assert "\x00" not in name
    assert len(name.splitlines()) == 1


@given(anything, st.sampled_from(["read", "write"]))
def test_a_channel_is_a_folder_below_its_start_or_an_error(channel: str, direction: str) -> None:
    try:
        parts = segments_of("tc", settings(root_prefix="/012"), channel, direction)  # type: ignore[arg-type]
    except ConfigError:
        return
    assert parts[0] == ""
    assert len(parts) > 1
    assert all(usable(part) for part in parts[1:])
    folded = [part.casefold() for part in parts]
    if "integrationftp" in folded:
        side = folded[folded.index("integrationftp") + 1 :][:1]
        assert side != (["import"] if direction == "read" else ["export"])


@pytest.mark.parametrize(
    ("channel", "direction", "root", "expected"),
    [
        ("Export", "read", "", ["."]),
        ("export", "read", "/012", ["", "012"]),
        ("IMPORT", "write", "/012/", ["", "012"]),
        ("Import/Other", "write", "012", [".", "012"]),
    ],
)
def test_the_two_words_stand_for_the_companys_folders(
    channel: str, direction: str, root: str, expected: list[str]
) -> None:
    side = "Export" if direction == "read" else "Import"
    company = "Other" if "/" in channel else "Acme & Co"
    found = segments_of("tc", settings(root_prefix=root), channel, direction)  # type: ignore[arg-type]
    assert found == [*expected, "IntegrationFTP", side, company, "Transaction"]


def test_a_company_that_is_not_named_is_told() -> None:
    with pytest.raises(ConfigError, match="company_folder is empty"):
        segments_of("tc", settings(company_folder=""), "Export", "read")


@pytest.mark.parametrize("channel", ["", "/", "..", "Export/..", "a/../b", "a//", "x\ny", "./Export"])
def test_what_is_no_folder_is_an_error_or_has_no_dots(channel: str) -> None:
    try:
        parts = segments_of("tc", settings(), channel, "read")
    except ConfigError:
        return
    assert parts == [".", "a"]


@given(fingerprints, fingerprints)
def test_a_host_key_is_itself_in_every_form_and_no_other(one: HostKey, other: HostKey) -> None:
    for text in (str(one), one.fingerprint, one.fingerprint + "="):
        key = pin_from(text, None).key
        assert key is not None
        assert key.same_as(one)
    assert one.same_as(other) == (one.fingerprint == other.fingerprint)


def test_the_configured_key_counts_before_the_stored_one() -> None:
    one, other = HostKey.of_blob("a", b"1"), HostKey.of_blob("b", b"2")
    pin = pin_from(str(one), str(other))
    assert pin.key == one
    assert pin.configured
    assert pin_from("", None).key is None
    with pytest.raises(ConfigError, match="Accept the host key again"):
        pin_from("", "nonsense")


@pytest.mark.parametrize(
    "changes",
    [
        {"password": None},
        {"host_key_fingerprint": "MD5:aa:bb"},
        {"after_read": "move"},
        {"temp_suffix": "/../x"},
        {"include_pattern": "("},
        {"port": 0},
        {"timeout_seconds": 0},
    ],
)
def test_a_connection_that_cannot_work_is_refused_when_it_is_read(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        settings(**changes)
