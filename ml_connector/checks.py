"""What `ml-connector check` finds out: can each connection be reached, is it authorized, can it be used, and the mend.

Nothing is written to an outside system. Every finding stands by itself: one that fails never hides the others.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ml_connector.config.connections import (
    AnyConnection,
    CleoConnection,
    ExactOnlineConnection,
    TrueCommerceConnection,
)
from ml_connector.config.secrets import SecretRef
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, TryAgain

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.systems.exact_online.erp import ExactErp

#: Clocks that differ by more make tokens expire at the wrong moment.
CLOCK_SKEW = timedelta(seconds=60)
REACH_SECONDS = 10.0
#: Topics that flows make use of (exact-online 8.4).
WEBHOOK_TOPICS = ("PurchaseOrders", "PurchaseEntries")


#: Connections with an address of the web.
OverHttp = ExactOnlineConnection | CleoConnection


class Level(StrEnum):
    """good: as it should be. advice: works, and could be better. warn: will hurt. bad: does not work."""

    GOOD = "good"
    ADVICE = "advice"
    WARN = "warn"
    BAD = "bad"


class Mender(StrEnum):
    """What a bad finding needs: a person to authorize, time, or another configuration."""

    AUTHORIZE = "authorize"
    TIME = "time"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Finding:
    """One thing found out. about: a connection, `deployment` or an integration. aspect: what was looked at."""

    about: str
    aspect: str
    level: Level
    message: str
    mend: str = ""
    mender: Mender | None = None


def check_deployment(deployment: "Deployment") -> list[Finding]:
    """The parts that all connections need: the ledger, the key, alerts, the public address."""
    about = "deployment"
    found = list(guarded(about, "ledger", lambda: _ledger(deployment)))
    found += guarded(about, "key", lambda: _key(deployment))
    found += guarded(about, "alerts", lambda: _alerts(deployment))
    for name in deployment.integration_names:
        found += guarded(name, "partners", lambda name=name: _partners(deployment, name))  # type: ignore[misc]
        found += guarded(name, "layouts", lambda name=name: _layouts(deployment, name))  # type: ignore[misc]
    return found


def _partners(deployment: "Deployment", integration: str) -> Iterator[Finding]:
    """Each partner that is stopped by its file; a wrong layout is told by itself."""
    loaded = deployment.loaded.found[integration]
    for problem in loaded.problems:
        message = f"partner {problem.name or 'files'} stopped: {problem.message}"
        yield Finding(integration, "partners", Level.BAD, message, problem.mend, Mender.CONFIGURATION)
    if not loaded.problems:
        yield Finding(integration, "partners", Level.GOOD, f"{len(loaded.partners)} partner files can be used")


def _layouts(deployment: "Deployment", integration: str) -> Iterator[Finding]:
    """Each layout that the partner files name, by itself; nothing is said where none is named."""
    from ml_connector.layouts import load_layout

    folder = deployment.loaded.path.parent / deployment.loaded.integration(integration).partners
    named = [one for partner in deployment.loaded.partners[integration].values() for one in partner.layouts.names]
    good: list[str] = []
    for name in dict.fromkeys(named):
        try:
            load_layout(name, folder)
        except ConfigError as error:
            yield Finding(
                integration, "layouts", Level.BAD, f"{name}: {error.message}", error.mend, Mender.CONFIGURATION
            )
        else:
            good.append(name)
    if good:
        yield Finding(integration, "layouts", Level.GOOD, f"{len(good)} can be used: {', '.join(good)}.")


def check_connection(deployment: "Deployment", name: str, *, offline: bool = False) -> list[Finding]:
    """A connection: its secrets, whether it can be reached, is authorized, and can be used.

    offline: only what can be told without a call.

    Raises:
        ConfigError: there is no such connection.
    """
    settings = deployment.loaded.connection(name)
    found = list(guarded(name, "secrets", lambda: _secrets(deployment, name, settings)))
    if isinstance(settings, TrueCommerceConnection):
        bad = any(finding.level is Level.BAD for finding in found)
        if offline or bad:
            return found
        from ml_connector.network_checks import check_truecommerce

        return found + check_truecommerce(deployment, name, settings)
    found += guarded(name, "address", lambda: _address(name, settings))
    if offline:
        return found + _told_offline(deployment, name)
    reached = list(guarded(name, "reachable", lambda: _reachable(name, settings)))
    found += reached
    if any(finding.level is Level.BAD for finding in found):
        return found
    if isinstance(settings, ExactOnlineConnection):
        return found + _exact(deployment, name, settings)
    from ml_connector.network_checks import check_cleo

    return found + check_cleo(deployment, name, settings)


def guarded(about: str, aspect: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; a typed error becomes one."""
    try:
        yield from check()
    except ConnectorError as error:
        yield of_error(about, aspect, error)


