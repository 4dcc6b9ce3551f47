"""Which authorizations are good, end soon, or need a person; and which secrets a connection has. Makes no call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.expiry import Health, expiry_report
from ml_connector.credentials.keys import load_keys
from ml_connector.errors import ConfigError
from ml_connector.systems.system import Login


@dataclass(frozen=True)
class Authorization:
    """How it stands with a connection. health: as of its token, or "none" where there is none or a secret lacks."""

    connection: str
    health: str
    message: str
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    remedy: str

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing works there until somebody has done something."""
        return self.health in {"none", Health.ACT.value}


def authorizations(deployment: Deployment) -> list[Authorization]:
    """Of each connection that is authorized in any way, or lacks a secret."""
    settings = deployment.loaded.settings.connections
    logins: Mapping[str, Login] = {name: login for name in settings if (login := deployment.login(name)) is not None}
    days = [login.warning_days for login in logins.values() if login.consent is not None]
    reports = expiry_report(deployment.ledger, warning=timedelta(days=max(days, default=7)))
    reports = [report for report in reports if report.connection in settings]
    told = {report.connection for report in reports}
    # Where no token is kept, whether it works is asked by `check`.
    never = [name for name, login in logins.items() if name not in told and login.keeps_token]
    # Before a secret is there, authorizing would only refuse.
    lacking = {name: lack for name, c in settings.items() if (lack := _lacking(deployment, name, c)) is not None}
    found = [
        Authorization(r.connection, r.health.value, r.message, r.access_expires_at, r.refresh_expires_at, r.remedy)
        for r in reports
        if r.connection not in lacking
    ]
    found += [
        Authorization(name, "none", "never authorized", None, None, _authorize(name))
        for name in never
        if name not in lacking
    ]
    found += [Authorization(name, "none", lack.message, None, None, lack.remedy) for name, lack in lacking.items()]
    return found


def secret_references(settings: Any) -> list[tuple[str, SecretRef]]:
    """The secret references among a block's own settings."""
    values = ((key, getattr(settings, key)) for key in type(settings).model_fields)
    return [(key, value) for key, value in values if isinstance(value, SecretRef)]


def _lacking(deployment: Deployment, name: str, settings: Any) -> ConfigError | None:
    """The first secret of a connection that is not there, or the key: what has to be done before anything else."""
    for key, reference in secret_references(settings):
        try:
            if reference.store is not None:
                load_keys(deployment.loaded.home)
            deployment.secrets.resolve(reference, f"{name}.{key}")
        except ConfigError as error:
            return error
    return None


def _authorize(name: str) -> str:
    return f"Run `ml-connector credentials authorize {name}`."
