"""What the Exact package needs to know of a connection; composition maps the configuration to it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

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
    are. without: reference tables that the edition does not have. failure_texts: see FAILURE_TEXTS.
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
