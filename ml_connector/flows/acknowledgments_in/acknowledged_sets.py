"""What a 997 or 999 says of each set of a group that was sent (x12-procurement 10, edi-operations 7). Pure functions.

AK1 names the group and AK2 the set. The worse of what AK5 (IK5) says of a set and AK9 of its group counts, never the
numbers in AK9. A and E without AK2 decide all sets of the group, R, M, W and X refuse all; P says that at least one is
refused, and decides a set that is not listed only where a refused one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, SetAnswer
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.meaning.answer_codes import PARTLY, SET_CODES

_ASK = "Ask the partner which transaction sets it accepted; when it sends a right 997, discard this one."


@dataclass(frozen=True)
class SentSet:
    """A set that left in the group. control: ST02; empty where it is not known any more (a restored ledger)."""

    document: int
    set_type: str
    control: str


@dataclass(frozen=True)
class AckDecision:
    """What became of a set. code: the one that decided. contradiction: what else the same document says."""

    accepted: bool
    code: str
    answer: SetAnswer | None = None
    contradiction: str = ""


def decide(answer: FunctionalAcknowledgment, sent: Sequence[SentSet]) -> dict[int, AckDecision]:
    """The decision on each document of the group.

    Raises:
        NeedsCorrection: it does not plainly say which sets were accepted. Then nothing is.
    """
    group = answer.code.strip().upper()
    if group not in SET_CODES and group != PARTLY:
        raise _undecided(answer, f"gives the group code {_shown(group)} (AK901)")
    listed = _listed(answer, sent)
    refused = any(not SET_CODES[_code(found)] for found in listed.values())
    silent = [one for one in sent if one.document not in listed]
    if group == PARTLY and not refused:
        what = "no set" if not listed else "no refused set"
        raise _undecided(answer, f"accepts the group in part (AK9*P) and names {what}")
    return {
        **{one.document: _of_listed(group, listed[one.document]) for one in sent if one.document in listed},
        **{one.document: AckDecision(SET_CODES.get(group, True), group) for one in silent},
    }


def _of_listed(group: str, found: SetAnswer) -> AckDecision:
    """The worse of both. P of the group says nothing against a set that is accepted beside a refused one."""
    code = _code(found)
    by_set, by_group = SET_CODES[code], SET_CODES.get(group)
    if by_group is None or by_group == by_set:
        return AckDecision(by_set, code, found)
    told = f"it says {code} of the set (AK5) and {group} of the group (AK9)"
    return AckDecision(accepted=False, code=group if by_set else code, answer=found, contradiction=told)


def _listed(answer: FunctionalAcknowledgment, sent: Sequence[SentSet]) -> dict[int, SetAnswer]:
    """What is said of each set that AK2 names; of one that is named twice the worse."""
    found: dict[int, SetAnswer] = {}
    for one in answer.sets:
        meant = [each for each in sent if _same(each, one)]
        if len(meant) != 1:
            named = f"{one.set_type} {one.control_number}"
            raise _undecided(answer, f"names set {named}, which was not sent in this group", set=named)
        if _code(one) not in SET_CODES:
            code = _shown(_code(one))
            raise _undecided(answer, f"gives set {one.control_number} the code {code} (AK501)", code=one.code)
        key = meant[0].document
        if key not in found or SET_CODES[_code(found[key])]:
            found[key] = one
    return found


def _same(sent: SentSet, named: SetAnswer) -> bool:
    control = named.control_number.strip()
    same = not sent.control or sent.control.lstrip("0") == control.lstrip("0")
    return same and sent.set_type == named.set_type.strip()


def _code(one: SetAnswer) -> str:
    return one.code.strip().upper()


def _shown(code: str) -> str:
    return code or "(none)"


def _undecided(answer: FunctionalAcknowledgment, what: str, **data: str) -> Exception:
    return answer_codes.undecided(
        f"The acknowledgment of group {answer.functional_id} {answer.group_control} {what}: it decides nothing.",
        remedy=_ASK,
        data={
            "functional_id": answer.functional_id,
            "group": answer.group_control,
            "code": answer.code,
            "sets": [f"{one.set_type} {one.control_number} {one.code}" for one in answer.sets][: answer_codes.SHOWN],
            **data,
        },
    )
