"""What `ml-connector check` finds out about names: whether they stand for what they stood for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain
from ml_connector.ledger.names import naming
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import ClaimQuery
from ml_connector.ledger.work.states import FINISHED, DocumentState
from ml_connector.systems.results import CheckLevel, CheckResult, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


def check_names(deployment: "Deployment", *, of: str | None = None) -> list[CheckResult]:
    """Each integration: whose books it works in, or what has to be decided first; and names that nobody has now.

    of: only the integrations of this connection.
    """
    found: list[CheckResult] = []
    integrations = deployment.loaded.settings.integrations
    for name in deployment.integration_names:
        if of not in (None, integrations[name].erp, integrations[name].network):
            continue
        try:
            books = deployment.integration(name).books
        except (AuthorizationNeeded, TryAgain):
            continue  # told with its connection
        except ConnectorError as error:
            found.append(
                CheckResult(name, "company", CheckLevel.BAD, error.message, error.remedy, Mender.CONFIGURATION)
            )
            continue
        with deployment.ledger.read() as tx:
            told = {one.books: one.told for one in naming.company_bindings(tx)}.get(books, books.company)
        found.append(CheckResult(name, "company", CheckLevel.GOOD, f"it works in the books of {told}"))
    return [*found, *_gone(deployment)]


def _gone(deployment: "Deployment") -> Iterator[CheckResult]:
    """Integrations that stand in the ledger alone, with documents that wait for somebody."""
    states = [state for state in DocumentState if state not in FINISHED]
    with deployment.ledger.read() as tx:
        gone = [one.name for one in naming.integration_bindings(tx) if one.name not in deployment.integration_names]
        waiting = {name: documents.count_waiting(tx, ClaimQuery(name, states, ignore_due=True)) for name in gone}
    for name, count in waiting.items():
        if count:
            message = f"{count} document(s) wait under the name {name}, which no integration has any more"
            remedy = f"If it has another name now: `ml-connector ledger move --integration {name} NEW`."
            yield CheckResult("deployment", "integrations", CheckLevel.WARN, message, remedy)
