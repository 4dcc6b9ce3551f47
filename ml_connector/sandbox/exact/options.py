"""What can be set on the Exact stand-in. Defaults follow what is confirmed of the real one."""

from dataclasses import dataclass, field
from decimal import Decimal

CLIENT_ID = "b81cc4de-d192-400e-bcb4-09254394c52a"


@dataclass(slots=True)
class ExactOptions:
    """Every value may be changed while the sandbox runs."""

    client_id: str = CLIENT_ID
    client_secret: str = "sandbox-client-secret"
    webhook_secret: str = "sandbox-webhook-secret"
    redirect_uri: str | None = None  # None: any https address, or http on loopback
    language: str = "en"  # of business messages: "en" or "nl"
    page_size: int = 60
    sync_page_size: int = 1000
    minute_limit: int | None = 60
    day_limit: int | None = 5000
    error_limit: int | None = None  # 10 at the real one; the block is off by default
    access_seconds: int = 600
    early_refresh_seconds: int = 570
    early_refresh_status: int = 400  # or 401, as the official page has it
    refresh_days: int = 30
    code_seconds: int = 180
    mandatory_filter: bool = False  # lists of entities with a sync twin need a filter
    next_on_full_page: bool = False  # a full last page still has a __next, to an empty one
    allow_over_receipt: bool = False
    refuse_duplicate_your_ref: bool = False  # the real one accepts them over REST
    missing_scopes: set[str] = field(default_factory=set)  # services that answer 403
    missing_editions: set[str] = field(default_factory=set)  # entity paths that answer 403
    closed_periods: set[tuple[int, int]] = field(default_factory=set)  # (year, period)
    rates: dict[str, Decimal] = field(
        default_factory=lambda: {"EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.17")}
    )
    webhook_seconds: float = 0.05  # until the first delivery
    webhook_repeat: float = 0.0  # probability of a second delivery of the same body
    webhook_disorder: bool = False
    webhook_retries: int = 10
    webhook_retry_seconds: float = 1.0
    webhook_late_check: bool = False  # validate the callback after the 201 instead of before it
    webhook_https_only: bool = False
    document_per_entry: bool = True
