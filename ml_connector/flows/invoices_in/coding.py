"""Coding a matched invoice: GL account, cost center, cost unit and VAT code of every line, and the bill to post.

Where a value may come from, in order (docs/coding.md): what the order line says, a mapping for the item, the
item or supplier in the ERP, the partner file, the integration's default.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.config.integrations import Coding, VatRule
from ml_connector.config.partners import MatchTolerances, Partner
from ml_connector.documents.bills import Bill, BillLine, BillMode
from ml_connector.documents.common import Tax
from ml_connector.documents.invoice_amounts import taxes_of_invoice
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import GLAccount, Item, Requirement, VatCode, Vendor
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.invoices_in.invoice_totals import MatchedCharge, cents
from ml_connector.flows.invoices_in.matching import MatchedInvoice, MatchedLine
from ml_connector.flows.invoices_in.payment_terms import terms_of
from ml_connector.flows.reference.coding_tables import CodingTables, check_dimension, known_account

#: What the ledger shows and finds an invoice by; X12 allows 22 (BIG02).
LONGEST_NUMBER = 80
#: Dates of business. A refused call for another one would count against the connection (exact-online 5).
YEARS = (1950, 2150)


@dataclass(frozen=True)
class _Coder:
    invoice: Invoice
    day: date
    matched: MatchedInvoice
    vendor: Vendor
    partner: Partner
    coding: Coding
    tables: CodingTables


def code_invoice(
    invoice: Invoice,
    matched: MatchedInvoice,
    vendor: Vendor,
    partner: Partner,
    coding: Coding,
    tables: CodingTables,
    tolerances: MatchTolerances,
    *,
    attach_original: bool = False,
) -> Bill:
    """The bill to post.

    Raises:
        NeedsMending: an account, cost center, charge or VAT code is missing, blocked or ended, or the VAT differs.
    """
    _check_number(invoice)
    coder = _Coder(invoice, _invoice_date(invoice), matched, vendor, partner, coding, tables)
    lines = [_goods_line(coder, line) for line in matched.lines]
    lines += [_charge_line(coder, charge, len(lines) + i) for i, charge in enumerate(matched.charges, 1)]
    lines, told = _rounded(coder, lines)
    _check_vat(coder, lines, tolerances)
    _check_total(coder, lines)
    terms = terms_of(invoice)
    return Bill(
        mode=BillMode(matched.mode),
        vendor_id=matched.vendor_id,
        vendor_code=matched.vendor_code,
        number=invoice.number,
        invoice_date=coder.day,
        currency=matched.currency,
        credit=matched.credit,
        order_number=matched.order_numbers[0] if matched.order_numbers else invoice.order_number,
        order_numbers=matched.order_numbers,
        original_invoice=invoice.original_invoice,
        description=f"Invoice {invoice.number}" if not matched.credit else f"Credit note {invoice.number}",
        total=matched.total,
        vat_total=matched.vat_total,
        due_date=terms.due,
        discount_percent=terms.discount_percent,
        discount_until=terms.discount_until,
        told=(*told, *terms.told),
        warehouse_id=matched.warehouse_id,
        attach_original=attach_original,
        lines=tuple(lines),
    )


def _check_number(invoice: Invoice) -> None:
    if len(invoice.number) > LONGEST_NUMBER:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"The invoice number {invoice.number[:20]}... has {len(invoice.number)} characters; "
            f"{LONGEST_NUMBER} at most are posted.",
            mend="Ask the supplier for the right number (BIG02), or enter the invoice by hand and discard it here.",
            data={"segment": "BIG", "element": 2, "length": len(invoice.number)},
        )


def _invoice_date(invoice: Invoice) -> date:
    if invoice.invoice_date is not None and not YEARS[0] <= invoice.invoice_date.year <= YEARS[1]:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} is dated {invoice.invoice_date.isoformat()}, which no invoice is.",
            mend="Ask the supplier to send it again with its date (BIG01); discard this one.",
            data={"segment": "BIG", "element": 1},
        )
    if invoice.invoice_date is None:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} has no date.",
            mend="Ask the supplier to send BIG01.",
            data={"segment": "BIG", "element": 1},
        )
    return invoice.invoice_date


def _goods_line(coder: _Coder, line: MatchedLine) -> BillLine:
    vat = _vat_code(coder, line.taxes, line.amount, f"line {line.number}")
    cost_center = _cost_center(coder, line)
    cost_unit = line.cost_unit or coder.partner.cost_unit or coder.coding.default_cost_unit
    account = _account_of(coder, line)
    _check_dimensions(coder, account, cost_center, cost_unit, f"line {line.number}")
    coded = coder.matched.mode == "coded"
    return BillLine(
        number=line.number,
        order_number=line.order_number,
        order_line_id=line.order_line_id,
        item_id="" if coded else line.item_id,
        gl_account_id=account.id if coded and account else "",
        gl_account_code=account.code if account else "",
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount,
        vat_code=vat.code,
        vat_amount=_vat_on(line.amount, vat),
        vat_including=vat.including,
        cost_center=cost_center,
        cost_unit=cost_unit,
        description=line.description,
    )


def _charge_line(coder: _Coder, charge: MatchedCharge, number: int) -> BillLine:
    """A charge becomes a line of its own: an item when matched, an account when coded (exact-online 10.3)."""
    vat = _vat_code(coder, charge.taxes, charge.amount, f"charge {charge.code}")
    coded = coder.matched.mode == "coded"
    table = coder.coding.charge_accounts if coded else coder.coding.charge_items
    of_rounding = coder.coding.rounding_account if coded else coder.coding.rounding_item
    mapped = coder.partner.charges.get(charge.code) or table.get(charge.code)
    target = of_rounding if charge.code == ROUNDING else mapped
    if not target:
        raise NeedsMending(
            Reason.UNMAPPED_CHARGE,
            f"Charge {charge.code} ({charge.description or 'no text'}, {charge.amount}) has no "
            f"{'GL account' if coded else 'item'}.",
            mend=f"Add {charge.code} under coding.{'charge_accounts' if coded else 'charge_items'} or to the partner.",
            data={"charge": charge.code, "amount": str(charge.amount), "currency": coder.matched.currency},
        )
    account = known_account(coder.tables, target, f"charge {charge.code}") if coded else None
    item = None if coded else _known_item(coder, target, charge.code)
    if item is not None and item.gl_account:
        account = coder.tables.gl_account(item.gl_account)
    cost_center = _default_cost_center(coder)
    cost_unit = coder.partner.cost_unit or coder.coding.default_cost_unit
    _check_dimensions(coder, account, cost_center, cost_unit, f"charge {charge.code}")
    return BillLine(
        number=number,
        item_id=item.id if item else "",
        gl_account_id=account.id if coded and account else "",
        gl_account_code=account.code if account else "",
        quantity=Decimal(1),
        unit_price=charge.amount,
        amount=charge.amount,
        vat_code=vat.code,
        vat_amount=_vat_on(charge.amount, vat),
        vat_including=vat.including,
        cost_center=cost_center,
        cost_unit=cost_unit,
        description=charge.description or f"Charge {charge.code}",
        charge_code=charge.code,
    )


#: The code of the line that takes what rounding explains.
ROUNDING = "ROUNDING"


def _rounded(coder: _Coder, lines: list[BillLine]) -> tuple[list[BillLine], list[str]]:
    """With the cents that the document's own total is above the sum of its parts: on a line of their own where an
    account (or item) is configured for them, else on the largest line.
    """
    rounding = coder.matched.rounding
    if not rounding:
        return lines, []
    coded = coder.matched.mode == "coded"
    target = coder.coding.rounding_account if coded else coder.coding.rounding_item
    largest = max(range(len(lines)), key=lambda i: abs(lines[i].amount), default=-1)
    if largest < 0:
        raise _not_to_the_cent(coder, lines)
    why = f"{rounding} of rounding, so that the document's own total is posted"
    if target:
        charge = MatchedCharge(code=ROUNDING, amount=rounding, description="Rounding", taxes=_taxes_at(coder, largest))
        return [*lines, _charge_line(coder, charge, len(lines) + 1)], [f"{why}: on a line of its own."]
    line = lines[largest]
    amount = line.amount + rounding
    vat = None if line.vat_amount is None else _vat_on(amount, _known_vat(coder, line.vat_code))
    lines = [*lines[:largest], line.model_copy(update={"amount": amount, "vat_amount": vat}), *lines[largest + 1 :]]
    return lines, [f"{why}: on line {line.number}, the largest."]


def _taxes_at(coder: _Coder, position: int) -> tuple[Tax, ...]:
    """The taxes of what became the bill's line at that position."""
    goods = coder.matched.lines
    return goods[position].taxes if position < len(goods) else coder.matched.charges[position - len(goods)].taxes


