"""What was coded there, in the ERP's accounts and dimensions: an invoice becomes a bill, or says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT
from ml_connector.documents.erp_postings import Bill, BillLine, BillMode
from ml_connector.documents.payables.invoices import CodedLine, NetworkInvoice
from ml_connector.documents.reference import VatCode, Vendor
from ml_connector.documents.values.currencies import rounded
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.coded_invoices_in.settings import CodedInvoicesIn
from ml_connector.flows.reference.coding_tables import CodingTables, check_dimension, check_wanted, known_account


@dataclass(frozen=True)
class _Coded:
    """A line, and the tax that stands in its amount."""

    line: BillLine
    tax: Decimal


def bill_of(
    invoice: NetworkInvoice, tables: CodingTables, rules: CodedInvoicesIn, image: tuple[str, str] | None = None
) -> Bill:
    """A bill in mode coded. image: hash and name of its original.

    Raises:
        NeedsCorrection: the vendor, a code or an amount does not fit; nothing is put in its place.
    """
    vendor = _vendor(invoice, tables)
    _comes_to_its_total(invoice)
    day = _day(invoice, rules)
    if not invoice.currency:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Invoice {invoice.number} says no currency.",
            remedy="Set currency or currency_group of the connection, as the network tells it; then replay.",
            data={"invoice": invoice.number},
        )
    credit = invoice.total < 0
    coded = [_line(line, invoice, tables, rules, day, credit=credit) for line in invoice.lines]
    order = invoice.order_number
    return Bill(
        mode=BillMode.CODED,
        vendor_id=vendor.id,
        vendor_code=vendor.code,
        number=invoice.number,
        invoice_date=day,
        due_date=invoice.due_date,
        currency=invoice.currency,
        credit=credit,
        order_number=order,
        order_numbers=(order,) if order else (),
        description=invoice.memo or f"{vendor.name} {invoice.number}",
        total=abs(invoice.total),
        vat_total=sum((one.tax for one in coded), Decimal(0)),
        attach_original=image is not None,
        attachment_sha256=image[0] if image is not None else "",
        attachment_name=image[1] if image is not None else "",
        lines=tuple(one.line for one in coded),
    )


def _vendor(invoice: NetworkInvoice, tables: CodingTables) -> Vendor:
    found = tables.vendor(invoice.vendor) if invoice.vendor else None
    if found is None:
        said = f"vendor {invoice.vendor}" if invoice.vendor else "a vendor that is not linked to the ERP"
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"Invoice {invoice.number} is of {said} ({invoice.vendor_name or 'without a name'}).",
            remedy="Link the vendor at the network to the supplier of the ERP, or create it there (flow vendors_in).",
            data={"vendor": invoice.vendor, "name": invoice.vendor_name, "place": "BuyerVendor"},
        )
    if found.blocked:
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"Invoice {invoice.number} is of supplier {found.code} {found.name}, who is blocked.",
            remedy="Unblock the supplier in the ERP, or discard the invoice here and reject it at the network.",
            data={"vendor": found.code, "name": found.name},
        )
    return found


def _comes_to_its_total(invoice: NetworkInvoice) -> None:
    """The sheet expects it and proves it nowhere: what does not add up is nobody's to spread (avidxchange 5)."""
    if not invoice.number:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"An invoice of {invoice.vendor_name or invoice.vendor or 'nobody'} has no number.",
            remedy="Have it numbered at the network.",
            data={"place": "invoice.Number", "value": ""},
        )
    total = sum((line.amount for line in invoice.lines), Decimal(0))
    if total != invoice.total or not invoice.lines:
        raise NeedsCorrection(
            Reason.TOTAL_DIFFERENCE,
            f"The lines of invoice {invoice.number} come to {total}, the invoice to {invoice.total}.",
            remedy="Have the distributions corrected at the network; its batch is read again when it is closed again.",
            data={"lines": str(total), "total": str(invoice.total), "place": "invoice.Distributions"},
        )


def _day(invoice: NetworkInvoice, rules: CodedInvoicesIn) -> date:
    posting = invoice.posting_date if rules.entry_date == "posting" else None
    found = posting or invoice.invoice_date
    if found is None:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} says no date.",
            remedy="Have its date entered at the network.",
            data={"place": "invoice.InvoiceDate", "value": ""},
        )
    return found


