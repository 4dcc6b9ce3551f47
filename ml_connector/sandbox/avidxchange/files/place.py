"""Where the files lie."""

from typing import Protocol

from ml_connector.sandbox.sftp.tree import File, Tree

TO, FROM = "ToAvidXchange", "FromAvidXchange"
INCOMING = ("Vendors", "Codes", "PurchaseOrders", "Receipts", "Images", "Invoices")
OUTGOING = ("Invoices", "Images", "Payments", "Results")
#: Behind the name of a file that was taken, by whoever took it.
LOADED = ".loaded"


class Place(Protocol):
    """Folders with files, for one who has them before himself."""

    def names(self, folder: str) -> list[str]: ...

    def read(self, folder: str, name: str) -> bytes: ...

    def put(self, folder: str, name: str, data: bytes) -> None: ...

    def mark(self, folder: str, name: str) -> None:
        """The file was taken."""
        ...


class TreePlace:
    """Over the tree of the stand-in's server."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        for folder in (*(f"{TO}/{one}" for one in INCOMING), *(f"{FROM}/{one}" for one in OUTGOING)):
            tree.make(f"/{folder}")

    def names(self, folder: str) -> list[str]:
        return [name for name, _ in self._tree.files(f"/{folder}")]

    def read(self, folder: str, name: str) -> bytes:
        content = self._tree.file(f"/{folder}/{name}").content
        assert isinstance(content, bytearray)
        return bytes(content)

    def put(self, folder: str, name: str, data: bytes) -> None:
        self._tree.put(f"/{folder}/{name}", data)

    def mark(self, folder: str, name: str) -> None:
        self._tree.rename(f"/{folder}/{name}", f"/{folder}/{name}{LOADED}")

    def file(self, folder: str, name: str) -> File:
        return self._tree.file(f"/{folder}/{name}")
