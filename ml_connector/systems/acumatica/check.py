"""What `check` finds out about a connection to Acumatica: address, version, log-in, rights, branch, fields."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ml_connector.errors import AuthorizationNeeded, RefusedBySystem
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.factory import open_client
from ml_connector.systems.acumatica.reading.polling import Polled
from ml_connector.systems.acumatica.reading.tables import Table
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient
from ml_connector.systems.acumatica.wire.contract import Need, lacking
from ml_connector.systems.authorized import stored_authorization
from ml_connector.systems.results import CheckLevel, CheckResult, Mender, any_bad, guarded
from ml_connector.systems.system import Parts, Usage


def check_acumatica(
    name: str,
    settings: AcumaticaConnection,
    connected: Callable[[], AcumaticaErp],
    parts: Parts,
    use: Usage,
) -> Iterator[CheckResult]:
    """First what needs no log-in; then the log-in; then each table, the branch, and the fields that flows need."""
    found = list(guarded(name, "version", lambda: _version(name, settings, parts)))
    yield from found
    if any_bad(found):
        return
    if settings.login == "code":
        yield from stored_authorization(name, parts.ledger, settings.authorization_warning_days)
    erp = connected()
    entered = list(guarded(name, "authorized", lambda: _authorized(name, settings, erp)))
    yield from entered
    if any_bad(entered):
        return
    yield from guarded(name, "branch", lambda: _branch(name, settings, erp))
    yield from _fields(name, erp, use)
    yield from _readable(name, erp, use)


def _version(name: str, settings: AcumaticaConnection, parts: Parts) -> Iterator[CheckResult]:
    """Never another version by itself: fields differ, and what is dropped is dropped without a word."""
    client = open_client(name, settings, parts)
    try:
        site = client.site()
    finally:
        client.api.close()
    wanted = f"{settings.endpoint} {settings.version}"
    versions = site.versions(settings.endpoint)
    if settings.version in versions:
        build = f" (build {site.build})" if site.build else ""
        yield CheckResult(name, "version", CheckLevel.GOOD, f"the site{build} offers {wanted}")
        return
    if versions:
        remedy = f"Write one of these as `version` and run check again: {', '.join(versions)}."
        message = f"the site does not offer {wanted}"
    else:
        others = ", ".join(sorted({one for one, _ in site.endpoints}))
        message = f"the site has no endpoint {settings.endpoint}"
        remedy = f"Write one of these as `endpoint`: {others}." if others else "See base_url of the connection."
    yield CheckResult(name, "version", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)


def _authorized(name: str, settings: AcumaticaConnection, erp: AcumaticaErp) -> Iterator[CheckResult]:
    """The cheapest call that needs a log-in."""
    erp.client.schema("Vendor")
    user = settings.username or "the application"
    yield CheckResult(name, "authorized", CheckLevel.GOOD, f"{user} is logged in to {settings.tenant}")


def _branch(name: str, settings: AcumaticaConnection, erp: AcumaticaErp) -> Iterator[CheckResult]:
    branches = {branch.code.casefold(): branch for branch in erp.branches()}
    listed = ", ".join(sorted(branch.code for branch in branches.values()))
    if not settings.branch:
        if len(branches) > 1:
            message = f"there are several branches ({listed}), and documents go to the user's own"
            remedy = "Write `branch:` into the connection, so that it can never be another one."
            yield CheckResult(name, "branch", CheckLevel.ADVICE, message, remedy)
        return
    found = branches.get(settings.branch.casefold())
    if found is None or not found.active:
        why = "is not one that the user sees" if found is None else "is not active"
        remedy = f"Write one of these identifiers: {listed}."
        yield CheckResult(
            name, "branch", CheckLevel.BAD, f"branch {settings.branch} {why}", remedy, Mender.CONFIGURATION
        )
        return
    yield CheckResult(name, "branch", CheckLevel.GOOD, f"branch {found.code} is {found.name} ({found.currency})")


def _fields(name: str, erp: AcumaticaErp, use: Usage) -> Iterator[CheckResult]:
    """What this version lacks, with what needs it."""
    schemas: dict[str, object] = {}
    lacks = 0
    for need in erp.needs(use.integrations):
        for finding in guarded(name, "fields", partial(_lacking, name, erp.client, need, schemas)):
            lacks += 1
            yield finding
    if not lacks:
        message = f"{erp.client.endpoint} {erp.client.version} has every field that is used"
        yield CheckResult(name, "fields", CheckLevel.GOOD, message)


def _lacking(name: str, client: AcumaticaClient, need: Need, schemas: dict[str, object]) -> Iterator[CheckResult]:
    if need.entity not in schemas:
        schemas[need.entity] = None
        schemas[need.entity] = client.schema(need.entity)
    schema = schemas[need.entity]
    if not isinstance(schema, dict):
        return
    missing = lacking(need, schema)
    if missing:
        message = f"{client.endpoint} {client.version} has no {need.entity}.{', '.join(missing)}: {need.what} need it"
        remedy = "Use a newer version of the endpoint, extend it by these fields, or leave out what needs them."
        yield CheckResult(name, "fields", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)


def _readable(name: str, erp: AcumaticaErp, use: Usage) -> Iterator[CheckResult]:
    """Rights differ by form: each table is tried with one record."""
    refused = 0
    tried: dict[str, Table | Polled[Any]] = {
        **erp.reference,
        **{one: erp.polled[one] for one in erp.read_by(use.integrations)},
    }
    for table, source in tried.items():
        if table in erp.settings.without:
            continue
        try:
            source.try_reading()
        except (AuthorizationNeeded, RefusedBySystem) as error:
            refused += 1
            remedy = error.remedy
            if table in erp.reference:
                remedy = f"{remedy} If nothing needs it: `without: [{table}]` in the connection."
            yield CheckResult(name, "readable", CheckLevel.BAD, error.message, remedy, Mender.AUTHORIZE)
    if not refused:
        yield CheckResult(name, "readable", CheckLevel.GOOD, "every reference table and document may be read")
