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
from ml_connector.systems.exact_online.wire.odata_literals import text_literal
from ml_connector.systems.reaching import is_private
from ml_connector.systems.results import CheckLevel, CheckResult, any_bad, guarded
from ml_connector.systems.system import Parts, Usage, callback_url
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens


def check_settings(name: str, settings: ExactOnlineConnection) -> Iterator[CheckResult]:
    """The redirect address."""
    if not is_private(settings.redirect_uri):
        remedy = "Register an https:// redirect address with the app and write it here."
        yield CheckResult(name, "redirect_uri", CheckLevel.WARN, "Exact wants an HTTPS redirect address", remedy)


def check_exact(
    name: str,
    settings: ExactOnlineConnection,
    connected: Callable[[], ExactErp],
    tokens: AuthorizationCodeTokens,
    parts: Parts,
    use: Usage,
) -> Iterator[CheckResult]:
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


def _readable(name: str, erp: ExactErp) -> Iterator[CheckResult]:
    """Scopes, rights and editions differ by endpoint: each table that the flows need is tried, with one call."""
    refused = 0
    for table in ReferenceTable:
        for finding in guarded(name, "readable", partial(_tried, erp, table)):
            refused += 1
            yield finding
    if not refused:
        yield CheckResult(name, "readable", CheckLevel.GOOD, "every reference table may be read")
    yield from guarded(name, "readable", lambda: _addresses(name, erp))


def _addresses(name: str, erp: ExactErp) -> Iterator[CheckResult]:
    """Only orders that go to an address of their own need them."""
    try:
        erp.try_addresses()
    except AuthorizationNeeded as error:
        message = f"{error.message} Orders that go to an address of their own will be held."
        remedy = f"{error.remedy} If they need not be sent: `without: [addresses]` in the connection."
        yield CheckResult(name, "readable", CheckLevel.WARN, message, remedy)


def _tried(erp: ExactErp, table: ReferenceTable) -> Iterable[CheckResult]:
    erp.try_reading(table)
    return ()


def _journal(name: str, client: ExactClient, use: Usage) -> Iterator[CheckResult]:
    """The purchase journal: a wrong one is refused by Exact invoice by invoice. Types 22 and 23 are for purchases."""
    if not any(one.flows.invoices_in.enabled for one in use.integrations.values()):
        return
    code = client.settings.journal
    query = {"$filter": f"Code eq {text_literal(code)}", "$select": "ID,Code,Description,IsBlocked,Type"}
    remedy = "Name a purchase journal of this division under flows.invoices_in.journal."
    try:
        row = next(iter(client.rows("financial/Journals", query)), None)
    except AuthorizationNeeded as error:
        yield CheckResult(
            name, "journal", CheckLevel.ADVICE, f"whether journal {code} exists cannot be told", error.remedy
        )
        return
    if row is None:
        message = f"there is no journal {code}, or the user may not read journals"
        yield CheckResult(name, "journal", CheckLevel.WARN, message, remedy)
    elif row.get("IsBlocked") or row.get("Type") not in (22, 23):
        trouble = "is blocked" if row.get("IsBlocked") else "is not a purchase journal"
        yield CheckResult(
            name, "journal", CheckLevel.WARN, f"journal {code} {row.get('Description') or ''} {trouble}", remedy
        )
    else:
        yield CheckResult(
            name, "journal", CheckLevel.GOOD, f"journal {code} {row.get('Description') or ''} takes invoices"
        )


def _authorized(
    name: str, settings: ExactOnlineConnection, tokens: AuthorizationCodeTokens, parts: Parts
) -> Iterator[CheckResult]:
    tokens.token()
    tokens.try_client()
    told = list(stored_authorization(name, parts.ledger, settings.authorization_warning_days))
    yield from told or [CheckResult(name, "authorized", CheckLevel.GOOD, "it is authorized")]


def _usable(name: str, settings: ExactOnlineConnection, erp: ExactErp, parts: Parts) -> Iterator[CheckResult]:
    facts = erp.divisions.validate()
    currency = f" ({facts.currency})" if facts.currency else ""
    message = f"division {facts.code} {facts.description}{currency} is open to us"
    yield CheckResult(name, "usable", CheckLevel.GOOD, message)
    if settings.division is None:
        remedy = f"Write `division: {facts.code}` into the connection, so that it can never be another one."
        yield CheckResult(
            name, "division", CheckLevel.ADVICE, "the division was taken from the user, not configured", remedy
        )
    yield from _day_budget(name, erp.company, parts)


def _day_budget(name: str, company: str, parts: Parts) -> Iterator[CheckResult]:
    """What is left of the day's calls, as the headers told last."""
    now = parts.clock.now()
    for scope in (company, "current"):
        window = parts.limits.window(f"{name}/{scope}/day")
        if window is None or window.resets_at <= now:
            continue
        level = CheckLevel.WARN if window.remaining < window.limit // 10 else CheckLevel.GOOD
        remedy = "Raise sensor and poll intervals, or have the app's limit raised." if level is CheckLevel.WARN else ""
        yield CheckResult(name, "limits", level, f"{window.remaining} of {window.limit} calls are left today", remedy)
        return


def _webhooks(
    name: str, settings: ExactOnlineConnection, client: ExactClient, public_url: str
) -> Iterator[CheckResult]:
    found = subscriptions(client)
    if settings.webhook_secret is None or not public_url:
        what = "webhook_secret" if settings.webhook_secret is None else "webhooks.public_url"
        message = f"no webhooks ({what} is not set): changes are found by polling alone"
        remedy = "Nothing is missed by that, it only takes longer. To change it see docs/webhooks.md."
        yield CheckResult(name, "webhooks", CheckLevel.ADVICE, message, remedy)
        return
    expected = callback_url(public_url, WEBHOOK_WORD, name)
    calling = {s.topic for s in found if s.callback_url == expected}
    for topic in TOPICS:
        if topic in calling:
            yield CheckResult(name, "webhooks", CheckLevel.GOOD, f"{topic} calls {expected}")
            continue
        elsewhere = next((s.callback_url for s in found if s.topic == topic), None)
        message = f"{topic} calls {elsewhere}" if elsewhere else f"there is no subscription to {topic}"
        remedy = f"Run `ml-connector webhooks subscribe {name}` while the receiver runs."
        yield CheckResult(name, "webhooks", CheckLevel.WARN if elsewhere else CheckLevel.ADVICE, message, remedy)
