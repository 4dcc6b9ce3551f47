"""From configuration to working parts: the one place where connections, systems and the ledger meet.

`Deployment` is what orchestration, web, CLI and tests start from. Parts are made when first asked for; tests pass
`overrides` instead of patching.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ml_connector.clock import Clock, clock_from
from ml_connector.config.loading import LoadedDeployment, load_deployment
from ml_connector.config.partner_files import PartnerFiles, PartnerProblem
from ml_connector.credentials.keys import load_keys
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.errors import AuthorizationNeeded, ConfigError, TryAgain
from ml_connector.flows.core.integration import Integration, folder_rules
from ml_connector.flows.core.ports import Erp, Network
from ml_connector.flows.names.changed_settings import with_what_was_known
from ml_connector.layouts import Layout, load_layout
from ml_connector.ledger.audit.restore_notice import Witnesses, notice
from ml_connector.ledger.audit.restores import Restore, newest
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.departures import DepartureLog
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work.events import Actor
from ml_connector.systems import registry
from ml_connector.systems.system import Login, Role, Usage, WebhookSource
from ml_connector.transport.shared_limits import LedgerLimits

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ml_connector.flows.core.belonging import Belonging
    from ml_connector.flows.names.settling import Names
    from ml_connector.systems.results import Finding
    from ml_connector.systems.system import System
    from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens

CONFIG_VARIABLE = "ML_CONNECTOR_CONFIG"


def config_path(given: str | None = None) -> Path:
    """The configuration file: as given, by environment, or connections.yaml here."""
    return Path(given or os.environ.get(CONFIG_VARIABLE) or "connections.yaml")


@dataclass
class Deployment:
    """A configured deployment. Use as a context manager, or call `close`."""

    loaded: LoadedDeployment
    clock: Clock
    erps: dict[str, Erp] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None = None, *, clock: Clock | None = None) -> Self:
        """Read the configuration; nothing is connected yet.

        Raises:
            ConfigError: the configuration is wrong.
        """
        loaded = load_deployment(path or config_path())
        return cls(loaded, clock or clock_from(os.environ.get("ML_CONNECTOR_CLOCK_FILE")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close clients and the ledger's engine, if they were made."""
        for part in (*self.erps.values(), *self.networks.values()):
            closing = getattr(part, "close", None)
            if closing is not None:
                closing()
        if "ledger" in self.__dict__:
            self.ledger.close()

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

    @cached_property
    def restore(self) -> Restore | None:
        """The last restore of the ledger, noticed now where it is news: before any work is done over it.

        Raises:
            ConfigError: it cannot be noted beside the exported heads.
        """
        try:
            found = notice(self.ledger, self.outside, Actor("ml-connector"))
        except OSError as error:
            raise ConfigError(
                f"The ledger is older than {self.heads_file}, which cannot be written ({error.strerror}).",
                mend="Have the file writable: the restore is noted there before anything is done.",
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
                f"{self.loaded.path}: ledger.url: cannot stand in the ledger itself.", mend="Use env or file."
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

    @property
    def integration_names(self) -> list[str]:
        return sorted(self.loaded.settings.integrations)

    def erp(self, name: str) -> Erp:
        """The ERP of a connection; its company is known once it was asked or configured."""
        if name not in self.erps:
            self.erps[name] = self._connect(name, Role.ERP)
        return self.erps[name]

    def network(self, name: str) -> Network:
        """The network of a connection."""
        if name not in self.networks:
            self.networks[name] = self._connect(name, Role.NETWORK)
        return self.networks[name]

    def system(self, connection: str) -> "System[Any, Any]":
        """The system that a connection is an account of."""
        return registry.find(self.loaded.connection(connection).system)

    def _connect(self, name: str, role: Role) -> Any:
        system, settings = self.system(name), self.loaded.connection(name)
        if role not in system.roles:
            raise ConfigError(
                f"Connection {name} is {system.name}, which is not {role.said}.", mend="Name another connection."
            )
        return system.connect(name, settings, self, self.usage(name))

    def connected(self, name: str) -> Any:
        """The client of a connection, made once: what only its system's own package knows."""
        return self.erp(name) if Role.ERP in self.system(name).roles else self.network(name)

    def usage(self, connection: str) -> Usage:
        """What the configuration uses a connection for."""
        settings = self.loaded.settings
        using = {name: one for name, one in settings.integrations.items() if connection in (one.erp, one.network)}
        channels = [
            partner.channels
            for name, one in using.items()
            if one.network == connection
            for partner in self.loaded.partners[name].values()
        ]
        return Usage(
            integrations=using,
            receive=list(dict.fromkeys(folder for one in channels for folder in one.receive)),
            send=list(dict.fromkeys(one.send for one in channels if one.send)),
            public_url=settings.webhooks.public_url.rstrip("/"),
        )

    def check_system(self, name: str) -> "Iterator[Finding]":
        """What a connection's system finds out about it."""
        return self.system(name).check(
            name, self.loaded.connection(name), partial(self.connected, name), self, self.usage(name)
        )

    def login(self, connection: str) -> Login | None:
        """How a connection is authorized; None for one that is not there, or needs nothing."""
        settings = self.loaded.settings.connections.get(connection)
        if settings is None:
            return None
        return self.system(connection).login(connection, settings, partial(self.connected, connection), self)

    def known_company(self, connection: str) -> str:
        """The company of an ERP connection, as far as it is known without a call; else empty."""
        return self.system(connection).known_company(connection, self.loaded.connection(connection), self)

    # what the web app needs (web.receiver.Receiver)

    @property
    def callback_paths(self) -> Sequence[str]:
        """Paths of the registered redirect addresses."""
        paths = (settings.callback_path for settings in self.loaded.settings.connections.values())
        return list(dict.fromkeys(path for path in paths if path))

    def webhooks(self, connection: str, word: str | None = None) -> WebhookSource | None:
        """The notices of a connection; None for one that sends none. word: that of the path they came by."""
        settings = self.loaded.settings.connections.get(connection)
        if settings is None:
            return None
        system = self.system(connection)
        if word not in (None, system.webhook_word):
            return None
        return system.webhooks(connection, settings, partial(self.connected, connection), self)

    def authorization(self, connection: str) -> "AuthorizationCodeTokens | None":
        """The tokens of a connection with a consent page; None for others."""
        login = self.login(connection)
        return login.consent if login is not None else None

    def integration(self, name: str) -> Integration:
        """An integration ready to run flows over."""
        settings = self.loaded.integration(name)
        files, layouts = self.partner_files(name)
        _ = self.restore
        integration = Integration(
            name=name,
            settings=settings,
            partners=files.partners,
            ledger=self.ledger,
            erp=self.erp(settings.erp),
            network=self.network(settings.network),
            clock=self.clock,
            folders=folder_rules(self.loaded.mailbox(settings.network)),
            notice_readers=self._notice_readers(settings.erp),
            layouts=layouts,
            file_formats=self.system(settings.network).file_formats(self.loaded.connection(settings.network)),
            partner_files={partner: files.files[partner].name for partner in files.partners},
            problems=with_what_was_known(self.ledger, name, files.problems),
            settle=lambda: self._settled(name),
        )
        # Told before anything is begun; while the ERP cannot be asked for its company, it is asked at first need.
        with suppress(AuthorizationNeeded, TryAgain):
            _ = integration.belonging
        return integration

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
            for name in partner.layouts.names:
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

    def _notice_readers(self, erp: str) -> tuple[str, ...]:
        """Integrations that read orders of an ERP connection by its webhooks."""
        return tuple(
            name
            for name, settings in sorted(self.loaded.settings.integrations.items())
            if settings.erp == erp and settings.flows.orders_out.enabled and settings.flows.orders_out.webhooks
        )
