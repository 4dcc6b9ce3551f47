"""Where a deployment keeps things: ledger, credentials, call limits, and what stands outside the database."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from ml_connector.clock import Clock
from ml_connector.config.loading import LoadedDeployment
from ml_connector.credentials.keys import load_keys
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.errors import ConfigError
from ml_connector.ledger.audit.restore_notice import Witnesses, notice
from ml_connector.ledger.audit.restores import Restore, newest
from ml_connector.ledger.database.departures import DepartureLog
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work.events import Actor
from ml_connector.transport.shared_limits import LedgerLimits


@dataclass
class Storage:
    """The configuration that was read, and what is opened by it when first asked for."""

    loaded: LoadedDeployment
    clock: Clock
    #: Whether what stands outside the database is told of its ledger; of a scratch copy it is not.
    witnessed: bool = field(default=True, kw_only=True)
    #: What was found of a restore, by how often the ledger had been replaced.
    _restores: dict[int, Restore | None] = field(default_factory=dict, init=False, repr=False)

    def over(self, ledger: Ledger) -> Self:
        """Another one of the same configuration over a scratch copy of the ledger: nothing is noted outside of it."""
        made = type(self)(self.loaded, self.clock, witnessed=False)
        made.ledger = ledger
        return made

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, created or migrated on first use."""
        self.loaded.home.mkdir(parents=True, exist_ok=True)
        ledger = Ledger.open(self.ledger_url, self.clock, patience=self.loaded.settings.ledger.patience_seconds)
        ledger.departures = self.outside.log
        return ledger

    @property
    def outside(self) -> Witnesses:
        """What tells, outside the database, how far the ledger had come."""
        return Witnesses(self.heads_file, DepartureLog.beside(self.heads_file))

    @property
    def restore(self) -> Restore | None:
        """The last restore of the ledger, noticed now where it is news: before any work is done over it.

        Raises:
            ConfigError: it cannot be noted beside the exported heads.
        """
        if not self.witnessed:
            return None
        with self.ledger.read():
            replaced = self.ledger.replaced
        if replaced not in self._restores:
            self._restores[replaced] = self._noticed()
        return self._restores[replaced]

    def _noticed(self) -> Restore | None:
        try:
            found = notice(self.ledger, self.outside, Actor("ml-connector"))
        except OSError as error:
            raise ConfigError(
                f"The ledger is older than {self.heads_file}, which cannot be written ({error.strerror}).",
                remedy="Have the file writable: the restore is noted there before anything is done.",
            ) from error
        if found is not None:
            return found
        with self.ledger.read() as tx:
            return newest(tx)

    @property
    def ledger_url(self) -> str:
        reference = self.loaded.settings.ledger.url
        if reference is None:
            url = os.environ.get("ML_CONNECTOR_LEDGER_URL")
            return url or f"sqlite:///{self.loaded.home / 'ledger.db'}"
        if reference.store is not None:
            raise ConfigError(
                f"{self.loaded.path}: ledger.url: cannot stand in the ledger itself.", remedy="Use env or file."
            )
        return SecretResolver(folder=self.loaded.path.parent).resolve(reference, "ledger.url").reveal()

    @cached_property
    def vault(self) -> Vault:
        """The encrypted credential store."""
        return Vault(self.ledger, lambda: load_keys(self.loaded.home))

    @cached_property
    def secrets(self) -> SecretResolver:
        return SecretResolver(lambda: self.vault, folder=self.loaded.path.parent)

    @cached_property
    def limits(self) -> LedgerLimits:
        """Call limits, shared with all other processes of the deployment."""
        return LedgerLimits(self.ledger)

    @property
    def heads_file(self) -> Path:
        return self.loaded.home / self.loaded.settings.ledger.heads_file
