"""What a seller says of each line of an order, against the line as it was ordered. Pure functions.

Quantity, price and date are compared whatever the codes say, and the worse of what a document says of a line and of the
whole counts: nothing is accepted that is not said to be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.documents.common import DateReference
from ml_connector.documents.orders import LineAnswer, OrderAcknowledgment, OrderLine
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.flows.meaning import answer_codes, price_bases
from ml_connector.flows.meaning.answer_codes import EXCEPTIONS_ONLY, NO_CHANGE, STATUSES, TYPES, Scope, Status
from ml_connector.flows.meaning.answered_head import head_differences, line_differences
from ml_connector.flows.meaning.answered_lines import (
    Answered,
    Expected,
    pair,
    price_of,
    promised_of_all,
    with_days_of_all,
)
from ml_connector.flows.meaning.line_meant import NamedLine

#: Facts in which a line differs from what was ordered. `earlier` (than asked) is good to know and needs nobody.
DIFFERENCES = frozenset(
    {"quantity", "unit", "price", "date", "repeats", "substitute", "note", "contradiction"}
    | {"charges", "parts", "ship-to"}
)
#: POC02 in an 865 (element 670, x12-procurement 6): what refuses the line, what makes another of it, and what says
#: only how the line was changed.
_REFUSING, _ANOTHER = frozenset({"RC", "DI", "CF"}), frozenset({"RE", "RM", "TI"})
_CHANGES = frozenset(
    {"", "AI", "CA", "CC", "CB", "CE", "CG", "CT", "MU", "NC"}
    | {"PC", "PQ", "PR", "QD", "QI", "RA", "RB", "RQ", "RS", "RZ"}
)


@dataclass(frozen=True)
class Rules:
    """How a partner answers: its units, codes and price bases, whose line numbers, and whether silence is consent."""

    units: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    numbers_are_ours: bool = True
    silence_is_consent: bool = False
    price_bases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LineVerdict:
    """What the seller said of one ordered line: accepted, changed, backordered, held, refused or unanswered."""

    line: str
    verdict: str
    detail: dict[str, str]


@dataclass(frozen=True)
class Verdicts:
    """An answer, line by line. scope: what its type says. header: what differs of the document as a whole."""

    lines: tuple[LineVerdict, ...]
    pairs: tuple[Answered, ...]
    scope: Scope
    type: str = ""
    header: Mapping[str, str] = field(default_factory=dict)

    @property
    def result(self) -> str:
        """In one word: refused and held only where every line is, for a refused line does not refuse the order."""
        kinds = {line.verdict for line in self.lines}
        if not kinds:
            of_all = {Scope.REFUSED: "refused", Scope.ALL_REFUSED: "refused", Scope.ALL_HELD: "held"}
            return of_all.get(self.scope, "accepted" if self.scope is Scope.ACCEPTED else "partly_answered")
        if len(kinds) == 1 and kinds <= {"refused", "held", "accepted"}:
            return "changed" if self.header and kinds == {"accepted"} else kinds.pop()
        return "partly_answered" if kinds <= {"accepted", "unanswered"} and not self.header else "changed"


def compare(answer: OrderAcknowledgment, expected: Expected, rules: Rules | None = None) -> Verdicts:
    """Each ordered line against what the answer says of it, and the lines that it does not speak of.

    Raises:
        NeedsCorrection: a code that no list decides, or a line that may be of several ordered ones.
    """
    rules = rules or Rules()
    of_all = promised_of_all(answer)
    answered = with_days_of_all(price_bases.meant(answer.lines, rules.price_bases), of_all)
    if (basis := price_bases.undecided(answered)) is not None:
        raise answer_codes.undecided(
            f"The acknowledgment of order {answer.number} {basis.told}.",
            remedy=f"{basis.remedy}, or settle it by hand and discard this.",
            data={"element": "POC07" if answer.answers_change else "PO105", "code": basis.code, "line": basis.line},
        )
    pairs = pair(answered, expected, numbers_are_ours=rules.numbers_are_ours)
    code = answer_codes.read("BAK02", answer.type, rules.codes)
    scope = TYPES.get(code)
    if scope is None:
        element = "BCA02" if answer.answers_change else "BAK02"
        raise answer_codes.unknown(element, answer.type, f"The acknowledgment of order {answer.number}")
    lines = [_verdict(one, code, scope, expected, rules) for one in pairs]
    spoken = [one.ordered for one in pairs if one.ordered is not None]
    for line in (*expected.lines, *expected.dropped):
        if not any(line is one for one in spoken) and (expected.asked is None or line.number in expected.asked):
            silent = _silence(line, code, scope, expected, rules, of_all)
            lines += [silent] if silent is not None else []
    return Verdicts(tuple(lines), pairs, scope, code, head_differences(answer, pairs, expected))


def _silence(
    line: OrderLine, code: str, scope: Scope, expected: Expected, rules: Rules, of_all: tuple[DateReference, ...]
) -> LineVerdict | None:
    """What it means that a line is not spoken of; None where an earlier answer spoke of it."""
    said = {
        Scope.ACCEPTED: "accepted",
        Scope.REFUSED: "refused",
        Scope.ALL_REFUSED: "refused",
        Scope.ALL_HELD: "held",
    }.get(scope)
    if said is None and line.number in expected.answered:
        return None
    if said is None and rules.silence_is_consent and scope is Scope.LISTED and code != "NA":
        said = "accepted"
    detail: dict[str, str] = {}
    if said == "accepted":
        _compare_days(tuple(sorted({one.day for one in of_all if one.day is not None})), line, detail)
        said = "changed" if DIFFERENCES & set(detail) else said
    return LineVerdict(line.number, said or "unanswered", detail)


def status_of(answer: LineAnswer, line: str, rules: Rules) -> Status:
    """What one ACK says.

    Raises:
        NeedsCorrection: no list has its code.
    """
    code = answer_codes.read("ACK01", answer.status, rules.codes)
    if code not in STATUSES:
        raise answer_codes.unknown("ACK01", answer.status, "The acknowledgment", f"line {line}")
    return STATUSES[code]


def _verdict(one: Answered, code: str, scope: Scope, expected: Expected, rules: Rules) -> LineVerdict:
    statuses = [status_of(answer, one.number, rules) for answer in one.answers]
    detail: dict[str, str] = {}
    if one.answers:
        detail["status"] = " ".join(answer.status for answer in one.answers)
    if one.theirs and one.theirs.lstrip("0") != one.number:
        detail["their_line"] = one.theirs
    found = _by_line(one, statuses, detail, expected, rules)
    if one.dropped and found == "accepted":
        detail.pop("note", None)
    if not one.answers and code in EXCEPTIONS_ONLY and found == "accepted":
        detail["note"], found = "listed as an exception, without saying what is different", "changed"
    return _with_the_whole(one.number, found, detail, code, scope, spoke=bool(statuses))


def _with_the_whole(
    number: str, found: str, detail: dict[str, str], code: str, scope: Scope, *, spoke: bool
) -> LineVerdict:
    """The worse of what is said of the line and of the whole document, and where the two contradict each other."""
    if scope is Scope.ALL_REFUSED:
        if found != "refused" and spoke:
            detail["contradiction"] = f"type {code} refuses the order, the line says otherwise"
        found = "refused"
    elif scope is Scope.ALL_HELD and found != "refused":
        if found == "accepted" and spoke:
            detail["contradiction"] = f"type {code} holds the order, the line is accepted"
        found = "held"
    elif scope is Scope.COUNTER_OFFER and found == "accepted":
        detail["note"], found = "part of a counter offer", "changed"
    elif scope is Scope.REFUSED and found == "accepted":
        detail["contradiction"], found = f"type {code} refuses the order, the line is accepted", "changed"
    elif code in NO_CHANGE and found not in {"accepted", "unanswered"}:
        detail["contradiction"] = f"type {code} says that nothing is changed"
    return LineVerdict(number, found, detail)


def _by_line(
    one: Answered, statuses: Sequence[Status], detail: dict[str, str], expected: Expected, rules: Rules
) -> str:
    if one.ordered is None:
        detail |= {"note": "not on the order", "item": NamedLine("", one.lines[0].items).item_text}
        return "changed"
    if one.dropped:
        return _of_dropped(one, statuses, detail)
    refused = [status is Status.REFUSED for status in statuses]
    if (statuses and all(refused)) or _refused_by_change(one, detail, statuses):
        return "refused"
    taken = [answer for answer, no in zip(one.answers, refused, strict=True) if not no]
    _substitute(one.ordered, taken, detail)
    _quantity(one, one.ordered, taken, detail, expected, rules)
    _price(one, one.ordered, detail)
    _date(one, one.ordered, taken, detail)
    detail |= line_differences(one)
    for status, verdict in ((Status.HELD, "held"), (Status.BACKORDERED, "backordered")):
        if status in statuses:
            return verdict
    differs = bool(DIFFERENCES & set(detail)) or any(status is not Status.ACCEPTED for status in statuses)
    return "changed" if differs else "accepted"


def _refused_by_change(one: Answered, detail: dict[str, str], statuses: Sequence[Status]) -> bool:
    """Whether POC02 refuses the line. The worse of POC02 and ACK01 counts.

    Raises:
        NeedsCorrection: no list has its code.
    """
    codes = [line.change.strip().upper() for line in one.lines]
    for code in codes:
        if code not in _CHANGES | _REFUSING | _ANOTHER:
            raise answer_codes.unknown("POC02", code, "The acknowledgment", f"line {one.number}")
        if code in _ANOTHER:
            detail["note"] = f"replaced (POC02 {code})"
    refusing = sorted(_REFUSING & set(codes))
    if refusing:
        detail["change"] = refusing[0]
        if any(status is not Status.REFUSED for status in statuses):
            detail["contradiction"] = f"POC02 {refusing[0]} takes the line away, its status says otherwise"
    return bool(refusing)


def _of_dropped(one: Answered, statuses: Sequence[Status], detail: dict[str, str]) -> str:
    """A line that we took off the order: ID deletes it as asked, IR refuses to."""
    deleting = {"ID", "IA", "IC", "AC"}
    detail["dropped"] = "taken off the order by our change"
    codes = {answer.status.strip().upper() for answer in one.answers}
    codes |= {"IR"} if any(line.change.strip().upper() == "RC" for line in one.lines) else set()
    if codes <= deleting:
        return "accepted"
    return "refused" if all(status is Status.REFUSED for status in statuses) and statuses else "changed"


def _substitute(ordered: OrderLine, taken: Sequence[LineAnswer], detail: dict[str, str]) -> None:
    """ACK08: the item that comes in place of the one that was ordered, whatever the status; many repeat that one."""
    known = {(one.qualifier, one.value.strip().casefold()) for one in ordered.items}
    kinds = {qualifier for qualifier, _ in known}
    named = [one for answer in taken for one in answer.items if one.qualifier in kinds and one.value.strip()]
    others = [one.value for one in named if (one.qualifier, one.value.strip().casefold()) not in known]
    if others:
        detail["substitute"] = ", ".join(dict.fromkeys(others))


def _quantity(
    one: Answered,
    ordered: OrderLine,
    taken: Sequence[LineAnswer],
    detail: dict[str, str],
    expected: Expected,
    rules: Rules,
) -> None:
    units = {rules.units.get(unit, unit) for unit in one.units} - {ordered.unit, ""}
    if units and ordered.unit:
        detail["unit"] = f"{ordered.unit} -> {', '.join(sorted(units))}"
    if ordered.quantity is None:
        return
    said = [answer.quantity for answer in taken if answer.quantity is not None]
    confirmed = sum(said, Decimal(0)) if said else one.repeated
    if said and len(said) < len(taken):
        detail["quantity"] = f"{decimal_text(ordered.quantity)} -> not all parts say theirs"
    elif confirmed is not None and confirmed != ordered.quantity:
        detail["quantity"] = f"{decimal_text(ordered.quantity)} -> {decimal_text(confirmed)}"
    if said and one.repeated is not None and one.repeated not in expected.quantities(ordered):
        detail["repeats"] = f"{decimal_text(ordered.quantity)} ordered, {decimal_text(one.repeated)} repeated"


def _price(one: Answered, ordered: OrderLine, detail: dict[str, str]) -> None:
    price = price_of(ordered)
    others = sorted(one.prices - {price}) if price is not None else []
    if others and price is not None:
        detail["price"] = f"{decimal_text(price)} -> {', '.join(map(decimal_text, others))}"


def _date(one: Answered, ordered: OrderLine, taken: Sequence[LineAnswer], detail: dict[str, str]) -> None:
    _compare_days(one.days(taken), ordered, detail)


def _compare_days(days: Sequence[date], ordered: OrderLine, detail: dict[str, str]) -> None:
    wanted = next((d.day for d in ordered.dates if d.day is not None), None)
    if days and wanted is not None and tuple(days) != (wanted,):
        # Earlier than asked is good to know; later needs somebody.
        detail["date" if days[-1] > wanted else "earlier"] = f"{wanted} -> {', '.join(map(str, days))}"
