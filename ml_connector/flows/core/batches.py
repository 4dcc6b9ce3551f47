"""Taking waiting documents in batches, and moving them on."""

from collections.abc import Iterator, Sequence

from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.spec import ANSWERS_FLOW
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimQuery, DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: So many documents are in the first batch of a step that works beside others: those behind it begin early.
FIRST_BATCH = 32


def sizes(integration: Integration, work: RunScope) -> Iterator[int]:
    """How many documents a step claims at a time: the setting, or up to it in doubled batches beside other steps.

    A full first batch leaves the calls to the other side waiting until all of it is read, matched and looked up:
    about a second of a backlog of 1,500 documents with answers of 100 ms (docs/benchmarks.md, speed).
    """
    most = integration.settings.batch_size
    size = most if work.feed is None else min(FIRST_BATCH, most)
    while True:
        yield size
        size = min(size * 2, most)


def claim_waiting(
    integration: Integration,
    work: RunScope,
    flow: str,
    states: tuple[S, ...],
    *,
    after_id: int = 0,
    limit: int | None = None,
) -> list[DocumentRow]:
    """A batch of waiting documents of a flow, claimed, no more than the setting or `limit`; a dry run only looks."""
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
    limit = limit or integration.settings.batch_size
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
    growing = sizes(integration, work)
    size = next(growing)
    while not work.stopped():
        rows = claim_waiting(integration, work, flow, states, after_id=after, limit=size)
        if rows:
            after, size = rows[-1].id, next(growing)
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
