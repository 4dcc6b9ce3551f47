"""What a flow step works with: one integration, and one run's identity and limits."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Protocol, TypedDict, TypeVar

from ml_connector import stopping
from ml_connector.clock import Clock
from ml_connector.config.connections import MailboxSettings
from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partner_files import PartnerProblem
from ml_connector.config.partners import MatchTolerances, Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.belonging import Belonging
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.ports import Erp, Mailbox, OwnFormat
from ml_connector.layouts import Layout
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work.records import DocumentRow

T = TypeVar("T")
#: Reads which invoices somebody booked, for all integrations of an ERP.
BOOKINGS_READER = "bookings"


@dataclass(frozen=True)
class FolderRules:
    """How a network's folders are read (edi-operations 1 and 2)."""

    after_read: str = "leave"
    move_to: str = ""
    stable_seconds: float = 5.0
    incomplete_minutes: float = 10.0
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")
    #: A file that stays under such a name unchanged for so long is told.
    temporary_alarm_hours: float = 2.0
    page_size: int = 100
    pages_per_tick: int = 20
    max_file_bytes: int = 150_000_000
    concurrency: int = 4
    longest_call_seconds: float = 60.0
    #: Networks that delete files by age: after so many hours unread a file is told of, after so many days it is gone.
    unread_alarm_hours: float | None = None
    purge_days: float | None = None
    #: Several partners' files come through one folder.
    shared: bool = False


def folder_rules(connection: MailboxSettings) -> FolderRules:
    """A network connection's settings as flows need them."""
    alarm_hours, purge_days = connection.deletes_unread_after or (None, None)
    return FolderRules(
        after_read=connection.after_read,
        move_to=connection.move_to,
        stable_seconds=connection.stable_seconds,
        temporary_suffixes=connection.temporary_suffixes,
        temporary_alarm_hours=connection.temporary_alarm_hours,
        page_size=connection.page_size,
        pages_per_tick=connection.pages_per_tick,
        max_file_bytes=connection.max_file_bytes,
        concurrency=connection.concurrency,
        longest_call_seconds=connection.longest_call,
        unread_alarm_hours=alarm_hours,
        purge_days=purge_days,
        shared=connection.folders_are_shared,
    )


class Scope(TypedDict):
    """Where a document belongs, as its row tells."""

    integration: str
    connection: str
    system: str
    company: str
    network: str


class Party(TypedDict):
    """Which partner a document is of, as its row tells."""

    partner: str
    partner_key: str


def _unsettled() -> Belonging:
    raise WeAreWrong("This integration was made without saying whose books it works in.")


@dataclass(frozen=True)
class Integration:
    """A pair of connections with everything its flows need. Built by `composition`."""

    name: str
    settings: IntegrationSettings
    partners: Mapping[str, Partner]
    ledger: Ledger
    erp: Erp
    network: Mailbox
    clock: Clock
    folders: FolderRules = FolderRules()
    #: Integrations that take orders out of this ERP by webhook, this one among them: each must see every notice.
    notice_readers: tuple[str, ...] = ()
    #: Readers of what webhooks tell of booked invoices: integrations that send them on, and `BOOKINGS_READER`.
    entry_readers: tuple[str, ...] = ()
    flows: FlowSet = field(default_factory=FlowSet)
    #: Layouts that partner files name, by that name.
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    #: Formats of incoming files that are the network's own.
    file_formats: Sequence[OwnFormat] = ()
    #: Finds out what `belonging` tells (`settling.settle`).
    settle: Callable[[], Belonging] = _unsettled

    #: The name of each partner's file, by the partner's name; and partners that are stopped by theirs.
    partner_files: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[PartnerProblem] = ()

    def stopped(self, name: str) -> PartnerProblem | None:
        """What stops the partner of that name; None where nothing does."""
        return next((problem for problem in self.problems if name and problem.name == name), None)

    @cached_property
    def belonging(self) -> Belonging:
        """Whose books these are and how its partners are known, whatever their names.

        Raises:
            TryAgain, AuthorizationNeeded: the ERP has to be asked for the company, and cannot be asked now.
        """
        return self.settle()

    @property
    def books(self) -> Books:
        """The company whose books this integration works in now."""
        return self.belonging.books

    @property
    def scope(self) -> Scope:
        """The integration, its connections and company, as every row of it has them."""
        return Scope(
            integration=self.name,
            connection=self.erp.connection,
            system=self.books.system,
            company=self.books.company,
            network=self.network.connection,
        )

    def party(self, partner: str) -> Party:
        """A partner as every row of it has it; empty where it is not known."""
        return Party(partner=partner, partner_key=self.belonging.keys.get(partner, ""))

    def partner_of(self, row: DocumentRow) -> Partner | None:
        """The partner of a document, whatever its name was when the document came; None where no file has it now."""
        name = self.belonging.names.get(row.partner_key, "") if row.partner_key else row.partner
        return self.partners.get(name)

    def business_key(self, partner: str, kind: DocumentKind, number: str, revision: int | str = 0) -> str:
        """The identity of a document that came: company, partner, kind, number; no name of ours is in it."""
        scope = f"{self.books}/{self.belonging.keys.get(partner, '')}"
        return f"{scope}|{kind}|{as_key(number.strip()).upper()}|{revision}"[:400]

    def order_key(self, order_id: str, revision: int) -> str:
        """The identity of an order that leaves: company, the ERP's id of it and revision, whoever it goes to.

        Not its number: an ERP may give that again after the order was deleted.
        """
        return self.sent_key(DocumentKind.ORDER, order_id, revision)

    def sent_key(self, kind: DocumentKind, record_id: str, revision: int) -> str:
        """The identity of what leaves of a record of the ERP, by the ERP's id of it."""
        return f"{self.books}|{kind}|{record_id}|{revision}"[:400]

    def tolerances(self, partner: Partner) -> MatchTolerances:
        return partner.tolerances or self.settings.flows.invoices_in.tolerances

    def partner_of_identity(self, key: str) -> Partner | None:
        """The partner with this ISA qualifier/id, production or test."""
        for partner in self.partners.values():
            if key in partner.identity_keys:
                return partner
        return None


