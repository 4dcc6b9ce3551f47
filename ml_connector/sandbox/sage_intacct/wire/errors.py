"""Errors as the gateway spells them, by the level at which they stand (sage-intacct 3, 4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

GENERAL = "BL01001973"
ROLLED_BACK = "XL03000009"
GATEWAY = "XL03000006"
SCHEMA = "XL03000003"
FIELD = "BL03000018"
#: Kind of trouble in `additionalinfo`, by the letters that an error number begins with.
_CATEGORIES = {"BL": "BUSINESS_LOGIC", "PL": "PERMISSION", "DL": "DATABASE", "XL": "GATEWAY", "GW": "GATEWAY"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One `error`: `text` is description2, where the useful words stand."""

    number: str
    text: str = ""
    description: str = ""
    correction: str = ""
    id: str = ""  # of additionalinfo, as GL-0493

    @property
    def error_id(self) -> str:
        """The id that additionalinfo names, made up where nobody has published one."""
        if self.id:
            return self.id
        digest = int(hashlib.sha256(self.number.encode()).hexdigest(), 16) % 10_000
        return f"{self.number[:2]}-{digest:04d}"

    @property
    def category(self) -> str:
        return _CATEGORIES.get(self.number[:2], "BUSINESS_LOGIC")


class Refused(Exception):
    """The control level: nothing ran. `bare`: control holds only its status; `status` is that of HTTP."""

    def __init__(self, *entries: Entry, status: int = 200, bare: bool = False) -> None:
        super().__init__("; ".join(f"{one.number} {one.text or one.description}" for one in entries))
        self.entries, self.status, self.bare = entries, status, bare


class SignInFailed(Exception):
    """The authentication level: nothing of this operation ran."""

    def __init__(self, entry: Entry, user: str = "", company: str = "", *, status: int = 200) -> None:
        super().__init__(entry.text)
        self.entry, self.user, self.company, self.status = entry, user, company, status


class Failed(Exception):
    """The function level."""

    def __init__(self, *entries: Entry) -> None:
        super().__init__("; ".join(f"{one.number} {one.text or one.description}" for one in entries))
        self.entries = entries


# control


def not_well_formed(found: Sequence[tuple[int, str, int]]) -> Refused:
    """Number, text and line of each finding."""
    return Refused(
        *(Entry(SCHEMA, f"XML Parse schema error: Fatal Error {no}: {what} line {at}") for no, what, at in found)
    )


def out_of_order(tag: str, parent: str, line: int, wanted: str = "") -> Refused:
    """An element that the schema does not expect there, or misses."""
    hint = f" Expected is ( {wanted} )." if wanted else ""
    return not_well_formed([(1871, f"Element '{tag}': This element is not expected in '{parent}'.{hint}", line)])


def invalid_value(tag: str, value: str, line: int) -> Refused:
    """A value that the schema does not take."""
    return not_well_formed([(1824, f"Element '{tag}': '{value[:60]}' is not a valid value.", line)])


def unknown_sender() -> Refused:
    return Refused(Entry(GATEWAY, "Incorrect Intacct XML Partner ID or password."))


def unknown_policy(policy: str) -> Refused:
    return Refused(Entry(GATEWAY, f"{policy} is not a valid transport policy."))


def company_expired() -> Refused:
    return Refused(Entry("PL04000055", "This company is a demo company and has expired."))


def invalid_request(request_id: str) -> Refused:
    return Refused(Entry("GW-0011", description=f"Invalid Request [Request ID: {request_id}]"), bare=True)


def too_many(request_id: str) -> Refused:
    """The body's shape is assumed, as that of GW-0011 (sage-intacct 4)."""
    text = f"Too many requests [Request ID: {request_id}]"
    return Refused(Entry("GW-0010", description=text), status=429, bare=True)


# authentication


def bad_sign_in(user: str, company: str) -> SignInFailed:
    return SignInFailed(Entry(GATEWAY, "Sign-in information is incorrect"), user, company)


def sender_not_authorized(sender: str, user: str, company: str) -> SignInFailed:
    entry = Entry(
        GATEWAY,
        f"The sender ID '{sender}' is not authorized to make Web Services requests to company ID '{company}'.",
        "Invalid Web Services Authorization",
        f"Contact the company administrator to grant Web Services authorization to sender ID '{sender}'.",
    )
    return SignInFailed(entry, user, company)


def dead_session(session: str) -> SignInFailed:
    return SignInFailed(Entry(GATEWAY, f"Invalid session {session}."))


def session_rejected() -> Refused:
    """The other form of a dead session: by the gateway in front (sage-intacct 4)."""
    return Refused(Entry("XMLGW_JPP0002", "Sign-in information is incorrect"), status=401)


# function


def already_recorded(number: str, control_id: str) -> Failed:
    text = f"A successful transaction has already been recorded with the control id {control_id}"
    return Failed(Entry(number, text))


def in_process(number: str) -> Failed:
    return Failed(Entry(number, "Concurrent request in process"))


ROLL_BACK_LINE = Entry(ROLLED_BACK, "The entire transaction in this operation has been rolled back due to an error.")


def passing() -> Failed:
    """A failure on Intacct's side without a cause: the same request succeeds later (sage-intacct 4)."""
    return Failed(Entry(GENERAL, "Could not create Document record!"), ROLL_BACK_LINE)


def invalid(thing: str, value: str) -> Failed:
    """The pattern of every unknown dimension."""
    return Failed(Entry(GENERAL, f"Invalid {thing} '{value}' specified."))


def empty_location() -> Failed:
    text = "Use of empty Location is invalid. A valid Multi-Entity Location must be specified."
    return Failed(Entry(FIELD, text))


def field_error(text: str, correction: str = "") -> Failed:
    return Failed(Entry(FIELD, text, correction=correction))


def missing(label: str) -> Failed:
    """A field that an object needs."""
    return Failed(Entry(FIELD, f"Missing {label}", correction=f"Provide a value for {label}, and then try again."))


def business(text: str, correction: str = "", *, number: str = GENERAL, description: str = "") -> Failed:
    return Failed(Entry(number, text, description, correction))


def duplicate(thing: str, value: str) -> Failed:
    entry = Entry("BL34000061", f"Another {thing} with the given value(s) {value}  already exists")
    return Failed(replace(entry, correction="Use a unique value instead."))


def no_permission(operation: str, name: str) -> Failed:
    text = f"You do not have permission for API operation {operation} on objects of type {name}"
    return Failed(Entry("PL04000005", text, correction="Contact your administrator."))


def no_object(name: str) -> Failed:
    return Failed(Entry("Query Failed", f"Object definition {name} not found"))


def bad_fields(names: str) -> Failed:
    """Of `read`: description2 is empty (observed)."""
    return Failed(Entry(f"Invalid fields list {names}"))


def cannot_query(names: str) -> Failed:
    return Failed(Entry(GATEWAY, f"One or more fields cannot be queried: {names}"))


def processing_error(why: str = "") -> Failed:
    """A wrong field, a bad WHERE, an ISO date, an ORDER BY (sage-intacct 4)."""
    return Failed(Entry("DL02000001", "There was an error processing the request.", description=why))


def support_id(text: str) -> str:
    """A text with the id that support asks for, as one text always has the same."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{text} [Support ID: {quote('EB0' + digest + '~Sbx', safe='')}]"
