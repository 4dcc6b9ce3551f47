"""Reads connections.yaml and the partner files; every error names the file, the key, the value and the mend."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator

from ml_connector.config.base import Settings, web_address
from ml_connector.config.conflicts import check_conflicts
from ml_connector.config.connections import (
    AnyConnection,
    CleoConnection,
    ExactOnlineConnection,
    TrueCommerceConnection,
)
from ml_connector.config.integrations import Integration
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.config.partners import Partner
from ml_connector.config.secrets import SecretRef
from ml_connector.errors import ConfigError

M = TypeVar("M", bound=Settings)
V = TypeVar("V")

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 50
#: Errors named at once.
MOST_TOLD = 50
#: Names of connections and integrations stand in keys, paths and asset names.
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")
#: pydantic names the chosen kind of connection in a place; nobody wrote it there.
SYSTEM_NAMES = ("exact_online", "cleo", "truecommerce")
ERP_SYSTEMS = (ExactOnlineConnection,)
NETWORK_SYSTEMS = (CleoConnection, TrueCommerceConnection)


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
    max_body_bytes: int = Field(default=65_536, gt=0, le=65_536)

    _address = field_validator("public_url")(web_address)


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
    text = _Expansion(path).of(_read(path))
    settings = _validated(Deployment, text, path)
    _check_references(settings, path)
    home = Path(os.environ.get("ML_CONNECTOR_HOME") or path.parent / settings.home)
    partners = {
        name: load_partners(
            path.parent / integration.partners, shared_folders=settings.connections[integration.network].shares_folders
        )
        for name, integration in settings.integrations.items()
    }
    check_conflicts(settings.integrations, partners, path)
    return LoadedDeployment(path=path, home=home.absolute(), settings=settings, partners=partners)


def load_partners(folder: Path, *, shared_folders: bool = False) -> dict[str, Partner]:
    """All partner files of a folder, by name; two partners with one identity are refused.

    shared_folders: several partners may be read from one folder; who sent a file stands in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of partner files.", mend="Create it, or mend `partners`.")
    partners: dict[str, Partner] = {}
    taken: dict[str, str] = {}
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        partner = _validated(Partner, _Expansion(file).of(_read(file)), file)
        for key in (f"name {partner.name}", *_identities(partner), *(() if shared_folders else _folders(partner))):
            if key in taken:
                raise ConfigError(f"{file}: {key} is also that of {taken[key]}.", mend="Give each partner its own.")
            taken[key] = file.name
        partners[partner.name] = partner
    return partners


def read_yaml(path: Path) -> Any:
    """The values of a configuration file, bounded, with environment variables put in; not yet validated.

    Raises:
        ConfigError: missing, no YAML, too large or too deep.
    """
    return _Expansion(path).of(_read(path))


def _identities(partner: Partner) -> Iterable[str]:
    """A sender must be one partner, whether it marks what it sends as test or not."""
    known = {identity.key for identity in (partner.identity, partner.test_identity) if identity is not None}
    return (f"identity {key}" for key in sorted(known))


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
        return yaml.load(raw.decode("utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    except RecursionError:
        refused = _too_deep(path)
    except (ValueError, yaml.YAMLError) as error:
        refused = _not_yaml(path, error)
    # Not chained: the parser's own text quotes the line, and a secret may stand there.
    raise refused


def _not_yaml(path: Path, error: Exception) -> ConfigError:
    where = getattr(error, "problem_mark", None)
    place = f" line {where.line + 1}, column {where.column + 1}" if where else ""
    other = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "it holds a value that cannot be read"
    # A password that begins with ! or * reads as a tag or an alias, and the parser's words quote it.
    problem = re.sub(r"'[^']{5,}'", "(…)", str(getattr(error, "problem", None) or other))
    return ConfigError(f"{path}:{place} is not YAML: {problem}.", mend="Mend the line.")


class _Loader(yaml.SafeLoader):
    """YAML without surprises: a key that stands twice is refused, not overwritten in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                if key_node.value in seen:
                    problem = f"the key {key_node.value[:40]} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: nested deeper than {MAX_DEPTH} levels, or aliases that lead back to themselves.",
        mend="This is not a configuration file; or take the aliases out.",
    )


class _Expansion:
    """Replaces ${NAME} and ${NAME:-default} in text values: for addresses and ports, not for secrets.

    Aliases are written out by it: few lines of them can mean more values than any memory holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConfigError(
                f"{self._path}: holds more than {MAX_VALUES} values, aliases written out.",
                mend="This is not a configuration file; or take the aliases out.",
            )
        if depth > MAX_DEPTH:
            raise _too_deep(self._path)
        if isinstance(value, dict):
            return {key: self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.of(item, depth + 1) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, value: str) -> str:
        if not (value.startswith("${") and value.endswith("}")):
            return value
        name, found, default = value[2:-1].partition(":-")
        if (given := os.environ.get(name)) is not None:
            return given
        if not found:
            raise ConfigError(
                f"{self._path}: environment variable {name} is not set.",
                mend=f"Set it, or write ${{{name}:-default}}.",
            )
        return default


def _validated(model: type[M], value: Any, path: Path) -> M:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: holds no settings.", mend="Run `ml-connector init` for a starting file.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    lines = [_explain(path, problem) for problem in problems[:MOST_TOLD]]
    if len(problems) > MOST_TOLD:
        lines.append(f"{path}: and {len(problems) - MOST_TOLD} more.")
    # Not chained: pydantic's own text quotes the values.
    raise ConfigError(
        "\n".join(lines), mend=f"Mend {path.name}; `ml-connector init` writes one with every setting explained."
    )


def _explain(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"] if part not in SYSTEM_NAMES) or "(top)"
    found = problem.get("input")
    # A value under a name we do not know, or with an @ in it, may be a secret under a misspelt key or in an address.
    hidden = problem["type"] in {"missing", "extra_forbidden"} or isinstance(found, dict | list) or "@" in str(found)
    shown = "" if hidden or _looks_secret(key) else f" (found {str(found)[:60]!r})"
    message = {
        "extra_forbidden": "is not a setting here: mend the name or take it out",
        "missing": "is missing: add it",
    }.get(problem["type"], problem["msg"])
    if "SecretRef" in message:
        message = "is a reference, never the secret itself: write {env: NAME}, {file: PATH} or {store: NAME}"
    return f"{path}: {key[:200]}: {message.removeprefix('Value error, ')[:300]}{shown}"


def _looks_secret(key: str) -> bool:
    return any(word in key.lower() for word in ("secret", "password", "token", "key"))


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
