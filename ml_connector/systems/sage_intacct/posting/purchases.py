"""Orders that our own purchasing made elsewhere, as documents of the first order definition (intacct 7.2, 8)."""

from collections.abc import Mapping

from ml_connector.documents.payables.purchases import Purchase, PurchaseLine
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.writing import currency_of, planned
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import decimal, split_day
from ml_connector.systems.sage_intacct.wire.xml import Value, told_of


class PurchasePlanner:
    """Purchase -> the exact call."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds, places: Places) -> None:
        self._settings = settings
        self._kinds = kinds
        self._places = places

    def plan(self, purchase: Purchase, key: str) -> list[PlannedOperation]:
        """One write. Its number there is Intacct's own; ours is the reference.

        Raises:
            NeedsCorrection: the company has one currency only, or a line needs a location.
        """
        settings = self._settings
        told = "; ".join(one for one in (purchase.description, *purchase.told) if one)
        message = with_key(told or purchase.number, key, settings.description_length)
        lines = [self._line(purchase, line) for line in purchase.lines]
        self._places.check((str(line["locationid"] or "") for line in lines), f"Order {purchase.number}")
        values: dict[str, Value] = {
            "transactiontype": settings.order_definitions[0],
            "datecreated": split_day(purchase.order_date),
            "vendorid": purchase.vendor_id,
            "referenceno": purchase.number,
            "datedue": split_day(purchase.wanted or purchase.order_date),
            "message": message,
            **currency_of(f"Order {purchase.number}", purchase.currency, settings),
            "state": settings.purchase_state or None,
        }
        identity = Identity(purchase.vendor_id, purchase.number)
        element = functions.purchase(values, lines)
        texts = told_of({"number": purchase.number, "message": message})
        return [planned(self._kinds.purchase, settings, key, identity, element, texts)]

    def _line(self, purchase: Purchase, line: PurchaseLine) -> Mapping[str, Value]:
        place = f"Line {line.number} of order {purchase.number}"
        return {
            "itemid": line.item_code,
            "quantity": decimal(line.quantity),
            "unit": line.unit or None,
            "price": None if line.price is None else decimal(line.price),
            "locationid": self._places.location_of("", place) or None,
            "departmentid": self._settings.department or None,
            "memo": line.description or None,
        }
