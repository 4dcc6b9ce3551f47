"""Settings of the flow that takes remittance advices in."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ml_connector.config.integrations import FlowSettings

#: What an advice with a code of BPR01 is: a payment of bills; words alone; a question to a person.
Meaning = Literal["payment", "recorded", "held"]


class RemittancesIn(FlowSettings):
    """How remittance advices are entered."""

    apply: bool = Field(
        default=False,
        description="Payments are entered in the ERP and applied to the bills; without it they are matched with them,"
        " recorded and shown, and nothing is written",
    )
    account: str = Field(
        default="", max_length=80, description="Account of the ERP that these payments are made from (bank, clearing)"
    )
    handling: dict[str, Meaning] = Field(
        default_factory=dict,
        description="BPR01 code -> what such an advice is, where it differs: payment, recorded, held; see docs",
    )
    days_ahead: int = Field(default=31, ge=0, description="A payment dated further ahead is held")
    differences: dict[str, str] = Field(
        default_factory=dict,
        description="Reason of an amount that no bill carries (ADX02) -> GL account of its journal entry; a reason that"
        " is not here holds the payment",
    )
    journal: str = Field(default="", max_length=40, description="Journal that such differences are entered in")
    offset_account: str = Field(
        default="", max_length=40, description="GL account of `account`: the other side of such differences"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.apply and not self.account:
            raise ValueError("account is missing: the account of the ERP that the payments are made from")
        if self.differences and not (self.apply and self.journal and self.offset_account):
            raise ValueError("differences are entered with apply: true, a journal and an offset_account")
        return self

    @property
    def targets(self) -> frozenset[str]:
        """Differences are journal entries."""
        return frozenset({"journal_entries"}) if self.differences else frozenset()
