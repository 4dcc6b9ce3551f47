"""What the codes of acknowledgments mean, decided by lists; what is on none of them is asked (DESIGN 3, invariant 9).

Codes are read as upper case. A partner's file can say which code of the list one of its own stands for
(`order_answers.codes`).
"""

from collections.abc import Mapping
from enum import StrEnum

from ml_connector.errors import NeedsCorrection, Reason


class Said(StrEnum):
    """What an acknowledgment is by its purpose (element 353 in BAK01, BCA01)."""

    ANSWER = "answer"
    TAKES_BACK = "takes back"
    REPLACES = "replaces"
    REPEATS = "repeats"


class Scope(StrEnum):
    """What the acknowledgment type says of the lines that are not listed, or of all (element 587 in BAK02, BCA02)."""

    #: Each line that is accepted is listed; of the others nothing is said.
    LISTED = "listed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: Refused whatever the lines say.
    ALL_REFUSED = "all refused"
    ALL_HELD = "all held"
    #: The supplier proposes something else.
    COUNTER_OFFER = "counter offer"


class Status(StrEnum):
    """What a line's status says of it, or of the part it names (element 668 in ACK01)."""

    ACCEPTED = "accepted"
    #: Taken, with a quantity, a price or a date of its own.
    CHANGED = "changed"
    BACKORDERED = "backordered"
    HELD = "held"
    REFUSED = "refused"


#: x12-procurement 6, the table under BAK. Empty: a flat file or an 865 that does not say.
PURPOSES: Mapping[str, Said] = {
    "": Said.ANSWER,
    "00": Said.ANSWER,
    "04": Said.ANSWER,
    "06": Said.ANSWER,
    "01": Said.TAKES_BACK,
    "05": Said.REPLACES,
    "07": Said.REPEATS,
}

#: x12-procurement 6, the table under BAK. AC and AD come with detail: a line without detail is not answered. AE and RF
#: list exceptions only, AK and AT need no line, NA says that no acknowledgment is needed and so nothing of the order.
TYPES: Mapping[str, Scope] = {
    "": Scope.LISTED,
    "AC": Scope.LISTED,
    "AD": Scope.LISTED,
    "NA": Scope.LISTED,
    "AE": Scope.ACCEPTED,
    "AK": Scope.ACCEPTED,
    "AT": Scope.ACCEPTED,
    "RF": Scope.REFUSED,
    "RD": Scope.ALL_REFUSED,
    "RJ": Scope.ALL_REFUSED,
    "AH": Scope.ALL_HELD,
    "RO": Scope.COUNTER_OFFER,
}
#: Types by which a listed line is an exception: one that says nothing else is not decided.
EXCEPTIONS_ONLY = frozenset({"AE", "RF"})
#: Types that say that no line is changed.
NO_CHANGE = frozenset({"AD", "AK", "AT"})

#: x12-procurement 6, the paragraph under ACK.
STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("IA", "AC", "AR"), Status.ACCEPTED),
    **dict.fromkeys(("IC", "IQ", "DR", "IP", "IE", "IS", "AA", "SP"), Status.CHANGED),
    **dict.fromkeys(("IB", "BP"), Status.BACKORDERED),
    **dict.fromkeys(("IF", "IH", "IW"), Status.HELD),
    **dict.fromkeys(("IR", "ID", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"), Status.REFUSED),
}

#: AK501 and IK501, AK901, TA104 (x12-procurement 10 and 11). M, W, X refuse for reasons of security. P of a set (rare)
#: and whatever is not on the list does not decide.
SET_CODES: Mapping[str, bool] = {"A": True, "E": True, "R": False, "M": False, "W": False, "X": False}
PARTLY = "P"
INTERCHANGE_CODES: Mapping[str, bool] = {"A": True, "E": True, "R": False}

#: How many of a document's codes a person's question names.
SHOWN = 20


def read(place: str, value: str, partners: Mapping[str, Mapping[str, str]]) -> str:
    """A code as it is on the lists: upper case, and what the partner's file says that it stands for."""
    code = value.strip().upper()
    return partners.get(place, {}).get(code, code)


def undecided(message: str, *, remedy: str, data: Mapping[str, object]) -> NeedsCorrection:
    """An acknowledgment that does not plainly say what it means: nothing is acknowledged or written by it."""
    return NeedsCorrection(Reason.ANSWER_NOT_DECIDED, message, remedy=remedy, data=dict(data))


def unknown(place: str, value: str, what: str, where: str = "") -> NeedsCorrection:
    """A code that no list decides."""
    shown = f"{place} {value}" if value else f"no {place}"
    return undecided(
        f"{what} has {shown}{f' on {where}' if where else ''}, which is not known to mean anything here.",
        remedy=f"Ask the partner what {place} {value or '(empty)'} means; say under `order_answers.codes` of its "
        "file for"
        " which code it stands, or settle it by hand and discard this.",
        data={"element": place, "code": value, **({"line": where} if where else {})},
    )
