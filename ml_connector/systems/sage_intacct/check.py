"""What `check` finds out about a connection to Sage Intacct: log-in, formats, entity, definitions, rights."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from ml_connector.errors import AuthorizationNeeded, RefusedBySystem
from ml_connector.systems.reaching import encrypted, is_private
from ml_connector.systems.results import CheckLevel, CheckResult, Mender, any_bad, guarded
from ml_connector.systems.sage_intacct.access.endpoint import in_domain
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query
from ml_connector.systems.sage_intacct.wire.values import flag, key, text


def check_intacct(name: str, settings: IntacctConnection, connected: Callable[[], IntacctErp]) -> Iterator[CheckResult]:
    """First the address; then the log-in; then what the company is like."""
    yield from encrypted(name, settings.base_url)
    parts = urlsplit(settings.base_url)
    host, stand_in = parts.hostname or "", parts.scheme == "http" and is_private(settings.base_url)
    if not in_domain(settings.base_url, settings.vendor_domain) and not stand_in:
        remedy = f"The gateway stands in {settings.vendor_domain}: see base_url and vendor_domain."
        yield CheckResult(
            name, "address", CheckLevel.BAD, f"{host} is not of the vendor's", remedy, Mender.CONFIGURATION
        )
        return
    erp = connected()
    entered = list(guarded(name, "authorized", lambda: _authorized(name, settings, erp.gateway)))
    yield from entered
    if any_bad(entered):
        return
    yield from guarded(name, "entity", lambda: _entity(name, settings, erp))
    yield from guarded(name, "definitions", lambda: _definitions(name, settings, erp.gateway))
    yield from _readable(name, erp)


def _authorized(name: str, settings: IntacctConnection, gateway: Gateway) -> Iterator[CheckResult]:
    """The log-in, and the formats in which the user is told dates and times (intacct 6.4)."""
    element = xml.built("readUserFormatting", [("userId", settings.username)])
    result = gateway.ask(element, "readUserFormatting")
    yield CheckResult(name, "authorized", CheckLevel.GOOD, f"{settings.username} is logged in to {settings.company_id}")
    told: dict[str, str] = {}
    for one in () if result.data is None else result.data.iter():
        if isinstance(one.tag, str) and not len(one):
            told[one.tag.casefold()] = (one.text or "").strip()
    yield from _formats(name, settings, told)


def _formats(name: str, settings: IntacctConnection, told: dict[str, str]) -> Iterator[CheckResult]:
    date_format, clock = told.get("dateformat", "/mdY"), told.get("clock", "24")
    if date_format != "/mdY":
        message = f"dates are told as {date_format} to {settings.username}, they are read as mm/dd/yyyy"
        remedy = "Set the date format of the web-services user to mm/dd/yyyy (My preferences)."
        yield CheckResult(name, "formats", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)
    if not clock.startswith("24"):
        message = f"times are told on a {clock}-hour clock to {settings.username}"
        yield CheckResult(name, "formats", CheckLevel.BAD, message, "Set it to 24 hours.", Mender.CONFIGURATION)
    offset = _offset(told.get("gmtoffset", settings.gmt_offset))
    if offset and offset != settings.gmt_offset:
        message = f"time stamps are told at GMT{offset} to {settings.username}, gmt_offset is {settings.gmt_offset}"
        remedy = f'Write `gmt_offset: "{offset}"`; better, give that user GMT, which knows no summer time.'
        yield CheckResult(name, "formats", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)


def _offset(told: str) -> str:
    """-5, -05:00, GMT-5 as -05:00; empty for what is none."""
    plain = told.upper().removeprefix("GMT").replace(" ", "") or "0"
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("+", plain.lstrip("+"))
    hours, _, minutes = digits.partition(":")
    if not hours.isdecimal() or (minutes and not minutes.isdecimal()):
        return ""
    return f"{sign if int(hours) or int(minutes or 0) else '+'}{int(hours):02d}:{int(minutes or 0):02d}"


def _entity(name: str, settings: IntacctConnection, erp: IntacctErp) -> Iterator[CheckResult]:
    query = Query("LOCATIONENTITY", ("LOCATIONID", "NAME", "STATUS"), private=settings.shows_private)
    with readable(name, "an entity"):
        entities = {key(row, "LOCATIONID"): text(row, "NAME") for row in whole_list(erp.gateway, query)}
    listed = ", ".join(sorted(entities))
    if settings.entity:
        shown = entities.get(settings.entity, settings.entity)
        yield CheckResult(name, "entity", CheckLevel.GOOD, f"it works in entity {settings.entity} ({shown})")
        return
    if not entities:
        yield CheckResult(name, "entity", CheckLevel.GOOD, "the company has no entities")
        return
    message = f"it works at the top level of a company with entities ({listed})"
    remedy = "Write `entity:` into the connection where all its documents are of one entity."
    yield CheckResult(name, "entity", CheckLevel.ADVICE, message, remedy)


def _definitions(name: str, settings: IntacctConnection, gateway: Gateway) -> Iterator[CheckResult]:
    """Transaction definitions are named by the company (intacct 7.2)."""
    query = Query("PODOCUMENTPARAMS", ("DOCID", "DOCCLASS", "ENABLE_SEQNUM"))
    with readable(name, "a transaction definition"):
        rows = {text(row, "DOCID"): row for row in whole_list(gateway, query)}
    missing = [one for one in settings.purchase_definitions if one not in rows]
    if missing:
        message = f"the company has no transaction definition {', '.join(missing)}"
        remedy = f"Write its own names (order_definitions and so on). It has: {', '.join(sorted(rows)) or 'none'}."
        yield CheckResult(name, "definitions", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)
        return
    written = (settings.receipt_definition, settings.invoice_definition)
    unnumbered = [one for one in written if text(rows[one], "ENABLE_SEQNUM") and not flag(rows[one], "ENABLE_SEQNUM")]
    if unnumbered:
        message = f"{', '.join(unnumbered)}: the definition does not number its documents by itself"
        remedy = "Give it a numbering sequence (Purchasing > Setup > Transaction definitions)."
        yield CheckResult(name, "definitions", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)
        return
    yield CheckResult(name, "definitions", CheckLevel.GOOD, f"it has {', '.join(settings.purchase_definitions)}")


def _readable(name: str, erp: IntacctErp) -> Iterator[CheckResult]:
    """Rights and subscriptions differ by object: each is tried with one record."""
    refused = 0
    tried: dict[str, Callable[[], object]] = {table: one.try_reading for table, one in erp.reference.items()}
    tried["purchase_orders"] = erp.orders.try_reading
    if erp.orders.deletions is not None:
        deletions = erp.orders.deletions
        tried["audit_history"] = lambda: deletions(None)
    for table, attempt in tried.items():
        if table in erp.settings.without:
            continue
        try:
            attempt()
        except (AuthorizationNeeded, RefusedBySystem) as error:
            refused += 1
            spare = "audit_history: false" if table == "audit_history" else f"without: [{table}]"
            remedy = f"{error.remedy} If nothing needs it: `{spare}` in the connection."
            yield CheckResult(name, "readable", CheckLevel.BAD, error.message, remedy, Mender.AUTHORIZE)
    if not refused:
        yield CheckResult(name, "readable", CheckLevel.GOOD, "every reference table and purchase order may be read")
