"""Our key in the ERP's entry means posted: what this ledger wrote before it was restored, and does not know any more.

A key of ours that no write of this ledger has, on an entry of the same supplier and number, was written in the lost
time. The document that comes again is posted, with that entry's id, and nothing is written.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ml_connector.documents.kinds import Direction
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import BILLS, GOODS_RECEIPTS, Existing, Identity, Written, target_of
from ml_connector.ledger.audit import restores
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.states import moves_of

#: Keys as `postable.operation_key` makes them; several receipts of one notice are numbered.
_KEY = re.compile(r"(mlc-[0-9a-f]{20})(?:-([0-9]+))?")
#: So long after a restore was noticed files of the lost time may come again; longer while nobody has settled it.
LOOKED_FOR = timedelta(days=30)
_WAY = (S.MATCHED, S.CODED, S.POSTING, S.POSTED)


@dataclass(frozen=True)
class Found:
    """An entry that we wrote in the lost time."""

    kind: str
    key: str
    outside_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def is_due(integration: Integration) -> bool:
    """Whether the ERP may have entries of ours that the ledger does not know."""
    with integration.ledger.read() as tx:
        restore = restores.newest(tx)
    if restore is None:
        return False
    return restore.settled_at is None or integration.clock.now() < restore.noticed_at + LOOKED_FOR


def bills(integration: Integration, wanted: Mapping[int, Identity]) -> dict[int, list[Found]]:
    """Those of these invoices, by document, that we posted in the lost time."""
    if not wanted or not is_due(integration):
        return {}
    existing = {one.identity: one for one in target_of(integration.erp, BILLS).existing(list(wanted.values()))}
    lost = _lost_keys(integration, [one.our_key for one in existing.values()])
    found: dict[int, list[Found]] = {}
    for row_id, identity in wanted.items():
        one = existing.get(identity)
        if one is not None and one.our_key in lost:
            facts = {"entry_number": one.number, "amount": one.amount, "found_in": one.source}
            found[row_id] = [Found(one.kind, one.our_key, one.outside_id, facts)]
    return found


def receipts(integration: Integration, wanted: Mapping[int, Identity]) -> dict[int, list[Found]]:
    """Those of these ship notices, by document, whose receipts we posted in the lost time, all of them."""
    if not wanted or not is_due(integration):
        return {}
    existing = target_of(integration.erp, GOODS_RECEIPTS).existing(list(dict.fromkeys(wanted.values())))
    return several(integration, wanted, existing, "receipt_number")


def several(
    integration: Integration,
    wanted: Mapping[int, Identity],
    existing: Sequence[Existing],
    number_as: str,
    references: Mapping[int, Sequence[str]] | None = None,
) -> dict[int, list[Found]]:
    """Those of these documents, by document, all of whose writes are there from the lost time. number_as: what the
    ERP's number of one is called in what the ledger keeps. references: of the writes of each document, where several
    documents have the same number at the ERP: then just these count, and each has to be there once.
    """
    lost = _lost_keys(integration, [one.our_key for one in existing])
    found: dict[int, list[Found]] = {}
    for row_id, identity in wanted.items():
        mine = [one for one in existing if one.identity == identity and one.our_key in lost]
        if references is not None:
            mine = [one for one in mine if one.reference in references[row_id]]
            if sorted(one.reference for one in mine) != sorted(references[row_id]):
                continue
        numbers = sorted(int(_parts(one.our_key)[1] or 0) for one in mine)
        # One without a number, or all of several; where one of them is missing a person has to look.
        if numbers in ([0], list(range(1, len(numbers) + 1))) and mine:
            found[row_id] = [
                Found(one.kind, one.our_key, one.outside_id, {number_as: one.number, "found_in": one.source})
                for one in mine
            ]
    return found


def _parts(key: str) -> tuple[str, str]:
    """The document's part of a key, and the number behind it."""
    match = _KEY.fullmatch(key)
    return (match.group(1), match.group(2) or "") if match is not None else ("", "")


def base_of(key: str) -> str:
    """The document's part of a key of ours; empty for any other text."""
    return _parts(key)[0]


def _lost_keys(integration: Integration, keys: Sequence[str]) -> set[str]:
    """Those of these texts that are keys of ours, and of no write that the ledger knows."""
    ours = {key: _parts(key)[0] for key in keys if _parts(key)[0]}
    if not ours:
        return set()
    with integration.ledger.read() as tx:
        known = operations.known_keys(tx, sorted(set(ours.values())))
    return {key for key, base in ours.items() if base not in known}


def written_here(integration: Integration, existing: Sequence[Existing]) -> dict[str, int]:
    """Which of our documents wrote these, by their key: no entry of theirs was keyed by hand."""
    ours = {one.our_key: base_of(one.our_key) for one in existing if base_of(one.our_key)}
    if not ours:
        return {}
    with integration.ledger.read() as tx:
        known = operations.writers(tx, sorted(set(ours.values())))
    return {key: known[base] for key, base in ours.items() if base in known}


def moves(row: DocumentRow, found: Sequence[Found], report: StepReport) -> list[Move]:
    """To posted, from wherever the document stands."""
    report.add_document("recognised", row)
    states = [state for state in _WAY if state is S.POSTED or state in moves_of(row.kind, Direction.IN)]
    begin = states.index(row.state) + 1 if row.state in states else 0
    way = [S.POSTING, S.POSTED] if row.state is S.QUARANTINED else states[begin:]
    cleared = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}
    detail = {"id": found[0].outside_id, "key": found[0].key, **found[0].detail}
    steps = [Move(row.id, state, "recognised by our key", changes=cleared, release=False) for state in way[:-1]]
    return [*steps, Move(row.id, way[-1], "posted before the ledger was restored", detail, changes=cleared)]


def record(tx: Tx, row: DocumentRow, found: Sequence[Found], connection: str) -> None:
    """The writes as done, with the ids that they have at the other side (connection); before the moves."""
    operations.void(tx, [row.id])
    position = operations.next_position(tx, row.id)
    planned = operations.plan(
        tx,
        [
            NewOperation(
                document_id=row.id,
                position=position + number,
                connection=connection,
                company=row.company,
                kind=one.kind,
                # By the document's part of it: that is what other documents are asked for by.
                key=f"{base_of(one.key)}/{position + number}",
                target="",
                payload=json.dumps({"recognised": one.key}),
            )
            for number, one in enumerate(found)
        ],
    )
    done = [
        (op.id, Written(one.outside_id, {**one.detail, "ours": True})) for op, one in zip(planned, found, strict=True)
    ]
    operations.finish(tx, done)
