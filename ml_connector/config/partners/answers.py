"""How a partner answers, and how it is answered: acknowledgments and ship notices."""

from typing import Literal

from pydantic import Field, field_validator

from ml_connector.config.base import Settings


class AcknowledgmentRules(Settings):
    """What a partner answers with 997s, and what it is answered."""

    send: bool = Field(default=True, description="Answer every received group with a 997")
    form: Literal["997", "999"] = Field(default="997", description="999 only where the partner asks for it")
    interchanges: Literal["asked", "always", "never"] = Field(
        default="asked", description="TA1 for received interchanges: where ISA14 asks for it, for all, for none"
    )
    list_accepted_sets: bool = True
    expect: bool = Field(default=True, description="A 997 is expected for what we send")
    warn_after_hours: float = Field(
        default=24, gt=0, description="An alert says that the 997 is late; the document stays sent"
    )
    overdue_after_hours: float = Field(default=48, gt=0, description="The document turns overdue")


#: Elements of answers whose codes a partner may use its own way.
ANSWER_ELEMENTS = ("BAK01", "BAK02", "ACK01", "OTI01")


def upper_codes(value: dict[str, dict[str, str]], elements: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Codes of a partner by element, as the lists have them; ValueError for an element that has none."""
    for element in value:
        if element not in elements:
            raise ValueError(f"{element!r} is none of {', '.join(elements)}")
    return {element: {code.upper(): meant.upper() for code, meant in codes.items()} for element, codes in value.items()}


class OrderAnswers(Settings):
    """How the partner answers orders (855, 865, 824)."""

    silence_is_consent: bool = Field(
        default=False, description="Lines that an acknowledgment with detail leaves out are accepted as ordered"
    )
    codes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Element -> the partner's code -> the code it stands for, e.g. {ACK01: {ZA: IA}}; BAK01 and BAK02"
        " hold for BCA01 and BCA02 too",
    )

    @field_validator("codes")
    @classmethod
    def _elements(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return upper_codes(value, ANSWER_ELEMENTS)


#: Elements of ship notices whose codes a partner may use its own way.
NOTICE_ELEMENTS = ("BSN06", "BSN07", "SN108")


class ShipNotices(Settings):
    """How the partner tells of shipments (856)."""

    codes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Element -> the partner's code -> the code it stands for, or nothing, e.g. {BSN07: {NOR: ''}}",
    )

    @field_validator("codes")
    @classmethod
    def _elements(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return upper_codes(value, NOTICE_ELEMENTS)
