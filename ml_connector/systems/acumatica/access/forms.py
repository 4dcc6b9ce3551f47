"""Forms that an action locks: while one runs, any other call of the same session on its form fails (acumatica 1.3).

All steps and processes share one session. Within a process calls and actions on a form take turns; between processes
the action holds a lease of the form, which others see before they call.
"""

import threading
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


class NoLease:
    """Nobody else works in this session."""

    def take(self) -> bool:
        """Always."""
        return True

    def give(self) -> None:
        """Nothing to give."""

    def is_taken(self) -> bool:
        """Never."""
        return False


class _Form:
    def __init__(self, lease: FormLease) -> None:
        self.lease = lease
        self.changed = threading.Condition()
        self.calls = 0
        self.acting = False


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
        form = self._forms[name]
        if use == "act":
            self._begin_act(entity, form)
        else:
            self._begin_call(entity, form)
        try:
            yield
        finally:
            self._end(form, use)

    def _begin_call(self, entity: str, form: _Form) -> None:
        left = self._patience
        while True:
            with form.changed:
                if not form.acting:
                    form.calls += 1
                    break
                form.changed.wait(LOOK_SECONDS)
            left = self._waited(entity, left)
        try:
            while form.lease.is_taken():
                self._clock.sleep(LOOK_SECONDS)
                left = self._waited(entity, left)
        except BaseException:
            self._end(form, "call")
            raise

    def _begin_act(self, entity: str, form: _Form) -> None:
        left = self._patience
        while True:
            with form.changed:
                if not form.acting:
                    form.acting = True
                    break
                form.changed.wait(LOOK_SECONDS)
            left = self._waited(entity, left)
        try:
            while not form.lease.take():
                self._clock.sleep(LOOK_SECONDS)
                left = self._waited(entity, left)
            while True:
                with form.changed:
                    if not form.calls:
                        return
                    form.changed.wait(LOOK_SECONDS)
                left = self._waited(entity, left)
        except BaseException:
            self._end(form, "act")
            raise

    def _waited(self, entity: str, left: float) -> float:
        if left <= 0:
            raise TryAgain(
                f"{self._connection}: an action runs on the form of {entity}; nothing was sent.", after_seconds=5
            )
        return left - LOOK_SECONDS

    @staticmethod
    def _end(form: _Form, use: str) -> None:
        if use == "act":
            form.lease.give()
        with form.changed:
            if use == "act":
                form.acting = False
            else:
                form.calls -= 1
            form.changed.notify_all()


class LeaseMaker(Protocol):
    """Makes the lease of a form by its name."""

    def __call__(self, form: str) -> FormLease: ...
