"""One trading partner: keeps its orders, and makes the files that answer them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.cleo.state import CleoState
from ml_connector.sandbox.partner.documents.behaviour import Behaviour, Rubbish
from ml_connector.sandbox.partner.documents.heard import Heard, hear
from ml_connector.sandbox.partner.documents.invoices import Invoice, invoice_set
from ml_connector.sandbox.partner.documents.orders import Order, decimal
from ml_connector.sandbox.partner.documents.spoiling import rubbish, spoil
from ml_connector.sandbox.partner.documents.x12 import Party, Segment, TransactionSet, get
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.records import SentDocument, SentFile, SentGroup

FUNCTIONAL_IDS = {
    "855": "PR",
    "856": "SH",
    "820": "RA",
    "810": "IN",
    "997": "FA",
    "865": "CA",
    "850": "PO",
    "860": "PC",
    "824": "AG",
}
GROWING_POLLS = 3


@dataclass
class Taken:
    """An order in the partner's books, with the behaviour that holds for it."""

    order: Order
    behaviour: Behaviour
    shipped: dict[str, Decimal] = field(default_factory=dict)
    invoices: list[str] = field(default_factory=list)


@dataclass
class Books:
    """All that a partner remembers of its business with us. placed: orders of its own, lines by number; heard: what it
    understood of our answers to them.
    """

    orders: dict[str, Taken] = field(default_factory=dict)
    duplicates: list[str] = field(default_factory=list)
    sent: list[SentFile] = field(default_factory=list)
    groups: dict[tuple[str, int], SentGroup] = field(default_factory=dict)
    unknown_acknowledgments: list[str] = field(default_factory=list)
    waiting_notices: list[Taken] = field(default_factory=list)
    waiting_invoices: list[Taken] = field(default_factory=list)
    placed: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    last_invoice: str = ""


