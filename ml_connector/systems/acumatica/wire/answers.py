"""What an answer means. Acumatica tells a missing record, a wrong password and a screen's refusal all by 500: an answer
is read by its exception's type and text, never by its code alone (acumatica 2, 5, 10).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.systems.acumatica.settings import FAILURE_TEXTS, LOCKED_TEXTS
from ml_connector.systems.acumatica.wire.values import errors_in
from ml_connector.systems.unreadable import LOOKED_UP
from ml_connector.transport.response_body import UnreadableReplyError, clean, describe_body, is_json, parse_json
from ml_connector.transport.responses import ApiResponse

NO_ENTITY = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"
NO_SETUP = "PX.Data.PXSetupNotEnteredException"
NO_TENANT = "PXUndefinedCompanyException"
#: Somebody else saved the record in between, or the database gave up: nothing was saved (source).
_ROLLED_BACK = ("PX.Data.PXLockViolationException",)
#: What a refused seat says, in whatever dress it comes (acumatica 1.3).
SEAT_TEXTS = ("api login limit", "concurrent api logins")
_OPTIMIZATION = "Optimization cannot be performed"
_FIELDS = re.compile(r"(?:^|[,:]\s*)([A-Za-z]\w*(?:\.\w+)?)\s*:")

IF_IT_LASTS = "If it lasts, look at base_url of the connection and at the site's own log."


class NotThere(RefusedBySystem):
    """No record satisfies the condition."""


class NotOptimized(RefusedBySystem):
    """A list read cannot have these fields: records are read one by one. fields: as far as the text names them."""

    fields: tuple[str, ...] = ()


class SeatRefused(TryAgain):
    """All API seats are taken."""


@dataclass(frozen=True)
class Said:
    """What an unhappy answer says. kind: the exception's type, empty for none. body: its JSON, None for no JSON."""

    text: str
    kind: str = ""
    body: Any = None


@dataclass(frozen=True)
class Meanings:
    """How a connection's answers are read. seat_seconds: when to try again after a refused seat."""

    connection: str
    failure_texts: tuple[str, ...] = FAILURE_TEXTS
    locked_texts: tuple[str, ...] = LOCKED_TEXTS
    seat_seconds: float = 60.0

    def data(self, call: str, response: ApiResponse, *, write: bool) -> Any:
        """The JSON of a good answer; None for an empty one.

        Raises:
            TryAgain, OutcomeUnknown, RefusedBySystem, AuthorizationNeeded: whatever else it is.
        """
        if not 200 <= response.status < 300:
            raise self.error(call, response, write=write)
        content_type = response.headers.get("content-type", "")
        if not response.content.strip():
            return None
        try:
            if is_json(content_type):
                return parse_json(response.content)
            came = describe_body(content_type, response.content)
        except UnreadableReplyError as error:
            came = str(error)
        raise self._lost(f"{call} was answered with {response.status} and {came} instead of JSON", write=write)

    def error(self, call: str, response: ApiResponse, *, write: bool) -> ConnectorError:
        """What an answer that is no success means."""
        status, said = response.status, read(response)
        place = f"{self.connection}: {call}"
        text = f"{place} was answered with {status}: {said.text.rstrip('.') or 'nothing readable'}."
        data = {"status": status, "messages": [said.text] if said.text else []}
        if is_seat_refusal(response, said):
            return seat_refused(self.connection, self.seat_seconds)
        if status == 422:
            return self._refused_record(place, said, data)
        if status == 500 and said.body is not None:
            return self._exception(text, said, data, write=write)
        if 400 <= status < 500 and status != 408:
            return _refused(status, text, data)
        return self._lost(f"{call} was answered with {status}: {said.text or 'nothing readable'}", write=write)

    def _exception(self, text: str, said: Said, data: dict[str, Any], *, write: bool) -> ConnectorError:
        """A 500 with an exception object: a screen's word, a form that is locked, or a real failure."""
        plain = said.text.casefold()
        locked = any(one in plain for one in self.locked_texts)
        if locked or said.kind in _ROLLED_BACK:
            remedy = "An action or somebody else is at work on it; it is tried again."
            return TryAgain(text, after_seconds=5, remedy=remedy, data=data)
        if said.text.startswith(_OPTIMIZATION):
            error = NotOptimized(text, remedy="The records are read one by one.", data=data)
            error.fields = not_optimized(said.text)
            return error
        if said.kind.endswith(NO_TENANT):
            remedy = "The site knows no such tenant: see `tenant` of the connection, and its client id behind the @."
            return AuthorizationNeeded(text, remedy=remedy, data=data)
        if said.kind == NO_ENTITY:
            return NotThere(text, remedy="It may have been deleted, or a restriction group hides it.", data=data)
        vague = not said.text or any(plain.startswith(one) for one in self.failure_texts)
        if vague or not said.kind.startswith(("PX.", "System.Collections.Generic.KeyNotFound", "Microsoft.OData")):
            return self._lost(text.removeprefix(f"{self.connection}: ").rstrip("."), write=write)
        remedy = "Look at what Acumatica says; replay it once that is mended."
        if said.kind == NO_SETUP:
            remedy = "Set that module up in Acumatica, or leave out what needs it."
        return RefusedBySystem(text, remedy=remedy, data=data)

    def _refused_record(self, place: str, said: Said, data: dict[str, Any]) -> ConnectorError:
        """422: the record itself, with what each field has against it."""
        found = list(errors_in(said.body))
        inner = [(where, words) for where, words in found if where != "the record"] or found
        told = "; ".join(f"{where}: {clean(words, 200)}" for where, words in inner[:5]) or said.text
        return RefusedBySystem(
            f"{place} was refused: {told}.".replace("..", "."),
            remedy="Mend what Acumatica names (its form shows the same message), then replay the document.",
            data={**data, "errors": {where: clean(words, 300) for where, words in found[:20]}},
        )

    def _lost(self, text: str, *, write: bool) -> ConnectorError:
        if write:
            return OutcomeUnknown(f"{self.connection}: {text}.", remedy=LOOKED_UP)
        return TryAgain(f"{self.connection}: {text}.", after_seconds=10, remedy=IF_IT_LASTS)


