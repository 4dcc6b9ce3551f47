"""Files that were told as wrong or unread, kept with the cursor: what comes under their names may end the question."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Bytes of a file that nobody can read, which are kept with what is wrong.
SHOWN = 2000
#: So many names are kept, those that were told last, and of each so many files.
MOST, MOST_OF_A_NAME = 200, 10

Known = Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """What was told of a file of that name, as it was shown, is so no longer."""

    name: str
    shown: str


class Told:
    """ended: what has ended at this look."""

    def __init__(self, kept: Mapping[str, Sequence[Known]]) -> None:
        self._files = {name: list(known) for name, known in kept.items()}
        self.ended: list[Ended] = []

    def wrong(self, name: str, data: bytes) -> None:
        """It was read, and makes no sense."""
        self._note(name, {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()})

    def unread(self, name: str, shown: str) -> None:
        """The server lists it and does not give it."""
        self._note(name, {"unread": shown})

    def _note(self, name: str, one: Known) -> None:
        before = [each for each in self._files.pop(name, []) if each != one]
        self._files[name] = [*before, one][-MOST_OF_A_NAME:]

    def whole(self, name: str, data: bytes) -> None:
        """These bytes lie under that name now, and make sense: what was said of a part of them, or for want of them, is
        of the past.
        """
        self._end(name, [one for one in self._files.get(name, ()) if "unread" in one or _begins_with(data, one)], data)

    def lying(self, names: Collection[str]) -> None:
        """What is listed. One that was never read and has gone is not waited for; a part's rest still is."""
        for name, known in list(self._files.items()):
            if name not in names:
                self._end(name, [one for one in known if "unread" in one], b"")

    def _end(self, name: str, over: Sequence[Known], data: bytes) -> None:
        self.ended += [Ended(name, one["unread"] if "unread" in one else shown(data[: one["size"]])) for one in over]
        left = [one for one in self._files.pop(name, ()) if one not in over]
        if left:
            self._files[name] = left

    def kept(self) -> dict[str, list[Known]]:
        return dict(list(self._files.items())[-MOST:])


def shown(data: bytes) -> str:
    """How a file begins."""
    return data[:SHOWN].decode("utf-8", "replace")


def _begins_with(data: bytes, part: Known) -> bool:
    size = int(part["size"])
    return 0 < size < len(data) and hashlib.sha256(memoryview(data)[:size]).hexdigest() == part["sha256"]
