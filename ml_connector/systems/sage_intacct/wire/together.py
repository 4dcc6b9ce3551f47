"""Several documents in one request, by setting (intacct 3, 5): who comes while a request is out goes with the next.

Each is a function of its own under its own control id, and has its own result; nothing is rolled back for another's
fault. Who sends is one of those who wait: the proof of each is asked for right before.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from copy import copy
from dataclasses import dataclass, field

from ml_connector.errors import ConnectorError, LeaseLost, OutcomeUnknown
from ml_connector.proof import prove
from ml_connector.systems.sage_intacct.wire.reply import Result
from ml_connector.systems.sage_intacct.wire.request import Call
from ml_connector.systems.unreadable import LOOKED_UP

#: How long one waits for others who come at the same moment.
GATHER_SECONDS = 0.05


@dataclass(frozen=True)
class Asked:
    """A call, and what it is in words."""

    call: Call
    what: str


Outcome = Result | ConnectorError
Send = Callable[[Sequence[Asked]], Sequence[Outcome]]


@dataclass
class _Waiting:
    asked: Asked
    context: Context = field(default_factory=copy_context)
    outcome: Outcome | None = None


class Together:
    """Gathers writes. send: one request for several; most: documents of one."""

    def __init__(self, send: Send, most: int) -> None:
        self._send = send
        self._most = most
        self._leading = threading.Lock()
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()

    def do(self, asked: Asked) -> Outcome:
        """What became of a write, sent with whatever others there are."""
        mine = _Waiting(asked)
        with self._changed:
            self._queue.append(mine)
            self._changed.notify_all()
        while mine.outcome is None:
            with self._leading:
                if mine.outcome is None:
                    self._lead(self._taken())
        return mine.outcome

    def _taken(self) -> list[_Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: len(self._queue) >= self._most, timeout=GATHER_SECONDS)
            return [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]

    def _lead(self, group: Sequence[_Waiting]) -> None:
        ours = [one for one in group if _is_proven(one)]
        try:
            outcomes = self._send([one.asked for one in ours]) if ours else []
            for one, outcome in zip(ours, outcomes, strict=True):
                one.outcome = outcome
        except ConnectorError as error:
            for one in ours:
                one.outcome = copy(error)
        finally:
            for one in ours:
                if one.outcome is None:  # who led was interrupted
                    one.outcome = OutcomeUnknown(f"{one.asked.what} was not answered.", remedy=LOOKED_UP)


def _is_proven(waiting: _Waiting) -> bool:
    """Each by its own worker's lease: whoever is not safely the owner any more is not sent."""
    try:
        waiting.context.run(prove)
    except LeaseLost as error:
        waiting.outcome = error
        return False
    return True
