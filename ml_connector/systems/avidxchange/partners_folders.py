"""What partners' folders are here: one, of approved invoices, is read; none takes files, as records are sent."""

# ruff: noqa: ARG002 - nothing is put into folders here, whatever is asked

from collections.abc import Mapping, Sequence

from ml_connector.errors import ConfigError, NotPossibleError
from ml_connector.flows.core.ports import ChannelCheck, RemoteFile, Written

#: The one folder: closed batches of approved invoices.
BATCHES = "batches"


class PartnersFolders:
    """What both ways to AvidXchange say of folders. switch: the setting without which the one is not there."""

    connection: str
    stages = False
    switch: str

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        raise self._no_files(name)

    def publish(self, channel: str, staged: str, name: str) -> Written:
        raise self._no_files(name)

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        raise self._no_files(name)

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        return None

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        return {}

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """What was taken is told by its acknowledgement, once all of it is posted or held."""

    def must_be_there(self, channel: str, *, on: bool) -> None:
        """Raises ConfigError for a folder that there is not, or that is switched off."""
        if channel != BATCHES or not on:
            raise ConfigError(
                f"{self.connection}: there is no folder {channel[:60]!r} here.",
                remedy=f"Write receive: [{BATCHES}] in the partner's file, and switch {self.switch} on.",
            )

    def of_others(self, *, receive: Sequence[str], send: Sequence[str]) -> list[ChannelCheck]:
        """What is wrong with the folders that a partner's file names."""
        remedy = f"Write receive: [{BATCHES}] in the partner's file."
        found = [
            ChannelCheck(one, "download", False, "there is no such folder here", remedy)
            for one in receive
            if one != BATCHES
        ]
        remedy = "Leave channels.send of the partner empty: records are sent here."
        return found + [ChannelCheck(one, "upload", False, "no files are taken here", remedy) for one in send]

    def _no_files(self, name: str) -> NotPossibleError:
        return NotPossibleError(f"{self.connection}: {name[:60]} is a partner's file, and records alone are sent here.")
