"""Connections: log-in and expiry, limits, reference data, what `check` says; an administrator stores a secret."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from ml_connector.credentials.secrets import MAX_SECRET_BYTES, Secret
from ml_connector.diagnostics.deployment import check_connection
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.names.naming import company_bindings
from ml_connector.ledger.search.figures import windows
from ml_connector.operating.authorizations import authorizations, secret_references
from ml_connector.systems.results import CheckResult
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked, PageError, not_there, to


def connections(asked: Asked) -> Response:
    """GET /connections."""
    told = {one.connection: one for one in authorizations(asked.deployment)}
    settings = asked.deployment.loaded.settings.connections
    rows = [
        (name, one.system, _using(asked, name), told.get(name))
        for name, one in sorted(settings.items())
        if may(asked, Role.VIEWER, name)
    ]
    return asked.page("connections.html", title="Connections", rows=rows, now=asked.deployment.clock.now())


def connection(asked: Asked) -> Response:
    """GET /connections/{name}."""
    return _page(asked, _named(asked, Role.VIEWER))


def check(asked: Asked) -> Response:
    """POST /connections/{name}/check: ask the other side whether it works. Nothing is written there."""
    name = _named(asked, Role.CLERK)
    return _page(asked, name, found=check_connection(asked.deployment, name))


def store_secret(asked: Asked) -> Response:
    """POST /connections/{name}/secret: in place of the one before. It is never shown again."""
    name = _named(asked, Role.ADMINISTRATOR)
    key = asked.text("key")
    stored = dict(_stored(asked, name)).get(key)
    if stored is None:
        raise not_there()
    value = asked.form.get("value", "")
    if not isinstance(value, str) or not value or len(value.encode("utf-8", "replace")) > MAX_SECRET_BYTES:
        raise PageError(400, "Give the secret", f"It has at most {MAX_SECRET_BYTES} bytes.")
    asked.deployment.vault.put(stored, Secret(value))
    asked.tell(f"Stored {stored} for {name}.{key}.")
    return to(f"/connections/{name}")


def authorize(asked: Asked) -> Response:
    """POST /connections/{name}/authorize: the link to the consent page."""
    name = _named(asked, Role.ADMINISTRATOR)
    login = asked.deployment.login(name)
    if login is None or login.consent is None:
        raise PageError(409, "That is not possible", f"{name} is not authorized in a browser.")
    return _page(asked, name, link=login.consent.authorize_url())


def _page(asked: Asked, name: str, found: Sequence[CheckResult] = (), link: str = "") -> Response:
    deployment = asked.deployment
    login = deployment.login(name)
    with deployment.ledger.read() as tx:
        companies = [one.company for one in company_bindings(tx) if one.connection == name]
        tables = [
            (table, company, info)
            for company in dict.fromkeys(companies)
            for table in snapshots.tables(tx, name, company)
            if (info := snapshots.info(tx, name, company, table)) is not None
        ]
        limits = [(limit, one) for limit, one in windows(tx) if limit.startswith((f"{name}:", f"{name}/"))]
    told = next((one for one in authorizations(deployment) if one.connection == name), None)
    known = set(deployment.vault.names()) if may(asked, Role.ADMINISTRATOR, name) else set()
    return asked.page(
        "connection.html",
        title=f"Connection {name}",
        name=name,
        settings=deployment.loaded.connection(name),
        using=_using(asked, name),
        told=told,
        found=found or check_connection(deployment, name, offline=True),
        asked_outside=bool(found),
        tables=tables,
        limits=limits,
        secrets=[(key, stored, stored in known) for key, stored in _stored(asked, name)],
        may_check=may(asked, Role.CLERK, name),
        may_store=may(asked, Role.ADMINISTRATOR, name),
        consent=login is not None and login.consent is not None,
        link=link,
        now=deployment.clock.now(),
    )


def _stored(asked: Asked, name: str) -> list[tuple[str, str]]:
    """Secrets of a connection that stand in the credential store: setting and name."""
    references = secret_references(asked.deployment.loaded.connection(name))
    return [(key, one.store) for key, one in references if one.store is not None]


def _named(asked: Asked, role: Role) -> str:
    name = str(asked.request.path_params["name"])
    if name not in asked.deployment.loaded.settings.connections or not may(asked, Role.VIEWER, name):
        raise not_there()
    if not may(asked, role, name):
        raise PageError(403, "You may not do this", "It takes somebody who may do more with this connection.")
    return name


def _using(asked: Asked, name: str) -> list[str]:
    integrations: dict[str, Any] = dict(asked.deployment.loaded.settings.integrations)
    return sorted(key for key, one in integrations.items() if name in (one.erp, one.network))


def may(asked: Asked, role: Role, name: str) -> bool:
    """Whether somebody may do that with a connection: see it by one of its integrations, change it by all of them."""
    using = [asked.person.may(role, one) for one in _using(asked, name)]
    if asked.person.may_everywhere(role):
        return True
    return any(using) if role is Role.VIEWER else bool(using) and all(using)
