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


class _Form:
    def __init__(self, lease: FormLease) -> None:
        self.lease = lease
        self.changed = threading.Condition()
        self.calls = 0
        self.acting = False


class _Patience:
    """How long somebody still waits for a form. why: what they wait for."""

    def __init__(self, why: str, seconds: float) -> None:
        self._why = why
        self._left = seconds

    def looked(self) -> None:
        """One more look was in vain.

        Raises:
            TryAgain: it was the last.
        """
        if self._left <= 0:
            raise TryAgain(f"{self._why}; nothing was sent.", after_seconds=5)
        self._left -= LOOK_SECONDS


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
        with form.changed:
            while form.acting:
                form.changed.wait(LOOK_SECONDS)
                patience.looked()
            form.calls += 1
        try:
            while form.lease.is_taken():
                self._clock.sleep(LOOK_SECONDS)
                patience.looked()
            yield
        finally:
            with form.changed:
                form.calls -= 1
                form.changed.notify_all()

    @contextmanager
    def _action(self, form: _Form, patience: _Patience) -> Iterator[None]:
        with form.changed:
            while form.acting:
                form.changed.wait(LOOK_SECONDS)
                patience.looked()
            form.acting = True
        try:
            with self._leased(form, patience):
                with form.changed:
                    while form.calls:
                        form.changed.wait(LOOK_SECONDS)
                        patience.looked()
                yield
        finally:
            with form.changed:
                form.acting = False
                form.changed.notify_all()

    @contextmanager
    def _leased(self, form: _Form, patience: _Patience) -> Iterator[None]:
        while not form.lease.take():
            self._clock.sleep(LOOK_SECONDS)
            patience.looked()
        try:
            yield
        finally:
            form.lease.give()


class LeaseMaker(Protocol):
    """Makes the lease of a form by its name."""

    def __call__(self, form: str) -> FormLease: ...