def _known_vat(coder: _Coder, code: str) -> VatCode:
    return coder.tables.vat_code(code) or VatCode(id="", code=code)


def _check_total(coder: _Coder, lines: Iterable[BillLine]) -> None:
    """What is posted is the document's own total, to the cent."""
    lines = list(lines)
    if sum((line.amount for line in lines), Decimal(0)) + coder.matched.vat_total != coder.matched.total:
        raise _not_to_the_cent(coder, lines)


def _not_to_the_cent(coder: _Coder, lines: Iterable[BillLine]) -> NeedsMending:
    net = sum((line.amount for line in lines), Decimal(0))
    return NeedsMending(
        Reason.TOTAL_DIFFERENCE,
        f"What would be posted is {net} and {coder.matched.vat_total} of tax, the invoice says {coder.matched.total}.",
        mend="Ask the supplier for a correct invoice, or enter it by hand and discard it here.",
        data={"net": str(net), "taxes": str(coder.matched.vat_total), "stated": str(coder.matched.total)},
    )


def _vat_on(amount: Decimal, vat: VatCode) -> Decimal:
    return cents(amount * vat.percentage / 100)


def _account_of(coder: _Coder, line: MatchedLine) -> GLAccount | None:
    """The account a line ends on. When matched, the ERP takes the item's and it only serves the checks."""
    item = coder.tables.item(line.item_code) if line.item_code else None
    candidates = (
        coder.coding.item_accounts.get(line.item_code, ""),
        item.gl_account if item else "",
        coder.partner.gl_account,
        coder.vendor.gl_account,
        coder.coding.default_account,
    )
    chosen = next((c for c in candidates if c), "")
    if coder.matched.mode == "matched":
        return coder.tables.gl_account(item.gl_account) if item and item.gl_account else None
    if not chosen:
        raise NeedsMending(
            Reason.UNMAPPED_ACCOUNT,
            f"Line {line.number} ({line.description}) has no GL account.",
            mend="Map the item under coding.item_accounts, or give the partner or the integration an account.",
            data={"line": line.number, "item": line.item_code, "description": line.description},
        )
    return known_account(coder.tables, chosen, f"line {line.number}")


