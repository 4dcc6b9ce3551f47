"""What a person says of a vendor that is held, on its way in or out: which one it is, or that it is to be created."""

from dataclasses import replace

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import NotPossibleError
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import NEW_VENDORS
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.vendors_in.book import KIND as PROPOSAL
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def link(integration: Integration, work: RunScope, row: DocumentRow, code: str) -> str:
    """It is that vendor: of ours, or of the network where it is one of ours that leaves. Returns our vendor's name.

    Raises:
        NotPossibleError: it is not held, or there is no such vendor.
    """
    _check(row)
    name = ""
    if row.kind is PROPOSAL or Decided.read(row.work).gone:
        book = ReferenceBook.of(integration)
        vendor = book.vendor(code)
        if vendor is None:
            raise NotPossibleError(
                f"The ERP has no vendor {code[:40]}.", remedy=f"`ml-connector reference show {ReferenceTable.VENDORS}`."
            )
        code, name = vendor.code, vendor.name
    _say(integration, work, row, Decided(word="link", of=code), f"is vendor {code}")
    return name


def create(integration: Integration, work: RunScope, row: DocumentRow) -> None:
    """It is none of those that are there: created with the next run.

    Raises:
        NotPossibleError: it is not held, was there before, or the ERP takes no vendors from here.
    """
    _check(row)
    if Decided.read(row.work).gone:
        raise NotPossibleError(
            "It is not a supplier of the ERP any more.", remedy="`ml-connector vendors link`, or `end`."
        )
    if row.kind is PROPOSAL and NEW_VENDORS.name not in integration.erp.targets:
        raise NotPossibleError(
            f"No vendors are created in {integration.erp.system} from here.",
            remedy="Create it there; it is linked by itself then.",
        )
    _say(integration, work, row, Decided(word="create"), "is to be created")


def end(integration: Integration, work: RunScope, row: DocumentRow) -> None:
    """It is bought from no more: made inactive at the network with the next run.

    Raises:
        NotPossibleError: it is not held, or it is a supplier of the ERP.
    """
    _check(row)
    if not Decided.read(row.work).gone:
        raise NotPossibleError("It is a supplier of the ERP.", remedy="Block it there if it is bought from no more.")
    _say(integration, work, row, Decided(word="end"), "is no more")


def _check(row: DocumentRow) -> None:
    if row.kind not in {PROPOSAL, DocumentKind.VENDOR} or row.state is not S.QUARANTINED:
        raise NotPossibleError(
            f"Document {row.id} ({row.kind.replace('_', ' ')}, {row.state}) is not a vendor that is held.",
            remedy="`ml-connector documents list --flow vendors_in --held` shows those that are.",
        )


def _say(integration: Integration, work: RunScope, row: DocumentRow, said: Decided, words: str) -> None:
    decided = replace(Decided.read(row.work), word=said.word, of=said.of)
    changes = {"work": decided.text(), "next_attempt_at": integration.clock.now()}
    with integration.ledger.write() as tx:
        documents.move(tx, [Move(row.id, None, words, {"by": work.actor}, changes=changes)], work)
