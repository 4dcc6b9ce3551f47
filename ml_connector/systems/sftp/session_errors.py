"""What an SFTP session answers and how it fails."""

import stat
from dataclasses import dataclass


class StatusError(Exception):
    """The server answered with a status other than success. code: of the protocol, version 3."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"status {code}: {said}")
        self.code = code
        self.said = said


class SessionLostError(Exception):
    """The connection broke, or the server does not speak SFTP: what was under way may have happened or not."""


class TurnedAwayError(SessionLostError):
    """The server let us in and ended the session instead of speaking SFTP. said: its words, where it has any."""

    def __init__(self, said: str) -> None:
        super().__init__(said or "the session was ended")
        self.said = said


class TooLongError(Exception):
    """A listing or a file did not end within its bound. limit: the bound."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit}")
        self.limit = limit


@dataclass(frozen=True)
class Entry:
    """A name in a folder, with what the server tells of it. `name` is untrusted."""

    name: str
    size: int
    modified: int
    mode: int

    @property
    def is_file(self) -> bool:
        """Regular; a server that tells no type at all is taken at its word that it lists files."""
        kind = stat.S_IFMT(self.mode)
        return kind in {0, stat.S_IFREG}

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    def same_state(self, other: "Entry") -> bool:
        return (self.size, self.modified) == (other.size, other.modified)
