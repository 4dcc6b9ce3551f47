"""What an error of the gateway means: the one table of families (intacct 3, 4).

One number has many meanings: an error is told by the level it stands on and by its text (intacct 9).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.transport.response_body import clean

IF_IT_LASTS = "If it lasts, look at base_url of the connection and at the status page of Sage Intacct."
_REPORT = "This is a defect of ml-connector or of its settings: report it with this text."


class ErrorLevel(StrEnum):
    """Where an error stands. Up to authentication nothing was done at all."""

    GATEWAY = "gateway"
    CONTROL = "control"
    AUTHENTICATION = "authentication"
    FUNCTION = "function"


class Family(StrEnum):
    """Who sees to it: nobody, as it passes; a person; we. recorded: it was done before."""

    PASSING = "passing"
    PERSON = "person"
    OURS = "ours"
    RECORDED = "recorded"


@dataclass(frozen=True)
class GatewayError:
    """One `error` of an errormessage, without what only Sage's support reads."""

    number: str
    description: str = ""
    description2: str = ""
    correction: str = ""

    @property
    def text(self) -> str:
        """What an accountant understands: description2, else description."""
        return _without_ids(self.description2) or _without_ids(self.description)

    @property
    def all(self) -> str:
        return " ".join((self.description, self.description2, self.correction))


@dataclass(frozen=True)
class Meaning:
    """A row of the table. number, levels: empty for any. what: names it. hurts: a write of it is of unknown outcome."""

    what: str
    family: Family
    text: str = ""
    number: str = ""
    levels: frozenset[ErrorLevel] = frozenset()
    remedy: str = ""
    authorize: bool = False
    unknown: bool = False
    #: Says nothing of the cause where another error stands beside it.
    general: bool = False
    after_seconds: float = 30.0
    pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = re.compile(self.text, re.IGNORECASE | re.DOTALL) if self.text else None
        object.__setattr__(self, "pattern", pattern)

    def fits(self, level: ErrorLevel, error: GatewayError) -> bool:
        """Whether it is this one."""
        if self.levels and level not in self.levels:
            return False
        if self.number and self.number.casefold() != error.number.strip().casefold():
            return False
        said = error.all if self.number else f"{error.number} {error.all}"
        return self.pattern is None or self.pattern.search(said) is not None


_BEFORE = frozenset({ErrorLevel.GATEWAY, ErrorLevel.CONTROL})
_LOGIN = frozenset({ErrorLevel.AUTHENTICATION})
_IN = frozenset({ErrorLevel.FUNCTION})
_P, _M, _O = Family.PASSING, Family.PERSON, Family.OURS

ROLLED_BACK = Meaning(
    "rolled_back", _P, number="XL03000009", levels=_IN, general=True, after_seconds=5, remedy="It is sent again."
)
RECORDED = Meaning(
    "recorded",
    Family.RECORDED,
    "successful transaction has already been recorded",
    remedy="It was done before: it is looked up.",
)
RUNNING = Meaning(
    "running",
    _P,
    "concurrent request in process",
    unknown=True,
    after_seconds=60,
    remedy="The first try is still being worked on: it is asked for again later, under the same number.",
)
DEAD_SESSION = Meaning(
    "dead_session",
    _P,
    "invalid session",
    levels=frozenset({ErrorLevel.AUTHENTICATION, ErrorLevel.CONTROL}),
    after_seconds=1,
)
REJECTED_SESSION = Meaning("rejected_session", _P, number="XMLGW_JPP0002", after_seconds=1)
SAVE_FAILED = Meaning(
    "save_failed",
    _M,
    r"could not create|error while saving|currently, we can.t create the transaction",
    number="BL01001973",
    levels=_IN,
    general=True,
    remedy="Look at the values of this document in Sage Intacct; replay it once they are corrected.",
)
#: Only with a roll-back beside it: Intacct's own, the same request succeeds later (intacct 4, observed).
SAVE_FAILED_FOR_NOW = Meaning(
    "save_failed_for_now",
    _P,
    "could not create document record",
    number="BL01001973",
    after_seconds=5,
    remedy="It is sent again; if it lasts, look at Sage Intacct's status page.",
)

