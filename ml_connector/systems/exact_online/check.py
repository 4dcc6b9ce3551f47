"""What `check` finds out about a connection to Exact Online."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded
from ml_connector.systems.authorized import stored_authorization
from ml_connector.systems.exact_online.erp import ExactErp
from ml_connector.systems.exact_online.notices.topics import TOPICS
from ml_connector.systems.exact_online.notices.webhooks import subscriptions
from ml_connector.systems.exact_online.settings import WEBHOOK_WORD, ExactOnlineConnection
from ml_connector.systems.exact_online.wire.client import ExactClient
from ml_connector.systems.exact_online.wire.literals import text_literal
from ml_connector.systems.reaching import is_private
from ml_connector.systems.results import Finding, Level, any_bad, guarded
from ml_connector.systems.system import Parts, Usage, callback_url
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens


def check_settings(name: str, settings: ExactOnlineConnection) -> Iterator[Finding]:
    """The redirect address."""
    if not is_private(settings.redirect_uri):
        mend = "Register an https:// redirect address with the app and write it here."
        yield Finding(name, "redirect_uri", Level.WARN, "Exact wants an HTTPS redirect address", mend)


def check_exact(
    name: str,
    settings: ExactOnlineConnection,
    connected: Callable[[], ExactErp],
    tokens: AuthorizationCodeTokens,
    parts: Parts,
    use: Usage,
) -> Iterator[Finding]:
    """Is it authorized, is the division open to us, may the tables be read, do journal and webhooks fit?"""
    found = list(check_settings(name, settings))
    found += guarded(name, "authorized", lambda: _authorized(name, settings, tokens, parts))
    yield from found
    if any_bad(found):
        return
    erp = connected()
    usable = list(guarded(name, "usable", lambda: _usable(name, settings, erp, parts)))
    yield from usable
    if any_bad(usable):
        return
    yield from _readable(name, erp)
    yield from guarded(name, "journal", lambda: _journal(name, erp.client, use))
    yield from guarded(name, "webhooks", lambda: _webhooks(name, settings, erp.client, use.public_url))


def _readable(name: str, erp: ExactErp) -> Iterator[Finding]:
    """Scopes, rights and editions differ by endpoint: each table that the flows need is tried, with one call."""
    refused = 0
    for table in ReferenceTable:
        for finding in guarded(name, "readable", partial(_tried, erp, table)):
            refused += 1
            yield finding
    if not refused:
        yield Finding(name, "readable", Level.GOOD, "every reference table may be read")
    yield from guarded(name, "readable", lambda: _addresses(name, erp))


def _addresses(name: str, erp: ExactErp) -> Iterator[Finding]:
    """Only orders that go to an address of their own need them."""
    try:
        erp.try_addresses()
    except AuthorizationNeeded as error:
        message = f"{error.message} Orders that go to an address of their own will be held."
        remedy = f"{error.mend} If they need not be sent: `without: [addresses]` in the connection."
        yield Finding(name, "readable", Level.WARN, message, remedy)


def _tried(erp: ExactErp, table: ReferenceTable) -> Iterable[Finding]:
    erp.try_reading(table)
    return ()


def _journal(name: str, client: ExactClient, use: Usage) -> Iterator[Finding]:
    """The purchase journal: a wrong one is refused by Exact invoice by invoice. Types 22 and 23 are for purchases."""
    if not any(one.flows.invoices_in.enabled for one in use.integrations.values()):
        return
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
        trouble = "is blocked" if row.get("IsBlocked") else "is not a purchase journal"
        yield Finding(name, "journal", Level.WARN, f"journal {code} {row.get('Description') or ''} {trouble}", mend)
    else:
        yield Finding(name, "journal", Level.GOOD, f"journal {code} {row.get('Description') or ''} takes invoices")


def _authorized(
    name: str, settings: ExactOnlineConnection, tokens: AuthorizationCodeTokens, parts: Parts
) -> Iterator[Finding]:
    tokens.token()
    tokens.try_client()
    told = list(stored_authorization(name, parts.ledger, settings.authorization_warning_days))
    yield from told or [Finding(name, "authorized", Level.GOOD, "it is authorized")]


def _usable(name: str, settings: ExactOnlineConnection, erp: ExactErp, parts: Parts) -> Iterator[Finding]:
    facts = erp.divisions.validate()
    currency = f" ({facts.currency})" if facts.currency else ""
    message = f"division {facts.code} {facts.description}{currency} is open to us"
    yield Finding(name, "usable", Level.GOOD, message)
    if settings.division is None:
        mend = f"Write `division: {facts.code}` into the connection, so that it can never be another one."
        yield Finding(name, "division", Level.ADVICE, "the division was taken from the user, not configured", mend)
    yield from _day_budget(name, erp.company, parts)


def _day_budget(name: str, company: str, parts: Parts) -> Iterator[Finding]:
    """What is left of the day's calls, as the headers told last."""
    now = parts.clock.now()
    for scope in (company, "current"):
        window = parts.limits.window(f"{name}/{scope}/day")
        if window is None or window.resets_at <= now:
            continue
        level = Level.WARN if window.remaining < window.limit // 10 else Level.GOOD
        mend = "Raise sensor and poll intervals, or have the app's limit raised." if level is Level.WARN else ""
        yield Finding(name, "limits", level, f"{window.remaining} of {window.limit} calls are left today", mend)
        return


def _webhooks(name: str, settings: ExactOnlineConnection, client: ExactClient, public_url: str) -> Iterator[Finding]:
    found = subscriptions(client)
    if settings.webhook_secret is None or not public_url:
        what = "webhook_secret" if settings.webhook_secret is None else "webhooks.public_url"
        message = f"no webhooks ({what} is not set): changes are found by polling alone"
        mend = "Nothing is missed by that, it only takes longer. To change it see docs/webhooks.md."
        yield Finding(name, "webhooks", Level.ADVICE, message, mend)
        return
    expected = callback_url(public_url, WEBHOOK_WORD, name)
    calling = {s.topic for s in found if s.callback_url == expected}
    for topic in TOPICS:
        if topic in calling:
            yield Finding(name, "webhooks", Level.GOOD, f"{topic} calls {expected}")
            continue
        elsewhere = next((s.callback_url for s in found if s.topic == topic), None)
        message = f"{topic} calls {elsewhere}" if elsewhere else f"there is no subscription to {topic}"
        mend = f"Run `ml-connector webhooks subscribe {name}` while the receiver runs."
        yield Finding(name, "webhooks", Level.WARN if elsewhere else Level.ADVICE, message, mend)
