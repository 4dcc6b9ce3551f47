"""What can be set on the Sage Intacct stand-in. Defaults follow what is confirmed of the real one; what nobody has
found out (sage-intacct 11) is a switch, with the default that finds more faults in a client.
"""

from dataclasses import dataclass, field

COMPANY = "AcmeMfg"
SECOND_COMPANY = "AcmeTest"
SENDER = "edi-sender"
SENDER_PASSWORD = "sandbox-sender-password"
USER = "edi"
PASSWORD = "sandbox-password"
PATH = "/ia/xml/xmlgw.phtml"


@dataclass(slots=True)
class SageIntacctOptions:
    """Every value may be changed while the sandbox runs."""

    # Where it answers (sage-intacct 1)
    path: str = PATH
    session_path: str = "/ia3/xml/xmlgw.phtml"  # what getAPISession returns, at the host that was called
    session_endpoint: str = ""  # another address to return, whole
    session_elsewhere: str = "accepted"  # or "refused": a session used at the general address
    dtd_versions: tuple[str, ...] = ("3.0", "2.1")
    # Log-in (sage-intacct 2)
    sender: str = SENDER
    sender_password: str = SENDER_PASSWORD
    user: str = USER
    password: str = PASSWORD
    unauthorized_companies: set[str] = field(default_factory=set)  # that do not list the sender
    expired_companies: set[str] = field(default_factory=set)  # demo companies at their end
    session_minutes: int = 360  # slides with every call
    dead_session: str = "authentication"  # or "401": both exist
    # Formats of the user (sage-intacct 6.4)
    gmt_offset: str = "-05:00"
    date_format: str = "/mdY"
    clock: str = "24"
    locale: str = "en_US"
    # Repeats (sage-intacct 5)
    unique_on: str = "function"  # or "both": control/controlid counts too
    unique_days: float | None = None  # how long an id is remembered; None: for ever
    repeat_errorno: str = "BL01001973"
    in_process_errorno: str = "BL01001973"
    late_in_process: bool = True  # a repeat while the first try is still to be committed is told so
    # One at a time (sage-intacct 5)
    concurrent: int | None = 1  # requests of a company at work at once
    turn_seconds: float = 2.0  # how long one waits for its turn before GW-0010
    work_seconds: float = 0.0  # how long a request takes at least
    # Roll-back and general errors (sage-intacct 4, 8)
    rollback: str = "failure"  # or "aborted": the spelling of the function that is at fault
    general_line: str = "new"  # or "old": the last entry of a refused write
    support_ids: bool = True
    # Reading (sage-intacct 5, 6)
    lag_seconds: float = 0.0  # reads show the books as they were so long ago
    lag_uneven: bool = False  # each record lags by a share of that, so that a later one may be seen first
    shuffled: bool = True  # without orderby, pages come in no order
    result_minutes: int = 30  # how long readMore finds its rows
    forbidden: set[str] = field(default_factory=set)  # objects that the user may not read
    audit_history: bool = True
    null_modified: set[str] = field(default_factory=lambda: {"VENDOR", "DEPARTMENT", "CLASS", "PROJECT"})
    # Writing (sage-intacct 7)
    unknown_fields: str = "ignored"  # or "refused": upper-case fields that an object does not have
    iso_dates: bool = False  # create takes them
    multi_entity: bool = True  # every line needs a location
    bill_numbers: bool = False  # the company numbers its bills itself
    vendor_numbers: bool = False
    tax_details: bool = False  # a VAT company: each line of a bill needs TAXENTRIES
    unique_bills: bool = False  # a bill number twice for a vendor is refused
    bill_approval: bool = False  # a submitted bill waits for a person
    over_conversion: str = "refused"  # or "allowed"
    partial_conversion: str = "leave open"  # or "close": what a partial conversion does to its source
    converted_needs_key: bool = True  # a line without sourcelinekey converts nothing
    bill_number_of_invoice: str = "document"  # or "vendor": which number a Vendor Invoice's bill bears
    purchase_approval: set[str] = field(default_factory=set)  # definitions whose documents are submitted first
    numbered: set[str] = field(  # definitions that number their documents
        default_factory=lambda: {"Purchase Order", "PO Receiver", "Vendor Invoice", "Vendor Return", "Sales Order"}
    )
    closed_through: str = ""  # books closed through that day, YYYY-MM-DD
    # Troubles drawn for a share of the requests: passing, concurrent, dead_session, rolled_back, rate (sage-intacct 4)
    trouble_shares: dict[str, float] = field(default_factory=dict)
    max_body: int = 16 * 1024 * 1024