#: Every text of the sheet's section 4; the first row that fits counts.
TABLE: tuple[Meaning, ...] = (
    RECORDED,
    RUNNING,
    DEAD_SESSION,
    REJECTED_SESSION,
    Meaning(
        "malformed",
        _O,
        number="XL03000003",
        levels=_BEFORE,
        remedy=f"Nothing was done, and sending it again is of no use. {_REPORT}",
    ),
    Meaning(
        "sender",
        _M,
        "incorrect intacct xml partner id or password",
        authorize=True,
        remedy="Correct sender_id, or the secret that sender_password refers to (both are case-sensitive).",
    ),
    Meaning("policy", _O, "not a valid transport policy", remedy=_REPORT),
    Meaning(
        "sender_not_allowed",
        _M,
        "invalid web services authorization|not authorized to make web services requests",
        authorize=True,
        remedy="In Sage Intacct, add the sender ID under Company > Security > Web Services authorizations.",
    ),
    Meaning(
        "sign_in",
        _M,
        "sign-in information is incorrect",
        authorize=True,
        remedy="Correct user, password, company or entity of the connection.",
    ),
    Meaning(
        "company_expired",
        _M,
        "company is a demo company and has expired",
        authorize=True,
        remedy="Write another company into the connection, or have Sage prolong this one.",
    ),
    Meaning("company_expired", _M, number="PL04000055", authorize=True, remedy="Ask Sage about the company."),
    Meaning(
        "permission",
        _M,
        "do not have permission",
        authorize=True,
        remedy="Give the web-services user a role with this permission, or list the table under `without`.",
    ),
    Meaning("permission", _M, number="PL04000005", authorize=True, remedy="See role and subscriptions of the user."),
    Meaning("too_many", _P, number="GW-0010", remedy="It is tried again, more slowly."),
    Meaning("too_many", _P, "api rate limit exceeded", remedy="It is tried again, more slowly."),
    Meaning("off_line", _P, "service is temporarily off-?line", after_seconds=120, remedy=IF_IT_LASTS),
    Meaning("invalid_request", _O, number="GW-0011", remedy=_REPORT),
    Meaning("invalid_request", _O, number="invalidRequest", remedy=_REPORT),
    # ---- of a function
    Meaning(
        "tax_details",
        _M,
        "tax details are either missing or don.t belong to the tax solution",
        remedy="This company books VAT: name its tax details as tax_details of the connection, or post this by hand.",
    ),
    Meaning(
        "unknown_value",
        _M,
        r"invalid [^']{1,60} '[^']*' specified",
        remedy="Create what it names in Sage Intacct, or correct the code; then replay the document.",
    ),
    Meaning(
        "location_missing",
        _M,
        "use of empty location is invalid|valid multi-entity location must be specified",
        remedy="Give the lines a location: under coding.dimensions.location, or as `location` of the connection.",
    ),
    Meaning(
        "bill_number",
        _M,
        "enter a bill number",
        remedy="The company does not number bills itself, and this invoice came without a number: ask its sender.",
    ),
    Meaning("bill_number", _M, number="BL03002128", remedy="Ask the sender for the invoice's number."),
    Meaning(
        "line_without_amount",
        _O,
        "remove the extra line item in the request",
        remedy=f"A line without an amount was sent. {_REPORT}",
    ),
    Meaning("line_without_amount", _O, number="BL03002101", remedy=_REPORT),
    Meaning(
        "exists",
        _M,
        r"duplicate account number|the account number '[^']*' already exists|another .{1,80} already exists",
        remedy="It is there already: use that one, or another number.",
    ),
    Meaning("exists", _M, number="BL34000061", remedy="It is there already: use that one, or another number."),
    Meaning("exists", _M, number="BL03002185", remedy="It is there already: use that one, or another number."),
    Meaning("format", _O, "illegal format for", number="BL03000018", remedy=_REPORT),
    Meaning(
        "field_missing",
        _M,
        number="BL03000018",
        remedy="Correct what it names: the unit must be spelt as the item's unit group has it; a location may be"
        " wanted. Then replay the document.",
    ),
    Meaning(
        "document_number",
        _M,
        "document number is missing",
        remedy="Let the transaction definition number its documents by itself (Purchasing > Setup).",
    ),
    Meaning("document_number", _M, number="PL01000127", remedy="Let the definition number its documents by itself."),
    Meaning("bad_query", _O, number="DL02000001", remedy=f"A field or condition is not one of this object. {_REPORT}"),
    Meaning(
        "no_such_object",
        _M,
        "object definition .{1,80} not found",
        remedy="The company lacks that application: subscribe to it, or list the table under `without`.",
    ),
    Meaning("bad_query", _O, "query failed", remedy=_REPORT),
    Meaning("bad_fields", _O, "invalid fields list", remedy=_REPORT),
    Meaning("bad_fields", _O, "field.{0,120}(cannot|can not|not) be queried|not queryable", remedy=_REPORT),
    Meaning("bad_fields", _O, number="XL03000006", levels=_IN, remedy=_REPORT),
    ROLLED_BACK,
    SAVE_FAILED,
)
#: What no row fits.
UNKNOWN_BEFORE = Meaning("unknown", _P, after_seconds=120, remedy=IF_IT_LASTS)
UNKNOWN = Meaning("unknown", _M, remedy="Look at what Sage Intacct says; replay the document once that is corrected.")


