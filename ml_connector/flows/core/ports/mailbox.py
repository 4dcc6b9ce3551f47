"""A network: folders where partners leave and take files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ml_connector.flows.core.ports.records import Written


@dataclass(frozen=True)
class RemoteFile:
    """A file in a network's folder. `name` is untrusted text: never a path of ours."""

    remote_id: str
    name: str
    size: int
    modified: str = ""


@dataclass(frozen=True)
class RemotePage:
    """A part of a listing, and where the next one begins."""

    files: Sequence[RemoteFile]
    next_start: int | None


ChannelUsage = Literal["download", "upload"]


@dataclass(frozen=True)
class ChannelCheck:
    """What a look at one folder found out, for `check`. files: how many are in it (download folders)."""

    channel: str
    usage: ChannelUsage
    ok: bool
    message: str
    remedy: str = ""
    files: int | None = None


class Mailbox(Protocol):
    """A place where partners leave and take files; channels are folders of it."""

    @property
    def connection(self) -> str:
        """Name of the connection."""
        ...

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """One page of a folder's listing."""
        ...

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        """A file's bytes, in chunks, bounded by the connection's size limit."""
        ...

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """After-read policy: `move`, `delete`, or `rename` where the network has it.

        A file that is gone already is a success.
        """
        ...

    @property
    def stages(self) -> bool:
        """Whether files are put under a temporary name first: then `stage` and `publish` are used, else `upload`."""
        ...

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        """Put the bytes under a temporary name, where nobody takes them, and return it. Nothing has arrived by that."""
        ...

    def publish(self, channel: str, staged: str, name: str) -> Written:
        """Give a staged file its final name. Done again, it ends in the same place: one that is gone was published."""
        ...

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        """Write one file under its final name."""
        ...

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        """A file of that name and size that is still there. None proves nothing: networks take files away."""
        ...

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        """The files of these names that lie in a folder still, by name; for folders that can hold a name twice."""
        ...
