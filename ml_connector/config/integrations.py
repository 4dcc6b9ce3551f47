"""Integrations: a pair of connections with the flows that run between them."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Day, Settings, zone_name
from ml_connector.config.dimensions import DimensionCoding, DimensionName, one_of
from ml_connector.config.partners import MatchTolerances, OrderChanges, X12Identity
from ml_connector.config.units import Language, UnitCodes, unit_codes
from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT


class VatRule(Settings):
    """Which VAT code a tax means. Rules are tried in order; the first that fits decides."""

    kind: str = Field(default="", description="TXI01, e.g. VA; empty fits all")
    percent: str = Field(default="", description="e.g. 21; empty fits all")
    country: str = Field(default="", description="Supplier's country; empty fits all")
    code: str = Field(description="VAT code at the ERP, without padding")

    @field_validator("percent")
    @classmethod
    def _number(cls, value: str) -> str:
        try:
            number = Decimal(value or 0)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            raise ValueError('is not a percentage; write it like "21" or "5.5", without a sign')
        return value


class Coding(Settings):
    """How lines get their GL account, their dimensions and their taxes."""

    item_accounts: dict[str, str] = Field(default_factory=dict, description="Item code -> GL account code")
    default_account: str = ""
    item_cost_centers: dict[str, str] = Field(default_factory=dict)
    default_cost_center: str = ""
    default_cost_unit: str = ""
    dimensions: dict[DimensionName, DimensionCoding] = Field(
        default_factory=dict,
        description="Dimension (department, location ...) -> its codes; cost_center and cost_unit may stand here too",
    )
    charge_items: dict[str, str] = Field(
        default_factory=dict, description="SAC code -> item code, for matched invoices (freight D240 ...)"
    )
    charge_accounts: dict[str, str] = Field(
        default_factory=dict, description="SAC code -> GL account code, for coded invoices"
    )
    rounding_account: str = Field(
        default="", description="GL account of cents that rounding explains, for coded invoices; else the largest line"
    )
    rounding_item: str = Field(
        default="", description="Item of cents that rounding explains, for matched invoices; else the largest line"
    )
    vat: tuple[VatRule, ...] = ()

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        for name in (COST_CENTER, COST_UNIT):
            self.dimension(name)
        return self

    def dimension(self, name: str) -> DimensionCoding:
        """The codes of a dimension; those of cost centers and cost units from their older keys too."""
        general = self.dimensions.get(name, DimensionCoding())
        older = {COST_CENTER: self.default_cost_center, COST_UNIT: self.default_cost_unit}.get(name, "")
        items = self.item_cost_centers if name == COST_CENTER else {}
        here = f"dimensions.{name}"
        for item in items.keys() & general.items.keys():
            one_of(items[item], general.items[item], f"item_cost_centers.{item}", f"{here}.items.{item}")
        return DimensionCoding(
            default=one_of(older, general.default, f"default_{name}", f"{here}.default"),
            items={**general.items, **items},
        )

    def of_item(self, name: str, item: str) -> str:
        """What `dimension(name)` says of one item; asked for every line."""
        older = self.item_cost_centers.get(item, "") if name == COST_CENTER else ""
        return older or self.dimensions.get(name, _NO_CODES).items.get(item, "")

    def otherwise(self, name: str) -> str:
        """The default of `dimension(name)`; asked for every line."""
        older = {COST_CENTER: self.default_cost_center, COST_UNIT: self.default_cost_unit}.get(name, "")
        return older or self.dimensions.get(name, _NO_CODES).default

    def dimension_keys(self, name: str) -> tuple[str, str]:
        """Where the codes of a dimension stand in these settings: by item, and the default."""
        if name in self.dimensions or name not in {COST_CENTER, COST_UNIT}:
            return f"dimensions.{name}.items", f"dimensions.{name}.default"
        return f"item_{name}s", f"default_{name}"

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Dimensions that these settings give a code of."""
        named = [name for name in (COST_CENTER, COST_UNIT, *self.dimensions) if self.dimension(name) != _NO_CODES]
        return tuple(dict.fromkeys(named))


_NO_CODES = DimensionCoding()


