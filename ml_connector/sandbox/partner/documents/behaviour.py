"""What a partner does with an order: everything that can be told to it, with the honest answer as default."""

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Rubbish = Literal[
    "html",  # an HTML error page under an .edi name
    "truncated",  # an 810 that ends in the middle and stays so
    "binary",  # bytes that are no text
    "empty",  # zero bytes
    "growing",  # an 810 that grows over several listings
    "temporary",  # an 810 under a name that ends in .tmp
    "text",  # prose
    "xml",  # an XML document with an entity bomb
    "no_iea",  # whole but for its IEA
]
BadSyntax = Literal[
    "missing_mandatory",  # BIG without the invoice number
    "segment_count",  # SE01 wrong
    "set_control",  # SE02 differs from ST02
    "set_count",  # GE01 wrong
    "group_control",  # GE02 differs from GS06
    "interchange_control",  # IEA02 differs from ISA13
    "group_count",  # IEA01 wrong
    "bad_date",  # BIG01 is no date
    "bad_amount",  # TDS01 is no number
    "unknown_segment",  # a segment no 810 has
]


class Behaviour(BaseModel):
    """How a partner answers. Percentages are of the ordered quantity or price; delays are seconds of sandbox time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # the 997
    acknowledge: Literal["judge", "accept", "accept_with_errors", "reject", "never"] = Field(
        default="judge", description="judge: A or R after strict reading; the others whatever was read"
    )
    acknowledge_delay: float = Field(default=0.5, ge=0)
    acknowledge_lists_sets: bool = True
    acknowledge_twice: bool = False
    acknowledge_wrong_count: bool = False
    acknowledge_unknown_group: bool = False

    # the 855
    confirm: Literal["accept", "change", "backorder", "reject_lines", "refuse", "header", "never"] = Field(
        default="accept",
        description="change: quantity_percent, price_percent, days; reject_lines: the last line; refuse: BAK02 RD;"
        " header: BAK02 AT without lines",
    )
    confirm_delay: float = Field(default=1.0, ge=0)
    quantity_percent: Decimal = Decimal(100)
    price_percent: Decimal = Decimal(100)
    late_days: int = 0

    # the 856
    ship: Literal["packs", "items", "never"] = Field(default="packs", description="packs: S-O-P-I; items: S-O-I")
    ship_delay: float = Field(default=2.0, ge=0)
    ship_percent: Decimal = Field(default=Decimal(100), ge=0, description="below 100 short, above 100 over")
    short_lines: int = Field(default=0, ge=0, description="so many lines, from the last, are not shipped at all")
    notice_repeat: Literal["no", "file", "notice"] = Field(
        default="no", description="file: the same bytes again; notice: the same BSN02 in another interchange"
    )
    orders_per_notice: int = Field(default=1, ge=1)

    # the 810
    invoice: Literal["shipped", "ordered", "never"] = Field(
        default="shipped", description="shipped: what the notice said, else what was ordered"
    )
    invoice_delay: float = Field(default=3.0, ge=0)
    overcharge_percent: Decimal = Decimal(0)
    over_invoice_percent: Decimal = Field(default=Decimal(0), description="quantity above what was shipped")
    freight: Decimal = Decimal(0)
    allowance: Decimal = Decimal(0)
    unknown_charge: Decimal = Field(default=Decimal(0), description="a charge under SAC02 ZZZZ")
    vat_percent: Decimal = Field(default=Decimal(21), ge=0)
    vat: Literal["total", "missing", "wrong", "reduced"] = Field(
        default="total", description="wrong: a tax amount off by 1.00; reduced: at 9 percent"
    )
    currency: str = Field(default="", description="another currency than the order's")
    order_number: str = Field(default="", description="written instead of the order's; - leaves it out")
    supplier: str = Field(default="", description="an ISA and GS sender that nobody knows")
    invoice_number: str = Field(default="", description="fixed number; repeat makes every invoice carry the last one's")
    credit: Literal["no", "full", "line"] = Field(default="no", description="a credit note after the invoice")
    negative_credit: bool = Field(default=False, description="credits with negative quantities and total")
    orders_per_invoice: int = Field(default=1, ge=1)
    test: bool = Field(default=False, description="ISA15 T")
    bad_syntax: BadSyntax | None = None
    item_qualifiers: tuple[str, ...] | None = Field(default=None, description="ids repeated; null: as ordered")
    line_numbers: bool = True
    total_off: Decimal = Field(default=Decimal(0), description="added to TDS01")
    invoice_repeat: Literal["no", "file", "control", "document"] = Field(
        default="no",
        description="file: same bytes, other name; control: same ISA13, other invoice;"
        " document: other ISA13, same invoice",
    )
    rubbish: tuple[Rubbish, ...] = Field(default=(), description="dropped beside the answers, once an order")
    batch_wait: float = Field(default=5.0, ge=0, description="a notice or invoice of several orders waits so long")

    def changed(self, changes: dict[str, Any]) -> Self:
        """With those settings instead. Raises ValueError for what is not a setting or not a value of it."""
        return self.model_validate({**self.model_dump(), **changes})


#: Behaviours by the words people use for them (issue, "Behind Cleo"); POST /partner/behaviour takes them as `like`.
NAMED: dict[str, dict[str, Any]] = {
    "honest": {},
    "short_ship": {"ship_percent": "60"},
    "over_ship": {"ship_percent": "120"},
    "overcharge": {"overcharge_percent": "12.5"},
    "refuse": {"confirm": "refuse"},
    "reject_lines": {"confirm": "reject_lines"},
    "change": {"confirm": "change", "quantity_percent": "80", "price_percent": "105", "late_days": 7},
    "backorder": {"confirm": "backorder", "ship_percent": "60"},
    "delay": {"ship_delay": 60, "invoice_delay": 90},
    "repeat_file": {"invoice_repeat": "file"},
    "repeat_control": {"invoice_repeat": "control"},
    "repeat_document": {"invoice_repeat": "document"},
    "repeat_notice": {"notice_repeat": "notice"},
    "credit_note": {"credit": "full"},
    "foreign_currency": {"currency": "USD"},
    "unknown_order": {"order_number": "99999999"},
    "no_order_number": {"order_number": "-"},
    "unknown_supplier": {"supplier": "NOBODYKNOWS"},
    "duplicate_invoice_number": {"invoice_number": "repeat"},
    "test_interchange": {"test": True},
    "unknown_charge": {"unknown_charge": "17.50"},
    "missing_vat": {"vat": "missing"},
    "wrong_vat": {"vat": "wrong"},
    "wrong_total": {"total_off": "10.00"},
    "no_ack": {"acknowledge": "never"},
    "reject_ack": {"acknowledge": "reject"},
    "freight": {"freight": "15.00"},
    "grouped_notices": {"orders_per_notice": 3},
    "consolidated_invoices": {"orders_per_invoice": 3},
    "rubbish": {"rubbish": ["html", "truncated", "binary", "empty", "growing"]},
    "bad_syntax": {"bad_syntax": "missing_mandatory"},
    "wrong_segment_count": {"bad_syntax": "segment_count"},
}
