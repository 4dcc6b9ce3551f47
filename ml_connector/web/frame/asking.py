"""What every page has: who asks, the form that was sent, the templates, and errors as pages."""

import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Message

from ml_connector.composition import Deployment
from ml_connector.errors import ConnectorError, NotPossibleError
from ml_connector.logs import fields
from ml_connector.web.access.doors import COOKIE, Doors, Entered, Refused
from ml_connector.web.access.passwords import Tries
from ml_connector.web.access.people import Person, Role
from ml_connector.web.access.sessions import Session
from ml_connector.web.frame import words
from ml_connector.web.frame.configuration import Configuration
from ml_connector.web.frame.errands import Errands
from ml_connector.web.frame.log_ins import kept_password, mark_of

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent.parent / "pages" / "templates"
#: Bytes of a form without a file, and with one.
MOST_FORM, MOST_UPLOAD = 65_536, 20_000_000
MOST_FIELDS = 200


class PageError(Exception):
    """An answer that is no page: its status, a title, and what to do."""

    def __init__(self, status: int, title: str, text: str = "") -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text


def not_there() -> PageError:
    """The same whether something does not exist or may not be seen: its existence tells nothing."""
    return PageError(404, "There is no such page", "Or you may not see it.")


@dataclass
class Pages:
    """Everything that pages are made of."""

    configuration: Configuration
    doors: Doors
    errands: Errands
    tries: Tries = field(default_factory=Tries)
    #: Whether cookies are sent over TLS alone: people reach the pages by https.
    secure: bool = False

    @property
    def deployment(self) -> Deployment:
        """As configured now."""
        return self.configuration.deployment

    def renew(self) -> None:
        """Take up what was changed in the configuration's files, also who may do what."""
        if self.configuration.renewed():
            self.doors.renew(self.deployment.loaded.settings.web)

    @property
    def integrations(self) -> list[str]:
        """All that are configured."""
        return self.deployment.integration_names

    @cached_property
    def templates(self) -> jinja2.Environment:
        """Every value is escaped; a name that is missing is an error."""
        made = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters.update(words.FILTERS)
        made.globals.update(link=link, Role=Role)
        return made


@dataclass(frozen=True)
class Asked:
    """One request of somebody who is in."""

    pages: Pages
    request: Request
    person: Person
    session: Session
    form: FormData

    @property
    def deployment(self) -> Deployment:
        """What it is asked of."""
        return self.pages.deployment

    @property
    def dagster(self) -> str:
        """Where the Dagster UI is; empty where the configuration does not say."""
        return self.deployment.loaded.settings.web.dagster_url.rstrip("/")

    def text(self, name: str, longest: int = 200) -> str:
        """A field of the form, without blanks around it; bounded."""
        value = self.form.get(name, "")
        return value.strip()[:longest] if isinstance(value, str) else ""

    def file(self, name: str) -> UploadFile | None:
        """A file of the form; None where none was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def query(self, name: str, longest: int = 200) -> str:
        """A value of the address."""
        return self.request.query_params.get(name, "").strip()[:longest]

    def needs(self, role: Role, integration: str) -> None:
        """Refuse whoever may not do this, as if it were not there for those who may not even see it."""
        if not self.person.may(Role.VIEWER, integration):
            raise not_there()
        if not self.person.may(role, integration):
            raise PageError(403, "You may not do this", f"It takes somebody who is {words.role(role)}.")

    def tell(self, message: str) -> None:
        """Said on the next page."""
        self.session.messages.append(message)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page for this person."""
        frame = {
            "person": self.person,
            "csrf": self.session.csrf,
            "logged_in": self.session.logged_in,
            "open_to_here": self.pages.doors.is_open,
            "messages": self.session.told(),
            "dagster_url": self.dagster,
            "refresh": 0,
            "problem": self.pages.configuration.problem,
        }
        return HTMLResponse(self.pages.templates.get_template(template).render(frame | values), status)


Handler = Callable[[Asked], Response]


def to(path: str, **query: Any) -> Response:
    """Go on there after a form."""
    return RedirectResponse(link(path, **query), 303)


