"""What people do about documents: replay (what it would do is shown first), discard, settle, comment. Each with why."""

from datetime import date

from starlette.responses import Response

from ml_connector.errors import ConnectorError
from ml_connector.flows import operator_actions
from ml_connector.operating import acting
from ml_connector.trying.replays import TriedReplay, try_replay
from ml_connector.web.access.people import LONGEST_NAME, Role, is_name
from ml_connector.web.frame.asking import Asked, Handler, PageError, to
from ml_connector.web.pages.document import by_place, pretty, row_of

#: Characters of a reason or a comment.
LONGEST_WHY = 500


def replay_shown(asked: Asked) -> Response:
    """GET /documents/{document}/replay: what a replay would do now, or with the reference data of another day."""
    row = row_of(asked, Role.CLERK)
    day = asked.query("as_of", 10)
    as_of = day_of(day)
    tried: TriedReplay | None = None
    trouble: ConnectorError | None = None
    plan = operator_actions.plan_replay([row])[0]
    # Before anything is looked at: what ends meanwhile has the page look again.
    readings = [one for one in asked.pages.errands.of_integration(row.integration) if not one.documents][:1]
    under_way = any(one.under_way for one in readings)
    if not under_way:
        try:
            tried = try_replay(asked.deployment, [row.id], as_of=as_of)
        except ConnectorError as error:
            trouble = error
    return asked.page(
        "replay.html",
        title=f"Replay {row.number}",
        row=row,
        plan=plan,
        tried=[(one, by_place(one.decided), [(w, pretty(w.payload)) for w in one.writes]) for one in tried.documents]
        if tried
        else [],
        read_at=tried.read_at if tried else None,
        trouble=trouble,
        as_of=day,
        now=asked.deployment.clock.now(),
        errands=readings,
        under_way=under_way,
        refresh=2 if under_way else 0,
    )


def day_of(text: str) -> date | None:
    """A day of a form or an address."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise PageError(400, "Not understood", "Write days as YYYY-MM-DD.") from error


def replay(asked: Asked) -> Response:
    """POST /documents/{document}/replay."""
    row = row_of(asked, Role.CLERK)
    why = why_of(asked)
    work = {
        "kind": "replay",
        "ids": [row.id],
        "who": asked.person.actor,
        "why": why,
        "reference": asked.text("reference") == "1",
    }
    errand = asked.pages.errands.begin(
        f"Replay of {row.number}", work, integration=row.integration, documents=[row.id], who=asked.person.name
    )
    if errand is None:
        raise too_much()
    return to(f"/documents/{row.id}")


def read_reference(asked: Asked) -> Response:
    """POST /documents/{document}/reference: read the ERP's reference data again, then show what a replay would do."""
    row = row_of(asked, Role.CLERK)
    work = {"kind": "reference", "integration": row.integration, "who": asked.person.actor}
    title = f"Reference data of {row.integration}"
    if asked.pages.errands.begin(title, work, integration=row.integration, who=asked.person.name) is None:
        raise too_much()
    return to(f"/documents/{row.id}/replay")


def too_much() -> PageError:
    """Too many errands wait already."""
    return PageError(503, "Too much is under way", "Wait until some of it is done.")


def decision(name: str) -> Handler:
    """POST /documents/{document}/NAME: discard, or a person's word about what is in doubt."""

    def decide(asked: Asked) -> Response:
        row = row_of(asked, Role.CLERK)
        (acted,) = acting.decide(asked.deployment, [row], name, who=asked.person.actor, why=why_of(asked))
        if not acted.done:
            raise PageError(409, "That is not possible", acted.message)
        asked.tell(f"Document {row.number}: {acted.message}.")
        return to(f"/documents/{row.id}")

    return decide


def comment(asked: Asked) -> Response:
    """POST /documents/{document}/comment."""
    row = row_of(asked, Role.CLERK)
    acting.comment(asked.deployment, [row], why_of(asked), who=asked.person.actor)
    return to(f"/documents/{row.id}")


def take(asked: Asked) -> Response:
    """POST /documents/{document}/take: whose it is from now on; without a name, nobody's."""
    row = row_of(asked, Role.CLERK)
    to_whom = asked.text("to", LONGEST_NAME)
    if to_whom and not is_name(to_whom):
        raise PageError(400, "Not understood", "Write a name.")
    acting.assign(asked.deployment, [row], to_whom, who=asked.person.actor)
    return to(f"/documents/{row.id}")


def why_of(asked: Asked) -> str:
    """The reason that a person gave.

    Raises:
        PageError: there is none, or it is longer than a reason.
    """
    given = asked.form.get("why", "")
    text = " ".join(given.split()) if isinstance(given, str) else ""
    if not text:
        raise PageError(400, "Say why", "The reason stands in the ledger beside your name. Go back and write it.")
    if len(text) > LONGEST_WHY:
        raise PageError(400, "Say it shorter", f"A reason has at most {LONGEST_WHY} characters.")
    return text