def of_error(about: str, aspect: str, error: ConnectorError) -> Finding:
    """A typed error as a finding."""
    mender = Mender.CONFIGURATION
    if isinstance(error, AuthorizationNeeded):
        mender = Mender.AUTHORIZE
    elif isinstance(error, TryAgain):
        mender = Mender.TIME
    return Finding(about, aspect, Level.BAD, error.message, error.mend, mender)


# ---------------------------------------------------------------------- the deployment


def _ledger(deployment: "Deployment") -> Iterator[Finding]:
    where = deployment.ledger.url.render_as_string(hide_password=True)
    yield Finding("deployment", "ledger", Level.GOOD, f"the ledger at {where} answers and is of this version")


def _key(deployment: "Deployment") -> Iterator[Finding]:
    from ml_connector.credentials.keys import load_keys

    count = len(load_keys(deployment.loaded.home))
    left = deployment.vault.under_old_keys() if count > 1 else 0
    if count > 1:
        message = f"{count} keys; {left} stored values stand under an old one"
        yield Finding("deployment", "key", Level.ADVICE, message, "Run `ml-connector credentials rotate`.")
        return
    yield Finding("deployment", "key", Level.GOOD, "the credential store has its key, and nobody else can read it")


def _alerts(deployment: "Deployment") -> Iterator[Finding]:
    urls = deployment.loaded.settings.alerts.urls
    if not urls:
        mend = "Name apprise URLs under alerts.urls (docs/alerts.md)."
        yield Finding("deployment", "alerts", Level.ADVICE, "nobody is told when something is held", mend)
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
        yield Finding("deployment", "alerts", Level.GOOD, message)


# ---------------------------------------------------------------------- every connection


def _secrets(deployment: "Deployment", name: str, settings: AnyConnection) -> Iterator[Finding]:
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
        yield Finding(name, "secrets", Level.GOOD, "all its secrets are there")


def _address(name: str, settings: OverHttp) -> Iterator[Finding]:
    if not is_private(settings.base_url):
        mend = "Use https://: passwords and tokens travel on it."
        yield Finding(name, "address", Level.WARN, f"{settings.base_url} is not encrypted", mend)