class Feed(Protocol):
    """What a step hears of the steps beside it, when several run at the same time (see flows.side_by_side)."""

    def hand_over(self) -> None:
        """Tell the steps behind that something is committed for them."""
        ...

    def more_to_come(self) -> bool:
        """Wait for the steps before: True when there may be new work, False when they have ended and all was seen."""
        ...

    def nothing_more(self) -> None:
        """Tell the steps behind that nothing more comes for them, whatever this one still does."""
        ...

    def others_work(self) -> bool:
        """Whether another step still hands over, or may do so."""
        ...


@dataclass(frozen=True)
class RunScope:
    """One run over waiting documents: who does it, and what it is limited to.

    holder: name of the worker's lease. partition, documents, partners: limits of a replay; empty means everything
    that waits. replay: also take up held documents before their time. dry_run: plan and write nothing. feed: the
    steps beside this one, when several run at the same time.
    """

    holder: str
    actor: str = "worker"
    run_id: str = ""
    asset: str = ""
    partitions: tuple[date, ...] = ()
    documents: tuple[int, ...] = ()
    partners: tuple[str, ...] = ()
    replay: bool = False
    dry_run: bool = False
    as_of: date | None = None
    stop: "StopSignal | None" = None
    feed: Feed | None = None

    def stopped(self) -> bool:
        return stopping.asked() or (self.stop is not None and self.stop.is_set())

    def hand_over(self) -> None:
        """Something is committed for the steps behind this one."""
        if self.feed is not None:
            self.feed.hand_over()

    def more_to_come(self) -> bool:
        """Whether to look for work again: never for a step that runs alone, which takes what waits and ends."""
        return self.feed is not None and not self.stopped() and self.feed.more_to_come()


class StopSignal:
    """Tells a run to end after the batch in hand: its lease was lost or the process is asked to stop."""

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set or stopping.asked()


@dataclass
class StepReport:
    """What a step did: counts by outcome, per partition, and a few rows for people."""

    step: str
    counts: Counter[str] = field(default_factory=Counter)
    partitions: dict[date, Counter[str]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    SAMPLE_LIMIT = 100

    def add(self, outcome: str, partition: date | None = None, **sample: Any) -> None:
        """Count one document; `sample` is kept for the first hundred."""
        self.counts[outcome] += 1
        if partition is not None:
            self.partitions.setdefault(partition, Counter())[outcome] += 1
        if sample and len(self.samples) < self.SAMPLE_LIMIT:
            self.samples.append({"outcome": outcome, **sample})

    def add_document(self, outcome: str, row: DocumentRow, **more: Any) -> None:
        """Count a document of the ledger."""
        named = {"document": row.number, "document_id": row.id, "partner": row.partner}
        self.add(outcome, row.partition_date, **named, **more)

    def merge(self, other: "StepReport") -> None:
        self.counts.update(other.counts)
        for day, counts in other.partitions.items():
            self.partitions.setdefault(day, Counter()).update(counts)
        self.samples.extend(other.samples[: self.SAMPLE_LIMIT - len(self.samples)])
        self.notes.extend(other.notes)

    def as_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "counts": dict(self.counts),
            "partitions": {day.isoformat(): dict(counts) for day, counts in sorted(self.partitions.items())},
            "documents": self.samples,
            "notes": self.notes,
        }


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """In parts of at most this size."""
    return [items[i : i + size] for i in range(0, len(items), size)]
