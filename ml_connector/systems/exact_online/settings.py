"""The settings of a connection to Exact Online, and what its clients need to know of them."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from ml_connector.config.base import web_address, zone_name
from ml_connector.config.connections import ErpSettings, WebConnection
from ml_connector.config.secrets import SecretRef

#: A new access token may be asked for at this age at the earliest (exact-online 2.3: the 9:30 rule).
REFRESH_FLOOR = 570
#: In the path of its notices. Subscriptions hold it: never change it.
WEBHOOK_WORD = "exact"

#: The text of a real failure, in the languages seen; all other texts of a 500 are business messages (exact-online 6).
FAILURE_TEXTS = (
    "A problem has occurred. The cause of this issue will be investigated as soon as possible.",
    "Er is een probleem opgetreden. De oorzaak van dit probleem wordt zo spoedig mogelijk onderzocht.",
)


#: Of the server, whatever the division (exact-online 4.4).
SERVER_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class ExactSettings:
    """One connection to one division; which one, the client is told by itself.

    language: of descriptions (NL, FR-BE ...), empty for the user's own. poll_overlap_seconds: how far a poll by
    Modified reaches back. closed_order_days: how long orders that are invoiced in full stay in the
    table of open orders, for credit notes and clear answers. full_sync_days: how often
    synchronised tables are read whole all the same. credit_factor: sign of quantities and amounts on
    matched credit notes (Type 8034). concurrency: look-ups of other records made at once; pages of one list never
    are. without: reference tables that the edition does not have. failure_texts: see FAILURE_TEXTS. payments_as,
    clearing_account, discount_account: see the connection.
    """

    connection: str
    journal: str = "60"
    language: str = ""
    time_zone: ZoneInfo = SERVER_ZONE
    poll_overlap_seconds: int = 60
    closed_order_days: int = 365
    full_sync_days: int = 7
    credit_factor: int = 1
    description_length: int = 60
    max_url: int = 6000
    max_post: int = 10_000_000
    longest_wait: float = 65.0
    concurrency: int = 4
    attempts: int = 5
    without: tuple[str, ...] = ()
    failure_texts: tuple[str, ...] = FAILURE_TEXTS
    payments_as: str = "bank_entry"
    clearing_account: str = ""
    discount_account: str = ""


class ExactOnlineConnection(ErpSettings, WebConnection):
    """One app registration at Exact Online, one division."""

    system: Literal["exact_online"]
    client_id: str
    client_secret: SecretRef
    webhook_secret: SecretRef | None = Field(
        default=None, description="The app's webhook secret; without it the receiver refuses notices"
    )
    redirect_uri: str = Field(description="Exactly as registered with the app; the webhook receiver hosts it")
    division: int | None = Field(default=None, gt=0, description="Explicit division; else current/Me is asked once")
    refresh_age_seconds: int = Field(
        default=REFRESH_FLOOR + 5,
        ge=REFRESH_FLOOR,
        lt=600,
        description="Age at which a new access token is asked for. Below 570 s Exact refuses and counts an error.",
    )
    authorization_warning_days: int = Field(default=7, ge=1, le=29)
    poll_overlap_seconds: int = Field(default=60, ge=0, description="Overlap of polls by Modified")
    day_reserve: int = Field(default=100, ge=0, description="Calls of the daily limit kept for people and other apps")
    time_zone: str = "Europe/Amsterdam"
    language: str = Field(
        default="", max_length=10, description="Language of descriptions (NL, FR-BE, EN-GB); empty: the user's own"
    )
    full_sync_days: int = Field(
        default=7, ge=1, le=60, description="How often synchronised tables are read whole all the same"
    )
    closed_order_days: int = Field(
        default=365, ge=0, description="How long orders invoiced in full stay in the table of open orders"
    )
    credit_note_sign: Literal[1, -1] = Field(
        default=1, description="Sign of quantities and amounts on matched credit notes (Type 8034)"
    )
    without: tuple[Literal["cost_centers", "cost_units", "addresses"], ...] = Field(
        default=(),
        description="Tables that this edition of Exact does not have, or the user may not read (403): taken as empty,"
        " never asked for. Without addresses, orders that go to an address of their own are held",
    )
    payments_as: Literal["bank_entry", "journal_entry"] = Field(
        default="bank_entry",
        description="How payments that others make are booked: in a bank journal of the clearing account, or in a"
        " general journal against `clearing_account`",
    )
    clearing_account: str = Field(
        default="", max_length=20, description="GL account that payments go against, with payments_as: journal_entry"
    )
    discount_account: str = Field(
        default="", max_length=20, description="GL account of discounts that were taken; empty: such a payment is held"
    )
    failure_texts: tuple[str, ...] = Field(
        default=(), description="Further texts of a 500 that mean a failure at Exact and no business message"
    )

    @property
    def account(self) -> str:
        return self.client_id

    @property
    def callback_path(self) -> str:
        return urlsplit(self.redirect_uri).path

    _zone = field_validator("time_zone")(zone_name)
    _redirect = field_validator("redirect_uri")(web_address)