def is_private(url: str) -> bool:
    """Whether what travels to this address is encrypted, or never leaves the machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _reachable(name: str, settings: OverHttp) -> Iterator[Finding]:
    """Any answer at all counts; its Date tells whether the clocks agree."""
    import httpx

    from ml_connector.transport.tls import trusted

    asked = datetime.now(UTC)
    try:
        with httpx.Client(timeout=min(REACH_SECONDS, settings.timeout_seconds), verify=trusted()) as client:
            answer = client.head(settings.base_url)
    except httpx.TimeoutException:
        raise TryAgain(f"{settings.base_url} does not answer in time.", mend="See firewall and proxy.") from None
    except httpx.HTTPError as error:
        kind = type(error).__name__
        mend = "See that the address is right, and that DNS, firewall, proxy and certificates let it through."
        raise TryAgain(f"{settings.base_url} cannot be reached ({kind}).", mend=mend) from None
    yield Finding(name, "reachable", Level.GOOD, f"{settings.base_url} answers")
    skew = _skew(answer.headers.get("date", ""), asked)
    if skew is not None and abs(skew) > CLOCK_SKEW:
        direction = "behind" if skew > timedelta(0) else "ahead of"
        message = f"this machine's clock is {abs(skew).total_seconds():.0f} s {direction} the server's"
        yield Finding(name, "clock", Level.WARN, message, "Let the machine keep its time by NTP.")


def _skew(date_header: str, asked: datetime) -> timedelta | None:
    try:
        told = parsedate_to_datetime(date_header)
    except (TypeError, ValueError):
        return None
    return told - asked if told.tzinfo is not None else None


def _expiry(deployment: "Deployment", name: str, warning_days: int) -> Iterator[Finding]:
    """What is stored about the authorization, without a call."""
    from ml_connector.credentials.expiry import Health, expiry_report

    for report in expiry_report(deployment.ledger, warning=timedelta(days=warning_days)):
        if report.connection != name or report.health is Health.GOOD:
            continue
        level = Level.WARN if report.health is Health.WARN else Level.BAD
        mender = Mender.AUTHORIZE if level is Level.BAD else None
        yield Finding(name, "authorized", level, report.message, report.mend, mender)


def _told_offline(deployment: "Deployment", name: str) -> list[Finding]:
    from ml_connector.credentials.expiry import expiry_report

    known = {report.connection for report in expiry_report(deployment.ledger)}
    if name not in known:
        mend = f"Run `ml-connector credentials authorize {name}`."
        return [Finding(name, "authorized", Level.ADVICE, "it was never authorized", mend)]
    days = getattr(deployment.loaded.connection(name), "authorization_warning_days", 7)
    told = list(_expiry(deployment, name, days))
    return told or [Finding(name, "authorized", Level.GOOD, "it was authorized; whether it still works was not asked")]


# ---------------------------------------------------------------------- Exact Online


def _exact(deployment: "Deployment", name: str, settings: ExactOnlineConnection) -> list[Finding]:
    found: list[Finding] = []
    if not is_private(settings.redirect_uri):
        mend = "Register an https:// redirect address with the app and write it here."
        found.append(Finding(name, "redirect_uri", Level.WARN, "Exact wants an HTTPS redirect address", mend))
    authorized = list(guarded(name, "authorized", lambda: _exact_authorized(deployment, name, settings)))
    found += authorized
    if any(finding.level is Level.BAD for finding in authorized):
        return found
    found += guarded(name, "usable", lambda: _exact_usable(deployment, name))
    if any(finding.level is Level.BAD for finding in found):
        return found
    found += _exact_readable(deployment, name)
    found += guarded(name, "journal", lambda: _exact_journal(deployment, name))
    found += guarded(name, "webhooks", lambda: _exact_webhooks(deployment, name, settings))
    return found


def _exact_readable(deployment: "Deployment", name: str) -> Iterator[Finding]:
    """Scopes, rights and editions differ by endpoint: each table that the flows need is tried, with one call."""
    erp = _exact_erp(deployment, name)
    refused = 0
    for table in ReferenceTable:
        for finding in guarded(name, "readable", partial(_tried, erp, table)):
            refused += 1
            yield finding
    if not refused:
        yield Finding(name, "readable", Level.GOOD, "every reference table may be read")


def _tried(erp: "ExactErp", table: ReferenceTable) -> Iterable[Finding]:
    erp.try_reading(table)
    return ()


def _exact_journal(deployment: "Deployment", name: str) -> Iterator[Finding]:
    """The purchase journal: a wrong one is refused by Exact invoice by invoice. Types 22 and 23 are for purchases."""
    from ml_connector.systems.exact_online.literals import text_literal

    mine = [one for one in deployment.loaded.settings.integrations.values() if one.erp == name]
    if not any(one.flows.invoices_in.enabled for one in mine):
        return
    client = _exact_erp(deployment, name).client
    code = client.settings.journal
    query = {"$filter": f"Code eq {text_literal(code)}", "$select": "ID,Code,Description,IsBlocked,Type"}
    mend = "Name a purchase journal of this division under flows.invoices_in.journal."
    try:
        row = next(iter(client.rows("financial/Journals", query)), None)
    except AuthorizationNeeded as error:
        yield Finding(name, "journal", Level.ADVICE, f"whether journal {code} exists cannot be told", error.mend)
        return
    if row is None:
        message = f"there is no journal {code}, or the user may not read journals"
        yield Finding(name, "journal", Level.WARN, message, mend)
    elif row.get("IsBlocked") or row.get("Type") not in (22, 23):
        trouble = "is blocked" if row.get("IsBlocked") else "is no purchase journal"
        yield Finding(name, "journal", Level.WARN, f"journal {code} {row.get('Description') or ''} {trouble}", mend)
    else:
        yield Finding(name, "journal", Level.GOOD, f"journal {code} {row.get('Description') or ''} takes invoices")


def _exact_authorized(deployment: "Deployment", name: str, settings: ExactOnlineConnection) -> Iterator[Finding]:
    tokens = deployment.authorization(name)
    if tokens is not None:
        tokens.token()
        tokens.try_client()
    told = list(_expiry(deployment, name, settings.authorization_warning_days))
    yield from told or [Finding(name, "authorized", Level.GOOD, "it is authorized")]


def _exact_usable(deployment: "Deployment", name: str) -> Iterator[Finding]:
    erp = _exact_erp(deployment, name)
    facts = erp.divisions.validate()
    currency = f" ({facts.currency})" if facts.currency else ""
    message = f"division {facts.code} {facts.description}{currency} is open to us"
    yield Finding(name, "usable", Level.GOOD, message)
    if deployment.loaded.connection(name).model_dump().get("division") is None:
        mend = f"Write `division: {facts.code}` into the connection, so that it can never be another one."
        yield Finding(name, "division", Level.ADVICE, "the division was taken from the user, not configured", mend)
    yield from _day_budget(deployment, name, erp.company)


def _day_budget(deployment: "Deployment", name: str, company: str) -> Iterator[Finding]:
    """What is left of the day's calls, as the headers told last."""
    now = deployment.clock.now()
    for scope in (company, "current"):
        window = deployment.limits.window(f"{name}/{scope}/day")
        if window is None or window.resets_at <= now:
            continue
        level = Level.WARN if window.remaining < window.limit // 10 else Level.GOOD
        mend = "Raise sensor and poll intervals, or have the app's limit raised." if level is Level.WARN else ""
        yield Finding(name, "limits", level, f"{window.remaining} of {window.limit} calls are left today", mend)
        return


