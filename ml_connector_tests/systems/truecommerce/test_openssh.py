"""The same client against a real OpenSSH server: what we take for granted of the protocol is so there too."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ml_connector.errors import AuthorizationNeeded, ConfigError, NeedsCorrection, RefusedBySystem
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.systems.sftp.hostkeys import HostKey
from ml_connector_tests.systems.truecommerce.bench import fetched, listed
from ml_connector_tests.systems.truecommerce.sshd import HOW, Sshd, find_sshd, private_key, running

pytestmark = pytest.mark.skipif(find_sshd() is None, reason=HOW)
DATA = bytes(range(256)) * 3000


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Sshd]:
    with running(tmp_path) as server:
        yield server


def test_files_come_and_go_whole(ssh: Sshd) -> None:
    (ssh.export / "one & two.XML").write_bytes(DATA)
    (ssh.export / "empty.edi").touch()
    network = ssh.network()
    files = listed(network)
    assert {name: file.size for name, file in files.items()} == {"one & two.XML": len(DATA), "empty.edi": 0}
    assert fetched(network, files["one & two.XML"]) == DATA
    assert fetched(network, files["empty.edi"]) == b""
    written = network.upload("Import", "850 1.edi", DATA)
    assert written.outside_id == "850 1.edi"
    assert [(path.name, path.read_bytes()) for path in ssh.imports.iterdir()] == [("850 1.edi", DATA)]
    found = network.find("Import", "850 1.edi", len(DATA))
    assert found is not None
    network.dispose("Export", files["empty.edi"], policy="delete")
    (ssh.export / "Done").mkdir()
    network.dispose("Export", files["one & two.XML"], policy="move", move_to="done")
    assert [path.name for path in ssh.export.iterdir()] == ["Done"]
    assert (ssh.export / "Done" / "one & two.XML").read_bytes() == DATA
    assert network.pool.connects == 1


def test_folders_are_found_whatever_their_case_and_from_where_the_login_starts(ssh: Sshd) -> None:
    (ssh.export / "a.edi").write_bytes(b"x")
    network = ssh.network(company_folder="VOLTWERK & sons")
    assert list(listed(network, "EXPORT")) == ["a.edi"]
    below = os.path.relpath(ssh.files, Path.home())
    if not below.startswith(".."):
        assert list(listed(ssh.network(root_prefix=below))) == ["a.edi"]


def test_a_rename_never_replaces_and_publishing_twice_is_one_file(ssh: Sshd) -> None:
    network = ssh.network()
    (ssh.imports / "taken.edi").write_bytes(b"somebody's")
    with pytest.raises(RefusedBySystem, match="not written over"):
        network.upload("Import", "taken.edi", DATA)
    staged = network.stage("Import", "mine.edi", DATA)
    assert staged is not None
    (ssh.imports / "mine.edi").write_bytes(b"put there meanwhile")
    with pytest.raises(RefusedBySystem, match="not written over"):
        network.publish("Import", staged, "mine.edi")
    (ssh.imports / "mine.edi").unlink()
    network.publish("Import", staged, "mine.edi")
    network.publish("Import", staged, "mine.edi")
    assert {path.name: path.read_bytes() for path in ssh.imports.iterdir()} == {
        "taken.edi": b"somebody's",
        "mine.edi": DATA,
    }


def test_five_thousand_files_are_listed_and_read_over_one_connection(ssh: Sshd) -> None:
    for number in range(5000):
        (ssh.export / f"f_{number:05d}.edi").write_bytes(str(number).encode())
    network = ssh.network(concurrency=4)
    files = listed(network)
    assert len(files) == 5000
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda file: fetched(network, file), list(files.values())[:200]))
    assert contents == [str(int(name[2:7])).encode() for name in list(files)[:200]]
    assert network.pool.connects == 1


def test_links_and_other_things_that_are_no_files_are_held(ssh: Sshd) -> None:
    (ssh.folder / "secret").write_bytes(b"outside")
    (ssh.export / "link.edi").symlink_to(ssh.folder / "secret")
    os.mkfifo(ssh.export / "pipe.edi")
    with socket.socket(socket.AF_UNIX) as bound:
        os_cwd = Path.cwd()
        os.chdir(ssh.export)
        try:
            bound.bind("socket.edi")
        finally:
            os.chdir(os_cwd)
    (ssh.export / "folder.edi").mkdir()
    network = ssh.network()
    files = listed(network)
    assert set(files) == {"link.edi", "pipe.edi", "socket.edi"}
    for file in files.values():
        with pytest.raises(NeedsCorrection, match=r"symbolic link|no regular file"):
            fetched(network, file)
        network.dispose("Export", file, policy="delete")
    assert {path.name for path in ssh.export.iterdir()} == {"link.edi", "pipe.edi", "socket.edi", "folder.edi"}


def test_names_that_cannot_be_kept_are_held_and_the_others_read(ssh: Sshd) -> None:
    folder = os.fsencode(ssh.export)
    for raw in (b"caf\xe9.edi", b"new\nline.edi", b"esc\x1b[2J.edi", b"back\\slash.edi"):
        Path(os.fsdecode(folder + b"/" + raw)).write_bytes(b"x")
    (ssh.export / "caf\u00e9.edi").write_bytes(b"fine")
    network = ssh.network()
    files = network.list_files("Export", start=0, limit=100).files
    assert len({file.remote_id for file in files}) == 5
    held = 0
    for file in files:
        if file.remote_id == "caf\u00e9.edi":
            assert fetched(network, file) == b"fine"
            continue
        with pytest.raises(NeedsCorrection):
            fetched(network, file)
        held += 1
    assert held == 4


def test_a_session_that_is_killed_is_opened_again(ssh: Sshd) -> None:
    (ssh.export / "a.edi").write_bytes(DATA)
    network = ssh.network()
    file = listed(network)["a.edi"]
    chunks = network.fetch("Export", file)
    first = next(chunks)
    ssh.cut_sessions()
    assert first + b"".join(chunks) == DATA
    assert network.pool.connects == 2
    staged = network.stage("Import", "b.edi", DATA)
    assert staged is not None
    ssh.cut_sessions()
    network.publish("Import", staged, "b.edi")
    assert {path.name: path.read_bytes() for path in ssh.imports.iterdir()} == {"b.edi": DATA}


def test_a_file_that_shrank_or_went_while_it_was_read_is_not_taken_for_whole(ssh: Sshd) -> None:
    path = ssh.export / "a.edi"
    path.write_bytes(b"x" * 8_000_000)
    network = ssh.network()
    chunks = network.fetch("Export", listed(network)["a.edi"])
    next(chunks)
    os.truncate(path, 1_200_000)
    with pytest.raises(RefusedBySystem, match="changed"):
        b"".join(chunks)
    file = listed(network)["a.edi"]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        fetched(network, file)
    network.dispose("Export", RemoteFile("a.edi", "a.edi", 1), policy="delete")


def test_a_changed_host_key_is_refused_and_a_server_with_two_keys_shows_the_accepted_one(ssh: Sshd) -> None:
    network = ssh.network()
    listed(network)
    first = ssh.network().pool._login.pin().key
    assert first is not None
    public = (ssh.folder / "host_ecdsa").read_text()
    assert public
    other = HostKey("ecdsa-sha2-nistp256", _fingerprint(ssh.folder / "host_ecdsa"))
    assert first.kind != other.kind
    listed(ssh.network(pin=other))
    ssh.stop()
    ssh.start()
    fresh = ssh.network(pin=first)
    with pytest.raises(AuthorizationNeeded, match="CHANGED"):
        listed(fresh)


def _fingerprint(path: Path) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_ssh_private_key(path.read_bytes(), None)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    from base64 import b64decode

    return HostKey.of_blob("", b64decode(line.split()[1])).fingerprint


def test_a_login_with_another_key_is_refused(ssh: Sshd) -> None:
    ssh.login_key = private_key()[0]
    with pytest.raises(AuthorizationNeeded, match="refused the log-in"):
        listed(ssh.network())


def started_again(ssh: Sshd, *more: str) -> None:
    ssh.stop()
    ssh.more = more
    ssh.start()


def test_an_expired_password_is_told_in_the_servers_words_and_not_tried_for_ever(ssh: Sshd) -> None:
    """OpenSSH takes the expired password, says so on the second stream, and ends the session: EOF for a client."""
    words = "WARNING: Your password has expired.\nPassword change required but no TTY available."
    script = ssh.folder / "expired"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "{words}" >&2\nexit 1\n')
    script.chmod(0o755)
    started_again(ssh, f"ForceCommand {script}")
    network = ssh.network()
    with pytest.raises(AuthorizationNeeded) as told:
        listed(network)
    assert "the password has expired" in told.value.message
    assert "Password change required but no TTY available." in told.value.message
    assert told.value.remedy


def test_a_session_that_is_refused_is_told_in_the_servers_words(ssh: Sshd) -> None:
    script = ssh.folder / "closed"
    script.write_text('#!/bin/sh\nprintf "This account is closed.\\033[2J" >&2\nexit 1\n')
    script.chmod(0o755)
    started_again(ssh, f"ForceCommand {script}")
    with pytest.raises(AuthorizationNeeded, match=r"it says: This account is closed\. \[2J") as told:
        listed(ssh.network())
    assert "expired" not in told.value.message


def test_a_session_that_ends_without_a_word_is_no_broken_connection(ssh: Sshd) -> None:
    started_again(ssh, "ForceCommand /bin/false")
    with pytest.raises(AuthorizationNeeded, match="may have expired, or the account may not use SFTP"):
        listed(ssh.network())


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("KexAlgorithms sntrup761x25519-sha512@openssh.com", "key exchange"),
        ("Ciphers chacha20-poly1305@openssh.com", "cipher"),
    ],
)
def test_a_server_without_common_algorithms_is_told_with_what_it_offers(ssh: Sshd, line: str, what: str) -> None:
    pin = host_key_of_running(ssh)
    started_again(ssh, line)
    network = ssh.network(pin=pin)
    with pytest.raises(ConfigError) as told:
        listed(network)
    assert f"no {what} algorithm in common" in told.value.message
    assert line.split()[1] in told.value.message, "what the server offers"
    assert "Have the server allow one of ours: " in told.value.remedy
    assert len(told.value.remedy) > 60


def host_key_of_running(ssh: Sshd) -> HostKey:
    key = ssh.network().pool._login.pin().key
    assert key is not None
    return key
