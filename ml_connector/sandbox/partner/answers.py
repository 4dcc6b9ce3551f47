"""What follows from an accepted order: 855, 856, 810 and credit note, each after its delay."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from ml_connector.clock import Clock
from ml_connector.sandbox.partner.agenda import Agenda
from ml_connector.sandbox.partner.documents.behaviour import Behaviour, Rubbish
from ml_connector.sandbox.partner.documents.confirmations import confirmation
from ml_connector.sandbox.partner.documents.invoices import Invoice, credit_note, make_invoice
from ml_connector.sandbox.partner.documents.notices import ship_notice, shipped_quantities
from ml_connector.sandbox.partner.partner import Partner, Taken, describe
from ml_connector.sandbox.partner.records import SentDocument


class Answers:
    """Plans and makes one partner's answers. Jobs look at the order when they are done, so that changes count."""

    def __init__(self, partner: Partner, agenda: Agenda, clock: Clock) -> None:
        self._partner = partner
        self._agenda = agenda
        self._clock = clock

    def begin(self, taken: Taken) -> None:
        """Everything that follows a new order."""
        behaviour = taken.behaviour
        self.confirm(taken)
        for kind in behaviour.rubbish:
            self._agenda.add(behaviour.confirm_delay, partial(self._drop, kind))
        if behaviour.confirm == "refuse":
            return
        if behaviour.ship != "never":
            self._agenda.add(behaviour.ship_delay, lambda: self._ship(taken))
        if behaviour.invoice != "never":
            self._agenda.add(behaviour.invoice_delay, lambda: self._invoice(taken))

    def confirm(self, taken: Taken, *, change: bool = False) -> None:
        """The 855 to an order or a change of it."""
        behaviour = taken.behaviour
        if behaviour.confirm != "never":
            self._agenda.add(behaviour.confirm_delay, lambda: self._confirm(taken, change=change))

    def _confirm(self, taken: Taken, *, change: bool) -> None:
        today = self._clock.now().date()
        number = self._partner.number("S")
        contents = confirmation(taken.order, taken.behaviour, today, number, change=change)
        document = SentDocument("confirmation", number, (taken.order.number,))
        self._partner.send("855", [contents], [document], taken.behaviour)

    def _drop(self, kind: Rubbish) -> None:
        self._partner.drop(kind)

    def _ship(self, taken: Taken) -> None:
        waiting = self._partner.books.waiting_notices
        self._group(taken, waiting, taken.behaviour.orders_per_notice, self._send_notice)

    def _invoice(self, taken: Taken) -> None:
        waiting = self._partner.books.waiting_invoices
        self._group(taken, waiting, taken.behaviour.orders_per_invoice, self._send_invoice)

    def _group(self, taken: Taken, waiting: list[Taken], size: int, send: Callable[[list[Taken]], None]) -> None:
        """Send at once, or when enough orders wait, or when they have waited long enough."""
        if taken.order.cancelled:
            return
        waiting.append(taken)
        if len(waiting) >= size:
            ready, waiting[:] = list(waiting), []
            send(ready)
        elif len(waiting) == 1:

            def give_up() -> None:
                ready, waiting[:] = list(waiting), []
                if ready:
                    send(ready)

            self._agenda.add(taken.behaviour.batch_wait, give_up)

    def _send_notice(self, batch: list[Taken]) -> None:
        behaviour = batch[0].behaviour
        for taken in batch:
            taken.shipped = shipped_quantities(taken.order, taken.behaviour)
        orders = [(taken.order, taken.shipped) for taken in batch if taken.shipped]
        if not orders:
            return
        partner = self._partner
        number = partner.number("D")
        packs = sum(len(shipped) for _, shipped in orders)
        contents = ship_notice(orders, behaviour, number, self._clock.now(), partner.count("pack", packs))
        trouble = "over_ship" if behaviour.ship_percent > 100 else ""
        document = SentDocument("notice", number, tuple(order.number for order, _ in orders), trouble=trouble)
        file, data = partner.send("856", [contents], [document], behaviour)
        if behaviour.notice_repeat == "file":
            partner.put("856", f"again_{file.name}", data, [document], control=file.control, trouble="repeat_file")
        elif behaviour.notice_repeat == "notice":
            partner.send("856", [contents], [document], behaviour, trouble="repeat_notice")

    def _send_invoice(self, batch: list[Taken]) -> None:
        behaviour = batch[0].behaviour
        orders = [(taken.order, _invoiced(taken)) for taken in batch]
        orders = [(order, quantities) for order, quantities in orders if quantities]
        if not orders:
            return
        invoice = make_invoice(orders, behaviour, self._invoice_number(behaviour), self._clock.now().date())
        for taken in batch:
            taken.invoices.append(invoice.number)
        self._send_810(invoice, behaviour)
        if behaviour.credit != "no":
            self._agenda.add(behaviour.invoice_delay, lambda: self._credit(invoice, behaviour))

    def _invoice_number(self, behaviour: Behaviour) -> str:
        books = self._partner.books
        if behaviour.invoice_number == "repeat":
            return books.last_invoice or self._remember(self._partner.number("I"))
        return self._remember(behaviour.invoice_number or self._partner.number("I"))

    def _remember(self, number: str) -> str:
        self._partner.books.last_invoice = number
        return number

    def _send_810(self, invoice: Invoice, behaviour: Behaviour) -> None:
        partner = self._partner
        document = describe(invoice, behaviour)
        contents = partner.invoice_contents(invoice, behaviour)
        file, data = partner.send("810", [contents], [document], behaviour, trouble=document.trouble)
        match behaviour.invoice_repeat:
            case "file":
                partner.put("810", f"again_{file.name}", data, [document], control=file.control, trouble="repeat_file")
            case "control":
                other = replace(invoice, number=partner.number("I"))
                partner.send(
                    "810",
                    [partner.invoice_contents(other, behaviour)],
                    [describe(other, behaviour)],
                    behaviour,
                    control=int(file.control),
                    trouble="repeat_control",
                )
            case "document":
                partner.send("810", [contents], [document], behaviour, trouble="repeat_document")

    def _credit(self, invoice: Invoice, behaviour: Behaviour) -> None:
        day = self._clock.now().date()
        note = credit_note(invoice, behaviour, self._partner.number("C"), day)
        self._send_810(note, behaviour.changed({"invoice_repeat": "no", "rubbish": ()}))


def _invoiced(taken: Taken) -> dict[str, Decimal]:
    """Quantities an invoice bills: what the notice said or says, or what was ordered."""
    behaviour = taken.behaviour
    if behaviour.invoice == "ordered" or behaviour.ship == "never":
        return {line.number: line.quantity for line in taken.order.open_lines}
    return taken.shipped or shipped_quantities(taken.order, behaviour)