def _exact_webhooks(deployment: "Deployment", name: str, settings: ExactOnlineConnection) -> Iterator[Finding]:
    from ml_connector.systems.exact_online.webhooks import subscriptions

    public = deployment.loaded.settings.webhooks.public_url.rstrip("/")
    found = subscriptions(_exact_erp(deployment, name).client)
    if settings.webhook_secret is None or not public:
        what = "webhook_secret" if settings.webhook_secret is None else "webhooks.public_url"
        message = f"no webhooks ({what} is not set): changes are found by polling alone"
        mend = "Nothing is missed by that, it only takes longer. To change it see docs/webhooks.md."
        yield Finding(name, "webhooks", Level.ADVICE, message, mend)
        return
    expected = f"{public}/webhooks/exact/{name}"
    calling = {s.topic for s in found if s.callback_url == expected}
    for topic in WEBHOOK_TOPICS:
        if topic in calling:
            yield Finding(name, "webhooks", Level.GOOD, f"{topic} calls {expected}")
            continue
        elsewhere = next((s.callback_url for s in found if s.topic == topic), None)
        message = f"{topic} calls {elsewhere}" if elsewhere else f"there is no subscription to {topic}"
        mend = f"Run `ml-connector webhooks subscribe {name}` while the receiver runs."
        yield Finding(name, "webhooks", Level.WARN if elsewhere else Level.ADVICE, message, mend)


def _exact_erp(deployment: "Deployment", name: str) -> "ExactErp":
    from ml_connector.errors import ConfigError
    from ml_connector.systems.exact_online.erp import ExactErp

    erp = deployment.erp(name)
    if not isinstance(erp, ExactErp):
        raise ConfigError(f"{name} is not an Exact Online connection.", mend="Mend its `system`.")
    return erp
