"""What invoices, ship notices and orders have in common that are about earlier ones: which those are, and what is said.

What a partner takes back or corrects is held and shown beside what it refers to; what it refers to is held too, as
long as it is not posted. Nothing is posted a second time by itself.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ml_connector.documents.common import DocumentKind, Purpose
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.names import naming
from ml_connector.ledger.work import earlier, operations
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: States of a document that is nowhere else: nobody wants it in the books.
GIVEN_UP = frozenset({S.REJECTED, S.DISCARDED, S.DUPLICATE})
#: What takes its original back: as long as that is not posted, it is held too.
TAKES_BACK = frozenset({"cancels", "changes", "replaces", "corrects", "adjusts", "sends again"})
#: What stands in its original's place, once a person has given that up and replays it.
IN_ITS_PLACE = frozenset({"replaces", "sends again"})
_ON_ITS_WAY = frozenset({S.MATCHED, S.CODED, S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME})
_BEGUN = frozenset({S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME})
_TAKEN_BACK = frozenset({Reason.TAKEN_BACK_BY_SUPPLIER, Reason.TAKEN_BACK_BY_CUSTOMER})
#: Differences of lines that are shown.
LINES_SHOWN = 20


@dataclass(frozen=True)
class About:
    """What a document does to others, and which: numbers folded. named: it says them itself."""

    does: str
    code: str
    numbers: tuple[str, ...]
    named: tuple[str, ...]


def folded(number: str) -> str:
    """A number as it is compared: suppliers write their own in capitals or not."""
    return number.strip().upper()


def similar(number: str) -> str:
    """A number without what is added or left out by the way: leading zeros of its parts, punctuation, capitals, and the
    width or shape of its letters and digits.
    """
    plain = unicodedata.normalize("NFKC", number).casefold()
    return "".join(part.lstrip("0") or "0" for part in re.findall(r"[0-9]+|[^\W\d_]+", plain))


def about(does: str, code: str, own: str, named: Sequence[str]) -> About:
    """What a document of this number does to those it names, and to one of its own number."""
    return About(does, code, tuple(dict.fromkeys(folded(one) for one in (*named, own))), tuple(named))


class _Meaning(msgspec.Struct):
    purpose: str | None = None
    type: str | None = None


#: Of a stored document what may say that it is about another one; the rest of it is passed over.
meaning_of = msgspec.json.Decoder(_Meaning).decode


def says_purpose(canonical: str) -> bool:
    """A cheap look whether a document says a purpose: most do not."""
    if '"purpose"' not in canonical:
        return False
    return meaning_of(canonical).purpose not in {None, "", Purpose.ORIGINAL.value}


class Suppliers:
    """Whose a document is at the ERP, whichever of its supplier's partner files it came under."""

    def __init__(self, tx: Tx, books: Books) -> None:
        self._accounts = {one.key: one.account for one in naming.counterparties(tx, books)}

    def of(self, row: DocumentRow) -> str:
        """As far as its partner's file tells."""
        return self._accounts.get(row.partner_key, "") or row.partner_key


class TakenBack:
    """What suppliers have taken back, and by which document."""

    def __init__(self, suppliers: Suppliers, held: Sequence[DocumentRow]) -> None:
        """held: documents that are held for it."""
        self.suppliers = suppliers
        self._by: dict[tuple[str, str], int] = {}
        for row in held:
            data = row.reason_data
            if data.get("does") in TAKES_BACK:
                self.add(row, data.get("refers_to", ()))

    def add(self, row: DocumentRow, numbers: Iterable[str]) -> None:
        """This document takes those of these numbers back, folded."""
        self._by |= {(self.suppliers.of(row), str(number)): row.id for number in numbers}

    def why(self, row: DocumentRow, what: str) -> NeedsCorrection | None:
        """Why a document is not posted that its supplier has taken back; None for any other."""
        by = self._by.get((self.suppliers.of(row), folded(row.number)))
        if by is None or by == row.id:
            return None
        return NeedsCorrection(
            Reason.TAKEN_BACK_BY_SUPPLIER,
            f"The supplier has taken {what} {row.number} back or corrected it: document {by}.",
            remedy=f"Look at both. If the supplier's word counts, discard this one; if not, discard document {by}, and "
            "this one is taken up by itself.",
            data={"number": row.number, "taken_back_by": by},
        )


def taken_back(
    integration: Integration,
    kind: DocumentKind,
    reason: Reason,
    rows: Sequence[DocumentRow],
    numbers_of: Callable[[DocumentRow, Suppliers], Iterable[str]],
) -> TakenBack:
    """What suppliers have taken back of a kind: by documents that are held for this reason, and by those of a batch.

    numbers_of: the numbers, folded, that a document of the batch takes back.
    """
    with integration.ledger.read() as tx:
        held = earlier.received_held_for(tx, integration.books, kind, reason)
        found = TakenBack(Suppliers(tx, integration.books), held)
    for row in rows:
        found.add(row, numbers_of(row, found.suppliers))
    return found


