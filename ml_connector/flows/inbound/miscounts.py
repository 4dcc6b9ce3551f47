"""Documents that were miscounted, and are held before anything is looked at.

Ship notices and orders whose counts, hash total or levels do not fit: parts may be missing. Neither has a total that
would catch what is missing; CTT and the numbers of levels are all there is (x12-procurement 3, 5 and 7). The hash total
of an order is a warning: partners ignore decimals in it or not.

Documents of any kind that say twice what may be said once: one of the two totals, items, quantities, orders or numbers
would be lost, and which one counts is nobody's to choose (DESIGN 3, invariant 9).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.edi.interchange import ReceivedSet
from ml_connector.edi.validation.findings import X12Finding, X12Level
from ml_connector.edi.validation.overlay import Overlay, overlay_from
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.ledger.work.documents import DocumentRow

#: Findings that hold a document, by its kind: CTT01, CTT02, HL02 that is the number of no level.
_COUNTS = {
    DocumentKind.SHIP_NOTICE: frozenset({"line_count", "hash_total", "hl_parent"}),
    DocumentKind.ORDER: frozenset({"line_count"}),
    DocumentKind.ORDER_CHANGE: frozenset({"line_count"}),
}
#: Segments that may stand once where they stand (x12-procurement 5 to 10) and decide what the document is, asks for,
#: ships or answers, by its kind.
_SAID_ONCE = {
    DocumentKind.SHIP_NOTICE: frozenset({"BSN", "PRF", "LIN", "SN1"}),
    DocumentKind.INVOICE: frozenset({"BIG", "TDS"}),
    DocumentKind.ORDER: frozenset({"BEG"}),
    DocumentKind.ORDER_CHANGE: frozenset({"BCH"}),
    DocumentKind.ORDER_ACKNOWLEDGMENT: frozenset({"BAK"}),
    DocumentKind.CHANGE_ACKNOWLEDGMENT: frozenset({"BCA"}),
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT: frozenset({"AK1", "AK9"}),
}
#: AK304 (720): the segment exceeds its maximum use.
_TOO_OFTEN = "5"
_DATA = "miscounted"


def miscounted(received: ReceivedSet) -> NeedsCorrection | None:
    """Why a document waits for a person before anything is looked at; None for one that adds up, or of another kind."""
    found = [one for one in received.findings if _counts(received.kind, one)]
    return _held(received.kind, [_told(one) for one in found]) if found else None


def check_still(row: DocumentRow, partner: Partner) -> None:
    """Whether what a document was held for at the door is what its partner's file lets pass by now.

    Raises:
        NeedsCorrection: it is not.
    """
    told = row.reason_data.get(_DATA) or []
    if row.business_key is None and told:
        overlay = overlay_from(partner.guide.model_dump(), where="guide")
        left = [one for one in told if not _ignored(one, overlay)]
        if left:
            raise _held(row.kind, left)


def _counts(kind: DocumentKind, finding: X12Finding) -> bool:
    """An empty HL02 is a habit, told and no more; so is a count of items instead of levels."""
    if finding.level is X12Level.SEGMENT and finding.code == _TOO_OFTEN:
        return finding.segment_id in _SAID_ONCE.get(kind, ())
    return finding.code in _COUNTS.get(kind, ()) and (finding.is_error or finding.code == "hash_total")


def _told(finding: X12Finding) -> dict[str, Any]:
    return {
        "segment": finding.segment_id,
        "element": finding.element,
        "code": finding.code,
        "message": finding.message,
    }


def _ignored(told: Mapping[str, Any], overlay: Overlay) -> bool:
    return overlay.ignores(told["segment"], told["element"], told["code"])


def _held(kind: DocumentKind, told: Iterable[Mapping[str, Any]]) -> NeedsCorrection:
    found = list(told)
    places = ", ".join(dict.fromkeys(_place(one) for one in found))
    return NeedsCorrection(
        Reason.BAD_VALUE,
        " ".join(dict.fromkeys(str(one["message"]) for one in found)),
        remedy=f"{_remedy(kind, found)} Where the partner always sends it so, say `guide: {{ignore: [{places}]}}` in"
        " its file and replay this.",
        data={_DATA: found[:20]},
    )


def _place(told: Mapping[str, Any]) -> str:
    """As `guide.ignore` has it."""
    element = f"{told['element']:02d}" if told["element"] else ""
    return f"{told['segment']}{element}:{told['code']}"


def _remedy(kind: DocumentKind, found: Sequence[Mapping[str, Any]]) -> str:
    if all(one["code"] == _TOO_OFTEN for one in found):
        return "It says twice what may be said once: ask its sender which counts, settle it by hand and discard this."
    if kind is DocumentKind.SHIP_NOTICE:
        return "Part of the notice may be missing: ask the supplier, book what was shipped by hand and discard this."
    return "Part of the order may be missing: ask the customer, enter it in the ERP by hand and discard this."
