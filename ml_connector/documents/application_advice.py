"""Application advice (824): business errors in what was received, told after the syntax was accepted."""

from datetime import date, time

from ml_connector.documents.common import (
    Contact,
    DateReference,
    Document,
    KeptSegment,
    Purpose,
    Reference,
    Segmented,
)


class AdviceError(Segmented):
    """TED: one error. code is element 647; the rest says where it stood and copies the bad value."""

    code: str
    message: str = ""
    segment_id: str = ""
    position: int | None = None
    element: int | None = None
    reference: str = ""
    value: str = ""
    notes: tuple[str, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class AdviceItem(Segmented):
    """OTI: the verdict on one document. code is element 110: TA accepted, TE accepted with errors, TR rejected,
    and the same with I (item), G (group), B (batch) before it. qualifier and number name the document (IV, PO ...).
    """

    code: str
    qualifier: str = ""
    number: str = ""
    sender: str = ""
    receiver: str = ""
    day: date | None = None
    at: time | None = None
    group_control: str = ""
    set_control: str = ""
    set_type: str = ""
    version: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    contacts: tuple[Contact, ...] = ()
    errors: tuple[AdviceError, ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    @property
    def accepted(self) -> bool:
        """Element 110 ends in A, or E where it was accepted in spite of errors."""
        return self.code[-1:] in {"A", "E", "C"}


class ApplicationAdvice(Document):
    """824. `number` is the sender's own number of the advice (BGN02); each item is about one document of ours."""

    number: str
    advice_date: date | None
    advice_time: time | None = None
    purpose: Purpose = Purpose.ORIGINAL
    answers: str = ""
    type: str = ""
    items: tuple[AdviceItem, ...] = ()
