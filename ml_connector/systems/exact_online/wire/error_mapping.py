"""What Exact's error answers mean (exact-online 6). Messages come in the user's language and are never matched."""

from collections.abc import Callable, Sequence

from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.systems.exact_online.wire.client import IF_IT_LASTS
from ml_connector.transport.responses import Problem

#: The Reason header of a 403 -> what it means and who mends it.
FORBIDDEN = {
    "BlockedUser": ("the user of this connection is blocked", "Unblock the user in Exact, or authorize with another."),
    "InactiveUser": (
        "the user of this connection is inactive",
        "Activate the user in Exact, or authorize with another.",
    ),
    "BlockedCustomer": ("Exact has blocked the customer", "Ask Exact about the account's contract."),
    "LicenseExpired": ("the licence has expired", "Renew the Exact licence."),
    "DivisionBlocked": ("the division is blocked", "Unblock the division in Exact."),
    "NoDivisionAccess": (
        "the user or app may not see this division",
        "Give the user rights on the division and tick it when authorizing, or mend `division` in connections.yaml.",
    ),
}

_LOOKED_UP = "It is looked up before it is sent again."


def explainer(failure_texts: Sequence[str]) -> Callable[[Problem], ConnectorError]:
    """The explanation of answers for an ApiClient; `failure_texts` are those of real failures."""
    failures = frozenset(text.casefold().strip() for text in failure_texts)

    def explain(problem: Problem) -> ConnectorError:
        if problem.status == 500 and problem.lines and " ".join(problem.lines).casefold() not in failures:
            return _business(problem)
        if problem.status >= 500 or 300 <= problem.status < 400:
            return _failure(problem)
        if problem.status == 401:
            return _data(
                TryAgain(
                    f"{problem.call}: a fresh token was refused too.",
                    after_seconds=60,
                    remedy="If it lasts, authorize the connection again.",
                ),
                problem,
            )
        if problem.status == 403:
            return _forbidden(problem)
        return _refused(problem)

    return explain


def _data(error: ConnectorError, problem: Problem) -> ConnectorError:
    error.data.update(status=problem.status, messages=list(problem.lines), endpoint=problem.template)
    return error


def _business(problem: Problem) -> ConnectorError:
    """A 500 with a message is a business refusal: a mandatory field, an invalid reference, a closed period."""
    said = "; ".join(problem.lines)
    return _data(
        RefusedBySystem(
            f"{problem.call}: Exact refused it: {said}",
            remedy="Mend what the message names, in Exact or in the mapping, then replay the document.",
        ),
        problem,
    )


def _failure(problem: Problem) -> ConnectorError:
    text = f"{problem.call} failed at Exact ({problem.said})."
    if problem.write:
        return _data(OutcomeUnknown(text, remedy=_LOOKED_UP), problem)
    return _data(TryAgain(text, after_seconds=problem.after_seconds, remedy=IF_IT_LASTS), problem)


def _forbidden(problem: Problem) -> ConnectorError:
    reason = problem.headers.get("reason", "").split(":")[0].strip()
    if reason in FORBIDDEN:
        meaning, remedy = FORBIDDEN[reason]
    elif problem.method == "DELETE":
        return _refused(problem)
    else:
        meaning = problem.said
        remedy = (
            "Either the app's scope or the user's rights do not cover this, or the Exact edition does not have it: "
            "compare scopes at app registration, user rights and licence, then authorize again. "
            "A new login alone changes nothing."
        )
    error = AuthorizationNeeded(f"{problem.call} is forbidden: {meaning}.", remedy=remedy)
    error.data["reason"] = reason
    return _data(error, problem)


def _refused(problem: Problem) -> ConnectorError:
    remedy = {
        400: "The request does not fit Exact's API for this division: look at the message; it counts as an error.",
        404: "There is no such record or address (any more).",
    }.get(problem.status, IF_IT_LASTS)
    return _data(RefusedBySystem(f"{problem.call} was refused ({problem.said}).", remedy=remedy), problem)
