"""Log-in and log-out of people whom no proxy knows."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ml_connector.web.access import passwords
from ml_connector.web.access.doors import COOKIE
from ml_connector.web.connections import caller_key
from ml_connector.web.frame.asking import MOST_FORM, PageError, Pages, error_page, must_be_from_here, read_form
from ml_connector.web.frame.log_ins import kept_password, mark_of

#: Wrong name and wrong password are told alike.
WRONG = "That name and password do not fit together."


class Login:
    """GET and POST /login, POST /logout.

    The form of a log-in needs no token of a session: there is none yet, and a new one is begun by it. A foreign page
    cannot send it either: browsers say where a form comes from.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """The form."""
        return self._form(_wanted(request.query_params.get("to", "")))

    async def enter(self, request: Request) -> Response:
        """Log in."""
        try:
            must_be_from_here(request)
            form = await read_form(request, MOST_FORM)
        except PageError as error:
            return error_page(self._pages, error)
        name, password = (str(form.get(key, "")) for key in ("name", "password"))
        wanted = _wanted(str(form.get("to", "")))
        keys = (f"name:{name[:200]}", f"address:{caller_key(self._pages.doors.client(request))}")
        wait = self._pages.tries.wait(*keys)
        if wait:
            return self._form(wanted, f"Too many wrong passwords. Try again in {int(wait // 60) + 1} minutes.", 429)
        kept = await run_in_threadpool(self._let_in_by, name, password)
        if not kept:
            self._pages.tries.failed(*keys)
            return self._form(wanted, WRONG, 401)
        self._pages.tries.passed(keys[0])
        # Never the session that the browser came with: somebody else may have planted it.
        self._pages.doors.sessions.end(request.cookies.get(COOKIE, ""))
        token, _ = self._pages.doors.sessions.begin(name, password=mark_of(kept))
        response = RedirectResponse(wanted, 303)
        response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=self._pages.secure, path="/")
        return response

    def _let_in_by(self, name: str, password: str) -> str:
        """The kept hash that a password fits to; empty: to none. It takes as long for a name that nobody has."""
        self._pages.renew()
        kept = kept_password(self._pages.deployment, self._pages.doors.settings, name)
        return kept if passwords.fits(password, kept or passwords.NOBODY) else ""

    def _form(self, wanted: str, trouble: str = "", status: int = 200) -> Response:
        template = self._pages.templates.get_template("login.html")
        return HTMLResponse(template.render(trouble=trouble, to=wanted), status)


def _wanted(path: str) -> str:
    """Where to go on: a page here, and nowhere else."""
    here = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and len(path) < 2_000
    return path if here and "\\" not in path else "/"