#: What of the ERP's webhooks a flow reads. bookings: which invoices somebody keyed, for whoever asks. "": nothing.
NoticesOf = Literal["", "orders", "entries", "bookings"]


class FlowSettings(Settings):
    """What every flow's settings have."""

    enabled: bool = True

    @property
    def targets(self) -> frozenset[str]:
        """What they ask of the ERP besides `needs` of the flow, by the names of `flows.core.ports`."""
        return frozenset()

    @property
    def reads_notices(self) -> NoticesOf:
        """What the flow reads of what webhooks of the ERP tell."""
        return ""

    @property
    def cut_offs(self) -> "ProcurementCalendar | None":
        """When its documents leave; None for as soon as they are there. The step that reads them notes that a cut-off
        is served (`flows.core.cut_offs`).
        """
        return None

    @property
    def looks_every(self) -> int:
        """Seconds after which a sensor asks outside again for what is new."""
        return 120


class Polled(FlowSettings):
    """Of flows that poll for what they read."""

    poll_seconds: int = Field(default=120, ge=30)
    start_date: Day = Field(
        default="", description="What is dated before it (YYYY-MM-DD) is left alone; empty: day of the first read"
    )

    @property
    def looks_every(self) -> int:
        """Seconds after which it is polled again."""
        return self.poll_seconds


F = TypeVar("F", bound=FlowSettings)


class InvoicesIn(FlowSettings):
    """How suppliers' invoices are matched, coded and posted."""

    mode: Literal["matched", "coded", "auto"] = Field(
        default="auto",
        description="matched: order lines linked; coded: GL account and cost center; see docs/integrations",
    )
    journal: str = Field(default="60", description="Purchase journal code")
    match: Literal["three_way", "two_way"] = Field(
        default="three_way", description="three_way also looks at what was received"
    )
    tolerances: MatchTolerances = MatchTolerances()
    days_ahead: int = Field(
        default=31, ge=0, description="An invoice dated further ahead is held; a wrong year is the usual mistake"
    )
    attach_original: bool = False
    look_for_hand_keyed: bool = True
    coding: Coding = Coding()

    @property
    def reads_notices(self) -> NoticesOf:
        """What was keyed by hand is not booked twice."""
        return "bookings" if self.enabled else ""


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ProcurementCalendar(Settings):
    """When orders leave: at the cut-off times of business days. What is approved later leaves at the next one."""

    cut_offs: tuple[str, ...] = Field(default=("16:00",), min_length=1, description="Times of day, HH:MM")
    weekdays: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    holidays: tuple[date, ...] = Field(default=(), description="Days without a cut-off, YYYY-MM-DD")
    time_zone: str = "Europe/Amsterdam"

    @field_validator("cut_offs")
    @classmethod
    def _times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", one):
                raise ValueError(f"{one!r} is not a time of day, like 16:00")
        return value

    _zone = field_validator("time_zone")(zone_name)

    @property
    def crons(self) -> list[str]:
        """One cron line for each cut-off, holidays left to `is_holiday`."""
        days = ",".join(self.weekdays)
        return [f"{int(time[3:])} {int(time[:2])} * * {days}" for time in self.cut_offs]

    def is_holiday(self, moment: datetime) -> bool:
        return moment.astimezone(ZoneInfo(self.time_zone)).date() in self.holidays


class ShipToAddress(Settings):
    """The address of a warehouse of ours."""

    street: tuple[str, ...] = Field(min_length=1, max_length=4)
    postal_code: str = ""
    city: str
    region: str = Field(default="", description="State or province, two letters")
    country: str = Field(default="", pattern="^([A-Z]{2,3})?$")


class SendsUnits(FlowSettings):
    """Of flows whose documents have units: the ERP's in X12's."""

    units: dict[str, str] = Field(
        default_factory=dict,
        description="Unit code of the ERP -> X12 unit code; what is in no list, or empty here, is held",
    )
    units_language: Language = Field(
        default="", description="What the ERP's unit codes mean where `units` does not say: st is a piece in nl and de"
    )

    @field_validator("units")
    @classmethod
    def _x12_units(cls, value: dict[str, str]) -> dict[str, str]:
        for unit, code in value.items():
            if code and (len(code) != 2 or not code.isascii() or not code.isalnum() or code != code.upper()):
                raise ValueError(f"{unit!r}: {code!r} is not an X12 unit, two capitals or digits like EA")
        return value

    @property
    def unit_codes(self) -> UnitCodes:
        """X12 unit by the ERP's: these units, and those that are shipped."""
        return unit_codes(tuple(self.units.items()), self.units_language)


