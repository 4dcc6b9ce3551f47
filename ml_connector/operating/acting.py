"""What a person decides about documents, one by one: what is not possible for one leaves the others done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ml_connector.composition import Deployment
from ml_connector.errors import ConnectorError
from ml_connector.flows import operator_actions
from ml_connector.flows.core import copies
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow

#: The event that says whose a document is.
ASSIGNED = "assigned"
Action = Callable[[Integration, RunScope, DocumentRow, str], None]


@dataclass(frozen=True)
class Acted:
    """What came of it for one document. message: what was done, or why it was not."""

    row: DocumentRow
    done: bool
    message: str


@dataclass(frozen=True)
class Decision:
    """Something a person may decide about a document. told: how it is said to have been done."""

    told: str
    action: Action


#: By the words of the command line and of the pages.
DISCARD = "discard"
DECISIONS: Mapping[str, Decision] = {
    DISCARD: Decision("discarded", operator_actions.discard),
    "arrived": Decision(
        "settled: arrived", lambda i, w, row, why: operator_actions.settle_sent(i, w, row, arrived=True, why=why)
    ),
    "not-arrived": Decision(
        "settled: did not arrive",
        lambda i, w, row, why: operator_actions.settle_sent(i, w, row, arrived=False, why=why),
    ),
    "counts-once": Decision("settled: counts once", copies.one_left),
    "as-it-stands": Decision(
        "settled: posted as it stands",
        lambda i, w, row, why: operator_actions.settle_as_it_stands(i, w, row, why=why),
    ),
}


def decide(deployment: Deployment, rows: Sequence[DocumentRow], name: str, *, who: str, why: str) -> list[Acted]:
    """Decide about each document by itself. name: one of DECISIONS."""
    decision = DECISIONS[name]
    work = RunScope(holder="", actor=who)
    made: dict[str, Integration] = {}
    acted: list[Acted] = []
    for row in rows:
        try:
            if row.integration not in deployment.integration_names:
                # The configuration has its integration no more: it can only be given up.
                if name != DISCARD:
                    raise operator_actions.of_gone(row)
                operator_actions.discard_of_gone(deployment.ledger, work, row, why)
            else:
                if row.integration not in made:
                    made[row.integration] = deployment.integration(row.integration)
                decision.action(made[row.integration], work, row, why)
            acted.append(Acted(row, done=True, message=decision.told))
        except ConnectorError as error:
            acted.append(Acted(row, done=False, message=str(error)))
    return acted


def assign(deployment: Deployment, rows: Sequence[DocumentRow], to: str, *, who: str) -> None:
    """Note whose documents are from now on; empty: nobody's."""
    by = RunScope(holder="", actor=who)
    with deployment.ledger.write() as tx:
        for row in rows:
            documents.note(tx, row.id, ASSIGNED, {"to": to}, by)


def comment(deployment: Deployment, rows: Sequence[DocumentRow], text: str, *, who: str) -> None:
    """Note what a person says of documents; nothing else of them changes."""
    by = RunScope(holder="", actor=who)
    with deployment.ledger.write() as tx:
        for row in rows:
            documents.note(tx, row.id, "comment", {"text": text}, by)
