"""Forms that an action locks: while one runs, any other call of the same session on its form fails (acumatica 1.3).

All steps and processes share one session. Within a process calls and actions on a form take turns; between processes
the action holds a lease of the form, which others see before they call.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from ml_connector.clock import Clock
from ml_connector.errors import TryAgain

#: Entities whose form has actions, by the form they share.
FORMS = {
    "Bill": "AP301000",
    "PurchaseOrder": "PO301000",
    "PurchaseReceipt": "PO302000",
    "SalesOrder": "SO301000",
    "SalesInvoice": "SO303000",
    "Shipment": "SO302000",
    "Invoice": "AR301000",
}
LOOK_SECONDS = 0.2


class FormLease(Protocol):
    """The lease of one form, as all processes see it."""

    def take(self) -> bool:
        """For an action of this process; False where another process has it."""
        ...

    def give(self) -> None:
        """The action has ended."""
        ...

    def is_taken(self) -> bool:
        """Whether an action of any process runs on the form."""
        ...


class _Patience:
    """How long somebody still waits for a form. why: what they wait for."""

    def __init__(self, why: str, seconds: float) -> None:
        self._why = why
        self._left = seconds

    def wait(self, changed: threading.Condition) -> None:
        """Until something changes, or a look is due: a form that is busy changes often, which is no long wait.

        Raises:
            TryAgain: it was waited long enough.
        """
        self._look()
        began = time.monotonic()
        changed.wait(LOOK_SECONDS)
        self._left -= min(LOOK_SECONDS, time.monotonic() - began)

    def sleep(self, clock: Clock) -> None:
        """Until the next look. Raises: as `wait`."""
        self._look()
        clock.sleep(LOOK_SECONDS)
        self._left -= LOOK_SECONDS

    def _look(self) -> None:
        if self._left <= 0:
            raise TryAgain(f"{self._why}; nothing was sent.", after_seconds=5)


class _Form:
    """Who is on a form of this process. Whoever came first is next: an action does not wait until nobody calls."""

    def __init__(self, lease: FormLease) -> None:
        self.lease = lease
        self.changed = threading.Condition()
        self._waiting = deque[object]()
        self._calls = 0
        self._acting = False

    @contextmanager
    def turn(self, patience: _Patience, *, act: bool) -> Iterator[None]:
        """A place among the calls, or the only place for an action, which begins when those calls have ended."""
        mine = object()
        with self.changed:
            self._waiting.append(mine)
            try:
                while self._waiting[0] is not mine or self._acting:
                    patience.wait(self.changed)
                self._acting = act
                self._calls += 0 if act else 1
            finally:
                self._waiting.remove(mine)
                self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self._acting = self._acting and not act
                self._calls -= 0 if act else 1
                self.changed.notify_all()

    def wait_for_calls(self, patience: _Patience) -> None:
        """Until the calls that came before an action have ended."""
        with self.changed:
            while self._calls:
                patience.wait(self.changed)


class Forms:
    """Turns on forms, for one connection. patience: seconds before a call or an action gives up, before it is sent.

    lease: of a form, by its name. acts: whether this connection does actions at all; without them nobody waits.
    """

    def __init__(self, connection: str, lease: "LeaseMaker", clock: Clock, *, acts: bool, patience: float) -> None:
        self._connection = connection
        self._clock = clock
        self._acts = acts
        self._patience = patience
        self._forms = {form: _Form(lease(form)) for form in sorted(set(FORMS.values()))}

    @contextmanager
    def use(self, entity: str, use: Literal["call", "act"]) -> Iterator[None]:
        """Use the form of an entity.

        Raises:
            TryAgain: it was not free in time; nothing was sent.
        """
        name = FORMS.get(entity)
        if name is None or not self._acts:
            yield
            return
        turn = self._action if use == "act" else self._call
        why = f"{self._connection}: an action runs on the form of {entity}"
        with turn(self._forms[name], _Patience(why, self._patience)):
            yield

    @contextmanager
    def _call(self, form: _Form, patience: _Patience) -> Iterator[None]:
        with form.turn(patience, act=False):
            while form.lease.is_taken():
                patience.sleep(self._clock)
            yield

    @contextmanager
    def _action(self, form: _Form, patience: _Patience) -> Iterator[None]:
        with form.turn(patience, act=True):
            while not form.lease.take():
                patience.sleep(self._clock)
            try:
                form.wait_for_calls(patience)
                yield
            finally:
                form.lease.give()


class LeaseMaker(Protocol):
    """Makes the lease of a form by its name."""

    def __call__(self, form: str) -> FormLease: ...
