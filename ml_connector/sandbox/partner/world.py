"""The trading partners together: they take what we upload, judge it, and answer after their delays."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.state import CleoState, Journal
from ml_connector.sandbox.partner.agenda import Agenda
from ml_connector.sandbox.partner.answers import Answers
from ml_connector.sandbox.partner.bulk import invoice_files
from ml_connector.sandbox.partner.consumer import Consumer, ConsumerOptions
from ml_connector.sandbox.partner.consumer import Taken as TakenFile
from ml_connector.sandbox.partner.documents.acks import (
    ReadAcknowledgment,
    SetResult,
    functional_acknowledgment,
    group_code,
    judge,
    read_acknowledgment,
)
from ml_connector.sandbox.partner.documents.behaviour import NAMED, Behaviour
from ml_connector.sandbox.partner.documents.orders import (
    change_order,
    customers_change,
    customers_order,
    order_number,
    read_order,
)
from ml_connector.sandbox.partner.documents.x12 import Group, Interchange, TransactionSet
from ml_connector.sandbox.partner.partner import Partner, Taken
from ml_connector.sandbox.partner.profiles import PROFILES, Profile
from ml_connector.sandbox.partner.records import ReadGroup, SentDocument, SentFile

POLL_SECONDS = 0.03
#: BEG01 that begins an order at the partner: original, and replacement of an order it does not know.
_ORDERS = {"00", "05"}


@dataclass
class WorldOptions:
    """profiles: the partners. answer False: they take files away and stay silent. behaviours: by partner name."""

    profiles: tuple[Profile, ...] = PROFILES
    answer: bool = True
    consumer: ConsumerOptions = field(default_factory=ConsumerOptions)
    behaviours: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class PartnerWorld:
    """The partners over a simulated network.

    Everything they received is in `consumer`, everything they sent in the partners' `books`. `errors` holds what
    went wrong inside the stand-in itself and is empty unless it has a defect.
    """

    def __init__(self, state: CleoState, clock: Clock, journal: Journal, options: WorldOptions | None = None) -> None:
        self.options = options or WorldOptions()
        self.clock = clock
        self.journal = journal
        self.consumer = Consumer(state, self.options.consumer)
        self.consumer.on_taken.append(self._taken)
        self.agenda = Agenda(clock)
        self.read_groups: list[ReadGroup] = []
        self.misdirected: list[str] = []
        self.errors: list[str] = []
        self.partners: dict[str, Partner] = {}
        for profile in self.options.profiles:
            state.add_partner_folders(profile.name)
            partner = Partner(profile, state, clock)
            self.partners[profile.name] = partner
        self._tell_options()

    def _tell_options(self) -> None:
        for name, settings in self.options.behaviours.items():
            self.behave(name, dict(settings))

    async def run(self) -> None:
        """Take files and answer, until cancelled."""
        while True:
            self.work()
            await asyncio.sleep(POLL_SECONDS)

    def work(self) -> None:
        """Do what is due now."""
        self.consumer.work()
        while (job := self.agenda.due()) is not None:
            self._safely(job)

    def _safely(self, job: Callable[[], None]) -> None:
        """One answer's defect must not silence the other partners, nor fail the upload that led to it."""
        try:
            job()
        except Exception as error:  # noqa: BLE001 - an isolation boundary; `errors` keeps what went wrong
            self.errors.append(f"{type(error).__name__}: {error}")

    def flush(self) -> None:
        """Do everything that waits, whatever its delay: also what that leads to."""
        self.consumer.take_all()
        for _ in range(100):
            if not len(self.agenda):
                return
            self.agenda.all_due()
            self.work()

    # what they are told

    def behave(self, partner: str, settings: dict[str, Any], *, order: str = "", times: int = 0) -> Behaviour:
        """Change how a partner behaves: for one order number, for its next orders (`times`), or from now on.

        settings: fields of Behaviour; `like` names one of behaviour.NAMED to start from. Raises KeyError for a
        partner or name that does not exist and ValueError for a wrong setting.
        """
        who = self.partners[partner]
        changes = {**NAMED[settings["like"]], **settings} if "like" in settings else dict(settings)
        changes.pop("like", None)
        behaviour = who.behaviour.changed(changes)
        if order:
            who.order_behaviours[order] = behaviour
        elif times:
            who.next_behaviours.extend([behaviour] * times)
        else:
            who.behaviour = behaviour
        return behaviour

    def invoice_files(self, orders: Sequence[Mapping[str, Any]], **options: Any) -> list[SentFile]:
        """810 files for orders of the ERP, at once; see bulk.invoice_files."""
        return invoice_files(self.partners, orders, clock=self.clock, **options)

    def order(
        self, partner: str, number: str, lines: Sequence[Mapping[str, str]], *, store: str, **named: str
    ) -> SentFile:
        """A partner that is a customer orders: an 850 in its inbox; `named` and the rest: orders.customers_order."""
        who = self.partners[partner]
        contents = customers_order(number, f"{self.clock.now():%Y%m%d}", store, lines, **named)
        file, _ = who.send("850", [contents], [SentDocument("order", number)], who.behaviour)
        return file

    def change(
        self,
        partner: str,
        number: str,
        lines: Sequence[Mapping[str, str]] = (),
        *,
        purpose: str = "04",
        sequence: str = "",
    ) -> SentFile:
        """A customer changes or cancels (purpose 01) its order: an 860 in its inbox; see orders.customers_change."""
        who = self.partners[partner]
        day = f"{self.clock.now():%Y%m%d}"
        contents = customers_change(number, day, lines, purpose=purpose, sequence=sequence)
        file, _ = who.send("860", [contents], [SentDocument("change", number)], who.behaviour)
        return file

    def reset(self) -> None:
        """Forget everything that was received, sent and planned."""
        self.consumer.clear()
        self.agenda.clear()
        self.read_groups.clear()
        self.misdirected.clear()
        self.errors.clear()
        for partner in self.partners.values():
            partner.reset()
        self._tell_options()

    # what they know

    def sent(self, kind: str | None = None) -> list[SentFile]:
        """Files the partners sent, oldest first."""
        files = [file for partner in self.partners.values() for file in partner.books.sent]
        return sorted((file for file in files if kind in {None, file.kind}), key=lambda file: file.at)

    def summary(self) -> dict[str, Any]:
        """Counts for a person or a test: orders and interchanges consumed, files and documents sent, answers."""
        sent = self.sent()
        documents = Counter(document.kind for file in sent for document in file.documents)
        groups = [group for partner in self.partners.values() for group in partner.books.groups.values()]
        repeated = {number: count for number, count in self.consumer.orders().items() if count > 1}
        return {
            "consumed_files": len(self.consumer.taken),
            "consumed_repeats_dropped": len(self.consumer.repeats),
            "consumed_unreadable": sum(1 for file in self.consumer.taken if file.error),
            "consumed_orders": len(self.consumer.orders()),
            "consumed_orders_more_than_once": repeated,
            "sent_files": dict(Counter(file.kind for file in sent)),
            "sent_documents": dict(documents),
            "troubles": dict(Counter(file.trouble for file in sent if file.trouble)),
            "groups_sent": len(groups),
            "groups_answered": sum(1 for group in groups if group.answers),
            "groups_answered_more_than_once": sum(1 for group in groups if len(group.answers) > 1),
            "groups_read": dict(Counter(group.code for group in self.read_groups)),
            "misdirected": list(self.misdirected),
            "pending": self.pending(),
            "errors": list(self.errors),
        }

    def pending(self) -> int:
        """Answers and files that still wait for their time."""
        return len(self.agenda) + self.consumer.pending()

    # what they do

    def _taken(self, file: TakenFile) -> None:
        self._safely(lambda: self._read_file(file))

    def _read_file(self, file: TakenFile) -> None:
        for interchange in file.interchanges:
            partner = self._partner_of(interchange)
            if partner is None:
                self.misdirected.append(file.name)
            elif self.options.answer:
                self._read(partner, interchange)

    def _partner_of(self, interchange: Interchange) -> Partner | None:
        for partner in self.partners.values():
            party, us = partner.profile.party, partner.profile.us
            if interchange.receiver == (party.qualifier, party.id) and interchange.sender == (us.qualifier, us.id):
                return partner
        return None

    def _read(self, partner: Partner, interchange: Interchange) -> None:
        for group in interchange.groups:
            if group.functional_id == "FA":
                for transaction in group.sets:
                    self._note_acknowledgment(partner, read_acknowledgment(transaction))
            else:
                self._read_group(partner, interchange, group)

    def _note_acknowledgment(self, partner: Partner, ack: ReadAcknowledgment) -> None:
        control = int(ack.group_control) if ack.group_control.isdigit() else -1
        group = partner.books.groups.get((ack.functional_id, control))
        if group is None:
            partner.books.unknown_acknowledgments.append(f"{ack.functional_id} {ack.group_control}")
            return
        group.answers.append(ack.code)
        group.sets.update({control: code for (_, control), code in ack.sets.items()})

    def _read_group(self, partner: Partner, interchange: Interchange, group: Group) -> None:
        """Judge a group, plan its 997, and do business with what was accepted."""
        behaviours = [self._behaviour_of(partner, each) for each in group.sets]
        behaviour = behaviours[0] if behaviours else partner.behaviour
        judged = judge(group)
        results = _results(judged, behaviour)
        refused = bool(group.findings or interchange.findings)
        code = "R" if refused else group_code(results)
        self._note_read(partner, interchange, group, judged, code)
        if behaviour.acknowledge != "never":
            self._plan_acknowledgment(partner, group, results, behaviour)
        for transaction, own, told, theirs in zip(group.sets, judged, results, behaviours, strict=True):
            # What cannot be read is not worked on, even where the 997 was told to say that it was accepted.
            if own.code == "A" and told.code != "R" and not refused:
                self._do_business(partner, transaction, theirs, interchange.separators.component)

    def _behaviour_of(self, partner: Partner, transaction: TransactionSet) -> Behaviour:
        _, number = order_number(transaction)
        known = partner.books.orders.get(number)
        return known.behaviour if known is not None else partner.behaviour_for(number)

    def _note_read(
        self,
        partner: Partner,
        interchange: Interchange,
        group: Group,
        results: Sequence[SetResult],
        code: str,
    ) -> None:
        problems = [f"interchange {note}" for note in interchange.findings]
        problems += [f"group {note}" for note in group.findings]
        for result in results:
            problems += [f"{result.kind} {result.control}: {note}" for note in result.notes]
            problems += [
                f"{finding.segment} at {finding.position}: {finding.code} {finding.element}/{finding.element_code}"
                for finding in result.findings
            ]
        self.read_groups.append(
            ReadGroup(
                self.clock.now(),
                partner.profile.name,
                group.functional_id,
                group.control,
                interchange.control,
                code,
                tuple(problems),
            )
        )

    def _plan_acknowledgment(
        self, partner: Partner, group: Group, results: list[SetResult], behaviour: Behaviour
    ) -> None:
        contents = functional_acknowledgment(
            group,
            results,
            list_sets=behaviour.acknowledge_lists_sets,
            wrong_count=behaviour.acknowledge_wrong_count,
        )
        if behaviour.acknowledge_unknown_group:
            contents[1][2] = "987654321"
        document = SentDocument("997", f"{group.functional_id} {group.control}", trouble="")

        def send() -> None:
            partner.send("997", [contents], [document], behaviour)

        for _ in range(2 if behaviour.acknowledge_twice else 1):
            self.agenda.add(behaviour.acknowledge_delay, send)

    def _do_business(self, partner: Partner, transaction: TransactionSet, behaviour: Behaviour, component: str) -> None:
        partner.listen(transaction)
        purpose, number = order_number(transaction)
        answers = Answers(partner, self.agenda, self.clock)
        known = partner.books.orders.get(number)
        if transaction.kind == "860":
            if known is None:
                return
            change_order(known.order, transaction, component)
            answers.confirm(known, change=True)
        elif transaction.kind == "850" and known is None and purpose in _ORDERS:
            taken = Taken(read_order(transaction), behaviour)
            partner.books.orders[number] = taken
            answers.begin(taken)
        elif transaction.kind == "850" and known is not None:
            self._change_whole(partner, known, transaction, answers)

    def _change_whole(self, partner: Partner, known: Taken, transaction: TransactionSet, answers: Answers) -> None:
        """A second 850 for a known order: 05 and 04 replace it, 01 cancels it; another original is a duplicate."""
        new = read_order(transaction)
        if new.purpose in {"04", "05"}:
            new.revision = known.order.revision + 1
            known.order = new
            answers.confirm(known, change=True)
        elif new.purpose == "01":
            known.order.cancelled = True
            known.order.revision += 1
            answers.confirm(known, change=True)
        elif new.purpose == "00":
            partner.books.duplicates.append(new.number)


def _results(judged: list[SetResult], behaviour: Behaviour) -> list[SetResult]:
    """AK501 of each set, by strict reading or as the partner was told."""
    forced = {"accept": "A", "accept_with_errors": "E", "reject": "R"}.get(behaviour.acknowledge)
    if forced is None:
        return judged
    notes = ["5"] if forced == "R" else []
    return [SetResult(result.kind, result.control, forced, notes) for result in judged]
