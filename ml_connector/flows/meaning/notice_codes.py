"""What the codes of a ship notice say, decided by lists; what is on none of them holds the notice (DESIGN 3, 9).

Codes are read as upper case. A partner's file can say which code of the lists one of its own stands for
(`ship_notices.codes`).
"""

from collections.abc import Iterable, Iterator, Mapping

from ml_connector.documents.common import KeptSegment, Purpose
from ml_connector.documents.shipments import ShipNotice, ShippedItem
from ml_connector.errors import NeedsCorrection, Reason

#: A partner's own codes, by element: what each stands for.
PartnersCodes = Mapping[str, Mapping[str, str]]

#: BSN01 of a notice that is about no other: original, advance notification (x12-procurement 7). Empty: a flat file.
FIRST = frozenset({"", Purpose.ORIGINAL.value, Purpose.ADVANCE.value})
#: BSN06 (element 640) of goods that are on their way: not said, shipment advice.
_SHIPMENTS = frozenset({"", "AS"})
#: BSN07 (element 641): a reason for the status of a shipment is not known to leave it a plain one.
_PLAIN_STATUS = frozenset({""})
#: HL03 (x12-procurement 7, the table under HL): what may stand in the tree. Upper case is the standard's.
LEVELS = frozenset("SOTPQIEKF")
#: SN108 (x12-procurement 6, the paragraph under ACK): the line is shipped as its quantity says.
_SHIPPED = frozenset({"", "IA", "AC", "AR", "IC", "IQ", "IP", "IE", "DR", "BP"})
#: SN108 of a line that is not shipped (now, or here): a quantity beside it contradicts it.
_NOT_SHIPPED = frozenset(
    {"IB", "ID", "IF", "IH", "IR", "IW", "AA", "SP", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"}
)


def purpose_of(notice: ShipNotice) -> str:
    """BSN01 as the lists have it: it is part of what makes a notice unique, and so no partner's own."""
    return str(notice.purpose or "").strip().upper()


def is_first(notice: ShipNotice) -> bool:
    """Whether a notice is about no other one."""
    return purpose_of(notice) in FIRST


def check_codes(notice: ShipNotice, codes: PartnersCodes) -> None:
    """Whether all codes of a notice, but for its purpose, say that goods are on their way.

    Raises:
        NeedsCorrection: a code is on no list, or contradicts what stands beside it.
    """
    for element, position, known in (("BSN06", 6, _SHIPMENTS), ("BSN07", 7, _PLAIN_STATUS)):
        value = next((k.value for k in notice.kept if (k.segment_id, k.position) == ("BSN", position)), "")
        if _read(element, value, codes) not in known:
            raise _unknown(notice, element, value)
    for level in _levels(notice.tree):
        if level not in LEVELS:
            raise _unknown_level(notice, level)
    for order in notice.orders:
        for item in order.items:
            _check_status(notice, item, codes)


def _check_status(notice: ShipNotice, item: ShippedItem, codes: PartnersCodes) -> None:
    status = _read("SN108", item.status, codes)
    if status in _SHIPPED:
        return
    if status not in _NOT_SHIPPED:
        raise _unknown(notice, "SN108", item.status, item)
    if item.quantity:
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Ship notice {notice.number} ships {item.quantity} of {named(item)} and says that it is not shipped as "
            f"ordered (SN108 {item.status}).",
            remedy="Ask the supplier what was shipped; book it by hand, then discard this.",
            data=_facts(notice, "SN108", item.status, item),
        )


def named(item: ShippedItem) -> str:
    """An item as people know it."""
    known = item.vendors_item or item.buyers_item or item.gtin or next((one.value for one in item.items), "")
    return known or (f"line {item.line_number}" if item.line_number else "an item")


def _read(element: str, value: str, codes: PartnersCodes) -> str:
    code = value.strip().upper()
    return codes.get(element, {}).get(code, code)


def _levels(tree: Iterable[KeptSegment]) -> Iterator[str]:
    """HL03 of the levels that are kept as read: where all are usual ones, none is."""
    for segment in tree:
        if segment.segment_id == "HL":
            yield segment.elements[2] if len(segment.elements) > 2 else ""
        yield from _levels(segment.inside)


def _unknown(notice: ShipNotice, element: str, value: str, item: ShippedItem | None = None) -> NeedsCorrection:
    where = f" of {named(item)}" if item is not None else ""
    return NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"Ship notice {notice.number} says {element} {value}{where}, which is not known to mean that goods are on "
        "their way.",
        remedy=f"Ask the supplier what {element} {value} means. Say under `ship_notices.codes` of the partner's "
        "file for "
        "which code it stands, or book what was shipped by hand and discard this.",
        data=_facts(notice, element, value, item),
    )


def _unknown_level(notice: ShipNotice, level: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"Ship notice {notice.number} has a level {level or '(empty)'} (HL03), which is not known to mean anything "
        "here: what stands in it may be shipped or not.",
        remedy="Ask the supplier what it means and for a notice without it; or book what was shipped by hand and "
        "discard "
        "this.",
        data={"number": notice.number, "element": "HL03", "code": level},
    )


def _facts(notice: ShipNotice, element: str, value: str, item: ShippedItem | None) -> dict[str, object]:
    line = {"line": item.line_number, "item": named(item)} if item is not None else {}
    return {"number": notice.number, "element": element, "code": value, **line}
