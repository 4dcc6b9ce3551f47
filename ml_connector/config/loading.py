"""Reads connections.yaml and the partner files; every error names the file, the key, the value and the mend."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import Field, field_validator

from ml_connector.config.base import Settings, web_address
from ml_connector.config.conflicts import find_conflicts
from ml_connector.config.connections import (
    AnyConnection,
    CleoConnection,
    ExactOnlineConnection,
    TrueCommerceConnection,
)
from ml_connector.config.integrations import Integration
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.config.partner_files import PartnerFiles, PartnerProblem, load_partners
from ml_connector.config.partners import Partner
from ml_connector.config.reading import read_yaml, validated
from ml_connector.config.secrets import SecretRef
from ml_connector.errors import ConfigError

V = TypeVar("V")

#: Names of connections and integrations stand in keys, paths and asset names.
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")
ERP_SYSTEMS = (ExactOnlineConnection,)
NETWORK_SYSTEMS = (CleoConnection, TrueCommerceConnection)


class LedgerSettings(Settings):
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
    urls: tuple[SecretRef, ...] = Field(default=(), description="apprise URLs (mail, chat ...), by reference")
    repeat_hours: float = Field(default=24, gt=0)


class WebhookSettings(Settings):
    host: str = "127.0.0.1"
    port: int = Field(default=8780, ge=0, le=65535)
    public_url: str = Field(default="", description="Address under which Exact reaches the receiver")
    max_body_bytes: int = Field(default=65_536, gt=0, le=65_536)
    connections_per_address: int = Field(
        default=50, ge=1, le=1_000, description="Connections at once of one address; trusted proxies may have more"
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses or networks of proxies whose X-Forwarded-For is believed"
    )

    _address = field_validator("public_url")(web_address)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)  # its ValueError says what is wrong
        return value


class Deployment(Settings):
    """connections.yaml."""

    home: str = Field(default="var", description="Folder for the embedded database and the key file")
    ledger: LedgerSettings = LedgerSettings()
    alerts: AlertSettings = AlertSettings()
    webhooks: WebhookSettings = WebhookSettings()
    orchestration: OrchestrationSettings = OrchestrationSettings()
    connections: dict[str, AnyConnection]
    integrations: dict[str, Integration]


@dataclass(frozen=True)
class LoadedDeployment:
    """The configuration with its partners and the folder it came from."""

    path: Path
    home: Path
    settings: Deployment
    found: Mapping[str, PartnerFiles]

    @property
    def partners(self) -> Mapping[str, Mapping[str, Partner]]:
        """Partners that can be used, by integration and name."""
        return {name: files.partners for name, files in self.found.items()}

    @property
    def problems(self) -> Mapping[str, tuple[PartnerProblem, ...]]:
        """Partners that are stopped by their files, by integration."""
        return {name: files.problems for name, files in self.found.items()}

    def integration(self, name: str) -> Integration:
        return _named(self.settings.integrations, name, "integration", self.path)

    def connection(self, name: str) -> AnyConnection:
        return _named(self.settings.connections, name, "connection", self.path)


def load_deployment(path: Path) -> LoadedDeployment:
    """Read and check a deployment. A wrong partner file stops its partner alone and stands among the problems.

    Raises:
        ConfigError: connections.yaml is missing, is not YAML, or holds a wrong or contradictory setting.
    """
    settings = validated(Deployment, read_yaml(path), path)
    _check_references(settings, path)
    home = Path(os.environ.get("ML_CONNECTOR_HOME") or path.parent / settings.home)
    found = {
        name: load_partners(
            path.parent / integration.partners, shared_folders=settings.connections[integration.network].shares_folders
        )
        for name, integration in settings.integrations.items()
    }
    found = _without_conflicts(settings, found, path)
    return LoadedDeployment(path=path, home=home.absolute(), settings=settings, found=found)


def _without_conflicts(settings: Deployment, found: dict[str, PartnerFiles], path: Path) -> dict[str, PartnerFiles]:
    """Partners whose files contradict those of another integration are stopped in both.

    Raises:
        ConfigError: the integrations themselves contradict each other.
    """
    stopped: dict[str, dict[str, ConfigError]] = {name: {} for name in found}
    partners = {name: files.partners for name, files in found.items()}
    accounts = {name: connection.account for name, connection in settings.connections.items()}
    for conflict in find_conflicts(settings.integrations, partners, path, accounts):
        if not conflict.partners:
            raise conflict.error
        for integration, partner in conflict.partners:
            stopped[integration].setdefault(partner, conflict.error)
    return {name: files.stopped(stopped[name]) for name, files in found.items()}


def _named(table: Mapping[str, V], name: str, what: str, path: Path) -> V:
    if name not in table:
        known = ", ".join(sorted(table)) or "none"
        raise ConfigError(f"{path}: there is no {what} {name!r}.", mend=f"Known are: {known}.")
    return table[name]


def _check_references(settings: Deployment, path: Path) -> None:
    for what, names in (("connections", settings.connections), ("integrations", settings.integrations)):
        for name in names:
            if not NAME.fullmatch(name):
                raise ConfigError(
                    f"{path}: {what}: {name[:60]!r} is no name.",
                    mend="Use small letters, digits and _, at most 60, and begin with a letter or digit.",
                )
    for name, integration in settings.integrations.items():
        for role, kinds in (("erp", ERP_SYSTEMS), ("network", NETWORK_SYSTEMS)):
            target = getattr(integration, role)
            connection = settings.connections.get(target)
            if connection is None:
                raise ConfigError(
                    f"{path}: integrations.{name}.{role}: there is no connection {target!r}.",
                    mend=f"Known are: {', '.join(sorted(settings.connections))}.",
                )
            if not isinstance(connection, kinds):
                raise ConfigError(
                    f"{path}: integrations.{name}.{role}: {target!r} is {connection.system}, which is no {role}.",
                    mend=f"Name a connection that is a {role}.",
                )