def not_begun(integration: Integration, held: Mapping[int, NeedsCorrection | None]) -> dict[int, NeedsCorrection]:
    """Those documents that are held, about to be posted: once one is begun it is finished."""
    found = {key: why for key, why in held.items() if why is not None}
    if not found:
        return found
    with integration.ledger.read() as tx:
        begun = operations.outside_ids(tx, list(found))
    return {key: why for key, why in found.items() if key not in begun}


def by_number(rows: Iterable[DocumentRow]) -> dict[str, list[DocumentRow]]:
    """Documents by their number, folded."""
    found: dict[str, list[DocumentRow]] = {}
    for row in rows:
        found.setdefault(folded(row.number), []).append(row)
    return found


def same_number(
    row: DocumentRow, numbered: Mapping[str, Sequence[DocumentRow]], suppliers: Suppliers
) -> NeedsCorrection | None:
    """Why a document waits beside one of its supplier's of the same number that has another identity, as by its type or
    the partner file that it came under, and is on its way to the books or there. Of two that are looked at together the
    first one goes.
    """
    return _beside(
        row, numbered, suppliers, lambda one: one.state in _ON_ITS_WAY or (one.state is S.PARSED and one.id < row.id)
    )


def overtaken(integration: Integration, rows: Sequence[DocumentRow], kind: DocumentKind) -> dict[int, NeedsCorrection]:
    """The same question about documents that are about to be posted, for two that were matched at the same moment by
    two workers, neither of which saw the other on its way: the first one goes, and what is begun.
    """
    with integration.ledger.read() as tx:
        found = by_number(earlier.received_numbered(tx, integration.books, kind, {row.number for row in rows}, rows))
        if all(len(many) == 1 for many in found.values()):
            return {}
        suppliers = Suppliers(tx, integration.books)
    whys = {
        row.id: _beside(
            row,
            found,
            suppliers,
            lambda one, row=row: one.state in _BEGUN or (one.state in _ON_ITS_WAY and one.id < row.id),  # type: ignore[misc]
        )
        for row in rows
    }
    return {row_id: why for row_id, why in whys.items() if why is not None}


def _beside(
    row: DocumentRow,
    numbered: Mapping[str, Sequence[DocumentRow]],
    suppliers: Suppliers,
    counts: Callable[[DocumentRow], bool],
) -> NeedsCorrection | None:
    for one in numbered.get(folded(row.number), ()):
        if one.id == row.id or one.business_key == row.business_key or not counts(one):
            continue
        if suppliers.of(one) != suppliers.of(row):
            continue
        how = "with other content" if one.partner_key == row.partner_key else f"from {one.partner}, the same supplier"
        return NeedsCorrection(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"Number {row.number} came before {how}.",
            remedy="Ask the supplier which one counts; discard the other.",
            data={"number": row.number, "earlier_document": one.id},
        )
    return None


def goes(row: DocumentRow, numbered: dict[str, list[DocumentRow]]) -> None:
    """This one of a batch goes to the books: those of its number that are looked at after it see it on its way, also
    where all of them were held until now.
    """
    same = numbered.get(folded(row.number), [])
    same[:] = [one.having(state=S.MATCHED) if one.id == row.id else one for one in same]


def refuse(why: NeedsCorrection | None) -> None:
    """Raises why a document is held, if it is."""
    if why is not None:
        raise why


def entries_of(tx: Tx, originals: Sequence[DocumentRow], kinds: Collection[str] = ()) -> Mapping[int, str]:
    """What these were posted as, by document. kinds: of the writes that count; all where none is named."""
    return {
        one.document_id: one.outside_id or ""
        for one in operations.of_documents(tx, [one.id for one in originals])
        if one.state == "done" and (not kinds or one.kind in kinds)
    }


def given_up(originals: Sequence[DocumentRow]) -> bool:
    """Whether a person gave all of them up, and there are any."""
    return bool(originals) and all(one.state in GIVEN_UP for one in originals)


def names(about: About, shown: Sequence[Mapping[str, Any]], facts: str) -> str:
    """The originals in words; those that are named and never came too. facts: of one that is shown, as a format."""
    if not shown and not about.named:
        return "another one: original unknown, nothing names one that came"
    here = {folded(str(one["number"])) for one in shown}
    never = [f"{number}, an original that never came" for number in about.named if folded(number) not in here]
    told = [f"original {one['number']} ({facts.format(**one)})" for one in shown[:3]]
    return " and ".join(told + never[:3])


def wake_originals(integration: Integration, originals: Sequence[DocumentRow]) -> None:
    """Held originals show at once who takes them back."""
    held = [one.id for one in originals if one.state is S.QUARANTINED and one.reason not in _TAKEN_BACK]
    if held:
        with integration.ledger.write() as tx:
            earlier.wake_documents(tx, held)
