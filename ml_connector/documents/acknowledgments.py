"""Functional and interchange acknowledgments (997, 999, TA1)."""

from ml_connector.documents.common import DocumentPart


class ElementError(DocumentPart):
    """AK4: position of the element in its segment, of the component in it, element number, code, copy of the value."""

    position: int
    component: int | None = None
    reference: str = ""
    code: str
    value: str = ""


class SegmentError(DocumentPart):
    """AK3: segment id, its position counted from ST = 1, code of element 720."""

    segment_id: str
    position: int
    loop: str = ""
    code: str = ""
    elements: tuple[ElementError, ...] = ()


class SetAnswer(DocumentPart):
    """AK2..AK5: the answer to one transaction set. code A, E, P, R (M, W, X)."""

    set_type: str
    control_number: str
    code: str
    reasons: tuple[str, ...] = ()
    segments: tuple[SegmentError, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.code in {"A", "E"}


class FunctionalAcknowledgment(DocumentPart):
    """997 or 999: the answer to one functional group, matched by AK1 (never by its own ISA13; edi-operations 7)."""

    functional_id: str
    group_control: str
    version: str = ""
    code: str
    sets_announced: int = 0
    sets_received: int = 0
    sets_accepted: int = 0
    reasons: tuple[str, ...] = ()
    sets: tuple[SetAnswer, ...] = ()
    implementation: bool = False


class InterchangeAcknowledgment(DocumentPart):
    """TA1."""

    control_number: str
    date: str
    time: str
    code: str
    note: str