def _known_item(coder: _Coder, code: str, charge: str) -> Item:
    item = coder.tables.item(code)
    if item is None:
        raise NeedsMending(
            Reason.UNMAPPED_CHARGE,
            f"Item {code} for charge {charge} does not exist in the ERP.",
            mend="Create the item, or mend coding.charge_items.",
            data={"charge": charge, "item": code},
        )
    return item


def _cost_center(coder: _Coder, line: MatchedLine) -> str:
    return line.cost_center or coder.coding.item_cost_centers.get(line.item_code, "") or _default_cost_center(coder)


def _default_cost_center(coder: _Coder) -> str:
    return coder.partner.cost_center or coder.coding.default_cost_center


def _check_dimensions(coder: _Coder, account: GLAccount | None, cost_center: str, cost_unit: str, place: str) -> None:
    day = coder.day
    check_dimension(coder.tables.cost_center, cost_center, "Cost center", day, place)
    check_dimension(coder.tables.cost_unit, cost_unit, "Cost unit", day, place)
    if account is None:
        return
    for name, value, rule in (
        ("cost center", cost_center, account.cost_center),
        ("cost unit", cost_unit, account.cost_unit),
    ):
        if rule is Requirement.MANDATORY and not value:
            raise NeedsMending(
                Reason.UNMAPPED_COST_CENTER,
                f"GL account {account.code} of {place} wants a {name}, and none is known.",
                mend=f"Put the {name} on the order line, or give the item, the partner or the integration one.",
                data={"account": account.code, "place": place, "dimension": name},
            )


