"""The connections of a deployment: each one's system makes its client, checks it, authorizes it, reads its notices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ml_connector.errors import ConfigError
from ml_connector.flows.core.ports import Erp, Mailbox
from ml_connector.systems import registry
from ml_connector.systems.system import Login, Role, Usage, WebhookSource

if TYPE_CHECKING:
    from ml_connector.systems.results import CheckResult
    from ml_connector.systems.system import System
    from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens

from ml_connector.deployment.storage import Storage


@dataclass
class Connections(Storage):
    """A deployment's connections. erps, networks: clients by connection; tests put their own there."""

    erps: dict[str, Erp] = field(default_factory=dict)
    networks: dict[str, Mailbox] = field(default_factory=dict)

    def erp(self, name: str) -> Erp:
        """The ERP of a connection; its company is known once it was asked or configured."""
        if name not in self.erps:
            self.erps[name] = self._connect(name, Role.ERP)
        return self.erps[name]

    def network(self, name: str) -> Mailbox:
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
                f"Connection {name} is {system.name}, which is not {role.said}.", remedy="Name another connection."
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

    def check_system(self, name: str) -> "Iterator[CheckResult]":
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
