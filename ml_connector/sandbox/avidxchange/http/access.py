"""Who may call: the sheet's variants A to D (avidxchange 2)."""

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.avidxchange.http.wire import answer, refused
from ml_connector.sandbox.avidxchange.options import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANY_TOKEN,
    GATEWAY_KEY,
    PASSWORD,
    USER,
    USER_TOKEN,
)
from ml_connector.sandbox.avidxchange.state import AvidState


async def authorize(state: AvidState, request: Request) -> Response:
    """The token endpoint of variants A, B and C."""
    options = state.options
    if options.login == "dual_bearer" and request.headers.get("authorization") != f"Bearer {GATEWAY_KEY}":
        return refused(401, "Unauthorized", "the gateway key is missing or wrong")
    async with request.form() as form:
        fields = {name: str(value) for name, value in form.items()}
    if options.login == "client_credentials":
        good = (fields.get("grant_type"), fields.get("client_id"), fields.get("client_secret")) == (
            "client_credentials",
            CLIENT_ID,
            CLIENT_SECRET,
        )
    else:
        good = (fields.get("grant_type"), fields.get("username"), fields.get("password")) == (
            "password",
            USER,
            PASSWORD,
        )
    if not good:
        return answer({"error": "invalid_grant", "error_description": "The user name or password is wrong."}, 400)
    life = {"expires_in": options.token_minutes * 60} if options.tells_life else {}
    return answer({"access_token": state.grant(), "token_type": "bearer", **life})


def let_in(state: AvidState, request: Request) -> Response | None:
    """None for a call that may go on."""
    login, headers = state.options.login, request.headers
    if login == "static_tokens":
        good = (headers.get("companytoken"), headers.get("usertoken")) == (COMPANY_TOKEN, USER_TOKEN)
        return None if good else refused(401, "Unauthorized", "the tokens are not known")
    if login == "dual_bearer" and headers.get("authorization") != f"Bearer {GATEWAY_KEY}":
        return refused(401, "Unauthorized", "the gateway key is missing or wrong")
    name = "avidauthorization" if login == "dual_bearer" else "authorization"
    token = headers.get(name, "").removeprefix("Bearer ")
    if not token:
        return refused(401, "MissingToken", "AvidAuthorization is missing")
    return None if state.knows(token) else refused(401, "ExpiredToken", "the token is not known or has ended")
