"""Writing a record once, and finding those that are there (intacct 5, 7.1).

A write has a control id that is made of its document and its content; sent again it is refused there, and then looked
up. Look-ups are by whose it is and its number; our key tells which of them is ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.errors import NeedsCorrection, OutcomeUnknown, Reason
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.our_keys import key_in
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import AlreadyRecorded, Gateway
from ml_connector.systems.sage_intacct.wire.control_ids import control_id
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, Where, all_of, any_of, chunks, equals, one_of
from ml_connector.systems.sage_intacct.wire.values import Row, body_of, number, text, to_json
from ml_connector.systems.sage_intacct.wire.xml import Element, Value

#: Numbers that one query asks for.
_AT_ONCE = 200


@dataclass(frozen=True)
class Kind:
    """A kind of record. party, number: the fields of an identity; mark: what holds our key, empty for none.

    key: what the ledger keeps as its id; definition: of purchasing and sales documents. gone: states of what does not
    count any more. other: tells records of one number apart, for flows that ask. amount: empty where there is none.
    """

    kind: str
    object: str
    party: str
    number: str
    mark: str
    key: str
    amount: str
    definition: str = ""
    gone: frozenset[str] = frozenset()
    other: str = ""

    @property
    def entity(self) -> str:
        """What it is, in the target of an operation."""
        return self.definition or self.object

    @property
    def fields(self) -> tuple[str, ...]:
        told = (self.party, self.number, self.mark, self.key, self.amount, "STATE", self.other)
        return tuple(dict.fromkeys(one for one in told if one))

    def place(self, row: Row) -> tuple[str, str]:
        """Whose a record is and its number, without regard to case (intacct 7.1)."""
        return text(row, self.party).casefold(), text(row, self.number).casefold()


def planned(
    what: Kind,
    settings: IntacctConnection,
    key: str,
    identity: Identity,
    element: Element,
    told: Sequence[str] = (),
    *,
    ref: str = "",
    source: str = "",
) -> PlannedOperation:
    """A write as it is stored: the call as it will be sent, under its control id, and how it is found again."""
    call = xml.text_of(element)
    target = f"{settings.company}/{what.entity}"
    payload = {
        "call": call,
        "control_id": control_id(f"{settings.company}/{key}", what.entity, call),
        "find": {"party": identity.party_id, "number": xml.stripped(identity.number), "key": key, "source": source},
        "told": list(told),
    }
    return PlannedOperation(what.kind, target, to_json(payload), ref=ref or None)


def currency_of(what: str, currency: str, settings: IntacctConnection) -> dict[str, Value]:
    """A document's currency and its kind of rate; nothing where it is the books' own. what: the document, for people.

    Raises:
        NeedsCorrection: the company has one currency only.
    """
    if not currency or currency == settings.base_currency:
        return {}
    if not settings.exchange_rate_type:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"{what} is in {currency}, the books are in {settings.base_currency}.",
            remedy="Set exchange_rate_type in the connection if the company has several currencies; else enter it"
            " by hand and discard this.",
            data={"currency": currency},
        )
    return {"currency": currency, "exchratetype": settings.exchange_rate_type}


class Writer:
    """Writes records of one kind, and looks for them."""

    def __init__(self, gateway: Gateway, settings: IntacctConnection, what: Kind) -> None:
        self._gateway = gateway
        self._settings = settings
        self.what = what

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored call.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        body = body_of(operation.payload)
        call = xml.fragment(body["call"])
        try:
            result = self._gateway.do(call, f"{call.tag} {self.what.entity}", body["control_id"])
        except AlreadyRecorded as error:
            return self._recorded(operation, error)
        made = result.made(self.what.key)
        if not made:
            raise OutcomeUnknown(
                f"{self._gateway.connection}: {self.what.entity} was stored, and its number was not told.",
                remedy="It is looked up by our key.",
            )
        return Written(made, _detail(self.what, made, body))

    def _recorded(self, operation: StoredOperation, error: AlreadyRecorded) -> Written:
        """It was done before; the refusal names no record, so it is looked up. An empty look-up right after is no proof
        of anything: reads lag behind (intacct 5).
        """
        found = self.written([operation]).get(operation.id)
        if found is not None:
            return found
        number_ = body_of(operation.payload)["find"]["number"]
        raise OutcomeUnknown(
            f"{self._gateway.connection}: Sage Intacct has recorded {self.what.entity} {number_} before, and does not"
            " show it yet.",
            remedy="It is looked up again. If it lasts, somebody has deleted it there: decide what becomes of it.",
        ) from error

    # ------------------------------------------------------------------ finding

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there, by operation id.

        One with our key counts first. One of the same party and number without any key counts too: writing it again
        could only make it twice; `ours` in the detail says which it was.
        """
        found: dict[int, Written] = {}
        for operation, body, rows in self._matching(operations):
            mine = self._mine(body, rows)
            unmarked = [row for row in rows if not self._key_of(row) and not body["find"]["source"]]
            hit = next(iter(mine or unmarked), None)
            if hit is not None:
                found[operation.id] = self._written(hit, body, ours=bool(mine), found_in=self.what.object)
        return found

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All records with our keys."""
        return {
            operation.id: [self._written(row, body) for row in self._mine(body, rows)]
            for operation, body, rows in self._matching(operations)
            if self._mine(body, rows)
        }

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Records of these parties with these numbers, whoever entered them."""
        asked: dict[tuple[str, str], list[Identity]] = {}
        for one in dict.fromkeys(identities):
            asked.setdefault((one.party_id.strip().casefold(), xml.stripped(one.number).casefold()), []).append(one)
        return [
            Existing(
                identity=one,
                outside_id=text(row, self.what.key),
                our_key=self._key_of(row),
                number=text(row, self.what.key),
                amount=str(abs(number(row, self.what.amount))) if self.what.amount else "",
                source=self.what.entity,
                kind=self.what.kind,
                reference=text(row, self.what.other) if self.what.other else "",
            )
            for row in self._rows(list(dict.fromkeys(identities)))
            for one in asked.get(self.what.place(row), ())
        ]

    def _key_of(self, row: Row) -> str:
        return key_in(text(row, self.what.mark)) if self.what.mark else ""

    def _mine(self, body: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
        wanted, source = body["find"]["key"], body["find"]["source"]
        same = [row for row in rows if self._key_of(row) == wanted]
        return [row for row in same if not source or text(row, "CREATEDFROM") == source]

    def _matching(
        self, operations: Sequence[StoredOperation]
    ) -> Iterator[tuple[StoredOperation, dict[str, Any], list[Row]]]:
        bodies = {operation.id: body_of(operation.payload) for operation in operations}
        wanted = [Identity(body["find"]["party"], body["find"]["number"]) for body in bodies.values()]
        by_place: dict[tuple[str, str], list[Row]] = {}
        for row in self._rows(wanted):
            by_place.setdefault(self.what.place(row), []).append(row)
        for operation in operations:
            find = bodies[operation.id]["find"]
            place = (find["party"].strip().casefold(), find["number"].strip().casefold())
            yield operation, bodies[operation.id], by_place.get(place, [])

    def _rows(self, identities: Sequence[Identity]) -> list[Row]:
        """Records of these parties with these numbers; those that are gone aside."""
        found: dict[str, Row] = {}
        for where in self._conditions(identities):
            select = (*self.what.fields, "CREATEDFROM") if self.what.definition else self.what.fields
            settings = self._settings
            query = Query(
                self.what.object,
                select,
                where,
                page_size=settings.page_size,
                private=settings.shows_private,
                loose=True,
            )
            rows = whole_list(self._gateway, query)
            found.update({text(row, "RECORDNO"): row for row in rows if text(row, "STATE") not in self.what.gone})
        return list(found.values())

    def _conditions(self, identities: Sequence[Identity]) -> Iterator[Where | None]:
        by_party: dict[str, list[str]] = {}
        for one in identities:
            if one.party_id.strip() and xml.stripped(one.number):
                by_party.setdefault(one.party_id.strip(), []).append(xml.stripped(one.number))
        parts = [
            (len(group), all_of([equals(self.what.party, party), one_of(self.what.number, group)]))
            for party, numbers in by_party.items()
            for group in chunks(numbers, _AT_ONCE)
        ]
        of = equals("DOCPARID", self.what.definition) if self.what.definition else None
        for start in range(0, len(parts), _AT_ONCE // 10):
            group = [part for _, part in parts[start : start + _AT_ONCE // 10]]
            yield all_of([of, any_of(group)])

    def _written(self, row: Row, body: Mapping[str, Any], **more: Any) -> Written:
        told = {name: value for name, value in more.items() if value not in ("", None)}
        detail = _detail(self.what, text(row, self.what.key), body)
        facts = {"state": text(row, "STATE")}
        if self.what.amount:
            facts["amount"] = str(number(row, self.what.amount))
        return Written(text(row, self.what.key), {**detail, **facts, **told})


def _detail(what: Kind, shown: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger keeps beside the id."""
    told = list(body.get("told", ()))
    warning = {"warning": "; ".join(told)} if told else {}
    return {"entry_number": shown, "type": what.entity, **warning}
