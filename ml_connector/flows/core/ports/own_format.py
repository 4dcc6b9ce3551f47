"""A format of incoming files that is a system's own: its JSON, for example."""

from collections.abc import Iterator
from typing import Protocol

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.errors import NeedsCorrection
from ml_connector.layouts import LayoutFinding, LayoutPlace, ReadDocument

__all__ = ["Bytes", "OwnFormat", "ReadDocument", "document_read", "not_readable"]


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
            SenderMustCorrect: it cannot be read at all. `unfinished` in its data: the rest may still come.
        """
        ...


def document_read(position: int, document: Record, kind: DocumentKind, path: str, revision: str = "") -> ReadDocument:
    """A document that can be worked on. path: where it stands in its file; revision: tells readings of one apart."""
    return ReadDocument(position, kind, document, (), True, LayoutPlace(path=path), revision=revision)


def not_readable(position: int, kind: DocumentKind, path: str, why: NeedsCorrection) -> ReadDocument:
    """A document that cannot be made: it alone is held, with what is wrong with it."""
    finding = LayoutFinding(
        code=str(why.reason),
        message=why.message,
        place=LayoutPlace(path=path),
        column=str(why.data.get("place", "")),
        value=str(why.data.get("value", ""))[:60],
        expected=str(why.data.get("wanted", "")),
    )
    return ReadDocument(position, kind, None, (finding,), False, LayoutPlace(path=path))
