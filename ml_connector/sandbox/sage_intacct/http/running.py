"""Running the functions of an operation: repeats, roll-back, troubles (sage-intacct 3, 5, 8)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from ml_connector.sandbox.sage_intacct.access.control_ids import Key
from ml_connector.sandbox.sage_intacct.access.sessions import Session
from ml_connector.sandbox.sage_intacct.books.company import Company, Work
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.functions.dispatch import FUNCTIONS, READS
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire.errors import ROLL_BACK_LINE, Failed, already_recorded, in_process, passing
from ml_connector.sandbox.sage_intacct.wire.reply import Result
from ml_connector.sandbox.sage_intacct.wire.xml import Node


@dataclass(frozen=True, slots=True)
class Running:
    """One operation at work. `busy`: ids whose first try is still running; `trouble`: what it meets."""

    state: SageIntacctState
    company: Company
    session: Session
    content: Node
    sender: str
    control_id: str
    unique: bool
    transaction: bool
    busy: frozenset[Key]
    trouble: str
    api_session: Callable[[Node], Node]
    used: set[Key] = field(default_factory=set)  # by functions of this operation

    def run(self) -> list[Result]:
        """A result for each function, in their order."""
        results = [self._result(function) for function in self.content.children]
        if self.transaction:
            self._run_together(results)
        else:
            for function, result in zip(self.content.children, results, strict=True):
                self._run_alone(function, result)
        if self.unique and self.state.options.unique_on == "both" and any(one.status == "success" for one in results):
            self.state.control_ids.record(self._control_key())
        return results

    def _result(self, function: Node) -> Result:
        return Result(function.children[0].tag, function.attributes["controlid"])

    def _run_alone(self, function: Node, result: Result) -> None:
        # create of several objects keeps those that it could store (observed), so it is no unit of its own
        alone: AbstractContextManager[None] = self.company.unit()
        if result.function in {"create", "getAPISession"}:
            alone = nullcontext()
        try:
            with alone:
                self._call(function, result)
        except Failed as error:
            result.status, result.entries = "failure", list(error.entries)
        else:
            self._record(result)

    def _run_together(self, results: list[Result]) -> None:
        """All or nothing: the one at fault says why, the others are aborted."""
        try:
            with self.company.unit():
                for function, result in zip(self.content.children, results, strict=True):
                    try:
                        self._call(function, result)
                    except Failed as error:
                        result.status, result.entries = "failure", list(error.entries)
                        raise
        except Failed:
            for result in results:
                if result.status == "success":
                    result.status, result.entries, result.data, result.key = "aborted", [ROLL_BACK_LINE], None, None
                elif self.state.options.rollback == "aborted":
                    result.status = "aborted"
                    result.entries = [*(one for one in result.entries if one is not ROLL_BACK_LINE), ROLL_BACK_LINE]
            return
        for result in results:
            self._record(result)

    def _call(self, function: Node, result: Result) -> None:
        """Raises Failed."""
        element = function.children[0]
        self.state.calls[element.tag] += 1
        if self.unique:
            self._check_repeat(result)
        if element.tag not in READS:
            self._meet_trouble()
        if element.tag == "getAPISession":
            result.data = self.api_session(element)
            return
        work = Work(self.company, self.session.user, self.session.entity)
        state = self.state
        FUNCTIONS[element.tag](Call(self.company, work, state.formats, state.results, state.options, element, result))

    def _check_repeat(self, result: Result) -> None:
        key = self._key(result)
        watched = [key, self._control_key()] if self.state.options.unique_on == "both" else [key]
        if any(one in self.busy for one in watched):
            self.state.control_ids.counts["in_process"] += 1
            raise in_process(self.state.options.in_process_errorno)
        if key in self.used:
            raise already_recorded(self.state.options.repeat_errorno, result.control_id)
        self.used.add(key)
        self.state.control_ids.check(*watched)

    def _meet_trouble(self) -> None:
        if self.trouble == "concurrent":
            raise in_process(self.state.options.in_process_errorno)
        if self.trouble == "passing":
            raise passing()
        if self.trouble == "rolled_back":
            raise Failed(ROLL_BACK_LINE)

    def _record(self, result: Result) -> None:
        if self.unique:
            self.state.control_ids.record(self._key(result))

    def _key(self, result: Result) -> Key:
        return (self.sender, self.company.name, "function", result.control_id)

    def _control_key(self) -> Key:
        return (self.sender, self.company.name, "control", self.control_id)


def operation_keys(state: SageIntacctState, content: Node, sender: str, company: str, control_id: str) -> list[Key]:
    """The ids that an operation uses up when it completes."""
    keys: list[Key] = [
        (sender, company, "function", function.attributes.get("controlid", "")) for function in content.children
    ]
    if state.options.unique_on == "both":
        keys.append((sender, company, "control", control_id))
    return keys
