"""What `ml-connector check` finds out: can each connection be reached, is it authorized, can it be used, and the mend.

Nothing is written to an outside system. What only one system has is found out by its own check (`systems`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml_connector.config.connections import ConnectionSettings
from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.expiry import Health, secret_ends
from ml_connector.errors import ConfigError, ConnectorError
from ml_connector.systems.reaching import encrypted, reachable
from ml_connector.systems.results import CheckLevel, CheckResult, Mender, any_bad, guarded, of_error

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


def check_deployment(deployment: "Deployment") -> list[CheckResult]:
    """The parts that all connections need: the ledger, the key, alerts, the public address."""
    about = "deployment"
    found = list(guarded(about, "ledger", lambda: _ledger(deployment)))
    found += guarded(about, "key", lambda: _key(deployment))
    from ml_connector.diagnostics.outside import check_heads, check_room

    found += guarded(about, "heads", lambda: check_heads(deployment))
    found += guarded(about, "disk", lambda: check_room(deployment))
    found += guarded(about, "alerts", lambda: _alerts(deployment))
    for name in deployment.integration_names:
        found += guarded(name, "partners", lambda name=name: _partners(deployment, name))  # type: ignore[misc]
        found += guarded(name, "flows", lambda name=name: _flows(deployment, name))  # type: ignore[misc]
        found += guarded(name, "layouts", lambda name=name: _layouts(deployment, name))  # type: ignore[misc]
    return found


def _flows(deployment: "Deployment", integration: str) -> Iterator[CheckResult]:
    """Each flow that would be on, and that the ERP or the network of the integration cannot have."""
    from ml_connector.config.flows import missing
    from ml_connector.flows.registry import flows_of

    settings = deployment.loaded.integration(integration)
    systems = {name: deployment.system(name) for name in (settings.erp, settings.network)}
    flows = flows_of(settings.flows)
    for flow in flows.present:
        lacking = next(missing(flow, settings, systems), None)
        if lacking is not None and flow.name in flows.off:
            remedy = f"Nothing, where it is not wanted; `flows.{flow.name}.enabled: false` says so."
            yield CheckResult(integration, "flows", CheckLevel.ADVICE, f"{flow.name} is off: {lacking}", remedy)


def _partners(deployment: "Deployment", integration: str) -> Iterator[CheckResult]:
    """Each partner that is stopped by its file; a wrong layout is told by itself."""
    loaded = deployment.loaded.found[integration]
    for problem in loaded.problems:
        message = f"partner {problem.name or 'files'} stopped: {problem.message}"
        yield CheckResult(integration, "partners", CheckLevel.BAD, message, problem.remedy, Mender.CONFIGURATION)
    if not loaded.problems:
        yield CheckResult(integration, "partners", CheckLevel.GOOD, f"{len(loaded.partners)} partner files can be used")


def _layouts(deployment: "Deployment", integration: str) -> Iterator[CheckResult]:
    """Each layout that the partner files name, by itself; nothing is said where none is named."""
    from ml_connector.layouts import load_layout

    folder = deployment.loaded.path.parent / deployment.loaded.integration(integration).partners
    named = [one for partner in deployment.loaded.partners[integration].values() for one in partner.layout_names]
    good: list[str] = []
    for name in dict.fromkeys(named):
        try:
            load_layout(name, folder)
        except ConfigError as error:
            yield CheckResult(
                integration, "layouts", CheckLevel.BAD, f"{name}: {error.message}", error.remedy, Mender.CONFIGURATION
            )
        else:
            good.append(name)
    if good:
        yield CheckResult(integration, "layouts", CheckLevel.GOOD, f"{len(good)} can be used: {', '.join(good)}.")


def check_connection(deployment: "Deployment", name: str, *, offline: bool = False) -> list[CheckResult]:
    """A connection: its secrets, whether it can be reached, is authorized, and can be used.

    offline: only what can be told without a call.

    Raises:
        ConfigError: there is no such connection.
    """
    settings = deployment.loaded.connection(name)
    found = list(guarded(name, "secrets", lambda: _secrets(deployment, name, settings)))
    address = settings.web_address
    if address is not None:
        found += encrypted(name, address)
    if offline:
        return found + _told_offline(deployment, name)
    if address is not None and not any_bad(found):
        found += guarded(name, "reachable", lambda: reachable(name, address, settings.timeout_seconds))
    if any_bad(found):
        return found
    return found + list(deployment.check_system(name))


# ---------------------------------------------------------------------- the deployment


def _ledger(deployment: "Deployment") -> Iterator[CheckResult]:
    where = deployment.ledger.url.render_as_string(hide_password=True)
    yield CheckResult("deployment", "ledger", CheckLevel.GOOD, f"the ledger at {where} answers and is of this version")


def _key(deployment: "Deployment") -> Iterator[CheckResult]:
    from ml_connector.credentials.keys import load_keys

    count = len(load_keys(deployment.loaded.home))
    left = deployment.vault.under_old_keys() if count > 1 else 0
    if count > 1:
        message = f"{count} keys; {left} stored values stand under an old one"
        yield CheckResult("deployment", "key", CheckLevel.ADVICE, message, "Run `ml-connector credentials rotate`.")
        return
    yield CheckResult(
        "deployment", "key", CheckLevel.GOOD, "the credential store has its key, and nobody else can read it"
    )


def _alerts(deployment: "Deployment") -> Iterator[CheckResult]:
    urls = deployment.loaded.settings.alerts.urls
    if not urls:
        remedy = "Name apprise URLs under alerts.urls (docs/alerts.md)."
        yield CheckResult("deployment", "alerts", CheckLevel.ADVICE, "nobody is told when something is held", remedy)
        return
    from ml_connector.alerting import address

    wrong = 0
    for position, reference in enumerate(urls):
        try:
            address(position, reference, deployment.secrets)
        except ConnectorError as error:
            wrong += 1
            yield of_error("deployment", "alerts", error)
    if not wrong:
        places = f"{len(urls)} place{'s' if len(urls) > 1 else ''}"
        message = f"alerts go to {places}; `ml-connector alerts test` sends a message to each"
        yield CheckResult("deployment", "alerts", CheckLevel.GOOD, message)


# ---------------------------------------------------------------------- every connection


def _secrets(deployment: "Deployment", name: str, settings: ConnectionSettings) -> Iterator[CheckResult]:
    references = [(key, getattr(settings, key)) for key in type(settings).model_fields]
    missing = 0
    for key, reference in references:
        if isinstance(reference, SecretRef):
            try:
                deployment.secrets.resolve(reference, f"{name}.{key}")
            except ConnectorError as error:
                missing += 1
                yield of_error(name, "secrets", error)
    if not missing:
        yield CheckResult(name, "secrets", CheckLevel.GOOD, "all its secrets are there")
    # One that has ended may still be taken: whether it is, its log-in tells.
    for one in secret_ends(settings.secrets_end, deployment.clock.now()):
        if one.health is not Health.GOOD:
            yield CheckResult(name, "secrets", CheckLevel.WARN, one.message, one.remedy(name))


def _told_offline(deployment: "Deployment", name: str) -> list[CheckResult]:
    from ml_connector.credentials.expiry import expiry_report
    from ml_connector.systems.authorized import stored_authorization

    login = deployment.login(name)
    if login is None or not login.keeps_token:
        return []
    known = {report.connection for report in expiry_report(deployment.ledger)}
    if name not in known:
        remedy = f"Run `ml-connector credentials authorize {name}`."
        return [CheckResult(name, "authorized", CheckLevel.ADVICE, "it was never authorized", remedy)]
    told = list(stored_authorization(name, deployment.ledger, login.warning_days))
    return told or [
        CheckResult(name, "authorized", CheckLevel.GOOD, "it was authorized; whether it still works was not asked")
    ]
