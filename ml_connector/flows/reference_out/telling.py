"""What partners are to be told of tables: a document for each that something changed for, or whose whole table is due.

What it tells is decided when it is composed (`composing`), of the newest version that there is by then.
"""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from ml_connector.documents.common import Direction
from ml_connector.documents.master.tables import Scope
from ml_connector.errors import ConfigError, NeedsCorrection, TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.reference_out.contents import content
from ml_connector.flows.reference_out.history import FLOW, KIND, History, Subscription, Told, subscriptions
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S


def tell(integration: Integration, work: RunScope) -> StepReport:
    """A document for each table of each partner that there is something to tell of.

    A replay tells nothing new: the documents that there are, are composed again.

    Raises:
        TryAgain: another worker tells of the same table at this moment.
    """
    report = StepReport("look for changes of reference tables")
    if work.replay:
        return report
    for one in subscriptions(integration):
        if work.stopped():
            break
        if not work.partners or one.partner.name in work.partners:
            _tell_one(integration, work, one, report)
    return report


def _tell_one(integration: Integration, work: RunScope, one: Subscription, report: StepReport) -> None:
    with integration.ledger.read() as tx:
        newest, history = _newest(integration, tx, one), History.read(integration, tx, one.source_id)
        wanted = _due(integration, tx, one, newest, history)
        waiting = _held(tx, one, newest, history)
        if wanted is not None and not _says_something(integration, tx, one, history, wanted):
            wanted = None
    if wanted is not None:
        report.add("told", None, document=one.table, partner=one.partner.name)
    # What is on its way was composed of an older version, perhaps: this one is looked at when that has left.
    looked_at = waiting is not None or not history.not_left
    if work.dry_run or not looked_at:
        return
    with integration.ledger.write() as tx:
        if wanted is not None:
            _add(integration, tx, work, one, history, wanted)
        if waiting is not None:
            changes = {"next_attempt_at": integration.clock.now()}
            documents.move(tx, [Move(waiting, None, "", changes=changes, release=False)], work)
        cursors.put(tx, one.cursor, _seen(one, newest))


def _says_something(integration: Integration, tx: Tx, one: Subscription, history: History, wanted: Told) -> bool:
    try:
        return content(integration, tx, one, history, wanted) is not None
    except NeedsCorrection:
        return True  # the document says what is the matter


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Tables that changed since partners were told of them; the ledger alone is asked."""
    del look, erp_usable
    with integration.ledger.read() as tx:
        for one in subscriptions(integration):
            history = History.read(integration, tx, one.source_id)
            if _due(integration, tx, one, _newest(integration, tx, one), history) is not None:
                yield f"{one.table} changed, of which {one.partner.name} is told"


def give_whole(integration: Integration, work: RunScope, partner: str, table: str) -> bool:
    """Have a table go whole to a partner that missed a file; False: it is about to go already.

    Raises:
        ConfigError: the partner is not told of that table, or it was never read.
    """
    told = [one for one in subscriptions(integration) if one.partner.name == partner]
    one = next((one for one in told if one.table == table), None)
    if one is None:
        raise ConfigError(
            f"{partner} is not told of {table}.",
            remedy="Name a table that its file has under reference_data: "
            f"{', '.join(sorted(one.table for one in told)) or 'it has none'}.",
        )
    with integration.ledger.write() as tx:
        if not _newest(integration, tx, one):
            raise ConfigError(f"{table} were never read.", remedy="Run `ml-connector sync`, then ask again.")
        history = History.read(integration, tx, one.source_id)
        if any(Told.of(row).asked for row in history.not_left):
            return False
        _add(integration, tx, work, one, history, Told(Scope.WHOLE, 0, asked=True))
    return True


def _newest(integration: Integration, tx: Tx, one: Subscription) -> int:
    return snapshots.latest_version(tx, integration.erp.connection, integration.erp.company, one.table)


def _due(integration: Integration, tx: Tx, one: Subscription, newest: int, history: History) -> Told | None:
    """What may have to be told, going by versions alone; None: nothing, or something is on its way."""
    if not newest or history.not_left:
        return None
    has, whole = history.has, history.last_whole
    late = timedelta(days=one.rule.whole_every_days)
    if late and whole is not None and whole[1] + late <= integration.clock.now() and whole[0].version != newest:
        return Told(Scope.WHOLE, 0)
    if cursors.get(tx, one.cursor) == _seen(one, newest):
        return None
    return Told(Scope.WHOLE if has is None else Scope.CHANGES, 0)


def _held(tx: Tx, one: Subscription, newest: int, history: History) -> int | None:
    """The held document that is to be composed again, of a newer version."""
    held = [row.id for row in history.not_left if row.state is S.QUARANTINED]
    return held[-1] if held and cursors.get(tx, one.cursor) != _seen(one, newest) else None


def _seen(one: Subscription, newest: int) -> str:
    """What was looked at last: this version, under these settings."""
    rule = hashlib.sha256(one.rule.model_dump_json().encode()).hexdigest()[:16]
    return f"{newest} {rule}"


def _add(integration: Integration, tx: Tx, work: RunScope, one: Subscription, history: History, wanted: Told) -> None:
    revision = history.next_revision
    new = NewDocument(
        kind=KIND,
        direction=Direction.OUT,
        flow=FLOW,
        **integration.scope,
        **integration.party(one.partner.name),
        number=one.table,
        revision=revision,
        business_key=integration.sent_key(KIND, one.source_id, revision),
        state=S.READ,
        canonical="",
        source_id=one.source_id,
        work=wanted.text(),
        action="asked for" if wanted.asked else "the table changed",
    )
    if any(added.repeats is not None for added in documents.add_documents(tx, [new], work)):
        raise TryAgain(f"Another worker was faster: it tells {one.partner.name} of {one.table}.", after_seconds=5)