def link(path: str, **query: Any) -> str:
    """An address here; what is empty or None is left out."""
    given = {key: value for key, value in query.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def endpoint(pages: Pages, handler: Handler, *, uploads: bool = False) -> Callable[[Request], Any]:
    """A page: lets people in, reads and checks a form, and runs the handler beside the event loop."""

    async def answer(request: Request) -> Response:
        try:
            entered = await run_in_threadpool(_entered, pages, request)
        except PageError as error:
            return error_page(pages, error)
        if isinstance(entered, Refused):
            return _refused(pages, request, entered)
        form = FormData()
        try:
            if request.method == "POST":
                form = await read_form(request, MOST_UPLOAD if uploads else MOST_FORM)
                check_form(request, form, entered.session)
            asked = Asked(pages, request, entered.person, entered.session, form)
            response = await run_in_threadpool(_handled, asked, handler)
        except PageError as error:
            response = error_page(pages, error, entered)
        finally:
            await form.close()
        return with_cookie(pages, response, entered)

    return answer


def with_cookie(pages: Pages, response: Response, entered: Entered) -> Response:
    """The answer, with the cookie of a session that is new."""
    if entered.new:
        response.set_cookie(COOKIE, entered.new, httponly=True, samesite="lax", secure=pages.secure, path="/")
    return response


def _entered(pages: Pages, request: Request) -> Entered | Refused:
    """Who asks, by the configuration and the passwords that are there now."""
    try:
        pages.renew()
        entered = pages.doors.enter(request)
        if isinstance(entered, Entered) and entered.session.logged_in:
            kept = kept_password(pages.deployment, pages.doors.settings, entered.person.name)
            if not hmac.compare_digest(entered.session.password, mark_of(kept)):
                return Refused(401, "Your password was changed. Log in again.", login=True)
    except SQLAlchemyError as error:
        raise _unanswered(error) from error
    return entered


def _unanswered(error: SQLAlchemyError) -> PageError:
    log.warning("the ledger does not answer", extra=fields(why=type(error).__name__))
    return PageError(503, "The ledger does not answer", "Try again in a moment.")


def _handled(asked: Asked, handler: Handler) -> Response:
    try:
        return handler(asked)
    except NotPossibleError as error:
        return _told(asked, 409, "That is not possible", error)
    except ConnectorError as error:
        return _told(asked, 503, "That does not work now", error)
    except SQLAlchemyError as error:
        raise _unanswered(error) from error


def _told(asked: Asked, status: int, title: str, error: ConnectorError) -> Response:
    return asked.page("error.html", status, title=title, text=error.message, remedy=error.remedy)


def error_page(pages: Pages, error: PageError, entered: Entered | None = None) -> Response:
    """An error as a page; for somebody who is not in, without anything of theirs."""
    frame: Mapping[str, Any] = {
        "person": entered.person if entered else None,
        "csrf": entered.session.csrf if entered else "",
        "logged_in": entered.session.logged_in if entered else False,
        "open_to_here": False,
        "messages": [],
        "dagster_url": "",
        "refresh": 0,
        "problem": "",
        "title": error.title,
        "text": error.text,
        "remedy": "",
    }
    return HTMLResponse(pages.templates.get_template("error.html").render(frame), error.status)


def _refused(pages: Pages, request: Request, refused: Refused) -> Response:
    if refused.login and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(link("/login", to=wanted if wanted != "/" else ""), 303)
    return error_page(pages, PageError(refused.status, "Not allowed", refused.why))


async def read_form(request: Request, most: int) -> FormData:
    """The form of a request.

    Raises:
        PageError: it is larger than a form may be, or is none.
    """
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 12 or int(length) > most:
        raise PageError(413, "Too large", f"At most {most} bytes can be sent here.")
    try:
        bounded = Request(request.scope, _bounded(request, most))
        return await bounded.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=most)
    except HTTPException as error:
        raise PageError(400, "Not understood", "That is not a form of these pages.") from error


def _bounded(request: Request, most: int) -> Callable[[], Any]:
    """What is received, until it is more than was said."""
    came = 0

    async def receive() -> Message:
        nonlocal came
        message = await request.receive()
        came += len(message.get("body", b""))
        if came > most:
            raise PageError(413, "Too large", f"At most {most} bytes can be sent here.")
        return message

    return receive


def must_be_from_here(request: Request) -> None:
    """Refuse a form that a browser says is another site's.

    Raises:
        PageError: it is.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise PageError(403, "Not from here", "A form of these pages is sent from these pages alone.")


def check_form(request: Request, form: FormData, session: Session) -> None:
    """Refuse a form that was not made by a page of this session.

    Raises:
        PageError: it came from elsewhere.
    """
    must_be_from_here(request)
    token = form.get("csrf", "")
    if not isinstance(token, str) or not session.sent_form(token):
        raise PageError(403, "This form is out of date", "Go back, load the page again, and send it once more.")
