"""Taking waiting documents in batches, and moving them on."""

from collections.abc import Iterator, Sequence

from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.spec import ANSWERS_FLOW
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimQuery, DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def claim_waiting(
    integration: Integration, work: RunScope, flow: str, states: tuple[S, ...], *, after_id: int = 0
) -> list[DocumentRow]:
    """A batch of waiting documents of a flow, claimed; a dry run only looks."""
    query = ClaimQuery(
        integration=integration.name,
        # What answers an interchange speaks of the envelope, of no books.
        books=None if flow == ANSWERS_FLOW else integration.books,
        flows=(flow,),
        states=states,
        partitions=work.partitions,
        ids=work.documents,
        partners=work.partners,
        ignore_due=work.replay,
        after_id=after_id,
    )
    limit = integration.settings.batch_size
    if work.dry_run:
        with integration.ledger.read() as tx:
            return documents.waiting(tx, query, limit)
    with integration.ledger.write() as tx:
        return documents.claim(tx, query, holder=work.holder, limit=limit)


def batches(
    integration: Integration, work: RunScope, flow: str, states: tuple[S, ...], *, streams: bool = False
) -> Iterator[list[DocumentRow]]:
    """Batches of waiting documents of a flow, claimed one after the other, until none waits or the run has to stop.

    Each document is looked at once: a replay takes held ones before their time, and would meet the same for ever.
    streams: it takes what comes from the steps before it while they run, and ends when they have.
    """
    after = 0
    while not work.stopped():
        rows = claim_waiting(integration, work, flow, states, after_id=after)
        if rows:
            after = rows[-1].id
            yield rows
        elif streams and work.more_to_come():
            after = 0
        else:
            return


def make_moves(integration: Integration, work: RunScope, moves: Sequence[Move]) -> None:
    """Make the moves of a batch in one transaction; a dry run makes none."""
    if not work.dry_run:
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)
