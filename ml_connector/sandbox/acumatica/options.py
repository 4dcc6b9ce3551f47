"""What can be set on the Acumatica stand-in. Defaults follow what is confirmed of the real one; what nobody has found
out (acumatica 12) is a switch, with the default that finds more faults in a client.
"""

from dataclasses import dataclass, field
from decimal import Decimal

TENANT = "AcmeFoods"
SECOND_TENANT = "AcmeTest"
CLIENT_GUID = "5D6E2A1F-3C7B-4E0A-9A61-0C8D5B7F2E11"
SECOND_CLIENT_GUID = "8B14C9D0-77E2-4F3B-8D52-61A0F4E9C730"
USER = "edi"
PASSWORD = "sandbox-password"
SECRET = "sandbox-client-secret"


@dataclass(slots=True)
class AcumaticaOptions:
    """Every value may be changed while the sandbox runs."""

    # Where it answers and what it offers (acumatica 2)
    directory: str = "/AcmeERP"  # the virtual directory; "" serves at the root
    versions: tuple[str, ...] = ("20.200.001", "22.200.001", "23.200.001", "24.200.001")
    build: str = "24.205.0012"
    bare_endpoint_list: bool = False  # old builds: an array
    unknown_version: str = "json"  # or "html": the body of the 404
    time_zone: str = "Europe/Athens"  # of the user: east of UTC, where a day read as UTC is the day before
    # Log-in (acumatica 1)
    user: str = USER
    password: str = PASSWORD
    client_secret: str = SECRET
    cookie_login: bool = True  # the vendor says that it will be dropped
    access_seconds: int = 3600
    refresh_days: int = 30
    refresh_sliding: bool = False
    code_seconds: int = 300
    spent_refresh: str = "refused"  # or "accepted"
    token_after_logout: str = "dead"  # or "alive"
    idle_minutes: int = 20  # of a cookie session
    # Seats (acumatica 1.3)
    seats: int | None = 2
    user_seats: int | None = None  # Max. Number of Concurrent Logins
    seat_refusal: str = "500"  # or "429", "302", "evict"
    unauthorized_body: bool = True
    lock_status: int = 500  # of calls of a session that meet its own running action
    # Limits (acumatica 1.3)
    per_minute: int | None = None
    concurrent: int | None = None
    queue_length: int = 20
    queue_minutes: int = 10
    retry_after: str | None = None
    # Reading (acumatica 3)
    orderby: str = "ignored"  # or "refused"
    not_optimized: dict[str, list[str]] = field(default_factory=dict)  # entity -> fields fed by code
    empty_details_in_lists: bool = False
    moving_rows: bool = False  # lists come in the order of the last change, so that pages shift
    cross_view_empty: bool = False  # conditions over several views, joined by and, find nothing
    hidden: set[str] = field(default_factory=set)  # "Vendor/V000018": rows of restriction groups
    forbidden: set[str] = field(default_factory=set)  # entities whose form the user may not open
    # Writing (acumatica 5)
    unknown_fields: str = "ignored"  # or "refused"
    unwrapped_values: str = "ignored"  # or "refused"
    unknown_id: str = "error"  # or "insert"
    several_matches: str = "error"  # or "first": a PUT $filter that finds more than one
    keys_in_reply: bool = False  # the reply names keys that were not sent
    own_numbers: str = "replaced"  # or "kept": a number of one's own on a new auto-numbered document
    unknown_branch: str = "ignored"  # or "refused": PX-CbApiBranch
    errors_in_200: bool = False  # old builds: a refused line is left out, with `error`, in a reply of 200
    # Actions (acumatica 6)
    action_seconds: float = 0.2  # 0: 204 at once
    location_on_204: bool = False  # a 204 may carry a Location as well, which is not to be followed
    status_seconds: int = 600  # how long a finished status id is remembered
    action_not_created: int = 0  # so many next actions are 204 and do nothing
    # Screens (acumatica 8.1)
    bill_by_order: bool = False  # "Allow AP Bill Before Receipt" of vendors made here
    po_link_on_receipt_billed: str = "refused"  # or "unlinked": a line without the link
    hold_bills: bool = True  # Hold Documents on Entry
    hold_receipts: bool = True
    hold_orders: bool = True
    hold_sales_orders: bool = True
    bill_approval: bool = False
    order_approval: bool = False
    require_vendor_ref: bool = False
    unique_vendor_ref: bool = False
    validate_totals: bool = False
    create_bill_on_receipt: bool = True
    lots: bool = True  # the lot and serial feature
    customer_order: str = "allow"  # or "warn", "forbid"
    require_customer_order: bool = False
    price_list_wins: bool = True  # over a UnitPrice without ManualPrice
    credit_check: bool = False
    line_ship_to: bool = True  # the order type shows a ship-to location in its lines; else it is dropped
    alternate_on_input: bool = True  # an order line takes an item by AlternateID
    closed_periods: set[str] = field(default_factory=set)  # "022026": of AP, AR and IN
    setup_missing: set[str] = field(default_factory=set)  # entities whose module is not set up
    default_tax_rate: Decimal = Decimal("8.25")  # of the seeded tax, when the data are made
