"""Releasing what was posted: an action, done by reading the state first, since a second one may fail or do more
(acumatica 6, 8.2). Nothing is released that is not what was sent: it may have outlived a writer that found it to
differ, or somebody has changed it.

A release is two operations. The first does the action, whose end says little (204: "completed or was not created"). The
second looks at what became of it, and does it where it was not done. States are read in batches (`states`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.errors import RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences, total_difference
from ml_connector.systems.acumatica.posting.finding import Findable
from ml_connector.systems.acumatica.posting.states import States, fields_of
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import Row, body_of, identity, text, to_json


@dataclass(frozen=True)
class Releasing:
    """What an entity's release is like. posted: the kind of the write before it. done: its statuses afterwards;
    waiting: somebody must approve it first.
    """

    entity: str
    posted: str
    kind: str
    looked_at: str
    action: str
    number: str
    totals: tuple[str, ...]
    done: frozenset[str]
    waiting: frozenset[str] = frozenset({"Pending Approval"})

    @property
    def fields(self) -> tuple[str, ...]:
        """What tells its state."""
        return ("Status", self.number, *self.totals)


BILL = Releasing(
    "Bill",
    "ap_bill",
    "ap_bill_release",
    "ap_bill_released",
    "ReleaseBill",
    "ReferenceNbr",
    ("Amount", "TaxTotal"),
    frozenset({"Open", "Closed", "Pre-Released", "Released"}),
)
RECEIPT = Releasing(
    "PurchaseReceipt",
    "purchase_receipt",
    "purchase_receipt_release",
    "purchase_receipt_released",
    "ReleasePurchaseReceipt",
    "ReceiptNbr",
    ("TotalQty",),
    frozenset({"Released"}),
)
RELEASES = {one.entity: one for one in (BILL, RECEIPT)}
KINDS = {kind: one for one in RELEASES.values() for kind in (one.kind, one.looked_at)}
_POSTED = {one.posted: one for one in RELEASES.values()}
NEEDS = tuple(Need("their release", one.entity, one.fields) for one in RELEASES.values())


def release_of(
    entity: str, target: str, totals: Mapping[str, Decimal], put: Mapping[str, Any]
) -> list[PlannedOperation]:
    """The release of what the first operation puts; only as it was sent, and with these totals."""
    what = RELEASES[entity]
    payload = to_json({"act": {"entity": {"id": ""}, "parameters": {}}, "totals": dict(totals), "put": dict(put)})
    uses = {"act.entity.id": 0}
    return [
        PlannedOperation(kind, target, payload, uses=uses, ref=ref, shares=True)
        for kind, ref in ((what.kind, "release"), (what.looked_at, "released"))
    ]


class Releaser:
    """Does releases, and looks whether they are done.

    findable: how records of an entity are found in lists. follows: entities whose records are released when posted.
    """

    def __init__(
        self, client: AcumaticaClient, findable: Mapping[str, Findable], page_size: int, follows: Collection[str]
    ) -> None:
        self._client = client
        self._findable = findable
        self._follows = follows
        self._states = States(client, page_size)

    def posted(self, operation: StoredOperation, written: Written) -> None:
        """A record stands, whose state will be asked for where a release follows."""
        what = _POSTED.get(operation.kind)
        if what is not None and what.entity in self._follows:
            self._states.expect(what.entity, written.outside_id, body_of(operation.payload)["put"])

    def write(self, operation: StoredOperation) -> Written:
        """Release what was posted where its state and totals allow it, or see to it that this was done.

        Raises:
            RefusedBySystem: it is on hold, or differs; nothing was released. OutcomeUnknown, TryAgain: as ever.
        """
        what = KINDS[operation.kind]
        planned = body_of(operation.payload)
        record_id = str(planned["act"]["entity"]["id"])
        before = self._ready(what, record_id, planned)
        done = self._done(what, before)
        if done is not None:
            return self._told(before, planned, done)
        self._client.act(what.entity, what.action, to_json(planned["act"]))
        if operation.kind == what.kind:
            self._states.expect(what.entity, record_id, planned.get("put", {}))
            return Written(identity(before), {"entry_number": text(before, what.number), "action": what.action})
        after = self._read(what, record_id)
        done = self._done(what, after)
        if done is not None:
            return self._told(after, planned, done)
        raise TryAgain(
            f"{self._client.connection}: {what.entity} {text(after, what.number)} is {text(after, 'Status')} after its"
            " release: the action was not started.",
            after_seconds=10,
            remedy="It is tried again; if it lasts, release it in Acumatica and see what that says.",
        )

    def _ready(self, what: Releasing, record_id: str, planned: Mapping[str, Any]) -> Row:
        """The record, done or as it was sent. What a list shows otherwise is read by itself before it is refused."""
        put: Mapping[str, Any] = planned.get("put", {})
        listed = self._states.take(self._findable[what.entity], record_id, put, what.fields) if put else None
        if listed is not None and (self._done(what, listed) is not None or not self._wrong(listed, planned)):
            return listed
        row = self._read(what, record_id, put)
        if self._done(what, row) is None:
            self._check(what, row, planned)
        return row

    def _read(self, what: Releasing, record_id: str, put: Mapping[str, Any] | None = None) -> Row:
        names = fields_of(put or {})
        select = tuple(dict.fromkeys((*what.fields, *names)))
        expand = ("Details",) if any(name.startswith("Details/") for name in names) else ()
        row = self._client.record(what.entity, record_id, Query(select=select, expand=expand))
        if row is None:
            raise RefusedBySystem(
                f"{self._client.connection}: {what.entity} {record_id} is not there any more.",
                remedy="Somebody has deleted it: discard this document, or replay it to post it anew.",
            )
        return row

    def _done(self, what: Releasing, row: Row) -> Written | None:
        with readable(self._client.connection, f"the status of a {what.entity}"):
            status = text(row, "Status")
            detail = {"entry_number": text(row, what.number), "status": status}
            if status in what.waiting:
                detail["warning"] = "It waits for approval in Acumatica, and is released by whoever approves it."
            elif status not in what.done:
                return None
            return Written(identity(row), detail)

    @staticmethod
    def _totals(row: Row, planned: Mapping[str, Any]) -> list[str]:
        totals: Mapping[str, Any] = planned["totals"]
        return [one for name, wanted in totals.items() for one in total_difference(name, Decimal(wanted), row)]

    def _told(self, row: Row, planned: Mapping[str, Any], done: Written) -> Written:
        """With what somebody changed between our look and the release."""
        wrong = self._totals(row, planned)
        if not wrong or "warning" in done.detail:
            return done
        told = f"It was changed before it was released: {'; '.join(wrong)}. See it in Acumatica."
        return Written(done.outside_id, {**done.detail, "warning": told})

    def _differences(self, row: Row, planned: Mapping[str, Any]) -> list[str]:
        return self._totals(row, planned) + differences(planned.get("put", {}), row)

    def _wrong(self, row: Row, planned: Mapping[str, Any]) -> bool:
        return text(row, "Status") != _READY or bool(self._differences(row, planned))

    def _check(self, what: Releasing, row: Row, planned: Mapping[str, Any]) -> None:
        wrong = self._differences(row, planned)
        place = f"{self._client.connection}: {what.entity} {text(row, what.number)}"
        if wrong:
            raise RefusedBySystem(
                f"{place} is not released: {'; '.join(wrong[:5])}.",
                remedy="Correct it in Acumatica, then replay this document: it goes on with the release. If it is right"
                " as it stands there, release it there, and replay this.",
                data={"differences": wrong[:20]},
            )
        if text(row, "Status") != _READY:
            raise RefusedBySystem(
                f"{place} is {text(row, 'Status')} and cannot be released.",
                remedy="Take it off hold in Acumatica, then replay this document: it goes on with the release.",
                data={"status": text(row, "Status")},
            )

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these releases are done, by operation id: one that was never begun is done too, if it is."""
        bodies = {operation.id: body_of(operation.payload) for operation in operations}
        found: dict[int, Written] = {}
        for what in RELEASES.values():
            mine = [one for one in operations if KINDS[one.kind] is what]
            ids = {one.id: str(bodies[one.id]["act"]["entity"]["id"]) for one in mine}
            puts = {ids[one.id]: bodies[one.id].get("put", {}) for one in mine if ids[one.id]}
            asked = {at: put for at, put in puts.items() if put}
            listed = self._states.look(self._findable[what.entity], asked, what.fields, whole=False)
            rows: dict[str, Row | None] = {
                at: listed.get(at) or self._client.record(what.entity, at, Query(select=what.fields)) for at in puts
            }
            for number, at in ids.items():
                row = rows.get(at)
                done = self._done(what, row) if row is not None else None
                if done is not None:
                    found[number] = done
        return found


#: Of a record that can be released.
_READY = "Balanced"
