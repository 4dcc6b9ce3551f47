"""An SSH server whose SFTP says whatever a test wants it to."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko

from ml_connector.systems.sftp.session import SftpSession

Answer = Callable[[int, int], bytes]
Say = Callable[[paramiko.Channel, bytes], None]


class RawServer:
    """An SSH server that lets everybody in and answers each SFTP packet with what `answer` says.

    say: how an answer is sent. starts: whether it answers to who wants SFTP. sips: seconds between two bytes that it
    takes of a file.
    """

    def __init__(self, answer: Answer, say: Say, *, starts: bool = True, sips: float = 0.0) -> None:
        self.answer = answer
        self.say = say
        self.starts = starts
        self.sips = sips
        self.closed = threading.Event()
        self.key = paramiko.ECDSAKey.generate()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(4)
        self.transports: list[paramiko.Transport] = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        outer = self

        class Open(paramiko.ServerInterface):
            def check_auth_password(self, username: str, password: str) -> int:
                return 0

            def check_channel_request(self, kind: str, chanid: int) -> int:
                return 0

            def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
                if not outer.starts:
                    outer.closed.wait(60)
                threading.Thread(target=outer.speak, args=(channel,), daemon=True).start()
                return True

        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(one)
            transport.add_server_key(self.key)
            self.transports.append(transport)
            with suppress(paramiko.SSHException, EOFError):  # whoever came has gone again
                transport.start_server(server=Open())

    def speak(self, channel: paramiko.Channel) -> None:
        try:
            while True:
                head = b""
                while len(head) < 4:
                    part = channel.recv(4 - len(head))
                    if not part:
                        return
                    head += part
                body = b""
                while len(body) < struct.unpack(">I", head)[0]:
                    slowly = bool(self.sips) and body[:1] == bytes([WRITE])
                    part = channel.recv(1 if slowly else 65_536)
                    if slowly and self.closed.wait(self.sips):
                        return
                    if not part:
                        return
                    body += part
                kind = body[0]
                if kind == 1:
                    channel.sendall(packet(2, struct.pack(">I", 3)))
                    continue
                self.say(channel, self.answer(kind, struct.unpack(">I", body[1:5])[0]))
        except (OSError, EOFError):
            return

    def close(self) -> None:
        self.closed.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for transport in self.transports:
            transport.close()


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


@contextmanager
def raw_session(
    answer: Answer, say: Say = paramiko.Channel.sendall, *, starts: bool = True, sips: float = 0.0
) -> Iterator[SftpSession]:
    server = RawServer(answer, say, starts=starts, sips=sips)
    transport = paramiko.Transport(("127.0.0.1", server.socket.getsockname()[1]))
    try:
        transport.start_client(timeout=5)
        transport.auth_password("x", "x")
        yield SftpSession(transport, 2.0)
    finally:
        transport.close()
        server.close()


OPEN, WRITE = 3, 6
OPENDIR, READDIR, HANDLE, NAMES, ATTRS, STATUS = 11, 12, 102, 104, 105, 101


def listing(names: bytes) -> Callable[[int, int], bytes]:
    def answer(kind: int, number: int) -> bytes:
        identity = struct.pack(">I", number)
        return packet(HANDLE, identity + text(b"h")) if kind == OPENDIR else packet(NAMES, identity + names)

    return answer
