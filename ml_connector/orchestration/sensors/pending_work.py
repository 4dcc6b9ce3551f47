"""Is there work? What sensors ask: cheap questions to the folders, the ERP and the ledger; nothing is done here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from ml_connector.clock import CLOCK_DOUBT
from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import PERSON_ONLY, SETTINGS_TOO
from ml_connector.flows.core.spec import INBOUND, OUTBOUND, FlowSpec, load
from ml_connector.flows.inbound import polling, reparsing
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange import files, remote_listing
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimQuery
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime.names import channel_lease

#: A run needs some seconds to start: a file that will be stable by then is worth starting for.
START_SECONDS = 5.0

#: States in which a document goes on without anybody's help.
_GOES_ON = (S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.READ, S.RESOLVED, S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME)


@dataclass(frozen=True)
class PendingWork:
    """What waits, in words. unreachable: why the outside system could not be asked. away: it may be back later.

    closed: why some of its folders cannot be used; the others can.
    """

    reasons: list[str] = field(default_factory=list)
    unreachable: str = ""
    away: bool = False
    closed: str = ""

    def __bool__(self) -> bool:
        return bool(self.reasons)


def channel_busy(tx: Tx, integration: str, direction: str) -> str:
    """Who works on this channel, by its lease (a killed Dagster run stays STARTED, its lease does not); else empty."""
    row = leases.get(tx, channel_lease(integration, direction))
    return (row.run_id or row.holder) if row is not None and row.expires_at > now(tx) else ""


def inbound_work(integration: Integration, *, erp_usable: bool = True, resting: float = 0.0) -> PendingWork:
    """Files in the partners' folders, files not parsed, documents that can go on with what can be reached.

    resting: the network was away, and is not asked for so many more seconds.
    """
    unreachable = f"{integration.network.connection} was away; asked again in {resting:.0f} s" if resting > 0 else ""
    away = False
    closed = ""
    try:
        if not unreachable:
            closed = "; ".join(error.message for error in polling.look_at_all(integration))[:400]
    except ConnectorError as error:
        unreachable, away = _why(error), isinstance(error, TryAgain)
    reasons: list[str] = []
    with integration.ledger.read() as tx:
        fetchable = _fetchable(tx, integration) if not unreachable else 0
        if fetchable:
            reasons.append(f"{fetchable} new file(s)")
        unparsed = _unparsed(tx, integration)
        if unparsed:
            reasons.append(f"{unparsed} file(s) not parsed")
        mended = len(reparsing.readable_now(integration, tx))
        if mended:
            reasons.append(f"{mended} held file(s) to read by other layouts")
        left = _to_take_away(tx, integration) if not unreachable else 0
        if left:
            reasons.append(f"{left} read file(s) to take away")
        flows = [
            flow
            for flow in integration.flows.running(INBOUND)
            if (erp_usable or not flow.waits_for_erp) and not (unreachable and flow.is_at("network"))
        ]
        without = () if erp_usable else tuple(flow.name for flow in flows if flow.is_at("erp"))
        reasons += documents_waiting(tx, integration.name, tuple(flow.name for flow in flows), without_erp=without)
    for flow in flows:
        reasons += load(flow.news)(integration, look=True, erp_usable=erp_usable) if flow.news else ()
    return PendingWork(reasons, unreachable, away, closed)


def outbound_work(
    integration: Integration,
    *,
    look: bool,
    erp_usable: bool = True,
    flows: Sequence[FlowSpec] | None = None,
    begun: Sequence[FlowSpec] = (),
) -> PendingWork:
    """What is new for flows that leave (asked outside when `look`), and documents that can go on.

    flows: all that are on, unless told otherwise. begun: of these only what a run has begun to send is finished.
    """
    wanted = integration.flows.running(OUTBOUND) if flows is None else flows
    unreachable = ""
    reasons: list[str] = []
    for flow in wanted:
        try:
            for reason in load(flow.news)(integration, look=look, erp_usable=erp_usable) if flow.news else ():
                reasons.append(reason)  # those that come before an error count
        except ConnectorError as error:
            unreachable = _why(error)
    with integration.ledger.read() as tx:
        reasons += documents_waiting(tx, integration.name, tuple(flow.name for flow in wanted))
        states = (S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME)
        query = ClaimQuery(integration=integration.name, states=states, flows=tuple(flow.name for flow in begun))
        count = documents.count_waiting(tx, query) if begun else 0
    return PendingWork([*reasons, *([f"{count} document(s) begun"] if count else [])], unreachable)


def _why(error: ConnectorError) -> str:
    word = "must be authorized again" if isinstance(error, AuthorizationNeeded) else "cannot be asked now"
    return f"{word}: {error}"[:400]


def _fetchable(tx: Tx, integration: Integration) -> int:
    """Files whose size is stable, or will be by the time a run has started."""
    stable = timedelta(seconds=max(0.0, integration.folders.stable_seconds - START_SECONDS))
    connection = integration.network.connection
    return sum(
        len(remote_listing.ready_files(tx, connection, channel.name, stable, limit=1000))
        for channel in polling.channels_of(integration)
    )


def _unparsed(tx: Tx, integration: Integration) -> int:
    before = now(tx) - timedelta(minutes=integration.folders.incomplete_minutes)
    stored = files.in_state(tx, integration.name, "in", ("stored",), limit=100)
    late = files.in_state(tx, integration.name, "in", ("incomplete",), limit=100, created_before=before)
    return len(stored) + len(late)


def _to_take_away(tx: Tx, integration: Integration) -> int:
    """Files that were read and could not be moved or deleted: no new file need come for that to be tried again."""
    if integration.folders.after_read == "leave":
        return 0
    return len(files.removals_pending(tx, integration.network.connection, limit=1000))


def documents_waiting(
    tx: Tx, integration: str, flows: tuple[str, ...], *, without_erp: tuple[str, ...] = ()
) -> list[str]:
    """Documents nobody works on that can go on now: new ones, a dead run's, held ones whose time has come.

    without_erp: those of the flows whose documents go on only as far as nothing is written to the ERP.
    """
    whole = tuple(flow for flow in flows if flow not in without_erp)
    going = documents.count_waiting(tx, ClaimQuery(integration=integration, states=_GOES_ON, flows=whole))
    if without_erp:
        going += documents.count_waiting(tx, ClaimQuery(integration=integration, states=(S.PARSED,), flows=without_erp))
    held = _held_and_due(tx, integration, flows)
    reasons = [f"{going} document(s) under way"] if going else []
    return reasons + ([f"{held} held document(s) to look at again"] if held else [])


def _held_and_due(tx: Tx, integration: str, flows: tuple[str, ...]) -> int:
    """Held documents whose next look is due; those that only a person can mend have no such time.

    What a clock wrote that ran ahead is not waited for (as in `documents.claim`).
    """
    c, at = document.c, now(tx)
    query = sa.select(sa.func.count()).where(
        c.integration == integration,
        c.flow.in_(flows),
        c.state == S.QUARANTINED.value,
        c.next_attempt_at.is_not(None),
        sa.or_(c.next_attempt_at <= at, c.updated_at > at + CLOCK_DOUBT),
        c.reason.not_in([reason.value for reason in PERSON_ONLY - SETTINGS_TOO]),
    )
    return tx.execute(query).scalar_one()
