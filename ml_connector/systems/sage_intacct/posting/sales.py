"""Sales orders: how a customer's order becomes one (intacct 7.2, 8). Several may share a customer's number."""

from collections.abc import Mapping
from decimal import Decimal

from ml_connector.documents.sales.orders import OrderCharge, SalesOrder, SalesOrderLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.writing import currency_of, planned
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import decimal, split_day
from ml_connector.systems.sage_intacct.wire.xml import Value, told_of


class SalesOrderPlanner:
    """Sales order -> the exact call."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds, places: Places) -> None:
        self._settings = settings
        self._kinds = kinds
        self._places = places

    def plan(self, order: SalesOrder, key: str) -> list[PlannedOperation]:
        """One write.

        Raises:
            NeedsCorrection: it cannot be expressed.
        """
        self._check(order)
        on = order.order_date or order.requested_date or order.ship_date
        if on is None:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Order {order.customer_order} has no date.",
                remedy="Ask the customer for it, or enter the order by hand.",
            )
        told = "; ".join(one for one in (order.description, *order.told, *order.notes) if one)
        message = with_key(told or order.customer_order, key, self._settings.description_length)
        lines = [self._line(order, line) for line in order.lines]
        lines += [self._charge(order, charge) for charge in order.charges]
        self._places.check((str(line["locationid"] or "") for line in lines), f"Order {order.customer_order}")
        values: dict[str, Value] = {
            "transactiontype": order.type_code or self._settings.sales_definition,
            "datecreated": split_day(on),
            "customerid": order.customer_id,
            "referenceno": order.customer_order,
            "termname": order.terms or None,
            "datedue": None if order.terms else split_day(order.ship_date or order.requested_date or on),
            "message": message,
            **currency_of(f"Order {order.customer_order}", order.currency, self._settings),
            "state": self._settings.sales_state or None,
        }
        return [
            planned(
                self._kinds.sale,
                self._settings,
                key,
                Identity(order.customer_id, order.customer_order),
                functions.sale(values, lines),
                told_of({"number": order.customer_order, "message": message}),
            )
        ]

    def _check(self, order: SalesOrder) -> None:
        if order.type_code and order.type_code != self._settings.sales_definition:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Order {order.customer_order} is to become a {order.type_code}; the connection writes"
                f" {self._settings.sales_definition}.",
                remedy="Name that definition as sales_definition of the connection, or leave it out of the partner.",
            )
        if order.ship_to is not None:
            raise NeedsCorrection(
                Reason.UNRESOLVED_SHIP_TO,
                f"Order {order.customer_order} goes to an address of its own, and Sage Intacct takes contacts only.",
                remedy="Map the place to a customer of Sage Intacct, or enter the order by hand.",
            )

    def _line(self, order: SalesOrder, line: SalesOrderLine) -> Mapping[str, Value]:
        place = f"Line {line.number} of order {order.customer_order}"
        return {
            "itemid": line.item_code,
            "warehouseid": line.warehouse or order.warehouse or None,
            "quantity": decimal(line.quantity),
            "unit": line.unit or None,
            "price": None if line.price is None else decimal(line.price),
            "locationid": self._places.location_of("", place) or None,
            "departmentid": self._settings.department or None,
            "memo": "; ".join(line.notes) or line.description or None,
        }

    def _charge(self, order: SalesOrder, charge: OrderCharge) -> Mapping[str, Value]:
        if not charge.item_code:
            raise NeedsCorrection(
                Reason.UNMAPPED_CHARGE,
                f"Charge {charge.code} of order {order.customer_order} is mapped to no item.",
                remedy="Map the code to a non-inventory item of Sage Intacct.",
                data={"code": charge.code, "amount": decimal(charge.amount)},
            )
        return {
            "itemid": charge.item_code,
            "quantity": decimal(Decimal(1)),
            "price": decimal(charge.amount),
            "locationid": self._places.location_of("", f"Charge {charge.code}") or None,
            "departmentid": self._settings.department or None,
            "memo": charge.description or None,
        }
