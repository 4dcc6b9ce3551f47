"""Reads connections.yaml and the partner files; every error names the file, the key, the value and the mend."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, GetCoreSchemaHandler, create_model, field_validator
from pydantic_core import CoreSchema, core_schema

from ml_connector.config.base import Settings, networks, web_address
from ml_connector.config.conflicts import Conflict, find_conflicts
from ml_connector.config.connections import ConnectionSettings, ErpSettings, MailboxSettings
from ml_connector.config.flows import add_flows, fitting, integration_model
from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.config.partner_files import PartnerFiles, PartnerProblem, load_partners
from ml_connector.config.partners import Partner
from ml_connector.config.reading import read_yaml, validated
from ml_connector.config.secrets import SecretRef
from ml_connector.config.web import WebSettings
from ml_connector.errors import ConfigError
from ml_connector.systems import registry

V = TypeVar("V")
K = TypeVar("K", bound=ConnectionSettings)

#: Names of connections and integrations stand in keys, paths and asset names.
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")


class LedgerSettings(Settings):
    """Where the ledger is, and how long it is waited for."""

    url: SecretRef | None = Field(default=None, description="Database URL; without it SQLite in the home folder")
    patience_seconds: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="PostgreSQL: how long one statement may take before the ledger counts as out of reach",
    )
    heads_file: str = Field(
        default="chain-heads.jsonl", description="Chain heads are exported here, outside the database"
    )


class AlertSettings(Settings):
    """Who is told of what is wrong."""

    urls: tuple[SecretRef, ...] = Field(default=(), description="apprise URLs (mail, chat ...), by reference")
    repeat_hours: float = Field(default=24, gt=0)


class WebhookSettings(Settings):
    """Where webhooks are received."""

    host: str = "127.0.0.1"
    port: int = Field(default=8780, ge=0, le=65535)
    public_url: str = Field(default="", description="Address under which outside systems reach the receiver")
    max_body_bytes: int = Field(default=65_536, gt=0, le=65_536)
    connections_per_address: int = Field(
        default=50, ge=1, le=1_000, description="Connections at once of one address; trusted proxies may have more"
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses or networks of proxies whose X-Forwarded-For is believed"
    )

    _address = field_validator("public_url")(web_address)

    _networks = field_validator("trusted_proxies")(networks)


class DeploymentSettings(Settings):
    """connections.yaml. Which settings a connection has is told by its system: see `deployment_model`."""

    home: str = Field(default="var", description="Folder for the embedded database and the key file")
    ledger: LedgerSettings = LedgerSettings()
    alerts: AlertSettings = AlertSettings()
    webhooks: WebhookSettings = WebhookSettings()
    web: WebSettings = WebSettings()
    orchestration: OrchestrationSettings = OrchestrationSettings()
    systems: dict[str, str] = Field(
        default={}, description="Systems of packages of your own, by the name that `system:` has, as module:OBJECT"
    )
    flows: dict[str, str] = Field(
        default={}, description="Flows of packages of your own, by the name that integrations have, as module:FLOW"
    )
    connections: dict[str, ConnectionSettings]
    integrations: dict[str, IntegrationSettings] = Field(
        default={}, description="What runs between an ERP and a network; none while systems are only connected"
    )


class _BySystem:
    """Validates a connection by the settings model of the system that it names."""

    def __init__(self, systems: Sequence[str]) -> None:
        self._systems = systems

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {name: handler.generate_schema(registry.find(name).settings) for name in self._systems}
        return core_schema.tagged_union_schema(choices, discriminator="system")


@cache
def deployment_model(systems: tuple[str, ...], flows: tuple[str, ...] = ()) -> type[DeploymentSettings]:
    """The model of a connections.yaml with connections to these systems; no other system's package is imported.

    flows: those that are added to the ones of the package.
    """
    connection = Annotated[ConnectionSettings, _BySystem(systems)]
    integration = integration_model(flows)
    return create_model(
        "DeploymentSettings",
        __base__=DeploymentSettings,
        connections=(dict[str, connection], ...),
        integrations=(dict[str, integration], DeploymentSettings.model_fields["integrations"]),  # type: ignore[valid-type]
    )


def _systems_of(value: object) -> tuple[str, ...]:
    """Systems that the connections of a file name; all that are known, where one is not."""
    raw = value if isinstance(value, dict) else {}
    added = raw.get("systems")
    for name, place in (added if isinstance(added, dict) else {}).items():
        registry.add(str(name), str(place))
    connections = raw.get("connections")
    settings = connections.values() if isinstance(connections, dict) else ()
    named = {str(one.get("system")) if isinstance(one, dict) else "" for one in settings}
    known = registry.names()
    return tuple(sorted(named)) if named and named <= set(known) else tuple(known)


def everything_for(path: Path) -> type[DeploymentSettings]:
    """The model of a connections.yaml with all systems and flows that are known, those among them that this one adds.

    Raises:
        ConfigError: it cannot be read, or a package that it names cannot be loaded.
    """
    raw = read_yaml(path)
    _systems_of(raw)
    return deployment_model(tuple(registry.names()), add_flows(raw))


@dataclass(frozen=True)
class LoadedDeployment:
    """The configuration with its partners and the folder it came from."""

    path: Path
    home: Path
    settings: DeploymentSettings
    found: Mapping[str, PartnerFiles]

    @property
    def partners(self) -> Mapping[str, Mapping[str, Partner]]:
        """Partners that can be used, by integration and name."""
        return {name: files.partners for name, files in self.found.items()}

    @property
    def problems(self) -> Mapping[str, tuple[PartnerProblem, ...]]:
        """Partners that are stopped by their files, by integration."""
        return {name: files.problems for name, files in self.found.items()}

    def integration(self, name: str) -> IntegrationSettings:
        return _named(self.settings.integrations, name, "integration", self.path)

    def connection(self, name: str) -> ConnectionSettings:
        return _named(self.settings.connections, name, "connection", self.path)

    def erp(self, name: str) -> ErpSettings:
        """The connection that an integration names as its ERP."""
        return _of_kind(self.connection(name), ErpSettings)

    def mailbox(self, name: str) -> MailboxSettings:
        """The connection that an integration names as its network."""
        return _of_kind(self.connection(name), MailboxSettings)


def _of_kind(settings: ConnectionSettings, kind: type[K]) -> K:
    if not isinstance(settings, kind):
        raise ConfigError(
            f"System {settings.system} is used as what its settings are not: a {kind.__name__}.",
            remedy="Have its package corrected (systems/system.py).",
        )
    return settings


def load_deployment(path: Path) -> LoadedDeployment:
    """Read and check a deployment. A wrong partner file stops its partner alone and stands among the problems.

    Raises:
        ConfigError: connections.yaml is missing, is not YAML, or holds a wrong or contradictory setting.
    """
    raw = read_yaml(path)
    try:
        model = deployment_model(_systems_of(raw), add_flows(raw))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", remedy=error.remedy) from error
    settings = validated(model, raw, path)
    _check_references(settings, path)
    settings = _with_fitting_flows(settings, path)
    home = Path(os.environ.get("ML_CONNECTOR_HOME") or path.parent / settings.home)
    found = {
        name: load_partners(
            path.parent / integration.partners,
            shared_folders=_of_kind(settings.connections[integration.network], MailboxSettings).folders_are_shared,
        )
        for name, integration in settings.integrations.items()
    }
    found = _without_conflicts(settings, found, path)
    return LoadedDeployment(path=path, home=home.absolute(), settings=settings, found=found)


def _with_fitting_flows(settings: DeploymentSettings, path: Path) -> DeploymentSettings:
    """Each integration with the flows that it can have.

    Raises:
        ConfigError: it names one that it cannot have, or two that do not fit together.
    """
    systems = {name: registry.find(one.system) for name, one in settings.connections.items()}
    try:
        integrations = {name: fitting(name, one, systems) for name, one in settings.integrations.items()}
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", remedy=error.remedy) from error
    return settings.model_copy(update={"integrations": integrations})


def _without_conflicts(
    settings: DeploymentSettings, found: dict[str, PartnerFiles], path: Path
) -> dict[str, PartnerFiles]:
    """Partners whose files contradict those of another integration are stopped in both.

    Raises:
        ConfigError: the integrations themselves contradict each other.
    """
    stopped: dict[str, dict[str, ConfigError]] = {name: {} for name in found}
    partners = {name: files.partners for name, files in found.items()}
    accounts = {name: connection.account for name, connection in settings.connections.items()}
    for conflict in (
        *_of_connections(settings, path),
        *find_conflicts(settings.integrations, partners, path, accounts),
    ):
        if not conflict.partners:
            raise conflict.error
        for integration, partner in conflict.partners:
            stopped[integration].setdefault(partner, conflict.error)
    return {name: files.stopped(stopped[name]) for name, files in found.items()}


def _of_connections(settings: DeploymentSettings, path: Path) -> Iterator[Conflict]:
    """What a system does not let several integrations want of one connection."""
    for name, connection in settings.connections.items():
        using = {key: one for key, one in settings.integrations.items() if name in (one.erp, one.network)}
        for message, remedy in registry.find(connection.system).conflicts(connection, using):
            yield Conflict(f"{path}: {message}", remedy=remedy)


def _named(table: Mapping[str, V], name: str, what: str, path: Path) -> V:
    if name not in table:
        known = ", ".join(sorted(table)) or "none"
        raise ConfigError(f"{path}: there is no {what} {name!r}.", remedy=f"Known are: {known}.")
    return table[name]


def _check_references(settings: DeploymentSettings, path: Path) -> None:
    for what, names in (("connections", settings.connections), ("integrations", settings.integrations)):
        for name in names:
            if not NAME.fullmatch(name):
                raise ConfigError(
                    f"{path}: {what}: {name[:60]!r} is not a name.",
                    remedy="Use small letters, digits and _, at most 60, and begin with a letter or digit.",
                )
    _check_grants(settings, path)
    for name, integration in settings.integrations.items():
        for role, said in (("erp", "an ERP"), ("network", "a network")):
            target = getattr(integration, role)
            connection = settings.connections.get(target)
            if connection is None:
                raise ConfigError(
                    f"{path}: integrations.{name}.{role}: there is no connection {target!r}.",
                    remedy=f"Known are: {', '.join(sorted(settings.connections))}.",
                )
            if role not in registry.find(connection.system).roles:
                raise ConfigError(
                    f"{path}: integrations.{name}.{role}: {target!r} is {connection.system}, which is not {said}.",
                    remedy=f"Name a connection that is {said}.",
                )


def _check_grants(settings: DeploymentSettings, path: Path) -> None:
    grants = {f"users.{name}": one for name, one in settings.web.users.items()}
    for place, grant in {**grants, **{f"groups.{name}": one for name, one in settings.web.groups.items()}}.items():
        for integration in grant.integrations:
            if integration not in settings.integrations:
                raise ConfigError(
                    f"{path}: web.{place}.integrations: there is no integration {integration!r}.",
                    remedy=f"Known are: {', '.join(sorted(settings.integrations))}.",
                )