def _refused(status: int, text: str, data: dict[str, Any]) -> ConnectorError:
    if status == 403:
        remedy = "Give the user of this connection rights to that form, or leave out what needs it."
        return AuthorizationNeeded(text, remedy=remedy, data=data)
    remedy = "Look at what it says; replay the document once that is mended."
    if status in (404, 405, 406):
        remedy = "See `endpoint` and `version` of the connection: `check` lists what the site offers."
    return RefusedBySystem(text, remedy=remedy, data=data)


def read(response: ApiResponse) -> Said:
    """What an unhappy answer says, in one line; a page says what kind of thing it is."""
    content_type = response.headers.get("content-type", "")
    if not is_json(content_type):
        return Said(describe_body(content_type, response.content) if response.content else "")
    try:
        body = parse_json(response.content)
    except UnreadableReplyError as error:
        return Said(str(error))
    if not isinstance(body, dict):
        return Said("", body=body)
    return Said(clean(_words(body)), _kind(body), body)


def _words(body: Mapping[str, Any]) -> str:
    """The innermost text is the one that a person understands."""
    inner = body.get("innerException")
    if isinstance(inner, dict) and (found := _words(inner)):
        return found
    for name in ("exceptionMessage", "error_description", "error", "message"):
        value = body.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def _kind(body: Mapping[str, Any]) -> str:
    inner = body.get("innerException")
    if isinstance(inner, dict) and (found := _kind(inner)):
        return found
    value = body.get("exceptionType")
    return value if isinstance(value, str) else ""


def is_seat_refusal(response: ApiResponse, said: Said) -> bool:
    """Whether it says that all seats are taken: 500 or 429 with the text, or a way to the error page."""
    if response.status < 300:
        return False
    told = f"{said.text} {response.headers.get('location', '')}".casefold().replace("+", " ").replace("%20", " ")
    if any(one in told for one in SEAT_TEXTS):
        return True
    if is_json(response.headers.get("content-type", "")):
        return False
    return any(one.encode() in response.content[:4096].lower() for one in SEAT_TEXTS)


def seat_refused(connection: str, after_seconds: float) -> SeatRefused:
    """What a person is told of it."""
    return SeatRefused(
        f"{connection}: all API users of the Acumatica licence are in: no seat is free.",
        after_seconds=after_seconds,
        remedy="It is tried again by itself. If it lasts, end other integrations' sessions on the form Active Users, or"
        " have more API users licensed.",
    )


def not_optimized(text: str) -> tuple[str, ...]:
    """The fields that the text names: `... cause the error: A: View X has BQL delegate, B: View ...`."""
    return tuple(dict.fromkeys(_FIELDS.findall(text.partition("cause the error")[2])))
