"""Releasing what was posted: an action, done by reading the state first, since a second one may fail or do more
(acumatica 6, 8.2). Nothing is released that is not what was sent: it may have outlived a writer that found it to
differ, or somebody has changed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.errors import RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences, total_difference
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import Row, body_of, identity, text, to_json


@dataclass(frozen=True)
class Releasing:
    """What an entity's release is like. done: its statuses afterwards; waiting: somebody must approve it first."""

    entity: str
    kind: str
    action: str
    number: str
    totals: tuple[str, ...]
    done: frozenset[str]
    waiting: frozenset[str] = frozenset({"Pending Approval"})


BILL = Releasing(
    "Bill",
    "ap_bill_release",
    "ReleaseBill",
    "ReferenceNbr",
    ("Amount", "TaxTotal"),
    frozenset({"Open", "Closed", "Pre-Released", "Released"}),
)
RECEIPT = Releasing(
    "PurchaseReceipt",
    "purchase_receipt_release",
    "ReleasePurchaseReceipt",
    "ReceiptNbr",
    ("TotalQty",),
    frozenset({"Released"}),
)
RELEASES = {one.entity: one for one in (BILL, RECEIPT)}
#: Members of what was put that cannot be asked for as fields.
_NO_FIELDS = frozenset({"id", "note", "custom", "Details", "TaxDetails"})
KINDS = {one.kind: one for one in RELEASES.values()}
NEEDS = tuple(Need("their release", one.entity, ("Status", one.number, *one.totals)) for one in RELEASES.values())


def release_of(entity: str, target: str, totals: Mapping[str, Decimal], put: Mapping[str, Any]) -> PlannedOperation:
    """The release of what the operation before it puts; only as it was sent, and with these totals."""
    payload = {"act": {"entity": {"id": ""}, "parameters": {}}, "totals": dict(totals), "put": dict(put)}
    return PlannedOperation(
        RELEASES[entity].kind, target, to_json(payload), uses={"act.entity.id": 0}, ref="release", shares=True
    )


class Releaser:
    """Does releases, and looks whether they are done."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    def write(self, operation: StoredOperation) -> Written:
        """Release what was posted, where its state and totals allow it.

        Raises:
            RefusedBySystem: it is on hold, or differs; nothing was released. OutcomeUnknown, TryAgain: as ever.
        """
        what = KINDS[operation.kind]
        planned = body_of(operation.payload)
        record_id = str(planned["act"]["entity"]["id"])
        before = self._read(what, record_id, planned.get("put", {}))
        done = self._done(what, before)
        if done is not None:
            return done
        self._check(what, before, planned)
        self._client.act(what.entity, what.action, to_json(planned["act"]))
        after = self._read(what, record_id)
        done = self._done(what, after)
        if done is not None:
            return done
        raise TryAgain(
            f"{self._client.connection}: {what.entity} {text(after, what.number)} is {text(after, 'Status')} after its"
            " release: the action was not started.",
            after_seconds=10,
            mend="It is tried again; if it lasts, release it in Acumatica and see what that says.",
        )

    def _read(self, what: Releasing, record_id: str, put: Mapping[str, Any] | None = None) -> Row:
        names = [*(put or {}), *(f"Details/{name}" for line in (put or {}).get("Details", ()) for name in line)]
        wanted = (name for name in names if name not in _NO_FIELDS)
        select = dict.fromkeys(("Status", what.number, *what.totals, *wanted))
        query = Query(select=tuple(select), expand=("Details",) if "Details" in names else ())
        row = self._client.record(what.entity, record_id, query)
        if row is None:
            raise RefusedBySystem(
                f"{self._client.connection}: {what.entity} {record_id} is not there any more.",
                mend="Somebody has deleted it: discard this document, or replay it to post it anew.",
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

    def _check(self, what: Releasing, row: Row, planned: Mapping[str, Any]) -> None:
        totals: Mapping[str, Any] = planned["totals"]
        wrong = [one for name, wanted in totals.items() for one in total_difference(name, Decimal(wanted), row)]
        wrong += differences(planned.get("put", {}), row)
        place = f"{self._client.connection}: {what.entity} {text(row, what.number)}"
        if wrong:
            raise RefusedBySystem(
                f"{place} is not released: {'; '.join(wrong[:5])}.",
                mend="Correct it in Acumatica, then replay this document: it goes on with the release. If it is right"
                " as it stands there, release it there, and replay this.",
                data={"differences": wrong[:20]},
            )
        if text(row, "Status") != "Balanced":
            raise RefusedBySystem(
                f"{place} is {text(row, 'Status')} and cannot be released.",
                mend="Take it off hold in Acumatica, then replay this document: it goes on with the release.",
                data={"status": text(row, "Status")},
            )

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these releases are done, by operation id: one that was never begun is done too, if it is."""
        found: dict[int, Written] = {}
        for operation in operations:
            what = KINDS[operation.kind]
            record_id = str(body_of(operation.payload)["act"]["entity"]["id"])
            query = Query(select=("Status", what.number))
            row = self._client.record(what.entity, record_id, query) if record_id else None
            done = self._done(what, row) if row is not None else None
            if done is not None:
                found[operation.id] = done
        return found
