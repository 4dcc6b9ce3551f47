"""Reads connections.yaml and the partner files; every error names the file, the key, the value and the mend."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError

from ml_connector.config.base import Settings
from ml_connector.config.connections import AnyConnection, CleoConnection, ExactOnlineConnection
from ml_connector.config.integrations import Integration
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.config.partners import Partner
from ml_connector.config.secrets import SecretRef
from ml_connector.errors import ConfigError

M = TypeVar("M", bound=Settings)
V = TypeVar("V")

MAX_BYTES = 1_000_000
ERP_SYSTEMS = (ExactOnlineConnection,)
NETWORK_SYSTEMS = (CleoConnection,)


class LedgerSettings(Settings):
    url: SecretRef | None = Field(default=None, description="Database URL; without it SQLite in the home folder")
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
    max_body_bytes: int = Field(default=65_536, gt=0)


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
    partners: Mapping[str, Mapping[str, Partner]]

    def integration(self, name: str) -> Integration:
        return _named(self.settings.integrations, name, "integration", self.path)

    def connection(self, name: str) -> AnyConnection:
        return _named(self.settings.connections, name, "connection", self.path)


def load_deployment(path: Path) -> LoadedDeployment:
    """Read and check a deployment.

    Raises:
        ConfigError: a file is missing, is not YAML, or holds a wrong or contradictory setting.
    """
    text = _expanded(_read(path), path)
    settings = _validated(Deployment, text, path)
    _check_references(settings, path)
    home = Path(os.environ.get("ML_CONNECTOR_HOME") or path.parent / settings.home)
    partners = {
        name: load_partners(path.parent / integration.partners) for name, integration in settings.integrations.items()
    }
    return LoadedDeployment(path=path, home=home.absolute(), settings=settings, partners=partners)


def load_partners(folder: Path) -> dict[str, Partner]:
    """All partner files of a folder, by name; two partners with one identity are refused."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of partner files.", mend="Create it, or mend `partners`.")
    partners: dict[str, Partner] = {}
    taken: dict[str, str] = {}
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        partner = _validated(Partner, _expanded(_read(file), file), file)
        for key in (f"name {partner.name}", f"identity {partner.identity.key}", *_folders(partner)):
            if key in taken:
                raise ConfigError(f"{file}: {key} is also that of {taken[key]}.", mend="Give each partner its own.")
            taken[key] = file.name
        partners[partner.name] = partner
    return partners


def _folders(partner: Partner) -> Iterable[str]:
    return (f"receiving folder {channel}" for channel in partner.channels.receive)


def _named(table: Mapping[str, V], name: str, what: str, path: Path) -> V:
    if name not in table:
        known = ", ".join(sorted(table)) or "none"
        raise ConfigError(f"{path}: there is no {what} {name!r}.", mend=f"Known are: {known}.")
    return table[name]


def _read(path: Path) -> Any:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}).",
            mend="Run `ml-connector init`, or name the file with --config.",
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes.", mend="This is not a configuration file.")
    try:
        return yaml.safe_load(raw.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        where = getattr(error, "problem_mark", None)
        place = f" line {where.line + 1}, column {where.column + 1}" if where else ""
        problem = getattr(error, "problem", None) or "not UTF-8 text"
        raise ConfigError(f"{path}:{place} is not YAML: {problem}.", mend="Mend the line.") from error


def _expanded(value: Any, path: Path) -> Any:
    """Replace ${NAME} and ${NAME:-default} in text values: for addresses and ports, not for secrets."""
    if isinstance(value, dict):
        return {key: _expanded(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, path) for item in value]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        name, found, default = value[2:-1].partition(":-")
        if (given := os.environ.get(name)) is not None:
            return given
        if not found:
            raise ConfigError(
                f"{path}: environment variable {name} is not set.",
                mend=f"Set it, or write ${{{name}:-default}}.",
            )
        return default
    return value


def _validated(model: type[M], value: Any, path: Path) -> M:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: holds no settings.", mend="Run `ml-connector init` for a starting file.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [_explain(path, problem) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines), mend="") from error


def _explain(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"] if part not in ("exact_online", "cleo")) or "(top)"
    found = problem.get("input")
    shown = "" if isinstance(found, dict | list) or problem["type"] == "missing" else f" (found {str(found)[:60]!r})"
    if _looks_secret(key):
        shown = ""
    message = {
        "extra_forbidden": "is not a setting here: mend the name or take it out",
        "missing": "is missing: add it",
    }.get(problem["type"], problem["msg"])
    return f"{path}: {key}: {message}{shown}"


def _looks_secret(key: str) -> bool:
    return any(word in key.lower() for word in ("secret", "password", "token", "key"))


def _check_references(settings: Deployment, path: Path) -> None:
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
