"""The folder tree and what is in it. Every folder keeps its files in order of arrival, so that paging deep is cheap."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.files import Bytes, Content, Growth, StoredFile
from ml_connector.sandbox.cleo.ids import new_id

_PATTERN = re.compile(r"\[([^\]\[]*)\]|[^,;\[\]]+")


class FileIndex:
    """Files of one folder, ordered by arrival, found by position and by name without a scan."""

    def __init__(self) -> None:
        self._files: list[StoredFile] = []
        self._by_name: dict[str, list[StoredFile]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[StoredFile]:
        return iter(self._files)

    def slice(self, start: int, count: int) -> list[StoredFile]:
        return self._files[start : start + count]

    def newest(self, start: int, count: int) -> list[StoredFile]:
        """A page of the same files, the latest arrival first."""
        end = len(self._files) - start
        return self._files[max(0, end - count) : max(0, end)][::-1]

    def named(self, name: str) -> list[StoredFile]:
        return list(self._by_name.get(name, ()))

    def add(self, file: StoredFile) -> None:
        self._files.append(file)
        self._by_name.setdefault(file.name, []).append(file)

    def remove(self, file: StoredFile) -> None:
        del self._files[bisect_left(self._files, file.sequence, key=lambda each: each.sequence)]
        self._unname(file)

    def rename(self, file: StoredFile, name: str) -> None:
        self._unname(file)
        file.name = name
        self._by_name.setdefault(name, []).append(file)

    def clear(self) -> None:
        self._files.clear()
        self._by_name.clear()

    def _unname(self, file: StoredFile) -> None:
        same = self._by_name[file.name]
        same.remove(file)
        if not same:
            del self._by_name[file.name]


@dataclass(eq=False)
class Folder:
    """A folder with what the account may do in it. `upload` and `download` are the mailbox usages (cleo 5).

    delete, rename: switches for servers that refuse it. overwrite: an upload replaces a file of that name.
    patterns: accepted names, a comma or semicolon list with wildcards, regular expressions in brackets (cleo 1).
    growth: every file that a partner puts here grows like this.
    """

    name: str
    path: str
    parent_id: str | None
    upload: bool = False
    download: bool = False
    delete: bool = True
    rename: bool = True
    overwrite: bool = False
    patterns: str = ""
    space: str = "Home"
    growth: Growth | None = None
    id: str = field(default_factory=new_id)
    files: FileIndex = field(default_factory=FileIndex)
    children: dict[str, "Folder"] = field(default_factory=dict)

    def accepts(self, name: str) -> bool:
        """True when the mailbox's name patterns let this name in."""
        if not self.patterns.strip():
            return True
        for match in _PATTERN.finditer(self.patterns):
            expression = match.group(1)
            if expression is not None:
                if re.fullmatch(expression, name):
                    return True
            elif match.group().strip() and fnmatchcase(name, match.group().strip()):
                return True
        return False


class FolderStore:
    """The tree. Folders are found by id or path, files by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sequence = 0
        self.root = Folder("", "/", None)
        self._folders = {self.root.id: self.root}
        self._paths = {"/": self.root}
        self._files: dict[str, StoredFile] = {}

    def folders(self) -> list[Folder]:
        """Every folder but the root, in order of creation."""
        return [folder for folder in self._folders.values() if folder is not self.root]

    def create(self, path: str, *, upload: bool = False, download: bool = False, space: str = "Home") -> Folder:
        """The folder at that path; it and the folders on the way are made when they are missing."""
        parent = self.root
        names = [name for name in path.split("/") if name]
        for name in names:
            folder = parent.children.get(name)
            if folder is None:
                folder = Folder(name, parent.path.rstrip("/") + "/" + name, parent.id, space=space)
                parent.children[name] = folder
                self._folders[folder.id] = folder
                self._paths[folder.path] = folder
            parent = folder
        parent.upload, parent.download = upload or parent.upload, download or parent.download
        return parent

    def find_folder(self, key: str) -> Folder | None:
        """By id, or by path with or without the leading slash."""
        found = self._folders.get(key)
        return found or self._paths.get("/" + key.strip("/"))

    def folder(self, key: str) -> Folder:
        """As find_folder; raises ApiError 404."""
        found = self.find_folder(key)
        if found is None:
            raise ApiError(404, "Folder not found")
        return found

    def file(self, file_id: str) -> StoredFile:
        """Raises ApiError 404 for a file that is not there (any more)."""
        found = self._files.get(file_id)
        if found is None:
            raise ApiError(404, "File not found")
        return found

    def put(
        self,
        folder: Folder,
        name: str,
        content: bytes | Content,
        *,
        owner: str,
        growth: Growth | None = None,
        listed_size: int | None = None,
    ) -> StoredFile:
        """Add a file. A name that is there already gives a second file with an id of its own (cleo 7)."""
        if folder.overwrite:
            for old in folder.files.named(name):
                self.remove(old)
        self._sequence += 1
        file = StoredFile(
            name=name,
            content=Bytes(content) if isinstance(content, bytes) else content,
            folder_id=folder.id,
            created=self._clock.now(),
            sequence=self._sequence,
            owner=owner,
            growth=growth,
            listed_size=listed_size,
        )
        folder.files.add(file)
        self._files[file.id] = file
        return file

    def remove(self, file: StoredFile) -> None:
        """Take a file away; one that is gone already is no error."""
        if self._files.pop(file.id, None) is not None:
            self._folders[file.folder_id].files.remove(file)

    def put_back(self, file: StoredFile) -> None:
        """A file that was taken away lies where it lay, as it was."""
        self._sequence += 1
        file.sequence = self._sequence
        self._folders[file.folder_id].files.add(file)
        self._files[file.id] = file

    def move(self, file: StoredFile, folder: Folder, name: str) -> None:
        """Rename or move. Raises ApiError 409 for a name that is taken, 403 across spaces (cleo 6, portal)."""
        source = self._folders[file.folder_id]
        if folder is source and name == file.name:
            return
        if folder.files.named(name):
            raise ApiError(409, "A file with that name already exists")
        if folder.space != source.space:
            raise ApiError(403, "Files cannot be moved between spaces")
        if folder is source:
            source.files.rename(file, name)
            return
        source.files.remove(file)
        self._sequence += 1
        file.name, file.folder_id, file.sequence = name, folder.id, self._sequence
        folder.files.add(file)

    def present(self, file: StoredFile) -> bool:
        return file.id in self._files

    def clear_files(self) -> None:
        for folder in self._folders.values():
            folder.files.clear()
        self._files.clear()
