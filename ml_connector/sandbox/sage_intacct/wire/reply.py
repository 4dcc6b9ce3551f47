"""The reply document (sage-intacct 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_connector.sandbox.sage_intacct.wire.errors import Entry, Refused, support_id
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

_ECHOED = ("senderid", "controlid", "uniqueid", "dtdversion")


@dataclass(frozen=True, slots=True)
class Manner:
    """How errors are told: with more about them, with a support id."""

    additional: bool = False
    support_ids: bool = True


@dataclass(slots=True)
class Result:
    """What one function came to: data, a key, errors."""

    function: str
    control_id: str
    status: str = "success"
    data: Node | None = None
    key: str | None = None
    listed: Node | None = None  # the listtype of get_list
    entries: list[Entry] = field(default_factory=list)


def control(request: Node | None, status: str) -> Node:
    """The control of a reply, with what the request said; empty where it could not be read."""
    sent = None if request is None else request.find("control")
    values = {name: "" if sent is None else sent.value(name) for name in _ECHOED}
    if sent is not None and not values["uniqueid"]:
        values["uniqueid"] = "true"
    return node("control", node("status", status), *(node(name, value) for name, value in values.items()))


def refused(error: Refused, request: Node | None, manner: Manner) -> Node:
    """A reply that stops at the control level."""
    head = node("control", node("status", "failure")) if error.bare else control(request, "failure")
    return node("response", head, errors(error.entries, manner, bare=error.bare))


def errors(entries: Sequence[Entry], manner: Manner, *, bare: bool = False, support: bool = False) -> Node:
    """support: with a support id, as functions have it."""
    return node(
        "errormessage", *(_error(entry, manner, bare=bare, support=support and manner.support_ids) for entry in entries)
    )


def _error(entry: Entry, manner: Manner, *, bare: bool, support: bool) -> Node:
    made = node("error", node("errorno", entry.number), node("description", entry.description))
    if bare:  # gateway errors have a number and a description, nothing else (sage-intacct 4)
        return made
    text = support_id(entry.text) if support and entry.text and entry.number[:2] in {"BL", "PL"} else entry.text
    made.children += [node("description2", text), node("correction", entry.correction)]
    if manner.additional:
        made.children.append(_additional(entry))
    return made


def _additional(entry: Entry) -> Node:
    def message(tag: str, text: str) -> Node:
        return node(tag, node("messageid", f"IA.{entry.error_id}"), node("target"), node("placeholders",
            node("placeholder", name="TEXT", value=text)))  # fmt: skip

    return node(
        "additionalinfo",
        node("errorid", entry.error_id),
        node("category", entry.category),
        node("target", domain="", requestinfo="", object="", field="", businessinfo=""),
        message("description", entry.description),
        message("cdescription", entry.text),
        message("correction", entry.correction),
    )


def authentication(status: str, user: str, company: str, *more: Node) -> Node:
    return node("authentication", node("status", status), node("userid", user), node("companyid", company), *more)


def result(one: Result, manner: Manner) -> Node:
    """One `result`; it never lacks status, function and control id."""
    made = node("result", node("status", one.status), node("function", one.function), node("controlid", one.control_id))
    if one.key is not None:
        made.children.append(node("key", one.key))
    if one.listed is not None:
        made.children.append(one.listed)
    if one.data is not None:
        made.children.append(one.data)
    if one.entries:
        made.children.append(errors(one.entries, manner, support=True))
    return made
