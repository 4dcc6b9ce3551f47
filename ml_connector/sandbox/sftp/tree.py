"""What lies on the simulated server: folders, files that may still grow, links."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.files import Content, Growth


class NoSuchFileError(Exception):
    """Nothing stands at that path."""


class RefusedError(Exception):
    """The server does not do that."""


@dataclass(eq=False)
class File:
    """content: bytes in memory, or very many that cost none. writers: how many hold it open for writing."""

    content: bytearray | Content
    created: datetime
    modified: datetime
    owner: str = "partner"
    growth: Growth | None = None
    listed_size: int | None = None
    writers: int = 0

    @property
    def whole_size(self) -> int:
        return len(self.content) if isinstance(self.content, bytearray) else self.content.size

    def size(self, now: datetime) -> int:
        """Bytes that are there at this moment."""
        if self.growth is None:
            return self.whole_size
        return self.growth.visible(self.whole_size, (now - self.created).total_seconds())

    def changed(self, now: datetime) -> datetime:
        """When it last changed: a file that grows over time changes all the while."""
        if self.growth is None or self.growth.seconds is None:
            return self.modified
        return max(self.modified, min(now, self.created + timedelta(seconds=self.growth.seconds)))

    def read(self, offset: int, length: int, now: datetime) -> bytes:
        end = min(offset + length, self.size(now))
        if isinstance(self.content, bytearray):
            return bytes(self.content[offset:end])
        # Content gives its bytes from the start; of a filling, only what stands before it differs.
        if offset >= end:
            return b""
        first = next(iter(self.content.chunks(min(end, 65_536))), b"")
        if end <= len(first):
            return first[offset:end]
        return (first[offset:] if offset < len(first) else b"") + b"A" * (end - max(offset, len(first)))

    def write(self, offset: int, data: bytes, now: datetime) -> None:
        if not isinstance(self.content, bytearray):
            raise RefusedError("this file cannot be written to")
        if offset > len(self.content):
            self.content.extend(b"\x00" * (offset - len(self.content)))
        self.content[offset : offset + len(data)] = data
        self.modified = now

    def listed(self, now: datetime) -> None:
        """Count a listing: a file that grows by polls grows a step."""
        if self.growth is None or self.growth.polls is None or self.growth.seen >= self.growth.polls:
            return
        self.growth.seen += 1
        self.modified = now


@dataclass(eq=False)
class Link:
    """A symbolic link. target: a path on the server."""

    target: str
    modified: datetime


@dataclass(eq=False)
class Folder:
    """entries: by name, which may be any text but what a real file system takes as a path; tests put worse ones."""

    modified: datetime
    entries: "dict[str, Node]" = field(default_factory=dict)
    readable: bool = True
    writable: bool = True
    endless: bool = False


Node = File | Folder | Link


class Tree:
    """The server's file system. Paths are absolute, with `/`. Names are found as written, or whatever their case."""

    def __init__(self, clock: Clock, *, any_case: bool = False) -> None:
        self._clock = clock
        self.any_case = any_case
        self.root = Folder(clock.now())

    def make(self, path: str) -> Folder:
        """The folder at a path, made with those above it."""
        folder = self.root
        for name in _names(path):
            node = folder.entries.setdefault(name, Folder(self._clock.now()))
            if not isinstance(node, Folder):
                raise RefusedError(f"{name} is not a folder")
            folder = node
        return folder

    def find(self, path: str, *, follow: bool = True) -> Node:
        """What stands at a path; links on the way are followed, the last one only when asked for."""
        node: Node = self.root
        names = _names(path)
        for at, name in enumerate(names):
            if not isinstance(node, Folder):
                raise NoSuchFileError(path)
            node = node.entries[self._name(node, name, path)]
            if isinstance(node, Link) and (follow or at < len(names) - 1):
                node = self.find(node.target)
        return node

    def folder(self, path: str) -> Folder:
        node = self.find(path)
        if not isinstance(node, Folder):
            raise NoSuchFileError(path)
        return node

    def file(self, path: str) -> File:
        node = self.find(path)
        if not isinstance(node, File):
            raise NoSuchFileError(path)
        return node

    def put(
        self,
        path: str,
        content: bytes | Content,
        *,
        owner: str = "partner",
        growth: Growth | None = None,
        listed_size: int | None = None,
    ) -> File:
        """Put a file there, in place of one of that name."""
        parent, name = self.parent(path)
        now = self._clock.now()
        kept = bytearray(content) if isinstance(content, bytes) else content
        file = File(kept, now, now, owner, growth, listed_size)
        parent.entries[name] = file
        return file

    def remove(self, path: str) -> Node:
        """Take a file or link away."""
        parent, name = self.parent(path)
        name = self._name(parent, name, path)
        if isinstance(parent.entries[name], Folder):
            raise RefusedError("a folder")
        return parent.entries.pop(name)

    def rename(self, old: str, new: str) -> None:
        """Rename or move; never in place of something else (the protocol's version 3)."""
        source, old_name = self.parent(old)
        old_name = self._name(source, old_name, old)
        target, new_name = self.parent(new)
        if new_name in target.entries:
            raise RefusedError("the name is taken")
        target.entries[new_name] = source.entries.pop(old_name)

    def parent(self, path: str) -> tuple[Folder, str]:
        above, _, name = path.rstrip("/").rpartition("/")
        return self.folder(above or "/"), name

    def files(self, path: str) -> Iterator[tuple[str, File]]:
        """Names and files of a folder, in order of arrival."""
        for name, node in list(self.folder(path).entries.items()):
            if isinstance(node, File):
                yield name, node

    def _name(self, folder: Folder, name: str, path: str) -> str:
        if name in folder.entries:
            return name
        if self.any_case:
            for known in folder.entries:
                if known.casefold() == name.casefold():
                    return known
        raise NoSuchFileError(path)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]


def absolute(path: str, home: str) -> str:
    """A path as a client gave it, from where its login starts; `..` does not lead out of it."""
    inside = posixpath.normpath("/" + path.lstrip("/"))
    base = home.strip("/")
    return f"/{base}{inside}".rstrip("/") if base else inside
