"""Who logged in here by a password stays in as long as that password is the one that is kept."""

import hashlib

from ml_connector.composition import Deployment
from ml_connector.config.web import WebSettings
from ml_connector.errors import ConnectorError


def kept_password(deployment: Deployment, settings: WebSettings, name: str) -> str:
    """The hash that is kept of a person's password; empty: there is none, or it cannot be read."""
    user = settings.users.get(name)
    if user is None:
        return ""
    try:
        return deployment.secrets.resolve(user.password, f"web.users.{name}.password").reveal()
    except ConnectorError:
        return ""


def mark_of(kept: str) -> str:
    """What a session remembers of the password that it was begun with; empty of none."""
    return hashlib.sha256(kept.encode()).hexdigest() if kept else ""
