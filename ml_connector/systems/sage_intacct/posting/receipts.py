"""Receivers: how a shipment becomes one that is converted from its order, line by line (intacct 7.2, 8)."""

from collections.abc import Mapping, Sequence

from ml_connector.documents.erp_postings import GoodsReceipt, ReceiptLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.sources import SourceLine, Sources
from ml_connector.systems.sage_intacct.posting.writing import planned
from ml_connector.systems.sage_intacct.reading.orders import LineKey
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import decimal, split_day
from ml_connector.systems.sage_intacct.wire.xml import Value, told_of

Found = tuple[ReceiptLine, LineKey, SourceLine]


class ReceiptPlanner:
    """Goods receipt -> the exact calls, one for each order."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds, places: Places, sources: Sources) -> None:
        self._settings = settings
        self._kinds = kinds
        self._places = places
        self._sources = sources

    def plan(self, receipt: GoodsReceipt, key: str) -> list[PlannedOperation]:
        """The writes that post a receipt.

        Raises:
            NeedsCorrection: an order's line cannot be received any more.
        """
        groups: dict[str, list[Found]] = {}
        for line in receipt.lines:
            at = LineKey.of(line.order_line_id)
            groups.setdefault(at.document, []).append((line, at, self._source(receipt, at, key)))
        if len(groups) > 1 and self._settings.several_sources == "hold":
            raise NeedsCorrection(
                Reason.AMBIGUOUS_ORDER_LINE,
                f"Shipment {receipt.reference} is of several orders: {', '.join(list(groups)[:5])}.",
                remedy="Enter its receivers by hand and discard this, or set several_sources in the connection.",
                data={"orders": list(groups)[:20]},
            )
        self._sources.take([(source, line.quantity) for group in groups.values() for line, _, source in group], key)
        if len(groups) > 1 and self._settings.several_sources == "lines":
            return [self._receiver(receipt, key, "", [one for group in groups.values() for one in group], of=1)]
        return [self._receiver(receipt, key, order, found, of=len(groups)) for order, found in groups.items()]

    def _source(self, receipt: GoodsReceipt, at: LineKey, key: str) -> SourceLine:
        found = self._sources.order_lines(receipt.vendor_id, at, key)
        if not found:
            raise NeedsCorrection(
                Reason.NO_SUCH_ORDER_LINE,
                f"Line {at.line} of {at.document} cannot be received: the order is not there any more, or its state"
                " does not allow it.",
                remedy="See the order in Sage Intacct: only Pending and Partially Converted ones can be converted."
                " Then replay the shipment.",
                data={"order": at.document, "line": at.line},
            )
        return found[0]

    def _receiver(
        self, receipt: GoodsReceipt, key: str, order: str, found: Sequence[Found], *, of: int
    ) -> PlannedOperation:
        settings = self._settings
        told = "; ".join(one for one in (receipt.description, *receipt.told) if one)
        message = with_key(told or receipt.reference, key, settings.description_length)
        lines = [self._line(receipt, line, source, several=not order) for line, _, source in found]
        self._places.check((str(line["locationid"] or "") for line in lines), f"Shipment {receipt.reference}")
        number = next((line.order_number for line, _, _ in found if line.order_number), "")
        values: dict[str, Value] = {
            "transactiontype": settings.receipt_definition,
            "datecreated": split_day(receipt.receipt_date),
            "createdfrom": order or None,
            "vendorid": receipt.vendor_id,
            "referenceno": number or None,
            "vendordocno": receipt.reference,
            "datedue": split_day(receipt.receipt_date),
            "message": message,
            "state": settings.receipt_state or None,
        }
        return planned(
            self._kinds.receipt,
            settings,
            key,
            Identity(receipt.vendor_id, receipt.reference),
            functions.purchase(values, lines),
            told_of({"reference": receipt.reference, "message": message}),
            ref=order if of > 1 else "",
            source=order if of > 1 else "",
        )

    def _line(
        self, receipt: GoodsReceipt, line: ReceiptLine, source: SourceLine, *, several: bool
    ) -> Mapping[str, Value]:
        place = f"Line {line.line_number or line.order_line_id} of shipment {receipt.reference}"
        converted: dict[str, Value] = {"sourcelinekey": source.record}
        if several:
            converted |= {"sourcedocid": source.document, "sourcedoclineid": source.record}
        return {
            "itemid": source.item,
            "warehouseid": source.warehouse or receipt.warehouse_id or None,
            "quantity": decimal(line.quantity),
            "unit": source.unit or None,
            **converted,
            "locationid": self._places.location_of(source.location, place) or None,
            "departmentid": source.department or self._settings.department or None,
            "memo": line.description or None,
        }
