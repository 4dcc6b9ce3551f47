"""Actions that take their time: started, polled, done, forgotten (acumatica 6)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.access.sessions import Session
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.errors import ApiError


@dataclass(slots=True)
class Operation:
    """One started action. `error`: what it failed with, once it is done."""

    id: str
    path: str
    effect: Callable[[], None]
    ends: datetime
    done: bool = False
    error: ApiError | None = None


class Operations:
    """Running actions end by the sandbox's clock: whoever looks next finds them done."""

    def __init__(self, clock: FileClock, options: AcumaticaOptions) -> None:
        self._clock = clock
        self._options = options
        self._all: dict[str, Operation] = {}
        self.started = 0

    def start(self, path: str, effect: Callable[[], None], session: Session, screen: str) -> Operation | None:
        """Begin; the session's form is locked until it ends. None: it was done at once."""
        self.started += 1
        if self._options.action_seconds <= 0:
            effect()
            return None
        ends = self._clock.now() + timedelta(seconds=self._options.action_seconds)
        made = Operation(str(uuid.uuid4()), path, effect, ends)
        self._all[made.id] = made
        session.locks[screen] = ends
        return made

    def settle(self) -> None:
        """Do what is due by now, in the order in which it is."""
        now = self._clock.now()
        for one in sorted(self._all.values(), key=lambda each: each.ends):
            if not one.done and one.ends <= now:
                one.done = True
                try:
                    one.effect()
                except ApiError as error:
                    one.error = error
        kept = timedelta(seconds=self._options.status_seconds)
        self._all = {name: one for name, one in self._all.items() if now < one.ends + kept}

    def find(self, identity: str) -> Operation | None:
        self.settle()
        return self._all.get(identity)

    def is_locked(self, session: Session, screen: str) -> bool:
        """Whether an action of this very session runs on the form."""
        ends = session.locks.get(screen)
        return ends is not None and self._clock.now() < ends

    def running(self) -> int:
        self.settle()
        return sum(not one.done for one in self._all.values())
