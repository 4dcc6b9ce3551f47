"""The SFTP server: paramiko's, over `Acts`. A thread for each connection, as paramiko has it."""

import contextlib
import logging
import os
import socket
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from ml_connector.sandbox.sftp.acts import (
    DENIED,
    END,
    FAILURE,
    OK,
    Acts,
    CutError,
    StatusError,
    changed_at,
    kind_of,
    size_of,
)
from ml_connector.sandbox.sftp.state import Account
from ml_connector.sandbox.sftp.tree import File, Node, absolute

if TYPE_CHECKING:
    import paramiko
    from typing_extensions import Buffer

#: A failed handshake is a client's business; what it means shows at the client.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SftpServer:
    """Listens on a socket until it is stopped."""

    def __init__(self, acts: Acts, bound: socket.socket) -> None:
        self._acts = acts
        self._socket = bound
        self._transports: set[paramiko.Transport] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, name="sftp", daemon=True)

    def start(self) -> None:
        self._socket.listen(128)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections and cut those that are open."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.cut_all()
        if self._thread.is_alive():
            self._thread.join(10)

    def cut_all(self) -> int:
        """Cut every connection, as a network does that goes away; how many there were."""
        with self._lock:
            open_ones = [transport for transport in self._transports if transport.is_active()]
            self._transports.clear()
        for transport in open_ones:
            cut(transport)
        return len(open_ones)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connected, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected,), name="sftp login", daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        import paramiko

        transport = None
        try:
            self._acts.do("CONNECT", "/", lambda: None)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(connected)
            transport.add_server_key(self._acts.call(lambda: self._acts.state.host_key))
            handler, files = _classes()
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
            with self._lock:
                self._transports = {one for one in self._transports if one.is_active()} | {transport}
            transport.start_server(server=handler(self._acts, transport))
        except (CutError, StatusError, paramiko.SSHException, EOFError, OSError, RuntimeError):
            if transport is not None:
                transport.close()
            connected.close()


def cut(transport: "paramiko.Transport") -> None:
    """Close the socket without a farewell."""
    with contextlib.suppress(OSError):
        transport.sock.close()
    transport.close()


