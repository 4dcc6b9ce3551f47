"""The simulated server as other people's clients see it: paramiko's own and OpenSSH's sftp, unchanged."""

import io
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest
from paramiko.sftp_client import SFTPClient

from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sftp.tree import Link
from ml_connector.sandbox.truecommerce.state import BELOW_USER, PASSWORD, USER, Account
from ml_connector_tests.systems.truecommerce.bench import Bench, open_bench


@pytest.fixture
def tc(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as bench:
        yield bench


@contextmanager
def client(tc: Bench, user: str = USER) -> Iterator[SFTPClient]:
    transport = paramiko.Transport(("127.0.0.1", tc.port))
    try:
        transport.connect(username=user, password=PASSWORD)
        made = paramiko.SFTPClient.from_transport(transport)
        assert made is not None
        yield made
    finally:
        transport.close()


def test_the_line_of_an_entry_for_people_shows_its_name(tc: Bench) -> None:
    """What `ls -l` of sftp prints is made by the server."""
    tc.put("Süd 1.edi", b"x")
    with client(tc) as sftp:
        (entry,) = sftp.listdir_attr(tc.service.state.export_path)
    assert entry.longname.startswith("-rw")
    assert entry.longname.endswith(" Süd 1.edi")


def test_a_plain_client_lists_reads_writes_renames_and_removes(tc: Bench) -> None:
    tc.put("a.edi", b"x" * 100_000)
    tc.tree.folder(tc.service.state.export_path).entries["link"] = Link("/", tc.clock.now())
    with client(tc) as sftp:
        sftp.chdir(tc.service.state.export_path)
        assert sorted(sftp.listdir()) == ["a.edi", "link"]
        assert stat.S_ISLNK(sftp.lstat("link").st_mode or 0)
        assert stat.S_ISDIR(sftp.stat("link").st_mode or 0)
        out = io.BytesIO()
        sftp.getfo("a.edi", out)
        assert out.getvalue() == b"x" * 100_000
        sftp.chdir(tc.service.state.import_path)
        sftp.putfo(io.BytesIO(b"y" * 70_000), "b.tmp")
        sftp.rename("b.tmp", "b.edi")
        with pytest.raises(OSError, match="Failure"):
            sftp.rename("b.edi", f"{tc.service.state.export_path}/a.edi")
        assert tc.imported() == {"b.edi": b"y" * 70_000}
        sftp.remove("b.edi")
        with pytest.raises(FileNotFoundError):
            sftp.stat("b.edi")
        with pytest.raises(PermissionError):
            sftp.mkdir("made")


def test_a_login_below_the_account_sees_nothing_above_it(tc: Bench) -> None:
    with client(tc, BELOW_USER) as sftp:
        assert sftp.listdir("/") == ["IntegrationFTP"]
        assert sftp.listdir("../../..") == ["IntegrationFTP"]
        assert sorted(sftp.listdir("IntegrationFTP")) == ["Definitions", "Export", "Import"]


def test_another_case_is_another_name_unless_the_server_is_told(tc: Bench) -> None:
    with client(tc) as sftp:
        with pytest.raises(FileNotFoundError):
            sftp.listdir("/0123456789/integrationftp")
        tc.tree.any_case = True
        assert "Export" in sftp.listdir("/0123456789/integrationftp")


def test_faults_cut_delay_and_refuse(tc: Bench) -> None:
    tc.put("a.edi", b"x" * 10)
    with client(tc) as sftp:
        tc.fault(FaultKind.STATUS, "REMOVE", status=3)
        with pytest.raises(PermissionError):
            sftp.remove(f"{tc.service.state.export_path}/a.edi")
        tc.fault(FaultKind.RESET_AFTER, "REMOVE")
        with pytest.raises((EOFError, OSError, paramiko.SSHException)):
            sftp.remove(f"{tc.service.state.export_path}/a.edi")
    assert tc.exported() == {}
    assert {request.fault for request in tc.journal.requests if request.fault} == {"status", "reset_after"}


def test_a_file_grows_before_the_eyes_of_who_looks(tc: Bench) -> None:
    tc.put("a.edi", b"x" * 100, growth=Growth(seconds=10))
    sizes = []
    with client(tc) as sftp:
        for _ in range(4):
            (entry,) = sftp.listdir_attr(tc.service.state.export_path)
            sizes.append((entry.st_size, entry.st_mtime))
            tc.clock.move(4)
    assert [size for size, _ in sizes] == sorted(size or 0 for size, _ in sizes)
    assert sizes[0][0] != 100
    assert sizes[-1][0] == 100
    assert sizes[0][1] != sizes[1][1]


def test_the_host_key_changes_for_those_who_come_later(tc: Bench) -> None:
    with client(tc) as sftp:
        tc.service.state.change_host_key()
        assert sftp.listdir("/") == ["0123456789"]


@pytest.mark.skipif(shutil.which("sftp") is None, reason="there is no sftp command on this machine")
def test_the_sftp_command_works(tc: Bench, tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    tc.service.state.add(Account("keys", None, "/", {f"{key.get_name()} {key.get_base64()}"}))
    tc.put("one & two.edi", b"x" * 50_000)
    (tmp_path / "up.edi").write_bytes(b"y" * 50_000)
    batch = (
        f'get "{tc.service.state.export_path}/one & two.edi" "{tmp_path}/got.edi"\n'
        f'put "{tmp_path}/up.edi" "{tc.service.state.import_path}/up.tmp"\n'
        f'rename "{tc.service.state.import_path}/up.tmp" "{tc.service.state.import_path}/up.edi"\n'
    )
    options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={tmp_path / 'known'}", "BatchMode=yes"]
    command = ["sftp", "-q", "-F", "none", "-i", str(tmp_path / "key"), "-P", str(tc.port)]
    for option in options:
        command += ["-o", option]
    done = subprocess.run(
        [*command, "-b", "-", "keys@127.0.0.1"], input=batch.encode(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "got.edi").read_bytes() == b"x" * 50_000
    # OpenSSH renames by its own extension where a server has it, which this one answers too.
    assert tc.imported() == {"up.edi": b"y" * 50_000}
