"""Settings of the flow that books payments of a network."""

from datetime import date
from typing import Literal

from pydantic import Field

from ml_connector.config.integrations import Polled

#: From which stage on an invoice counts as paid (avidxchange 5): our account was debited, money is on its way, it came.
PaidWhen = Literal["funded", "issued", "cleared"]


class PaymentsIn(Polled):
    """How payments of a network are booked."""

    account: str = Field(
        min_length=1,
        max_length=80,
        description="What the payments are booked against in the ERP, best a clearing account of its own: a journal or"
        " account, as the ERP calls it",
    )
    paid_when: PaidWhen = Field(
        default="issued",
        description="When an invoice counts as paid. funded: our account was debited; issued: on its way to the"
        " supplier; cleared: the supplier has it",
    )
    poll_seconds: int = Field(default=900, ge=60)
    closed_until: date | None = Field(default=None, description="The last day of the periods that are closed")
    closed_periods: Literal["hold", "first_open_day"] = Field(
        default="hold", description="What becomes of a payment dated in a closed period; both dates are kept"
    )
    read_back_days: int = Field(default=45, ge=1, le=366, description="How long the ERP is asked whether it matched it")
    read_back_minutes: int = Field(default=10, ge=0, le=1440, description="How often that is looked for at most")
