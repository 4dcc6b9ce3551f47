"""A TCP proxy that can be frozen: every byte is still confirmed by its kernel, and none is passed on."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class FreezingProxy:
    """Passes bytes between clients and one address, until it is frozen. Connections are accepted even then."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._closed = False
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def close(self) -> None:
        self._closed = True
        self._flowing.set()
        # A listener that is shut down wakes the thread that accepts; nothing is opened after it has ended.
        self._shut(self._listener)
        self._accepting.join()
        for one in self._sockets:
            self._shut(one)

    def _shut(self, one: socket.socket) -> None:
        # The peer may have closed it already.
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                self._flowing.wait()
                if self._closed:
                    return
                server = socket.create_connection(self._target)
                self._sockets.append(server)
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                self._flowing.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def frozen_at_will(host: str, port: int) -> Iterator[FreezingProxy]:
    proxy = FreezingProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
