"""Ship notices and orders whose counts, hash total or levels do not fit: parts may be missing, and they are held.

Neither has a total that would catch what is missing; CTT and the numbers of levels are all there is (x12-procurement 3,
5 and 7). The hash total of an order is a warning: partners ignore decimals in it or not.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.edi.interchange import ReceivedSet
from ml_connector.edi.validation.findings import Finding
from ml_connector.edi.validation.overlay import Overlay, overlay_from
from ml_connector.errors import NeedsMending, Reason
from ml_connector.ledger.work.documents import DocumentRow

#: Findings that hold a document, by its kind: CTT01, CTT02, HL02 that is the number of no level.
_COUNTS = {
    DocumentKind.SHIP_NOTICE: frozenset({"line_count", "hash_total", "hl_parent"}),
    DocumentKind.ORDER: frozenset({"line_count"}),
    DocumentKind.ORDER_CHANGE: frozenset({"line_count"}),
}
_DATA = "miscounted"


def miscounted(received: ReceivedSet) -> NeedsMending | None:
    """Why a document waits for a person before anything is looked at; None for one that adds up, or of another kind."""
    found = [one for one in received.findings if _counts(received.kind, one)]
    return _held(received.kind, [_told(one) for one in found]) if found else None


def check_still(row: DocumentRow, partner: Partner) -> None:
    """Whether what a document was held for at the door is what its partner's file lets pass by now.

    Raises:
        NeedsMending: it is not.
    """
    told = ((row.reason_detail or {}).get("data") or {}).get(_DATA) or []
    if row.business_key is None and told:
        overlay = overlay_from(partner.guide.model_dump(), where="guide")
        left = [one for one in told if not _ignored(one, overlay)]
        if left:
            raise _held(row.kind, left)


def _counts(kind: DocumentKind, finding: Finding) -> bool:
    """An empty HL02 is a habit, told and no more; so is a count of items instead of levels."""
    return finding.code in _COUNTS.get(kind, ()) and (finding.is_error or finding.code == "hash_total")


def _told(finding: Finding) -> dict[str, Any]:
    return {
        "segment": finding.segment_id,
        "element": finding.element,
        "code": finding.code,
        "message": finding.message,
    }


def _ignored(told: Mapping[str, Any], overlay: Overlay) -> bool:
    return overlay.ignores(told["segment"], told["element"], told["code"])


def _held(kind: DocumentKind, told: Iterable[Mapping[str, Any]]) -> NeedsMending:
    found = list(told)
    notice = kind is DocumentKind.SHIP_NOTICE
    mend = (
        "Part of the notice may be missing: ask the supplier, book what was shipped by hand and discard this."
        if notice
        else "Part of the order may be missing: ask the customer, enter it in the ERP by hand and discard this."
    )
    places = ", ".join(dict.fromkeys(f"{one['segment']}{one['element']:02d}:{one['code']}" for one in found))
    return NeedsMending(
        Reason.BAD_VALUE,
        " ".join(dict.fromkeys(str(one["message"]) for one in found)),
        mend=f"{mend} Where the partner always sends it so, say `guide: {{ignore: [{places}]}}` in its file and replay "
        "this.",
        data={_DATA: found[:20]},
    )
