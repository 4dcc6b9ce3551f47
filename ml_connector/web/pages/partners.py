"""Partners: how it goes, their files as read and what is wrong in them, and a place to try a file of theirs."""

from pathlib import Path

from starlette.responses import Response

from ml_connector.errors import ConnectorError
from ml_connector.ledger.exchange import related
from ml_connector.ledger.search.partner_health import LOOKED_AT, health
from ml_connector.ledger.search.waiting import waiting
from ml_connector.trying.results import TryResult
from ml_connector.trying.trial import Given, integration_of, try_files
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import MOST_UPLOAD, Asked, PageError, not_there
from ml_connector.web.pages.acts import day_of
from ml_connector.web.pages.document import pretty

#: Characters of a partner's file that are shown.
FILE = 100_000


def partners(asked: Asked) -> Response:
    """GET /partners."""
    found = asked.deployment.loaded.found
    mine = asked.person.sees(asked.pages.integrations)
    with asked.deployment.ledger.read() as tx:
        groups = waiting(tx, mine).groups
        rows = [
            (
                integration,
                name,
                partner,
                related.last_received(tx, integration, name),
                sum(one.count for one in groups if (one.integration, one.partner) == (integration, name)),
            )
            for integration in mine
            for name, partner in sorted(found[integration].partners.items())
        ]
    problems = [
        (integration, problem)
        for integration in mine
        for problem in asked.deployment.partner_files(integration)[0].problems
    ]
    return asked.page("partners.html", title="Partners", rows=rows, problems=problems, now=asked.deployment.clock.now())


def partner(asked: Asked) -> Response:
    """GET /partners/{integration}/{partner}."""
    integration, name = (str(asked.request.path_params[key]) for key in ("integration", "partner"))
    if integration not in asked.pages.integrations:
        raise not_there()
    asked.needs(Role.VIEWER, integration)
    files, _ = asked.deployment.partner_files(integration)
    problems = [one for one in files.problems if one.name == name]
    path = files.files.get(name) or next((one.file for one in problems), None)
    if path is None:
        raise not_there()
    with asked.deployment.ledger.read() as tx:
        kinds = health(tx, integration, name)
        last = related.last_received(tx, integration, name)
    return asked.page(
        "partner.html",
        title=f"Partner {name}",
        integration=integration,
        name=name,
        partner=files.partners.get(name),
        problems=problems,
        file=path.name,
        text=_text(path),
        kinds=kinds,
        looked_at=LOOKED_AT,
        last=last,
        now=asked.deployment.clock.now(),
        may_try=asked.person.may(Role.CLERK, integration),
    )


def _text(path: Path) -> str:
    """The file as it stands now. Secrets are references in it, never values."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:FILE]
    except OSError as error:
        return f"It cannot be read: {error.strerror}."


def tried(asked: Asked) -> Response:
    """GET and POST /try: what a file would become. Nothing is written, sent or answered, and the file is not kept."""
    mine = [name for name in asked.pages.integrations if asked.person.may(Role.CLERK, name)]
    if not mine:
        raise PageError(403, "You may not do this", "It takes somebody who is a clerk.")
    integration = asked.text("integration") or asked.query("integration")
    partner_name = asked.text("partner") or asked.query("partner")
    if integration and integration not in mine:
        raise not_there()
    result: TryResult | None = None
    trouble: ConnectorError | None = None
    upload = asked.file("file")
    if asked.request.method == "POST":
        if upload is None:
            raise PageError(400, "Choose a file", "Go back and choose one.")
        name = Path((upload.filename or "file").replace("\\", "/")).name[:200] or "file"
        data = upload.file.read(MOST_UPLOAD)
        try:
            given = [Given(name, name, data)]
            wanted = integration_of(asked.deployment, given, integration or (mine[0] if len(mine) == 1 else None))
            asked.needs(Role.CLERK, wanted)
            result = try_files(
                asked.deployment,
                given,
                integration=wanted,
                partner=partner_name or None,
                as_of=day_of(asked.text("as_of")),
            )
        except ConnectorError as error:
            trouble = error
    return asked.page(
        "try.html",
        title="Try a file",
        integrations=mine,
        integration=integration,
        partner_name=partner_name,
        result=result,
        documents=[(one, [(w, pretty(w.payload)) for w in one.writes]) for one in result.documents] if result else [],
        answers=[(one, [(w, pretty(w.payload)) for w in one.writes]) for one in result.answers] if result else [],
        trouble=trouble,
    )
