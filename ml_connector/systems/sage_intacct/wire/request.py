"""A request of the gateway: control, who asks, functions (intacct 2). The order of elements is the schema's."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.xml import Element, Tree

#: Characters of a control id (intacct 2).
LONGEST_ID = 256
VERSION = "3.0"


@dataclass(frozen=True)
class Sender:
    """The integrator's licence."""

    id: str
    password: str


@dataclass(frozen=True)
class Call:
    """One function. control_id: checked for uniqueness where it writes (intacct 5), and echoed."""

    control_id: str
    element: Element


def session_login(session_id: str) -> Tree:
    """Who asks, once logged in."""
    return [("sessionid", session_id)]


def user_login(user: str, company: str, password: str, entity: str) -> Tree:
    """Who logs in; an empty location is the top level (intacct 2)."""
    inner = [("userid", user), ("companyid", company), ("password", password), ("locationid", entity or None)]
    return [("login", inner)]


def outer_id(calls: Sequence[Call]) -> str:
    """The id of the request: which of both counts is disputed, so that it too is made of the content (intacct 5)."""
    if len(calls) == 1:
        return calls[0].control_id
    return f"together/{sha256(chr(10).join(one.control_id for one in calls).encode()).hexdigest()[:32]}"


def request(
    sender: Sender, authentication: Tree, calls: Sequence[Call], *, unique: bool, transaction: bool = False
) -> bytes:
    """The whole request."""
    control = [
        ("senderid", sender.id),
        ("password", sender.password),
        ("controlid", outer_id(calls)),
        ("uniqueid", "true" if unique else "false"),
        ("dtdversion", VERSION),
        ("includewhitespace", "false"),
    ]
    operation = xml.built("operation", [("authentication", authentication)], {"transaction": str(transaction).lower()})
    content = xml.built("content", [])
    for call in calls:
        content.append(xml.built("function", [("", call.element)], {"controlid": call.control_id[:LONGEST_ID]}))
    operation.append(content)
    return xml.document_of(xml.built("request", [("control", control), ("", operation)]))
