"""Where a partner's files are, and which layouts they have."""

from fnmatch import fnmatchcase

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.documents.kinds import DocumentKind


class SentLayouts(Settings):
    """Layouts that documents leave in, by kind; X12 where none is named."""

    order: str = Field(default="", description="Layout of orders (850): a shipped name or a file")
    order_change: str = Field(default="", description="Layout of order changes (860)")
    invoice: str = Field(default="", description="Layout of invoices and credit memos (810)")
    order_acknowledgment: str = Field(default="", description="Layout of order acknowledgments (855)")
    ship_notice: str = Field(default="", description="Layout of ship notices (856)")

    def of(self, kind: DocumentKind) -> str:
        """The layout of a kind of document; empty where it leaves as X12."""
        return str(getattr(self, kind.value)) if kind.value in type(self).model_fields else ""


class PartnerLayouts(Settings):
    """Files beside X12: a layout is the name of a shipped one, or a file relative to the partner's file."""

    receive: tuple[str, ...] = Field(default=(), description="Layouts of files that come; the first that fits reads it")
    send: SentLayouts = SentLayouts()

    @property
    def names(self) -> tuple[str, ...]:
        """All that are named."""
        sent = (name for _, name in self.send if name)
        return tuple(dict.fromkeys((*self.receive, *sent)))


class Channels(Settings):
    """The partner's folders at the network."""

    receive: tuple[str, ...] = Field(default=(), description="Folders we read; we need the right to download")
    send: str = Field(default="", description="Folder we write to; we need the right to upload")
    names: tuple[str, ...] = Field(
        default=(),
        description="Names of files that are this partner's in a folder that several share, with * and ?; for flat"
        " files that do not say whose they are",
    )

    def claims(self, name: str) -> bool:
        """Whether a file of that name is this partner's, by its name alone; upper and lower case are the same."""
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in self.names)
