"""The ids of a request that came in and is handled only later (sage-intacct 5: "Concurrent request in process")."""

from ml_connector.sandbox.sage_intacct.access.control_ids import Key
from ml_connector.sandbox.sage_intacct.functions.call import boolean
from ml_connector.sandbox.sage_intacct.http.running import operation_keys
from ml_connector.sandbox.sage_intacct.http.signing import company_and_entity
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire.errors import Refused
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node, parse


def held_keys(state: SageIntacctState, body: bytes) -> list[Key]:
    """Those that will be used up; none of a request that will be refused."""
    try:
        root = parse(body)
    except Refused:
        return []
    control = root.find("control") or node("control")
    if not boolean(control.value("uniqueid"), default=True):
        return []
    keys: list[Key] = []
    for operation in root.all("operation"):
        company = _company(state, operation.find("authentication") or node("authentication"))
        content = operation.find("content") or node("content")
        keys += operation_keys(state, content, control.value("senderid"), company, control.value("controlid"))
    return keys


def _company(state: SageIntacctState, authentication: Node) -> str:
    login = authentication.find("login")
    if login is not None:
        found = state.company(company_and_entity(login.value("companyid"), "")[0])
        return "" if found is None else found.name
    return state.sessions.company_of(authentication.value("sessionid"))