class OrdersOut(Polled, SendsUnits):
    """Which orders leave, and how."""

    approved_only: bool = True
    poll: bool = Field(default=True, description="Read orders by their modification time")
    webhooks: bool = Field(default=True, description="Read orders that a webhook named")
    calendar: ProcurementCalendar | None = Field(
        default=None, description="Orders leave at cut-off times of business days; without it as soon as they are there"
    )
    own_accounts: tuple[str, ...] = Field(
        default=(),
        description="Codes of relations in the ERP that are ourselves: an order with a delivery address of theirs"
        " goes to its warehouse",
    )
    acknowledgment_wanted: str = Field(default="AC", description="BEG07")

    @property
    def reads_notices(self) -> NoticesOf:
        """Orders are read that a webhook named."""
        return "orders" if self.enabled and self.webhooks else ""

    @property
    def cut_offs(self) -> ProcurementCalendar | None:
        """When orders leave; None for as soon as they are there."""
        return self.calendar


class ShipmentsIn(FlowSettings):
    """How ship notices are received."""

    over_shipment_percent: int = Field(default=0, ge=0, le=100)
    days_ahead: int = Field(
        default=31, ge=0, description="A notice that is dated or shipped further ahead is held; a wrong year, mostly"
    )
    receipt_date: Literal["shipped", "expected", "today"] = "today"


class AcknowledgmentsIn(FlowSettings):
    """How answers of partners are taken."""

    order_changes: OrderChanges = Field(
        default="propose",
        description="What suppliers change in an 855. propose: shown, a person changes the order; write_back: "
        "quantities and delivery dates are written to the order's lines in the ERP, never prices or refusals",
    )

    @property
    def targets(self) -> frozenset[str]:
        """Agreed changes are written to the ERP where a setting says so."""
        return frozenset({"order_changes"}) if self.order_changes == "write_back" else frozenset()


class Flows(Settings):
    """The settings of each flow by its name. Those of other flows that are known join them: `config.flows`."""

    orders_out: OrdersOut = OrdersOut()
    invoices_in: InvoicesIn = InvoicesIn()
    shipments_in: ShipmentsIn = ShipmentsIn()
    acknowledgments_in: AcknowledgmentsIn = AcknowledgmentsIn()

    def named(self, flow: str) -> FlowSettings:
        """The settings of the flow of this name; a flow without any of its own has those of every flow."""
        found: FlowSettings | None = getattr(self, flow, None)
        return found if found is not None else FlowSettings()

    def read_notices(self, of: NoticesOf) -> bool:
        """Whether one of them reads that of what webhooks of the ERP tell."""
        return any(self.named(name).reads_notices == of for name in type(self).model_fields)

    def of(self, model: type[F]) -> F:
        """The settings that are of this model."""
        return next(one for name in type(self).model_fields if isinstance(one := getattr(self, name), model))


class IntegrationSettings(Settings):
    """A pair of connections, who we are on the network, and what flows."""

    erp: str
    network: str
    environment: Literal["production", "test"] = Field(
        description="Interchanges whose ISA15 does not fit are held, never posted"
    )
    identity: X12Identity
    company_name: str = ""
    ship_to_names: dict[str, str] = Field(default_factory=dict, description="Warehouse code -> name on orders")
    ship_to_addresses: dict[str, ShipToAddress] = Field(
        default_factory=dict,
        description="Warehouse code -> its address, sent with the name; alone where the partner has no code for it",
    )
    partners: str = Field(description="Folder of the partner files, relative to this file")
    flows: Flows = Flows()
    batch_size: int = Field(default=200, ge=1, le=1000, description="Documents claimed at once")
    quarantine_retry_minutes: int = Field(
        default=10, ge=1, description="Held documents are looked at again so often at most"
    )
    sensor_seconds: int = Field(default=15, ge=5)
