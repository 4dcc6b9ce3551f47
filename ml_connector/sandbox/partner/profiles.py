"""The partners of the sandbox: who they are and how they write."""

from dataclasses import dataclass
from typing import Any, Literal

from ml_connector.clock import Clock
from ml_connector.sandbox.partner.documents.x12 import Party, Separators, Writer

PLAIN = Separators()
US = Party("ZZ", "VOLTWERK", "VOLTWERK")


@dataclass(frozen=True)
class Profile:
    """One partner. supplier: its code at the ERP. tax_rate: how TXI03 is written (x12-procurement, TXI).

    us: what it knows us as; what somebody else sends it is nobody's order.
    behaviour: settings in which it differs from the honest default. fixed_control: always sends ISA13 000000001.
    """

    name: str
    title: str
    supplier: str
    party: Party
    version: str = "004010"
    separators: Separators = PLAIN
    file_name: str = "{kind}_{control}.edi"
    tax_rate: Literal["percent", "fraction", "absent"] = "percent"
    behaviour: tuple[tuple[str, Any], ...] = ()
    fixed_control: bool = False
    us: Party = US

    def writer(self, clock: Clock) -> Writer:
        return Writer(self.party, self.us, clock, self.version, self.separators)


NORTHWIND = Profile(
    name="NORTHWIND",
    title="Northwind Components",
    supplier="20011",
    party=Party("ZZ", "NORTHWIND", "NORTHWIND"),
)
ACME = Profile(
    name="ACME",
    title="Acme Fasteners",
    supplier="20012",
    party=Party("01", "004321519", "ACMEFAST"),
    version="005010",
    separators=Separators(component=":"),
    file_name="ACME-{control}-{kind}.x12",
    tax_rate="fraction",
    behaviour=(("ship", "items"),),
)
BRIGHTLINE = Profile(
    name="BRIGHTLINE",
    title="Brightline Cables",
    supplier="20013",
    party=Party("14", "0073268795005", "BRIGHTLINE"),
    separators=Separators(suffix="\n"),
    file_name="{kind}{control}.txt",
    behaviour=(("item_qualifiers", ("VP",)),),
)
PROFILES = (NORTHWIND, ACME, BRIGHTLINE)
