"""Transaction Manager: takes what we put into Import to the partners, and puts what they send into Export.

Behind it stand the same partners as behind the other network, over a mailbox of their own. What is wrong with an
import shows here and nowhere on the server, as with the real one (truecommerce 5).
"""

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.cleo.state import CleoOptions, CleoState
from ml_connector.sandbox.partner.documents.x12 import BadX12, Party, Writer, read
from ml_connector.sandbox.partner.profiles import US
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.sftp.tree import File
from ml_connector.sandbox.truecommerce.flat_documents import flat_of, order_segments
from ml_connector.sandbox.truecommerce.flat_files import EXTENSIONS, Format, Look, dressed, read_order, written
from ml_connector.sandbox.truecommerce.state import TrueCommerceState

POLL_SECONDS = 0.03


@dataclass
class ManagerOptions:
    """stable_seconds: an import file is taken when it has not changed for so long, by the sandbox's clock.

    takes_half_written: it is taken at once, whoever still writes to it. takes_temporary: also under a temporary name.
    paused: nothing is taken, nothing comes. upper_case: exported names end in `.XML`, not `.xml`.
    growth: seconds over which exported files grow; 0 none. formats: by partner, what their documents are exported as
    (x12, csv, json, xml, parent_child); one that is not named: x12. In flat files there are no 997s. look: how flat
    files are put down: with a byte order mark, in Latin-1, with line ends LF; empty: UTF-8, CRLF.
    """

    stable_seconds: float = 0.2
    takes_half_written: bool = False
    takes_temporary: bool = False
    temporary_suffixes: tuple[str, ...] = (".tmp", ".part", ".filepart", ".incomplete")
    paused: bool = False
    upper_case: bool = False
    growth: float = 0.0
    formats: dict[str, Format] = field(default_factory=dict)
    look: Look = ""


@dataclass(frozen=True)
class Imported:
    """A file that was taken from Import. error: why it went to no partner; empty when it did."""

    at: datetime
    name: str
    data: bytes
    error: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def as_row(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "name": self.name,
            "size": len(self.data),
            "sha256": self.sha256,
            "error": self.error,
        }


@dataclass
class Exported:
    """A file that was put into Export, kept so that a person can export it again (truecommerce 5)."""

    name: str
    data: bytes
    times: int = field(default=1)


