"""The lines of a bill: goods, charges, and the cents that rounding explains."""

from decimal import Decimal

from ml_connector.documents.common import Tax
from ml_connector.documents.dimensions import as_fields
from ml_connector.documents.erp_postings import BillLine
from ml_connector.documents.reference import GLAccount
from ml_connector.flows.invoices_in.coding.accounts import ROUNDING, account_of, takes_rounding, target_of
from ml_connector.flows.invoices_in.coding.coder import Coder, not_to_the_cent
from ml_connector.flows.invoices_in.coding.taxes import line_taxes, tax_charges, with_amount
from ml_connector.flows.invoices_in.invoice_totals import MatchedCharge
from ml_connector.flows.invoices_in.matching import MatchedLine
from ml_connector.flows.reference.coding_tables import check_dimension, check_wanted
from ml_connector.flows.reference.dimension_codes import code_of


def coded_lines(coder: Coder) -> tuple[list[BillLine], list[str]]:
    """All lines, and what was decided about rounding, in words.

    Raises:
        NeedsCorrection: an account, dimension, charge or VAT code is missing, blocked or ended.
    """
    lines = [_goods_line(coder, line) for line in coder.matched.lines]
    charges = (*coder.matched.charges, *tax_charges(coder))
    lines += [_charge_line(coder, charge, len(lines) + i) for i, charge in enumerate(charges, 1)]
    return _rounded(coder, lines)


def _goods_line(coder: Coder, line: MatchedLine) -> BillLine:
    place = f"line {line.number}"
    taxes = line_taxes(coder, line.taxes, line.amount, place)
    account = account_of(coder, line)
    codes = _dimensions(coder, line, account, place)
    return BillLine(
        number=line.number,
        order_number=line.order_number,
        order_line_id=line.order_line_id,
        item_id=line.item_id if coder.is_matched else "",
        gl_account_id=account.id if coder.has_accounts and account else "",
        gl_account_code=account.code if account else "",
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount,
        description=line.description,
        **taxes,
        **as_fields(codes),
    )


def _charge_line(coder: Coder, charge: MatchedCharge, number: int) -> BillLine:
    """A charge becomes a line of its own."""
    place = f"charge {charge.code}"
    taxes = line_taxes(coder, charge.taxes, charge.amount, place)
    target = target_of(coder, charge)
    codes = _dimensions(coder, None, target.account, place)
    return BillLine(
        number=number,
        item_id=target.item.id if target.item else "",
        gl_account_id=target.account.id if target.account and not target.item else "",
        gl_account_code=target.account.code if target.account else "",
        quantity=Decimal(1),
        unit_price=charge.amount,
        amount=charge.amount,
        description=charge.description or f"Charge {charge.code}",
        charge_code=charge.code,
        **taxes,
        **as_fields(codes),
    )


def _dimensions(coder: Coder, line: MatchedLine | None, account: GLAccount | None, place: str) -> dict[str, str]:
    """The code of each dimension that the ERP has. line: None for a charge.

    Raises:
        NeedsCorrection: one does not exist, has ended, or is missing where the account wants it.
    """
    on_order = line.dimensions if line is not None else {}
    item_code = line.item_code if line is not None else ""
    item = coder.tables.item(item_code) if item_code else None
    found: dict[str, str] = {}
    for name in coder.traits.dimensions:
        code = code_of(name, on_order.get(name, ""), item_code, item, coder.vendor, coder.partner, coder.coding)
        check_dimension(coder.tables, name, code, coder.day, place)
        found[name] = code
    for name, code in found.items():
        check_wanted(account, name, code, place)
    return found


def _rounded(coder: Coder, lines: list[BillLine]) -> tuple[list[BillLine], list[str]]:
    """With the cents that the document's own total is above the sum of its parts: on a line of their own where an
    account (or item) is configured for them, else on the largest line.
    """
    rounding = coder.matched.rounding
    if not rounding:
        return lines, []
    largest = max(range(len(lines)), key=lambda i: abs(lines[i].amount), default=-1)
    if largest < 0:
        raise not_to_the_cent(coder, lines, coder.matched.vat_total)
    why = f"{rounding} of rounding, so that the document's own total is posted"
    if takes_rounding(coder):
        charge = MatchedCharge(code=ROUNDING, amount=rounding, description="Rounding", taxes=_taxes_at(coder, largest))
        return [*lines, _charge_line(coder, charge, len(lines) + 1)], [f"{why}: on a line of its own."]
    line = with_amount(coder, lines[largest], lines[largest].amount + rounding)
    return [*lines[:largest], line, *lines[largest + 1 :]], [f"{why}: on line {line.number}, the largest."]


def _taxes_at(coder: Coder, position: int) -> tuple[Tax, ...]:
    """The taxes of what became the bill's line at that position."""
    made_of = [line.taxes for line in coder.matched.lines] + [charge.taxes for charge in coder.matched.charges]
    return made_of[position] if position < len(made_of) else ()