@cache
def _classes() -> tuple[Any, Any]:
    """The handler of a connection and that of its files; paramiko is imported when a server is started."""
    import paramiko
    from paramiko import common

    class Connection(paramiko.ServerInterface):
        def __init__(self, acts: Acts, transport: paramiko.Transport) -> None:
            self.acts = acts
            self.account: Account | None = None
            self.transport = transport
            self.sessions = 0
            self.cut = False

        def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
            return "password,publickey"

        def check_auth_password(self, username: str, password: str) -> int:
            return self._logged_in(username, lambda: self.acts.state.allows_password(username, password))

        def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
            name = f"{key.get_name()} {key.get_base64()}"
            return self._logged_in(username, lambda: self.acts.state.allows_key(username, name))

        def _logged_in(self, username: str, allowed: Any) -> int:
            try:
                if not self.acts.do("LOGIN", "/", allowed):
                    return common.AUTH_FAILED
            except StatusError:
                return common.AUTH_FAILED
            except CutError:
                cut(self.transport)
                return common.AUTH_FAILED
            self.account = self.acts.state.accounts[username]
            self.acts.state.logins += 1
            return common.AUTH_SUCCESSFUL

        def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
            if kind != "session" or self.sessions >= self.acts.state.options.max_sessions:
                return common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
            self.sessions += 1
            return common.OPEN_SUCCEEDED

    class Handle(paramiko.SFTPHandle):
        def __init__(self, files: "Files", path: str, file: File, *, writing: bool) -> None:
            super().__init__()
            self._files, self._path, self._file, self._writing = files, path, file, writing

        def read(self, offset: int, length: int) -> bytes | int:
            data: bytes | int = self._files.done(lambda acts: acts.read(self._path, self._file, offset, length))
            return END if data == b"" else data

        def write(self, offset: int, data: "Buffer") -> int:
            return _status(self._files.done(lambda acts: acts.write(self._path, self._file, offset, bytes(data))))

        def stat(self) -> Any:
            return self._files.attributes(self._path.rpartition("/")[2], self._file)

        def close(self) -> None:
            with contextlib.suppress(RuntimeError, CutError):
                self._files.acts.closed(self._path, self._file, writing=self._writing)

    class Files(paramiko.SFTPServerInterface):
        def __init__(self, server: Connection, *args: Any, **named: Any) -> None:
            super().__init__(server, *args, **named)
            self.connection = server
            self.acts = server.acts

        def done(self, act: Any) -> Any:
            """What an act gives, or its status; a cut one ends the connection, and what was sent with it is lost."""
            if self.connection.cut:
                return FAILURE
            try:
                return act(self.acts)
            except StatusError as error:
                return error.code
            except CutError:
                self.connection.cut = True
                cut(self.connection.transport)
                return FAILURE

        def _path(self, path: str) -> str:
            account = self.connection.account
            return absolute(path, account.home if account is not None else "/")

        def attributes(self, name: str, node: Node) -> paramiko.SFTPAttributes:
            found = paramiko.SFTPAttributes()
            # Names may be bytes that are no UTF-8.
            found.filename = name.encode("utf-8", "surrogateescape")  # type: ignore[assignment]
            found.st_size = size_of(node, self.acts)
            found.st_mode = kind_of(node)
            found.st_atime = found.st_mtime = changed_at(node, self.acts)
            found.st_uid = found.st_gid = 1000
            return found

        def list_folder(self, path: str) -> Any:
            found = self.done(lambda acts: acts.entries(self._path(path)))
            if isinstance(found, int):
                return found
            if found is None:
                return Endless(self)
            return [Entry.of(self.attributes(name, node)) for name, node in found]

        def _look(self, path: str, *, follow: bool) -> Any:
            where = self._path(path)
            found = self.done(lambda acts: acts.look(where, follow=follow))
            return found if isinstance(found, int) else self.attributes(where.rpartition("/")[2], found)

        def stat(self, path: str) -> Any:
            return self._look(path, follow=True)

        def lstat(self, path: str) -> Any:
            return self._look(path, follow=False)

        def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:  # noqa: ARG002
            where = self._path(path)
            writing = bool(flags & (os.O_WRONLY | os.O_RDWR))
            file = self.done(
                lambda acts: acts.open(
                    where,
                    write=writing,
                    create=bool(flags & os.O_CREAT),
                    truncate=bool(flags & os.O_TRUNC),
                    exclusive=bool(flags & os.O_EXCL),
                )
            )
            return file if isinstance(file, int) else Handle(self, where, file, writing=writing)

        def remove(self, path: str) -> int:
            return _status(self.done(lambda acts: acts.remove(self._path(path))))

        def rename(self, oldpath: str, newpath: str) -> int:
            return _status(self.done(lambda acts: acts.rename(self._path(oldpath), self._path(newpath))))

        def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:  # noqa: ARG002
            return DENIED

        def session_ended(self) -> None:
            self.connection.sessions -= 1

        def canonicalize(self, path: str) -> str:
            return absolute(path, "/")

    class Entry(paramiko.SFTPAttributes):
        """An entry of a listing; its line for people (`ls -l`) ends with the name itself, which is bytes here."""

        @staticmethod
        def of(attributes: paramiko.SFTPAttributes) -> "Entry":
            entry = Entry()
            entry.__dict__.update(attributes.__dict__)
            return entry

        def asbytes(self) -> bytes:
            name: Any = self.filename
            return bytes(str(self).removesuffix(str(name)).encode() + name)

    class Endless(list[Any]):
        """A listing that goes on for ever: every look at its head shows new names."""

        def __init__(self, files: Files) -> None:
            super().__init__()
            self._files = files
            self._count = 0

        def __getitem__(self, key: Any) -> Any:
            if key.start is not None:
                return self
            start, self._count = self._count, self._count + 16
            now = self._files.acts.state.clock.now()
            return [
                self._files.attributes(f"endless_{number:09d}.edi", File(bytearray(b"x"), now, now))
                for number in range(start, start + 16)
            ]

    return Connection, Files


def _status(outcome: Any) -> int:
    return outcome if isinstance(outcome, int) else OK