def _vat_code(coder: _Coder, own: tuple[Tax, ...], amount: Decimal, place: str) -> VatCode:
    """The VAT code of a line: its own taxes, else the header's single rate, else no tax at all."""
    taxes = own or taxes_of_invoice(coder.invoice)
    basis = amount if own else coder.matched.total - coder.matched.vat_total
    rates = {(tax.kind, _percent(tax, basis)) for tax in taxes}
    if len(rates) > 1:
        raise NeedsMending(
            Reason.MISSING_VAT_CODE,
            f"The invoice has several tax rates and {place} does not say which is its own.",
            mend="Ask the supplier to send TXI on the lines.",
            data={"place": place, "rates": sorted(f"{kind} {percent}" for kind, percent in rates)},
        )
    kind, percent = next(iter(rates), ("", Decimal(0)))
    rule = next((r for r in coder.coding.vat if _fits(r, kind, percent, coder.vendor.country)), None)
    vat = coder.tables.vat_code(rule.code) if rule else None
    if vat is None:
        raise NeedsMending(
            Reason.MISSING_VAT_CODE,
            f"No VAT code for tax {kind or 'none'} {_shown(percent)} % of {place}.",
            mend="Add a rule under coding.vat" + (f"; VAT code {rule.code} is not in the ERP." if rule else "."),
            data={"place": place, "kind": kind, "percent": _shown(percent), "country": coder.vendor.country},
        )
    return vat


def _shown(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _percent(tax: Tax, taxed: Decimal) -> Decimal:
    """The rate as written, or worked out from the amount (rounded to half a percent) where only that is sent.

    taxed: what the tax is on, where TXI does not say it. Signs do not matter: credits may be sent negative.
    """
    if tax.percent is not None:
        return tax.percent.normalize()
    basis = tax.basis or taxed
    if tax.amount is None or not basis:
        return Decimal(0)
    return ((abs(tax.amount / basis) * 200).quantize(Decimal(1)) / 2).normalize()


#: What taxes written as SAC are in terms of TXI01 (x12-procurement 4 and 5): a VAT goes by the name of tax or GST.
_KINDS_OF_CHARGES = {
    "D360": ("D360", "GS", "VA"),
    "H850": ("H850", "TX", "VA"),
    "H740": ("H740", "SU"),
    "H770": ("H770", "ST"),
}


def _fits(rule: VatRule, kind: str, percent: Decimal, country: str) -> bool:
    return (
        (not rule.kind or rule.kind in _KINDS_OF_CHARGES.get(kind, (kind,)))
        and (not rule.percent or Decimal(rule.percent) == percent)
        and (not rule.country or rule.country == country)
    )


def _check_vat(coder: _Coder, lines: Sequence[BillLine], tolerances: MatchTolerances) -> None:
    by_code: dict[str, Decimal] = {}
    for line in lines:
        by_code[line.vat_code] = by_code.get(line.vat_code, Decimal(0)) + line.amount
    computed = Decimal(0)
    for code, amount in by_code.items():
        vat = coder.tables.vat_code(code)
        computed += cents(amount * vat.percentage / 100) if vat else Decimal(0)
    stated = coder.matched.vat_total
    # The cents of difference go to the tax of a line (systems): where no line has any, nothing can take them.
    by_line = [line.vat_amount or Decimal(0) for line in lines]
    untaxed = stated != sum(by_line, Decimal(0)) and not any(by_line)
    if abs(computed - stated) > tolerances.vat or untaxed:
        raise NeedsMending(
            Reason.VAT_DIFFERENCE,
            f"VAT comes to {computed}, the invoice says {stated}.",
            mend="Mend coding.vat if the wrong code was chosen; else ask the supplier for a correct invoice.",
            data={
                "computed": str(computed),
                "stated": str(stated),
                "codes": {k: str(v) for k, v in by_code.items()},
            },
        )
