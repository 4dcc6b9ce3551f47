"""Everything the Acumatica stand-in holds: tenants, sessions, tokens, running actions, limits."""

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.access.limits import Limits
from ml_connector.sandbox.acumatica.access.oauth import OAuth
from ml_connector.sandbox.acumatica.access.operations import Operations
from ml_connector.sandbox.acumatica.access.sessions import Session, Sessions
from ml_connector.sandbox.acumatica.books.tenant import Tenant, Work, today
from ml_connector.sandbox.acumatica.options import (
    CLIENT_GUID,
    SECOND_CLIENT_GUID,
    SECOND_TENANT,
    TENANT,
    AcumaticaOptions,
)
from ml_connector.sandbox.acumatica.wire.errors import NO_COMPANY, exception
from ml_connector.sandbox.journal import Journal


class AcumaticaState:
    """One site with two tenants."""

    def __init__(self, *, clock: FileClock, journal: Journal, options: AcumaticaOptions, seed: int) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options
        self.seed = seed
        self.sessions = Sessions(clock, options)
        clients = {f"{CLIENT_GUID}@{TENANT}": TENANT, f"{SECOND_CLIENT_GUID}@{SECOND_TENANT}": SECOND_TENANT}
        self.oauth = OAuth(clock, options, self.sessions, clients)
        self.operations = Operations(clock, options)
        self.limits = Limits(clock, options)
        self.tenants = {
            name: Tenant(name, clock=clock, journal=journal, options=options) for name in (TENANT, SECOND_TENANT)
        }

    @property
    def main(self) -> Tenant:
        """The tenant that tests and the demo work in."""
        return self.tenants[TENANT]

    def tenant(self, name: str) -> Tenant:
        """The tenant of a log-in; none named: the first. Raises ApiError (acumatica 1.2)."""
        if not name:
            return self.main
        for known, tenant in self.tenants.items():
            if known.casefold() == name.casefold():
                return tenant
        raise exception(f"The company '{name}' is not defined.", NO_COMPANY)

    def work(self, tenant: Tenant | None = None, branch: str = "", session: Session | None = None) -> Work:
        """The work of one call, of the site itself without a session."""
        books = tenant or self.main
        return Work(
            tenant=books,
            branch=branch or (session.branch if session is not None else "") or books.branches[0]["BranchID"],
            business_date=today(self.clock, self.options.time_zone),
            version=self.options.versions[-1],
            session=session.id if session is not None else "",
        )
