"""860 to and from OrderChange (x12-procurement 6)."""

from ml_connector.documents.common import Purpose
from ml_connector.documents.orders import OrderChange, OrderChangeLine
from ml_connector.edi.mapping.common import currency_of_lines
from ml_connector.edi.mapping.fields import DAY, NUMBER, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.order import HEADER_SLOTS, LINE_SLOTS
from ml_connector.edi.mapping.scopes import Scope

POC = SegmentMap(
    "POC",
    Field(1, "number"),
    Field(2, "change"),
    Field(3, "quantity", NUMBER),
    Field(4, "quantity_left", NUMBER),
    # a composite whose first component is the unit (x12-procurement 6)
    Field(5, "unit", composite=True),
    Field(6, "price", NUMBER),
    Field(7, "price_basis"),
    pairs=Pairs(8, 28),
)

BCH = SegmentMap(
    "BCH",
    Field(1, "purpose", coded(Purpose)),
    Field(2, "order_type"),
    Field(3, "number"),
    Field(4, "release"),
    Field(5, "sequence"),
    Field(6, "order_date", DAY),
    Field(11, "change_date", DAY),
)

ORDER_CHANGE = Scope(
    OrderChange,
    BCH,
    [*HEADER_SLOTS, Scope(OrderChangeLine, POC, LINE_SLOTS, name="lines")],
    after_read=currency_of_lines,
)
