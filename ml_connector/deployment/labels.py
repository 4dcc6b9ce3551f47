"""What the names of a deployment stand for, and the partner files behind them."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ml_connector.config.partner_files import PartnerFiles, PartnerProblem
from ml_connector.errors import AuthorizationNeeded, ConfigError, TryAgain
from ml_connector.layouts import Layout, load_layout
from ml_connector.ledger.database.books import Books

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_connector.flows.core.belonging import Belonging
    from ml_connector.flows.names.settling import Names

from ml_connector.deployment.connections import Connections


@dataclass
class Labels(Connections):
    """A deployment's names, its partners and their layouts."""

    @property
    def integration_names(self) -> list[str]:
        return sorted(self.loaded.settings.integrations)

    def _settled(self, name: str) -> "Belonging":
        """Whose books an integration works in, all names settled.

        Raises:
            DecisionNeeded: names do not stand for what they stood for. AuthorizationNeeded, TryAgain: cannot be asked.
        """
        from ml_connector.flows.names import settling

        connection = self.loaded.integration(name).erp
        erp = self.erp(connection)
        try:
            company = erp.company
        except AuthorizationNeeded:
            if not settling.recognise_connection(self.ledger, self.names, connection):
                raise
            company = erp.company
        return settling.settle(self.ledger, self.names, name, Books(erp.system, company), erp.company_name)

    @cached_property
    def names(self) -> "Names":
        """All names of the configuration, and what tells them apart."""
        from ml_connector.flows.names.settling import Configured, Names

        settings = self.loaded.settings
        integrations = {
            name: Configured(
                erp=one.erp,
                network=one.network,
                network_account=settings.connections[one.network].account,
                identity=one.identity.key,
                partners=self.loaded.partners[name],
            )
            for name, one in settings.integrations.items()
        }
        return Names(
            erps={one.erp: settings.connections[one.erp].account for one in settings.integrations.values()},
            networks=frozenset(one.network for one in settings.integrations.values()),
            integrations=integrations,
            move_token=self._move_credentials,
            company_of=self._company_of,
        )

    def _move_credentials(self, tx: "Connection", old: str, new: str) -> bool:
        """What was given to a connection under its old name by a command: its tokens, and the host key accepted."""
        from ml_connector.credentials.tokens import rename_token

        system = self.system(new)
        for before, now in zip(system.stored_names(old), system.stored_names(new), strict=True):
            self.vault.rename(tx, before, now)
        return rename_token(tx, self.vault, old, new)

    def _company_of(self, connection: str) -> str | None:
        with suppress(AuthorizationNeeded, TryAgain):
            return self.erp(connection).company
        return None

    def partner_files(self, integration: str) -> tuple[PartnerFiles, dict[str, Layout]]:
        """The partners of an integration and the layouts that they name, by that name.

        A layout that is missing or wrong stops the partners that name it.
        """
        folder = self.loaded.path.parent / self.loaded.integration(integration).partners
        found = self.loaded.found[integration]
        layouts: dict[str, Layout] = {}
        wrong: dict[str, ConfigError] = {}
        stopped: dict[str, ConfigError] = {}
        for partner in found.partners.values():
            for name in partner.layout_names:
                try:
                    if name not in layouts and name not in wrong:
                        layouts[name] = load_layout(name, folder)
                except ConfigError as error:
                    wrong[name] = error
                if name in wrong:
                    stopped.setdefault(partner.name, wrong[name])
        return found.stopped(stopped), layouts

    @property
    def partner_problems(self) -> list[PartnerProblem]:
        """What stops partners, of all integrations."""
        return [problem for name in self.integration_names for problem in self.partner_files(name)[0].problems]
