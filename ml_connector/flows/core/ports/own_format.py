"""A format of incoming files that is a system's own: its JSON, for example."""

from collections.abc import Iterator
from typing import Protocol

from ml_connector.layouts import ReadDocument


class Bytes(Protocol):
    """What a file is read from."""

    def read(self, size: int = -1) -> bytes: ...


class OwnFormat(Protocol):
    """Makes documents of files in one format. There is no envelope: what is sent back for them is no 997."""

    @property
    def name(self) -> str:
        """Names the format where a layout's name would stand."""
        ...

    def fits(self, head: bytes) -> bool:
        """Whether a file that begins so (512 bytes) is in this format."""
        ...

    def read(self, source: Bytes) -> Iterator[ReadDocument]:
        """The documents of a file.

        Raises:
            SenderMustMend: it cannot be read at all. `unfinished` in its data: the rest may still come.
        """
        ...
