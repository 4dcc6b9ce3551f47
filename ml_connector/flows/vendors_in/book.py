"""Every vendor that a proposed one may be: those of the ERP, those that were made of proposals and are not read yet,
and those that other proposals are about.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.master.vendors import VendorProposal
from ml_connector.documents.reference import ReferenceTable, Vendor
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.flows.vendors_in.matching import Subject, Vendors
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

KIND = DocumentKind.VENDOR_PROPOSAL
#: Of these nobody knows yet which vendor they are, or it is being made.
OPEN = (S.PARSED, S.QUARANTINED, S.MATCHED, S.POSTING, S.UNKNOWN_OUTCOME)
#: So long a vendor that was made may not stand in the table as read.
READ_BY = timedelta(days=7)


@dataclass
class VendorBook:
    """ours: by code. open: what older proposals are about that are not decided yet, by document (`older`)."""

    ours: Vendors
    open: Vendors = field(default_factory=Vendors)
    versions: dict[str, int] = field(default_factory=dict)


def of_vendor(one: Vendor) -> Subject:
    """A vendor of the ERP."""
    return Subject(
        key=one.code,
        code=one.code,
        names=(one.name,),
        tax_numbers=(one.vat_number,),
        bank_accounts=one.bank_accounts,
        street=one.street,
        postal_code=one.postal_code,
        city=one.city,
        country=one.country,
        blocked=one.blocked,
    )


def of_proposal(one: VendorProposal, key: str, code: str = "") -> Subject:
    """A proposed vendor."""
    return Subject(
        key=key,
        code=code,
        names=tuple(name for name in (one.name, *one.other_names) if name.strip()),
        tax_numbers=one.tax_numbers,
        bank_accounts=one.bank_accounts,
        street=one.street,
        postal_code=one.postal_code,
        city=one.city,
        country=one.country,
    )


def read_proposal(row: DocumentRow) -> VendorProposal:
    """What a document proposes."""
    return stored(KIND, row.canonical, VendorProposal)


def key_of(row_id: int) -> str:
    """A proposal among those that are open."""
    return f"document {row_id}"


def open_book(integration: Integration, as_of: date | None = None) -> VendorBook:
    """All of them, as they are now."""
    book = ReferenceBook.of(integration, as_of)
    read: Iterable[Vendor] = book.records(ReferenceTable.VENDORS)
    ours = Vendors(of_vendor(one) for one in read)
    with integration.ledger.read() as tx:
        since = integration.clock.now() - READ_BY
        applied = earlier.received_since(tx, integration.books, KIND, (S.APPLIED,), since)
    for row in applied:
        decided = Decided.read(row.work)
        if decided.created and ours.get(decided.vendor) is None:
            ours.add(of_proposal(read_proposal(row), decided.vendor, decided.vendor))
    return VendorBook(ours, versions=dict(book.versions))


class Older:
    """Open proposals, to be known one after another: each counts for those that came after it."""

    def __init__(self, integration: Integration, book: VendorBook) -> None:
        with integration.ledger.read() as tx:
            self._left = deque(earlier.received_at(tx, integration.books, KIND, OPEN))
        self._book = book

    def than(self, row: DocumentRow, decided: Collection[int]) -> VendorBook:
        """The book as it is for this proposal. Asked by rising id; decided: those that are none any more."""
        while self._left and self._left[0].id < row.id:
            one = self._left.popleft()
            if one.canonical and one.id not in decided:
                self._book.open.add(of_proposal(read_proposal(one), key_of(one.id)))
        return self._book
