"""Log-in and log-out by cookie, older and still served (acumatica 1.2)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from ml_connector.sandbox.acumatica.access.sessions import Session
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.errors import ApiError, exception, not_found, unreadable

SESSION_COOKIE = "ASP.NET_SessionId"
AUTH_COOKIE = ".ASPXAUTH"
BRANCH_COOKIE = "UserBranch"


def log_in(state: AcumaticaState, raw: bytes, content_type: str) -> Session:
    """A session for name and password. Raises ApiError: a wrong password is 500, not 401."""
    if not state.options.cookie_login:
        raise not_found("The resource cannot be found.")
    given = _fields(raw, content_type)
    if given.get("tenant") and given.get("company"):
        raise unreadable("Only one of tenant and company can be specified.")
    if given.get("name") != state.options.user or given.get("password") != state.options.password:
        raise exception("Error: Invalid credentials. Please try again.")
    tenant = state.tenant(str(given.get("tenant") or given.get("company") or ""))
    wanted = str(given.get("branch") or "")
    known = {one["BranchID"] for one in tenant.branches}
    if wanted and wanted.upper() not in known:
        raise exception(f"The branch '{wanted}' cannot be found in the system.")
    branch = wanted.upper() or tenant.branches[0]["BranchID"]
    return state.sessions.open(tenant.name, state.options.user, branch, "cookie")


def _fields(raw: bytes, content_type: str) -> Mapping[str, Any]:
    """JSON or a form."""
    if "json" not in content_type:
        return dict(parse_qsl(raw.decode("utf-8", "replace")))
    try:
        found = json.loads(raw)
    except ValueError:
        raise unreadable("The request is not valid JSON.") from None
    if not isinstance(found, dict):
        raise unreadable("The request is not a JSON object.")
    return found


def log_out(state: AcumaticaState, session: Session | None, headers: Mapping[str, str]) -> None:
    """End a session; without one nothing is to end. IIS asks for the length of the empty body (observed)."""
    if "content-length" not in headers:
        raise ApiError(411, text="Length Required")
    if session is not None:
        state.sessions.close(session)
