"""Acumatica as the ERP that flows see: `flows.core.ports.Erp` over one tenant and branch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector.clock import Clock
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import (
    CodingTraits,
    DocumentSource,
    DocumentTarget,
    ErpTraits,
    ReferenceSource,
    StoredOperation,
    Written,
)
from ml_connector.flows.core.ports.coding_traits import TaxPolicy
from ml_connector.systems.acumatica.reading import records
from ml_connector.systems.acumatica.reading.own import Branch
from ml_connector.systems.acumatica.reading.tables import TABLES, Table
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, readable
from ml_connector.systems.acumatica.wire.contract import Need

#: What `system:` in connections.yaml says.
SYSTEM = "acumatica"
SUBACCOUNT = "subaccount"


class AcumaticaErp:
    """One tenant, seen by one user. Safe to use from several threads.

    leave: gives the session back when the last user is done.
    """

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        clock: Clock,
        *,
        leave: Callable[[], None] | None = None,
    ) -> None:
        self.connection = client.connection
        self.system = SYSTEM
        self.client = client
        self.settings = settings
        self.company = settings.company
        self.company_name = settings.tenant
        self._leave = leave
        self.traits = traits_of(settings)
        self.reference: dict[str, Table] = {name: Table(name, client, settings, clock) for name in TABLES}
        self.tables: Mapping[str, ReferenceSource] = dict(self.reference)
        self.sources: Mapping[str, DocumentSource[Any]] = {}
        self.targets: Mapping[str, DocumentTarget[Any]] = {}

    def branches(self) -> list[Branch]:
        """The branches that the user sees."""
        with readable(self.connection, "a branch"):
            rows = self.client.inquire("CompaniesStructure")
            return [one for row in rows for one in records.branch(row) if isinstance(one, Branch)]

    def needs(self, integrations: Mapping[str, Any]) -> list[Need]:
        """Fields of the contract that the tables and these integrations' flows use."""
        del integrations
        tables = (table for name, table in self.reference.items() if name not in self.settings.without)
        return [need for table in tables for need in table.needs()]

    def close(self) -> None:
        """Give back the connections, and the seat where nobody else needs it."""
        self.client.api.close()
        if self._leave is not None:
            self._leave()

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The payload as it is sent."""
        del earlier
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once."""
        raise WeAreWrong(f"operation {operation.id} is of kind {operation.kind}, which is not written here")

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look everywhere these writes could have landed."""
        del operations
        return {}

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """All records that carry our keys."""
        del operations
        return {}


def traits_of(settings: AcumaticaConnection) -> ErpTraits:
    """Times and habits. A line that is matched to an order takes its account from there (acumatica 8.1)."""
    taxes: TaxPolicy = "as_invoiced" if settings.taxes == "as_invoiced" else "none"
    coding = CodingTraits(dimensions=(SUBACCOUNT,), taxes=taxes, codes_matched_lines=False)
    return ErpTraits.of(settings, coding=coding)
