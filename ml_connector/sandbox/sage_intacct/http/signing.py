"""Who sends a request: sender, user, company, entity level (sage-intacct 2)."""

from datetime import datetime

from ml_connector.sandbox.sage_intacct.access.sessions import Session
from ml_connector.sandbox.sage_intacct.books.company import Company
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire.errors import (
    bad_sign_in,
    company_expired,
    dead_session,
    invalid_value,
    out_of_order,
    sender_not_authorized,
    session_rejected,
    unknown_policy,
    unknown_sender,
)
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

_BOOLEANS = {"true", "false", "1", "0"}


def check_control(state: SageIntacctState, control: Node) -> None:
    """Raises Refused for what the gateway does not take."""
    options = state.options
    for name in ("uniqueid", "includewhitespace", "debug", "showadditionalerrorinfo"):
        sent = control.find(name)
        if sent is not None and sent.text.strip().lower() not in _BOOLEANS:
            raise invalid_value(name, sent.text, sent.line)
    version = control.value("dtdversion")
    if version not in options.dtd_versions:
        raise invalid_value("dtdversion", version, control.line)
    if len(control.value("controlid")) > 256:
        raise invalid_value("controlid", control.value("controlid"), control.line)
    # The sender's password is case-sensitive (sage-intacct 1).
    if control.value("senderid") != options.sender or control.value("password") != options.sender_password:
        raise unknown_sender()
    policy = control.value("policyid")
    if policy:
        raise unknown_policy(policy)


def check_authentication(authentication: Node | None, operation: Node) -> Node:
    """The log-in or session id of an operation. Raises Refused."""
    if authentication is None or len(authentication.children) != 1:
        raise out_of_order("authentication", "operation", operation.line, "login or sessionid")
    way = authentication.children[0]
    if way.tag not in {"login", "sessionid"}:
        raise out_of_order(way.tag, "authentication", way.line, "login or sessionid")
    return way


def sign_in(state: SageIntacctState, way: Node, sender: str, path: str, at: datetime) -> tuple[Company, Session]:
    """The company and the session of an operation. Raises SignInFailed, or Refused."""
    if way.tag == "sessionid":
        return _by_session(state, way.text.strip(), sender, path, at)
    user, sent = way.value("userid"), way.value("companyid")
    name, entity = company_and_entity(sent, way.value("locationid"))
    company = state.company(name)
    options = state.options
    known = user.casefold() == options.user.casefold() and way.value("password") == options.password
    if company is None or not known or (entity and entity not in company.entities()):
        raise bad_sign_in(user, sent)
    if company.name in options.unauthorized_companies:
        raise sender_not_authorized(sender, user, company.name)
    if company.name in options.expired_companies:
        raise company_expired()
    return company, state.sessions.made(sender, company.name, options.user, entity)


def company_and_entity(company: str, location: str) -> tuple[str, str]:
    """`company|entity` and `console|client|entity` name the entity too (sage-intacct 2)."""
    parts = company.split("|")
    if len(parts) == 1:
        return company, location
    return parts[-2], location or parts[-1]


def _by_session(
    state: SageIntacctState, identity: str, sender: str, path: str, at: datetime
) -> tuple[Company, Session]:
    session = state.sessions.find(identity, sender, at)
    elsewhere = path != state.options.session_path and state.options.session_elsewhere == "refused"
    if session is None or elsewhere:
        if state.options.dead_session == "401":
            raise session_rejected()
        raise dead_session(identity[:40])
    return state.companies[session.company], session


def api_session(state: SageIntacctState, call: Node, session: Session, company: Company, origin: str) -> Node:
    """The reply of getAPISession; an empty locationid goes to the top level, none stays where one is."""
    asked = call.find("locationid")
    entity = session.entity if asked is None else asked.text.strip()
    if entity and entity not in company.entities():
        raise bad_sign_in(session.user, session.company)
    made = state.sessions.made(session.sender, session.company, session.user, entity, kept=True)
    endpoint = state.options.session_endpoint or f"{origin}{state.options.session_path}"
    return node(
        "data",
        node("api", node("sessionid", made.id), node("endpoint", endpoint), node("locationid", entity)),
    )
