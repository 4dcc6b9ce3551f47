"""Settings of the flow that takes vendors in."""

from typing import Literal

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.config.integrations import FlowSettings

#: What a vendor that is to be created must have.
Said = Literal["tax_number", "bank_account", "address"]
#: What of a linked vendor a person is asked about where the sender has it otherwise.
Difference = Literal["name", "tax_number", "bank_account", "address"]


class NewVendors(Settings):
    """How vendors are created."""

    needs: tuple[Said, ...] = Field(
        default=("address",), description="What has to be known of one; where it is not, it is proposed"
    )
    number: str = Field(
        default="",
        max_length=20,
        pattern=r"^[^{}]*(\{number\}[^{}]*)?$",
        description="Its number at the ERP, with {number} for the sender's; empty: the ERP gives one",
    )
    vendor_class: str = Field(default="", max_length=40, description="The ERP's class or type of vendors")
    gl_account: str = Field(default="", max_length=40, description="Default expense account, where the ERP has one")
    payment_terms: dict[str, str] = Field(
        default_factory=dict, description="The sender's terms -> the ERP's; what is not here is left to the ERP"
    )
    default_payment_terms: str = Field(default="", description="Terms where the sender has none that are known")


class VendorsIn(FlowSettings):
    """How vendors that others tell of become ours."""

    unknown: Literal["propose", "create"] = Field(
        default="propose",
        description="A vendor that nothing of ours is like. propose: held with what it takes to create it; create: "
        "created in the ERP, once",
    )
    new: NewVendors = NewVendors()
    hold_differences: tuple[Difference, ...] = Field(
        default=("bank_account",),
        description="Of a vendor that was linked: what a person is asked about where the sender has it otherwise; the "
        "rest is noted. Nothing is changed at the ERP from here",
    )
    unknown_senders: bool = Field(
        default=True,
        description="Whoever sent an invoice that is held because nobody knows its sender is proposed as a vendor",
    )

    @property
    def targets(self) -> frozenset[str]:
        """Vendors are created where a setting says so."""
        return frozenset({"vendors"}) if self.unknown == "create" else frozenset()