class TransactionManager:
    """The worker between the server's folders and the partners' mailbox."""

    def __init__(
        self, state: TrueCommerceState, mailbox: CleoState, world: PartnerWorld, options: ManagerOptions | None = None
    ) -> None:
        self.state = state
        self.mailbox = mailbox
        self.world = world
        self.options = options or ManagerOptions()
        self.imported: list[Imported] = []
        self.exported: dict[str, Exported] = {}
        self.purged: list[str] = []
        self._control = 0
        self._files = 0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self.work()
            await asyncio.sleep(POLL_SECONDS)

    def work(self) -> None:
        """Do what is due now."""
        self.purged += self.state.purge()
        if not self.options.paused:
            self.take()
            self.world.work()
            self.put()

    def flush(self) -> None:
        """Take everything that has come to rest or not, have it answered, and export the answers."""
        self.take(everything=True)
        self.world.flush()
        self.put()

    @property
    def errors(self) -> list[Imported]:
        return [one for one in self.imported if one.error]

    def orders(self) -> Counter[str]:
        """How often each order came to a partner."""
        return self.world.consumer.orders()

    # ------------------------------------------------------------------ import

    def take(self, *, everything: bool = False) -> None:
        """Take files from Import that are whole, as far as can be seen from their time."""
        now = self.state.clock.now()
        for name, file in self.state.tree.files(self.state.import_path):
            if self._is_temporary(name) and not self.options.takes_temporary:
                continue
            at_rest = (now - file.modified).total_seconds() >= self.options.stable_seconds and not file.writers
            if at_rest or everything or self.options.takes_half_written:
                self._take(name, file)

    def _is_temporary(self, name: str) -> bool:
        return name.startswith(".") or name.lower().endswith(self.options.temporary_suffixes)

    def _take(self, name: str, file: File) -> None:
        now = self.state.clock.now()
        data = file.read(0, file.size(now), now)
        del self.state.tree.folder(self.state.import_path).entries[name]
        error = self._sent(name, data)
        self.imported.append(Imported(now, name, data, error))
        row = self.imported[-1].as_row()
        self.state.journal.write(system="truecommerce", kind="file.refused" if error else "file.imported", data=row)

    def _sent(self, name: str, data: bytes) -> str:
        """Give it to its partner; why not, else nothing."""
        if not data.lstrip().startswith(b"ISA"):
            return self._sent_flat(name, data)
        try:
            interchanges = read(data)
        except BadX12 as problem:
            return f"bad layout: {problem}"
        receivers = {interchange.receiver for interchange in interchanges}
        found = [name for name, profile in self._profiles() if (profile.qualifier, profile.id) in receivers]
        if len(receivers) != 1 or len(found) != 1:
            return f"unknown trading partner: {sorted(receivers)}"
        self.mailbox.upload(self.mailbox.outbox(found[0]), name, data, user="transaction manager")
        return ""

    def _profiles(self) -> list[tuple[str, Party]]:
        return [(name, partner.profile.party) for name, partner in self.world.partners.items()]

    def _sent_flat(self, name: str, data: bytes) -> str:
        """An order in a flat file goes on as an 850, a change as an 860, in an envelope of our own (truecommerce 5)."""
        try:
            header, lines = read_order(data)
            segments = order_segments(header, lines)
        except (ValueError, ArithmeticError) as problem:
            return f"bad layout: {problem}"
        wanted = header.get("TradingPartner", "")
        found = [one for one, party in self._profiles() if wanted.casefold() in {one.casefold(), party.id.casefold()}]
        if len(found) != 1:
            return f"unknown trading partner: {wanted[:40]}"
        self._control += 1
        writer = Writer(US, self.world.partners[found[0]].profile.party, self.state.clock)
        group = "PC" if segments[0] == ["860"] else "PO"
        interchange = writer.write(group, [segments], control=self._control)
        self.mailbox.upload(self.mailbox.outbox(found[0]), name, interchange, user="transaction manager")
        return ""

    # ------------------------------------------------------------------ export

    def put(self) -> None:
        """Move what the partners sent into Export."""
        for partner in self.world.partners:
            inbox = self.mailbox.inbox(partner)
            for file in list(inbox.files):
                data = b"".join(file.content.chunks(file.content.size))
                self.mailbox.folders.remove(file)
                form = self.options.formats.get(partner, "x12")
                if form == "x12":
                    self.export(file.name, data, growth=file.growth)
                else:
                    self._export_flat(partner, data, form)

    def _export_flat(self, partner: str, data: bytes, form: Format) -> None:
        """Each document of an interchange becomes a file of its own. What is no X12 comes as it is."""
        try:
            sets = [each for one in read(data) for group in one.groups for each in group.sets]
        except BadX12:
            self._files += 1
            self.export(f"{partner}_{self._files:06d}.{EXTENSIONS[form]}", data)
            return
        identity = self.world.partners[partner].profile.party.id
        for each in sets:
            flat = flat_of(each, identity)
            if flat is not None:
                self._files += 1
                name = f"{flat.kind}_{partner}_{flat.number}_{self._files:06d}.{EXTENSIONS[form]}"
                self.export(name, dressed(written(flat, form), self.options.look))

    def export(self, name: str, data: bytes, *, growth: Growth | None = None) -> str:
        """Put a document into Export; the name it got."""
        stem, dot, extension = name.rpartition(".")
        if self.options.upper_case and dot:
            name = f"{stem}.{extension.upper()}"
        if growth is None and self.options.growth > 0:
            growth = Growth(seconds=self.options.growth)
        self.state.deliver(name, data, growth=growth)
        self.exported[name] = Exported(name, data)
        return name

    def export_again(self, name: str, *, under: str = "") -> str:
        """A person exports a document once more: it comes under a new name, with the same content."""
        known = self.exported[name]
        known.times += 1
        stem, dot, extension = name.rpartition(".")
        again = under or f"{stem if dot else name}_{known.times}{dot}{extension if dot else ''}"
        self.state.deliver(again, known.data)
        return again

    def reset(self) -> None:
        self.imported.clear()
        self.exported.clear()
        self.purged.clear()
        self.mailbox.reset()
        self.world.reset()

    def summary(self) -> dict[str, Any]:
        """Counts for a person or a test."""
        now = self.state.clock.now()
        return {
            "export": sum(1 for _ in self.state.tree.files(self.state.export_path)),
            "import": sum(1 for _ in self.state.tree.files(self.state.import_path)),
            "import_bytes": sum(file.size(now) for _, file in self.state.tree.files(self.state.import_path)),
            "imported": len(self.imported),
            "errors": [one.as_row() for one in self.errors],
            "exported": len(self.exported),
            "purged": len(self.purged),
            "logins": self.state.logins,
            "partners": self.world.summary(),
        }


def open_mailbox(state: TrueCommerceState) -> CleoState:
    """The folders between Transaction Manager and its partners, noted in the journal under a name of their own."""
    return CleoState(state.clock, _Renamed(state), CleoOptions(partners=()))


class _Renamed:
    """The journal of the mailbox."""

    def __init__(self, state: TrueCommerceState) -> None:
        self._state = state

    def write(self, *, system: str, kind: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - all of it is the mailbox
        self._state.journal.write(system="transaction_manager", kind=kind, data=data)