class Partner:
    """Writes files into its inbox folder, from where we download."""

    def __init__(self, profile: Profile, state: CleoState, clock: Clock) -> None:
        self.profile = profile
        self.behaviour = Behaviour().changed(dict(profile.behaviour))
        self.next_behaviours: deque[Behaviour] = deque()
        self.order_behaviours: dict[str, Behaviour] = {}
        self.books = Books()
        self.writer = profile.writer(clock)
        self._state = state
        self._clock = clock

    def behaviour_for(self, number: str) -> Behaviour:
        """What holds for an order: what was said for its number, else the next one queued, else the partner's own."""
        told = self.order_behaviours.get(number)
        if told is not None:
            return told
        return self.next_behaviours.popleft() if self.next_behaviours else self.behaviour

    def number(self, kind: str) -> str:
        """The next number of that kind, e.g. NORTHWIND-I00001 for invoices."""
        self.books.counters[kind] = self.books.counters.get(kind, 0) + 1
        return f"{self.profile.name[:9]}-{kind}{self.books.counters[kind]:05d}"

    def count(self, kind: str, by: int = 1) -> int:
        """A running number; returns the value before it was raised."""
        before = self.books.counters.get(kind, 0)
        self.books.counters[kind] = before + by
        return before

    def control(self) -> int:
        return 1 if self.profile.fixed_control else self.writer.next_control()

    def send(
        self,
        kind: str,
        sets: Sequence[Sequence[Segment]],
        documents: Sequence[SentDocument],
        behaviour: Behaviour,
        *,
        control: int | None = None,
        trouble: str = "",
    ) -> tuple[SentFile, bytes]:
        """One interchange with those sets becomes a file in the inbox."""
        number = self.control() if control is None else control
        functional_id = FUNCTIONAL_IDS[kind]
        self._remember_orders(kind, sets)
        data = self.writer.write(
            functional_id,
            sets,
            control=number,
            usage="T" if behaviour.test and kind == "810" else "P",
            sender=_stranger(behaviour) if kind == "810" else None,
        )
        if behaviour.bad_syntax and kind == "810":
            data = spoil(data, behaviour.bad_syntax, self.profile.separators)
        name = self.profile.file_name.format(kind=kind, control=f"{number:09d}")
        sent = self.put(kind, name, data, documents, control=f"{number:09d}", trouble=trouble)
        if functional_id != "FA":
            group = SentGroup(self.profile.name, functional_id, str(number), name)
            self.books.groups.setdefault((functional_id, number), group)
        return sent, data

    def _remember_orders(self, kind: str, sets: Sequence[Sequence[Segment]]) -> None:
        """What it orders and changes, to know what answers are about. SDQ divides a line, and adds nothing to it."""
        for each in sets if kind in {"850", "860"} else ():
            begin = next((one for one in each if one[0] in {"BEG", "BCH"}), [""])
            lines = self.books.placed.setdefault(get(begin, 3), {})
            lines |= {get(one, 1): decimal(get(one, 2)) for one in each if one[0] == "PO1"}
            lines |= {get(one, 1): decimal(get(one, 3)) for one in each if one[0] == "POC" and get(one, 3)}
            for gone in [get(one, 1) for one in each if one[0] == "POC" and get(one, 2) == "DI"]:
                lines.pop(gone, None)

    def put(
        self,
        kind: str,
        name: str,
        data: bytes,
        documents: Sequence[SentDocument] = (),
        *,
        control: str = "",
        trouble: str = "",
        growth: Growth | None = None,
    ) -> SentFile:
        """Those bytes become a file in the inbox."""
        folder = self._state.inbox(self.profile.name)
        file = self._state.deliver(folder, name, data, owner=self.profile.name.lower(), growth=growth)
        sent = SentFile(
            self._clock.now(),
            self.profile.name,
            kind,
            name,
            file.id,
            len(data),
            control,
            tuple(documents),
            trouble,
        )
        self.books.sent.append(sent)
        return sent

    def drop(self, kind: Rubbish, whole: bytes | None = None) -> SentFile:
        """A piece of rubbish appears in the inbox."""
        number = self.count("rubbish") + 1
        suffix = ".edi.tmp" if kind == "temporary" else ".edi"
        return self.put(
            "rubbish",
            f"{self.profile.name.lower()}_{kind}_{number:04d}{suffix}",
            rubbish(kind, whole if whole is not None else self._sample()),
            trouble=kind,
            growth=Growth(polls=GROWING_POLLS) if kind == "growing" else None,
        )

    def _sample(self) -> bytes:
        """A whole 810 for an order nobody placed."""
        day = self._clock.now().strftime("%Y%m%d")
        segments = [
            ["810"],
            ["BIG", day, self.number("X"), "", "00000000"],
            ["IT1", "1", "1", "EA", "1", "", "VP", "X"],
            ["TDS", "100"],
            ["CTT", "1"],
        ]
        return self.writer.write("IN", [segments], control=self.control())

    def listen(self, transaction: TransactionSet) -> None:
        """Take in an answer to an order of its own."""
        heard = hear(transaction, self.books.placed)
        if heard is not None:
            self.books.heard.append(heard)

    def invoice_contents(self, invoice: Invoice, behaviour: Behaviour) -> list[Segment]:
        """The 810 with the tax rate written the partner's way."""
        segments = invoice_set(invoice, behaviour)
        for segment in segments:
            if segment[0] == "TXI" and self.profile.tax_rate != "percent":
                rate = f"{invoice.vat_percent / 100:f}".rstrip("0").rstrip(".")
                segment[3] = rate if self.profile.tax_rate == "fraction" else ""
        return segments

    def reset(self) -> None:
        """Forget orders, files and behaviours told; control numbers go on, as they do in life."""
        self.books = Books()
        self.next_behaviours.clear()
        self.order_behaviours.clear()
        self.behaviour = Behaviour().changed(dict(self.profile.behaviour))


def _stranger(behaviour: Behaviour) -> Party | None:
    """A sender nobody knows, when the behaviour says so."""
    name = behaviour.supplier
    return Party("ZZ", name[:15], name[:15]) if name else None


def describe(invoice: Invoice, behaviour: Behaviour) -> SentDocument:
    """The record of an invoice, with what is wrong on purpose."""
    return SentDocument(
        kind="credit" if invoice.kind == "CR" else "invoice",
        number=invoice.number,
        orders=tuple(order.number for order in invoice.orders),
        total=invoice.total,
        vat=invoice.vat,
        currency=invoice.currency,
        trouble=trouble_of(behaviour),
    )


def trouble_of(behaviour: Behaviour) -> str:
    """The troubles an invoice of this behaviour carries, joined by commas."""
    found: dict[str, Any] = {
        "overcharge": behaviour.overcharge_percent,
        "over_invoice": behaviour.over_invoice_percent,
        "unknown_charge": behaviour.unknown_charge,
        "vat_" + behaviour.vat: behaviour.vat != "total",
        "currency": behaviour.currency,
        "order_number": behaviour.order_number,
        "supplier": behaviour.supplier,
        "invoice_number": behaviour.invoice_number,
        "test": behaviour.test,
        f"syntax_{behaviour.bad_syntax}": behaviour.bad_syntax,
        "total_off": behaviour.total_off,
        "over_ship": behaviour.ship_percent > 100,
        "repeat_" + behaviour.invoice_repeat: behaviour.invoice_repeat != "no",
    }
    return ",".join(name for name, is_so in found.items() if is_so)