def _line(
    line: CodedLine,
    invoice: NetworkInvoice,
    tables: CodingTables,
    rules: CodedInvoicesIn,
    day: date,
    *,
    credit: bool,
) -> _Coded:
    groups, place = rules.code_groups, f"line {line.number}"
    _known_groups(line, invoice, rules)
    key = line.code(groups.gl_account)
    if not key:
        raise NeedsCorrection(
            Reason.UNMAPPED_ACCOUNT,
            f"Line {line.number} of invoice {invoice.number} has no code of group {groups.gl_account!r}.",
            remedy="Have it coded at the network, or mend code_groups if its accounts stand in another group.",
            data={"line": line.number, "groups": [code.group for code in line.codes], "place": place},
        )
    account = known_account(tables, key, place)
    codes = {
        COST_CENTER: line.code(groups.cost_center) if groups.cost_center else "",
        COST_UNIT: line.code(groups.cost_unit) if groups.cost_unit else "",
    }
    for dimension, code in codes.items():
        _usable(tables, dimension, code, day, place, rules.successors)
        check_wanted(account, dimension, code, place)
    vat = _vat(line, tables, rules, place)
    gross = -line.amount if credit else line.amount
    net, tax = _split(gross, vat, invoice.currency)
    own = rounded(net * vat.percentage / 100, invoice.currency) if vat is not None else None
    made = BillLine(
        number=line.number,
        gl_account_id=account.id,
        gl_account_code=account.code,
        cost_center=codes[COST_CENTER],
        cost_unit=codes[COST_UNIT],
        quantity=Decimal(1),
        amount=net,
        vat_code=vat.code if vat is not None else "",
        vat_amount=own,
        vat_including=vat.including if vat is not None else False,
        description=line.description,
    )
    return _Coded(made, tax)


def _known_groups(line: CodedLine, invoice: NetworkInvoice, rules: CodedInvoicesIn) -> None:
    """A group that nobody named means something: it is asked, never passed over."""
    groups = rules.code_groups
    named = (groups.gl_account, groups.cost_center, groups.cost_unit, rules.vat_group, *groups.ignored)
    known = {name.casefold() for name in named if name}
    strange = sorted({code.group for code in line.codes if code.group.casefold() not in known and code.value})
    if strange:
        raise NeedsCorrection(
            Reason.UNMAPPED_COST_CENTER,
            f"Line {line.number} of invoice {invoice.number} has a code of group {strange[0]!r}, which nothing here"
            " means.",
            remedy="Name the group under code_groups of the flow, or under code_groups.ignored if it is for nobody.",
            data={"line": line.number, "group": strange[0], "groups": strange},
        )


def _usable(
    tables: CodingTables, dimension: str, code: str, day: date, place: str, successors: Mapping[str, str]
) -> None:
    """Raises with the successor in its words where an ended code has one; it is never taken by itself."""
    try:
        check_dimension(tables, dimension, code, day, place)
    except NeedsCorrection as why:
        if code not in successors:
            raise
        raise NeedsCorrection(
            why.reason,
            why.message,
            remedy=f"Its successor is {successors[code]}: have the line coded with that at the network, and the batch "
            "closed again.",
            data={**why.data, "successor": successors[code]},
        ) from why


def _vat(line: CodedLine, tables: CodingTables, rules: CodedInvoicesIn, place: str) -> VatCode | None:
    key = (line.code(rules.vat_group) if rules.vat_group else "") or rules.vat_code
    if not key:
        return None
    found = tables.vat_code(key)
    if found is None:
        raise NeedsCorrection(
            Reason.MISSING_VAT_CODE,
            f"VAT code {key} of {place} does not exist in the ERP.",
            remedy="Create it, or mend vat_code or vat_group of the flow.",
            data={"vat_code": key, "place": place},
        )
    return found


def _split(gross: Decimal, vat: VatCode | None, currency: str) -> tuple[Decimal, Decimal]:
    """What a line comes to without its tax, and the tax: amounts there have it in them."""
    if vat is None or not vat.percentage:
        return gross, Decimal(0)
    tax = rounded(gross * vat.percentage / (100 + vat.percentage), currency)
    return gross - tax, tax