@dataclass(frozen=True)
class Judged:
    """What errors of one level come to. cause: the one that a person is told."""

    meaning: Meaning
    cause: GatewayError
    also: tuple[GatewayError, ...] = ()

    @property
    def family(self) -> Family:
        return self.meaning.family

    @property
    def said(self) -> str:
        """In words, without numbers; the cause first."""
        told = dict.fromkeys(clean(one.text, 300) for one in (self.cause, *self.also) if one.text)
        return "; ".join(list(told)[:5]) or clean(self.cause.number, 80) or "nothing that could be read"

    @property
    def remedy(self) -> str:
        """Our own word, and the correction that Intacct proposes where it says more."""
        proposed = clean(self.cause.correction, 300)
        if not proposed or self.family is Family.OURS:
            return self.meaning.remedy
        return f"{self.meaning.remedy} Sage Intacct proposes: {proposed}"


def judge(level: ErrorLevel, errors: Sequence[GatewayError]) -> Judged:
    """What these errors mean: a specific one before a general one (intacct 4, 5)."""
    found = list(errors) or [GatewayError("")]
    meanings = [(one, _of(level, one)) for one in found]
    specific = [one for one in meanings if not one[1].general]
    if not specific and _only_for_now(found):
        cause = next(one for one in found if one.number.upper() == SAVE_FAILED_FOR_NOW.number)
        return Judged(SAVE_FAILED_FOR_NOW, cause)
    chosen = next(iter(specific or [one for one in meanings if one[1] is not ROLLED_BACK] or meanings))
    also = tuple(one for one, meaning in meanings if one is not chosen[0] and not meaning.general)
    return Judged(chosen[1], chosen[0], also)


def _of(level: ErrorLevel, error: GatewayError) -> Meaning:
    found = next((one for one in TABLE if one.fits(level, error)), None)
    if found is not None:
        return found
    return UNKNOWN if level is ErrorLevel.FUNCTION else UNKNOWN_BEFORE


def _only_for_now(errors: Sequence[GatewayError]) -> bool:
    """`Could not create Document record!` with the roll-back line and nothing else."""
    numbers = {one.number.upper() for one in errors}
    failed = [one for one in errors if one.number.upper() == SAVE_FAILED_FOR_NOW.number]
    only = numbers == {SAVE_FAILED_FOR_NOW.number, ROLLED_BACK.number}
    return only and all(SAVE_FAILED_FOR_NOW.fits(ErrorLevel.FUNCTION, one) for one in failed)


def error_of(place: str, judged: Judged, *, write: bool, data: dict[str, Any] | None = None) -> ConnectorError:
    """The typed error. Of all but a running first try it is sure that nothing was done."""
    meaning = judged.meaning
    text = f"{place} was refused: {judged.said}."
    facts = {"meaning": meaning.what, "family": str(meaning.family), "numbers": _numbers(judged), **(data or {})}
    if meaning.unknown and write:
        return OutcomeUnknown(text, remedy=judged.remedy, data=facts)
    if meaning.family is Family.RECORDED and write:
        return OutcomeUnknown(text, remedy=judged.remedy, data=facts)
    if meaning.family is Family.PASSING:
        return TryAgain(text, after_seconds=meaning.after_seconds, remedy=judged.remedy, data=facts)
    if meaning.authorize:
        return AuthorizationNeeded(text, remedy=judged.remedy, data=facts)
    return RefusedBySystem(text, remedy=judged.remedy, data=facts)


def _numbers(judged: Judged) -> list[str]:
    return [clean(one.number, 80) for one in (judged.cause, *judged.also) if one.number]


_SUPPORT = re.compile(r"(?<!\s)\s*\[(?:Support|Request) ID:[^\]]{0,200}\]", re.IGNORECASE)


def _without_ids(text: str) -> str:
    """Without the number that Sage's support asks for; it is in the gateway's own log."""
    return _SUPPORT.sub("", text).strip().rstrip(".")
